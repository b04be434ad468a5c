#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The whole catalogue, and the scenarios that must fail, by either source of transitions: the kernel's
# event stream, and looks at the sockets. With SLOW=1 the slow tier too.
BIN=$(realpath "${BIN:-$(dirname "$0")/../../bin}")
why=$("$BIN/lastack" trace --for 10ms 2>&1 >/dev/null)
if [ $? = 4 ]; then
	echo "ok 1 - observers # SKIP $why"
	exit 0
fi
export BIN
cd "$(dirname "$0")/../.." && exec python3 tests/lab/observers.py
