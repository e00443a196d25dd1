"""A client that asks whether the server's certificate is still good, between the server's flight and its Finished."""

import signal
import threading
import time

from resolver import SILENT, zone
from servers import Server, implicit_tls, smtp

from .common import DNS1, NAMES, SMTP, TLS_1_2, case, phone, resolvers

RESPONDER = "203.0.113.99"


def strict_java(lab, host, *options):
    """The JDK client with a trust store and with OCSP."""
    return host.start(
        "java", "-Dcom.sun.net.ssl.checkRevocation=true", *options, f"-Djava.security.properties={lab.tools.ocsp_on}",
        f"-Djavax.net.ssl.trustStore={lab.tools.trust_store}", "-Djavax.net.ssl.trustStorePassword=changeit", TLS_1_2,
        "-cp", lab.tools.classes, "TlsClient", SMTP, 465,
    )


def ends(lab, rules=zone(("ocsp.example", RESPONDER))):
    """The client, and a server whose certificate names an OCSP responder."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *rules])
    server = lab.host("smtp", SMTP)
    Server(server, SMTP, 465, implicit_tls(lab.tools.issued, smtp))
    return client, server


def responder(lab, **options):
    started = lab.host("ocsp", RESPONDER, **options).start(
        "openssl", "ocsp", "-port", "80", "-index", lab.tools.ocsp_index, "-CA", lab.tools.authority_pem,
        "-rsigner", lab.tools.authority_pem,
    )
    time.sleep(1)
    return started


def frozen_for(process, seconds, run):
    process.send_signal(signal.SIGSTOP)
    running = run()
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)
    running.wait(20)


@case
def revocation(lab):
    """A strict JDK client asks the OCSP responder named in the server's certificate, which leads nowhere: 15 s between
    the server's flight and the client's Finished. revocation-lookup."""
    client, _ = ends(lab)
    lab.capture(client, "revocation")
    strict_java(lab, client).wait(40)


@case
def revocation_slow(lab):
    """The same, but the responder answers after 4 s, and the handshake succeeds. revocation-lookup."""
    client, _ = ends(lab)
    asked = responder(lab)
    lab.capture(client, "revocation-slow")
    frozen_for(asked, 4.7, lambda: strict_java(lab, client))


@case
def revocation_at_server(lab):
    """The same run seen from the server, to which the client is only silent. client-idle in client_finished."""
    client, server = ends(lab)
    asked = responder(lab)
    lab.capture(server, "revocation-at-server")
    frozen_for(asked, 4.7, lambda: strict_java(lab, client))


@case
def revocation_under(lab):
    """The responder answers at once, over a path that makes the question take 0.5 s. No stall."""
    client, _ = ends(lab)
    responder(lab, delay=0.08)
    lab.capture(client, "revocation-under")
    strict_java(lab, client).wait(20)


@case
def revocation_name_dead(lab):
    """The A and AAAA of the responder's name are never answered: 10 s. revocation-lookup: nobody else would have asked
    for that name."""
    client, _ = ends(lab, [("*", "ocsp.example", SILENT)])
    lab.capture(client, "revocation-name-dead")
    strict_java(lab, client).wait(60)


@case
def revocation_then_stopped(lab):
    """The responder answers at once; then the client's process is stopped for 4 s. client-idle in client_finished; the
    lookup was over."""
    client, _ = ends(lab)
    responder(lab)
    answered = threading.Event()
    is_answer = lambda packet: packet.raw[12:16] == bytes([203, 0, 113, 99]) and b"HTTP/1." in packet.payload[:8]
    lab.relay.drop.append(lambda packet: is_answer(packet) and answered.set())
    lab.capture(client, "revocation-then-stopped")
    process = strict_java(lab, client)
    answered.wait(20)
    process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    process.send_signal(signal.SIGCONT)
    process.wait(20)


@case
def revocation_list(lab):
    """The certificate names no responder but a list of what was revoked (CRL), at a host that leads nowhere.
    revocation-lookup."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=[*NAMES, *zone(("crl.example", RESPONDER))])
    Server(lab.host("smtp", SMTP), SMTP, 465, implicit_tls(lab.tools.listed, smtp))
    lab.capture(client, "revocation-list")
    strict_java(lab, client, "-Dcom.sun.security.enableCRLDP=true").wait(60)
