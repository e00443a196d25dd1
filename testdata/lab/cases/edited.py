"""Captures made of other cases' captures: cut within the wait, with frames left out, with a clock that was set.

They are made in no time and need the captures that they are made of; see editing.py.
"""

from editing import begun, clock_set, cut, octets, seen_twice, without

from .common import case


def cut_in_wait(source, after, what):
    """A case: that capture, cut so many seconds after its first frame."""

    def made(lab):
        lab.edit(source, f"{source}-cut", cut(after))

    made.__name__ = f"{source}-cut"
    made.__doc__ = f"{source}, cut {after} s after its first frame, within the wait. {what}"
    case(made)


for arguments in (
    ("ptr-slow", 6, "reverse-dns-unanswered as far as one can see."),
    ("ptr-servfail-slow", 10, "reverse-dns-failed: two answers SERVFAIL, the third query open."),
    ("ptr-then-forward-dead", 7, "forward-dns-unanswered."),
    ("own-name", 12, "client-idle, as its end alone would show that it waited for that."),
    ("postfix-ptr-greeting", 7, "At the server: reverse-dns-unanswered."),
    ("resolver-silent", 16, "resolver-silent."),
    ("aaaa-dead", 8, "No connection yet: no stall."),
    ("syn-lost-3", 2.5, "connect-timeout: nothing has answered yet."),
    ("hello-lost", 1.9, "client-hello-lost."),
    ("server-flight-lost", 1.9, "At the server: server-flight-lost."),
    ("client-flight-lost", 2.4, "client-flight-lost."),
    ("mtu-black-hole", 8, "At the server: path-mtu-black-hole."),
    ("mtu-black-hole-client", 8, "At the client: no frame comes after the hole, so the wait has no length."),
    ("large-hello-black-hole", 5, "path-mtu-black-hole."),
    ("zero-window", 3, "zero-window."),
    ("unused", 6, "No frame of the spare connection comes after its handshake: no stall."),
    ("fallback-sequential", 2.5, "Only the attempt at the first address: connect-timeout."),
    ("quic-fallback", 2, "No TCP yet: no stall."),
    ("proxy-tunnel", 2, "No frame comes before the answer, so the wait has no length: no stall."),
    ("deferred-accept", 8, "client-idle: the repeated SYN-ACK comes after 7 s."),
    ("ptr-keepalive", 6, "reverse-dns-unanswered."),
    ("starttls-human-pause", 7, "At the server: client-idle in starttls."),
    ("smtp-on-tls-port-cleartext", 3, "No frame comes within the wait: no stall."),
    ("ident", 4, "At the server: ident-lookup."),
    ("revocation", 9, "revocation-lookup."),
    ("reset-by-server-client", 0.13, "Before the reset: no stall, no finding."),
    ("alert-version", 0.15, "Before the alert: no stall, no finding."),
    ("rejected-no-ptr", 0.15, "At the server, before its refusal: no stall, no finding."),
):
    cut_in_wait(*arguments)


@case
def clock_forward(lab):
    """origin-healthy, but the clock that stamps the frames was set 28 s forward between the TCP handshake and the PTR's
    answer. The TCP timestamps of both ends say that 0.1 s went by. capture-artefact."""
    lab.edit("origin-healthy", "clock-forward", clock_set(0.8, 28))


@case
def clock_forward_in_busy(lab):
    """healthy-tls-1-3, set forward by 28 s between the ClientHello and its acknowledgement. capture-artefact."""
    lab.edit("healthy-tls-1-3", "clock-forward-in-busy", clock_set(0.2, 28))


@case
def clock_forward_at_server(lab):
    """fallback-at-server, set forward by 28 s before the ClientHello comes. capture-artefact."""
    lab.edit("fallback-at-server", "clock-forward-at-server", clock_set(0.1, 28))


@case
def clock_forward_under(lab):
    """origin-healthy, set forward by 0.7 s only. No stall."""
    lab.edit("origin-healthy", "clock-forward-under", clock_set(0.8, 0.7))


@case
def clock_back(lab):
    """server-frozen, but the clock was set back by 3 s within the wait of 5 s, so that 2 s of it are left. server-slow
    all the same."""
    lab.edit("server-frozen", "clock-back", clock_set(3, -3))


@case
def clock_back_healthy(lab):
    """healthy-tls-1-3, set back by an hour amid the handshake. No stall; a notice."""
    lab.edit("healthy-tls-1-3", "clock-back-healthy", clock_set(0.2, -3600))


@case
def answers_deleted(lab):
    """ptr-long-over without the frames from the name server: the PTR was answered at once, but the capture lost it. No
    second copy at 5 s: the client had its answer. client-idle."""
    lab.edit("ptr-long-over", "answers-deleted", without(lambda packet: packet.raw[12:16] == bytes([10, 0, 0, 1])))


@case
def hello_deleted(lab):
    """server-frozen without the frame of the ClientHello: acknowledged, yet never seen. server-slow at most; no
    client-idle."""
    lab.edit("server-frozen", "hello-deleted", without(lambda packet: packet.is_client_hello))


@case
def server_hello_deleted(lab):
    """healthy-tls-1-2 without the frame of the server's first flight, which the client acknowledges. No stall."""
    lab.edit("healthy-tls-1-2", "server-hello-deleted", without(lambda packet: packet.is_server_hello))


@case
def syn_ack_deleted(lab):
    """healthy-tls-1-3 without the SYN-ACK: the client acknowledges it. No stall, and nothing was refused or lost."""
    lab.edit("healthy-tls-1-3", "syn-ack-deleted", without(lambda packet: packet.is_syn_ack))


@case
def alert_deleted(lab):
    """alert-version without the alert: the handshake ends in a FIN of the server. No stall; no alert can be told."""
    lab.edit("alert-version", "alert-deleted", without(lambda packet: packet.payload[:1] == b"\x15"))


@case
def begun_in_wait(lab):
    """ptr-one-dead from 1 s on: the capture began amid the wait. How long it was cannot be known: no stall is
    proven."""
    lab.edit("ptr-one-dead", "begun-in-wait", begun(1))


@case
def twice_healthy(lab):
    """healthy-tls-1-3 as a router sees it on all its interfaces: each frame twice. Nothing was sent again. No stall."""
    lab.edit("healthy-tls-1-3", "twice-healthy", seen_twice)


@case
def twice_ptr(lab):
    """ptr-one-dead in the same way. reverse-dns-unanswered."""
    lab.edit("ptr-one-dead", "twice-ptr", seen_twice)


@case
def twice_server_frozen(lab):
    """server-frozen in the same way: the second ClientHello is no retransmission. server-slow."""
    lab.edit("server-frozen", "twice-server-frozen", seen_twice)


@case
def twice_hello_lost(lab):
    """hello-lost in the same way. client-hello-lost."""
    lab.edit("hello-lost", "twice-hello-lost", seen_twice)


@case
def snaplen_96_server_frozen(lab):
    """server-frozen, of each frame only 96 octets: the ClientHello is cut, but all that counts is there.
    server-slow."""
    lab.edit("server-frozen", "snaplen-96-server-frozen", octets(96))


@case
def snaplen_96_healthy(lab):
    """healthy-tls-1-2, of each frame only 96 octets. No stall."""
    lab.edit("healthy-tls-1-2", "snaplen-96-healthy", octets(96))


@case
def snaplen_54_revocation(lab):
    """revocation-slow, of each frame only 54 octets: TLS cannot be read, nor the name that was asked for. client-idle,
    or whatever the silence is called; no lookup is blamed."""
    lab.edit("revocation-slow", "snaplen-54-revocation", octets(54))
