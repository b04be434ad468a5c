#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The wire between two real hosts: exact drops, and a capture in which tshark sees what we say.
set -u
driver=${B:-$(dirname "$0")/../../build}/lab/wire_driver
. "$(dirname "$0")/../tap.sh"

value() { awk -v k="$1" '$1 == k { print $2 }' "$work/out"; }

drive() {
	"$driver" -w "$work/wire.pcapng" -l "$work/log" "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ -s "$work/err" ] && sed 's/^/# /' "$work/err"
	return $status
}

shark() { tshark -r "$work/wire.pcapng" "$@" 2>>"$work/tshark.err"; }

drive || status=$?
if [ "$status" = 4 ]; then
	echo "ok 1 - the wire # SKIP $(cat "$work/err")"
	exit 0
fi

for how in "tun 4" "tun 6" "packet 4" "packet 6"; do
	set -- $how
	export LASTACK_WIRE=$1
	ip=-$2
	name="$1, IPv$2"
	drive $ip -n 1000 -c 200 drop:last-ack:client:2
	tap "$name: 1000 connections with two lost last ACKs each close in order" $?
	is "$(value dropped)" 2000 "$name: exactly the first two last ACKs of each were dropped"
	is "$(awk '$3 == "last-ack" && $4 <= 2' "$work/log" | grep -c dropped)" 2000 \
		"$name: the log says so"
	is "$(value troubles)" 0 "$name: no trouble"
done

unset LASTACK_WIRE

# fates: what was not simply passed, in an order that does not depend on when anything was sent. On a
# loaded machine a FIN may be sent again although nothing was lost.
fates() { awk '$5 != "passed" && !($3 == "fin" && $6)' "$work/log" | sort; }

# The same rules and the same seed hit the same segments, each time and on either medium. Connections
# come one after the other, so that each has the same number every time.
rules=(drop:syn:client:0:0:0.2 duplicate:fin:server:0:0:0.5 drop:handshake-ack:client:0:0:0.3
	drop:fin:client:1:0:0.4)
wanted=
for run in 1 2 3 packet; do
	[ $run = packet ] && export LASTACK_WIRE=packet
	drive -n 12 -s 42 "${rules[@]}"
	tap "run $run: 12 connections under random faults" $?
	[ -n "$wanted" ] || wanted=$(fates)
	is "$(fates)" "$wanted" "run $run: the fates are those of run 1"
	unset LASTACK_WIRE
done
drive -n 12 -s 43 "${rules[@]}"
[ "$(fates)" != "$wanted" ]
tap "another seed has other fates" $?

# The capture against the log, segment for segment. The retransmissions are of every kind.
drive -n 20 -c 4 -b 30000 drop:syn:client:1 drop:data:client:2 drop:fin:server:1 drop:last-ack:client:1
tap "20 connections with losses everywhere" $?
shark -Y tcp -T fields -e tcp.flags -e tcp.len >"$work/shark"
awk '{ print $7 "\t" $8 }' "$work/log" >"$work/ours"
cmp -s "$work/shark" "$work/ours"
tap "tshark reads the same $(wc -l <"$work/log") segments, with the same flags and lengths" $?
is "$(shark -Y 'frame.comment contains "dropped"' | wc -l)" "$(value dropped)" \
	"each dropped segment is in the capture, with a comment"
is "$(shark -Y 'frame.comment contains "drop:fin:server:1"' -T fields -e tcp.flags.fin | sort -u)" \
	1 "the comment names the rule"
# What comes again within 3 ms of its hole being reported, tshark takes for out of order.
again='tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission'
is "$(shark -Y "$again" | wc -l)" "$(awk '$6 == 1' "$work/log" | wc -l)" \
	"tshark counts as many retransmissions as we do"
is "$(shark -T fields -e frame.interface_name -Y tcp | sort -u | tr '\n' ' ')" "client server " \
	"two interfaces with the names of the hosts"
is "$(shark -Nn -Y tcp -T fields -e ip.src_host | sort -u | tr '\n' ' ')" "client server " \
	"the addresses have the names of the hosts"
is "$(shark -Y 'tcp.checksum.status == 0' -o tcp.check_checksum:TRUE | wc -l)" 0 \
	"no checksum is wrong"

tap_end
