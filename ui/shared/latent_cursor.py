"""The visitor's current point in a model's latent space, with undo and redo."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from core.latent import sampling
from ui.shared import visitor_store
from ui.shared.model_cache import LoadedModel

UNDO_STEPS = 50
"""Most steps that can be undone."""

SAME_POINT = 1e-4
"""Largest difference of two coordinates that are the same in the address, which has four decimals."""

MAX_SIGMA = 100.0
"""Largest distance of a coordinate from its centre, in σ. Larger values are clipped."""

SAME_DRAG_SECONDS = 1.5
"""Two moves of the same slider within this time count as one step to undo."""

MODELS_KEPT = 8
"""Models whose point is kept for each visitor."""

STEPS = "latent_steps"
"""Name under which a visitor's steps are kept (`ui.shared.visitor_store`)."""


@dataclass(frozen=True)
class Original:
    """The image that was encoded into a point.

    Attributes:
        pixels: the picture, uint8 values row by row. shape: of its array, (H, W) or (H, W, 3).
        note: caption. text: in the address; None where it has no place there.
        sample: seed of the draw of its posterior that the point is; None for the mean.
        label: its class, where it is known.
    """

    pixels: bytes
    shape: tuple[int, ...]
    note: str
    text: str | None = None
    sample: int | None = None
    label: int | None = None

    @classmethod
    def of(
        cls,
        picture: np.ndarray,
        note: str,
        text: str | None = None,
        sample: int | None = None,
        label: int | None = None,
    ) -> Original:
        """The original from a picture, uint8 [H, W] or [H, W, 3]."""
        return cls(picture.tobytes(), picture.shape, note, text, sample, label)

    @property
    def picture(self) -> np.ndarray:
        """uint8 [H, W] or [H, W, 3]."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.shape)


@dataclass
class LatentCursor:
    """A point in a latent space, in units of σ from each dimension's centre.

    Attributes:
        sigma_units: the point, d numbers.
        original: the image that was encoded into the point, if any. Moving a slider keeps it.
        stamp: counts moves that did not come from the sliders; the browser then sets its sliders to the point.
        seq: number of the newest message from the sliders.
    """

    sigma_units: list[float]
    original: Original | None = None
    stamp: int = 0
    seq: int = 0
    past: list[tuple[list[float], Original | None]] = field(default_factory=list)
    future: list[tuple[list[float], Original | None]] = field(default_factory=list)
    last_move: tuple[int, float] = (-1, -math.inf)

    def move_to(self, sigma_units: list[float], original: Original | None = None) -> None:
        """Move to a point chosen by a button, as a step that can be undone."""
        self._remember()
        self.sigma_units, self.original = [_clip(x) for x in sigma_units], original
        self.stamp += 1
        self.last_move = (-1, -math.inf)

    def handle_message(self, message: dict[str, Any]) -> None:
        """Move to the point in a message from the sliders, {"sigma_units": d numbers, "seq": int, "dim": slider moved}.

        Messages come from a browser, so one that holds no valid point of this space is ignored. Moves of the same
        slider within `SAME_DRAG_SECONDS` are one step to undo.
        """
        point, seq, dim = (
            point_of(message.get("sigma_units"), len(self.sigma_units)),
            message.get("seq"),
            message.get("dim"),
        )
        if point is None or not isinstance(seq, int):
            return
        now = time.monotonic()
        if dim != self.last_move[0] or dim == -1 or now - self.last_move[1] > SAME_DRAG_SECONDS:
            self._remember()
        self.sigma_units, self.seq = point, seq
        self.last_move = (dim if isinstance(dim, int) else -1, now)

    def begin_at(self, sigma_units: list[float], original: Original | None = None) -> None:
        """Begin at a point, as a link asks: not a step that can be undone."""
        self.sigma_units, self.original = [_clip(x) for x in sigma_units], original
        self.stamp += 1

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undo to take back."""
        return bool(self.future)

    def undo(self) -> bool:
        """Go one step back; False where there is none."""
        return self._step(self.past, self.future)

    def redo(self) -> bool:
        """Take one undo back; False where there is none."""
        return self._step(self.future, self.past)

    def _step(self, source: list, target: list) -> bool:
        if not source:
            return False
        target.append((self.sigma_units, self.original))
        del target[:-UNDO_STEPS]
        self.sigma_units, self.original = source.pop()
        self.stamp += 1
        self.last_move = (-1, -math.inf)
        return True

    def _remember(self) -> None:
        self.past.append((self.sigma_units, self.original))
        del self.past[:-UNDO_STEPS]
        self.future.clear()


def point_of(values: object, dims: int) -> list[float] | None:
    """The point that a browser's message names: `dims` numbers, brought within ±`MAX_SIGMA`; None where it is none."""
    if not isinstance(values, list) or len(values) != dims:
        return None
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and abs(x) < math.inf for x in values):
        return None
    return [_clip(x) for x in values]


def _clip(x: float) -> float:
    return float(max(-MAX_SIGMA, min(MAX_SIGMA, x)))


def cursor_of(loaded: LoadedModel, first: Callable[[], list[float]] | None = None) -> LatentCursor:
    """This visitor's cursor in a model. It survives a change of page.

    Args:
        first: gives the point at which a new cursor starts, in units of σ; otherwise it is one draw of the prior.
    """

    def draw() -> list[float]:
        noise = sampling.prior(1, loaded.model.latent_dim, seed=0)
        return loaded.axes.to_sigma_units(sampling.sample_latents(loaded.model, noise))[0].tolist()

    return _cursor_named(loaded.name, first or draw)


Steps = list[tuple[list[float], Original | None]]
"""Points with their originals, the newest last."""


def _no_steps() -> dict[str, tuple[list[float], Steps, Steps]]:
    """For each model the point, and the steps that can be undone and redone."""
    return {}


def keep_steps(loaded: LoadedModel, here: LatentCursor) -> None:
    """Keep the steps that can be undone and redone for the time after a reload of the page."""
    steps = visitor_store.kept(STEPS, _no_steps)
    steps.pop(loaded.name, None)
    steps[loaded.name] = (here.sigma_units, here.past, here.future)
    for oldest in list(steps)[:-MODELS_KEPT]:
        steps.pop(oldest, None)  # another tab may have dropped it


def restore_steps(loaded: LoadedModel, here: LatentCursor) -> None:
    """Take up the steps of before a reload: only where the point is the one that the visitor was at, up to the digits
    of the address, since a link leads elsewhere."""
    point, past, future = visitor_store.kept(STEPS, _no_steps).get(loaded.name, ([], [], []))
    same = len(point) == len(here.sigma_units) and all(
        abs(a - b) < SAME_POINT for a, b in zip(point, here.sigma_units, strict=True)
    )
    if same and not here.past and not here.future:
        here.past, here.future = list(past), list(future)


def _cursor_named(name: str, start: Callable[[], list[float]]) -> LatentCursor:
    cursors: dict[str, LatentCursor] = st.session_state.setdefault("latent_cursors", {})
    cursor = cursors.pop(name) if name in cursors else LatentCursor([_clip(x) for x in start()])
    cursors[name] = cursor  # last in order: the most recently used
    for oldest in list(cursors)[:-MODELS_KEPT]:
        del cursors[oldest]
    return cursor
