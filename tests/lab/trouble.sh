#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What goes wrong around a run: the line that says so, the exit code, and nothing left behind.
set -u
BIN=${BIN:-bin}
. "$(dirname "$0")/../tap.sh"
chmod 755 "$work"
trap 'umount "$work/full" 2>/dev/null; rm -rf "$work"' EXIT
cp "$BIN"/lastack "$BIN"/lastack-server "$BIN"/lastack-client "$work"/
export LASTACK_SCENARIOS=${LASTACK_SCENARIOS:-$PWD/scenarios}

ours() { # pids of one of our programs
	local p
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/exe" 2>/dev/null)" = "$work/$1" ] && echo "${p#/proc/}"
	done
}
wait_for() { # a command that succeeds within 10 s
	local end=$((SECONDS + 10))
	while [ $SECONDS -lt $end ]; do
		"$@" && return 0
		read -rt 0.01 _ <> <(:) || true
	done
	return 1
}
some() { [ -n "$(ours "$1")" ]; }
none() { [ -z "$(ours "$1")" ]; }

scenario() {
	printf '%s\n' "$2" >"$work/$1.yaml"
}
scenario holds 'claim: It lasts
steps:
- client: {connect: 1}
- expect: {for: 60s, client: {ESTABLISHED: 1}}'
scenario never 'claim: It never comes true
link: veth
steps:
- client: {connect: 3}
- expect: {within: 300ms, server: {CLOSE_WAIT: 3}}'
scenario wire 'claim: It needs the wire
link: wire
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'
scenario tun 'claim: It needs TUN by name
needs: [tun]
link: wire
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'
scenario plain 'claim: It opens and closes
link: veth
server: {on_eof: close}
steps:
- client: {connect: 1}
- client: {close: all}
- expect: {client: {TIME_WAIT: 1}}'
scenario toomany 'claim: It closes more than there is
link: veth
steps:
- client: {connect: 1}
- client: {close: 2}
- expect: {client: {TIME_WAIT: 1}}'
scenario typo 'claim: A sysctl that does not exist
server: {sysctl: {net.ipv4.tcp_fin_timeot: 5}}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'
scenario global 'claim: A sysctl of the whole machine
server: {sysctl: {net.ipv4.tcp_max_orphans: 5}}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'
scenario value 'claim: A value that the kernel refuses
server: {sysctl: {net.ipv4.tcp_fin_timeout: many}}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'

# A peer that dies, though no step kills it.
"$work/lastack" run --ip 4 "$work/holds.yaml" >"$work/said" 2>&1 </dev/null &
pid=$!
wait_for some lastack-server
wait_for some lastack-client
server=$(ours lastack-server)
grep -q ' /proc/sys ro,' "/proc/$server/mountinfo" && grep -q ' /proc/sys/net rw,' "/proc/$server/mountinfo"
tap "of a cell's sysctls only net. can be written" $?
[ "$(readlink "/proc/$server/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] &&
	[ "$(readlink "/proc/$server/ns/ipc")" != "$(readlink /proc/self/ns/ipc)" ]
tap "a cell has a name and System V objects of its own" $?
last=$(tr ',-' '\n' <<<"$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" | tail -1)
kill -KILL "$server"
wait $pid
code=$?
expect "a peer that dies is an ERROR that names it" 3 "server"
expect "and how it died" 3 "SIGKILL"
wait_for none lastack-client
run test -z "$(ours lastack-client)"
expect "its cell is gone" 0 ""

