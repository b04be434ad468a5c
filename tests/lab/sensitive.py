#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the fast tier once and judges what was recorded again, each time with one expectation changed: a
number by one, a timer by half, a path by one state. No such verdict may be PASS.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import end, tap

BIN = os.path.join(os.environ.get("BIN", "bin"), "lastack")


def lastack(*words):
    return subprocess.run([BIN, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def numbers(text):
    """Of how many sockets, segments, errors; not how long something is waited for."""
    for m in re.finditer(r"(?<=[\w\]}]: )\d+(?=[,}\s])", text):
        if not re.search(r"\b(within|for|after): $", text[:m.start()]):
            n = int(m.group())
            yield from ((*m.span(), str(other)) for other in (n + 1, n - 1) if other >= 0)


def retransmissions(text):
    for m in re.finditer(r"\b(\d+) retransmissions?", text):
        n = int(m.group(1))
        yield from ((*m.span(), "%d retransmission%s" % (other, "s" * (other > 1))) for other in (n + 1, n - 1) if other)


def timers(text):
    for m in re.finditer(r"(?<=\{)([A-Z_0-9]+): (\d+)(ms|s|m)(?=\})", text):
        ms = int(m.group(2)) * {"ms": 1, "s": 1000, "m": 60000}[m.group(3)]
        yield from ((*m.span(), "%s: %dms" % (m.group(1), other)) for other in (ms // 2, 2 * ms))


def paths(text):
    for m in re.finditer(r"(?<=path: \[)[^\]]*(?=\])", text):
        states = re.split(r",\s*(?![^{]*\})", m.group())
        if len(states) > 1:
            yield *m.span(), ", ".join(states[:-2] + states[-1:] if len(states) > 2 else states[::-1])
        yield *m.span(), ", ".join(states + ["CLOSE" if states[-1] != "CLOSE" else "ESTABLISHED"])


def changed(scenario):
    """Each way to change one thing: what stood there, what stands there now, and the whole."""
    for step in re.finditer(r"^- expect:.*?(?=^- |\Z)", scenario, re.S | re.M):
        for changes in numbers, retransmissions, timers, paths:
            for begin, end, now in changes(step.group()):
                at = step.start() + begin
                was = scenario[at:step.start() + end]
                if now != was:
                    yield was, now, scenario[:at] + now + scenario[step.start() + end:]


def judged(folder, scenarios):
    """The verdicts on one recorded run."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as work:
        for i, text in enumerate(scenarios):
            one = os.path.join(work, "%04d" % i)
            os.mkdir(one)
            os.link(os.path.join(folder, "timeline.ndjson"), os.path.join(one, "timeline.ndjson"))
            with open(os.path.join(one, "scenario.yaml"), "w", encoding="utf-8") as f:
                f.write(text)
        p = lastack("replay", "--report", "json", *sorted(glob.glob(work + "/*")))
        try:
            return [r["verdict"] for r in json.loads(p.stdout)["runs"]]
        except (ValueError, KeyError):
            return p.stdout


def check(folder, name):
    with open(os.path.join(folder, "scenario.yaml"), encoding="utf-8") as f:
        scenario = f.read()
    ways = list(changed(scenario))
    verdicts = judged(folder, [scenario] + [w[2] for w in ways])
    if len(verdicts) != len(ways) + 1 or not isinstance(verdicts, list):
        tap(name, False, verdicts)
    elif verdicts[0] == "PASS":
        missed = ["%s -> %s" % w[:2] for w, v in zip(ways, verdicts[1:]) if v == "PASS"]
        tap("%s: %d changes are found" % (name, len(ways)), not missed, "\n".join(missed))
        return len(ways)
    return 0  # skipped here, or the machine was too busy: nothing to compare with


def main():
    out = tempfile.mkdtemp()
    try:
        lastack("run", "--ip", "4", "--out", out)
        runs = sorted(os.path.dirname(t) for t in glob.glob(out + "/**/timeline.ndjson", recursive=True))
        ways = [check(r, os.path.relpath(os.path.dirname(r), out)) for r in runs]
        tap("most of the catalogue was judged", sum(w > 0 for w in ways) > len(ways) / 2 and sum(ways) > 200, ways)
    finally:
        shutil.rmtree(out)
    end()


main()
