#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `lastack trace`: what the kernel does with sockets, told in order and without gaps.
set -u
BIN=$(realpath "${BIN:-$(dirname "$0")/../../bin}")
B=$(realpath "${B:-$(dirname "$0")/../../build}")
export BIN B
here=$(realpath "$(dirname "$0")")

skip() {
	echo "ok 1 - trace # SKIP $1"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "it takes root"
why=$("$BIN/lastack" trace --for 10ms 2>&1 >/dev/null) || {
	[ $? = 4 ] && skip "$why"
	echo "not ok 1 - trace: $why"
	exit 1
}
# In namespaces of its own: they end with it, whatever happens.
exec unshare --mount --net --propagation private python3 "$here/trace.py"
