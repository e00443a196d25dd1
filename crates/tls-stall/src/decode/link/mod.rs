//! The link layer: everything in front of the IP packet.
//!
//! [`carried`] takes one header after the other off a frame. What a header says about the next one
//! is a [`Next`]; each kind of header is read by a function of its own, which gives a [`Step`].

mod apple;
mod atm;
mod ether_type;
mod linux;
mod loopback;
mod wan;
mod wireless;

pub(super) use self::ether_type::{begins_ethernet, begins_ip};
use super::part::Part;
use super::undecoded::Undecoded;
use crate::capture::LinkType;

/// What a frame turned out to carry.
pub(super) enum Carried<'a> {
    /// An IP packet, if it is what the headers before it say.
    Ip(Part<'a>),
    /// A message of the address resolution protocol.
    Arp(Part<'a>),
    /// Nothing that a handshake waits for (spanning tree, link control).
    Irrelevant,
}

/// What follows a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// What a link type stands for: the beginning of a frame, also within another one.
    Link(LinkType),
    /// What an `EtherType` stands for, or an IEEE 802.3 length.
    EtherType(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// PPP, from its address or its protocol field on.
    Ppp,
    /// An MPLS label.
    Mpls,
    /// A network service header.
    Nsh,
    /// An IP header.
    Ip,
    /// Address resolution.
    Arp,
    /// Nothing that a handshake waits for.
    Irrelevant,
}

impl Next {
    /// An Ethernet frame.
    pub(super) const ETHERNET: Self = Self::Link(LinkType::ETHERNET);
    /// A bare IP packet.
    const RAW: Self = Self::Link(LinkType::RAW);
}

/// A header's meaning: what follows it, and where.
pub(super) type Step<'a> = Result<(Next, Part<'a>), Undecoded>;

/// Takes all headers off `rest`, which begins with `next`, down to what they carry.
///
/// # Errors
///
/// Where the link type or a protocol above it is not supported, or a header is cut or malformed.
#[inline]
pub(super) fn carried(next: Next, rest: Part<'_>) -> Result<Carried<'_>, Undecoded> {
    // The way of most frames, without the steps.
    if next == Next::ETHERNET
        && let Ok((&[.., high, low], packet)) = rest.split::<14>()
        && matches!([high, low], [0x08, 0x00] | [0x86, 0xdd])
    {
        return Ok(Carried::Ip(packet));
    }
    if next == Next::RAW {
        return Ok(Carried::Ip(rest));
    }
    step_by_step(next, rest)
}

#[inline(never)]
fn step_by_step(mut next: Next, mut rest: Part<'_>) -> Result<Carried<'_>, Undecoded> {
    for _ in 0..MAX_HEADERS {
        (next, rest) = match next {
            Next::Ip => return Ok(Carried::Ip(rest)),
            Next::Arp => return Ok(Carried::Arp(rest)),
            Next::Irrelevant => return Ok(Carried::Irrelevant),
            Next::Link(link_type) => link_header(link_type, rest)?,
            Next::EtherType(number) => ether_type::header(number, rest)?,
            Next::Llc => ether_type::llc(rest)?,
            Next::Ppp => wan::ppp(rest)?,
            Next::Mpls => ether_type::mpls(rest)?,
            Next::Nsh => ether_type::service_header(rest)?,
        };
    }
    Err(Undecoded::Malformed(
        "more link-layer headers than any network stacks",
    ))
}

/// More headers than any network stacks in front of an IP packet; a stack of tags may fill a frame.
const MAX_HEADERS: usize = 16;

/// Reads the header that the link type stands for (<https://www.tcpdump.org/linktypes.html>).
fn link_header(link_type: LinkType, frame: Part<'_>) -> Step<'_> {
    match link_type.0 {
        // ETHERNET
        1 => {
            let (&[.., high, low], rest) = frame.split::<14>()?;
            Ok((Next::EtherType(u16::from_be_bytes([high, low])), rest))
        }
        // RAW as systems number it (12, 14) and as files do (101), IPV4, IPV6
        12 | 14 | 101 | 228 | 229 => Ok((Next::Ip, frame)),
        0 => loopback::null(frame),
        108 => loopback::openbsd(frame),
        109 => loopback::encrypted(frame),
        117 => loopback::packet_filter_log(frame),
        226 => loopback::solaris(frame),
        113 => linux::cooked(frame),
        276 => linux::cooked_v2(frame),
        239 => linux::netfilter_log(frame),
        // PPP, PPP_HDLC, PPP_ETHER
        9 | 50 => Ok((Next::Ppp, frame)),
        51 => wan::pppoe(frame),
        // PPP_PPPD, PPP_WITH_DIR, C_HDLC_WITH_DIR, FRELAY_WITH_DIR: a byte tells the direction,
        // in the first in place of PPP's address
        166 => Ok((Next::Ppp, frame.skip(2)?)),
        204 => Ok((Next::Ppp, frame.skip(1)?)),
        205 => wan::cisco_hdlc(frame.skip(1)?),
        206 => wan::frame_relay(frame.skip(1)?),
        104 => wan::cisco_hdlc(frame),
        107 => wan::frame_relay(frame),
        // JUNIPER_ATM1, JUNIPER_ETHER, JUNIPER_PPP, JUNIPER_FRELAY, JUNIPER_CHDLC
        137 | 178..=181 => wan::juniper(link_type, frame),
        10 => atm::fddi(frame),
        // ATM_RFC1483, ATM_CLIP
        100 => Ok((Next::Llc, frame)),
        106 => atm::classical_ip(frame),
        242 => atm::infiniband(frame),
        105 => wireless::ieee80211(frame, wireless::Padding::None),
        119 => wireless::prism(frame),
        127 => wireless::radiotap(frame),
        163 => wireless::avs(frame),
        192 => wireless::per_packet_information(frame),
        // PKTAP, and its number on macOS
        258 => apple::pktap(frame),
        149 => apple::pktap_as_private(frame),
        // MPLS
        219 => Ok((Next::Mpls, frame)),
        _ => Err(Undecoded::LinkType(link_type)),
    }
}

#[cfg(test)]
mod tests;
