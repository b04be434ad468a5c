#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `lastack doctor` says where something is missing. Each lack is made in namespaces of the test's own.
set -u
BIN=$(cd "${BIN:-bin}" && pwd)
if [ "$(id -u)" != 0 ]; then
	echo "ok 1 - doctor # SKIP needs root to take things away from itself"
	echo "1..1"
	exit 0
fi
. "$(dirname "$0")/../tap.sh"
chmod 755 "$work"
cp "$BIN/lastack" "$work/" && chmod 755 "$work/lastack"
doctor="$work/lastack doctor"
# What a capability's lines in the table say: has NAME yes|no, says NAME REGEX
has() { grep -qE "^$1 +$2 " "$work/out"; }
says() { awk -v name="$1" '/^[a-z0-9]/ {on = ($1 == name)} on' "$work/out" | grep -qE "$2"; }

as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"

$doctor >"$work/out" 2>&1
code=$?
has root yes && has netns yes && [ $code = 0 ]
tap "root can run scenarios" $?

$doctor --json >"$work/out" 2>&1
python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
names = [c["name"] for c in d["capabilities"]]
assert d["can_run"] is True and "netns" in names and "tun" in names, d
assert all(isinstance(c["have"], bool) and c["help"] for c in d["capabilities"]), d
assert all(c["have"] or c["why"] for c in d["capabilities"]), d
assert d["hz"] in (100, 250, 300, 1000) and d["cpus"] > 0 and d["open_files"]["soft"] > 0, d
' "$work/out" 2>>"$work/out"
tap "the same as JSON" $?

$as_nobody $doctor >"$work/out" 2>&1
has root no && says root 'uid 65534' && says root 'mend: .*sudo'
tap "an ordinary user is told so" $?

if [ "$(stat -c %a /dev/net/tun 2>/dev/null)" = 600 ]; then
	has tun no && says tun 'mode 0600' && says tun 'mend: .*chmod'
	tap "and that the mode of /dev/net/tun keeps them out" $?
fi

unshare -Ur sh -c "echo 0 >/proc/sys/user/max_net_namespaces && exec $doctor" >"$work/out" 2>&1
code=$?
has netns no && says netns 'No space' && says netns 'max_net_namespaces' && [ $code = 3 ]
tap "no network namespaces to be had: 3, and the sysctl by name" $?
has tun no && says tun 'needs netns' && has veth no
tap "what needs them is missing too" $?
has root no && says root 'only of a user namespace' && has bpf no && says bpf 'mend: .*machine itself'
tap "root of a user namespace is not root" $?

unshare -Ur sh -c "echo 0 >/proc/sys/user/max_user_namespaces && exec $doctor" >"$work/out" 2>&1
has userns no && says userns 'max_user_namespaces = 0'
tap "no user namespaces to be had: the sysctl by name" $?

# The files of other distributions' kernels, laid over this one's.
overlay() { # FILE VALUE
	unshare -Urm sh -c "mount -t tmpfs none /proc/sys/kernel && echo $2 >/proc/sys/kernel/$1 &&
		echo 0 >/proc/sys/user/max_user_namespaces && exec $doctor" >"$work/out" 2>&1
}
overlay apparmor_restrict_unprivileged_userns 1
says userns 'AppArmor' && says userns 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'
tap "Ubuntu's restriction by name, and what lifts it" $?
overlay unprivileged_userns_clone 0
says userns 'sysctl -w kernel.unprivileged_userns_clone=1'
tap "Debian's by name, and what lifts it" $?

unshare -m sh -c "mount -t tmpfs none /dev && exec $doctor" >"$work/out" 2>&1
has tun no && says tun 'no /dev/net/tun'
tap "no /dev/net/tun: said so" $?

unshare -m sh -c "mount -t tmpfs none /sys && exec $doctor" >"$work/out" 2>&1
has btf no && has bpf no && says bpf 'needs btf'
tap "no BTF: no bpf, and why" $?

$doctor --josn >"$work/out" 2>&1
[ $? = 2 ]
tap "an unknown option: 2" $?

tap_end
