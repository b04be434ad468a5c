# SPDX-License-Identifier: BSD-2-Clause
"""For the tests in Python: results as TAP lines, and the exit code. As tests/tap.sh for those in shell."""
import sys

count = failed = 0


def tap(what, good, why=""):
    """`why` is shown where it is not good."""
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, what))
    if not good:
        for line in str(why).splitlines()[:20]:
            print("# " + line)
    sys.stdout.flush()


def skip(what, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, what, why))


def end():
    print("1..%d" % count)
    sys.exit(failed != 0)
