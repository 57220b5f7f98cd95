"""Shared parts of the commands: declaration, finding a run, bounded numbers, output files, progress bars, Ctrl+C."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from core import runs
from core.runs import images as run_images
from core.runs.shown_weights import shown_weights
from core.system import paths, user_paths
from core.system.atomic_files import write_atomic
from core.system.user_paths import shown

if TYPE_CHECKING:
    from tqdm import tqdm

    from core.data import ImageSet


class CliError(Exception):
    """Error that ends a command with exit code 1: one sentence for stderr."""


@dataclass(frozen=True)
class Command:
    """A sub-command.

    Attributes:
        about: description in one sentence. run: executes the command; returns the exit code, or None for 0.
        arguments: adds the flags to the parser.
        examples, usage: lines for `--help` without the leading `python -m core`; usage only where argparse's own would
            be too long to read.
    """

    name: str
    about: str
    run: Callable[[argparse.Namespace], int | None]
    arguments: Callable[[argparse.ArgumentParser], None]
    examples: tuple[str, ...]
    usage: str | None = None


class HelpLayout(argparse.RawDescriptionHelpFormatter):
    """Help formatter that keeps the line breaks of the examples and leaves room for long flags."""

    def __init__(self, prog: str, **options: Any):
        super().__init__(prog, **{"max_help_position": 30} | options)


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser], command: Command) -> None:
    """Add a command to the parser."""
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
    """Add the positional argument RUN."""
    parser.add_argument("name", metavar="RUN", help="name of a run, as shown by `list`")


def add_which(parser: argparse.ArgumentParser) -> None:
    """Add `--which best|last`."""
    parser.add_argument(
        "--which",
        choices=("best", "last"),
        help="weights with the lowest validation loss, or the newest (default: best; of a run of a GAN experiment, "
        "which shows how a training ends: last)",
    )


def which(args: argparse.Namespace, run: runs.Run) -> str:
    """The weights that `--which` names, or else those that pages show."""
    return args.which or shown_weights(run)


def add_out(parser: argparse.ArgumentParser, default: str) -> None:
    """Add `--out FILE` and `--force`."""
    parser.add_argument("--out", metavar="FILE", help=f"output file (default: {default} in this folder)")
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def number(kind: type, low: float, high: float) -> Callable[[str], float]:
    """Argparse type of a number within bounds."""

    def parse(text: str) -> float:
        try:
            value: float = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"'{text}' is not {what} from {low:,g} to {high:,g}")
        return value

    return parse


def find(name: str) -> runs.Run:
    """The run with that name, or with that path (which a shell completes).

    Raises:
        RunError: there is no such run, or it is damaged.
    """
    return runs.open_run(_bare(name))


def find_any(name: str) -> runs.Run:
    """`find` including damaged runs, which can still be renamed and deleted."""
    bare = _bare(name)
    return next((run for run in runs.list_runs() if run.name == bare), None) or runs.open_run(bare)


def images_of(run: runs.Run) -> ImageSet:
    """The images that a run was trained on; says on stderr what has changed since.

    Raises:
        DataError: files are missing or damaged, or no image of the run is left.
    """
    images = run_images.images_of(run)
    if images.changed:
        print(f"Note: {images.changed}", file=sys.stderr)
    return images


def refuse_adversarial(run: runs.Run, lacks: str) -> None:
    """Refuse a run whose model only generates images, for a command that needs their latents or likelihoods.

    Raises:
        CliError: the model is trained against a discriminator; names the run that can be used instead.
    """
    recipe = run.recipe
    if recipe.family.adversarial:
        source = f" Use '{recipe.source}', whose decoder it started from." if recipe.source else ""
        raise CliError(f"'{run.name}' is a {recipe.family.abbreviation}: it generates images and {lacks}.{source}")


def _bare(name: str) -> str:
    path = user_paths.existing(name)
    inside = path is not None and path.resolve().parent == paths.runs_folder().resolve()
    return path.resolve().name if path is not None and inside else name


def quoted(name: str) -> str:
    """A run's name as it must be typed in a shell."""
    return f'"{name}"' if os.name == "nt" and " " in name else shlex.quote(name) if os.name != "nt" else name


def output_file(given: str | None, default: str, force: bool) -> Path:
    """Path of the output file, checked before anything is computed.

    Raises:
        CliError: the file exists, has another extension, or its folder does not exist.
    """
    path = user_paths.path_of(given) if given else Path(default)
    kind = Path(default).suffix
    if path.suffix.lower() != kind:
        raise CliError(f"{shown(path)} must end in {kind}, which is the format of the output.")
    if path.is_dir():
        raise CliError(f"{shown(path)} is a folder. Choose a file with --out.")
    if path.exists() and not force:
        raise CliError(f"{shown(path)} exists already. Choose another file with --out, or overwrite it with --force.")
    if not path.parent.is_dir():
        raise CliError(f"The folder {shown(path.parent)} does not exist. Create it first.")
    return path


def write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        CliError: it could not be written.
    """
    try:
        write_atomic(path, content)
    except OSError as error:
        raise CliError(f"{shown(path)} could not be written ({error.strerror or error}).") from None


def bar(stream: TextIO, **options: Any) -> tqdm:
    """A tqdm progress bar as wide as the terminal, or 80 columns wide where the terminal reports no size."""
    from tqdm import tqdm

    try:
        known = os.get_terminal_size(stream.fileno()).columns > 0
    except (OSError, ValueError):
        known = False
    return tqdm(file=stream, **({"dynamic_ncols": True} if known else {"ncols": 80, "nrows": 24}), **options)


def device(name: str) -> str:
    """The device with that name, or for `auto` the best one of this machine. Imports torch.

    Raises:
        CliError: this machine has no such device; lists those it has.
    """
    from core.system import devices

    try:
        return str(devices.choose(name))
    except devices.DeviceError as error:
        raise CliError(str(error)) from None


@contextmanager
def asked_to_stop(request_stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `request_stop` at the first Ctrl+C or `kill`, so that the command ends cleanly; the second one interrupts
    it.
    Yields:
        The signals received so far.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        request_stop()

    # A signal that the process was started to ignore (nohup, a background job) stays ignored.
    wanted = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, handle) for s in wanted}
    try:
        yield received
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


@contextmanager
def threads(run: runs.Run) -> Iterator[None]:
    """Use the number of threads that suits the network, with which its training has computed its figures."""
    import torch

    from core.training import base_trainer

    before = torch.get_num_threads()
    torch.set_num_threads(base_trainer.threads_for(run.recipe, torch.device("cpu")))
    try:
        yield
    finally:
        torch.set_num_threads(before)
