//! From a frame to the TCP segment, UDP datagram or ICMP error in it.
//!
//! A frame is peeled from the outside: [`link`] takes off what is in front of the IP packet, [`ip`]
//! the IP headers, [`tcp`], [`udp`] and [`icmp`] read what is left; where that is a [`tunnel`], the
//! way begins anew within it. What stands in a header is used as soon as its bytes are there, so a
//! frame that the capturer cut gives all that it holds.
//!
//! [`decode`] keeps nothing between frames. The pieces of an IP packet it gives as
//! [`Packet::Fragment`]; [`Fragments`] puts them together for [`decode_whole`].
//!
//! Lengths come from the IP header, never from the frame: Ethernet pads short frames, and some
//! capture apps append a trailer of their own. Checksums are never looked at, as the network card
//! fills them in after the frame was captured.
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod app;
mod ends;
mod fragment;
mod gre;
mod icmp;
mod ip;
mod layers;
mod link;
mod options;
mod packet;
mod part;
mod resolution;
mod tcp;
mod tunnel;
mod udp;
mod undecoded;

#[cfg(test)]
mod sample;

pub use packet::Endpoint;

pub(crate) use app::app_name;
pub(crate) use fragment::{Fragments, Whole};
pub(crate) use layers::{decode, decode_whole};
pub(crate) use packet::{
    Datagram, IcmpError, IcmpKind, IpFacts, Packet, Resolution, Segment, TcpFlags,
};
pub(crate) use undecoded::Undecoded;
