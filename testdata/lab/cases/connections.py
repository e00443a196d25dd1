"""The TCP connection, and what is tried before it."""

import importlib.util
import socket
import time

import servers
from relay import first, is_syn, is_syn_ack, is_to_udp_port
from resolver import answer, zone
from servers import Server, http, implicit_tls, smtp

from .common import (
    DNS1, MAIL_CLIENT, NAMES, PHONE, PHONE6, PROXY, SMTP, SMTP6, WWW, case, curl, mail_server, phone, resolvers,
    web_server,
)


def lose_syns(lab, name, copies, linear=True):
    client = phone(lab, DNS1)
    client.sysctl("net.ipv4.tcp_syn_linear_timeouts", 4 if linear else 0)
    resolvers(lab, DNS1, rules=NAMES)
    mail_server(lab)
    lab.relay.drop.append(first(copies, is_syn))
    lab.capture(client, name)
    client.steps("smtp.example", 465, "connect", "tls", "banner", "quit", "close")


@case
def syn_lost_1(lab):
    """The first SYN is lost; the second, 1 s later, arrives. syn-lost."""
    lose_syns(lab, "syn-lost-1", 1)


@case
def syn_lost_3(lab):
    """Three SYNs are lost; Linux since 6.5 repeats them every second at first: 3 s. syn-lost."""
    lose_syns(lab, "syn-lost-3", 3)


@case
def syn_lost_exponential(lab):
    """Three SYNs are lost; the older schedule 0, 1, 3, 7 s. syn-lost."""
    lose_syns(lab, "syn-lost-exponential", 3, linear=False)


@case
def syn_ack_lost(lab):
    """The first two SYN-ACKs are lost. At both ends: syn-lost (at the server one sees SYNs and SYN-ACKs repeated)."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = mail_server(lab)
    lab.relay.drop.append(first(2, is_syn_ack))
    lab.capture(server, "syn-ack-lost")
    lab.capture(client, "syn-ack-lost-client")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def accept_queue_full(lab):
    """The server does not accept for 4 s and its queue is full, so SYNs are dropped. At both ends: syn-lost (at the
    server one sees them arrive)."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    filler = lab.host("filler", "198.51.100.78")
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.mail, smtp, patience=1), backlog=1, late=5)
    for _ in range(2):
        filler.steps(SMTP, 465, "connect", "wait", start=True)
    time.sleep(1)
    lab.capture(server, "accept-queue-full", "host", MAIL_CLIENT)
    lab.capture(client, "accept-queue-full-client")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def connect_timeout(lab):
    """No SYN is ever answered; the client gives up after 8 s. connect-timeout."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    lab.capture(client, "connect-timeout")
    client.steps("smtp.example", 465, "limit=8", "connect")


@case
def connect_refused(lab):
    """Nobody listens: RST at once. connect-refused, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    lab.host("smtp", SMTP)
    lab.capture(client, "connect-refused")
    client.steps("smtp.example", 465, "connect")


@case
def connect_refused_icmp(lab):
    """A firewall answers with ICMP, administratively prohibited. connect-refused, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = mail_server(lab)
    server.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; };"
               "add rule inet f in tcp dport 465 reject with icmpx admin-prohibited")
    lab.capture(client, "connect-refused-icmp")
    client.steps("smtp.example", 465, "connect")


@case
def deferred_accept(lab):
    """The server's kernel waits for data before it accepts (TCP_DEFER_ACCEPT) and repeats its SYN-ACK; nothing is
    lost, the client just pauses for 9 s. client-idle."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.mail, smtp),
           options=[(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)])
    lab.capture(client, "deferred-accept")
    client.steps(SMTP, 465, "connect", "pause=9", "tls", "banner", "quit", "close")


@case
def fast_open(lab):
    """TCP Fast Open: the first connection fetches a cookie, the ClientHello of the second rides in its SYN. No
    stall."""
    client = phone(lab, DNS1)
    client.sysctl("net.ipv4.tcp_fastopen", 3)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("www", WWW)
    server.sysctl("net.ipv4.tcp_fastopen", 3)
    Server(server, WWW, 443, implicit_tls(lab.tools.web, http),
           options=[(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)])
    lab.capture(client, "fast-open")
    for _ in range(2):
        curl(client, "https://www.example/", "--tcp-fastopen")


@case
def unused(lab):
    """A connection opened in reserve, closed after 12 s without a byte, beside one to the same server that did the
    work. unused-connection: a note, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    web_server(lab)
    lab.capture(client, "unused")
    spare = client.steps("www.example", 443, "connect", "pause=12", "close", start=True)
    client.steps("www.example", 443, "connect", "tls", "http", "close")
    spare.wait(20)


@case
def unused_alone(lab):
    """The same without the other connection: nothing says that it was in reserve. client-idle at low."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    web_server(lab)
    lab.capture(client, "unused-alone")
    client.steps("www.example", 443, "connect", "pause=8", "close")


@case
def unused_at_server(lab):
    """unused seen from the server. A note, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("www", WWW)
    Server(server, WWW, 443, implicit_tls(lab.tools.web, http))
    lab.capture(server, "unused-at-server")
    spare = client.steps("www.example", 443, "connect", "pause=12", "close", start=True)
    client.steps("www.example", 443, "connect", "tls", "http", "close")
    spare.wait(20)


@case
def path_slower_than_syn(lab):
    """A path of 0.65 s each way, as by satellite: the SYN is sent again after 1 s, and then comes the answer to the
    first. Nothing is lost; every phase takes 1.3 s."""
    client = phone(lab, DNS1, delay=0.65)
    mail_server(lab)
    lab.capture(client, "path-slower-than-syn")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def fallback_sequential(lab):
    """The name has an IPv6 address that leads nowhere; the client gives it 4 s before it takes the IPv4 one.
    address-fallback."""
    client = lab.host("phone", PHONE, PHONE6, resolvers=[DNS1], delay=0.038)
    resolvers(lab, DNS1, rules=[("AAAA", "smtp.example", answer(("AAAA", SMTP6))), *NAMES])
    mail_server(lab)
    lab.capture(client, "fallback-sequential")
    client.steps("smtp.example", 465, "limit=4", "connect", "tls", "banner", "quit", "close")


@case
def fallback_happy_eyeballs(lab):
    """The same, but curl tries IPv4 after 0.2 s. No stall."""
    client = lab.host("phone", PHONE, PHONE6, resolvers=[DNS1], delay=0.038)
    resolvers(lab, DNS1, rules=[("AAAA", "www.example", answer(("AAAA", SMTP6))), *NAMES])
    web_server(lab)
    lab.capture(client, "fallback-happy-eyeballs")
    curl(client)


@case
def quic_fallback(lab):
    """QUIC to the web server is dropped; the client turns to TCP after 3 s. quic-fallback."""
    if not importlib.util.find_spec("aioquic"):
        raise ModuleNotFoundError("aioquic")
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    web_server(lab)
    lab.relay.drop.append(is_to_udp_port(443))
    lab.capture(client, "quic-fallback")
    client.steps("www.example", 443, "quic=3", "connect", "tls", "http", "close")


@case
def proxy_tunnel(lab):
    """HTTPS through a proxy that answers the CONNECT after 4 s. proxy-tunnel."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *zone(("proxy.example", PROXY))])
    web_server(lab)
    proxy = lab.host("proxy", PROXY)
    Server(proxy, PROXY, 3128, servers.connect_proxy(proxy, (WWW, 443), think=4))
    lab.capture(client, "proxy-tunnel")
    curl(client, "https://www.example/", "--proxy", "http://proxy.example:3128")
