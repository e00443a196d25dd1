"""An end that takes its time."""

import signal
import socket
import threading
import time

import servers
from servers import Server, implicit_tls, smtp, starttls

from .common import DNS1, IMAP, SMTP, case, mail_server, phone, openssl_client


@case
def server_frozen(lab):
    """The server process is stopped for 5 s: the kernel acknowledges the ClientHello, the ServerHello comes 5 s later.
    server-slow."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    process = server.start("openssl", "s_server", "-accept", "465", "-cert", lab.tools.mail_pem, "-quiet")
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    lab.capture(client, "server-frozen")
    handshake = client.steps(SMTP, 465, "connect", "tls", "close", start=True)
    time.sleep(5.3)
    process.send_signal(signal.SIGCONT)
    handshake.wait(10)


@case
def server_silent(lab):
    """The server acknowledges the ClientHello and never answers; the client gives up after 8 s. server-silent."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 465, servers.silence)
    lab.capture(client, "server-silent")
    client.steps(SMTP, 465, "limit=8", "connect", "tls")


@case
def server_frozen_at_server(lab):
    """server-frozen seen from the server, and by a client that gives up after 4 s (FIN): server-silent at both
    ends."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    process = server.start("openssl", "s_server", "-accept", "465", "-cert", lab.tools.mail_pem, "-quiet")
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    lab.capture(server, "server-frozen-at-server")
    client.steps(SMTP, 465, "limit=4", "connect", "tls")


@case
def server_late_at_server(lab):
    """The server reads the ClientHello after 3 s. At the server, too, only its silence is seen: server-slow."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)

    def slow(connection):
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(3)
        implicit_tls(lab.tools.mail, smtp)(connection)

    Server(server, SMTP, 465, slow)
    lab.capture(server, "server-late-at-server")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def dead_backend(lab):
    """HAProxy accepts, tries its dead backend four times 4 s, then closes. At the client: server-silent."""
    client = phone(lab, DNS1)
    proxy = lab.host("smtp", SMTP)
    configuration = lab.work / "haproxy.cfg"
    configuration.write_text(
        "defaults\n  mode tcp\n  timeout connect 4s\n  timeout client 60s\n  timeout server 60s\n  retries 3\n"
        f"listen smtps\n  bind {SMTP}:465\n  server backend 203.0.113.99:465\n"
    )
    proxy.start("haproxy", "-f", configuration, "-db")
    time.sleep(1)
    lab.capture(client, "dead-backend")
    client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")


@case
def imap_greeting_slow(lab):
    """An IMAP server greets after 3 s. server-slow."""
    client = phone(lab, DNS1)
    Server(lab.host("imap", IMAP), IMAP, 143, servers.imap(lab.tools.mail, greeting_after=3))
    lab.capture(client, "imap-greeting-slow")
    openssl_client(lab, client, IMAP, 143, starttls="imap", says="a LOGOUT\r\n")


@case
def starttls_slow(lab):
    """The server answers STARTTLS, then needs 3 s for its ServerHello. server-slow."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 587,
           starttls(lab.tools.mail, after_starttls=lambda connection: time.sleep(3)))
    lab.capture(client, "starttls-slow")
    client.steps(SMTP, 587, "connect", "banner", "ehlo", "starttls", "tls", "ehlo", "quit", "close")


@case
def client_stopped_before_finished(lab):
    """The client process is stopped between ClientHello and Finished for 4 s. client-idle in client_finished."""
    client = phone(lab, DNS1)
    mail_server(lab)
    seen = threading.Event()
    lab.relay.drop.append(lambda packet: packet.is_client_hello and seen.set())
    lab.capture(client, "client-stopped-before-finished")
    process = client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close", start=True)
    seen.wait(10)
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    process.wait(10)
