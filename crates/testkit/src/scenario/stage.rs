//! Plays a scenario's lines, one after the other, onto a wire.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::Document;
use super::data::{data, hex, quic_initial};
use super::words::Words;
use crate::dns::{Question, Rcode, Record, Type};
use crate::{Connection, IcmpError, Link, Packet, Rng, Seconds, Side, Wire};

/// A year; beyond, a time is a mistake.
const MOST_SECONDS: Seconds = 366.0 * 86_400.0;

/// The hosts, their connections, and what was captured of them so far.
#[derive(Debug)]
pub(super) struct Stage {
    wire: Wire,
    /// The address of the host that captures.
    local: IpAddr,
    now: Seconds,
    hosts: BTreeMap<String, Host>,
    mss: BTreeMap<String, u16>,
    /// By the names of client and server.
    connections: BTreeMap<(String, String), Connection>,
    begun: u64,
    /// What each host sent last.
    last_sent: BTreeMap<String, Packet>,
}

#[derive(Debug, Clone, Copy)]
struct Host {
    ip: IpAddr,
    port: Option<u16>,
}

/// The packets of a step, and which of them are captured, in what order.
struct Captured {
    unseen: Vec<usize>,
    all_unseen: bool,
    order: Option<Vec<usize>>,
}

impl Stage {
    /// The stage as the document sets it.
    pub(super) fn set(document: &Document) -> Result<Self, String> {
        let mut hosts = BTreeMap::new();
        let usual = [
            ("client", "10.8.0.1:41234"),
            ("server", "203.0.113.25:465"),
            ("resolver", "10.0.0.1"),
            ("router", "10.0.0.254"),
        ];
        let own = document.hosts.iter();
        for (name, address) in usual
            .into_iter()
            .chain(own.map(|(name, address)| (name.as_str(), address.as_str())))
        {
            hosts.insert(name.to_owned(), Host::parse(address)?);
        }
        let link = match &document.link {
            None => Link::Raw,
            Some(name) => Link::named(name).ok_or_else(|| format!("no link layer {name:?}"))?,
        };
        let by = document.captured_by.as_deref().unwrap_or("client");
        let local = find(&hosts, by)?.ip;
        let stage = Self {
            wire: Wire::new(link).captured_by(local),
            local,
            now: 0.0,
            hosts,
            mss: document.mss.clone(),
            connections: BTreeMap::new(),
            begun: 0,
            last_sent: BTreeMap::new(),
        };
        for name in stage.mss.keys() {
            stage.host(name)?;
        }
        Ok(stage)
    }

    /// Plays one line.
    pub(super) fn play(&mut self, line: &str) -> Result<(), String> {
        let mut words = Words::cut(line)?;
        if words.is_empty() {
            return Ok(());
        }
        self.now = time(&words.next("the time")?, self.now)?;
        let from = words.next("the sender")?;
        if words.next(">")? != ">" {
            return Err("a line goes TIME FROM > TO STEP".into());
        }
        let to = words.next("the receiver")?;
        self.host(&from)?;
        self.host(&to)?;
        let step = words.next("the step")?;
        let (packets, captured) = match step.as_str() {
            "dns" => (vec![self.dns(&from, &to, &mut words)?], None),
            "quic-initial" => (vec![self.datagram(&from, &to, &quic_initial())?], None),
            "udp" => {
                let payload = hex(&words.next("the payload")?)?;
                (vec![self.datagram(&from, &to, &payload)?], None)
            }
            "icmp" => (vec![self.icmp(&from, &to, &mut words)?], None),
            _ => {
                let captured = Captured::take(&mut words)?;
                let packets = self.tcp(&from, &to, &step, &mut words)?;
                (packets, Some(captured))
            }
        };
        words.end()?;
        if let Some(packet) = packets.last() {
            self.last_sent.insert(from, packet.clone());
        }
        let packets = match captured {
            Some(captured) => captured.of(&packets)?,
            None => packets,
        };
        self.wire.put(self.now, packets);
        Ok(())
    }

    /// What was captured.
    pub(super) fn into_wire(self) -> Wire {
        self.wire
    }

    fn host(&self, name: &str) -> Result<Host, String> {
        find(&self.hosts, name)
    }