# Where not all CPUs are for us, the first is not CPU 0.
taskset -c "$last" "$work/lastack" run --ip 4 "$work/holds.yaml" >"$work/said" 2>&1 </dev/null &
pid=$!
wait_for some lastack-server
on_the_last() { [ "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(ours lastack-server)/status" 2>/dev/null)" = "$last" ]; }
wait_for on_the_last
tap "a run stays on a CPU that is for us" $?
kill -INT $pid
wait $pid
wait_for none lastack-server

run "$work/lastack" run --ip 4 "$work/never.yaml"
expect "an expectation that is never met is a FAIL" 1 "server CLOSE_WAIT = 3"
expect "with what was seen instead" 1 "3 in ESTABLISHED"
expect "and the stretch of the timeline" 1 "** server"

# A wire that stands still while eight SYNs, 50 ms apart, come to wait: no FAIL, but no verdict.
scenario late 'claim: Connections begin while the wire stands still
link: wire
steps:
- client: {connect: 100, rate: 20}
- expect: {wire: {syn: 101}, within: 100ms}'
"$work/lastack" run --ip 4 "$work/late.yaml" >"$work/said" 2>&1 </dev/null &
pid=$!
below() { # PID COMMAND: the pids below it that are of this command; quicker than a look at all
	local child name
	for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		{ read -r name <"/proc/$child/comm"; } 2>/dev/null && [ "$name" = "$2" ] && echo "$child"
		below "$child" "$2"
	done
}
of_the_client() { # PATTERN N: so many lines of its sockets
	local client
	for client in $(below $pid lastack-client); do
		[ "$(grep -c "$1" "/proc/$client/net/tcp")" -ge "$2" ] && return 0
	done
	return 1
}
wait_for of_the_client ' 01 ' 4
wire=$(below $pid lastack)
# shellcheck disable=SC2086
kill -STOP $wire
wait_for of_the_client ' 02 ' 8
# shellcheck disable=SC2086
kill -CONT $wire
wait $pid
code=$?
expect "where the wire cannot keep up, a failure is an ERROR that says so" 3 " for the wire, and timers of its sender ran on"

# A client of one's own, which says more at its end than fits into one reading.
scenario reports 'claim: What a program says as it ends is heard
link: veth
steps:
- client: {churn: 500}
- client: {kill: SIGTERM}
- expect: {client: {errors: {ECONNREFUSED: 500}}}'
mkdir "$work/own"
cp "$work/lastack" "$work/lastack-server" "$work/own"
cat >"$work/own/lastack-client" <<'EOF'
#!/usr/bin/python3
import os, signal, sys, time
CLOCK = getattr(time, open(os.path.dirname(sys.argv[0]) + "/clock").read().strip())
def say(words):
    return "%d %s\n" % (time.clock_gettime_ns(CLOCK), words)
def end(*_):
    text = "".join(say("failed id=%d call=connect error=ECONNREFUSED" % (i + 1)) for i in range(500))
    while text:
        text = text[os.write(1, text.encode()):]
    os.write(2, b"and that was all\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
os.write(1, say("ready").encode())
for line in sys.stdin:
    os.write(1, say("done command=%s" % line.split()[0]).encode())
signal.pause()
EOF
chmod -R go+rX "$work/own"
chmod +x "$work/own/lastack-client"
echo CLOCK_MONOTONIC >"$work/own/clock"
run "$work/own/lastack" run --ip 4 --out "$work/heard" "$work/reports.yaml"
expect "all that a program says as it ends is heard" 0 "1 passed"
grep -q "and that was all" "$(find "$work/heard" -name '*.ndjson')"
tap "and what it says to standard error" $?
if setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Ur true 2>/dev/null; then
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$work/own/lastack" run --ip 4 "$work/reports.yaml"
	expect "also without a priority of real time" 0 "1 passed"
else
	skip "also without a priority of real time" "no user namespaces for users"
fi
echo CLOCK_REALTIME >"$work/own/clock"
run "$work/own/lastack" run --ip 4 "$work/reports.yaml"
expect "a report of a time to come is an ERROR that says so" 3 "of a time to come: CLOCK_MONOTONIC is meant"

scenario dead 'claim: A program is told something after its end
link: veth
steps:
- client: {connect: 1}
- server: {kill: SIGKILL}
- server: {close: all}
- expect: {server: {ESTABLISHED: 0}}'
run "$work/lastack" run --ip 4 "$work/dead.yaml"
expect "a program that is not running can be told nothing" 3 "step 3"
expect "and the ERROR says so" 3 "the server is not running: it cannot close"

# What the command line changed is on the record: a replay judges by it, and a report names it.
scenario retries 'claim: An orphan in LAST_ACK is given up
link: wire
wire: [{drop: last-ack, from: client}]
server: {sysctl: {net.ipv4.tcp_orphan_retries: 7}}
steps:
- client: {connect: 1}
- client: {close: all}
- server: {close: all, wait: no}
- expect: {server: {path: [ESTABLISHED, CLOSE_WAIT, {LAST_ACK: given up}, CLOSE]}}'
run "$work/lastack" run --ip 4 --out "$work/set" --set server:net.ipv4.tcp_orphan_retries=1 "$work/retries.yaml"
expect "--set counts where the time to wait is computed" 0 "1 passed"
run "$work/lastack" replay "$work/set"
expect "and in a replay" 0 "1 passed"
run "$work/lastack" run --ip 4 --set server:net.ipv4.tcp_fin_timeout=5 --set 'client:net.ipv4.ip_local_port_range=40000 40099' \
	--observers poll --link veth "$work/never.yaml"
expect "a failure says how to see it again" 1 "again: lastack run $work/never.yaml --ip 4 --set server:net.ipv4.tcp_fin_timeout=5 \
--set 'client:net.ipv4.ip_local_port_range=40000 40099' --link veth --observers poll"

run "$work/lastack" run --ip 4 "$work/toomany.yaml"
expect "a command that a program refuses is told with its reason" 3 \
	"the program of the client refused the command of step 2, close: there are not so many connections"

run "$work/lastack" run "$work/typo.yaml"
expect "a sysctl that does not exist, with the nearest name" 2 "typo.yaml:2:19: "
expect "is told which was meant" 2 "did you mean 'net.ipv4.tcp_fin_timeout'"
run "$work/lastack" run "$work/global.yaml"
expect "a sysctl that only the whole machine has" 2 "only for the whole machine"
run "$work/lastack" run "$work/value.yaml"
expect "a value that the kernel refuses" 2 "net.ipv4.tcp_fin_timeout = many"
run "$work/lastack" run --set server:net.ipv4.tcp_fin_timeot=3 "$work/plain.yaml"
expect "a sysctl of --set that does not exist" 2 \
	"--set server:net.ipv4.tcp_fin_timeot: this kernel has no sysctl 'net.ipv4.tcp_fin_timeot'; did you mean 'net.ipv4.tcp_fin_timeout'?"
run "$work/lastack" run --set server:net.ipv4.tcp_max_orphans=5 "$work/plain.yaml"
expect "a sysctl of --set that only the whole machine has" 2 "--set server:net.ipv4.tcp_max_orphans: "
run "$work/lastack" run --set server:net.ipv4.tcp_fin_timeout= "$work/plain.yaml"
expect "--set without a value" 2 "is not HOST:SYSCTL=VALUE"

scenario routed 'claim: With a router
router: {}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}'
run "$work/lastack" run --ip 4 --set router:net.ipv4.ip_default_ttl=9 "$work/plain.yaml" "$work/tun.yaml"
expect "--set of a router where no scenario has one" 2 "--set router:net.ipv4.ip_default_ttl: none of these scenarios has a router"
run "$work/lastack" run --ip 4 --set router:net.ipv4.ip_default_ttl=9 "$work/plain.yaml" "$work/routed.yaml"
expect "--set of a router where one of them has one" 0 "2 passed"

# A scenario that is not for this machine may name what this kernel does not have.
for guard in 'kernel: ">= 99.0"|needs kernel >= 99.0' 'needs: [tun]|needs tun'; do
	scenario newer "claim: It is for another kernel
${guard%|*}
server: {sysctl: {net.ipv4.tcp_of_a_kernel_to_come: 1}}
router: {nft: \"add nonsense of a language to come\"}
steps:
- client: {connect: 1}
- expect: {client: {ESTABLISHED: 1}}"
	run unshare -m sh -c "mount -t tmpfs none /dev/net && exec '$work/lastack' run --ip 4 '$work/newer.yaml' '$work/plain.yaml'"
	expect "where '${guard%|*}' does not hold, no sysctl is asked about" 0 "1 passed, 0 failed, 1 skipped"
	expect "and it says what is needed" 0 "${guard#*|}"
done

# A counter that is not there is not 0.
for wrong in TcpExt.TWRecyled:TcpExt.TWRecycled TcpEx.TWRecycled:TcpExt.TWRecycled Ip6.InReceives:Ip.InReceives; do
	scenario counter "claim: A counter that this kernel does not have
steps:
- client: {connect: 1}
- expect: {server: {counters: {${wrong%:*}: 0}}}"
	run "$work/lastack" run --ip 4 "$work/counter.yaml"
	expect "the counter ${wrong%:*} is missing, not 0" 4 \
		"counter.yaml:4:32: needs the counter ${wrong%:*}, which this kernel does not have; did you mean '${wrong#*:}'?"
done
scenario counter 'claim: A type of ICMP that was never seen
steps:
- client: {connect: 1}
- expect: {server: {counters: {IcmpMsg.InType3: 0}}}'
run "$work/lastack" run --ip 4 "$work/counter.yaml"
expect "a counter that has not counted yet is 0" 0 "1 passed"

# Nothing of the machine is written: here it is a UTS namespace of this test's own.
for command in run bench; do
	run unshare -u sh -c "hostname before
		'$work/lastack' $command --set server:kernel.hostname=changed $([ $command = run ] && echo "$work/plain.yaml")
		code=\$?; hostname; exit \$code"
	expect "$command --set of a sysctl that is not of the network" 2 "'kernel.hostname' is not a host's own"
	is "$(tail -1 "$work/said")" before "and it stays as it was"
done

# Below a directory, but not on another file system: / has /proc.
mkdir -p "$work/tree/other"
cp "$work/plain.yaml" "$work/tree"
run unshare -m sh -c "mount -t tmpfs none '$work/tree/other' && echo nonsense >'$work/tree/other/x.yaml' &&
	'$work/lastack' list '$work/tree'"
expect "another file system below a directory is left out" 0 "It opens and closes"

# Words of the command line that mean nothing: one line, with what was meant.
refused() { # WORDS, command...
	local words=$1
	shift
	run "$work/lastack" "$@"
	expect "$*" 2 "$words"
	is "$(wc -l <"$work/said")" 1 "is told in one line"
}
refused "lastack: run has no option '--slwo'; did you mean --slow?" run --slwo "$work/plain.yaml"
refused "lastack: run has no option '-x'; see \`lastack help run\`" run -x "$work/plain.yaml"
refused "lastack: --seed needs a value" run "$work/plain.yaml" --seed
refused "lastack: --slow takes no value" run --slow=3 "$work/plain.yaml"
refused "lastack: -j: '0' is no whole number from 1 to 1024" run -j 0 "$work/plain.yaml"
refused "lastack: -j: 'x' is no whole number from 1 to 1024" run -j x "$work/plain.yaml"
refused "lastack: --report: there is no 'xml', only term, tap, json" run --report xml "$work/plain.yaml"
refused "lastack: list has no option '--jsn'; did you mean --json?" list --jsn
refused "lastack: explain has no option '--pi'; did you mean --ip?" explain --pi 4
refused "lastack: replay has no option '--reprt'; did you mean --report?" replay --reprt x
refused "lastack: there is no command 'reply'; did you mean 'replay'?" help reply
refused "lastack: there is no command 'nonsense'; \`lastack help\` lists them" nonsense

# Ctrl-C: the verdicts so far, also behind one that lasts, and nothing left.
"$work/lastack" run --ip 4 --report term --report tap="$work/tap" "$work/holds.yaml" "$work/plain.yaml" \
	>"$work/said" 2>&1 </dev/null &
pid=$!
wait_for grep -q PASS "$work/said"
wait_for some lastack-server
kill -INT $pid
wait $pid
code=$?
expect "Ctrl-C ends with the verdicts so far" 3 "interrupted: 1 of 2 runs has no verdict"
expect "one passed" 3 "1 passed"
is "$(grep -c "^ok 1 - plain" "$work/tap") $(grep '^Bail' "$work/tap")" "1 Bail out! interrupted: 1 run has no verdict" \
	"and TAP bails out"
wait_for none lastack-server
run test -z "$(ours lastack-server)$(ours lastack-client)$(ours lastack)"
expect "and leaves nothing" 0 ""

# What is waited for, on a terminal of 80 columns: what has ended, the time first, then the name.
script -qefc "stty cols 80; exec '$work/lastack' run --ip 4 '$work/holds.yaml' '$work/plain.yaml'" "$work/said" </dev/null >/dev/null &
shown=$!
wait_for grep -qa "1 of 2 done; at most [0-9]* s for holds: client ESTABLISHED = 1" "$work/said"
tap "the progress line counts what has ended, and says how long at most" $?
# shellcheck disable=SC2046
kill -INT $(ours lastack) 2>/dev/null # some of them end with another
wait $shown
wait_for none lastack-server

# Two files of one name: the directory that both are below tells them apart.
mkdir -p "$work/names/a" "$work/names/b"
cp "$work/plain.yaml" "$work/names/a/x.yaml"
cp "$work/plain.yaml" "$work/names/b/x.yaml"
saved() { (cd "$work/kept" && find . -name "*.ndjson" | sort | tr '\n' ' '); }
run "$work/lastack" run --ip 4 --report tap --out "$work/kept" "$work/names"
expect "two files of one name below a directory are two" 0 "ok 1 - a/x IPv4"
is "$(saved)" "./a/x/ipv4/timeline.ndjson ./b/x/ipv4/timeline.ndjson " "and each leaves its own timeline"
run "$work/lastack" run --out "$work/none" "$work/names/a/x.yaml" "$work/names/b"
expect "two that would go to one place are refused" 2 \
	"$work/names/a/x.yaml and $work/names/b/x.yaml would both go to $work/none/x"
[ "$(wc -l <"$work/said")" = 1 ] && [ ! -e "$work/none" ]
tap "in one line, before anything is done" $?

# What an earlier run left gives way, and nothing else.
run "$work/lastack" run --ip 4 --repeat 2 --out "$work/kept" "$work/names"
expect "a run that is repeated" 0 "4 passed"
is "$(saved)" "./a/x/ipv4-1/timeline.ndjson ./a/x/ipv4-2/timeline.ndjson ./b/x/ipv4-1/timeline.ndjson ./b/x/ipv4-2/timeline.ndjson " \
	"takes the place of a single one"
echo mine >"$work/kept/a/x/ipv4-2/notes"
run "$work/lastack" run --ip 6 --out "$work/kept" "$work/names"
run "$work/lastack" run --out "$work/kept" "$work/names/a/x.yaml" --set server:net.ipv4.tcp_fin_timeot=3
run "$work/lastack" run --ip 4 --out "$work/kept" "$work/names/" --set server:net.ipv4.tcp_fin_timeout=3
is "$(saved)" "./a/x/ipv4/timeline.ndjson ./a/x/ipv6/timeline.ndjson ./b/x/ipv4/timeline.ndjson ./b/x/ipv6/timeline.ndjson " \
	"and that of a repeated one, of its own family"
is "$(cat "$work/kept/a/x/ipv4-2/notes") $(find "$work/kept" -name 'ipv4-*' | wc -l)" "mine 1" \
	"files of somebody else stay"
run "$work/lastack" run --out "" "$work/plain.yaml"
expect "--out nowhere" 2 "lastack: --out: no directory"

# Room for output.
run "$work/lastack" run --out /proc/nowhere "$work/plain.yaml"
expect "--out where nothing can be made" 2 "/proc/nowhere"
run "$work/lastack" run --report json=/nowhere/x "$work/plain.yaml"
expect "--report into a folder that is not there" 2 "/nowhere/x"
run "$work/lastack" run --ip 4 --report json=/dev/full "$work/plain.yaml"
expect "--report to a full device" 3 "No space left on device"
for command in list "list --json" "explain reset/abort" doctor help "help run" --version "run --help" \
	"run --ip 4 $work/plain.yaml" states; do
	# shellcheck disable=SC2086
	"$work/lastack" $command 2>"$work/said" >/dev/full </dev/null
	code=$?
	expect "$command to a full device" 3 "No space left on device"
	is "$(wc -l <"$work/said")" 1 "is told in one line"
done
if mkdir "$work/full" && mount -t tmpfs -o size=8k tmpfs "$work/full" 2>/dev/null; then
	run "$work/lastack" run --ip 4 --out "$work/full" "$work/plain.yaml"
	expect "--out on a full disk" 3 "No space left on device"
	run find "$work/full" -type f -name '*.ndjson'
	expect "leaves no half file" 0 ""
fi

# Without /dev/net/tun, and without root.
run unshare -m sh -c "mount -t tmpfs none /dev/net && exec '$work/lastack' run --ip 4 '$work/tun.yaml'"
expect "no TUN: what needs it is skipped, and all was" 4 "needs tun"
run unshare -m sh -c "mount -t tmpfs none /dev/net && exec '$work/lastack' run --ip 4 '$work/tun.yaml' '$work/wire.yaml'"
expect "no TUN: the wire runs on packet sockets" 0 "1 passed, 0 failed, 1 skipped"
chmod 644 "$work"/*.yaml
if setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Ur true 2>/dev/null; then
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$work/lastack" run --ip 4 "$work/plain.yaml"
	expect "an ordinary user runs it in a user namespace" 0 "1 passed"
else
	skip "an ordinary user runs it in a user namespace" "no user namespaces here"
fi
run setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Ur sh -c \
	"echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all '$work/lastack' run --ip 4 '$work/plain.yaml'"
expect "without the right to make namespaces: skipped, and what would mend it" 4 "netns"
tap_end
