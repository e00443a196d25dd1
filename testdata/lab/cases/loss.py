"""Handshakes whose packets are lost, or not taken."""

import socket
import time

from relay import first, is_client_hello, is_longer_than, is_server_hello
from servers import Server, implicit_tls, smtp

from .common import DNS1, MAIL_CLIENT, NAMES, SMTP, case, mail_server, phone, resolvers


@case
def hello_lost(lab):
    """The first four copies of the ClientHello are lost. client-hello-lost."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    mail_server(lab)
    lab.relay.drop.append(first(4, is_client_hello))
    lab.capture(client, "hello-lost")
    client.steps("smtp.example", 465, "connect", "tls", "banner", "quit", "close")


@case
def server_flight_lost(lab):
    """The first four copies of the server's flight are lost. At the server: server-flight-lost; at the client only a
    late ServerHello: server-slow."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = mail_server(lab)
    lab.relay.drop.append(first(4, is_server_hello))
    lab.capture(server, "server-flight-lost")
    lab.capture(client, "server-flight-lost-client")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def client_flight_lost(lab):
    """TLS 1.2; the first four copies of the client's second flight (key exchange to Finished) are lost.
    client-flight-lost."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    mail_server(lab)
    lab.relay.drop.append(first(4, lambda packet: packet.payload[:1] == b"\x16" and packet.payload[5:6] == b"\x10"))
    lab.capture(client, "client-flight-lost")
    client.steps("smtp.example", 465, "connect", "tls=1.2", "banner", "quit", "close")


def black_hole(lab, name, probing):
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("smtp", SMTP)
    server.sysctl("net.ipv4.tcp_mtu_probing", probing)
    Server(server, SMTP, 465, implicit_tls(lab.tools.long, smtp))
    lab.relay.drop.append(is_longer_than(1400))
    lab.capture(server, name)
    lab.capture(client, f"{name}-client")
    client.steps("smtp.example", 465, "limit=15", "connect", "tls", "banner", "quit", "close")


@case
def mtu_black_hole(lab):
    """Packets over 1400 octets vanish without ICMP, so the server's flight never arrives whole; the client gives up
    after 15 s. path-mtu-black-hole."""
    black_hole(lab, "mtu-black-hole", 0)


@case
def mtu_black_hole_probed(lab):
    """The same, but the server's TCP probes for a smaller size after some retransmissions and gets through.
    path-mtu-black-hole."""
    black_hole(lab, "mtu-black-hole-probed", 1)


@case
def large_hello_black_hole(lab):
    """A ClientHello of two segments, of which the first, being large, vanishes; the second arrives. The client gives up
    after 12 s. path-mtu-black-hole (or client-hello-lost)."""
    client = phone(lab, DNS1)
    mail_server(lab)
    lab.relay.drop.append(is_longer_than(1400))
    lab.capture(client, "large-hello-black-hole")
    client.steps(SMTP, 465, "limit=12", "connect", "large", "tls", "banner", "quit", "close")


@case
def large_hello(lab):
    """The same ClientHello over a path that takes it. No stall."""
    client = phone(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "large-hello")
    client.steps(SMTP, 465, "connect", "large", "tls", "banner", "quit", "close")


@case
def zero_window(lab):
    """The server's receive buffer is too small for the ClientHello and nobody reads it for 5 s. zero-window."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)

    def slow_reader(connection):
        time.sleep(5)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(server, SMTP, 465, slow_reader, options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)])
    lab.capture(client, "zero-window")
    client.steps(SMTP, 465, "connect", "large", "tls", "banner", "quit", "close")
