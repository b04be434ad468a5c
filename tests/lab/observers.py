# SPDX-License-Identifier: BSD-2-Clause
"""The verdict of each scenario is the same by either observer, or looks say what they cannot decide."""
import json
import os
import subprocess
import sys
import tempfile

LASTACK = os.environ["BIN"] + "/lastack"
SLOW = ["--slow"] if os.environ.get("SLOW") else []
count = failed = 0


def ok(good, words):
    global count, failed
    count += 1
    failed += not good
    print("ok" if good else "not ok", count, "-", words)
    sys.stdout.flush()


def runs(observer, *argv):
    """Title to run, as the JSON report has them."""
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run([LASTACK, "run", "--observers", observer, "--report", "json=" + f.name, *argv],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {r["title"]: r for r in json.load(f)["runs"]}


def agree(events, looks):
    """What either says, in words; None when they contradict each other."""
    if events["verdict"] == looks["verdict"]:
        return events["verdict"] + " by either"
    if looks["verdict"] == "SKIP" and "needs bpf" in looks["why"]:
        return events["verdict"] + " by events, and looks say that they cannot decide it"
    return None


def alone(run):
    """A busy machine may have spoiled one of the two: one after the other, with nothing beside."""
    ip = "6" if run["title"].endswith("IPv6") else "4"
    argv = ["-j", "1", "--slow", "--ip", ip, run["file"]]
    for _ in range(3):
        events, looks = (list(runs(o, *argv).values())[0] for o in ("bpf", "poll"))
        words = agree(events, looks)
        if words and "ERROR" not in words:
            return words
        for r in events, looks:
            print("#", r["verdict"], r["why"])
    return None


def compare(what, *argv):
    events, looks = runs("bpf", *argv), runs("poll", *argv)
    ok(events and events.keys() == looks.keys(), "%s: both ran the same %d" % (what, len(events)))
    verdicts = {}
    for title in events:
        words = agree(events[title], looks[title])
        if words is None or "ERROR" in words:
            print("# beside the others:", events[title]["verdict"], events[title]["why"], "|",
                  looks[title]["verdict"], looks[title]["why"])
            words = alone(events[title])
        ok(words is not None, "%s: %s" % (title, words or "not the same, and not by chance"))
        verdicts[title] = (words or "none").split()[0]
    return verdicts


def main():
    compare("the catalogue", *SLOW)
    mutants = compare("what must fail", "--ip", "4", "tests/mutants")
    ok(set(mutants.values()) == {"FAIL"}, "what must fail does, by events")
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
