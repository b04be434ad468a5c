#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Includes point one way, and the parts that meet in the model do not know each other. TAP."""
import glob
import os
import re
import sys

STAGES = ["load", "netns", "observe", "expect", "report"]
PURE = {"core", "model"}
PEERS = {"core", "peers"}

# The parts that each part may include besides itself.
MAY = {
    "core": set(),
    "model": {"core"},
    **{stage: PURE for stage in STAGES},
    "run": PURE | set(STAGES),
    "bench": PURE | set(STAGES) | {"run"},
    "cmd": PURE | set(STAGES) | {"run", "bench"},
    "main": PURE | {"cmd"},
    "peers": {"core"},
    "servers": PEERS,
    "clients": PEERS,
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def part(path):
    """harness/load/yaml.c: load; netns/ip.c: netns; harness/main.c: main."""
    words = path.split("/")
    if words[0] != "harness":
        return words[0]
    return words[1] if len(words) > 2 else "main"


def find(name, source):
    """As the compiler does: beside the file, in harness/, in the root. None: made by the build."""
    for folder in (os.path.dirname(source), "harness", "."):
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(path):
            return path
    return None


def wrong(path, source):
    # A table (.def) has rows and no code: whoever checks or documents the rows may read it.
    if path is None or path.endswith(".def"):
        return False
    return part(path) != part(source) and part(path) not in MAY[part(source)]


def sources():
    for top in ("harness", "netns", "peers", "servers", "clients"):
        for kind in ("c", "h"):
            yield from sorted(glob.glob(top + "/**/*." + kind, recursive=True))


def main():
    bad = {name: [] for name in MAY}
    for source in sources():
        with open(source, encoding="utf-8") as f:
            text = f.read()
        if part(source) not in MAY:
            bad.setdefault(part(source), []).append("%s: a part without a rule" % source)
            continue
        for name in INCLUDE.findall(text):
            path = find(name, source)
            if wrong(path, source):
                bad[part(source)].append("%s includes %s" % (source, path))
    for n, (name, lines) in enumerate(bad.items(), 1):
        for line in lines:
            print("# " + line)
        print("%s %d - what %s includes" % ("not ok" if lines else "ok", n, name))
    print("1..%d" % len(bad))
    return any(bad.values())


sys.exit(main())
