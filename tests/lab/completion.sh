#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash knows commands, options, scenarios, tags and states, from the program itself.
set -u
BIN=$(realpath "${BIN:-bin}")
. "$(dirname "$0")/../../tools/lastack.bash"
. "$(dirname "$0")/../tap.sh"

# The words that would be offered for a line, the last of which is being typed.
offered() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_lastack
	printf '%s\n' "${COMPREPLY[@]}"
}

offers() { # what, the word that must be among the offered, the line
	local what=$1 want=$2
	shift 2
	offered "$@" >"$work/out"
	grep -qx -- "$want" "$work/out"
	tap "$what: $want after ${*:2}" $?
}

offers "a command" explain "$BIN/lastack" ex
offers "help" help "$BIN/lastack" he
offers "help of a command" explain "$BIN/lastack" help ex
offers "an option" --repeat "$BIN/lastack" run --re
offers "a scenario" faults/last-ack-lost-once "$BIN/lastack" run faults/last
offers "a tag" rfc1337 "$BIN/lastack" run rfc
offers "a family" 6 "$BIN/lastack" run --ip ""
offers "a state" CLOSE_WAIT "$BIN/lastack" states CLOSE_W
tap_end
