#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An ordinary user: the lab in a user namespace passes what it can decide, and says of the rest what is missing.
set -u
BIN=$(realpath "${BIN:-$(dirname "$0")/../../bin}")
top=$(realpath "$(dirname "$0")/../..")
. "$(dirname "$0")/../tap.sh"

if [ "$(id -u)" != 0 ]; then
	user() { "$@"; }
elif command -v setpriv >/dev/null; then
	user() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"; }
else
	echo "ok 1 - rootless # SKIP no setpriv to become an ordinary user"
	exit 0
fi
if ! user unshare --user --map-root-user --net true 2>"$work/err"; then
	echo "ok 1 - rootless # SKIP $(head -1 "$work/err")"
	exit 0
fi
cp -r "$BIN" "$work/bin" && cp -r "$top/scenarios" "$work/scenarios"
mkdir -m 1777 "$work/out"
chmod -R a+rX "$work"
cd "$work" || exit 1

user bin/lastack run --report json="$work/out/report" >out/text 2>err
code=$?
[ $code = 0 ]
tap "the exit code is 0: what was decided passed" $?
grep -q "^lastack: transitions come from looks at the sockets; bpf: " err
tap "that the kernel's events are missing is said first" $?
counts=$(python3 -c '
import collections, json
runs = json.load(open("out/report"))["runs"]
c = collections.Counter(r["verdict"] for r in runs)
print(c["PASS"], c["FAIL"], c["ERROR"], sum(r["verdict"] == "SKIP" and not r["why"] for r in runs))')
read -r passed failed errors mute <<<"$counts"
[ "${passed:-0}" -gt 20 ]
tap "$passed scenarios passed without any right" $?
[ "$failed $errors" = "0 0" ]
tap "none failed, none was an error" $?
[ "$mute" = 0 ]
tap "each that was skipped says what is missing" $?
[ $bad = 0 ] || { grep -A2 -E "^(FAIL|ERROR)" out/text; cat err; } | sed 's/^/# /'

user bin/lastack run --observers bpf --report term --report json="$work/out/report" close >out/text 2>err
code=$?
files=$(ls scenarios/close/*.yaml | wc -l)
skipped=$(grep -c "^SKIP" out/text) told=$(grep -c "bpf: .*not permitted" out/text)
[ $code = 4 ] && [ "$skipped" -ge "$files" ] && [ "$told" = "$skipped" ]
tap "with --observers bpf each is skipped, with the reason: $skipped of $files scenarios over IPv4 and IPv6" $?
[ "$(python3 -c 'import json
runs = json.load(open("out/report"))["runs"]
print(sum(r["verdict"] == "SKIP" and "bpf" in r["why"] for r in runs))')" = "$skipped" ]
tap "and they are in the JSON report" $?
user bin/lastack trace --for 1s >out/text 2>err
code=$?
[ $code = 4 ] && grep -q "^lastack: bpf: .*not permitted" err
tap "trace is refused with the reason" $?
user bin/lastack doctor >out/text 2>err
grep -A2 "^bpf  *no" out/text | grep -q "mend: "
tap "doctor says what would mend it" $?
tap_end
