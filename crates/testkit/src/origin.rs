//! The captures of `testdata/origin`: the fault that tls-stall exists for, and its healthy twin.
//!
//! Built after a [published account][account] of 2015: a mail program on a phone connects to a
//! server by its address, on port 465. Over the mobile network it sends its ClientHello 28
//! seconds after the TCP handshake, to a server that has given up by then; over Wi-Fi, at once.
//! Between the two it asks for the name of the server's address, which the mobile network's
//! resolvers never answer. The account gives the numbers of the frames 48 (the handshake is
//! done), 51, 53, 58 (the queries), 54 (the server's FIN) and 73 (the ClientHello), and for the
//! twin frame 31 (the handshake is done). All else is made up, as a phone of those days would
//! have it.
//!
//! [account]: https://inventorsparadox.blogspot.com/2015/04/the-ptr-dns-record-email-ssl-and-you.html

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::Side::{Client, Server};
use crate::dns::{Question, Record, Type, reverse_name};
use crate::tls::{self, Certificate, ClientHello, Version};
use crate::{Connection, DEFAULT_START, Link, Packet, Seconds, Wire};

/// The address of the mail server.
pub const MAIL: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 25);
const SYNC: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);
const PORTAL: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 80);
const NEWS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 44);
const CLOCK: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 123);

/// The id of all copies of the PTR query.
const PTR_ID: u16 = 48056;

/// Every file of `testdata/origin`, by its name.
#[must_use]
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (name, story) in [
        ("phone-on-3g", phone_on_3g as fn(Link) -> Wire),
        ("phone-on-wifi", phone_on_wifi),
    ] {
        let raw = story(Link::Raw);
        files.push((format!("{name}.pcap"), raw.pcap()));
        files.push((format!("{name}.pcapng"), raw.pcapng()));
        let ethernet = story(Link::VpnEthernet);
        files.push((format!("{name}-ethernet.pcap"), ethernet.pcap()));
    }
    files
}

/// The phone on the mobile network: the fault.
#[must_use]
pub fn phone_on_3g(link: Link) -> Wire {
    let resolvers = [1, 2, 3].map(|last| Ipv4Addr::new(10, 0, 0, last));
    let [first, second, third] = resolvers;
    let mut phone = Phone {
        wire: Wire::new(link),
        address: Ipv4Addr::new(10, 8, 0, 1),
        resolver: first,
        round_trip: 0.080,
    };

    // Frames 1 to 45: what a phone does all day.
    phone.resolve(0.000, 0x1a01, "sync.example", SYNC);
    let mut sync = phone.tcp(40211, SYNC, 443);
    let end = phone.tls_handshake(0.066, &mut sync, "sync.example", 3000);
    phone.exchange(end + 0.008, &mut sync, 380, 1200);
    phone.resolve(0.900, 0x1a02, "portal.example", PORTAL);
    phone.web_page(0.966);
    phone.exchange(1.600, &mut sync, 210, 640);
    phone.set_clock(1.900);
    phone.exchange(2.300, &mut sync, 410, 2300);
    phone.exchange(2.600, &mut sync, 190, 310);
    phone.search_for_devices(2.9);
    phone.put(3.118, sync.send(Client, &tls::application_data(220)));

    // Frames 46 to 48: the connection to the mail server.
    let mut mail = phone.tcp(41234, MAIL, 465);
    phone.put(3.119, mail.syn());
    phone.put(3.1998, mail.syn_ack());
    phone.put(3.200, mail.ack(Client));
    phone.put(3.2001, sync.send(Server, &tls::application_data(480)));
    phone.put(3.2002, sync.ack(Client));

    // The PTR query, in two rounds over three resolvers: 5, 3 and 6 seconds for their answer.
    // The last one's patience ends 28 seconds after the first query.
    let ptr = phone.reverse_question(40307);
    let at_second = ptr.to(socket(second, 53)).from_port(40308);
    let at_third = ptr.to(socket(third, 53)).from_port(40309);
    phone.put(3.2003, ptr.query()); // frame 51
    phone.search_for_devices(4.2);
    phone.put(8.2003, at_second.query()); // frame 53
    phone.put(10.4, mail.fin(Server)); // frame 54
    phone.put(10.4004, mail.ack(Client));
    phone.put(10.9, sync.keep_alive(Server));
    phone.put(10.9003, sync.ack(Client));
    phone.put(11.2003, at_third.query()); // frame 58

    // Other names are answered, and other servers reached, all the while.
    phone.resolve(12.0, 0x1a06, "news.example", NEWS);
    let mut news = phone.tcp(40212, NEWS, 443);
    phone.short_tls_handshake(12.063, &mut news, "news.example");
    phone.put(17.2003, ptr.query()); // frame 68
    phone.put(22.2003, at_second.query()); // frame 69
    phone.put(23.3996, mail.keep_alive(Server));
    phone.put(23.4, mail.ack(Client));
    phone.put(25.2003, at_third.query()); // frame 72

    // Frame 73: too late.
    let hello = ClientHello::new(Version::Tls12).record();
    phone.put(31.2, mail.send(Client, &hello));
    phone.put(31.281, mail.rst(Server));

    phone.exchange(32.0, &mut news, 340, 900);
    phone.put(36.1, news.fin(Client));
    phone.put(36.1996, news.fin(Server));
    phone.put(36.2, news.ack(Client));
    phone.wire
}

