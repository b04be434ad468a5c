#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Both peers, driven by their control channel over the loopback of a network namespace of their own,
# through every behaviour on either side. The namespace ends with the processes in it.
set -eu
BIN=$(cd "${BIN:-bin}" && pwd)
export BIN
if [ "$(id -u)" != 0 ]; then
	echo "ok 1 - peers # SKIP needs root for a network namespace"
	exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
exec unshare -n sh -c 'ip link set lo up && exec python3 "$1"' sh "$here/peers.py"
