#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the sources keep to: includes point one way, each file has its licence and its purpose, each make
# target its line of help, each command its place in the manual.
set -u
cd "$(dirname "$0")/../.." || exit 2
python3 tests/source/includes.py
