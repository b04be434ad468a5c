#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Saved runs of which some are damaged: each of those is an ERROR, the others are judged. Needs no root.
set -u
BIN=$(realpath "${BIN:-bin}")
golden=$(realpath "$(dirname "$0")/../golden")
. "$(dirname "$0")/../tap.sh"
cd "$work" || exit 2

mkdir runs
cp -r "$golden"/{counter-holds,error-holds,path-fails,path-holds} runs
echo x >runs/counter-holds/scenario.yaml
: >runs/error-holds/timeline.ndjson
sed -i '1s/"scenario": *"/&\\u001b[31m/' runs/path-holds/timeline.ndjson

run "$BIN/lastack" replay runs
expect "two of four are damaged, the others are judged" 3 "1 passed, 1 failed, 0 skipped, 2 errors"
expect "a scenario that does not load is told" 3 "runs/counter-holds/scenario.yaml:1:1: expected a scenario"
expect "an empty timeline is told" 3 "runs/error-holds/timeline.ndjson:1: empty"
grep -q $'\x1b' said
[ $? = 1 ]
tap "what stands in a timeline cannot command a terminal" $?
"$BIN/lastack" replay --report tap runs >said
is "$(sed -n 2p said) $(grep -cE '^(not )?ok [1-4] ' said)" "1..4 4" "TAP is complete"
names=$("$BIN/lastack" replay --report json runs | python3 -c '
import json, sys
print(*(r["scenario"] for r in json.load(sys.stdin)["runs"]))')
is "$names" "runs/counter-holds runs/error-holds path-fails ?[31mpath-holds" "the names are those of the timelines"

for second in json tap=/dev/stdout; do
	run "$BIN/lastack" replay --report tap --report $second runs
	expect "two reports into one another are refused: $second" 2 "lastack: --report: tap and ${second%=*} would be written into one another"
	is "$(wc -l <said)" 1 "is told in one line"
done
run "$BIN/lastack" replay --report term --report tap=tap --report json=json --report tap=/dev/null --report json=/dev/null runs
expect "each to a place of its own is fine" 3 "1 passed, 1 failed"
is "$(head -1 tap) $(head -c 9 json)" 'TAP version 14 {"runs":[' "and each is there"

run "$BIN/lastack" replay runs/error-holds
expect "of a single damaged one there is only the error" 2 "timeline.ndjson:1: empty"
is "$(wc -l <said)" 1 "in one line"
tap_end
