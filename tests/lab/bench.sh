#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `lastack bench` says is true: which side keeps TIME_WAIT, when ports run out, what was full.
exec python3 "$(dirname "$0")/bench.py"