    fn dns(&self, from: &str, to: &str, words: &mut Words) -> Result<Packet, String> {
        let kind = words.next("the type")?;
        let kind = Type::named(&kind).ok_or_else(|| format!("no record type {kind:?}"))?;
        let name = words.next("the name")?;
        let id = words.value_number("id", 0xffff)?.unwrap_or(1);
        let port = words.value_number("port", 0xffff)?.unwrap_or(40_001);
        let edns = words.flag("edns");
        let answered = words.flag("->");
        let (asker, resolver) = if answered { (to, from) } else { (from, to) };
        let resolver = self.host(resolver)?;
        let asker = SocketAddr::new(self.host(asker)?.ip, u16::try_from(port).unwrap_or(0));
        let mut question = Question::new(
            asker,
            SocketAddr::new(resolver.ip, resolver.port.unwrap_or(53)),
            u16::try_from(id).unwrap_or(0),
            &name,
            kind,
        );
        question.edns = edns;
        if !answered {
            return Ok(question.query());
        }
        let results = words.rest();
        let [first, ..] = results.as_slice() else {
            return Err("an answer says what (NODATA if nothing)".into());
        };
        if results.len() == 1 {
            if first == "TRUNCATED" {
                return Ok(question.truncated());
            }
            if first == "NODATA" {
                return Ok(question.answer(&[]));
            }
            if let Some(rcode) = Rcode::named(first) {
                return Ok(question.failure(rcode));
            }
        }
        let records: Result<Vec<_>, _> = results.iter().map(|word| record(kind, word)).collect();
        Ok(question.answer(&records?))
    }

    fn datagram(&self, from: &str, to: &str, payload: &[u8]) -> Result<Packet, String> {
        let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
        Ok(Packet::datagram(from, to, payload))
    }

    fn icmp(&self, from: &str, to: &str, words: &mut Words) -> Result<Packet, String> {
        let kind = words.next("what the error says")?;
        let error = match kind.as_str() {
            "port-unreachable" => IcmpError::PortUnreachable,
            "host-unreachable" => IcmpError::HostUnreachable,
            "prohibited" => IcmpError::Prohibited,
            "time-exceeded" => IcmpError::TimeExceeded,
            "too-big" => {
                let mtu = words.value_number("mtu", 0xffff)?;
                let mtu = mtu.ok_or("too-big says which mtu=")?;
                IcmpError::TooBig(u16::try_from(mtu).unwrap_or(0))
            }
            _ => return Err(format!("no ICMP error {kind:?}")),
        };
        let offending = self
            .last_sent
            .get(to)
            .ok_or_else(|| format!("{to} has sent nothing that an error could be about"))?;
        Ok(Packet::icmp_error(self.host(from)?.ip, error, offending))
    }

    fn tcp(
        &mut self,
        from: &str,
        to: &str,
        step: &str,
        words: &mut Words,
    ) -> Result<Vec<Packet>, String> {
        let lost_segments = words.indices("lost")?;
        let lost = words.flag("lost");
        let (connection, side) = self.connection(from, to, step)?;
        let packets = match (step, lost) {
            ("syn", false) => connection.syn().into(),
            ("syn", true) => connection.syn_lost().into(),
            ("syn-ack", false) => connection.syn_ack().into(),
            ("syn-ack", true) => connection.syn_ack_lost().into(),
            ("fin", false) => connection.fin(side).into(),
            ("fin", true) => connection.fin_lost(side).into(),
            ("again", _) => match words.value_number("segment", 100_000)? {
                Some(number) => connection
                    .resend_segment(side, number.wrapping_sub(1), !lost)
                    .ok_or("it did not send that segment")?
                    .into(),
                None if lost => connection.resend_lost(side),
                None => connection.resend(side),
            },
            ("refuse", _) => connection.refuse().into(),
            ("rst", _) => connection.rst(side).into(),
            ("ack", _) => connection.ack(side).into(),
            ("keep-alive", _) => connection.keep_alive(side).into(),
            ("window", _) => {
                let window = words.number("the window", 0xffff)?;
                let window = u16::try_from(window).unwrap_or(0);
                connection.window(side, window).into()
            }
            _ => {
                let data = data(step, words)?;
                if lost {
                    connection.send_lost(side, &data)
                } else {
                    connection.send_losing(side, &data, &lost_segments.clone().unwrap_or_default())
                }
            }
        };
        if packets.is_empty() {
            return Err("there is nothing to send".into());
        }
        match lost_segments.iter().flatten().max() {
            Some(&most) if most >= packets.len() => Err("it has no such segment to lose".into()),
            _ => Ok(packets),
        }
    }

