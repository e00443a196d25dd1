"""Reverse lookups by the client."""

import socket
import time

import servers
from relay import first, is_to_udp_port
from resolver import Answers, Resolver, answer, nxdomain, refused, servfail
from servers import Server, implicit_tls, smtp

from .common import (
    DNS1, DNS2, DNS3, DNS6, IMAP, NAMES, PHONE, PHONE6, SMTP, SMTP6, SMTP_PTR, TLS_1_2, UNNAMED, case, curl, java,
    mail_server, phone, resolvers, web_server,
)


@case
def origin(lab):
    """A phone's mail app connects to an address without a name. Its PTR lookup is answered by none of three resolvers
    (which do answer for www.example): 0, 5, 8, 14, 19, 22 s, given up at 28 s. The server closes after 6 s; the
    ClientHello at 28 s meets a RST. reverse-dns-unanswered."""
    client = phone(lab, DNS1, DNS2, DNS3)
    resolvers(lab, DNS1, DNS2, DNS3, rules=UNNAMED)
    mail_server(lab, patience=6)
    web_server(lab)
    lab.capture(client, "origin")
    curl(client)
    java(lab, client, SMTP, 465, TLS_1_2)


@case
def origin_healthy(lab):
    """As origin, but the PTR is answered at once. No stall."""
    client = phone(lab, DNS1, DNS2, DNS3)
    resolvers(lab, DNS1, DNS2, DNS3, rules=NAMES)
    mail_server(lab, patience=6)
    web_server(lab)
    lab.capture(client, "origin-healthy")
    curl(client)
    java(lab, client, SMTP, 465, TLS_1_2)


@case
def origin_at_server(lab):
    """The origin seen from the server: only a silent client, whom it leaves after 6 s. client-idle; no name lookup is
    visible from here."""
    client = phone(lab, DNS1, DNS2, DNS3)
    resolvers(lab, DNS1, DNS2, DNS3, rules=UNNAMED)
    server = mail_server(lab, patience=6)
    lab.capture(server, "origin-at-server")
    java(lab, client, SMTP, 465, TLS_1_2)


@case
def ptr_nxdomain(lab):
    """The PTR is answered NXDOMAIN at once: a missing record alone does not stall. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "ptr-nxdomain")
    java(lab, client)


@case
def ptr_refused(lab):
    """The resolver refuses every query at once. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=refused())
    mail_server(lab)
    lab.capture(client, "ptr-refused")
    java(lab, client)


@case
def ptr_port_unreachable(lab):
    """No resolver listens; ICMP says so at once. No stall."""
    client = phone(lab, DNS1)
    lab.host("dns", DNS1)
    mail_server(lab)
    lab.capture(client, "ptr-port-unreachable")
    java(lab, client)


@case
def ptr_one_dead(lab):
    """One resolver, and it answers nothing: 0, 5 s, given up at 10 s. reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "ptr-one-dead")
    java(lab, client)


@case
def ptr_slow(lab):
    """The resolver answers everything after 7 s: the PTR, then the A and AAAA of the name it gave, 14 s in all.
    reverse-dns-slow (and forward-dns-slow)."""
    client = phone(lab, DNS1)
    late = [(kind, name, answer(*reply.records, after=7)) for kind, name, reply in NAMES]
    resolvers(lab, DNS1, rules=late)
    mail_server(lab)
    lab.capture(client, "ptr-slow")
    java(lab, client)


@case
def ptr_slow_once(lab):
    """The PTR is answered after 3 s, the forward lookup at once. reverse-dns-slow."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("PTR", SMTP_PTR, answer(("PTR", "smtp.example"), after=3)), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-slow-once")
    java(lab, client)


