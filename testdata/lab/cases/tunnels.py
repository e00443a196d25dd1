"""What comes before TLS on the same connection: a proxy's CONNECT or SOCKS stage, a PROXY header."""

import time

import servers
from relay import first
from resolver import zone
from servers import Server

from .common import DNS1, NAMES, PROXY, SMTP, WWW, case, curl, openssl_client, phone, resolvers, web_server

SITE = "https://www.example/"


def proxied(lab, name, session, url="http://proxy.example:3128"):
    """curl through a proxy; captured at the client."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *zone(("proxy.example", PROXY))])
    web_server(lab)
    proxy = lab.host("proxy", PROXY)
    Server(proxy, PROXY, int(url.rpartition(":")[2]), session(proxy))
    lab.capture(client, name)
    return client, proxy, lambda: curl(client, SITE, "--proxy", url)


@case
def proxy_tunnel_under(lab):
    """The proxy answers the CONNECT after 0.6 s. No stall."""
    *_, run = proxied(lab, "proxy-tunnel-under", lambda proxy: servers.connect_proxy(proxy, (WWW, 443), think=0.6))
    run()


@case
def proxy_socks(lab):
    """A SOCKS 5 proxy answers the request to connect after 4 s. proxy-tunnel."""
    *_, run = proxied(lab, "proxy-socks", lambda proxy: servers.socks_proxy(proxy, (WWW, 443), think=4),
                      "socks5h://proxy.example:1080")
    run()


@case
def proxy_refused(lab):
    """The proxy answers the CONNECT with 502 after 4 s, so TLS never begins. proxy-tunnel."""
    *_, run = proxied(lab, "proxy-refused", lambda proxy: servers.refusing_proxy(think=4))
    run()


@case
def proxy_then_server_slow(lab):
    """The proxy answers the CONNECT at once, the server behind it takes 3 s for its ServerHello. server-slow, and
    proxy-tunnel is ruled out."""

    def slow(connection):
        connection.recv(1, servers.socket.MSG_PEEK)
        time.sleep(3)
        servers.implicit_tls(lab.tools.web, servers.http)(connection)

    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=zone(("proxy.example", PROXY)))
    Server(lab.host("www", WWW), WWW, 443, slow)
    proxy = lab.host("proxy", PROXY)
    Server(proxy, PROXY, 3128, servers.connect_proxy(proxy, (WWW, 443)))
    lab.capture(client, "proxy-then-server-slow")
    curl(client, SITE, "--proxy", "http://proxy.example:3128")


@case
def proxy_at_proxy(lab):
    """At the proxy: its own SYNs to the server are lost (three, 3 s), so the CONNECT is answered late. proxy-tunnel for
    the client's connection, syn-lost for the proxy's."""
    client, proxy, run = proxied(lab, "proxy-at-proxy-client",
                                 lambda proxy: servers.connect_proxy(proxy, (WWW, 443)))
    lab.relay.drop.append(first(3, lambda packet: packet.is_syn and packet.port == 443))
    lab.capture(proxy, "proxy-at-proxy")
    run()


@case
def proxy_header(lab):
    """At the server: HAProxy in front of it sends a PROXY header (version 1) before the client's ClientHello; the
    server takes 3 s for its ServerHello. server-slow."""
    client = phone(lab, DNS1)
    front, server = lab.host("front", SMTP), lab.host("server", "203.0.113.40")
    configuration = lab.work / "haproxy.cfg"
    configuration.write_text(
        "defaults\n  mode tcp\n  timeout connect 4s\n  timeout client 60s\n  timeout server 60s\n"
        f"listen smtps\n  bind {SMTP}:465\n  server backend 203.0.113.40:465 send-proxy\n"
    )
    front.start("haproxy", "-f", configuration, "-db")

    def behind_proxy(connection):
        header = b""
        while not header.endswith(b"\r\n"):
            header += connection.recv(1)
        time.sleep(3)
        servers.implicit_tls(lab.tools.mail, servers.smtp)(connection)

    Server(server, "203.0.113.40", 465, behind_proxy)
    time.sleep(1)
    lab.capture(server, "proxy-header")
    openssl_client(lab, client, SMTP, 465)