/// The same phone and server over Wi-Fi: healthy.
#[must_use]
pub fn phone_on_wifi(link: Link) -> Wire {
    let start = DEFAULT_START.saturating_add(Duration::from_secs(14 * 60));
    let mut phone = Phone {
        wire: Wire::new(link).starting_at(start),
        address: Ipv4Addr::new(192, 168, 1, 23),
        resolver: Ipv4Addr::new(192, 168, 1, 1),
        round_trip: 0.042,
    };

    phone.resolve(0.000, 0x2b01, "sync.example", SYNC);
    let mut sync = phone.tcp(40611, SYNC, 443);
    let end = phone.tls_handshake(0.034, &mut sync, "sync.example", 3000);
    phone.exchange(end + 0.008, &mut sync, 380, 1200);
    phone.resolve(0.700, 0x2b02, "portal.example", PORTAL);
    phone.web_page(0.734);
    phone.search_for_devices(1.5);

    // Frames 29 to 31: the connection to the mail server.
    let mut mail = phone.tcp(41877, MAIL, 465);
    phone.put(2.000, mail.syn());
    phone.put(2.0418, mail.syn_ack());
    phone.put(2.042, mail.ack(Client));
    let ptr = phone.reverse_question(40702);
    phone.put(2.0423, ptr.query());
    phone.put(2.0571, ptr.answer(&[Record::Ptr("mail.example".into())]));
    let hello = ClientHello::new(Version::Tls12).record();
    let end = phone.rest_of_tls_handshake(2.062, &mut mail, &hello, "mail.example", 3000);

    // SMTP: the server speaks first.
    phone.put(end + 0.003, mail.send(Server, &tls::application_data(70)));
    phone.exchange(end + 0.010, &mut mail, 48, 190);
    phone.exchange(end + 0.100, &mut mail, 90, 60);
    let bye = end + 0.200;
    phone.exchange(bye, &mut mail, 30, 45);
    phone.put(bye + 0.054, mail.send(Client, &tls::close_notify()));
    phone.put(bye + 0.054, mail.fin(Client));
    phone.put(bye + 0.096, mail.fin(Server));
    phone.put(bye + 0.0963, mail.ack(Client));
    phone.wire
}

/// A phone, and what it does.
struct Phone {
    wire: Wire,
    address: Ipv4Addr,
    resolver: Ipv4Addr,
    round_trip: Seconds,
}

impl Phone {
    fn put(&mut self, at: Seconds, packets: impl Into<Vec<Packet>>) {
        self.wire.put(at, packets);
    }

    fn tcp(&self, port: u16, server: Ipv4Addr, server_port: u16) -> Connection {
        let client = socket(self.address, port);
        let mut connection = Connection::new(client, socket(server, server_port));
        connection.end(Server).set_mss(1380);
        connection
    }

    fn question(&self, port: u16, id: u16, name: &str, kind: Type) -> Question {
        let asker = socket(self.address, port);
        Question::new(asker, socket(self.resolver, 53), id, name, kind)
    }

    fn reverse_question(&self, port: u16) -> Question {
        self.question(port, PTR_ID, &reverse_name(IpAddr::V4(MAIL)), Type::PTR)
    }

    /// A name asked for and found; 2 frames.
    fn resolve(&mut self, at: Seconds, id: u16, name: &str, address: Ipv4Addr) {
        let question = self.question(id, id, name, Type::A);
        self.put(at, question.query());
        let answer = question.answer(&[Record::A(address)]);
        self.put(at + 0.75 * self.round_trip, answer);
    }

    /// A whole handshake with a long chain of certificates; 11 frames. Gives its end.
    fn tls_handshake(
        &mut self,
        at: Seconds,
        connection: &mut Connection,
        name: &str,
        chain_len: usize,
    ) -> Seconds {
        self.put(at, connection.syn());
        let established = at + self.round_trip;
        self.put(established, connection.syn_ack());
        self.put(established + 0.0002, connection.ack(Client));
        let hello = tls::client_hello(name);
        self.rest_of_tls_handshake(established + 0.007, connection, &hello, name, chain_len)
    }

