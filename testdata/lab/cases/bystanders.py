"""Reverse lookups that are only there: something else is to blame, or nothing."""

import signal
import time

from relay import first, is_client_hello
from resolver import nxdomain

from .common import DNS1, LAPTOP, PHONE, SMTP, UNNAMED, case, mail_server, phone, resolvers


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
