"""Reverse lookups that are only there: something else is to blame, or nothing."""

import signal
import time

from relay import first, is_client_hello
from resolver import SILENT, answer, nxdomain, servfail

from .common import (
    DNS1, LAPTOP, MAIL_CLIENT, NAMES, PHONE, SERVER_DNS, SMTP, UNNAMED, case, mail_server, phone, resolvers,
)


@case
def ptr_long_over(lab):
    """The PTR is answered NXDOMAIN in a few ms, then the application pauses for 6 s. client-idle."""
    client = phone(lab, DNS1, delay=0.002)
    resolvers(lab, DNS1, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "ptr-long-over")
    client.steps(SMTP, 465, "connect", "reverse", "pause=6", "tls", "banner", "quit", "close")


@case
def ptr_other_host(lab):
    """Seen in the middle: the laptop asks for the server's name, unanswered, while the phone's process is stopped for
    6 s before its ClientHello. client-idle; the lookup is another host's."""
    client = phone(lab, DNS1)
    other = lab.host("laptop", LAPTOP, resolvers=[DNS1], delay=0.038)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(lab.mirror(), "ptr-other-host")
    process = client.steps(SMTP, 465, "connect", "stop", "tls", "banner", "quit", "close", start=True)
    time.sleep(0.4)
    other.ask_reverse(SMTP)
    time.sleep(6)
    process.send_signal(signal.SIGCONT)
    process.wait(20)


@case
def ptr_beside_healthy(lab):
    """The PTR is unanswered for 10 s, but the ClientHello did not wait for it. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-beside-healthy")
    client.steps(SMTP, 465, "connect", "reverse&", "pause=0.05", "tls", "banner", "pause=11", "quit", "close")


@case
def ptr_after_handshake(lab):
    """The client asks for the server's name after the handshake and the greeting, and waits 10 s for it before its
    next command. No handshake stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-after-handshake")
    client.steps(SMTP, 465, "connect", "tls", "banner", "reverse", "ehlo", "quit", "close")


@case
def idle_beside_foreign_ptr(lab):
    """The client pauses for 4 s before the handshake; the PTR of another address is open meanwhile, unanswered.
    client-idle."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "idle-beside-foreign-ptr")
    client.steps(SMTP, 465, "connect", "reverse&=198.51.100.99", "pause=4", "tls", "banner", "pause=7", "quit", "close")


@case
def idle_beside_analyst_ptr(lab):
    """The client pauses for 4 s; a tcpdump without -n on the same host asks for the server's name all the while,
    unanswered. client-idle."""
    client = phone(lab, DNS1, hosts=f"{PHONE} phone\n{DNS1} dns")
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "idle-beside-analyst-ptr")
    client.start("tcpdump", "-l", "-i", "tun0", "tcp")
    time.sleep(1)
    client.steps(SMTP, 465, "connect", "pause=4", "tls", "banner", "pause=7", "quit", "close")


@case
def hello_lost_beside_ptr(lab):
    """The ClientHello is sent at once and its first five copies are lost, while another thread asks for the server's
    name, unanswered. client-hello-lost."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.relay.drop.append(first(5, is_client_hello))
    lab.capture(client, "hello-lost-beside-ptr")
    client.steps(SMTP, 465, "connect", "reverse&", "tls", "banner", "pause=3", "quit", "close")


def idle_beside(lab, name, rules, lookup, otherwise=SILENT):
    """The client pauses for 4 s before the handshake; a lookup in another thread goes on meanwhile."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=rules, otherwise=otherwise)
    mail_server(lab)
    lab.capture(client, name)
    client.steps(SMTP, 465, "connect", "pause=1.5", lookup, "pause=4", "tls", "banner", "pause=3", "quit", "close")


@case
def idle_beside_slow_ptr(lab):
    """The client pauses for 5.5 s; 1.5 s after its beginning another thread asks for the server's name and is answered
    3 s later, 1 s before the pause ends. client-idle."""
    late = answer(("PTR", "smtp.example"), after=2.9)
    idle_beside(lab, "idle-beside-slow-ptr", [("PTR", "*", late), *NAMES], "reverse&")


@case
def idle_beside_failed_ptr(lab):
    """The same, but the answers are SERVFAIL after 0.5 s, twice. client-idle."""
    idle_beside(lab, "idle-beside-failed-ptr", [("PTR", "*", servfail(after=0.5))], "reverse&")


@case
def idle_beside_foreign_name(lab):
    """The same, and what is asked for is another name's address, which is never answered. client-idle."""
    idle_beside(lab, "idle-beside-foreign-name", UNNAMED, "resolve&=updates.invalid")


@case
def idle_beside_slow_name(lab):
    """The same, but it is answered after 2 s. client-idle."""
    late = [("*", "updates.invalid", nxdomain(after=2))]
    idle_beside(lab, "idle-beside-slow-name", late, "resolve&=updates.invalid", nxdomain())


@case
def frozen_beside_analyst_ptr(lab):
    """At the server: its process is stopped for 5 s; a tcpdump without -n on the same host asks for the client's name
    all the while, unanswered. server-slow."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = lab.host("smtp", SMTP, resolvers=[SERVER_DNS], hosts=f"{SMTP} smtp\n{SERVER_DNS} dns")
    resolvers(lab, SERVER_DNS)
    process = server.start("openssl", "s_server", "-accept", "465", "-cert", lab.tools.mail_pem, "-quiet")
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    lab.capture(server, "frozen-beside-analyst-ptr")
    server.start("tcpdump", "-l", "-i", "tun0", "tcp")
    time.sleep(1)
    handshake = client.steps(SMTP, 465, "connect", "tls", "pause=7", "close", start=True)
    time.sleep(5)
    process.send_signal(signal.SIGCONT)
    handshake.wait(15)