@case
def ptr_cname(lab):
    """A range delegated as in RFC 2317: the PTR is answered after 3 s by a CNAME and the PTR it leads to.
    reverse-dns-slow."""
    target = "25.0-127.113.0.203.in-addr.arpa"
    client = phone(lab, DNS1)
    delegated = answer(("CNAME", target), ("PTR", "smtp.example", target), after=3)
    resolvers(lab, DNS1, rules=[("PTR", SMTP_PTR, delegated), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-cname")
    java(lab, client)


@case
def ptr_truncated(lab):
    """The answer by UDP is truncated; the one by TCP takes 4 s. reverse-dns-slow."""
    client = phone(lab, DNS1)
    host = resolvers(lab, DNS1, rules=[("PTR", "*", answer(truncated=True)), *NAMES])
    late = [("PTR", "*", answer(("PTR", "smtp.example"), after=4))]
    Server(host, DNS1, 53, servers.dns_over_stream(Answers(late)))
    mail_server(lab)
    lab.capture(client, "ptr-truncated")
    java(lab, client)


@case
def ptr_second_answers(lab):
    """The first resolver is dead, the second, asked after 5 s, answers NXDOMAIN. reverse-dns-slow: a dead first
    resolver costs 5 s a lookup."""
    client = phone(lab, DNS1, DNS2)
    Resolver(lab.host("dns1", DNS1), DNS1)
    resolvers(lab, DNS2, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "ptr-second-answers")
    java(lab, client)


@case
def ptr_query_lost(lab):
    """The first PTR query is lost on the way, the one after 5 s is answered at once. reverse-dns-slow."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    mail_server(lab)
    lab.relay.drop.append(first(1, is_to_udp_port(53)))
    lab.capture(client, "ptr-query-lost")
    java(lab, client)


@case
def ptr_servfail_slow(lab):
    """Two resolvers, each SERVFAIL after 4 s, asked twice each: 16 s though every query is answered.
    reverse-dns-failed."""
    client = phone(lab, DNS1, DNS2)
    resolvers(lab, DNS1, DNS2, rules=[("PTR", "*", servfail(after=3.92)), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-servfail-slow")
    java(lab, client)


@case
def ptr_wrong_id(lab):
    """The resolver answers at once with an id that nobody asked with: as good as silent, 10 s.
    reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    wrong = answer(("PTR", "smtp.example"), wrong_id=True)
    resolvers(lab, DNS1, rules=[("PTR", "*", wrong), *NAMES])
    mail_server(lab)
    lab.capture(client, "ptr-wrong-id")
    java(lab, client)


@case
def ptr_then_forward_dead(lab):
    """The PTR is answered at once, the A and AAAA of the name it gave never: 10 s. forward-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[("PTR", SMTP_PTR, answer(("PTR", "smtp.example")))])
    mail_server(lab)
    lab.capture(client, "ptr-then-forward-dead")
    java(lab, client)


@case
def ptr_before_syn(lab):
    """The client asks for the server's name before it connects: the 10 s are in name_resolution, the handshake itself
    is quick. reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "ptr-before-syn")
    client.steps(SMTP, 465, "reverse", "connect", "tls", "banner", "quit", "close")


@case
def ptr_ipv6(lab):
    """An IPv6 server: the PTR is below ip6.arpa. One dead resolver, 10 s. reverse-dns-unanswered."""
    client = lab.host("phone", PHONE, PHONE6, resolvers=[DNS1], delay=0.038)
    resolvers(lab, DNS1)
    server = lab.host("smtp", SMTP6)
    Server(server, SMTP6, 465, implicit_tls(lab.tools.mail, smtp))
    lab.capture(client, "ptr-ipv6")
    java(lab, client, SMTP6, 465, "-Djava.net.preferIPv6Addresses=true")


@case
def ptr_ipv6_only(lab):
    """The same without any IPv4. reverse-dns-unanswered."""
    client = lab.host("phone", PHONE6, resolvers=[DNS6], delay=0.038)
    resolvers(lab, DNS6)
    server = lab.host("smtp", SMTP6)
    Server(server, SMTP6, 465, implicit_tls(lab.tools.mail, smtp))
    lab.capture(client, "ptr-ipv6-only")
    java(lab, client, SMTP6, 465, "-Djava.net.preferIPv6Addresses=true")


@case
def ptr_musl_servfail(lab):
    """A client with musl: SERVFAIL at once, yet it waits its full 5 s. reverse-dns-failed."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=servfail())
    mail_server(lab)
    lab.capture(client, "ptr-musl-servfail")
    client.run(lab.tools.musl_client, SMTP, 465, lab.tools.python, lab.tools.steps, SMTP, 465, "inherit", "tls",
               "banner", "quit", "close")


@case
def ptr_musl_dead(lab):
    """A client with musl, three dead resolvers: all asked at 0 and 2.5 s, given up at 5 s. reverse-dns-unanswered."""
    client = phone(lab, DNS1, DNS2, DNS3)
    resolvers(lab, DNS1, DNS2, DNS3)
    mail_server(lab)
    lab.capture(client, "ptr-musl-dead")
    client.run(lab.tools.musl_client, SMTP, 465, lab.tools.python, lab.tools.steps, SMTP, 465, "inherit", "tls",
               "banner", "quit", "close")


@case
def ptr_options_28s(lab):
    """One dead resolver and `options timeout:7 attempts:4`: 0, 7, 14, 21 s, given up at 28 s.
    reverse-dns-unanswered."""
    client = phone(lab, DNS1, resolver_options=["options timeout:7 attempts:4"])
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-options-28s")
    java(lab, client)


@case
def ptr_short_timeout(lab):
    """`options timeout:1 attempts:2`: given up after 2 s. reverse-dns-unanswered."""
    client = phone(lab, DNS1, resolver_options=["options timeout:1 attempts:2"])
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-short-timeout")
    java(lab, client)


@case
def ptr_mdns(lab):
    """The PTR is answered NXDOMAIN at once; then the client asks by multicast, which nobody answers, for 5 s.
    reverse-dns-unanswered, by mDNS."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, otherwise=nxdomain())
    mail_server(lab)
    lab.capture(client, "ptr-mdns")
    client.steps(SMTP, 465, "connect", "reverse", "mdns=5", "tls", "banner", "quit", "close")


@case
def ptr_over_tls(lab):
    """The same as ptr-one-dead, but names are resolved over TLS (port 853), by an Unbound on the client. client-idle,
    and a hint that names are resolved unseen and that 10 s fits a resolver that gives up."""
    client = phone(lab, "127.0.0.1")
    dns = lab.host("dns", DNS1)
    Server(dns, DNS1, 853, implicit_tls(lab.tools.mail, servers.dns_over_stream(Answers(UNNAMED))))
    configuration = lab.work / "unbound.conf"
    configuration.write_text(
        f"server:\n  do-daemonize: no\n  username: ''\n  chroot: ''\n  directory: {lab.work}\n"
        f"  pidfile: {lab.work}/unbound.pid\n  interface: 127.0.0.1\n  module-config: iterator\n  use-syslog: no\n"
        "  local-zone: 113.0.203.in-addr.arpa. nodefault\n"
        f"  tls-cert-bundle: {lab.tools.mail_pem}\nremote-control:\n  control-enable: no\n"
        f"forward-zone:\n  name: .\n  forward-tls-upstream: yes\n  forward-addr: {DNS1}@853#smtp.example\n"
    )
    client.start("unbound", "-c", configuration)
    mail_server(lab)
    web_server(lab)
    time.sleep(1)
    lab.capture(client, "ptr-over-tls")
    curl(client)
    java(lab, client)


@case
def ptr_via_forwarder(lab):
    """In the middle, on the far side of the phone's own forwarder (dnsmasq): the PTR comes from the forwarder's
    address, the connection from the phone's. reverse-dns-unanswered at most medium."""
    gateway_address = "10.8.0.254"
    client = phone(lab, gateway_address)
    gateway = lab.host("gateway", gateway_address, delay=0.038)
    resolvers(lab, DNS1, rules=UNNAMED)
    gateway.start("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", f"--server={DNS1}", "--conf-file=/dev/null",
                  "--user=root", "--pid-file=")
    mail_server(lab)
    time.sleep(0.5)
    lab.capture(lab.mirror(), "ptr-via-forwarder", f"not (host {PHONE} and host {gateway_address})")
    client.steps("www.example", 443, "resolve=www.example")
    java(lab, client)


@case
def ptr_two_servers(lab):
    """Two clients on the phone wait at the same time, each for the PTR of its own server: two stalls of 10 s, two
    lookups; a third connection in between is healthy. reverse-dns-unanswered twice."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    other = lab.host("imap", IMAP)
    Server(other, IMAP, 993, implicit_tls(lab.tools.mail, smtp))
    web_server(lab)
    lab.capture(client, "ptr-two-servers")
    running = [client.start("java", "-Djdk.tls.trustNameService=true", "-cp", lab.tools.classes, "TlsClient", *target)
               for target in ((SMTP, 465), (IMAP, 993))]
    time.sleep(4)
    curl(client)
    for process in running:
        process.wait(30)


@case
def ptr_shared(lab):
    """Two connections to the same server wait for one and the same PTR lookup, 10 s: two stalls, one lookup.
    reverse-dns-unanswered twice."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-shared")
    finish = "tls", "banner", "quit", "close"
    client.steps(SMTP, 465, "resolve=www.example", "connect", "swap", "connect", "reverse", *finish, "swap", *finish)


