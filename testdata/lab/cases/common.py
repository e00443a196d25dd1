"""The addresses, names and hosts that many cases share."""

import postfix
from resolver import SILENT, Resolver, reverse_name, zone
from servers import Server, http, implicit_tls, smtp

PHONE, LAPTOP = "10.8.0.1", "10.8.0.2"
PHONE6, DNS6 = "2001:db8:8::1", "2001:db8:53::53"
SMTP, SMTP6, WWW = "203.0.113.25", "2001:db8:25::25", "203.0.113.80"
IMAP, PROXY = "203.0.113.26", "203.0.113.31"
DNS1, DNS2, DNS3 = "10.0.0.1", "10.0.0.2", "10.0.0.3"
SMTP_PTR = reverse_name(SMTP)
NAMES = zone(("smtp.example", SMTP), ("www.example", WWW))
UNNAMED = [("PTR", "*", SILENT), *NAMES]  # every address record answered, no reverse lookup

MAIL_CLIENT, SERVER_DNS = "198.51.100.77", "203.0.113.53"
CLIENT_PTR = reverse_name(MAIL_CLIENT)
TLS_1_2 = "-Djdk.tls.client.protocols=TLSv1.2"

ALL = {}


def case(function):
    ALL[function.__name__.replace("_", "-")] = function
    return function


def phone(lab, *resolvers, **options):
    options.setdefault("delay", 0.038)
    return lab.host("phone", PHONE, resolvers=resolvers, **options)


def mail_server(lab, patience=None, port=465, **options):
    """smtp.example with implicit TLS."""
    host = lab.host("smtp", SMTP, **options)
    Server(host, SMTP, port, implicit_tls(lab.tools.mail, smtp, patience))
    return host


def web_server(lab):
    host = lab.host("www", WWW)
    Server(host, WWW, 443, implicit_tls(lab.tools.web, http))
    return host


def resolvers(lab, *addresses, rules=(), otherwise=SILENT):
    host = lab.host("dns", *addresses)
    for address in addresses:
        Resolver(host, address, rules, otherwise)
    return host


def java(lab, host, address=SMTP, port=465, *options, **more):
    """The JDK client that asks for the server's name before its ClientHello."""
    host.run("java", "-XX:TieredStopAtLevel=1", "-Djdk.tls.trustNameService=true", *options, "-cp", lab.tools.classes,
             "TlsClient", address, port, **more)


def curl(host, url="https://www.example/", *options):
    host.run("curl", "-sk", "--max-time", "30", "-o", "/dev/null", *options, url)


def postfix_and_client(lab, name, rules=(), main="", otherwise=SILENT, master=postfix.MASTER):
    """Postfix, its resolver, and a client far away; captured at both ends."""
    client = lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)
    server = lab.host("smtp", SMTP, resolvers=[SERVER_DNS])
    resolvers(lab, SERVER_DNS, rules=rules, otherwise=otherwise)
    postfix.start(lab, server, lab.tools.mail_pem, main, master)
    lab.capture(server, name)
    lab.capture(client, f"{name}-client")
    return client


def openssl_client(lab, host, server, port, starttls=None, says="QUIT\r\n"):
    """`openssl s_client`, which says these words after the handshake and waits for the server to close."""
    words = lab.work / "words"
    words.write_bytes(says.encode())
    how = ["-starttls", starttls] if starttls else []
    if starttls == "smtp":
        how += ["-name", "client.example"]
    with open(words) as standard_input:
        host.run("openssl", "s_client", *how, "-connect", f"{server}:{port}", "-quiet", "-ign_eof",
                 stdin=standard_input)
