//! Phrases that more than one family says.

use super::Case;
use crate::milestone::Milestone;
use crate::report::{EndedBy, Party, Phase};

/// What the frame shows in which the wait begins.
pub(super) fn beginning(case: &Case<'_>) -> String {
    if let Some(tunnel) = &case.setup.reading.tunnel
        && case.wait.phase == Phase::ClientHello
        && case.wait.from >= tunnel.begun
    {
        let text = match case.wait.waiting_on {
            Party::Server => "the client asks the proxy for a tunnel",
            _ if case.wait.ended_by == EndedBy::ProxyRequest => {
                "the proxy has answered: the client is to say more"
            }
            _ => "the proxy has answered: the ClientHello is due",
        };
        return text.to_owned();
    }
    let text = match case.wait.phase {
        Phase::NameResolution => "the lookup begins that leads to this connection",
        Phase::EarlierAttempts => "the first attempt",
        Phase::TcpConnect => "the client asks to connect (SYN)",
        Phase::ServerGreeting => "the TCP handshake is complete: the server is to greet",
        Phase::Starttls if case.setup.has(Milestone::ServerGreeting) => "the server greets",
        Phase::Starttls => "the TCP handshake is complete: TLS is to be asked for",
        Phase::ClientHello | Phase::ServerHello if case.is_since_retry_request() => {
            "the server asks for another ClientHello (HelloRetryRequest)"
        }
        Phase::ClientHello if case.awaits_rest_of_client_hello() => {
            "the ClientHello begins: the rest of it is due"
        }
        Phase::ClientHello if case.setup.has(Milestone::StarttlsReady) => {
            "the server is ready for TLS: the ClientHello is due"
        }
        Phase::ClientHello => "the TCP handshake is complete: the ClientHello is due",
        Phase::ServerHello if case.setup.client_hello_acked == Some(case.wait.from) => {
            "the server acknowledges the ClientHello: the ServerHello is due"
        }
        Phase::ServerHello => "the ClientHello is whole: the ServerHello is due",
        Phase::ServerFlight => "the ServerHello",
        Phase::ClientFinished => "the server's flight is whole: the client is to answer",
        Phase::ServerFinished => "the client's Finished: the server's is due",
        Phase::ApplicationData => "the handshake is complete",
    };
    text.to_owned()
}

/// What the frame shows in which the wait ends.
pub(super) fn end(case: &Case<'_>) -> String {
    let text = match case.wait.ended_by {
        EndedBy::EndOfCapture => "the capture ends",
        EndedBy::IcmpError => "an ICMP error says that the server cannot be reached",
        EndedBy::Abandoned => "the last SYN: the client asks no more",
        EndedBy::ProxyRequest => "the client asks the proxy for a tunnel",
        EndedBy::ProxyAnswer => "the proxy answers",
        EndedBy::Refusal => "the server refuses",
        EndedBy::Cleartext => "cleartext, where TLS is due",
        EndedBy::Milestone(milestone) => match milestone {
            Milestone::DnsAnswer => "the lookup is answered",
            Milestone::Syn => "the client asks to connect (SYN)",
            Milestone::Established => "the TCP handshake is complete",
            Milestone::ServerGreeting => "the server greets",
            Milestone::StarttlsReady => "the server is ready for TLS",
            Milestone::ClientHello => "the ClientHello",
            Milestone::ClientHelloEnd => "the ClientHello is whole",
            Milestone::HelloRetryRequest => "the server asks for another ClientHello",
            Milestone::ServerHello => "the ServerHello",
            Milestone::ServerFlightEnd => "the server's flight is whole",
            Milestone::ClientFinished => "the client's Finished",
            Milestone::ServerFinished => "the server's Finished",
            Milestone::ApplicationData => "the first application data",
            Milestone::Alert => "a TLS alert",
            Milestone::ClientFin => "the client closes the connection (FIN)",
            Milestone::ServerFin => "the server closes the connection (FIN)",
            Milestone::ClientRst => "the client resets the connection (RST)",
            Milestone::ServerRst => "the server resets the connection (RST)",
            other => other.name(),
        },
    };
    text.to_owned()
}

/// What was awaited, for sentences: `the ClientHello`.
pub(super) fn awaited(phase: Phase) -> &'static str {
    match phase {
        Phase::NameResolution => "the server's address",
        Phase::EarlierAttempts => "a connection",
        Phase::TcpConnect => "the answer to its SYN",
        Phase::ServerGreeting => "the server's greeting",
        Phase::Starttls => "the start of TLS",
        Phase::ClientHello => "the ClientHello",
        Phase::ServerHello => "the ServerHello",
        Phase::ServerFlight => "the rest of the server's flight",
        Phase::ClientFinished => "the client's Finished",
        Phase::ServerFinished => "the server's Finished",
        Phase::ApplicationData => "application data",
    }
}

/// What happened to the user because of the wait, to follow a sentence; empty where it only took
/// longer.
pub(super) fn consequence(case: &Case<'_>) -> String {
    let Some(closed) = case.setup.server_closed() else {
        return String::new();
    };
    if closed <= case.wait.from || closed > case.wait.to {
        return String::new();
    }
    let after = closed.since(case.wait.from);
    format!(" The server gave up after {after} and closed: this connection failed.")
}
