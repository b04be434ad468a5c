#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Scenarios that must fail, one for each kind of expectation: the verdict is FAIL, the exit code 1, and
# the finding is the one that the first line of the file names.
set -u
BIN=${BIN:-bin}
dir=$(dirname "$0")/../mutants
. "$(dirname "$0")/../tap.sh"
# The mutant's one false expectation is found, and no other.
one() {
	local file=$1 name want code
	name=$(basename "$file" .yaml)
	want=$(sed -n '1s/^# must fail: //p' "$file")
	if [ -z "$want" ]; then
		echo "no '# must fail:' in $file" >"$work/err"
		tap "$name says what must fail" 1
		return
	fi
	"$BIN/lastack" run --ip 4 "$file" >"$work/out" 2>"$work/err"
	code=$?
	grep -q "^ *wanted  *$want" "$work/out" && [ "$(grep -c '^ *wanted ' "$work/out")" = 1 ] &&
		grep -q "^FAIL" "$work/out" && [ $code = 1 ]
	tap "$name fails: $want" $?
}

for f in "$dir"/*.yaml; do
	one "$f"
done

# Every kind of expectation has a mutant: the reference names them.
"$BIN/lastack" explain --language >"$work/out" 2>"$work/err"
for key in $(sed -n '/^### Of a host/,/^States/s/^| `\([a-z_]*\)` .*/\1/p' "$work/out"); do
	grep -q "[{ ]$key: [[{0-9\"]" "$dir"/*.yaml
	tap "the expectation '$key' has a mutant" $?
done
sed -n '/^### Of the wire/,/^Fates/s/^| `\([a-z_ ]*\)` .*/\1/p' "$work/out" >"$work/keys"
while IFS= read -r key; do
	grep -q "[{ ]$key[a-z -]*: [[a-z]" "$dir"/*.yaml
	tap "the expectation '$key' of the wire has a mutant" $?
done <"$work/keys"
tap_end
