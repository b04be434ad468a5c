# SPDX-License-Identifier: BSD-2-Clause
# Compares the tail loss probes of the wire with those of the kernel, in timelines that have both.
#
#   wire_probes.py TIMELINE...
#
# Each retransmission of data or a FIN that reaches the wire is the kernel's last one before it of that
# sender and sequence number. A sender whose segments were all delivered, only late, finds out that it
# sent them again for nothing, and may then probe once more: the wire does not call that a probe. And
# what a host without carrier sends reaches no wire, which takes a later one for the first: where the
# kernel has sent more than the wire saw, nothing is compared.
import bisect
import json
import sys


def read(path):
    kernel, wire, lost = {}, [], set()
    for line in open(path):
        e = json.loads(line)
        key = (e.get("host"), e.get("local"), e.get("remote"), e.get("seq"))
        if e.get("deed") == "retransmit":
            kernel.setdefault(key, []).append((e["t"], bool(e.get("probe"))))
        elif e.get("kind") == "segment" and e.get("again") and e["role"] in ("data", "fin"):
            wire.append((key, e))
        if e.get("kind") == "segment" and e["fate"] not in ("passed", "delayed"):
            lost.add(key[:3])
    for sent in kernel.values():
        sent.sort()
    return kernel, wire, lost


def compare(path):
    kernel, wire, lost = read(path)
    told = {True: 0, False: 0}
    seen = {}
    bad = 0
    for key, e in wire:
        sent = kernel.get(key, [])
        at = bisect.bisect(sent, (e["t"], True)) - 1
        if e["fate"] == "injected" or at < 0:
            continue
        seen[key] = seen.get(key, -1) + 1
        if at > seen[key]:
            continue
        probe = sent[at][1]
        if probe and not e.get("probe") and key[:3] not in lost:
            continue
        told[probe] += 1
        if probe != bool(e.get("probe")):
            print(f"# {path}: segment {e['number']}, {e['role']} {e['ordinal']} of connection "
                  f"{e['connection']}: the kernel says {'' if probe else 'no '}probe")
            bad += 1
    return told[True], told[False], bad


probes, others, bad = (sum(n) for n in zip(*map(compare, sys.argv[1:])))
print(f"{probes} probes and {others} other retransmissions")
sys.exit(bool(bad) or not probes or not others)
