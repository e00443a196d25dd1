"""Lookups of a name: the server's before the connection, or the client's own."""

import time

from resolver import SILENT, Resolver, answer, nxdomain, servfail
from servers import Server, starttls

from .common import DNS1, DNS2, NAMES, SMTP, case, mail_server, phone, resolvers


@case
def forward_dead_then_answered(lab):
    """The first resolver is dead; the second, asked after 5 s, answers. The wait is name_resolution.
    forward-dns-unanswered."""
    client = phone(lab, DNS1, DNS2)
    dead = lab.host("dns1", DNS1)
    Resolver(dead, DNS1)
    resolvers(lab, DNS2, rules=NAMES)
    mail_server(lab)
    lab.capture(client, "forward-dead-then-answered")
    client.steps("smtp.example", 465, "connect", "tls", "banner", "quit", "close")


@case
def forward_slow(lab):
    """The A record is answered after 3 s, the AAAA (empty) at once. forward-dns-slow."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("A", "smtp.example", answer(("A", SMTP), after=3)), *NAMES])
    mail_server(lab)
    lab.capture(client, "forward-slow")
    client.steps("smtp.example", 465, "connect", "tls", "banner", "quit", "close")


@case
def forward_search_slow(lab):
    """The name `smtp` is tried in two search domains: in the first it is denied after 3 s, in the second it exists.
    forward-dns-slow."""
    client = phone(lab, DNS1, resolver_options=["search corp.example example"])
    resolvers(lab, DNS1, rules=[("*", "*.corp.example", nxdomain(after=3)), *NAMES])
    mail_server(lab)
    lab.capture(client, "forward-search-slow")
    client.steps("smtp", 465, "connect", "tls", "banner", "quit", "close")


@case
def forward_servfail(lab):
    """A and AAAA are answered SERVFAIL after 2 s, twice by each of two resolvers, then the client's second try
    succeeds: the zone has come back. forward-dns-failed."""
    client = phone(lab, DNS1, DNS2)
    host = lab.host("dns", DNS1, DNS2)
    both = [Resolver(host, address, [("*", "*", servfail(after=2))]) for address in (DNS1, DNS2)]
    mail_server(lab)
    lab.capture(client, "forward-servfail")
    attempt = client.steps("smtp.example", 465, "resolve=smtp.example", "connect", "tls", "banner", "quit", "close",
                           start=True)
    time.sleep(7.5)
    for each in both:
        each.answers.rules[:] = NAMES
    attempt.wait(30)


@case
def aaaa_dead(lab):
    """A is answered at once, AAAA never: glibc connects after 15 s. forward-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("AAAA", "*", SILENT), *NAMES])
    mail_server(lab)
    lab.capture(client, "aaaa-dead")
    client.steps("smtp.example", 465, "connect", "tls", "banner", "quit", "close")


@case
def own_name(lab):
    """Python's smtplib looks up its own host name after the banner, and nobody answers. The wait is in phase starttls.
    forward-dns-unanswered, of the client's own name."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 587, starttls(lab.tools.mail))
    script = "import smtplib; s = smtplib.SMTP('smtp.example', 587); s.starttls(); s.quit()"
    lab.capture(client, "own-name")
    client.run("unshare", "--uts", "sh", "-c", 'hostname laptop; exec "$@"', "sh", lab.tools.python, "-c", script)