    /// The connection between the two, and which side `from` is.
    fn connection(
        &mut self,
        from: &str,
        to: &str,
        step: &str,
    ) -> Result<(&mut Connection, Side), String> {
        let key = |client: &str, server: &str| (client.to_owned(), server.to_owned());
        let (a, b) = (self.endpoint(from)?, self.endpoint(to)?);
        let side = if step == "syn" || self.connections.contains_key(&key(from, to)) {
            Side::Client
        } else if self.connections.contains_key(&key(to, from)) || a.port() < b.port() {
            Side::Server
        } else {
            Side::Client
        };
        let (client, server) = match side {
            Side::Client => (from, to),
            Side::Server => (to, from),
        };
        let key = key(client, server);
        if step == "syn" || !self.connections.contains_key(&key) {
            let begun = self.begin(client, server)?;
            let begun = if step == "syn" { begun } else { begun.begun() };
            self.connections.insert(key.clone(), begun);
        }
        let connection = self.connections.get_mut(&key);
        Ok((connection.ok_or("no such connection")?, side))
    }

    /// A new connection, with initial sequence numbers of its own.
    fn begin(&mut self, client: &str, server: &str) -> Result<Connection, String> {
        self.begun += 1;
        let mut rng = Rng::new(self.begun);
        let mut isn = || u32::try_from(rng.next_u64() >> 32).unwrap_or(0);
        let mut connection =
            Connection::with_isns(self.endpoint(client)?, self.endpoint(server)?, isn(), isn());
        for (side, name) in [(Side::Client, client), (Side::Server, server)] {
            let end = connection.end(side);
            if let Some(&mss) = self.mss.get(name) {
                end.set_mss(mss);
            }
            // Its own packets leave the capturing host as they are; others have come nine hops.
            end.ttl = if end.address.ip() == self.local {
                64
            } else {
                55
            };
        }
        Ok(connection)
    }

    fn endpoint(&self, name: &str) -> Result<SocketAddr, String> {
        let host = self.host(name)?;
        let port = host.port.ok_or_else(|| format!("{name} has no port"))?;
        Ok(SocketAddr::new(host.ip, port))
    }
}

impl Host {
    fn parse(address: &str) -> Result<Self, String> {
        if let Ok(address) = address.parse::<SocketAddr>() {
            let port = Some(address.port());
            return Ok(Self {
                ip: address.ip(),
                port,
            });
        }
        match address.parse() {
            Ok(ip) => Ok(Self { ip, port: None }),
            Err(_) => Err(format!("{address:?} is no address, with or without a port")),
        }
    }
}

impl Captured {
    fn take(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            unseen: words.indices("unseen")?.unwrap_or_default(),
            all_unseen: words.flag("unseen"),
            order: words.indices("order")?,
        })
    }

    fn of(&self, packets: &[Packet]) -> Result<Vec<Packet>, String> {
        if self.all_unseen {
            return Ok(Vec::new());
        }
        let in_order: Vec<_> = (0..packets.len()).collect();
        let order = self.order.as_ref().unwrap_or(&in_order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != in_order {
            let count = packets.len();
            return Err(format!("order names each of the {count} segments once"));
        }
        if let Some(wrong) = self.unseen.iter().find(|&&index| index >= packets.len()) {
            return Err(format!("there is no segment {} to be unseen", wrong + 1));
        }
        let seen = order.iter().filter(|index| !self.unseen.contains(index));
        Ok(seen
            .filter_map(|&index| packets.get(index).cloned())
            .collect())
    }
}

fn find(hosts: &BTreeMap<String, Host>, name: &str) -> Result<Host, String> {
    let host = hosts.get(name).copied();
    host.ok_or_else(|| format!("there is no host {name:?}"))
}

fn time(word: &str, now: Seconds) -> Result<Seconds, String> {
    let (base, number) = match word.strip_prefix('+') {
        Some(number) => (now, number),
        None => (0.0, word),
    };
    match number.parse::<Seconds>() {
        Ok(seconds) if (0.0..MOST_SECONDS).contains(&seconds) => Ok(base + seconds),
        _ => Err(format!("{word:?} is no time in seconds")),
    }
}

fn record(kind: Type, word: &str) -> Result<Record, String> {
    if let Some(target) = word.strip_prefix("alias=") {
        return Ok(Record::Cname(target.to_owned()));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(address.into());
    }
    match kind {
        Type::PTR => Ok(Record::Ptr(word.to_owned())),
        Type::HTTPS if word == "." => Ok(Record::Https),
        _ => Err(format!("{word:?} is no answer to such a question")),
    }
}
