//! Builds frames, connections and captures, byte by byte, for the tests of tls-stall.
//!
//! A capture is told as its story went. A [`Connection`] gives the packets of each step, with
//! their sequence numbers kept right; a [`Wire`] captures them, each at its time; [`tls`] and
//! [`dns`] give what they carry:
//!
//! ```
//! use testkit::dns::{Question, Type, reverse_name};
//! use testkit::{Connection, Link, Side::*, Wire, tls};
//!
//! let mut wire = Wire::new(Link::Raw);
//! let mut c = Connection::new("10.8.0.1:41234".parse()?, "203.0.113.25:465".parse()?);
//! wire.put(0.000, c.syn());
//! wire.put(0.081, c.syn_ack());
//! wire.put(0.081, c.ack(Client));
//!
//! let name = reverse_name("203.0.113.25".parse()?);
//! let ptr = Question::new("10.8.0.1:40001".parse()?, "10.0.0.1:53".parse()?, 1, &name, Type::PTR);
//! wire.put(0.082, ptr.query());
//! wire.put(5.082, ptr.query());
//!
//! let hello = wire.put(10.09, c.send(Client, &tls::client_hello("mail.example")));
//! assert_eq!(hello, 6); // the number of its frame
//! let file = wire.pcap();
//! # assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
//! # Ok::<(), std::net::AddrParseError>(())
//! ```
//!
//! Most tests need no such code: a [`scenario`] file says the same in a few lines of text, with
//! the verdict that is due. [`origin`], [`formats`] and [`malformed`] build the captures of those
//! folders in `testdata`, [`encapsulation`] one of each link type and tunnel, [`generate`] large
//! ones for benchmarks, and [`hostile`] ones that are made to be a burden. [`damaged`] breaks any of
//! them, the same way for the same seed.
//!
//! The same calls give the same bytes for ever: there is no clock and no chance in here.

#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "not published: a change here breaks no one's build but this workspace's"
)]

mod bytes;
mod connection;
pub mod dns;
pub mod encapsulation;
mod file;
pub mod formats;
pub mod generate;
pub mod hostile;
mod link;
pub mod malformed;
pub mod origin;
mod packet;
mod rng;
pub mod scenario;
pub mod tls;
mod wire;

pub use connection::{Connection, End, Side};
pub use file::{Endian, Frame, Interface, PcapWriter, PcapngWriter, Resolution};
pub use link::{Link, VPN_DESTINATION_MAC, VPN_SOURCE_MAC};
pub use packet::{ACK, FIN, IcmpError, IpHeader, PSH, Packet, RST, SYN, Segment};
pub use rng::{Rng, damaged};
pub use wire::{DEFAULT_START, Seconds, Wire};
