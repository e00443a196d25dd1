//! The bytes of both directions, read as TLS: records, handshake messages, and what comes before.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod deframer;
mod hello;
mod ports;
mod prefix;
mod record;
mod session;
mod starttls;
mod url_hosts;

pub(crate) use hello::begins_client_hello;
pub(crate) use ports::{Port, port};
pub(crate) use session::{Reading, Session};
pub(crate) use starttls::Turn;
