#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes what the fuzzers start from: seeds.py DIRECTORY makes DIRECTORY/FUZZER/NUMBER."""
import glob
import os
import struct
import sys


def read(path):
    with open(path, "rb") as f:
        return f.read()


def files(*patterns):
    for pattern in patterns:
        for path in sorted(glob.glob(pattern, recursive=True)):
            yield read(path)


def scenarios():
    return files("scenarios/**/*.yaml", "tests/bad/*.yaml", "tests/mutants/*.yaml",
                 "tests/golden/*/scenario.yaml")


def timelines():
    """Their beginnings: short ones are quick to mutate."""
    for text in files("tests/golden/*/timeline.ndjson"):
        for n in (6, 30):
            yield b"".join(text.splitlines(True)[:n])
    for text in files("tests/golden/gaps-*/timeline.ndjson", "tests/golden/order-*/timeline.ndjson"):
        head, *events = text.splitlines(True)
        yield head + b"".join(e for e in events if b'"kind":"segment"' in e)


def lines_of(path):
    return [line for line in read(path).splitlines() if line and not line.startswith(b"#")]


def counters():
    yield from files("/proc/net/netstat", "/proc/net/snmp", "/proc/net/snmp6", "/proc/net/sockstat")
    yield b"TcpExt: A B\nTcpExt: 1 18446744073709551615\n"
    yield b"Tcp: CurrEstab MaxConn\nTcp: 3 -1\n"


SYN, FIN, RST, ACK = 2, 1, 4, 16
TIMESTAMPS = bytes([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2])


def packet(from_client, flags, seq, ack, payload=b"", options=b"", v6=False):
    ports = (40000, 5000) if from_client else (5000, 40000)
    words = ((20 + len(options)) // 4) << 4
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, words, flags, 65535, 0, 0) + options + payload
    if v6:
        ends = [bytes.fromhex("20010002" + "0" * 23 + "1"), bytes.fromhex("20010002" + "0" * 23 + "2")]
        head = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64)
    else:
        ends = [bytes([198, 18, 0, 1]), bytes([198, 19, 0, 1])]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0)
    if not from_client:
        ends.reverse()
    ip = head + b"".join(ends) + tcp
    return bytes([0 if from_client else 1]) + struct.pack("!H", len(ip)) + ip


def exchange(v6, options=b""):
    def p(*words, **named):
        return packet(*words, v6=v6, options=options, **named)
    return b"".join([
        p(True, SYN, 100, 0), p(False, SYN | ACK, 900, 101), p(True, ACK, 101, 901),
        p(True, ACK, 101, 901, payload=b"hello"), p(False, ACK, 901, 106),
        p(True, FIN | ACK, 106, 901), p(False, ACK, 901, 107), p(False, FIN | ACK, 901, 107),
        p(False, FIN | ACK, 901, 107), p(True, ACK, 107, 902), p(True, ACK, 105, 902),
        p(False, RST, 902, 0)])


def packets():
    yield exchange(False)
    yield exchange(True)
    yield exchange(False, TIMESTAMPS)
    yield exchange(True, TIMESTAMPS)


def attribute(kind, payload, nested=False):
    head = struct.pack("=HH", 4 + len(payload), kind | (0x8000 if nested else 0))
    return head + payload + bytes(-len(payload) % 4)


def entry(v6):
    """One message of ctnetlink about a connection in FIN_WAIT."""
    def addresses(n):
        size = 16 if v6 else 4
        return (attribute(3 if v6 else 1, bytes([n]) * size) + attribute(4 if v6 else 2, bytes([n + 1]) * size))

    def both(n):
        proto = attribute(1, b"\x06") + attribute(2, struct.pack("!H", 40000)) + attribute(3, struct.pack("!H", 5000))
        return attribute(1, addresses(n), True) + attribute(2, proto, True)
    state = attribute(4, attribute(1, attribute(1, b"\x04"), True), True)
    body = (bytes(4) + attribute(1, both(1), True) + attribute(2, both(3), True) + state +
            attribute(3, struct.pack("!I", 12)) + attribute(7, struct.pack("!I", 60)) +
            attribute(12, struct.pack("!I", 77)))
    return struct.pack("=IHHII", 16 + len(body), 0x100, 0, 1, 0) + body


SEEDS = {
    "conntrack": lambda: [entry(False), entry(True)],
    "yaml": scenarios,
    "timeline": timelines,
    "snmp": counters,
    "wire": packets,
    "peerlog": lambda: lines_of("tests/fuzz/peerlog.txt"),
    "peer_command": lambda: lines_of("tests/fuzz/peer_command.txt"),
}


def main(directory):
    for name, seeds in SEEDS.items():
        os.makedirs(os.path.join(directory, name), exist_ok=True)
        for i, seed in enumerate(seeds()):
            with open(os.path.join(directory, name, "%03d" % i), "wb") as f:
                f.write(seed)


main(sys.argv[1])
