"""Captures made of others: cut short, with frames left out, with a clock that was set.

What cannot be had in a namespace (its clock is the machine's) or only by luck (a capture that loses just these frames)
is done to a real capture afterwards, record by record. Nothing of a frame that is kept changes but what is said here.
"""

import struct

from relay import Packet, lower_hop_limit

RAW = 101


class Record:
    """A frame of a pcap file: its time in microseconds since the first one, its length on the wire, its octets."""

    def __init__(self, time, length, octets):
        self.time, self.length, self.octets = time, length, octets

    @property
    def packet(self):
        return Packet(self.octets)


def read(path):
    """The header of a capture, the time of its first frame, and its records."""
    file = path.read_bytes()
    magic, *_, link_type = struct.unpack_from("<IHHiIII", file)
    if magic != 0xA1B2C3D4 or link_type != RAW:
        raise ValueError(f"{path} is none of the lab's own")
    records, offset, began = [], 24, None
    while offset < len(file):
        seconds, fraction, kept, length = struct.unpack_from("<IIII", file, offset)
        time = seconds * 1_000_000 + fraction
        began = time if began is None else began
        records.append(Record(time - began, length, file[offset + 16:offset + 16 + kept]))
        offset += 16 + kept
    return file[:24], began, records


def write(path, header, began, records):
    made = [header]
    for record in records:
        seconds, fraction = divmod(began + record.time, 1_000_000)
        made += [struct.pack("<IIII", seconds, fraction, len(record.octets), record.length), record.octets]
    path.write_bytes(b"".join(made))


def cut(after):
    """The capture ends so many seconds after its first frame."""
    return lambda records: [record for record in records if record.time < after * 1_000_000]


def begun(after):
    """The capture begins so many seconds after what was its first frame."""
    return lambda records: [record for record in records if record.time >= after * 1_000_000]


def without(matches):
    """The frames of the packets that match were not captured."""
    return lambda records: [record for record in records if not matches(record.packet)]


def clock_set(after, by):
    """The clock is set by so many seconds, so long after the first frame."""

    def edit(records):
        for record in records:
            if record.time >= after * 1_000_000:
                record.time += round(by * 1_000_000)
        return records

    return edit


def octets(count):
    """Of each frame only the first octets are kept."""

    def edit(records):
        for record in records:
            record.octets = record.octets[:count]
        return records

    return edit


def seen_twice(records):
    """A router's capture on all its interfaces: every frame once more, 30 µs later, with its hop limit lowered."""
    made = []
    for record in records:
        made += [record, Record(record.time + 30, record.length, lower_hop_limit(record.octets, 1))]
    return sorted(made, key=lambda record: record.time)
