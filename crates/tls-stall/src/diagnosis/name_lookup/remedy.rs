//! What to do about a name service that is silent, slow or failing.

use std::net::IpAddr;

use super::chain::{Chain, Relation};
use super::join;
use crate::diagnosis::Case;
use crate::report::{Cause, Party, Phase, Via};

/// In plain words, with the names and addresses of this case.
pub(super) fn remedy(case: &Case<'_>, chain: &Chain<'_>, cause: Cause) -> String {
    let (from, to) = case.stretch();
    let link = chain.dominant(from.time, to.time);
    let resolvers = join(&link.resolvers());
    let (kind, name) = (link.record_type, &link.name);
    if cause == Cause::ResolverSilent {
        return format!(
            "Find out why {resolvers} answers nothing to {} (dig @{} {kind} {name}), or have it ask \
             another resolver.",
            chain.asker(),
            link.resolvers()
                .first()
                .map_or_else(String::new, ToString::to_string),
        );
    }
    match (chain.relation, link.reverse_of(), case.wait.waiting_on) {
        (Relation::Peer, Some(address), Party::Server) => format!(
            "At the server: use a resolver that answers for {address}, or turn the lookup of client \
             names off (Postfix: smtpd_peername_lookup=no; sshd and others: UseDNS no). Whoever owns \
             the address range of {address} can publish a PTR record for it, or answer that there is \
             none."
        ),
        (Relation::Peer, Some(address), _) if link.via != Via::Dns => format!(
            "Have {} not go on to {} where DNS has no name for an address, give the client the \
             server's name instead of its address, or have DNS answer with a name for {address}. To \
             test: dig -x {address}.",
            chain.asker(),
            service(link.via)
        ),
        (Relation::Peer, Some(address), _) => {
            let name_instead = if case.wait.phase == Phase::NameResolution {
                ""
            } else {
                " Until then, give the client the server's name instead of its address, or a \
                 resolver that answers."
            };
            if is_private(address) {
                return format!(
                    "{address} is a private address, of which no public DNS knows a name: have \
                     {resolvers} answer for it, if only that there is none (NXDOMAIN; RFC 6303). To \
                     test: dig -x {address}.{name_instead}"
                );
            }
            format!(
                "Ask the owner of the address range of {address} (its hosting or Internet provider, \
                 not the DNS server of the domain) to publish a PTR record for it, with a name that \
                 has an A or AAAA record back to {address}; even the answer that there is none \
                 (NXDOMAIN) ends the wait. To test: dig -x {address}.{name_instead}"
            )
        }
        (Relation::Peer, None, _) => format!(
            "The PTR record of {} names {name}: have whoever runs the zone of {name} answer for its \
             {kind} record, or correct the PTR record. To test: dig {kind} {name}.",
            case.peer()
        ),
        (Relation::BlockList, _, _) => format!(
            "At the server: take the block list out of its configuration, or give it a resolver that \
             reaches {name}."
        ),
        (Relation::ToTheServer, _, _) => format!(
            "Have {resolvers}, or whoever runs the zone of {name}, answer {kind} queries for it \
             promptly, if only to say that there is no such record. To test: dig {kind} {name}."
        ),
        (Relation::OtherName, _, party) => format!(
            "Have {name} answered: if it is the {}'s own host name, put it into its hosts file or \
             its DNS. To test there: dig {kind} {name}.",
            if party == Party::Server {
                "server"
            } else {
                "client"
            }
        ),
    }
}

/// What a lookup was made with, for sentences.
const fn service(via: Via) -> &'static str {
    match via {
        Via::Dns => "DNS",
        Via::Mdns => "multicast DNS",
        Via::Llmnr => "LLMNR",
        Via::Nbns => "NetBIOS",
    }
}

/// Whether an address is of no use outside its own network (RFC 1918, RFC 3927, RFC 4193, RFC 4291,
/// section 2.5.6).
const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}
