#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What make install leaves is enough: the program finds its scenarios and its peers, from anywhere; the
# manual and the completion are where others look for them.
set -u
cd "$(dirname "$0")/../.." || exit 2
BIN=$(realpath --relative-to=. "${BIN:-bin}") B=$(realpath --relative-to=. "${B:-build}")
. tests/tap.sh

# The make above this one must not hand down its flags and job slots.
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s install B="$B" BIN="$BIN" PREFIX=/opt/x DESTDIR="$work" >"$work/out" 2>&1
tap "make install" $?
built=$PWD at=$work/opt/x
(cd scenarios && find . -name '*.yaml' | sort) >"$work/want"
(cd "$at/share/lastack/scenarios" && find . -type f | sort) | diff "$work/want" - >"$work/out"
tap "all scenarios, and nothing else" $?

cd / || exit 2
"$at/bin/lastack" list >"$work/out" 2>&1 && [ "$(wc -l <"$work/out")" = "$(wc -l <"$work/want")" ]
tap "the program lists them from elsewhere" $?
if [ "$(id -u)" = 0 ]; then
	"$at/bin/lastack" run close/in-order-client-first >"$work/out" 2>&1
	tap "and runs one, with the installed peers" $?
else
	skip "and runs one" "needs root"
fi
if command -v man >"$work/out"; then
	for page in "$at"/share/man/man1/*.1; do
		man --warnings -l "$page" 2>&1 >/dev/null
	done >"$work/out"
	[ ! -s "$work/out" ]
	tap "the manual is well formed" $?
else
	skip "the manual" "no man here"
fi
bash -c '. "$1" && complete -p lastack' - "$at/share/bash-completion/completions/lastack" >"$work/out" 2>&1
tap "the completion can be loaded" $?
(cd "$built" && BIN="$BIN" tools/manual --check) >"$work/out" 2>&1
tap "the manual says what the program says (otherwise: make reference)" $?
tap_end
