"""Other protocols that begin in the clear: IMAP, POP3, ManageSieve, FTP, LDAP, XMPP, PostgreSQL, MySQL, with the
servers that people run, and OpenSSL's s_client."""

import os
import signal
import socket
import subprocess
import threading
import time

from resolver import SILENT, answer, nxdomain
from servers import Server

from .common import CLIENT_PTR, IMAP, MAIL_CLIENT, SERVER_DNS, case, openssl_client, resolvers


def far_client(lab):
    return lab.host("client", MAIL_CLIENT, delay=0.03, hops=5)


def knows_itself(lab, name):
    """A host that finds its own name in /etc/hosts: some servers ask for it before they listen."""
    return lab.host(name, IMAP, hosts=f"{IMAP} {socket.gethostname()}")


def own_certificate(lab):
    """A copy of the certificate with its key that only its reader may read, as some servers insist on."""
    pem = lab.work / "server.pem"
    pem.write_bytes(lab.tools.mail_pem.read_bytes())
    pem.chmod(0o600)
    return pem


def dovecot(lab):
    """A private Dovecot on a host of its own."""
    server = knows_itself(lab, "imap")
    configuration = lab.work / "dovecot.conf"
    configuration.write_text(
        f"base_dir = {lab.work}/run\nstate_dir = {lab.work}/state\nlog_path = {lab.work}/mail.log\n"
        f"protocols = imap pop3 sieve\nlisten = {IMAP}\n"
        f"ssl = yes\nssl_cert = <{own_certificate(lab)}\nssl_key = <{lab.work}/server.pem\n"
        "passdb {\n  driver = static\n  args = nopassword=y\n}\n"
        "userdb {\n  driver = static\n  args = uid=mail gid=mail\n}\n"
    )
    process = server.start("dovecot", "-F", "-c", configuration)
    time.sleep(2)
    return server, process


def with_dovecot(lab, name, port, starttls=None, says="a LOGOUT\r\n", frozen=False):
    """s_client at Dovecot, captured at the client; `frozen`: Dovecot is stopped for 3 s, captured at both ends."""
    client = far_client(lab)
    server, process = dovecot(lab)
    if frozen:
        lab.capture(server, f"{name}-at-server")
    lab.capture(client, name)
    if frozen:
        os.killpg(process.pid, signal.SIGSTOP)
        threading.Timer(3, os.killpg, (process.pid, signal.SIGCONT)).start()
    openssl_client(lab, client, IMAP, port, starttls=starttls, says=says)


@case
def dovecot_imap(lab):
    """IMAP with STARTTLS, Dovecot. No stall."""
    with_dovecot(lab, "dovecot-imap", 143, "imap")


@case
def dovecot_imaps(lab):
    """IMAP over TLS from the first byte, Dovecot. No stall."""
    with_dovecot(lab, "dovecot-imaps", 993)


@case
def dovecot_pop3(lab):
    """POP3 with STLS, Dovecot. No stall."""
    with_dovecot(lab, "dovecot-pop3", 110, "pop3", "QUIT\r\n")


@case
def dovecot_sieve(lab):
    """ManageSieve with STARTTLS, Dovecot. No stall."""
    with_dovecot(lab, "dovecot-sieve", 4190, "sieve", "LOGOUT\r\n")


@case
def dovecot_frozen(lab):
    """Dovecot's processes are stopped for 3 s: its IMAP greeting is late. At both ends: server-slow."""
    with_dovecot(lab, "dovecot-frozen", 143, "imap", frozen=True)


@case
def vsftpd(lab):
    """FTP with AUTH TLS, vsftpd. No stall."""
    client = far_client(lab)
    server = lab.host("ftp", IMAP)
    (lab.work / "empty").mkdir()
    configuration = lab.work / "vsftpd.conf"
    configuration.write_text(
        f"listen=YES\nlisten_ipv6=NO\nlisten_address={IMAP}\nbackground=NO\nanonymous_enable=YES\nlocal_enable=NO\n"
        f"ssl_enable=YES\nallow_anon_ssl=YES\nrsa_cert_file={own_certificate(lab)}\nseccomp_sandbox=NO\n"
        f"secure_chroot_dir={lab.work}/empty\nanon_root={lab.work}/empty\nssl_ciphers=HIGH\n"
    )
    server.start("vsftpd", configuration)
    time.sleep(1)
    lab.capture(client, "vsftpd")
    openssl_client(lab, client, IMAP, 21, starttls="ftp")


