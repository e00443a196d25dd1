//! From name-service messages to lookups: all copies of one question as one thing.
//!
//! [`Lookups`] takes datagrams, messages of TCP streams and ICMP errors in the order of the
//! capture, and groups them. A [`Lookup`] knows its copies, its answers, when it ended or when the
//! asker gave up, and which resolver schedules its copies fit.
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod grouping;
mod index;
mod lookup;
mod lookups;
mod message;
mod name;
mod nbns;
mod record_type;
mod reverse;
mod schedule;
mod slots;
mod software;
mod store;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use lookup::{Answer, End, Fate, Lookup, Query};
pub(crate) use lookups::{Lookups, concerns};
pub(crate) use message::Rcode;
pub(crate) use name::Name;
pub(crate) use record_type::RecordType;
pub(crate) use reverse::{
    address_of, is_under_reverse_tree, name_of, reverse_labels, untranslated,
};
pub(crate) use stream::Deframer;
