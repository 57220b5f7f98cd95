#!/bin/sh
# Build the lab: the same as `python3 lab.py build`.
cd "$(dirname "$0")" && exec python3 lab.py build "$@"