@case
def port_reuse(lab):
    """Two connections with the same addresses and ports: the first healthy and ended by a RST, the second stalled by
    an unanswered PTR, 10 s. reverse-dns-unanswered, in stream 1 only."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "port-reuse")
    client.steps(SMTP, 465, "from=40000", "connect", "tls", "banner", "reset", "pause=1", "connect", "reverse", "tls",
                 "banner", "quit", "close")


@case
def ptr_keepalive(lab):
    """As ptr-one-dead; the server sends a keep-alive every 2 s, which the client acknowledges. The wait is 10 s all
    the same. reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    Server(lab.host("smtp", SMTP), SMTP, 465, implicit_tls(lab.tools.mail, smtp), options=[
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    ])
    lab.capture(client, "ptr-keepalive")
    client.steps(SMTP, 465, "resolve=www.example")
    java(lab, client)


@case
def ptr_server_reset(lab):
    """As ptr-one-dead, but the server resets after 6 s, while the client still waits; no ClientHello is ever sent.
    reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.mail, smtp, patience=6, abort=True))
    lab.capture(client, "ptr-server-reset")
    client.steps(SMTP, 465, "resolve=www.example")
    java(lab, client)


@case
def ptr_client_gives_up(lab):
    """As ptr-one-dead, but the client is ended after 7 s: its FIN ends the wait. reverse-dns-unanswered."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=UNNAMED)
    mail_server(lab)
    lab.capture(client, "ptr-client-gives-up")
    client.steps(SMTP, 465, "resolve=www.example")
    waiting = client.steps(SMTP, 465, "connect", "reverse", "tls", start=True)
    time.sleep(7)
    waiting.terminate()
    waiting.wait(5)


@case
def resolver_silent(lab):
    """The resolver answers nothing at all: not the A and AAAA of www.example (10 s, then curl gives up), and not the
    PTR (10 s) of the mail app that runs next. resolver-silent."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "resolver-silent")
    curl(client)
    java(lab, client)
