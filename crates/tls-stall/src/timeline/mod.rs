//! From a connection's milestones to its phases and waits, and who owed the next move.

mod earlier;
mod failure;
mod outcome;
mod resolution;
mod round_trip;
mod setup;
mod vantage;
mod wait;

pub(crate) use earlier::{EarlierAttempt, SIDE_BY_SIDE, TakenOver, Transport, find_earlier};
pub(crate) use failure::{Failure, failure};
pub(crate) use outcome::outcome;
pub(crate) use resolution::{RELEASE, led_to, resolve, same_host};
pub(crate) use setup::Setup;
pub(crate) use wait::{Wait, waits};
