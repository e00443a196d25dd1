"""A client that does what its arguments say, one step after the other:

    steps.py SERVER PORT STEP...

SERVER is an address or a name; a name is resolved by `connect`, and its addresses are tried in turn.

    limit=SECONDS    give up any later step after so long
    from=PORT        let any later connection come from this port
    connect          open the TCP connection
    narrow           take any later connection with the smallest receive buffer
    inherit          take the connection that is this program's standard input
    pause=SECONDS    do nothing
    stop             stop this process (SIGSTOP), until someone sends SIGCONT
    reverse[=ADDR]   ask for the name of the server's address, or of ADDR, and wait for it
    reverse&[=ADDR]  the same in another thread, without waiting
    resolve=NAME     look up a name and wait for it
    resolve&=NAME    the same in another thread
    banner           read the server's greeting
    ehlo, starttls   the SMTP commands, each with its answer
    tls[=1.2]        the TLS handshake
    large            offer so many protocols that the ClientHello needs two segments
    swap             turn to the other connection; there is none at first
    mdns=SECONDS     ask for the name of the server's address by multicast, three times, and wait so long
    quic=SECONDS     try a QUIC handshake and give up after so long (needs aioquic)
    http, quit       one exchange, of HTTP or of SMTP
    plain=TEXT       send a line of text
    wait             read until the other end closes
    close            close the connection (a new `connect` may follow)
    reset            close it with a RST
"""

import ipaddress
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time


class Client:
    def __init__(self, server, port):
        self.server, self.port = server, int(port)
        self.connection = self.other = None
        self.protocols, self.source, self.is_narrow = [], None, False

    def do(self, step):
        name, _, value = step.partition("=")
        if name.endswith("&"):
            threading.Thread(target=self.do, args=(step.replace("&", "", 1),), daemon=True).start()
        else:
            getattr(self, f"do_{name}")(value)

    def do_limit(self, seconds):
        socket.setdefaulttimeout(float(seconds))

    def do_narrow(self, _):
        self.is_narrow = True

    def do_connect(self, _):
        if self.is_narrow:
            self.connection = socket.socket()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            self.connection.connect((self.server, self.port))
            return
        self.connection = socket.create_connection((self.server, self.port), source_address=self.source)

    def do_from(self, port):
        self.source = ("", int(port))

    def do_inherit(self, _):
        self.connection = socket.socket(fileno=0)

    def do_pause(self, seconds):
        time.sleep(float(seconds))

    def do_stop(self, _):
        os.kill(os.getpid(), signal.SIGSTOP)

    def do_reverse(self, address):
        try:
            socket.getnameinfo((address or self.server, self.port), socket.NI_NUMERICSERV)
        except socket.gaierror as error:
            print(address or self.server, error)

    def do_resolve(self, name):
        try:
            socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            print(name, error)

    def do_banner(self, _):
        while self.connection.recv(1) not in (b"\n", b""):
            pass

    def do_ehlo(self, _):
        self.connection.sendall(b"EHLO client.example\r\n")
        self.connection.recv(4096)

    def do_starttls(self, _):
        self.connection.sendall(b"STARTTLS\r\n")
        self.connection.recv(4096)

    def do_tls(self, version):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if version == "1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.protocols:
            context.set_alpn_protocols(self.protocols)
        name = None if self.server.replace(".", "").isdigit() or ":" in self.server else self.server
        self.connection = context.wrap_socket(self.connection, server_hostname=name)

    def do_large(self, _):
        self.protocols = [f"protocol-number-{number:03}-of-many" for number in range(50)]

    def do_swap(self, _):
        self.connection, self.other = self.other, self.connection

    def do_mdns(self, seconds):
        name = ipaddress.ip_address(self.server).reverse_pointer
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = struct.pack("!HHHHHH", 0, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 12, 1)
        began = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind(("", 5353))
            for when in (0, 1, 3):
                time.sleep(max(0, began + when - time.monotonic()))
                asking.sendto(question, ("224.0.0.251", 5353))
        time.sleep(max(0, began + float(seconds) - time.monotonic()))

    def do_quic(self, seconds):
        import asyncio

        from aioquic.asyncio.client import connect
        from aioquic.quic.configuration import QuicConfiguration

        async def attempt():
            configuration = QuicConfiguration(alpn_protocols=["h3"], server_name=self.server)
            async with connect(self.server, self.port, configuration=configuration):
                pass

        try:
            asyncio.run(asyncio.wait_for(attempt(), float(seconds)))
        except (TimeoutError, asyncio.TimeoutError, OSError) as error:
            print("QUIC:", error)

    def do_http(self, _):
        self.connection.sendall(b"GET / HTTP/1.1\r\nHost: www.example\r\nConnection: close\r\n\r\n")
        self.do_wait(None)

    def do_quit(self, _):
        self.connection.sendall(b"QUIT\r\n")
        self.connection.recv(4096)

    def do_plain(self, text):
        self.connection.sendall(text.encode() + b"\r\n")

    def do_wait(self, _):
        while self.connection.recv(4096):
            pass

    def do_close(self, _):
        self.connection.close()

    def do_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


if __name__ == "__main__":
    client = Client(sys.argv[1], sys.argv[2])
    for step in sys.argv[3:]:
        client.do(step)
