"""The point of the latent space that a visitor stands on, with the way back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

CAP = 50
"""Steps that can be undone."""

FAR = 100.0
"""No point lies further than this many σ from the centre, whatever a browser says."""


@dataclass(frozen=True)
class Origin:
    """The image that was encoded into a point: its 784 grey levels and what it is."""

    pixels: bytes
    note: str


@dataclass
class Point:
    """Where the visitor is: `u` in units of σ from each dimension's centre.

    Attributes:
        origin: the image this point was encoded from; it stays while sliders move away from it.
        stamp: grows when something else than the sliders set the point; the sliders then follow.
        seq: number of the sliders' newest message.
    """

    u: list[float]
    origin: Origin | None = None
    stamp: int = 0
    seq: int = 0
    past: list[tuple[list[float], Origin | None]] = field(default_factory=list)
    future: list[tuple[list[float], Origin | None]] = field(default_factory=list)
    last: tuple[int, float] = (-1, -math.inf)

    def go(self, u: list[float], origin: Origin | None = None) -> None:
        """Set by a button; can be undone."""
        self._remember()
        self.u, self.origin = [_near(x) for x in u], origin
        self.stamp += 1
        self.last = (-1, -math.inf)

    def follow(self, message: dict[str, Any]) -> None:
        """Set by a slider. What does not look like a point of this space is ignored: it comes from a browser.

        Steps on the same slider within a second and a half are one step to undo.
        """
        u, seq, dim = message.get("u"), message.get("seq"), message.get("dim")
        if not isinstance(u, list) or len(u) != len(self.u) or not isinstance(seq, int):
            return
        if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) for x in u):
            return
        now = time.monotonic()
        if dim != self.last[0] or dim == -1 or now - self.last[1] > 1.5:
            self._remember()
        self.u, self.seq, self.last = [_near(x) for x in u], seq, (dim if isinstance(dim, int) else -1, now)

    def undo(self) -> bool:
        """One step back; False if there is none."""
        return self._step(self.past, self.future)

    def redo(self) -> bool:
        """One step forward again; False if there is none."""
        return self._step(self.future, self.past)

    def _step(self, source: list, target: list) -> bool:
        if not source:
            return False
        target.append((self.u, self.origin))
        del target[:-CAP]
        self.u, self.origin = source.pop()
        self.stamp += 1
        self.last = (-1, -math.inf)
        return True

    def _remember(self) -> None:
        self.past.append((self.u, self.origin))
        del self.past[:-CAP]
        self.future.clear()


def _near(x: float) -> float:
    return max(-FAR, min(FAR, float(x)))


def point_of(name: str, start: Callable[[], list[float]]) -> Point:
    """This visitor's point in the model of that name; it survives a change of page. Eight models are remembered."""
    points: dict[str, Point] = st.session_state.setdefault("points", {})
    points[name] = points.pop(name, None) or Point([_near(x) for x in start()])
    for old in list(points)[:-8]:
        del points[old]
    return points[name]
