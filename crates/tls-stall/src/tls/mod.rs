//! The bytes of both directions, read as TLS: records, handshake messages, and what comes before.
#![cfg_attr(
    not(test),
    warn(clippy::arithmetic_side_effects, clippy::as_conversions)
)]

mod alert;
mod deframer;
mod handshake;
mod hello;
mod ports;
mod prefix;
mod record;
mod refusal;
mod session;
mod spoken;
mod starttls;
mod tunnel;
mod url_hosts;

pub(crate) use alert::{Alert, AlertContent, meaning};
pub(crate) use hello::{Version, begins_client_hello};
pub(crate) use ports::{Expected, Port, custom_port, port};
pub(crate) use refusal::{Answers, Grounds, Refusal};
pub(crate) use session::{Reading, Session};
pub(crate) use spoken::Said;
pub(crate) use starttls::Turn;
pub use starttls::{Reply, StarttlsDialogue};
pub(crate) use tunnel::Tunnel;
