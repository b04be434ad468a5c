# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For the test scripts to source: a directory of their own ($work), results as TAP lines, the exit code.
#
#   some command >"$work/out" 2>&1
#   tap "what it should do" $?            $work/said, out* and err are shown where it did not
#   is "$(command)" wanted "what it is"
#   run command...                        its exit code to $code, its words to $work/said
#   expect "what it does" CODE WORDS      both as wanted; WORDS "": it said nothing
#   skip "what" "why it cannot be tried"
#   tap_end
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
n=0 bad=0

tap() {
	n=$((n + 1))
	[ "$2" = 0 ] && echo "ok $n - $1" && return
	echo "not ok $n - $1"
	tail -qn 20 "$work"/said "$work"/out* "$work"/err 2>/dev/null | sed 's/^/# /'
	bad=1
}

is() {
	[ "$1" = "$2" ]
	tap "$3" $?
	[ "$1" = "$2" ] || echo "# got '$1', wanted '$2'"
}

run() {
	"$@" >"$work/said" 2>&1 </dev/null
	code=$?
}

expect() {
	[ "$code" = "$2" ] && if [ "$3" ]; then grep -qF -- "$3" "$work/said"; else [ ! -s "$work/said" ]; fi
	tap "$1" $?
	[ "$code" = "$2" ] || echo "# exit code $code, wanted $2 and '$3'"
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

tap_end() {
	echo "1..$n"
	exit $bad
}
