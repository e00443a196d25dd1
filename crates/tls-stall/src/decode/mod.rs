//! From a frame to the TCP segment, UDP datagram or ICMP error in it.
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod packet;

pub use packet::Endpoint;
pub(crate) use packet::{Datagram, IcmpError, IcmpKind};
