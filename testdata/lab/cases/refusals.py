"""Handshakes that cannot succeed, and one that nearly did not."""

import time

from servers import Server, implicit_tls, smtp, starttls

from .common import DNS1, SMTP, case, mail_server, phone


@case
def smtp_on_tls_port(lab):
    """A client that waits for a greeting, on the port of a server that waits for a ClientHello: silence, until the
    client gives up after 12 s. protocol-mismatch."""
    client = phone(lab, DNS1)
    mail_server(lab, patience=60)
    lab.capture(client, "smtp-on-tls-port")
    client.steps(SMTP, 465, "limit=12", "connect", "banner")


@case
def smtp_on_tls_port_cleartext(lab):
    """The same; after 5 s the client sends an EHLO in the clear, at which the server closes. protocol-mismatch."""
    client = phone(lab, DNS1)
    mail_server(lab, patience=60)
    lab.capture(client, "smtp-on-tls-port-cleartext")
    client.steps(SMTP, 465, "connect", "pause=5", "ehlo")


@case
def tls_on_starttls_port(lab):
    """A ClientHello at once, to a server that greets in the clear. protocol-mismatch, not a stall."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 587, starttls(lab.tools.mail))
    lab.capture(client, "tls-on-starttls-port")
    client.steps(SMTP, 587, "connect", "tls")


@case
def alert_version(lab):
    """The server wants TLS 1.3, the client offers 1.2 at most: alert protocol_version. tls-alert, not a stall."""
    client = phone(lab, DNS1)
    Server(lab.host("smtp", SMTP), SMTP, 465, implicit_tls(lab.tools.modern, smtp))
    lab.capture(client, "alert-version")
    client.steps(SMTP, 465, "connect", "tls=1.2")


@case
def reset_on_hello(lab):
    """Something on the server's side answers the ClientHello with a RST. reset-on-client-hello, not a stall."""
    client = phone(lab, DNS1)
    server = mail_server(lab)
    server.run("nft", "add table ip f; add chain ip f in { type filter hook input priority 0; };"
               "add rule ip f in tcp dport 465 @ih,0,8 0x16 reject with tcp reset")
    lab.capture(client, "reset-on-hello")
    client.steps(SMTP, 465, "connect", "tls")


@case
def hello_retry(lab):
    """The client's key share is of a group the server does not take: HelloRetryRequest, one round trip more. No
    stall."""
    client = phone(lab, DNS1)
    server = lab.host("smtp", SMTP)
    server.start("openssl", "s_server", "-accept", "465", "-cert", lab.tools.mail_pem, "-quiet", "-groups", "P-384")
    time.sleep(0.5)
    lab.capture(client, "hello-retry")
    client.steps(SMTP, 465, "connect", "tls", "close")
