"""What the commands share: how one is declared, finding a run, bounded numbers, output files, Ctrl+C."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from core import runs
from core.system import paths
from core.system.atomic_files import write_atomic

if TYPE_CHECKING:
    from tqdm import tqdm


class CliError(Exception):
    """What stops a command: one sentence for stderr."""


@dataclass(frozen=True)
class Command:
    """A sub-command.

    Attributes:
        run: does it; returns the exit code, or None for 0. arguments: adds its flags.
        examples, usage: lines for `--help`, without the leading `python -m core`; usage only where argparse's own
            would be too long to read.
    """

    name: str
    about: str
    run: Callable[[argparse.Namespace], int | None]
    arguments: Callable[[argparse.ArgumentParser], None]
    examples: tuple[str, ...]
    usage: str | None = None


class HelpLayout(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the examples as they are, and gives long flags room."""

    def __init__(self, prog: str, **options):
        super().__init__(prog, **{"max_help_position": 30} | options)


def add_command(commands: argparse._SubParsersAction, command: Command) -> None:
    """Hang a command into the parser."""
    examples = "examples:\n" + "\n".join(f"  python -m core {line}" for line in command.examples)
    parser = commands.add_parser(
        command.name,
        help=command.about,
        description=command.about,
        epilog=examples,
        usage=command.usage and f"python -m core {command.usage}",
        formatter_class=HelpLayout,
        allow_abbrev=False,
    )
    command.arguments(parser)
    parser.set_defaults(run=command.run)


def add_run(parser: argparse.ArgumentParser) -> None:
    """The positional argument RUN."""
    parser.add_argument("name", metavar="RUN", help="a run's name, as `list` shows it")


def add_which(parser: argparse.ArgumentParser) -> None:
    """`--which best|last`."""
    parser.add_argument(
        "--which",
        choices=("best", "last"),
        default="best",
        help="weights with the lowest validation loss, or the newest (default: best)",
    )


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """`--out FILE` and `--force`."""
    parser.add_argument("--out", metavar="FILE", help=f"where to write (default: {default} in this folder)")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")


def number(kind: type, low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a number within bounds."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"'{text}' is not {what} from {low:,g} to {high:,g}")
        return value

    return parse


def find(name: str) -> runs.Run:
    """The run of that name, or of that path, as a shell completes it.

    Raises:
        RunError: there is none, or it is damaged.
    """
    return runs.open_run(_bare(name))


def find_any(name: str) -> runs.Run:
    """`find` for damaged runs too: they can still be renamed and deleted."""
    bare = _bare(name)
    return next((run for run in runs.list_runs() if run.name == bare), None) or runs.open_run(bare)


def no_gan(run: runs.Run, lacks: str) -> None:
    """Stops a command for which a model must know images, not only generate them.

    Raises:
        Trouble: the run is a GAN; names the run that can be asked instead.
    """
    if run.recipe.model == "gan":
        source = f" Ask '{run.recipe.source}', whose decoder it began with." if run.recipe.source else ""
        raise CliError(f"'{run.name}' is a GAN: it generates images and {lacks}.{source}")


def _bare(name: str) -> str:
    path = Path(name)
    return path.resolve().name if path.resolve().parent == paths.runs_folder().resolve() else name


def quoted(name: str) -> str:
    """A run's name as it must be typed."""
    return f'"{name}"' if os.name == "nt" and " " in name else shlex.quote(name) if os.name != "nt" else name


def output_file(given: str | None, default: str, force: bool) -> Path:
    """Where to write; asked before anything is computed, so that nobody waits for a refusal.

    Raises:
        Trouble: it exists, is of another kind, or its folder does not exist.
    """
    path = Path(given or default)
    kind = Path(default).suffix
    if path.suffix.lower() != kind:
        raise CliError(f"{path} must end in {kind}, since that is what it will be.")
    if path.is_dir():
        raise CliError(f"{path} is a folder. Choose a file with --out.")
    if path.exists() and not force:
        raise CliError(f"{path} exists already. Choose another file with --out, or replace it with --force.")
    if not path.parent.is_dir():
        raise CliError(f"There is no folder {path.parent} to write into. Make it first.")
    return path


def write(path: Path, content: bytes) -> None:
    """The file, whole or not at all.

    Raises:
        Trouble: it could not be written.
    """
    try:
        write_atomic(path, content)
    except OSError as error:
        raise CliError(f"{path} could not be written ({error.strerror or error}).") from None


def bar(stream: TextIO, **options: Any) -> tqdm:
    """tqdm's bar, as wide as the terminal, or 80 columns where that claims to have no size, as some do."""
    from tqdm import tqdm

    try:
        known = os.get_terminal_size(stream.fileno()).columns > 0
    except (OSError, ValueError):
        known = False
    return tqdm(file=stream, **({"dynamic_ncols": True} if known else {"ncols": 80, "nrows": 24}), **options)


def device(name: str) -> str:
    """The device of that name, `auto` resolved, if this machine has it. Imports torch.

    Raises:
        Trouble: it has not; lists those there are.
    """
    from core.system import devices

    try:
        return str(devices.choose(name))
    except devices.DeviceError as error:
        raise CliError(str(error)) from None


@contextmanager
def asked_to_stop(ask: Callable[[], None]) -> Iterator[list[int]]:
    """The first Ctrl+C or `kill` calls `ask` and lets things end in good order; the second cuts them off.

    Yields:
        The signals received so far.
    """
    received: list[int] = []

    def handle(number: int, _frame) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        ask()

    # A signal that the caller has us ignore (nohup, a job in the background) stays ignored.
    wanted = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, handle) for s in wanted}
    try:
        yield received
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
