"""What a server asks about its client before it greets: its name, a block list, ident."""

import contextlib
import socket
import time

import postfix
from resolver import SILENT, answer, nxdomain, servfail, zone
from servers import Server, implicit_tls, smtp, starttls

from .common import CLIENT_PTR, MAIL_CLIENT, SERVER_DNS, SMTP, case, openssl_client, postfix_and_client, resolvers


@case
def postfix_ptr_greeting(lab):
    """Postfix asks for the client's name before its 220, and its resolver does not answer: 10 s. At the server:
    reverse-dns-unanswered, waiting on the server; at the client (-client): server-slow."""
    client = postfix_and_client(lab, "postfix-ptr-greeting")
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postfix_smtps_ptr(lab):
    """The same before the ServerHello, as port 465 is TLS from the first byte."""
    client = postfix_and_client(lab, "postfix-smtps-ptr")
    openssl_client(lab, client, SMTP, 465)


@case
def dnsbl_before_banner(lab):
    """Postfix asks a block list about the client before its 220; the list does not answer, the PTR does: 10 s. At the
    server: forward-dns-unanswered (an A lookup that only looks like a reverse one); at the client: server-slow."""
    rules = [
        ("PTR", CLIENT_PTR, answer(("PTR", "client.example"))),
        ("A", "client.example", answer(("A", MAIL_CLIENT))),
        ("*", "*.zen.example", SILENT),
    ]
    main = "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_rbl_client zen.example\n"
    client = postfix_and_client(lab, "dnsbl-before-banner", rules, main, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postscreen(lab):
    """Postfix postscreen: `220-` at once, the rest of the greeting after its 6 s of patience; the PTR is asked after
    that and answered at once. server-slow."""
    master = postfix.MASTER.replace(
        "smtp      inet  n  -  n  -  -  smtpd\n",
        "smtp      inet  n  -  n  -  1  postscreen\nsmtpd     pass  -  -  n  -  -  smtpd\n"
        "dnsblog   unix  -  -  n  -  0  dnsblog\ntlsproxy  unix  -  -  n  -  0  tlsproxy\n",
    )
    rules = zone(("client.example", MAIL_CLIENT))
    client = postfix_and_client(lab, "postscreen", rules, otherwise=nxdomain(), master=master)
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def rejected_no_ptr(lab):
    """Postfix refuses a client whose address has no name, with its own words, instead of a greeting. server-rejected,
    not a stall."""
    main = ("smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_unknown_reverse_client_hostname\n"
            "unknown_client_reject_code = 550\n")
    client = postfix_and_client(lab, "rejected-no-ptr", main=main, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def ident(lab):
    """Before its greeting the server asks the client's port 113, which a firewall drops: 5 s. ident-lookup."""
    ident_and_client(lab, "ident", drops=True)


def ident_and_client(lab, name, drops=False, patience=5, then=0, answers_after=None):
    """A server that asks ident of its client before its greeting, no longer than `patience`, and rests a while `then`.
    Whoever listens at the client answers after so long."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    if drops:
        client.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; };"
                   "add rule inet f in tcp dport 113 drop")
    if answers_after:

        def identd(connection):
            asked = connection.recv(100).strip()
            time.sleep(answers_after)
            connection.sendall(asked + b" : USERID : UNIX : mail\r\n")

        Server(client, MAIL_CLIENT, 113, identd)
    server = lab.host("smtp", SMTP)

    def ask_ident(connection):
        with server.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
            asking.settimeout(patience)
            with contextlib.suppress(OSError):
                asking.connect((connection.getpeername()[0], 113))
                asking.sendall(b"%d, 587\r\n" % connection.getpeername()[1])
                asking.recv(100)
        time.sleep(then)

    Server(server, SMTP, 587, starttls(lab.tools.mail, before_banner=ask_ident))
    lab.capture(server, name)
    lab.capture(client, f"{name}-client")
    client.steps(SMTP, 587, "connect", "banner", "ehlo", "starttls", "tls", "ehlo", "quit", "close")


@case
def ident_under(lab):
    """The same, but the server asks no longer than 0.7 s. At both ends no stall."""
    ident_and_client(lab, "ident-under", drops=True, patience=0.7)


@case
def ident_refused(lab):
    """Nobody listens on the client's port 113, and its RST comes at once. At both ends no stall."""
    ident_and_client(lab, "ident-refused")


@case
def ident_then_slow(lab):
    """The same, but then the server takes 3 s for its greeting. At both ends: server-slow, and ident-lookup is ruled
    out."""
    ident_and_client(lab, "ident-then-slow", then=3)


@case
def ident_slow(lab):
    """The client's ident server answers after 3 s. At both ends: ident-lookup."""
    ident_and_client(lab, "ident-slow", answers_after=3)


@case
def postfix_ptr_slow(lab):
    """The client's PTR is answered after 3 s, then the greeting. At the server: reverse-dns-slow; at the client:
    server-slow."""
    rules = [("PTR", CLIENT_PTR, answer(("PTR", "client.example"), after=3)),
             ("A", "client.example", answer(("A", MAIL_CLIENT)))]
    client = postfix_and_client(lab, "postfix-ptr-slow", rules, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postfix_ptr_servfail(lab):
    """The client's PTR is answered SERVFAIL after 2 s, twice. At the server: reverse-dns-failed; at the client:
    server-slow."""
    client = postfix_and_client(lab, "postfix-ptr-servfail", otherwise=servfail(after=2))
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postfix_forward_dead(lab):
    """The client's PTR is answered at once, the A of the name it gave never: 10 s. At the server:
    forward-dns-unanswered; at the client: server-slow."""
    rules = [("PTR", CLIENT_PTR, answer(("PTR", "client.example")))]
    client = postfix_and_client(lab, "postfix-forward-dead", rules)
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postfix_forward_servfail(lab):
    """The same, but the A is answered SERVFAIL after 2 s, twice. At the server: forward-dns-failed; at the client:
    server-slow."""
    rules = [("PTR", CLIENT_PTR, answer(("PTR", "client.example")))]
    client = postfix_and_client(lab, "postfix-forward-servfail", rules, otherwise=servfail(after=2))
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def dnsbl_slow(lab):
    """As dnsbl-before-banner, but the list answers after 3 s that it does not know the client. At the server:
    forward-dns-slow; at the client: server-slow."""
    rules = [
        ("PTR", CLIENT_PTR, answer(("PTR", "client.example"))),
        ("A", "client.example", answer(("A", MAIL_CLIENT))),
        ("*", "*.zen.example", nxdomain(after=3)),
    ]
    main = "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_rbl_client zen.example\n"
    client = postfix_and_client(lab, "dnsbl-slow", rules, main, otherwise=nxdomain())
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def postfix_resolver_silent(lab):
    """Postfix asks for the client's name and then a block list, and its resolver answers neither: 10 s each. At the
    server: resolver-silent; at the client: server-slow."""
    main = "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_rbl_client zen.example\n"
    client = postfix_and_client(lab, "postfix-resolver-silent", main=main)
    openssl_client(lab, client, SMTP, 25, starttls="smtp")


@case
def starttls_human_pause(lab):
    """At the server: a person types EHLO 8 s after the banner; the server looked up the client's name beside, after
    the banner, unanswered. client-idle in phase starttls."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = lab.host("smtp", SMTP, resolvers=[SERVER_DNS])
    resolvers(lab, SERVER_DNS)
    look_up = lambda connection: server.ask_reverse(connection.getpeername()[0])  # noqa: E731
    Server(server, SMTP, 587, starttls(lab.tools.mail, after_banner=look_up))
    lab.capture(server, "starttls-human-pause")
    client.steps(SMTP, 587, "connect", "banner", "pause=8", "ehlo", "starttls", "tls", "ehlo", "quit", "close")


@case
def health_check(lab):
    """At the server: a load balancer connects and closes every 5 s, and its PTR, which the server asks for, is dead; a
    real client comes between. unused-connection; nothing stalls."""
    checker = lab.host("checker", "203.0.113.2")
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = lab.host("smtp", SMTP, resolvers=[SERVER_DNS])
    resolvers(lab, SERVER_DNS)
    mail = implicit_tls(lab.tools.mail, smtp)

    def logging(connection):
        server.ask_reverse(connection.getpeername()[0])
        mail(connection)

    Server(server, SMTP, 465, logging)
    lab.capture(server, "health-check")
    for _ in range(4):
        checker.steps(SMTP, 465, "connect", "close")
        time.sleep(2.5)
        client.steps(SMTP, 465, "connect", "tls", "banner", "quit", "close")
        time.sleep(2)
