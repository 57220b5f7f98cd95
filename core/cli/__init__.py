"""Command line of the lab: one sub-command per task, every foreseeable error one sentence.

Exit codes: 0 success; 1 error, one sentence on stderr; 2 wrong usage; 130 stopped with Ctrl+C (143 by `kill`); 141 the
reader of the output has gone. torch is imported only by the commands that compute.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence

from core.cli import embed, evaluate, images, manage, outliers, prior, training
from core.cli.common import CliError, HelpLayout, add_command
from core.data import DataError
from core.recipes.recipe import RecipeError
from core.runs import RunError

ERRORS = (CliError, RunError, RecipeError, DataError, OSError, MemoryError)

EXAMPLES = """
  python -m core train mlp-vae-fast --digits   a first model, in about ten seconds
  python -m core list                          all runs
  python -m core sample mlp-vae-fast-digits-1  new images, as a PNG
  python -m core COMMAND --help                all options of a command
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `argv` defaults to the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console without β shows a ?
    try:
        code = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # `… | head` has read enough
        _forget_stdout()
        return 141
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except ERRORS as error:
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
    run: Callable[[argparse.Namespace], int | None] = args.run
    return run(args) or 0


def build_parser() -> argparse.ArgumentParser:
    """Parser of the whole command line. The flags of a recipe come from the fields of its dataclass."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Train and use latent-variable models from a shell, without the pages.",
        epilog="examples:\n" + EXAMPLES.strip("\n"),
        formatter_class=HelpLayout,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (training, images, prior, embed, evaluate, outliers, manage):
        for entry in module.COMMANDS:
            add_command(commands, entry)
    return parser


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Reduce the number of images."
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
    return str(error)


def _forget_stdout() -> None:
    """Redirect stdout to nowhere: Python flushes it at exit, which would print an error."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
