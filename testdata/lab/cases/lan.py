"""One Ethernet instead of a network of routers: a neighbour that is down is asked for by ARP, and nothing more."""

import time

import postfix
from resolver import Resolver
from servers import Server, implicit_tls, smtp

from .common import UNNAMED, case, java, openssl_client

CLIENT, SERVER, DNS = "192.0.2.10", "192.0.2.25", "192.0.2.53"


def lan(lab, client_asks=(), server_asks=(), dns=False):
    client, server = lab.host("client", resolvers=client_asks), lab.host("server", resolvers=server_asks)
    hosts = [(client, CLIENT), (server, SERVER)]
    if dns:
        hosts.append((lab.host("dns"), DNS))
    lab.lan(*hosts)
    if dns:
        Resolver(hosts[-1][0], DNS, UNNAMED)
    time.sleep(0.5)
    return client, server


@case
def lan_ptr(lab):
    """ptr-one-dead on one Ethernet, with a resolver that is up and answers everything but the PTR: link type Ethernet,
    with ARP. reverse-dns-unanswered."""
    client, server = lan(lab, client_asks=[DNS], dns=True)
    Server(server, SERVER, 465, implicit_tls(lab.tools.mail, smtp))
    lab.capture(client, "lan-ptr", interface="eth0")
    java(lab, client, SERVER)


@case
def lan_resolver_down(lab):
    """The client's resolver is down: its kernel asks for it by ARP, and no query is ever sent. client-idle; that names
    may be resolved unseen is said."""
    client, server = lan(lab, client_asks=[DNS])
    Server(server, SERVER, 465, implicit_tls(lab.tools.mail, smtp))
    lab.capture(client, "lan-resolver-down", interface="eth0")
    java(lab, client, SERVER)


@case
def lan_server_resolver_down(lab):
    """The server's resolver is down, and Postfix waits for the client's name before its greeting. At the server, too:
    server-slow."""
    client, server = lan(lab, server_asks=[DNS])
    postfix.start(lab, server, lab.tools.mail_pem)
    lab.capture(server, "lan-server-resolver-down", interface="eth0")
    openssl_client(lab, client, SERVER, 25, starttls="smtp")
