#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `lastack explain` prints is tried: the commands by hand build each scenario's hosts, sysctls and
# rules; and one scenario is played by hand to its end, last ACK lost and all.
set -u
BIN=$(realpath "${BIN:-bin}")
. "$(dirname "$0")/../tap.sh"
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 0
fi

# The commands of the first part, up to the peers.
commands() { # scenario, family
	"$BIN/lastack" explain --ip "$2" "$1" |
		sed -n '/^By hand/,/^  # In a terminal/{/^By hand/d;/^  # In a terminal/d;p}'
}

# A shell with namespaces of its own: nothing of it is left when it ends.
alone() {
	unshare --mount --net --propagation private bash -c '
		mount -t tmpfs none /run && mkdir /run/netns && set -e && . "$1"' - "$1"
}

"$BIN/lastack" list --json >"$work/list" || exit 1
names=$(sed -n 's/^ *"name": "\(.*\)",$/\1/p' "$work/list")
failed=
for s in $names; do
	commands "$s" 4 >"$work/all"
	grep -v 'exec \(client\|server\) sysctl' "$work/all" >"$work/build" # those come together below
	grep -h 'exec \(client\|server\) sysctl' "$work/all" >>"$work/sysctls"
	sum=$(grep -v "wire's rule:" "$work/build" | md5sum)
	grep -qs "$sum" "$work/seen" && continue # many have the same hosts
	echo "$sum" >>"$work/seen"
	alone "$work/build" >"$work/out" 2>&1 || {
		failed=$s
		break
	}
done
tap "the commands of every scenario build it${failed:+: $failed}" "$([ -z "$failed" ])$?"

{
	printf '  ip netns add client\n  ip netns add server\n'
	sort -u "$work/sysctls"
} >"$work/build"
alone "$work/build" >"$work/out" 2>&1
tap "and set its sysctls: $(sort -u "$work/sysctls" | wc -l) different ones" $?

commands faults/last-ack-lost-once 6 >"$work/build" && alone "$work/build" >"$work/out" 2>&1
tap "and over IPv6" $?

# What only a router has, what a host has, and a ruleset that would like to end early.
cat >"$work/routed.yaml" <<'EOF'
claim: A router with rules of its own
client: {keepalive: yes, rcvbuf: 9999}
router:
  sysctl: {net.netfilter.nf_conntrack_tcp_loose: 0}
  nft: |
    table inet own {
     chain forward { type filter hook forward priority 5; tcp dport 7777 counter drop; }
    }
    add table inet \
    NFT
steps:
- client: {connect: 1}
- server: {kill: SIGKILL}
- expect: {client: {ESTABLISHED: 0}}
EOF
"$BIN/lastack" explain "$work/routed.yaml" >"$work/said"
commands "$work/routed.yaml" 4 >"$work/build"
echo 'ip netns exec router nft list table inet own; ip netns exec router nft list table inet lastack_track' >>"$work/build"
alone "$work/build" >"$work/out" 2>&1 && grep -q 'dport 7777' "$work/out"
tap "a router's own rules are among the commands" $?
grep -q '^    .*tcp dport 7777' "$work/said"
tap "and in the story" $?
story=$(sed '/^By hand/,$d' "$work/said" | tr -s ' \n' ' ')
case $story in
*"The client's receive buffers have 9999 bytes. The client's sockets have SO_KEEPALIVE."*) tap "options are their host's" 0 ;;
*) tap "options are their host's" 1 ;;
esac
sed -n 's/^  client> \([0-9]* \(option\|behave\) .*\)/\1/p' "$work/said" | "$BIN/lastack-client" >"$work/out" 2>&1
is "$(grep -c ' done ' "$work/out") $(grep -c ' failed ' "$work/out")" "3 0" "and the program takes them"
grep -qF "kill -KILL \$(ip netns pids server)" "$work/said"
tap "only the program of this server is killed" $?

# By hand: what is typed into the peers, in the order of the steps.
{
	commands faults/last-ack-lost-once 4
	cat <<-'PLAY'
		typed() { # of a peer, in order, without starting it
			sed -n "s/^  $1> \([0-9].*\)/\1/p" "$TEXT"
		}
		mkfifo "$WORK/server" "$WORK/client"
		ip netns exec server "$BIN/lastack-server" <"$WORK/server" >"$WORK/out-server" &
		ip netns exec client "$BIN/lastack-client" <"$WORK/client" >"$WORK/out-client" &
		exec 5>"$WORK/server" 6>"$WORK/client"
		await() { # a report of a peer, at most 5 s
			for _ in $(seq 100); do grep -q "$2" "$WORK/out-$1" && return; sleep 0.05; done
			echo "no '$2' from the $1"; exit 1
		}
		typed server | head -2 >&5; await server listening
		typed client | head -2 >&6; await client connected; await server accepted
		typed client | tail -1 >&6; await server eof
		typed server | tail -1 >&5; await server closed
		for _ in $(seq 100); do
			ip netns exec server ss -Htan state last-ack | grep -q . || break
			sleep 0.05
		done
		ip netns exec client ss -Htan state time-wait >"$WORK/out-timewait"
		ip netns exec server nstat -asz TcpRetransSegs >"$WORK/out-retrans"
		ip netns exec client nft list table ip rule1 >"$WORK/out-rules"
		exec 5>&- 6>&-
		wait
	PLAY
} >"$work/play"
"$BIN/lastack" explain faults/last-ack-lost-once >"$work/text"
TEXT=$work/text WORK=$work BIN=$BIN alone "$work/play" >"$work/out" 2>&1
tap "a scenario is played by hand" $?
[ "$(wc -l <"$work/out-timewait")" = 1 ]
tap "the client is in TIME_WAIT" $?
grep -q 'TcpRetransSegs *1 ' "$work/out-retrans"
tap "the server sent its FIN twice" $?
grep -q 'counter packets 1 .*drop' "$work/out-rules"
tap "nft dropped one ACK" $?
tap_end
