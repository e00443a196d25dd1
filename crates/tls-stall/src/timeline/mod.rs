//! From a connection's milestones to its phases and waits, and who owed the next move.

mod outcome;
mod resolution;
mod setup;
mod vantage;
mod wait;

pub(crate) use outcome::outcome;
pub(crate) use resolution::{RELEASE, resolve, same_host};
pub(crate) use setup::Setup;
pub(crate) use wait::{Wait, waits};
