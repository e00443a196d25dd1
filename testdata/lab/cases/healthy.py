"""Nothing wrong."""

from servers import Server, starttls

from .common import DNS1, NAMES, SMTP, case, curl, mail_server, phone, openssl_client, resolvers, web_server


@case
def healthy_tls_1_3(lab):
    """A plain TLS 1.3 connection by name. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    web_server(lab)
    lab.capture(client, "healthy-tls-1-3")
    curl(client)


@case
def healthy_tls_1_2(lab):
    """A plain TLS 1.2 connection by name. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    mail_server(lab)
    lab.capture(client, "healthy-tls-1-2")
    client.steps("smtp.example", 465, "connect", "tls=1.2", "banner", "ehlo", "quit", "close")


@case
def healthy_java(lab):
    """The JDK client as it comes, by address: it asks for no name. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1)
    mail_server(lab)
    lab.capture(client, "healthy-java")
    client.run("java", "-cp", lab.tools.classes, "TlsClient", SMTP, 465)


@case
def healthy_starttls(lab):
    """SMTP with STARTTLS, quick. No stall."""
    client = phone(lab, DNS1)
    resolvers(lab, DNS1, rules=NAMES)
    Server(lab.host("smtp", SMTP), SMTP, 587, starttls(lab.tools.mail))
    lab.capture(client, "healthy-starttls")
    openssl_client(lab, client, "smtp.example", 587, starttls="smtp")
