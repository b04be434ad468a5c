#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules of the wire over a veth, by nft: the same verdicts as by the wire, and what it cannot do is said.
set -u
BIN=${BIN:-bin}
scenarios=${LASTACK_SCENARIOS:-$PWD/scenarios}
. "$(dirname "$0")/../tap.sh"

# both NAME RULES STEPS...: holds by the wire and by nft, over IPv4 and IPv6
both() {
	printf 'claim: %s\nserver: {on_eof: close}\nwire:\n%s\nsteps:\n%s\n' "$1" "$2" "$3" >"$work/one.yaml"
	for link in wire veth; do
		run "$BIN/lastack" run --link $link "$work/one.yaml"
		expect "$1: $link" 0 "2 passed"
	done
}

for s in last-ack-lost-once ack-of-fin-lost both-fins-lost client-fin-lost-once server-fin-lost-once \
	two-last-acks-of-a-thousand; do
	run "$BIN/lastack" run --link veth "$scenarios/faults/$s.yaml"
	expect "faults/$s over veth" 0 "2 passed"
done

# The order of segments and the times between them are on the wire alone.
run "$BIN/lastack" run --link veth "$scenarios/faults/last-ack-lost-three-times.yaml"
expect "a ladder over veth is no guess" 4 "needs link: wire"

