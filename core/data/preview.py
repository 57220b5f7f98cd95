"""A set of a user's own before it is read: what some of its pictures become, and the image shape that suits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.data.decoding import Row, Seen, decoded
from core.data.image_set import DataError
from core.data.picture_source import Entry, PictureSource, natural
from core.data.reading import readable
from core.data.sources import find
from core.images import levels
from core.images.levels import Decoded
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.system.user_paths import shown


@dataclass(frozen=True, eq=False)
class Preview:
    """What some pictures of a set become, before all are read.

    Attributes:
        pictures: `uint8` [n, H, W] or [n, H, W, 3]. labels: the class of each, None: none. files: its name.
        skipped: files that were tried as well and cannot be read, with the reason.
        classes: names of all classes of the set, as far as its files say them. notes: how these were found.
        count: of all files, tables of labels apart, or of all images in a file of numbers. what: `file` or `image`.
    """

    pictures: np.ndarray
    labels: tuple[str | None, ...]
    files: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    count: int
    what: str


def preview(folder: str, shape: ImageShape, choices: PixelChoices, count: int = 24) -> Preview:
    """Up to `count` pictures of a set, spread over all of it; in place of files that cannot be read others are tried.

    What is `auto` is chosen for these pictures alone.

    Raises:
        DataError: as in `sources.find`, or the source cannot be listed or opened.
    """
    source = find(folder)
    return _previewed(source, tuple(source.mark), shape, choices, count)


@lru_cache(maxsize=4)
def _previewed(
    source: PictureSource, mark: tuple[Entry, ...], shape: ImageShape, choices: PixelChoices, count: int
) -> Preview:
    """`preview`; `mark` keys the cache."""
    places, notes = source.places
    used, more = source.settled(choices)
    sample = _sampled(source, shape, used, count)
    pictures, rows = _finished(sample, shape, used), sorted(sample.rows)
    return Preview(
        pictures,
        tuple(None if (label := places[row].label) is None else shown(label) for row in rows),
        tuple(shown(source.entries[row].name) for row in rows),
        tuple(sample.skipped),
        readable(sorted({place.label for place in places if place.label is not None}, key=natural)),
        notes + more + sample.seen.notes,
        sum(not place.table for place in places),
        "image" if source.kind == "file" else "file",
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some pictures of a source by their places in it, files that cannot be read, and what is said of all."""

    rows: dict[int, Row]
    skipped: list[tuple[str, str]]
    seen: Seen


def _sampled(source: PictureSource, shape: ImageShape, used: PixelChoices, count: int) -> _Sample:
    """Up to `count` pictures from all over a source; `used`: settled by the source."""
    entries, places = source.entries, source.places[0]
    found, skipped, seen = dict[int, Row](), list[tuple[str, str]](), Seen()
    with source.open(used) as content:
        for rows in _spread(len(entries), count):
            chosen = [row for row in rows if not places[row].table]
            pages = decoded(
                [entries[row] for row in chosen], [places[row] for row in chosen], content, shape, used, seen
            )
            for row, (entry, _, several) in zip(chosen, pages, strict=True):
                page = next((page for page in several if not isinstance(page, str)), None)
                if page is not None:
                    found[row] = page
                else:
                    skipped += [(shown(entry.name), reason) for reason in several[:1] if isinstance(reason, str)]
            if len(found) >= count:
                break
    there = sorted(found)
    kept = {there[round(i)] for i in np.linspace(0, len(there) - 1, min(count, len(there)))}
    return _Sample({row: found[row] for row in kept}, skipped, seen)


def _finished(sample: _Sample, shape: ImageShape, used: PixelChoices) -> np.ndarray:
    """The pictures of a sample in their order with their levels, `uint8` [n, H, W] or [n, H, W, 3]."""
    pictures = [sample.rows[row].picture for row in sorted(sample.rows)]
    used = levels.settle([one for one in pictures if isinstance(one, Decoded)], used)
    finished = [levels.picture(one, used, shape) if isinstance(one, Decoded) else one for one in pictures]
    return np.stack(finished) if finished else np.empty((0, *shape.picture), np.uint8)


