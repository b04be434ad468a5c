#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a router's rules can be wrong about, and where its scenarios run.
set -u
BIN=${BIN:-bin}
. "$(dirname "$0")/../tap.sh"

scenario() {
	printf '%s\n' "$2" >"$work/$1.yaml"
}
end='steps:
- client: {connect: 2}
- expect: {client: {ESTABLISHED: 2}}'

scenario block "claim: A mistake in a block
router:
  nft: |
    table inet x {
      chain c { type filter hookk forward priority 0; }
    }
$end"
scenario line "claim: A mistake in a line
router: {nft: \"add table inet x; add chain inet x c { foo }\"}
$end"
scenario step "claim: A mistake in a step
router: {nft: \"add table inet x\"}
steps:
- client: {connect: 1}
- router: {nft: \"add chain inet y c\"}
- expect: {client: {ESTABLISHED: 1}}"
run "$BIN/lastack" run "$work/block.yaml"
expect "a mistake in a block of rules, with its line and column" 2 "block.yaml:5:29: nft: syntax error"
run "$BIN/lastack" run "$work/line.yaml"
expect "in a line of rules" 2 "line.yaml:2:59: nft: syntax error"
run "$BIN/lastack" run "$work/step.yaml"
expect "in a step, after the rules of the router" 2 "step.yaml:5:33: nft: "

scenario devices "claim: Rules may name the router's devices
router:
  nft: |
    table inet x {
      chain c {
        type filter hook forward priority 0
        iif router0 oif router1 tcp dport 5000 accept
        iif router1 oif router0 tcp sport 5000 accept
        meta l4proto tcp drop
      }
    }
steps:
- client: {connect: 2}
- router: {nft: \"insert rule inet x c tcp flags fin drop\"}
- client: {close: all, wait: no}
- expect: {for: 300ms, client: {FIN_WAIT_1: 2}, server: {ESTABLISHED: 2}}
- router: {nft: \"flush ruleset\"}
- expect: {client: {FIN_WAIT_1: 0}, server: {CLOSE_WAIT: 2}}"
for link in veth wire; do
	sed "1a link: $link" "$work/devices.yaml" >"$work/devices-$link.yaml"
	for observers in auto poll; do
		run "$BIN/lastack" run --observers $observers "$work/devices-$link.yaml"
		expect "rules of a router, changed by steps, over $link, observers $observers" 0 "2 passed"
	done
done

# Where addresses are translated, the wire sees one end's four-tuple alone.
scenario nat "claim: Paths behind a masquerading router
link: wire
router: {masquerade: yes}
steps:
- client: {connect: 3}
- client: {close: all}
- server: {close: all}
- expect:
    server: {path: [ESTABLISHED, CLOSE_WAIT, LAST_ACK, CLOSE]}
    client: {path: [ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT], TIME_WAIT: 3}
    router: {conntrack: {TIME_WAIT: 3}}"
for observers in auto poll; do
	run "$BIN/lastack" run --observers $observers "$work/nat.yaml"
	expect "paths on both sides of a translation, observers $observers" 0 "2 passed"
done

scenario oldest "claim: The oldest is forgotten first
router: {masquerade: yes, sysctl: {net.netfilter.nf_conntrack_tcp_loose: 0}}
server: {on_eof: close}
steps:
- client: {connect: 1}
- client: {connect: 2}
- router: {conntrack: flush, on: 1}
- expect: {router: {conntrack: {ESTABLISHED: 2, any: 2}}}
- client: {close: 1, wait: no}
- expect: {client: {ESTABLISHED: 2, FIN_WAIT_1: 0}, server: {ESTABLISHED: 3}}
- client: {close: all, wait: no}
- expect: {client: {TIME_WAIT: 2}, server: {ESTABLISHED: 1, LAST_ACK: 0}}"
run "$BIN/lastack" run "$work/oldest.yaml"
expect "an entry deleted is the oldest one's" 0 "2 passed"
tap_end
