//! From the bytes of a capture file to its frames: the only room that reads.
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod frame;

pub use frame::{Frame, LinkType};
