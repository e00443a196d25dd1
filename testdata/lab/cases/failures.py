"""Handshakes that end at once in an alert, in a reset, or in words that are no TLS: nothing stalls."""

import socket
import struct
import time

import relay
from resolver import answer, nxdomain
from servers import Server, implicit_tls, smtp

from .common import (
    CLIENT_PTR, DNS1, IMAP, MAIL_CLIENT, NAMES, SMTP, WWW, case, curl, mail_server, openssl_client, phone,
    postfix_and_client, resolvers, web_server,
)


def openssl_server(lab, *options):
    """A host with `openssl s_server` on port 443."""
    server = lab.host("www", WWW)
    server.start("openssl", "s_server", "-accept", "443", "-cert", lab.tools.mail_pem, "-quiet", *options)
    time.sleep(0.5)
    return server


@case
def alert_handshake_failure(lab):
    """TLS 1.2; client and server have no cipher suite in common: alert handshake_failure (40). At both ends: tls-alert,
    not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = openssl_server(lab, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")
    lab.capture(server, "alert-handshake-failure")
    lab.capture(client, "alert-handshake-failure-client")
    curl(client, "https://www.example/", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", "--tls-max", "1.2")


@case
def alert_unrecognized_name(lab):
    """The server does not know the name that the client asks for: alert unrecognized_name (112). tls-alert, not a
    stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    openssl_server(lab, "-servername", "other.example", "-servername_fatal", "-cert2", lab.tools.mail_pem)
    lab.capture(client, "alert-unrecognized-name")
    curl(client)


def strict_curl(lab, name, *options):
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    web_server(lab)
    lab.capture(client, name)
    client.run("curl", "-s", "--max-time", "30", "-o", "/dev/null", *options, "https://www.example/")


@case
def alert_unknown_ca(lab):
    """TLS 1.2; the client does not trust the server's certificate and says so in the clear: alert unknown_ca (48).
    tls-alert, not a stall."""
    strict_curl(lab, "alert-unknown-ca", "--tls-max", "1.2")


@case
def alert_encrypted(lab):
    """TLS 1.3; the server wants a certificate of the client, which has none, and says so (alert 116) when both are done
    with the handshake: encrypted, so it looks like data. Nothing stalls, and no alert can be seen."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    openssl_server(lab, "-Verify", "1")
    lab.capture(client, "alert-encrypted")
    curl(client)


@case
def alert_unknown_ca_1_3(lab):
    """TLS 1.3; the client does not trust the server's certificate; OpenSSL says so before its keys change, in the
    clear. tls-alert, not a stall."""
    strict_curl(lab, "alert-unknown-ca-1-3")


@case
def alert_late(lab):
    """The server ponders for 3 s, then refuses the client's version: server-slow first, tls-alert then."""
    client = phone(lab, DNS1)

    def slow(connection):
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(3)
        implicit_tls(lab.tools.modern, smtp)(connection)

    Server(lab.host("smtp", SMTP), SMTP, 465, slow)
    lab.capture(client, "alert-late")
    client.steps(SMTP, 465, "connect", "tls=1.2")


def aborting(after=0, reads_first=True):
    """A server that resets: on the first octet, or at once."""

    def session(connection):
        if reads_first:
            connection.recv(1, socket.MSG_PEEK)
        time.sleep(after)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return session


@case
def reset_by_server(lab):
    """The server itself closes with a RST when the ClientHello comes (SO_LINGER 0). At both ends:
    reset-on-client-hello, not a stall."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, aborting())
    lab.capture(server, "reset-by-server")
    lab.capture(client, "reset-by-server-client")
    client.steps(SMTP, 465, "connect", "tls")


@case
def reset_by_server_late(lab):
    """The server thinks about the ClientHello for 3 s, and then resets, as one that gives up. At the client:
    server-silent; that it ended in a reset is said."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 465, aborting(after=3))
    lab.capture(client, "reset-by-server-late")
    client.steps(SMTP, 465, "connect", "tls")


@case
def reset_before_hello(lab):
    """The server resets what it has just accepted, before the client has sent anything: not a stall, and no
    reset-on-client-hello."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 465, aborting(reads_first=False))
    lab.capture(client, "reset-before-hello")
    client.steps(SMTP, 465, "connect", "pause=0.4", "tls")


@case
def reset_by_box(lab):
    """A box in the path reads the name in the ClientHello, drops it and sends a reset in the other's name to each end,
    with a hop limit of its own. At the client: reset-on-client-hello; the server sees only a reset of a client that
    said nothing."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = web_server(lab)
    sees_name = lambda packet: b"www.example" in packet.payload  # noqa: E731
    lab.relay.answer.append(lambda packet: relay.resets(packet, hop_limit=200) if sees_name(packet) else [])
    lab.relay.drop.append(sees_name)
    lab.capture(server, "reset-by-box")
    lab.capture(client, "reset-by-box-client")
    curl(client)


@case
def http_on_tls_port(lab):
    """A browser told http:// on port 443 of a TLS server. protocol-mismatch, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    openssl_server(lab)
    lab.capture(client, "http-on-tls-port")
    curl(client, "http://www.example:443/")


@case
def tls_on_http_port(lab):
    """A ClientHello to a server of plain HTTP on port 443, which answers 400 in the clear. protocol-mismatch, not a
    stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("www", WWW, hosts=f"{WWW} www.example")  # it asks for its own name before it listens
    server.start(lab.tools.python, "-m", "http.server", "443", "--bind", WWW)
    time.sleep(1)
    lab.capture(client, "tls-on-http-port")
    curl(client)


