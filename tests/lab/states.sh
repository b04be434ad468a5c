#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What `lastack states` says of every kind of socket, in a network namespace of its own.
set -u
here=$(dirname "$0")
BIN=${BIN:-$here/../../bin}
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root: a network namespace, and sockets of other users"
	exit 0
fi
ns=lastack-states-$$
trap 'ip netns del $ns 2>/dev/null' EXIT
trap 'exit 1' INT TERM
ip netns add "$ns" && ip -n "$ns" link set lo up || exit 1
ip -n "$ns" address add 198.18.0.1/32 dev lo
# Nothing but the test's own sockets is in this namespace; whatever it starts dies with it.
ip netns exec "$ns" python3 "$here/states.py" "$BIN" "$ns"
