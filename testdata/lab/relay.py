"""A router in user space: the namespaces of the lab meet here.

Every host has one TUN interface whose other end is a file descriptor of this process. A packet is read from the
sender, delayed, perhaps dropped, and written to the owner of its destination address, as a router far away would do it:
with the hop limit lowered. A destination that nobody owns swallows the packet, as a dead address does.
"""

import fcntl
import heapq
import itertools
import os
import select
import struct
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def open_tun(interface):
    """Make a TUN interface; it lives as long as the descriptor that is returned."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH", interface.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


class Packet:
    """What the loss rules look at."""

    def __init__(self, raw):
        self.raw = raw
        if raw[0] >> 4 == 4:
            self.source, self.destination = raw[12:16], raw[16:20]
            self.protocol, header = raw[9], (raw[0] & 15) * 4
        else:
            self.source, self.destination = raw[8:24], raw[24:40]
            self.protocol, header = raw[6], 40
        self.flags, self.payload, self.port, self.sequence = 0, b"", None, None
        if self.protocol in (6, 17):
            self.port = int.from_bytes(raw[header + 2:header + 4], "big")  # of the destination
        if self.protocol == 6:
            self.flags = raw[header + 13]
            self.sequence = raw[header + 4:header + 8]
            self.payload = raw[header + (raw[header + 12] >> 4) * 4:]

    @property
    def is_syn(self):
        return self.flags & 0x12 == 0x02

    @property
    def is_syn_ack(self):
        return self.flags & 0x12 == 0x12

    @property
    def is_client_hello(self):
        return self.payload[:1] == b"\x16" and self.payload[5:6] == b"\x01"

    @property
    def is_server_hello(self):
        return self.payload[:1] == b"\x16" and self.payload[5:6] == b"\x02"


def is_syn(packet):
    return packet.is_syn


def is_syn_ack(packet):
    return packet.is_syn_ack


def is_client_hello(packet):
    return packet.is_client_hello


def is_server_hello(packet):
    return packet.is_server_hello


def is_to_udp_port(port):
    return lambda packet: packet.protocol == 17 and packet.port == port


def is_longer_than(octets):
    return lambda packet: len(packet.raw) > octets


def first(copies, matches):
    """A loss rule: drop the first so many packets that match."""
    left = itertools.count(copies, -1)
    return lambda packet: matches(packet) and next(left) > 0


def copies_of_first(copies, matches):
    """A loss rule: drop so many copies of the first packet that matches, told by its sequence number."""
    chosen = []

    def rule(packet):
        if not chosen and matches(packet):
            chosen.append((packet.source, packet.sequence))
        if chosen and (packet.source, packet.sequence) == chosen[0] and packet.payload and len(chosen) <= copies:
            chosen.append(packet)
            return True
        return False

    return rule


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload, hop_limit=64):
    """An IPv4 packet; the addresses are packed."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, hop_limit, protocol, 0, source,
                         destination)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def too_big(packet, router, mtu):
    """What a router (its address is packed) says to the sender of a packet that its next line does not take: ICMP
    fragmentation needed."""
    message = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + packet.raw[:28]
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return ipv4(router, packet.source, 1, message)


def resets(packet, hop_limit):
    """The resets that a box in the path sends in both directions, each in the other end's name, on seeing a packet:
    first to the one that sent it."""
    tcp = (packet.raw[0] & 15) * 4
    source_port, port, sequence, acknowledged = struct.unpack_from("!HHII", packet.raw, tcp)
    after = sequence + len(packet.payload) & 0xFFFFFFFF
    made = []
    for source, destination, *fields in (
        (packet.destination, packet.source, port, source_port, acknowledged, after),
        (packet.source, packet.destination, source_port, port, after, acknowledged),
    ):
        segment = struct.pack("!HHIIBBHHH", *fields, 0x50, 0x14, 0, 0, 0)
        pseudo = source + destination + struct.pack("!HH", 6, len(segment))
        segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
        made.append(ipv4(source, destination, 6, segment, hop_limit))
    return made


def lower_hop_limit(raw, hops):
    raw = bytearray(raw)
    if raw[0] >> 4 == 6:
        raw[7] = max(1, raw[7] - hops)
        return bytes(raw)
    raw[8] = max(1, raw[8] - hops)
    raw[10:12] = b"\0\0"
    raw[10:12] = struct.pack("!H", checksum(bytes(raw[:(raw[0] & 15) * 4])))
    return bytes(raw)


class Port:
    """One host's attachment: its descriptor, the delay of its line and the routers on its way to the middle."""

    def __init__(self, descriptor, delay, hops):
        self.descriptor, self.delay, self.hops = descriptor, delay, hops


class Relay(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.drop = []  # loss rules: functions of a Packet that say whether to drop it
        self.answer = []  # what boxes in the middle send of their own: functions of a Packet to a list of raw packets
        self._owners = {}  # address, packed -> Port
        self._ports = {}  # descriptor -> Port
        self._mirror = None
        self._queue = []
        self._order = itertools.count()
        self._wake_read, self._wake_write = os.pipe()
        self._running = True

    def attach(self, descriptor, addresses, delay=0.0, hops=0):
        port = Port(descriptor, delay, hops)
        self._ports[descriptor] = port
        self._owners.update((address, port) for address in addresses)
        self._wake()

    def mirror_to(self, descriptor):
        """Copy every packet, as it passes the middle, to this descriptor: the mirror port of a switch."""
        self._mirror = descriptor

    def stop(self):
        self._running = False
        self._wake()
        self.join(2)
        for descriptor in [*self._ports, self._mirror]:
            if descriptor is not None:
                os.close(descriptor)

    def _wake(self):
        os.write(self._wake_write, b"x")

    def run(self):
        while self._running:
            timeout = max(0, self._queue[0][0] - time.monotonic()) if self._queue else None
            ready, _, _ = select.select([self._wake_read, *self._ports], [], [], timeout)
            for descriptor in ready:
                if descriptor == self._wake_read:
                    os.read(descriptor, 64)
                else:
                    self._receive(self._ports[descriptor])
            while self._queue and self._queue[0][0] <= time.monotonic():
                _, _, descriptor, raw = heapq.heappop(self._queue)
                try:
                    os.write(descriptor, raw)
                except OSError:
                    pass  # the interface went down: as good as lost

    def _receive(self, port):
        try:
            raw = os.read(port.descriptor, 65536)
        except OSError:
            return
        now = time.monotonic()
        packet = Packet(raw)
        in_the_middle = lower_hop_limit(raw, port.hops)
        if self._mirror is not None:
            self._push(now + port.delay, self._mirror, in_the_middle)
        for sent in [raw for rule in self.answer for raw in rule(packet)]:
            self._deliver(now + port.delay, sent)
        if any([rule(packet) for rule in self.drop]):  # a list: every rule sees every packet
            return
        self._deliver(now + port.delay, in_the_middle)

    def _deliver(self, when, in_the_middle):
        owner = self._owners.get(Packet(in_the_middle).destination)
        if owner:
            self._push(when + owner.delay, owner.descriptor, lower_hop_limit(in_the_middle, owner.hops))

    def _push(self, when, descriptor, raw):
        heapq.heappush(self._queue, (when, next(self._order), descriptor, raw))
