"""A name server that does as it is told: it answers, denies, fails, is late, or keeps silent."""

import fnmatch
import heapq
import itertools
import ipaddress
import select
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENT = object()


class Reply:
    def __init__(self, code, *records, after=0.0, wrong_id=False, truncated=False):
        self.code, self.records, self.after, self.wrong_id, self.truncated = code, records, after, wrong_id, truncated


def answer(*records, **options):
    """Records as (type, value) or (type, value, owner), for instance ("PTR", "smtp.example"); the owner is the name
    asked for unless given. No record at all: the name exists, not the type."""
    return Reply(NOERROR, *records, **options)


def nxdomain(after=0.0):
    return Reply(NXDOMAIN, after=after)


def servfail(after=0.0):
    return Reply(SERVFAIL, after=after)


def refused(after=0.0):
    return Reply(REFUSED, after=after)


def reverse_name(address):
    return ipaddress.ip_address(address).reverse_pointer


def zone(*pairs):
    """Rules for names that have an address: A or AAAA answered, the other type empty, and the PTR pointing back."""
    rules = []
    for name, address in pairs:
        kind = "AAAA" if ":" in address else "A"
        rules += [(kind, name, answer((kind, address))), ("PTR", reverse_name(address), answer(("PTR", name)))]
    return rules + [(kind, name, answer()) for name, _ in pairs for kind in ("A", "AAAA")]


class Answers:
    """rules: (type, name, reply), the first that fits counts; type and name may be patterns such as "*"."""

    def __init__(self, rules=(), otherwise=SILENT):
        self.rules, self.otherwise = list(rules), otherwise

    def reply_to(self, query):
        """The rule that fits, and the message to send; none is to be sent where that is silence."""
        name, end = read_name(query, 12)
        number, _ = struct.unpack_from("!HH", query, end)
        kind = NAMES.get(number, str(number))
        reply = next(
            (
                reply
                for rule_kind, rule_name, reply in self.rules
                if fnmatch.fnmatch(kind, rule_kind) and fnmatch.fnmatch(name.lower(), rule_name.lower())
            ),
            self.otherwise,
        )
        if reply is SILENT:
            return reply, None
        flags = (0x8280 if reply.truncated else 0x8080) | struct.unpack_from("!H", query, 2)[0] & 0x0100 | reply.code
        identity = bytes([query[0] ^ 0xFF, query[1]]) if reply.wrong_id else query[:2]
        header = identity + struct.pack("!HHHHH", flags, 1, len(reply.records), 0, 0)
        return reply, header + query[12:end + 4] + b"".join(record(*pair) for pair in reply.records)


class Resolver(threading.Thread):
    """A name server on UDP port 53 of a host."""

    def __init__(self, host, address, rules=(), otherwise=SILENT):
        super().__init__(daemon=True)
        self.answers = Answers(rules, otherwise)
        self._socket = host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self.start()

    def run(self):
        waiting, order = [], itertools.count()
        while True:
            timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
            try:
                ready, _, _ = select.select([self._socket], [], [], timeout)
                if ready:
                    query, peer = self._socket.recvfrom(4096)
                    reply, message = self.answers.reply_to(query)
                    if message:
                        heapq.heappush(waiting, (time.monotonic() + reply.after, next(order), message, peer))
                while waiting and waiting[0][0] <= time.monotonic():
                    _, _, message, peer = heapq.heappop(waiting)
                    self._socket.sendto(message, peer)
            except (OSError, ValueError):
                return  # the lab was torn down


def read_name(message, offset):
    labels = []
    while message[offset]:
        length = message[offset]
        labels.append(message[offset + 1:offset + 1 + length].decode("ascii", "replace"))
        offset += 1 + length
    return ".".join(labels), offset + 1


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def record(kind, value, owner=None):
    if kind in ("A", "AAAA"):
        data = ipaddress.ip_address(value).packed
    elif kind == "TXT":
        data = bytes([len(value)]) + value.encode()
    else:
        data = write_name(value)
    return (write_name(owner) if owner else b"\xc0\x0c") + struct.pack("!HHIH", TYPES[kind], 1, 300, len(data)) + data
