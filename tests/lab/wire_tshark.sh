#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Over the catalogue: what tshark makes of each capture is what the timeline says of each segment, and
# the kernel calls the same segments tail loss probes.
set -u
BIN=${BIN:-$(dirname "$0")/../../bin}
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LASTACK_SCENARIOS=${LASTACK_SCENARIOS:-$(realpath "$here/../../scenarios")}

# Whether each claim holds is another test's business: a run that fails has a capture, too.
"$BIN/lastack" run --out "$dir/out" >"$dir/run" 2>&1
captures=()
while read -r c; do
	captures+=("${c%/*}")
done < <(find "$dir/out" -name wire.pcapng -size +0 | sort)
if [ ${#captures[@]} = 0 ]; then
	echo "not ok 1 - the catalogue has captures"
	tail -5 "$dir/run" | sed 's/^/# /'
	exit 1
fi
echo "ok 1 - the catalogue has ${#captures[@]} captures"

fields=(frame.number tcp.seq_raw tcp.ack_raw tcp.len tcp.flags tcp.window_size_value)
for a in retransmission fast_retransmission spurious_retransmission out_of_order keep_alive \
	zero_window_probe zero_window; do
	fields+=("tcp.analysis.$a")
done
fields+=(_ws.malformed)
python3 "$here/wire_tshark.py" join "$dir/all.pcapng" "${captures[@]}" &&
	tshark -n -r "$dir/all.pcapng" -Y 'tcp && !icmp && !icmpv6' -T fields "${fields[@]/#/-e}" \
		>"$dir/shark" 2>"$dir/err" &&
	python3 "$here/wire_tshark.py" compare "$dir/shark" "$dir/all.pcapng.frames" >"$dir/told"
status=$?
grep '^#' "$dir/told" | sed "s|$dir/out/||"
cat "$dir/err" >&2
if [ $status = 0 ]; then
	echo "ok 2 - tshark agrees on $(tail -1 "$dir/told")"
else
	echo "not ok 2 - tshark agrees on all segments"
fi
malformed=$(cut -f14 "$dir/shark" | grep -c .)
if [ "$malformed" = 0 ]; then
	echo "ok 3 - tshark takes no payload for a protocol that is malformed"
else
	echo "not ok 3 - $malformed segments are malformed to tshark"
	status=1
fi
if strays=$(tshark -n -r "$dir/all.pcapng" -Y 'icmpv6.type == 133' 2>/dev/null | head -3) && [ -z "$strays" ]; then
	echo "ok 4 - no host solicits routers on the wire"
else
	echo "not ok 4 - no host solicits routers on the wire"
	echo "$strays" | sed 's/^/# /'
	status=1
fi
if ! grep -q '"deed":"retransmit"' "${captures[@]/%//timeline.ndjson}"; then
	echo "ok 5 - the kernel agrees which are tail loss probes # SKIP no BPF"
elif python3 "$here/wire_probes.py" "${captures[@]/%//timeline.ndjson}" >"$dir/told"; then
	echo "ok 5 - the kernel agrees which are tail loss probes: $(tail -1 "$dir/told")"
else
	sed 's/^[^#]/# &/' "$dir/told"
	echo "not ok 5 - the kernel agrees which are tail loss probes"
	status=1
fi
# What the wire made itself is no segment of anybody's.
n=5
comment() {
	n=$((n + 1))
	if tshark -r "$dir/out/$1/ipv4/wire.pcapng" -Y "$2" -T fields -e frame.comment 2>/dev/null |
		grep -q "^$3"; then
		echo "ok $n - a comment says '$3'"
	else
		echo "not ok $n - no comment says '$3' in $1"
		status=1
	fi
}
comment wire/nobody-listens-says-icmp icmp "ICMP error in answer to: syn 1 of connection 1; rule 1"
comment wire/reset-kills-time-wait tcp.flags.reset==1 "injected: rst of connection 1; rule 1"
echo "1..$n"
exit $status
