"""`prior`: learn a prior of a run's latents, which samples are then drawn from."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from core.cli import common
from core.cli.common import CliError, Command, number
from core.priors.events import ENCODING, PriorProgress
from core.priors.kinds import FLOW, KINDS
from core.system.progress import Steps

if TYPE_CHECKING:
    from tqdm import tqdm


def learn(args: argparse.Namespace) -> int:
    """Learn the prior and keep it in the run's folder; Ctrl+C keeps what has been learned."""
    from core.priors import learning

    run, kind = common.find(args.name), KINDS[args.kind]
    given = {f.name: getattr(args, f.name) for f in dataclasses.fields(kind.settings) if hasattr(args, f.name)}
    foreign = [name for name in _own_fields() if hasattr(args, name) and name not in given]
    if foreign:
        raise CliError(f"--{foreign[0]} is no setting of the kind '{kind.key}'. See `python -m core prior --help`.")
    settings = kind.settings(**given)
    stop: list[bool] = []
    with common.asked_to_stop(lambda: stop.append(True)) as signals:
        steps = Steps(learning.learn(run, kind, settings, common.device(args.device), lambda: bool(stop)))
        show = _Bar() if sys.stdout.isatty() else _Lines(settings.steps)
        for event in steps:
            show.show(event)
        show.close()
    if not steps.result:
        print("Stopped before the first step. Nothing was kept.")
    else:
        print(
            f"Kept with '{run.name}'. Samples: python -m core sample {common.quoted(run.name)} --from {kind.key}"
            + (" (stopped early)" if stop else "")
        )
    return 128 + signals[0] if signals else 0


class _Lines:
    """A line for every tenth of the steps: for pipes, log files and tests."""

    def __init__(self, steps: int):
        self._every, self._next = max(1, steps // 10), 0

    def show(self, event: PriorProgress) -> None:
        """Print the event, if a tenth has passed."""
        if event.phase == ENCODING:
            if event.done == event.total:
                print(f"{event.total:,} training images encoded", flush=True)
        elif event.done >= self._next or event.done == event.total:
            self._next = event.done + self._every
            loss = event.losses[-1, 1]
            print(f"step {event.done:,} of {event.total:,}  loss {loss:.4f}  {event.seconds:.1f} s", flush=True)

    def close(self) -> None:
        """Nothing is left open."""


class _Bar:
    """A bar over the images, then one over the steps."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._phase = ""

    def show(self, event: PriorProgress) -> None:
        """Move the bar."""
        if event.phase != self._phase:
            self.close()
            self._phase = event.phase
            self._bar = common.bar(sys.stdout, total=event.total, desc=event.phase)
        assert self._bar is not None
        self._bar.update(event.done - self._bar.n)
        if len(event.losses):
            self._bar.set_postfix_str(f"loss {event.losses[-1, 1]:.4f}")

    def close(self) -> None:
        """Close the bar that is open."""
        if self._bar is not None:
            self._bar.close()


def _own_fields() -> dict[str, dataclasses.Field[Any]]:
    """Settings of all kinds by name; the first kind's help counts."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for kind in KINDS.values():
        found = {f.name: f for f in dataclasses.fields(kind.settings)} | found
    return found


def _lower(sentence: str) -> str:
    """A sentence as part of a line of help."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _defaults(name: str) -> str:
    """The default of a setting, for each kind where they differ."""
    found = {
        kind.key: f"{f.default:g}"
        for kind in KINDS.values()
        for f in dataclasses.fields(kind.settings)
        if f.name == name
    }
    one = len(set(found.values())) == 1
    return next(iter(found.values())) if one else ", ".join(f"{value} for {key}" for key, value in found.items())


def _arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    kinds = "; ".join(
        f"{kind.key}: {kind.sentence[0].lower()}{kind.sentence[1:].rstrip('.')}" for kind in KINDS.values()
    )
    parser.add_argument("--kind", choices=tuple(KINDS), default=FLOW.key, help=f"{kinds} (default: {FLOW.key})")
    for name, f in _own_fields().items():
        parser.add_argument(
            f"--{name}",
            type=number(int if f.type in ("int", int) else float, f.metadata["low"], f.metadata["high"]),
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{_lower(f.metadata['help'])} (default: {_defaults(name)})",
        )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")


COMMANDS = (
    Command(
        "prior",
        "Learn a prior of a run's latents, to draw better samples from.",
        learn,
        _arguments,
        ("prior deep-ae-fast-mnist-1", "prior deep-ae-fast-mnist-1 --steps 3000 --seed 1"),
        usage="prior RUN [--kind KIND] [--steps N] [--seed N] …",
    ),
)
