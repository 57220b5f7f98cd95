"""A drawn set as a source of pictures: its drawings, and altered copies of those that a model is trained on.

Copies are made when the set is read and are the same each time. Only training drawings have copies, so that no test
image has one among the training images.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from scipy import ndimage

from core.data import drawn
from core.data.drawn import Copies, Drawing, DrawnSet
from core.data.image_set import DataError
from core.data.layout import TEST, TRAIN, Place
from core.data.picture_source import Content, Entry, stamp
from core.images import ink
from core.images.convert import ImageError, from_png
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28
from core.system import cache

SHIFT = 2 / GREY_28.height
"""Farthest shift of a copy, as a share of the shorter side: 2 pixels of an MNIST digit."""

STROKE = 1 / GREY_28.height
"""Radius by which strokes change at most, as a share of the shorter side: 1 pixel of an MNIST digit."""

_COPY = "#"


def of(place: Path) -> DrawnSource | None:
    """The source of the drawn set in a folder; None where the folder is none."""
    found = drawn.of(place)
    return None if found is None else DrawnSource(found)


@dataclass(frozen=True)
class DrawnSource:
    """The drawings of a set, each followed by its copies."""

    drawn_set: DrawnSet
    kind = "set"
    factors = None

    @property
    def place(self) -> Path:
        """See `PictureSource.place`."""
        return self.drawn_set.place

    @cached_property
    def _drawings(self) -> list[Drawing]:
        return drawn.drawings(self.drawn_set)

    @property
    def _divided(self) -> bool:
        """Whether there are training and test drawings."""
        return len({one.tested for one in self._drawings}) == 2

    @cached_property
    def _listed(self) -> list[tuple[Entry, Drawing]]:
        copies, found = self.drawn_set.copies, []
        number = copies.number if self._divided else 0
        made = int(cache.digest(f"{copies.shift} {copies.thickness}")[:8], 16)
        for one in self._drawings:
            try:
                status = one.file.stat()
            except OSError:  # taken back a moment ago
                continue
            name, mark = f"{one.label}/{one.file.name}", stamp(status)
            found.append((Entry(name, mark, status.st_size), one))
            for copy in range(1, 0 if one.tested else number + 1):
                found.append((Entry(f"{name}{_COPY}{copy}", mark ^ made, status.st_size), one))
        return found

    @property
    def entries(self) -> Sequence[Entry]:
        """See `PictureSource.entries`."""
        if not self._listed:
            raise DataError(f"The set “{self.drawn_set.name}” has no drawings yet. Draw some on the Data page.")
        return [entry for entry, _ in self._listed]

    @property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        return tuple(entry for entry, _ in self._listed)

    @property
    def places(self) -> tuple[list[Place], tuple[str, ...]]:
        """See `PictureSource.places`. Where no class has two drawings yet, the images are divided as those of a
        folder."""
        parts = [(TEST if one.tested else TRAIN) if self._divided else "" for _, one in self._listed]
        places = [Place(part, one.label) for part, (_, one) in zip(parts, self._listed, strict=True)]
        if not self._divided:
            return places, ()
        notes = ["The second drawing of each class and every sixth after it are test images."]
        if number := self.drawn_set.copies.number:
            notes.append(f"Each training drawing has {number} altered {'copy' if number == 1 else 'copies'}.")
        return places, (" ".join(notes),)

    def settled(self, choices: PixelChoices) -> tuple[PixelChoices, tuple[str, ...]]:
        """See `PictureSource.settled`."""
        return choices, ()

    def open(self, choices: PixelChoices) -> AbstractContextManager[Content]:
        """See `PictureSource.open`."""
        return nullcontext(self._content)

    def _content(self, entry: Entry) -> np.ndarray:
        name, _, copy = entry.name.partition(_COPY)
        try:
            picture = from_png((self.place / name).read_bytes())
        except OSError as error:
            raise ImageError(f"cannot be read ({error.strerror or error})") from error
        return altered(picture, self.drawn_set.copies, entry.name) if copy else picture


def altered(picture: np.ndarray, copies: Copies, name: str) -> np.ndarray:
    """A copy of a drawing, moved or with strokes of another thickness: the same for the same name.

    Args:
        picture: `uint8` [H, W] or [H, W, 3] on a black ground. name: draws the amounts at random.
    Returns:
        `uint8` of the same shape. Nothing of the drawing leaves the image by the shift.
    """
    random = np.random.default_rng(int(cache.digest(name)[:16], 16))
    amount, down, right = random.uniform(-1.0, 1.0, 3)
    if copies.thickness:
        picture = thicker(picture, float(amount))
    if copies.shift:
        reach = round(SHIFT * min(picture.shape[:2]))
        picture = moved(picture, round(float(down) * reach), round(float(right) * reach))
    return picture


def thicker(picture: np.ndarray, amount: float) -> np.ndarray:
    """A drawing whose strokes are thicker (`amount` to 1) or thinner (to −1): blended with its dilation or its erosion
    by a disc."""
    radius = max(1.0, STROKE * min(picture.shape[:2]))
    reach = int(np.ceil(radius))
    if amount >= 0:
        other = ink.dilated(picture, radius)[reach:-reach, reach:-reach]
    else:
        disc = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= radius + 0.25
        footprint = disc if picture.ndim == 2 else disc[..., None]
        other = ndimage.grey_erosion(picture, footprint=footprint, mode="nearest")
        amount *= 0.6  # thin strokes would vanish
    blended = picture + abs(amount) * (other.astype(np.float32) - picture)
    return cast(np.ndarray, np.rint(blended).astype(np.uint8))


def moved(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """A drawing moved by whole pixels, less far where a part of it would leave the image."""
    lit = picture.max(2) > 0 if picture.ndim == 3 else picture > 0
    for axis, by in ((0, down), (1, right)):
        lines = np.flatnonzero(lit.max(1 - axis))
        if len(lines):
            by = min(max(by, -int(lines[0])), lit.shape[axis] - 1 - int(lines[-1]))
            picture = np.roll(picture, by, axis)
    return picture
