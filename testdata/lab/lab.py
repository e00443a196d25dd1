"""Hosts (network namespaces) around one relay, captures on them, and their removal, whatever happens."""

import contextlib
import ctypes
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import editing
import relay

HERE = Path(__file__).resolve().parent
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Host:
    """A network namespace with one interface, tun0, and with its own /etc/resolv.conf, hosts and nsswitch.conf."""

    def __init__(self, lab, name, addresses, resolvers, hosts, resolver_options, delay, hops):
        self.lab, self.name, self.addresses = lab, name, addresses
        self.namespace = f"lab{os.getpid()}-{name}"
        self.etc = Path("/etc/netns") / self.namespace
        self.descriptor = self._make_interface()
        self._write_etc(resolvers, hosts, resolver_options)
        packed = [ipaddress.ip_address(address).packed for address in addresses]
        if addresses:
            lab.relay.attach(self.descriptor, packed, delay, hops)

    def _make_interface(self):
        sh("ip", "netns", "add", self.namespace)
        self.lab.cleanup.callback(subprocess.run, ["ip", "netns", "del", self.namespace])
        interface = f"lab{os.getpid()}.{len(self.lab.hosts)}"
        descriptor = relay.open_tun(interface)
        sh("ip", "link", "set", interface, "netns", self.namespace, "name", "tun0")
        self.sysctl("net.ipv6.conf.tun0.addr_gen_mode", 1)  # no link-local address, so no router solicitations
        six = any(":" in address for address in self.addresses)
        self.sysctl("net.ipv6.conf.tun0.disable_ipv6", 0 if six else 1)
        self.ip("link", "set", "lo", "up")
        for address in self.addresses:
            self.ip("address", "add", address, "dev", "tun0", *(["nodad"] if ":" in address else []))
        self.ip("link", "set", "tun0", "up")
        if any(":" not in address for address in self.addresses):
            self.ip("-4", "route", "add", "default", "dev", "tun0")
        if six:
            self.ip("-6", "route", "add", "default", "dev", "tun0")
        return descriptor

    def _write_etc(self, resolvers, hosts, resolver_options):
        self.etc.mkdir(parents=True)
        self.lab.cleanup.callback(self._remove_etc)
        lines = [f"nameserver {address}" for address in resolvers or ["192.0.2.1"]]  # nobody owns that one
        (self.etc / "resolv.conf").write_text("\n".join([*lines, *resolver_options, ""]))
        (self.etc / "hosts").write_text(f"127.0.0.1 localhost\n{hosts}\n")
        (self.etc / "nsswitch.conf").write_text("hosts: files dns\nservices: files\nprotocols: files\n")

    def _remove_etc(self):
        shutil.rmtree(self.etc)
        with contextlib.suppress(OSError):
            self.etc.parent.rmdir()  # unless others use it

    def ip(self, *arguments):
        sh("ip", "-n", self.namespace, *arguments)

    def sysctl(self, key, value):
        sh("ip", "netns", "exec", self.namespace, "sysctl", "-qw", f"{key}={value}")

    def start(self, *command, **options):
        """Start a program on this host; it is killed when the lab is torn down."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", self.lab.log)
        options.setdefault("stderr", self.lab.log)
        program = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *map(str, command)], start_new_session=True, **options
        )
        self.lab.cleanup.callback(end, program)
        return program

    def run(self, *command, timeout=90, **options):
        """Run a program on this host to its end. That it fails is often the very point of a case, so it is no error."""
        return self.start(*command, **options).wait(timeout)

    def steps(self, server, port, *steps, start=False, **options):
        """The Python client; steps.py says which steps there are."""
        command = [sys.executable, HERE / "steps.py", server, port, *steps]
        return (self.start if start else self.run)(*command, **options)

    def socket(self, family, kind):
        """A socket of this host, for a server that runs as a thread of the lab."""
        made = []

        def make():
            with open(f"/var/run/netns/{self.namespace}") as namespace:
                if libc.setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket(family, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        self.lab.cleanup.callback(made[0].close)
        return made[0]

    def ask_reverse(self, address):
        """What a server does that logs its clients' names: a lookup beside its other work."""
        return self.start("getent", "hosts", address)