    /// The same from the ClientHello on; 8 frames.
    fn rest_of_tls_handshake(
        &mut self,
        at: Seconds,
        connection: &mut Connection,
        hello: &[u8],
        name: &str,
        chain_len: usize,
    ) -> Seconds {
        self.put(at, connection.send(Client, hello));
        let answered = at + self.round_trip;
        self.put(answered, connection.ack(Server));
        let certificate = Certificate::new(name).chain_len(chain_len);
        let flight = tls::server_flight(Version::Tls12, &certificate);
        self.put(answered + 0.004, connection.send(Server, &flight));
        self.put(answered + 0.0043, connection.ack(Client));
        let finished = tls::client_finished(Version::Tls12);
        self.put(answered + 0.017, connection.send(Client, &finished));
        let end = answered + 0.018 + self.round_trip;
        let finished = tls::server_finished(Version::Tls12);
        self.put(end, connection.send(Server, &finished));
        end
    }

    /// A handshake with one certificate and no bare acknowledgement after the first; 7 frames.
    fn short_tls_handshake(&mut self, at: Seconds, connection: &mut Connection, name: &str) {
        self.put(at, connection.syn());
        let established = at + self.round_trip;
        self.put(established, connection.syn_ack());
        self.put(established + 0.0002, connection.ack(Client));
        let sent = established + 0.007;
        self.put(sent, connection.send(Client, &tls::client_hello(name)));
        let answered = sent + self.round_trip + 0.004;
        let flight = tls::server_flight(Version::Tls12, &Certificate::new(name));
        self.put(answered, connection.send(Server, &flight));
        let finished = tls::client_finished(Version::Tls12);
        self.put(answered + 0.012, connection.send(Client, &finished));
        let finished = tls::server_finished(Version::Tls12);
        let end = answered + 0.013 + self.round_trip;
        self.put(end, connection.send(Server, &finished));
    }

    /// A request of so many bytes, its answer and its acknowledgement.
    fn exchange(&mut self, at: Seconds, connection: &mut Connection, asked: usize, told: usize) {
        self.put(at, connection.send(Client, &tls::application_data(asked)));
        let answered = at + self.round_trip + 0.009;
        let answer = tls::application_data(told);
        self.put(answered, connection.send(Server, &answer));
        self.put(answered + 0.0004, connection.ack(Client));
    }

    /// A page without TLS; 9 frames.
    fn web_page(&mut self, at: Seconds) {
        let mut c = self.tcp(40311, PORTAL, 80);
        self.put(at, c.syn());
        let established = at + self.round_trip;
        self.put(established, c.syn_ack());
        self.put(established + 0.0002, c.ack(Client));
        let request = b"GET / HTTP/1.1\r\nHost: portal.example\r\nConnection: close\r\n\r\n";
        self.put(established + 0.001, c.send(Client, request));
        let answered = established + 0.006 + self.round_trip;
        let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\
            Connection: close\r\n\r\nhello\n";
        self.put(answered, c.send(Server, page));
        self.put(answered + 0.0004, c.ack(Client));
        self.put(answered + 0.001, c.fin(Server));
        self.put(answered + 0.0014, c.fin(Client));
        self.put(answered + 0.002 + self.round_trip, c.ack(Server));
    }

    /// An address of another family that a name does not have, its own, and the time (RFC 5905);
    /// 6 frames.
    fn set_clock(&mut self, at: Seconds) {
        let question = self.question(0x1a03, 0x1a03, "time.example", Type::AAAA);
        self.put(at, question.query());
        self.put(at + 0.061, question.answer(&[]));
        self.resolve(at + 0.062, 0x1a04, "time.example", CLOCK);
        let (phone, clock) = (socket(self.address, 38123), socket(CLOCK, 123));
        // Version 4; from a client, then from a server of stratum 2.
        let mut message = vec![0; 48];
        message.splice(..1, [0x23]);
        self.put(at + 0.130, Packet::datagram(phone, clock, &message));
        message.splice(..2, [0x24, 2]);
        self.put(at + 0.209, Packet::datagram(clock, phone, &message));
    }

    /// A search for devices on the local network (SSDP), which no one answers; 1 frame.
    fn search_for_devices(&mut self, at: Seconds) {
        let group = Ipv4Addr::new(239, 255, 255, 250);
        let search = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\
            MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
        let packet = Packet::datagram(socket(self.address, 39455), socket(group, 1900), search);
        self.put(at, packet);
    }
}

const fn socket(address: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), port)
}
