#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Whatever kills the controller, nothing stays behind: runs are killed with SIGKILL at random moments.
#   KILLS=200 tests/lab/clean.sh     for more than the usual 20
set -u
BIN=${BIN:-bin}
kills=${KILLS:-20}
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cp "$BIN"/lastack "$BIN"/lastack-server "$BIN"/lastack-client "$here"/ # names of our own to look for
export LASTACK_SCENARIOS=${LASTACK_SCENARIOS:-$PWD/scenarios}
mkdir "$here/tmp" "$here/out"
export TMPDIR=$here/tmp

# Processes that run one of our copies.
processes() {
	local p
	for p in /proc/[0-9]*; do
		case "$(readlink "$p/exe" 2>/dev/null)" in
		"$here"/*) echo "${p#/proc/}" ;;
		esac
	done
}

host() {
	ip -o link | sed 's/ *qlen.*//'
	sort /proc/self/mountinfo | cut -d' ' -f3-
	ls /run/netns 2>/dev/null
	find "$here" -type f | sort
	sysctl -a 2>/dev/null | grep -E '^net\.(ipv4|ipv6)\.' | grep -vE 'tcp_mem|udp_mem|inet_peer|nf_conntrack_count|route.gc'
}

# settled: waits until none of our processes is left, 5 s at most
settled() {
	local n
	for n in $(seq 500); do
		[ -z "$(processes)" ] && return 0
		read -rt 0.01 _ <> <(:) || true
	done
	return 1
}

before=$(host)
bad=0
for i in $(seq "$kills"); do
	(cd "$here" && exec "$here/lastack" run --out "$here/out" -j 4 >/dev/null 2>&1) &
	pid=$!
	ms=$((RANDOM % 600))
	read -rt "$((ms / 1000)).$(printf %03d $((ms % 1000)))" _ <> <(:) || true
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	if ! settled; then
		echo "# killed after $ms ms: processes left: $(processes | tr '\n' ' ')"
		bad=1
		break
	fi
	# A timeline that was whole is what the user asked for; anything else is not.
	find "$here/out" -type f ! -name timeline.ndjson ! -name scenario.yaml ! -name wire.pcapng | grep -q . && {
		echo "# killed after $ms ms: odd files left: $(find "$here/out" -type f)"
		bad=1
		break
	}
	rm -rf "$here/out"
	mkdir "$here/out"
done
[ $bad = 0 ] && echo "ok 1 - $kills runs killed at random moments leave no process and no file" ||
	echo "not ok 1 - a killed run left something"
after=$(host)
if [ "$before" = "$after" ]; then
	echo "ok 2 - the machine's links, mounts, namespaces, files and sysctls are as before"
else
	echo "not ok 2 - the machine was changed"
	diff <(echo "$before") <(echo "$after") | sed 's/^/# /'
	bad=1
fi
exit $bad
