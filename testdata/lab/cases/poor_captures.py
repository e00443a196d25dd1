"""Captures that lack something, or are of another kind."""

import time

from resolver import nxdomain

from .common import DNS1, DNS2, DNS3, PHONE, SMTP, UNNAMED, case, java, mail_server, phone, resolvers


@case
def dns_not_visible(lab):
    """A PTR unanswered for 10 s, but the capture holds TCP only, as when names are resolved over an encrypted
    channel. client-idle, and a hint that 10 s fits a resolver that gives up."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "dns-not-visible", "tcp")
    java(lab, client)


@case
def answers_not_captured(lab):
    """The PTR was answered at once, then the application paused for 7 s; but the capture lacks what comes from port
    53. No second copy at 5 s: the client had its answer. client-idle, or reverse-dns-unanswered at low."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "answers-not-captured", "not src port 53")
    client.steps(SMTP, 465, "connect", "reverse", "pause=7", "tls", "banner", "quit", "close")


@case
def one_direction(lab):
    """The same, and of all traffic the capture holds only what the client sent. client-idle, or
    reverse-dns-unanswered at low."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "one-direction", "src", "host", PHONE)
    client.steps(SMTP, 465, "connect", "reverse", "pause=7", "tls", "banner", "quit", "close")


@case
def snaplen_64(lab):
    """One dead resolver, 10 s; of each packet only 64 octets were kept, so the name asked for is cut.
    reverse-dns-unanswered, or client-idle that says why it cannot know."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "snaplen-64", octets=64)
    java(lab, client)


@case
def interface_any(lab):
    """The wait of ptr-short-timeout, captured on `any`: link type SLL2. reverse-dns-unanswered."""
    client = phone(lab, DNS1, resolver_options=["options timeout:1 attempts:2"])
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "interface-any", interface="any")
    java(lab, client)


@case
def capture_cut_in_wait(lab):
    """The capture of a PTR wait ends after 7 s: a lower bound. reverse-dns-unanswered."""
    client = phone(lab, DNS1, DNS2, DNS3)
    resolvers(lab, DNS1, DNS2, DNS3, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "capture-cut-in-wait")
    client.steps("www.example", 443, "resolve=www.example")
    client.start("java", "-Djdk.tls.trustNameService=true", "-cp", lab.tools.classes, "TlsClient", SMTP, 465)
    time.sleep(8)