@case
def ssh_on_tls_port(lab):
    """An SSH client on port 443 of a TLS server: its first line is no TLS. protocol-mismatch, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    openssl_server(lab)
    lab.capture(client, "ssh-on-tls-port")
    client.run("ssh", "-p", "443", "-o", "ConnectTimeout=8", "-o", "StrictHostKeyChecking=no", "www.example")


@case
def tls_on_ssh_port(lab):
    """An SSH server on port 443, which speaks at once; the client answers with its ClientHello and then gives up on
    what it got. protocol-mismatch, not a stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)

    def ssh(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n")
        connection.recv(4096)

    Server(lab.host("www", WWW), WWW, 443, ssh)
    lab.capture(client, "tls-on-ssh-port")
    curl(client)


@case
def imap_on_tls_port(lab):
    """A mail app without TLS waits on port 993 for a greeting, the server for a ClientHello; the server gives up after
    5 s. At both ends: nothing was said, protocol-mismatch or client-idle at low."""
    client = phone(lab, DNS1)
    server = lab.host("imap", IMAP)
    Server(server, IMAP, 993, implicit_tls(lab.tools.mail, smtp, patience=5))
    lab.capture(server, "imap-on-tls-port")
    lab.capture(client, "imap-on-tls-port-client")
    client.steps(IMAP, 993, "connect", "banner", "close")


@case
def smtp_on_tls_port_under(lab):
    """As smtp-on-tls-port, but the client gives up after 0.8 s. No stall."""
    client = phone(lab, DNS1)
    mail_server(lab, patience=60)
    lab.capture(client, "smtp-on-tls-port-under")
    client.steps(SMTP, 465, "limit=0.8", "connect", "banner", "close")


@case
def rejected_unconfirmed(lab):
    """Postfix refuses a client whose name does not lead back to its address: 450 4.7.25. At both ends:
    server-rejected, not a stall."""
    main = "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_unknown_client_hostname\n"
    rules = [("PTR", CLIENT_PTR, answer(("PTR", "client.example")))]
    client = postfix_and_client(lab, "rejected-unconfirmed", rules, main, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def rejected_blocklist(lab):
    """Postfix refuses a client that a block list knows: 554 5.7.1. At both ends: server-rejected, not a stall."""
    rules = [
        ("A", "*.zen.example", answer(("A", "127.0.0.2"))), ("TXT", "*.zen.example", answer(("TXT", "listed"))),
        ("PTR", CLIENT_PTR, answer(("PTR", "client.example"))), ("A", "client.example", answer(("A", MAIL_CLIENT))),
    ]
    main = "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_rbl_client zen.example\n"
    client = postfix_and_client(lab, "rejected-blocklist", rules, main, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def rejected_busy(lab):
    """Postfix allows a client one connection at a time; the second is refused: 421 4.7.0. server-rejected, not a
    stall."""
    main = "smtpd_client_connection_count_limit = 1\nmynetworks = 127.0.0.0/8\n"
    client = postfix_and_client(lab, "rejected-busy", main=main, otherwise=nxdomain())
    client.steps(SMTP, 25, "connect", "banner", "pause=2", "starttls", "close", start=True)
    time.sleep(0.7)
    openssl_client(lab, client, SMTP, 25, starttls="smtp")
    time.sleep(2)


@case
def rejected_late(lab):
    """Postfix waits 3 s for the client's name and learns that there is none; then it refuses the client. At the
    server: reverse-dns-slow; at the client: server-slow. At both also server-rejected."""
    main = ("smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_unknown_reverse_client_hostname\n"
            "unknown_client_reject_code = 550\n")
    client = postfix_and_client(lab, "rejected-late", main=main, otherwise=nxdomain(after=3))
    client.steps(SMTP, 25, "connect", "banner", "close")


def no_starttls(connection):
    """SMTP with a STARTTLS that is offered and then refused."""
    connection.sendall(b"220 smtp.example ESMTP\r\n")
    lines = connection.makefile("rb", buffering=0)
    while line := lines.readline():
        if line.upper().startswith(b"EHLO"):
            connection.sendall(b"250-smtp.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
        elif line.upper().startswith(b"STARTTLS"):
            connection.sendall(b"454 4.7.0 TLS not available due to local problem\r\n")
        else:
            connection.sendall(b"221 2.0.0 Bye\r\n")
            return


@case
def starttls_refused(lab):
    """The server answers STARTTLS with 454. server-rejected, not a stall."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 587, no_starttls)
    script = f"import smtplib; s = smtplib.SMTP('{SMTP}', 587, 'client.example'); s.ehlo(); s.starttls(); s.quit()"
    lab.capture(client, "starttls-refused")
    client.run(lab.tools.python, "-c", script)


@case
def connect_refused_late(lab):
    """Two SYNs are lost; the third is answered with a RST: nobody listens. syn-lost, then connect-refused."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("smtp", SMTP)
    lab.relay.drop.append(relay.first(2, relay.is_syn))
    lab.capture(client, "connect-refused-late")
    client.steps("smtp.example", 465, "connect")


@case
def connect_refused_at_server(lab):
    """connect-refused seen from the server. Not a stall."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    lab.capture(server, "connect-refused-at-server")
    client.steps(SMTP, 465, "connect")


@case
def connect_timeout_at_server(lab):
    """The server's own firewall drops what it receives: at the server the SYNs arrive and are never answered; the
    client gives up after 8 s. At both ends: connect-timeout."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    server.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; };"
               "add rule inet f in tcp dport 465 drop")
    lab.capture(server, "connect-timeout-at-server")
    client.steps(SMTP, 465, "limit=8", "connect")
