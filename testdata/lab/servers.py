"""TLS and mail servers that run as threads of the lab, on the sockets of a host."""

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time


def certificate(directory, name, other_names=(), issuer=None, extensions=()):
    """A certificate with its key, in one file; self-signed, unless `issuer` is another such file."""
    key, chain, both = (directory / f"{name}.{kind}" for kind in ("key", "crt", "pem"))
    names = ",".join(f"DNS:{each}" for each in (name, *other_names))
    more = [argument for each in (f"subjectAltName={names}", *extensions) for argument in ("-addext", each)]
    signed = ["-CA", issuer, "-CAkey", issuer] if issuer else []
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
        "-subj", f"/CN={name}", *more, *signed, "-keyout", key, "-out", chain,
    )
    both.write_text(key.read_text() + chain.read_text())
    return both


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


def tls_context(pem, minimum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if minimum:
        context.minimum_version = minimum
    return context


class Server(threading.Thread):
    """Accepts on one address and gives every connection to `session`, in a thread of its own.

    `options` are socket options, as setsockopt() takes them.
    `late`: begin to accept only after so many seconds; until then the kernel queues `backlog` + 1 connections.
    """

    def __init__(self, host, address, port, session, backlog=16, late=0, options=()):
        super().__init__(daemon=True)
        self.session, self.late = session, late
        self._socket = host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in options:
            self._socket.setsockopt(*option)
        self._socket.bind((address, port))
        self._socket.listen(backlog)
        self.start()

    def run(self):
        time.sleep(self.late)
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # the lab was torn down
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            self.session(connection)


def implicit_tls(context, dialogue, patience=None, abort=False):
    """TLS from the first byte. Without one within `patience` seconds the server closes, with a FIN or a RST."""

    def session(connection):
        connection.settimeout(patience)
        if abort:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if not connection.recv(1, socket.MSG_PEEK):
            return
        connection.settimeout(60)
        with context.wrap_socket(connection, server_side=True) as secure:
            dialogue(secure)
            with contextlib.suppress(OSError):
                secure.unwrap()

    return session


def starttls(context, before_banner=None, after_banner=None, after_starttls=None):
    """SMTP that begins in the clear. The arguments are called with the connection at these moments."""

    def session(connection):
        connection.settimeout(60)
        if before_banner:
            before_banner(connection)
        connection.sendall(b"220 smtp.example ESMTP\r\n")
        if after_banner:
            after_banner(connection)
        if smtp_dialogue(connection, offer_starttls=True) != "STARTTLS":
            return
        if after_starttls:
            after_starttls(connection)
        with context.wrap_socket(connection, server_side=True) as secure:
            smtp_dialogue(secure)

    return session


def silence(connection):
    """Accept and never say a word."""
    time.sleep(120)


def smtp(connection):
    connection.sendall(b"220 smtp.example ESMTP\r\n")
    smtp_dialogue(connection)


def smtp_dialogue(connection, offer_starttls=False):
    """Answer commands up to QUIT or STARTTLS; returns the last command."""
    lines = connection.makefile("rb", buffering=0)
    while line := lines.readline():
        command = line.split()[0].decode("ascii", "replace").upper() if line.split() else ""
        if command == "EHLO":
            extra = b"250-STARTTLS\r\n" if offer_starttls else b""
            connection.sendall(b"250-smtp.example\r\n" + extra + b"250 8BITMIME\r\n")
        elif command == "STARTTLS":
            connection.sendall(b"220 2.0.0 Ready to start TLS\r\n")
            return command
        elif command == "QUIT":
            connection.sendall(b"221 2.0.0 Bye\r\n")
            return command
        else:
            connection.sendall(b"250 2.0.0 Ok\r\n")
    return None


def imap(context, greeting_after=0):
    """IMAP with STARTTLS."""

    def session(connection):
        connection.settimeout(60)
        time.sleep(greeting_after)
        connection.sendall(b"* OK IMAP4rev1 ready\r\n")
        if imap_dialogue(connection) == "STARTTLS":
            with context.wrap_socket(connection, server_side=True) as secure:
                imap_dialogue(secure)

    return session


def imap_dialogue(connection):
    lines = connection.makefile("rb", buffering=0)
    while words := lines.readline().split():
        tag, command = words[0], words[1].decode("ascii", "replace").upper()
        if command == "CAPABILITY":
            connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
        if command == "LOGOUT":
            connection.sendall(b"* BYE\r\n")
        connection.sendall(tag + b" OK done\r\n")
        if command in ("STARTTLS", "LOGOUT"):
            return command
    return None


def dns_over_stream(answers):
    """The dialogue of a name server over TCP or TLS."""

    def dialogue(connection):
        stream = connection.makefile("rb")
        while length := stream.read(2):
            reply, message = answers.reply_to(stream.read(int.from_bytes(length, "big")))
            if message:
                time.sleep(reply.after)
                connection.sendall(len(message).to_bytes(2, "big") + message)

    return dialogue


def connect_proxy(host, upstream, think=0):
    """An HTTP proxy for CONNECT, that needs `think` seconds before its own connection to `upstream` is made."""

    def session(connection):
        connection.recv(4096)
        time.sleep(think)
        tunnel(connection, host, upstream, b"HTTP/1.1 200 Connection established\r\n\r\n")

    return session


def socks_proxy(host, upstream, think=0):
    """The same for SOCKS 5."""

    def session(connection):
        connection.recv(4096)
        connection.sendall(b"\x05\x00")
        connection.recv(4096)
        time.sleep(think)
        tunnel(connection, host, upstream, b"\x05\x00\x00\x01" + bytes(6))

    return session


def tunnel(connection, host, upstream, go_ahead):
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.connect(upstream)
        connection.sendall(go_ahead)
        back = threading.Thread(target=pump, args=(other, connection), daemon=True)
        back.start()
        pump(connection, other)
        back.join(5)


def refusing_proxy(think=0):
    """An HTTP proxy that finds no way to what it is asked for, after `think` seconds."""

    def session(connection):
        connection.recv(4096)
        time.sleep(think)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    return session


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def http(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")
