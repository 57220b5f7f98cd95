#!/bin/sh
# Open the lab: the same as `python3 lab.py launch`.
command -v python3 >/dev/null || {
  echo "Latent Lab needs Python 3.11 or newer, and no python3 was found: install it, then start again." >&2
  exit 1
}
cd "$(dirname "$0")" && exec python3 lab.py launch "$@"
