"""The command line: one sub-command per use, every foreseeable trouble one sentence.

Exit codes: 0 done; 1 trouble, said in a sentence on stderr; 2 wrong usage; 130 stopped with Ctrl+C (143 by a `kill`),
141 nobody reads the output any more. torch is imported only by the commands that compute.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from core.cli import embed, evaluate, images, manage, outliers, training
from core.cli.common import CliError, HelpLayout, add_command
from core.data import DataError
from core.recipes.recipe import RecipeError
from core.runs import RunError

TROUBLE = (CliError, RunError, RecipeError, DataError, OSError, MemoryError)

EXAMPLES = """
  python -m core train mlp-vae-fast --digits   a first model, in about ten seconds
  python -m core list                          what was trained
  python -m core sample mlp-vae-fast-digits-1  new images, as a PNG
  python -m core COMMAND --help                everything about a command
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Arguments default to the process's own."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # a console that knows no β shows a ? and goes on
    try:
        code = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # `… | head`: whoever read has seen enough
        _forget_stdout()
        return 141
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except TROUBLE as error:
        print(_sentence(error), file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _forget_stdout()
        return 1
    return code


def _run(argv: Sequence[str] | None) -> int:
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
    except SystemExit as end:  # argparse has printed help or a usage error
        return int(end.code or 0)
    if not hasattr(args, "run"):
        parser.print_help(sys.stderr)
        return 2
    return args.run(args) or 0


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. Flags of recipes come from the dataclass."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Train latent-variable models and use them, without the pages.",
        epilog="examples:\n" + EXAMPLES.strip("\n"),
        formatter_class=HelpLayout,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (training, images, embed, evaluate, outliers, manage):
        for entry in module.COMMANDS:
            add_command(commands, entry)
    return parser


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Ask for less at once."
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
    return str(error)


def _forget_stdout() -> None:
    """Python flushes stdout once more at its end and would complain there."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
