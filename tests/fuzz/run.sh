#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each fuzzer for FUZZ_SECONDS, from what it found before and the seeds. What it fails on is left in
# build-fuzz/found, and printed.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${FUZZ_SECONDS:-30}
out=$PWD/build-fuzz
n=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

mkdir -p "$out/found"
python3 tests/fuzz/seeds.py "$out/seeds" || exit 2
for source in tests/fuzz/*.c; do
	name=${source##*/} name=${name%.c}
	n=$((n + 1))
	mkdir -p "$out/corpus/$name"
	if "$out/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=20000 \
		-artifact_prefix="$out/found/$name-" -print_final_stats=1 \
		"$out/corpus/$name" "$out/seeds/$name" >"$log" 2>&1; then
		runs=$(sed -n 's/.*number_of_executed_units: *//p' "$log")
		echo "ok $n - $name: $runs runs"
	else
		echo "not ok $n - $name"
		tail -60 "$log" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$n"
exit $failed
