#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Whatever is changed about what the catalogue expects, the verdict on the very same run changes.
exec python3 "$(dirname "$0")/sensitive.py"
