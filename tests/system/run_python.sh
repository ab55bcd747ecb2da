#!/usr/bin/env bash
# Runs a Python test with the harness beside it on the path.
set -euo pipefail
PYTHONPATH=$(dirname "$1") PYTHONDONTWRITEBYTECODE=1 exec python3 "$1" -v
