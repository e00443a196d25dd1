"""The same things as elsewhere, but over in less than a second: nothing stalls."""

import socket
import time

from relay import first, is_client_hello, is_server_hello
from resolver import Resolver, answer, servfail
from servers import Server, implicit_tls, smtp

from .common import (
    DNS1, DNS2, MAIL_CLIENT, NAMES, SMTP, SMTP_PTR, UNNAMED, case, mail_server, phone, resolvers,
)

FINISH = "tls", "banner", "quit", "close"


@case
def ptr_under(lab):
    """The PTR is unanswered, and the client waits no longer than 0.7 s for it. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-under")
    client.steps(SMTP, 465, "resolve=www.example", "connect", "reverse&", "pause=0.7", *FINISH)


@case
def ptr_slow_under(lab):
    """The PTR is answered after 0.6 s. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("PTR", SMTP_PTR, answer(("PTR", "smtp.example"), after=0.6)), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-slow-under")
    client.steps(SMTP, 465, "connect", "reverse", *FINISH)


@case
def ptr_servfail_under(lab):
    """Two resolvers, SERVFAIL after 0.1 s, asked twice each: 0.7 s in all. No stall."""
    client = phone(lab, DNS1, DNS2)
    resolvers(lab, DNS1, DNS2, rules=[("PTR", "*", servfail(after=0.1)), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-servfail-under")
    client.steps(SMTP, 465, "connect", "reverse", *FINISH)


@case
def forward_slow_under(lab):
    """The A record is answered after 0.6 s. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("A", "smtp.example", answer(("A", SMTP), after=0.6)), *NAMES])
    mail_server(lab)
    lab.capture(client, "forward-slow-under")
    client.steps("smtp.example", 465, "connect", *FINISH)


@case
def forward_servfail_under(lab):
    """The first resolver answers SERVFAIL after 0.3 s, the second at once. No stall."""
    client = phone(lab, DNS1, DNS2)
    Resolver(lab.host("dns1", DNS1), DNS1, otherwise=servfail(after=0.3))
    Resolver(lab.host("dns2", DNS2), DNS2, NAMES)
    mail_server(lab)
    lab.capture(client, "forward-servfail-under")
    client.steps("smtp.example", 465, "connect", *FINISH)


@case
def forward_under(lab):
    """The PTR is answered at once, the A and AAAA of the name it gave never; the client waits 0.6 s for them. No
    stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("PTR", SMTP_PTR, answer(("PTR", "smtp.example")))])
    mail_server(lab)
    lab.capture(client, "forward-under")
    client.steps(SMTP, 465, "connect", "reverse", "resolve&=smtp.example", "pause=0.6", *FINISH)


@case
def resolver_silent_under(lab):
    """The resolver answers neither the A and AAAA of another name nor the PTR; the client waits 0.7 s for them. No
    stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "resolver-silent-under")
    client.steps(SMTP, 465, "connect", "resolve&=www.example", "reverse&", "pause=0.7", *FINISH)


@case
def path_slow_under(lab):
    """A path of 0.35 s each way: every round trip takes 0.7 s, and nothing is lost. No stall."""
    client = phone(lab, DNS1, delay=0.35)
    mail_server(lab)
    lab.capture(client, "path-slow-under")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def connect_timeout_under(lab):
    """Nobody answers the SYN, and the client gives up after 0.8 s, before a second one.
    No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    lab.capture(client, "connect-timeout-under")
    client.steps("smtp.example", 465, "limit=0.8", "connect")


@case
def hello_lost_under(lab):
    """The first copy of the ClientHello is lost, the second follows after 0.3 s. No stall."""
    client = phone(lab, DNS1)
    mail_server(lab)
    lab.relay.drop.append(first(1, is_client_hello))
    lab.capture(client, "hello-lost-under")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def server_flight_lost_under(lab):
    """The first copy of the server's flight is lost, the second follows after 0.3 s. At both ends no stall."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = mail_server(lab)
    lab.relay.drop.append(first(1, is_server_hello))
    lab.capture(server, "server-flight-lost-under")
    lab.capture(client, "server-flight-lost-under-client")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def client_flight_lost_under(lab):
    """TLS 1.2; the first copy of the client's second flight is lost. No stall."""
    client = phone(lab, DNS1)
    mail_server(lab)
    lab.relay.drop.append(first(1, lambda packet: packet.payload[:1] == b"\x16" and packet.payload[5:6] == b"\x10"))
    lab.capture(client, "client-flight-lost-under")
    client.steps(SMTP, 465, "connect", "tls=1.2", "banner", "quit", "close")


@case
def zero_window_under(lab):
    """As zero-window, but the server begins to read after 0.5 s. No stall."""
    client = phone(lab, DNS1)

    def slow_reader(connection):
        time.sleep(0.5)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(lab.host("smtp", SMTP), SMTP, 465, slow_reader, options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)])
    lab.capture(client, "zero-window-under")
    client.steps(SMTP, 465, "connect", "large", *FINISH)


@case
def server_slow_under(lab):
    """The server takes 0.7 s to answer the ClientHello. No stall."""
    client = phone(lab, DNS1)

    def slow(connection):
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(0.7)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(lab.host("smtp", SMTP), SMTP, 465, slow)
    lab.capture(client, "server-slow-under")
    client.steps(SMTP, 465, "connect", *FINISH)


@case
def server_silent_under(lab):
    """The server never answers the ClientHello; the client gives up after 0.8 s. No stall."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 465, lambda connection: time.sleep(120))
    lab.capture(client, "server-silent-under")
    client.steps(SMTP, 465, "limit=0.8", "connect", "tls")


@case
def client_idle_under(lab):
    """The client pauses for 0.7 s before its ClientHello. No stall."""
    client = phone(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "client-idle-under")
    client.steps(SMTP, 465, "connect", "pause=0.7", *FINISH)