@case
def slapd(lab):
    """LDAP with StartTLS, OpenLDAP's slapd. No stall."""
    client = far_client(lab)
    server = knows_itself(lab, "ldap")
    configuration = lab.work / "slapd.conf"
    configuration.write_text(
        f"TLSCertificateFile {own_certificate(lab)}\nTLSCertificateKeyFile {lab.work}/server.pem\n"
        f"pidfile {lab.work}/slapd.pid\ndatabase config\nrootpw secret\n"
    )
    server.start("slapd", "-f", configuration, "-h", f"ldap://{IMAP}:389", "-d", "0")
    time.sleep(2)
    lab.capture(client, "slapd")
    client.run("openssl", "s_client", "-starttls", "ldap", "-connect", f"{IMAP}:389")


@case
def prosody(lab):
    """XMPP with STARTTLS, Prosody. No stall."""
    client = far_client(lab)
    server = lab.host("xmpp", IMAP)
    configuration = lab.work / "prosody.cfg.lua"
    own_certificate(lab)
    configuration.write_text(
        f'daemonize = false\nrun_as_root = true\ndata_path = "{lab.work}"\npidfile = "{lab.work}/prosody.pid"\n'
        f'interfaces = {{ "{IMAP}" }}\nmodules_enabled = {{ "tls", "saslauth" }}\nmodules_disabled = {{ "s2s" }}\n'
        f'certificates = "{lab.work}"\nVirtualHost "smtp.example"\n'
        f'ssl = {{ key = "{lab.work}/server.pem", certificate = "{lab.work}/server.pem" }}\n'
    )
    server.start("prosody", "--root", "--config", configuration)
    time.sleep(3)
    lab.capture(client, "prosody")
    client.run("openssl", "s_client", "-starttls", "xmpp", "-xmpphost", "smtp.example", "-connect", f"{IMAP}:5222")


def with_postgres(lab, name, rules, otherwise):
    client = far_client(lab)
    server = lab.host("sql", IMAP, resolvers=[SERVER_DNS])
    resolvers(lab, SERVER_DNS, rules=rules, otherwise=otherwise)
    data, programs = lab.work / "data", "/usr/lib/postgresql/15/bin"
    data.mkdir()
    pem = own_certificate(lab)
    for path in (data, pem):
        subprocess.run(["chown", "postgres", path], check=True)
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--inh-caps=-all"]
    subprocess.run([*as_postgres, f"{programs}/initdb", "-D", data, "--no-sync", "-A", "trust"], check=True,
                   stdout=lab.log, stderr=lab.log)
    (data / "pg_hba.conf").write_text("hostssl all all all trust\n")
    server.start(*as_postgres, f"{programs}/postgres", "-D", data, "-h", IMAP, "-k", "", "-c", "ssl=on",
                 "-c", f"ssl_cert_file={pem}", "-c", f"ssl_key_file={pem}", "-c", "log_hostname=on",
                 "-c", "log_connections=on")
    time.sleep(3)
    lab.capture(server, name)
    lab.capture(client, f"{name}-client")
    client.run("psql", "-w", f"host={IMAP} user=postgres dbname=postgres sslmode=require", "-c", "select 1", timeout=60)


@case
def postgres(lab):
    """PostgreSQL with SSLRequest and `log_hostname`; the client's PTR is answered at once. At both ends no stall."""
    with_postgres(lab, "postgres", [("PTR", CLIENT_PTR, answer(("PTR", "client.example")))], nxdomain())


@case
def postgres_ptr(lab):
    """The same with a PTR that is never answered: 10 s until the server answers the SSLRequest. At the server:
    reverse-dns-unanswered; at the client: server-slow."""
    with_postgres(lab, "postgres-ptr", [], SILENT)


def mysql_session(context, greeting_after):
    """MySQL's greeting, then the client's wish for TLS."""

    def session(connection):
        time.sleep(greeting_after)
        flags = 0x800 | 0x8000 | 0x200 | 0x80000  # SSL, secure connection, protocol 4.1, plugin authentication
        greeting = (b"\x0a8.0.36\0" + bytes([1, 0, 0, 0]) + b"abcdefgh\0" + flags.to_bytes(4, "little")[:2]
                    + b"\x21\x02\0" + flags.to_bytes(4, "little")[2:] + b"\x15" + bytes(10) + b"ijklmnopqrst\0"
                    + b"mysql_native_password\0")
        connection.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
        if len(connection.recv(36)) == 36:
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(4096)

    return session


def with_mysql(lab, name, greeting_after):
    client = far_client(lab)
    Server(lab.host("sql", IMAP), IMAP, 3306, mysql_session(lab.tools.mail, greeting_after))
    lab.capture(client, name)
    client.run("openssl", "s_client", "-starttls", "mysql", "-connect", f"{IMAP}:3306")


@case
def mysql(lab):
    """MySQL: the server speaks first, the client answers with its wish for TLS. The server is a script, the client
    OpenSSL's. No stall."""
    with_mysql(lab, "mysql", 0)


@case
def mysql_greeting_slow(lab):
    """The same with a greeting after 3 s. server-slow, if the port is taken for a MySQL server's."""
    with_mysql(lab, "mysql-greeting-slow", 3)