ends='- client: {close: all}
- expect: {client: {TIME_WAIT: 4}, server: {LAST_ACK: 0}, within: 5s'
both 'The first two SYNs' '- {drop: syn, times: 2, from: client}' "- client: {connect: 4, wait: no}
- expect: {client: {ESTABLISHED: 4}, within: 6s, wire: {dropped: 8, syn from client: 12, syn again from client: 8}}"
both 'The first SYN-ACK' '- {drop: syn-ack, times: 1}' "- client: {connect: 4, wait: no}
- expect: {client: {ESTABLISHED: 4}, within: 4s, wire: {dropped: 4, syn-ack passed: \">= 4\"}}"
both 'The ACK of the handshake' '- {drop: handshake-ack, from: client, times: 1}' "- client: {connect: 4}
$ends, wire: {handshake-ack dropped: 4}}"
both 'Three FINs' '- {drop: fin, from: client, times: 3}' "- client: {connect: 4}
$ends, wire: {fin from client: 16, fin again from client: 12, dropped: 12}}"
both 'Three last ACKs' '- {drop: last-ack, from: client, times: 3}' "- client: {connect: 4}
$ends, wire: {fin again from server: 12, last-ack dropped: 12}}"
both 'Only what is sent again' '- {drop: fin again, from: client, times: 1}
- {drop: ack-of-fin, from: server, times: 1}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, server: {LAST_ACK: 0}, within: 5s, wire: {fin again dropped: 0}}"
both 'Only what is sent first' '- {drop: fin first, from: client}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, within: 5s, wire: {fin first dropped: 4, fin from client: 8}}"
both 'The second of its kind' '- {drop: fin, from: client, ordinal: 2}
- {drop: ack-of-fin, from: server, times: 1}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, server: {LAST_ACK: 0}, within: 5s}"
# The first rule that hits is the last that is asked.
both 'A rule counts what none before it hit' '- {drop: fin, from: client, times: 1}
- {drop: fin, from: client, skip: 1, times: 1}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, within: 5s, wire: {dropped: 4, fin from client: 8}}"
both 'So many in total' '- {drop: fin, from: client, in_total: 3}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, within: 5s, wire: {dropped: 3, fin from client: 7}}"
both 'One in two of all' '- {drop: fin, from: client, every: 2, in_total: yes}' "- client: {connect: 4}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 4}, within: 9s, wire: {dropped: \"2 .. 9\"}}"
both 'Every reset' '- {drop: rst}' "- client: {connect: 4}
- client: {abort: all, wait: no}
- expect: {for: 300ms, server: {ESTABLISHED: 4}, client: {ESTABLISHED: 0}, wire: {rst from client: 4, dropped: 4}}"
both 'All there is' '- {drop: any, from: client}' "- client: {connect: 1, wait: no}
- expect: {for: 1200ms, client: {SYN_SENT: 1}, server: {SYN_RECV: 0}, wire: {dropped: \">= 1\"}}"

both 'A port of either end' '- {drop: fin, port: 5000, from: client, times: 1}
- {drop: fin, port: 5001, from: client}
- {drop: last-ack, port: 5000, flags: "ack !psh", from: client, times: 1}' "- client: {connect: 4}
$ends, wire: {dropped: 8, last-ack dropped: 4, fin from client: 8}}"

# A four-tuple that is taken again is a connection of its own, whatever was counted before.
printf '%s\n' 'claim: Counted anew on a four-tuple taken again
client: {sysctl: {net.ipv4.ip_local_port_range: "40000 40000"}}
server: {on_eof: close}
wire:
- {drop: fin, from: client, times: 1}
- {drop: last-ack, from: client, times: 1}
steps:
- client: {connect: 1}
- client: {close: all}
- expect: {client: {TIME_WAIT: 1}, wire: {dropped: 2}, within: 3s}
- client: {sysctl: {net.ipv4.tcp_tw_reuse: 1}}
- client: {connect: 1, after: 2s}
- client: {close: all}
- expect: {client: {TIME_WAIT: 1}, wire: {dropped: 4}, within: 3s}' >"$work/again.yaml"
for link in wire veth; do
	run "$BIN/lastack" run --link $link "$work/again.yaml"
	expect "a four-tuple taken again is counted anew: $link" 0 "2 passed"
done

run "$BIN/lastack" run --link veth "$scenarios/faults/fin-delayed.yaml"
expect "what nft cannot do is skipped, and why" 4 "nft cannot do it: it only drops"
printf 'claim: Probes\nlink: wire\nwire: [{drop: fin probe, from: client}]\nsteps: [client: {connect: 1}, expect: {client: {ESTABLISHED: 1}}]\n' >"$work/one.yaml"
run "$BIN/lastack" run --link veth "$work/one.yaml"
expect "nor can it tell tail loss probes" 4 "it does not tell a tail loss probe from another retransmission"
run "$BIN/lastack" run --link veth --out "$work/out" --ip 4 "$scenarios/faults/last-ack-lost-once.yaml"
run cat "$work/out/faults/last-ack-lost-once/ipv4/timeline.ndjson"
expect "the timeline says what the link was" 0 '"link":"veth+nft"'
expect "and what became of the rule" 0 'nft, as it arrives: drop last-ack from client, once'
run "$BIN/lastack" replay "$work/out/faults/last-ack-lost-once/ipv4"
expect "judged again it is the same" 0 "1 passed"
printf '%s\n' 'claim: A port that nobody has
wire:
- {drop: fin, from: client, port: 5001}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 2}, within: 100ms}' >"$work/idle.yaml"
for link in wire veth; do
	run "$BIN/lastack" run --link $link --ip 4 "$work/idle.yaml"
	expect "a rule that hit nothing is told where something fails: $link" 1 \
		"rule 1 (line 3) hit nothing: drop fin from client"
done
sed -i 's/ESTABLISHED: 2/ESTABLISHED: 1/' "$work/idle.yaml"
for link in wire veth; do
	run "$BIN/lastack" run --link $link --ip 4 "$work/idle.yaml"
	expect "and where all holds: $link" 0 "rule 1 (line 3) hit nothing: drop fin from client"
done
for wire in tun packet; do
	run env LASTACK_WIRE=$wire "$BIN/lastack" run --ip 4 --report json "$scenarios/faults/last-ack-lost-once.yaml"
	if [ "$code" = 4 ]; then
		skip "the wire by LASTACK_WIRE=$wire" "$(grep -m 1 why "$work/said")"
	else
		expect "the wire by LASTACK_WIRE=$wire" 0 "\"link\": \"wire+$wire\""
	fi
done
run env LASTACK_WIRE=string "$BIN/lastack" run --ip 4 "$scenarios/faults/last-ack-lost-once.yaml"
expect "by nothing else" 2 "LASTACK_WIRE=string in the environment: expected tun or packet"
run "$BIN/lastack" run --link cable "$scenarios/faults/last-ack-lost-once.yaml"
expect "a link that there is not" 2 "--link: 'cable' is neither veth nor wire"
tap_end
