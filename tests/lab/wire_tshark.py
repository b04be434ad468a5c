# SPDX-License-Identifier: BSD-2-Clause
# Compares the segments of timelines with tshark's analysis of the captures beside them, one by one.
#
#   wire_tshark.py join OUT DIR...      the captures of DIR/wire.pcapng as one, for one tshark;
#                                       what the wire let out differently stands there a second time,
#                                       as outbound, and is left out. OUT.frames: whose frame is whose
#   wire_tshark.py compare FIELDS OUT.frames   FIELDS as tshark printed them
#
# tshark takes what comes again within 3 ms of its hole being reported for out of order; the wire
# itself brings nothing out of order. It calls a probe of a closed window a keep-alive when it carries
# no byte, as those of Linux do.
import json
import struct
import sys

SECTION, PACKET = 0x0A0D0D0A, 6
PACKET_FLAGS, OUTBOUND = 2, 2
FIN, SYN, RST = 1, 2, 4


def blocks(data):
    at = 0
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("=II", data, at)
        yield kind, data[at : at + size]
        at += size


def is_outbound(block):
    captured = struct.unpack_from("=I", block, 20)[0]
    at = 28 + (captured + 3 & ~3)
    while at + 4 <= len(block) - 4:
        code, size = struct.unpack_from("=HH", block, at)
        if code == PACKET_FLAGS:
            return struct.unpack_from("=I", block, at + 4)[0] & 3 == OUTBOUND
        at += 4 + (size + 3 & ~3)
    return False


def join(out, *dirs):
    with open(out, "wb") as joined, open(out + ".frames", "w") as frames:
        for d in dirs:
            for kind, block in blocks(open(d + "/wire.pcapng", "rb").read()):
                if kind == PACKET:
                    if is_outbound(block):
                        continue
                    print(d, file=frames)
                joined.write(block)
    return 0


def segments(path):
    for line in open(path):
        e = json.loads(line)
        if e.get("kind") == "segment" and e["fate"] != "injected":
            yield e


def said_by_us(e):
    probe = e["role"] in ("keepalive-probe", "window-probe")
    return {
        "again": bool(e.get("again")) and not probe,
        "probe": probe,
        "zero window": e.get("window", 0) == 0 and not e["flags"] & (SYN | FIN | RST),
    }


def said_by_tshark(f):
    again, fast, spurious, order, alive, probe, zero = (bool(x) for x in f[6:13])
    return {
        "again": (again or fast or spurious or order) and not (alive or probe),
        "probe": alive or probe,
        "zero window": zero,
    }


def compare_one(name, ours, theirs):
    bad = []
    if len(ours) != len(theirs):
        bad.append(f"{len(ours)} segments in the timeline, {len(theirs)} in the capture")
    for e, f in zip(ours, theirs):
        header = (e["seq"], e.get("ack", 0), e.get("length", 0), e["flags"], e.get("window", 0))
        if header != (int(f[1]), int(f[2]), int(f[3]), int(f[4], 16), int(f[5])):
            bad.append(f"segment {e['number']}: {header}, in the capture {f[1:6]}")
            break
        us, them = said_by_us(e), said_by_tshark(f)
        for what in us:
            if us[what] != them[what]:
                bad.append(f"segment {e['number']}, {e['role']} {e['ordinal']} of connection "
                           f"{e['connection']}: {what}: {us[what]}, tshark says {them[what]}")
    for line in bad:
        print(f"# {name}: {line}")
    return len(bad)


def compare(fields, frames):
    of_frame = open(frames).read().split("\n")
    theirs = {d: [] for d in of_frame if d}
    for line in open(fields):
        f = line.rstrip("\n").split("\t")
        theirs[of_frame[int(f[0]) - 1]].append(f)
    bad = sum(compare_one(d, list(segments(d + "/timeline.ndjson")), theirs[d]) for d in theirs)
    print(sum(len(x) for x in theirs.values()), "segments of", len(theirs), "captures")
    return 1 if bad else 0


sys.exit({"join": join, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
