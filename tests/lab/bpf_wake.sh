#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The reader of the kernel's events sleeps when there are none, and is woken by the next.
set -u
BIN=$(realpath "${BIN:-$(dirname "$0")/../../bin}")
LAB=$(realpath "${LAB:-$(dirname "$0")/../../build/lab}")
why=$("$BIN/lastack" trace --for 10ms 2>&1 >/dev/null)
if [ $? = 4 ]; then
	echo "ok 1 - bpf_wake # SKIP $why"
	exit 0
fi
exec "$LAB/bpf_wake"
