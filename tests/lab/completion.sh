#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash knows commands, options, scenarios, tags and states, from the program itself.
set -u
BIN=$(realpath "${BIN:-bin}")
. "$(dirname "$0")/../../tools/lastack.bash"
n=0
bad=0

# The words that would be offered for a line, the last of which is being typed.
offered() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_lastack
	printf '%s\n' "${COMPREPLY[@]}"
}

is() { # what, the word that must be among the offered, the line
	local what=$1 want=$2
	shift 2
	n=$((n + 1))
	if offered "$@" | grep -qx -- "$want"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what: no '$want' after $*"
		bad=1
	fi
}

is "a command" explain "$BIN/lastack" ex
is "help" help "$BIN/lastack" he
is "help of a command" explain "$BIN/lastack" help ex
is "an option" --repeat "$BIN/lastack" run --re
is "a scenario" faults/last-ack-lost-once "$BIN/lastack" run faults/last
is "a tag" rfc1337 "$BIN/lastack" run rfc
is "a family" 6 "$BIN/lastack" run --ip ""
is "a state" CLOSE_WAIT "$BIN/lastack" states CLOSE_W
echo "1..$n"
exit $bad
