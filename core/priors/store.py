"""Learned priors on disk: one safetensors file of a run's folder for each kind, never unpickled, written atomically.

A file knows the digest of the weights that its prior was learned for. After further training it is out of date: its
latents are no longer those of the model.
"""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors

from core.priors.kinds import KINDS, LearnedPrior, PriorKind
from core.priors.settings import PriorSettings
from core.runs import Run, RunError, layout
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system.parsed_files import ParsedFiles
from core.system.plain_text import sentence
from core.system.regular_files import is_regular, open_regular
from core.system.typed_fields import RecipeError

if TYPE_CHECKING:
    from core.models import LatentModel

MOST_BYTES = 400_000_000
"""Size of a prior's file, at most."""

MOST_POINTS = 400
"""Points of the loss curve that are kept, at most."""


@dataclass(frozen=True)
class Facts:
    """What a prior's file says of it.

    Attributes:
        weights: digest of the weights that it was learned for. settings: of its kind.
        steps: that it was learned in. seconds: that they took. images: training images it was learned from.
        losses: (step, mean loss) pairs.
    """

    weights: str
    settings: PriorSettings
    steps: int
    seconds: float
    images: int
    losses: tuple[tuple[float, float], ...] = ()

    def to_dict(self, kind: PriorKind) -> dict[str, Any]:
        """Plain values by name, for the header of the file."""
        every = max(1, math.ceil(len(self.losses) / MOST_POINTS))
        return {
            "prior": kind.key,
            "weights": self.weights,
            "settings": self.settings.to_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
            "images": self.images,
            "losses": [[step, float(f"{loss:.5g}")] for step, loss in self.losses[::every]],
        }


def file_of(run: Run, kind: PriorKind) -> Path:
    """Path of the file for a run's prior of that kind."""
    return run.path / layout.prior_file(kind.key)


def kept(run: Run) -> list[PriorKind]:
    """The kinds of which the run has a file, whatever its state."""
    return [kind for kind in KINDS.values() if is_regular(file_of(run, kind))]


def usable(run: Run, which: str | None = None) -> list[PriorKind]:
    """The kinds of which the run has a prior that can be drawn from, as far as the headers of the files tell."""
    return [kind for kind in kept(run) if not problem(run, kind, which)]


def facts(run: Run, kind: PriorKind) -> Facts | None:
    """What the run's prior of that kind says of itself; None where there is none, or a damaged one."""
    found = _read_header(file_of(run, kind), kind)
    return found if isinstance(found, Facts) else None


def problem(run: Run, kind: PriorKind, which: str | None = None) -> str:
    """Why the run's prior of that kind cannot be drawn from, in a sentence with the remedy; empty where it can.

    Args:
        which: the weights it is asked for, `best` or `last` (default: those that pages show).
    """
    found = _read_header(file_of(run, kind), kind)
    if found is None:
        return f"'{run.name}' has no {kind.key} prior yet. {how_to_learn(run, kind)}"
    if isinstance(found, str):
        return found
    try:
        current = weights_digest(run, which or shown_weights(run))
    except RunError as error:
        return str(error)
    if found.weights != current:
        return (
            f"The {kind.key} prior of '{run.name}' was learned for other weights of the model, such as those before it "
            f"was trained further. {how_to_learn(run, kind, again=True)}"
        )
    return ""


def how_to_learn(run: Run, kind: PriorKind, again: bool = False) -> str:
    """What to do for a prior, in one sentence."""
    name = f'"{run.name}"' if " " in run.name else run.name
    option = "" if kind is next(iter(KINDS.values())) else f" --kind {kind.key}"
    return f"Learn it{' again' if again else ''} {kind.place}, or with `python -m core prior {name}{option}`."


def save(run: Run, kind: PriorKind, prior: LearnedPrior, facts: Facts) -> Path:
    """Write a prior into its run's folder, whole or not at all.

    Raises:
        RunError: the folder cannot be written to, or is gone.
    """
    from core.runs import weights
    from core.runs.run import remedy

    path = file_of(run, kind)
    try:
        weights.save(path, prior.tensors(), facts.to_dict(kind))
    except OSError as error:
        if not run.path.is_dir():
            raise RunError(f"'{run.name}' was renamed or deleted. Its {kind.key} prior was not kept.") from None
        raise RunError(
            f"The {kind.key} prior of '{run.name}' could not be kept ({error.strerror or error}). "
            f"{remedy(error, 'then learn it again')}"
        ) from None
    return path


def load(run: Run, kind: PriorKind, model: LatentModel, which: str | None = None) -> LearnedPrior:
    """The run's prior of that kind, on the model's device.

    Args:
        model: the run's model with the weights `which`, `best` or `last` (default: those that pages show).
    Raises:
        RunError: there is none, it is damaged, or it was learned for other weights.
    """
    from core.runs import weights

    if reason := problem(run, kind, which):
        raise RunError(reason)
    path, found = file_of(run, kind), facts(run, kind)
    damaged = _damaged(path, "its numbers cannot be read")
    if found is None:
        raise RunError(damaged)
    try:
        tensors, _ = weights.load(path)
        weights.check_finite(tensors, f"{path.name} of '{run.name}'")
        device = model.latent_mean.device
        return kind.imported().restore({name: t.to(device) for name, t in tensors.items()}, found.settings, model)
    except RunError:
        raise RunError(damaged) from None
    except (ValueError, KeyError, RuntimeError, IndexError, TypeError):
        raise RunError(_damaged(path, "it does not fit the model")) from None


def remove(run: Run, kind: PriorKind) -> None:
    """Delete the run's prior of that kind.

    Raises:
        RunError: the folder cannot be changed.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            file_of(run, kind).unlink()
    except OSError as error:
        raise RunError(
            f"The {kind.key} prior of '{run.name}' could not be deleted ({error.strerror or error})."
        ) from None


def _damaged(path: Path, reason: str) -> str:
    return f"{path.name} of '{path.parent.name}' is damaged ({reason}). Delete it, or learn the prior again."


def _read_header(path: Path, kind: PriorKind) -> Facts | str | None:
    """The facts in a file; a sentence where it is damaged; None where there is no file."""
    if not is_regular(path):
        return None
    try:
        return _facts(_headers.get(path), kind)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, safetensors.SafetensorError) as error:
        return _damaged(path, sentence(str(error), 120))


def _parse_header(path: Path) -> dict[str, Any]:
    open_regular(path, MOST_BYTES).close()
    with safetensors.safe_open(path, framework="numpy") as file:
        content = json.loads((file.metadata() or {})["facts"])
    if not isinstance(content, dict):
        raise ValueError("its facts are no set of named values")
    return content


def _facts(content: dict[str, Any], kind: PriorKind) -> Facts:
    if content.get("prior") != kind.key:
        raise ValueError(f"it holds no {kind.key} prior")
    try:
        settings = kind.settings.from_dict(content["settings"])
    except RecipeError as error:
        raise ValueError(str(error)) from None
    losses = content.get("losses")
    pairs = [p for p in losses if isinstance(p, list) and len(p) == 2] if isinstance(losses, list) else []
    return Facts(
        str(content["weights"]),
        settings,
        int(content["steps"]),
        float(content["seconds"]),
        int(content["images"]),
        tuple((float(step), float(loss)) for step, loss in pairs[: 10 * MOST_POINTS]),
    )


_headers = ParsedFiles(_parse_header, most=200)
