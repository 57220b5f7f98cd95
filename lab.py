#!/usr/bin/env python3
"""Latent Lab's one command: `python3 lab.py` builds what is missing, starts the lab and opens the browser.

This file is read by whichever Python the computer has, so it must parse on very old ones: an old Python
answers with a sentence about its age, not with a SyntaxError. Everything else lives in bootstrap/.
"""

import sys

OLDEST = (3, 11)  # Streamlit 1.67 asks for it

TOO_OLD = (
    "Latent Lab needs Python {0}.{1} or newer; this is {2} ({3}). "
    "Install a newer Python from https://www.python.org/downloads/ or with your package manager, then {4}."
)


def advice(windows):
    """What to do after installing: the words differ where people double-click."""
    if windows:
        return "double-click launch.bat again"
    return "run this command again with it, for example: python{0}.{1} lab.py".format(*OLDEST)


def age_problem(version, path, windows):
    """The sentence for a Python that is too old, or None where it is new enough."""
    if tuple(version[:2]) >= OLDEST:
        return None
    number = ".".join(str(part) for part in version[:3])
    return TOO_OLD.format(OLDEST[0], OLDEST[1], number, path, advice(windows))


def main():
    problem = age_problem(sys.version_info, sys.executable, sys.platform == "win32")
    if problem:
        sys.stderr.write(problem + "\n")
        return 1
    from bootstrap.cli import run  # only now: bootstrap/ is written for the Python we ask for

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
