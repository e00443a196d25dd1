"""Handshakes whose packets are lost, or not taken."""

import ipaddress
import signal
import socket
import threading
import time

from relay import copies_of_first, first, is_client_hello, is_longer_than, is_server_hello, too_big
from servers import Server, implicit_tls, smtp

from .common import DNS1, MAIL_CLIENT, NAMES, SMTP, case, mail_server, phone, resolvers

FINISH = "tls", "banner", "quit", "close"


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


@case
def pmtud_working(lab):
    """As mtu-black-hole, but the router says so (ICMP fragmentation needed), and the server at once sends smaller
    segments. At both ends no stall."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.long, smtp))
    router = ipaddress.ip_address("192.0.2.254").packed
    is_long = is_longer_than(1400)
    lab.relay.answer.append(lambda packet: [too_big(packet, router, 1400)] if is_long(packet) else [])
    lab.relay.drop.append(is_long)
    lab.capture(server, "pmtud-working")
    lab.capture(client, "pmtud-working-client")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def full_segment_lost(lab):
    """Four copies of one full-sized segment of the server's flight are lost; the other one, as large, arrives. At the
    server: server-flight-lost, not a matter of size."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.long, smtp))
    lab.relay.drop.append(copies_of_first(4, is_longer_than(1400)))
    lab.capture(server, "full-segment-lost")
    lab.capture(client, "full-segment-lost-client")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def large_hello_lost(lab):
    """Four copies of the first, full-sized segment of a ClientHello are lost, its rest arrives; the fifth copy arrives
    too. At both ends: client-hello-lost."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    lab.relay.drop.append(copies_of_first(4, is_longer_than(1400)))
    lab.capture(server, "large-hello-lost")
    lab.capture(client, "large-hello-lost-client")
    client.steps(SMTP, 465, "connect", "large", *FINISH)


@case
def hello_lost_at_server(lab):
    """hello-lost seen from the server: a ClientHello that comes late. client-idle at low: what became of the copies
    before it cannot be seen."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    lab.relay.drop.append(first(4, is_client_hello))
    lab.capture(server, "hello-lost-at-server")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def client_flight_lost_at_server(lab):
    """client-flight-lost seen from the server: key exchange and Finished come late. client-idle at low."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    lab.relay.drop.append(first(4, lambda packet: packet.payload[:1] == b"\x16" and packet.payload[5:6] == b"\x10"))
    lab.capture(server, "client-flight-lost-at-server")
    client.steps(SMTP, 465, "connect", "tls=1.2", *FINISH[1:])


@case
def server_finished_lost(lab):
    """TLS 1.2; four copies of the server's last flight (session ticket to Finished) are lost. At the server:
    server-flight-lost; at the client: server-slow in server_finished."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    lab.relay.drop.append(first(4, lambda packet: packet.payload[:1] == b"\x16" and packet.payload[5:6] == b"\x04"))
    lab.capture(server, "server-finished-lost")
    lab.capture(client, "server-finished-lost-client")
    client.steps(SMTP, 465, "connect", "tls=1.2", *FINISH[1:])


@case
def zero_window_at_server(lab):
    """zero-window seen from the server, whose own window is shut."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)

    def slow_reader(connection):
        time.sleep(5)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(server, SMTP, 465, slow_reader, options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)])
    lab.capture(server, "zero-window-at-server")
    client.steps(SMTP, 465, "connect", "large", *FINISH)


@case
def zero_window_of_client(lab):
    """The client's receive buffer is too small for the server's flight, and its process is stopped for 4 s when the
    flight comes. zero-window in server_flight."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.long, smtp))
    seen = threading.Event()
    lab.relay.drop.append(lambda packet: packet.is_client_hello and seen.set())
    lab.capture(client, "zero-window-of-client")
    lab.capture(server, "zero-window-of-client-at-server")
    process = client.steps(SMTP, 465, "narrow", "connect", *FINISH, start=True)
    seen.wait(10)
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    process.wait(15)


@case
def window_small_server_slow(lab):
    """The server's window is small but takes the whole ClientHello; then its process is idle for 3 s. server-slow, and
    zero-window is ruled out."""
    client = phone(lab, DNS1)

    def slow_reader(connection):
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(3)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(lab.host("smtp", SMTP), SMTP, 465, slow_reader, options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)])
    lab.capture(client, "window-small-server-slow")
    client.steps(SMTP, 465, "connect", *FINISH)
