//! Messages built byte by byte, and a capture to play them in.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "tests say what they expect in plain arithmetic"
)]

mod grouping;
mod limits;
mod messages;
mod mutations;
mod oracle;
mod schedules;
mod services;

use std::net::IpAddr;

use super::{Lookup, Lookups, RecordType};
use crate::decode::{Datagram, Endpoint, IcmpError, IcmpKind, IpFacts};
use crate::time::{FrameNumber, Moment, Timestamp};

pub(super) const CLIENT: &str = "10.8.0.1";
pub(super) const R1: &str = "10.0.0.1";
pub(super) const R2: &str = "10.0.0.2";
pub(super) const R3: &str = "10.0.0.3";
pub(super) const PTR_NAME: &str = "25.113.0.203.in-addr.arpa";

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn endpoint(address: &str, port: u16) -> Endpoint {
    Endpoint {
        ip: ip(address),
        port,
    }
}

pub(super) fn seconds(seconds: f64) -> Timestamp {
    Timestamp::from_nanos((seconds * 1e9).round() as i64)
}

/// A name on the wire, without compression.
pub(super) fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

pub(super) fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let fields = [id, flags].into_iter().chain(counts);
    fields.flat_map(u16::to_be_bytes).collect()
}

pub(super) fn query(id: u16, name: &str, record_type: u16) -> Vec<u8> {
    let mut bytes = header(id, 0x0100, [1, 0, 0, 0]);
    bytes.extend(wire(name));
    bytes.extend([record_type.to_be_bytes(), [0, 1]].concat());
    bytes
}

/// A response to the question for `record_type` of `name`, with records of that name.
pub(super) fn response(
    id: u16,
    flags: u16,
    name: &str,
    record_type: u16,
    records: &[(u16, Vec<u8>)],
) -> Vec<u8> {
    let mut bytes = header(id, 0x8180 | flags, [1, records.len() as u16, 0, 0]);
    bytes.extend(wire(name));
    bytes.extend([record_type.to_be_bytes(), [0, 1]].concat());
    for (record_type, data) in records {
        bytes.extend(record(&[0xc0, 12], *record_type, data));
    }
    bytes
}

pub(super) fn record(owner: &[u8], record_type: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend(record_type.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

/// A capture in which hosts ask.
pub(super) struct Play {
    pub(super) lookups: Lookups,
    frame: u64,
}

impl Play {
    pub(super) fn new() -> Self {
        Self::with_limit(1_000)
    }

    pub(super) fn with_limit(max_lookups: usize) -> Self {
        Self {
            lookups: Lookups::new(max_lookups),
            frame: 0,
        }
    }

    pub(super) fn moment(&mut self, at: f64) -> Moment {
        self.frame += 1;
        Moment {
            time: seconds(at),
            frame: FrameNumber::new(self.frame).unwrap(),
        }
    }

    pub(super) fn send(&mut self, at: f64, from: Endpoint, to: Endpoint, payload: &[u8]) {
        let moment = self.moment(at);
        let datagram = Datagram {
            ip: IpFacts { ttl: 64, id: None },
            source: from,
            destination: to,
            payload,
            payload_len: u32::try_from(payload.len()).unwrap(),
        };
        self.lookups.udp(moment, &datagram);
    }

    /// The client asks for the PTR.
    pub(super) fn ask(&mut self, at: f64, resolver: &str, port: u16, id: u16) {
        self.ask_for(at, resolver, port, id, PTR_NAME, RecordType::PTR);
    }

    pub(super) fn ask_for(
        &mut self,
        at: f64,
        resolver: &str,
        port: u16,
        id: u16,
        name: &str,
        record_type: RecordType,
    ) {
        let bytes = query(id, name, record_type.0);
        self.send(at, endpoint(CLIENT, port), endpoint(resolver, 53), &bytes);
    }

    /// The PTR's answer: flags hold the response code, with records if it is 0.
    pub(super) fn answer(&mut self, at: f64, resolver: &str, port: u16, id: u16, flags: u16) {
        let records = [(12, wire("host.example"))];
        let records = if flags == 0 { &records[..] } else { &[] };
        let bytes = response(id, flags, PTR_NAME, 12, records);
        self.send(at, endpoint(resolver, 53), endpoint(CLIENT, port), &bytes);
    }

    pub(super) fn icmp(&mut self, at: f64, resolver: &str, port: u16, kind: IcmpKind) {
        let moment = self.moment(at);
        let error = IcmpError {
            reporter: ip(resolver),
            kind,
            protocol: 17,
            source: endpoint(CLIENT, port),
            destination: endpoint(resolver, 53),
        };
        self.lookups.icmp(moment, &error);
    }

    /// The only lookup there is.
    pub(super) fn only(&self) -> &Lookup {
        let [lookup] = self.lookups.all() else {
            panic!("{} lookups", self.lookups.all().len());
        };
        lookup
    }
}

/// A pseudo-random sequence that is the same on each run (`SplitMix64`).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Less than `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
