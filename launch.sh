#!/bin/sh
# Open the lab: the same as `python3 lab.py launch`.
cd "$(dirname "$0")" && exec python3 lab.py launch "$@"
