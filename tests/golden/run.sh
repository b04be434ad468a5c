#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Recorded runs, judged again: the verdict must come out to the letter. Needs no root.
# Each directory here holds scenario.yaml, timeline.ndjson and verdict.txt; `run.sh --update`
# writes the verdicts anew, to be looked at with git diff.
set -u
cd "$(dirname "$0")" || exit 2
bin=${BIN:-../../bin}
case $bin in /*) ;; *) [ -x "$bin/lastack" ] || bin=$OLDPWD/$bin ;; esac
update=${1:-}
n=0 failed=0
dirs=(*/)
echo "1..${#dirs[@]}"
for d in "${dirs[@]%/}"; do
	n=$((n + 1))
	got=$("$bin/lastack" replay -v "$d" 2>&1; echo "exit code $?")
	if [ "$update" = --update ]; then
		printf '%s\n' "$got" >"$d/verdict.txt"
	fi
	if difference=$(diff -u "$d/verdict.txt" - <<<"$got"); then
		echo "ok $n - $d"
	else
		failed=1
		echo "not ok $n - $d"
		while IFS= read -r line; do echo "# $line"; done <<<"$difference"
	fi
done
exit $failed
