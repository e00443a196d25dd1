//! TCP connections: which segment belongs to which, and the bytes of each direction in order.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod assembler;
mod connection;
mod entry;
mod hops;
mod index;
mod key;
mod knock;
mod passage;
mod reset;
mod seq;
mod table;
mod trace;

pub(crate) use assembler::{Budget, Piece};
pub(crate) use connection::{
    Connection, Moments, Resent, Retry, Side, StreamSink, TooBig, Unreachable,
};
pub(crate) use entry::{Entries, Entry, Spare};
pub(crate) use hops::routers_passed;
pub(crate) use passage::{Hole, Passage};
pub(crate) use reset::{Maker, Reset};
pub(crate) use table::{Place, Table};
pub(crate) use trace::{Tick, Trace, Traces};
