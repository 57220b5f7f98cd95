"""Reconstructions side by side, one card per model, and the latent searches behind them under one scrubber: images,
objectives and paths of z follow it without a message to the server."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.images import class_colors
from core.images.shape import ImageShape
from ui.components.base import MESSAGE_BYTES, message_shape, pack, register

_mount = register(
    __file__,
    "reconstruct",
    """
<figure class="lab rec">
  <div class="controls">
    <button type="button" class="play" title="Play or pause (Space)">Play</button>
    <input type="range" min="0" max="1" value="0" aria-label="Step of the search">
    <p class="number read"></p>
  </div>
  <div class="cards"></div>
  <div class="gaps"></div>
  <div class="plots"></div>
</figure>
""",
    also=("../shared/axes", "../shared/plot", "../shared/marks", "../playback/scrubber"),
)


@dataclass(frozen=True)
class Lane:
    """One way from an image to a latent: a search of S steps, or an encoder, S = 1.

    Attributes:
        way: its name, in two or three words. took: time and steps, as a text.
        colour: of its line. dash: lengths of strokes and gaps in pixels; empty for a solid line.
        pictures: the reconstruction at each step, `uint8` [S, H, W(, 3)]. objective, mse: [S]. elbo: the negative ELBO
            [S] where it is not the objective, or None. hidden: MSE on hidden pixels [S], or None.
        path: z in the plane [S, 2]. sees: the model's input, `uint8` [H, W(, 3)]. hatched: whether its hidden pixels
            are striped, because the model does not get them at all. best: figures (`objective`, `elbo`, `mse`,
            `hidden`) that are the lowest of all models.
    """

    way: str
    took: str
    colour: str
    dash: tuple[int, ...]
    pictures: np.ndarray
    objective: np.ndarray
    mse: np.ndarray
    hidden: np.ndarray | None
    path: np.ndarray
    sees: np.ndarray
    hatched: bool
    elbo: np.ndarray | None = None
    best: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """One model.

    Attributes:
        name, about: its name and a short description. what, unit: name and unit of its objective.
        cloud, labels: latents of training images in the plane [N, 2] and their classes [N] (−1: none). classes: a name
            per class.
        share: part of the latents' variance that the plane holds. gap: sentences below the objective's curve, or "".
        moved: sentence below the path, or "".
    """

    name: str
    about: str
    what: str
    unit: str
    lanes: Sequence[Lane]
    cloud: np.ndarray
    labels: np.ndarray
    share: float
    gap: str = ""
    classes: Sequence[str] = ()
    moved: str = ""


def reconstruct(
    *,
    key: str,
    image: np.ndarray,
    note: str,
    visible: np.ndarray,
    cards: Sequence[Card],
    best: Sequence[tuple[str, str]] = (),
) -> None:
    """Show the cards and the plots of their searches.

    For tests: the figure's `data-at` is the step shown, `data-last` the last one; each large canvas's `data-lane` is
    "card.lane".

    Args:
        image: the original, `uint8` [H, W(, 3)]; note: what it is. visible: `bool` [H, W]. best: headings and sentences
            below the images, which say whose figures are the lowest.
    """
    most = pictures_for(ImageShape.of_picture(image.shape), [len(lane.mse) for card in cards for lane in card.lanes])
    content = b"".join(lane.pictures.tobytes() + lane.objective.tobytes() for card in cards for lane in card.lanes)
    _mount(
        key=key,
        data={
            "id": hashlib.blake2b(content + image.tobytes() + visible.tobytes(), digest_size=8).hexdigest(),
            "shape": message_shape(ImageShape.of_picture(image.shape)),
            "image": pack(image),
            "note": note,
            "visible": pack(visible),
            "hides": not visible.all(),
            "cards": [_card(card, most) for card in cards],
            "best": [list(pair) for pair in best],
            "colours": list(class_colors.CLASSES),
        },
    )


def pictures_for(shape: ImageShape, steps: Sequence[int]) -> int:
    """Reconstructions of each search that one message holds, at least two: of a longer one they are spread evenly.

    Args:
        steps: of each lane, 1 for an encoder. Every lane also has the model's input.
    """
    searches = sum(count > 1 for count in steps)
    return max(2, (MESSAGE_BYTES // shape.values - 2 * len(steps)) // max(1, searches))


def _card(card: Card, most: int) -> dict[str, Any]:
    return {
        "name": card.name,
        "about": card.about,
        "what": card.what,
        "unit": card.unit,
        "gap": card.gap,
        "moved": card.moved,
        "classes": list(card.classes),
        "cloud": _short(card.cloud.ravel()),
        "labels": [int(k) for k in card.labels],
        "share": card.share,
        "lanes": [_lane(lane, most) for lane in card.lanes],
    }


def _lane(lane: Lane, most: int) -> dict[str, Any]:
    steps = len(lane.pictures)
    sent = np.linspace(0, steps - 1, min(steps, most)).round().astype(int)  # as `pictureOf` reads them
    return {
        "way": lane.way,
        "took": lane.took,
        "colour": lane.colour,
        "dash": list(lane.dash),
        "tiles": pack(lane.pictures[sent]),
        "objective": _short(lane.objective, 6),
        "elbo": None if lane.elbo is None else _short(lane.elbo, 6),
        "mse": _short(lane.mse),
        "hidden": None if lane.hidden is None else _short(lane.hidden),
        "path": _short(lane.path.ravel()),
        "best": list(lane.best),
        "sees": pack(lane.sees),
        "hatched": lane.hatched,
    }


def _short(values: np.ndarray, digits: int = 4) -> list[float]:
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, float)]
