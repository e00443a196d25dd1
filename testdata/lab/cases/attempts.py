"""Other attempts beside a connection: at another address of the name, or by QUIC."""

import importlib.util
import time

from relay import is_syn, is_to_udp_port
from resolver import answer, zone

from .common import (
    DNS1, IMAP, NAMES, PHONE, PHONE6, SMTP, SMTP6, WWW, case, mail_server, phone, resolvers, web_server,
)

FINISH = "tls", "banner", "quit", "close"
BOTH = [("AAAA", "smtp.example", answer(("AAAA", SMTP6))), *NAMES]


def dual_stack(lab):
    client = lab.host("phone", PHONE, PHONE6, resolvers=[DNS1], delay=0.038)
    resolvers(lab, DNS1, rules=BOTH)
    return client


@case
def fallback_refused(lab):
    """The name's IPv6 address refuses with a RST at once, so IPv4 is tried after one round trip. No stall;
    connect-refused for the IPv6 address."""
    client = dual_stack(lab)
    lab.host("smtp6", SMTP6)
    mail_server(lab)
    lab.capture(client, "fallback-refused")
    client.steps("smtp.example", 465, "limit=4", "connect", *FINISH)


@case
def fallback_two_addresses(lab):
    """The name has two IPv4 addresses, the first of which leads nowhere; the client gives it 3 s. address-fallback."""
    client = phone(lab, DNS1)
    two = answer(("A", "203.0.113.24"), ("A", SMTP))
    resolvers(lab, DNS1, rules=[("A", "smtp.example", two), *NAMES])
    mail_server(lab)
    lab.capture(client, "fallback-two-addresses")
    client.steps("smtp.example", 465, "limit=3", "connect", *FINISH)


@case
def fallback_at_server(lab):
    """fallback-sequential seen from the server that is reached at last: a quick handshake. No stall."""
    client = dual_stack(lab)
    server = mail_server(lab)
    lab.capture(server, "fallback-at-server")
    client.steps("smtp.example", 465, "limit=4", "connect", *FINISH)


@case
def fallback_no_fallback(lab):
    """The client gives up on one server after 4 s and then turns to another, of another name: no fallback. The first is
    connect-timeout, the second quick."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *zone(("imap.example", IMAP))])
    mail_server(lab)
    lab.capture(client, "fallback-no-fallback")
    client.steps("imap.example", 993, "limit=4", "connect")
    client.steps("smtp.example", 465, "connect", *FINISH)


@case
def fallback_only_six_slow(lab):
    """The IPv6 address is dead, and the IPv4 address answers only the second SYN. address-fallback (4 s), with
    syn-lost (1 s) behind it."""
    client = dual_stack(lab)
    mail_server(lab)
    seen = []
    lab.relay.drop.append(lambda packet: is_syn(packet) and packet.raw[0] >> 4 == 4 and not seen and
                          not seen.append(packet))
    lab.capture(client, "fallback-only-six-slow")
    client.steps("smtp.example", 465, "limit=4", "connect", *FINISH)


def quic_client(lab):
    if not importlib.util.find_spec("aioquic"):
        raise ModuleNotFoundError("aioquic")
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *zone(("imap.example", IMAP))])
    return client


@case
def quic_under(lab):
    """QUIC is dropped; the client gives it up after 0.2 s and has turned to TCP before 1 s. No stall."""
    client = quic_client(lab)
    web_server(lab)
    lab.relay.drop.append(is_to_udp_port(443))
    lab.capture(client, "quic-under")
    client.steps("www.example", 443, "quic=0.2", "connect", "tls", "http", "close")


@case
def quic_other_server(lab):
    """QUIC to one server is dropped; then the client turns by TCP to another one. No stall of that one's."""
    client = quic_client(lab)
    web_server(lab)
    lab.relay.drop.append(is_to_udp_port(443))
    lab.capture(client, "quic-other-server")
    client.steps("imap.example", 443, "quic=3")
    client.steps("www.example", 443, "connect", "tls", "http", "close")


@case
def quic_closed_port(lab):
    """No QUIC server there: ICMP port unreachable, and TCP after what the client takes to see it, 3 s.
    quic-fallback."""
    client = quic_client(lab)
    web_server(lab)
    lab.capture(client, "quic-closed-port")
    client.steps("www.example", 443, "quic=3", "connect", "tls", "http", "close")


@case
def quic_answered(lab):
    """QUIC works; 3 s after it the same client opens a TCP connection to the same server too. No stall."""
    client = quic_client(lab)
    server = web_server(lab)
    script = (
        "import asyncio, sys\nfrom aioquic.asyncio import serve\nfrom aioquic.quic.configuration import *\n"
        "async def main():\n    c = QuicConfiguration(is_client=False, alpn_protocols=['h3'])\n"
        "    c.load_cert_chain(sys.argv[1], sys.argv[1])\n"
        "    await serve(sys.argv[2], 443, configuration=c)\n    await asyncio.Event().wait()\nasyncio.run(main())\n"
    )
    server.start(lab.tools.python, "-c", script, lab.tools.mail_pem, WWW)
    time.sleep(1.5)
    lab.capture(client, "quic-answered")
    client.steps("www.example", 443, "quic=3", "pause=3", "connect", "tls", "http", "close")


@case
def quic_at_server(lab):
    """At the server, whose own firewall drops QUIC: Initials arrive and are never answered; the client turns to TCP
    after 3 s. quic-fallback."""
    client = quic_client(lab)
    server = web_server(lab)
    server.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; };"
               "add rule inet f in udp dport 443 drop")
    lab.capture(server, "quic-at-server")
    client.steps("www.example", 443, "quic=3", "connect", "tls", "http", "close")