def _spread(length: int, count: int) -> Iterator[list[int]]:
    """Rows of a list of that length in groups: some spread over all of it, then those between them, a few times."""
    seen: set[int] = set()
    for number in (count, 2 * count, 4 * count, 8 * count):
        rows = [round(row) for row in np.linspace(0, length - 1, number)] if length else []
        yield sorted(set(rows) - seen)
        seen.update(rows)


# The image shape that suits a set

SIDES = (GREY_28.height, 32, 64)
"""Sides of images that are proposed, in pixels: those for which there are recipes."""

UP_TO = (30, 48)
"""Longer side of the pictures from which the next of `SIDES` is proposed, in pixels."""

MANY = 20_000
"""Pictures from which on no images larger than 32 × 32 are proposed: a training would take too long."""

LOOKED_AT = 12
"""Pictures that are looked at for a proposal."""

COLOURED, COLOURFUL, TINT = 0.02, 40.0, 64.0
"""Share of a picture's pixels that have a colour, the difference of channels (of 255) from which on one has, and up to
which the whole of a picture may be tinted, as yellow paper is, and still be grey."""

_LOOK = ImageShape(3, SIDES[1], SIDES[1])


@dataclass(frozen=True)
class Proposal:
    """An image shape for a set, and why, one sentence."""

    shape: ImageShape
    reason: str


def propose(folder: str | PictureSource) -> Proposal | None:
    """The image shape that suits a set: grey of 28 × 28 for drawings, else by the colours and the size of its pictures;
    None where none of those looked at can be read, or the set has a shape of its own."""
    try:
        source = find(folder)
        return None if source.kind == "set" else _proposed(source, tuple(source.mark))
    except DataError:  # which is said where the set is shown
        return None


@lru_cache(maxsize=8)
def _proposed(source: PictureSource, mark: tuple[Entry, ...]) -> Proposal | None:
    """`propose`; `mark` keys the cache."""
    used, _ = source.settled(PixelChoices())
    sample = _sampled(source, _LOOK, used, LOOKED_AT)
    if not sample.rows:
        return None
    pictures = _finished(sample, _LOOK, used)
    coloured = sum(map(is_coloured, pictures))
    originals = [row.original for row in sample.rows.values()]
    widths, heights = ([getattr(one, side) for one in originals] for side in ("width", "height"))
    width, height = int(np.median(widths)), int(np.median(heights))
    alike = len({*zip(widths, heights, strict=True)}) == 1
    size = f"{'' if alike else 'about '}{_range(widths)} × {_range(heights)} pixels"
    if not coloured and levels.grounds(pictures.mean(-1).astype(np.uint8))[1].mean() >= 0.5:
        return Proposal(GREY_28, f"the pictures are grey and look like drawings, {size} large.")
    place = sum(max(height, width) >= limit for limit in UP_TO)
    many = len(source.entries) > MANY and SIDES[place] > SIDES[1]
    side = SIDES[1] if many else SIDES[place]
    which = "grey" if not coloured else "in colour" if coloured == len(pictures) else "partly in colour"
    why = f"the pictures are {which} and {size} large" + (", and there are many of them" if many else "")
    return Proposal(ImageShape(3 if coloured else 1, side, side), f"{why}.")


def _range(sides: list[int]) -> str:
    """A length, or the smallest and the largest of several: `80 to 120`."""
    least, most = min(sides), max(sides)
    return str(least) if least == most else f"{least} to {most}"


def is_coloured(picture: np.ndarray) -> bool:
    """Whether a picture `uint8` [H, W, 3] has colours, a tint of the whole apart."""
    pixels = picture.reshape(-1, 3).astype(np.float32)
    white = np.percentile(pixels, 95, axis=0)
    if np.ptp(white) <= TINT:
        pixels = pixels * (white.max() / np.maximum(white, 1.0))
    return bool(np.mean(np.ptp(pixels, axis=1) > COLOURFUL) >= COLOURED)