def end(program):
    for number in (signal.SIGTERM, signal.SIGKILL):
        if program.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(3)


class Lab:
    """One case: `with Lab(...) as lab`. The captures are kept only if the case ran to its end."""

    def __init__(self, captures, tools):
        self.captures, self.tools = captures, tools
        self.cleanup = contextlib.ExitStack()
        self.hosts = []
        self._running = []

    def __enter__(self):
        self.work = Path(tempfile.mkdtemp(prefix="lab-"))
        self.work.chmod(0o755)
        self.cleanup.callback(shutil.rmtree, self.work, ignore_errors=True)
        self.log = open(self.work / "log", "w+")
        self.relay = relay.Relay()
        self.relay.start()
        self.cleanup.callback(self.relay.stop)
        return self

    def __exit__(self, kind, error, trace):
        try:
            if self._running:
                time.sleep(0.4)
            for tcpdump, _, _ in self._running:
                end(tcpdump)
            if kind is None:
                for _, recorded, name in self._running:
                    self._keep(recorded, name)
            else:
                self.log.seek(0)
                sys.stderr.write(self.log.read())
        finally:
            self.cleanup.close()

    def _keep(self, recorded, name):
        owner = self.captures.stat()
        os.chown(recorded, owner.st_uid, owner.st_gid)
        os.chmod(recorded, 0o644)
        almost = self.captures / f".{name}.new"
        shutil.move(recorded, almost)
        almost.replace(self.captures / f"{name}.pcap")

    def edit(self, source, name, *edits):
        """Make the capture NAME.pcap of SOURCE.pcap, which another case has made, by these edits; editing.py has
        them."""
        made = self.captures / f"{source}.pcap"
        header, began, records = editing.read(made if made.exists() else HERE.parent / "recorded" / made.name)
        for edit in edits:
            records = edit(records)
        edited = self.work / f"{name}.pcap"
        editing.write(edited, header, began, records)
        self._keep(edited, name)

    def host(self, name, *addresses, resolvers=(), hosts="", resolver_options=(), delay=0.001, hops=3):
        """A host at the end of a line with this one-way delay, in seconds, and so many routers.

        resolver_options are more lines for resolv.conf, hosts more lines for /etc/hosts.
        """
        self.hosts.append(Host(self, name, addresses, resolvers, hosts, resolver_options, delay, hops))
        return self.hosts[-1]

    def lan(self, *hosts):
        """Put hosts, which have no address yet, on one Ethernet: (host, address) each, in a /24, as interface eth0."""
        switch = self.host("switch")
        for scope in ("all", "default"):
            switch.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)
        switch.ip("link", "add", "lan", "type", "bridge", "mcast_snooping", "0")
        switch.ip("link", "set", "lan", "up")
        for number, (host, address) in enumerate(hosts):
            switch.ip("link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
            switch.ip("link", "set", f"port{number}", "master", "lan", "up")
            host.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)
            host.ip("address", "add", f"{address}/24", "dev", "eth0")
            host.ip("link", "set", "eth0", "up")

    def mirror(self):
        """A host that sees every packet as it passes the middle of the network."""
        watcher = self.host("mirror")
        self.relay.mirror_to(watcher.descriptor)
        return watcher

    def capture(self, host, name, *expression, interface="tun0", octets=0):
        """Capture on a host from now to the end of the case, as NAME.pcap; all of a packet, or its first octets."""
        recorded = self.work / f"{name}.pcap"
        tcpdump = host.start(
            *"tcpdump --immediate-mode -U -n -Z root -s".split(), octets, "-i", interface, "-w", recorded, *expression,
            stderr=subprocess.PIPE,
        )
        for line in tcpdump.stderr:
            if b"listening on" in line:
                break
        self._running.append((tcpdump, recorded, name))
