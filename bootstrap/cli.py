"""The commands of lab.py. Every error ends in one sentence, never in a traceback."""

import argparse
import errno
import os
import sys
import traceback
from pathlib import Path

from bootstrap.error_messages import diagnose
from bootstrap.paths import FULL, LabPaths, SetupError
from bootstrap.run_command import interrupt, on_goodbye

DESCRIPTION = "Build and open Latent Lab. Without a command: build what is missing, then open the lab in the browser."
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python3 lab.py", description=DESCRIPTION, allow_abbrev=False)
    serving = argparse.ArgumentParser(add_help=False)
    # SUPPRESS, so that a command's own default does not overwrite what was said before the command.
    serving.add_argument(
        "--port",
        type=int,
        metavar="N",
        default=argparse.SUPPRESS,
        help="serve on this port (default: the first free one from 8501)",
    )
    serving.add_argument(
        "--no-browser", action="store_true", default=argparse.SUPPRESS, help="print the address, open nothing"
    )
    for action in serving._actions:
        top._add_action(action)
    commands = top.add_subparsers(dest="command", metavar="command")
    commands.add_parser("launch", parents=[serving], help="open the lab, building it first if need be")
    commands.add_parser("build", help="make .venv and install what requirements.txt lists")
    test = commands.add_parser(
        "test",
        help="set up all the tests need, a browser included, and run them",
        description="Set up all the tests need and run them, several at once on as many cores. Other arguments go to"
        " pytest: -n0 runs the tests one after the other in one process.",
        allow_abbrev=False,
    )
    test.add_argument(
        "--quick",
        action="store_true",
        help="leave out the tests in a browser and those marked slow: under two minutes on two cores",
    )
    test.add_argument("--setup-only", action="store_true", help="prepare everything, run nothing")
    return top


def run(arguments: list[str], root: Path | None = None) -> int:
    """Do what the command line says. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may not know the letters of the folder's name: better a “?” than a crash.
        stream.reconfigure(errors="replace", line_buffering=True)
    options, rest = parser().parse_known_args(arguments)
    if rest and options.command != "test":
        parser().error(f"unknown option: {' '.join(rest)}")
    home = LabPaths(root or Path(__file__).resolve().parent.parent)
    on_goodbye(interrupt)
    try:
        return command(home, options, rest)
    except SetupError as problem:
        return _fail(str(problem))
    except KeyboardInterrupt:
        print("\nStopped.")
        return INTERRUPTED
    except OSError as error:
        if error.errno in FULL:
            return _fail(diagnose("no space left on device").advice)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return _fail(
                f"Writing was refused ({error.filename}): move the folder to a place of your own, then start again."
            )
        return _unexpected(home, error)
    except Exception as error:
        return _unexpected(home, error)


def command(home: LabPaths, options: argparse.Namespace, rest: list[str]) -> int:
    # Imported here: `--help` and an early SetupError need none of it, and every start pays for what it imports.
    from bootstrap import environment, launcher

    home.check()
    if sys.maxsize <= 2**32:
        raise SetupError(
            "This Python is a 32-bit one, for which PyTorch does not exist: install the 64-bit Python from"
            " https://www.python.org/downloads/, then start again."
        )
    if options.command == "test":
        from bootstrap import dev_setup

        return dev_setup.test(home, rest, quick=options.quick, setup_only=options.setup_only)
    if options.command == "build" and environment.why_build(home) is None:
        print("Latent Lab is built and up to date: start it with launch.")
        return 0
    browser = not getattr(options, "no_browser", False)
    turn = launcher.take_turn(home)
    if isinstance(turn, int):
        if options.command == "build":
            raise SetupError(
                f"The lab is open at {launcher.address(turn)} and its packages must change: close it, then build again."
            )
        print(
            f"Latent Lab is already open at {launcher.address(turn)}; it closes with Ctrl+C in the window"
            " that opened it."
        )
        if browser:
            launcher.open_browser(turn)
        return 0
    try:
        environment.build(home)
        if options.command == "build":
            print("Latent Lab is built: start it with launch.")
            return 0
        return launcher.launch(home, getattr(options, "port", None), browser)
    finally:
        turn.release()


def _fail(sentence: str) -> int:
    sys.stdout.flush()
    print(sentence, file=sys.stderr)
    return 1


def _unexpected(home: LabPaths, error: Exception) -> int:
    """Report an unforeseen error: one sentence to the user, the traceback to the log."""
    where = ""
    try:
        with open(home.build_log, "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        where = f" Details: {home.build_log}"
    except OSError:
        pass
    if os.environ.get("LATENT_LAB_DEBUG"):
        traceback.print_exc()
    return _fail(f"Something unexpected went wrong ({type(error).__name__}: {error}): start again.{where}")
