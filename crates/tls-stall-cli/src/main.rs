//! The tls-stall command.

fn main() {}
