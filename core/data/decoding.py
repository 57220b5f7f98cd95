"""Pictures of a source, decoded by a few threads in the order of its entries."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from core.data.layout import Place
from core.data.picture_source import Content, Entry, Numbers
from core.images import levels, original, picture_files
from core.images.convert import ImageError
from core.images.levels import Decoded
from core.images.original import Original
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system.user_paths import shown

BLOCK = 64
"""Files that a thread decodes before it takes the next ones."""


class Row(NamedTuple):
    """A picture that is finished, or one whose levels depend on the others, and what it was in its file."""

    picture: np.ndarray | Decoded
    original: Original


class Seen:
    """What is said of the pictures of a set as a whole: colour profiles and animations, counted by several threads."""

    def __init__(self) -> None:
        self._profiles, self._animations, self._counting = Counter[str](), 0, threading.Lock()

    def add(self, page: Decoded | str) -> None:
        """Count a picture that has a profile or is the first frame of several."""
        if isinstance(page, Decoded) and (page.original.profile or page.original.frames > 1):
            with self._counting:
                self._animations += page.original.frames > 1
                if page.original.profile:
                    self._profiles[page.original.profile] += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on the profiles that were ignored, one on the animations, or none."""
        said, count = list[str](), self._profiles.total()
        if count:
            names = [f"“{shown(name)}”" for name, _ in self._profiles.most_common(3)]
            pictures = "1 picture has a colour profile" if count == 1 else f"{count:,} pictures have a colour profile"
            more = " and others" if len(self._profiles) > len(names) else ""
            said.append(f"{pictures} ({', '.join(names)}{more}), which is ignored: their levels are taken as sRGB.")
        if self._animations:
            files = "1 file is an animation" if self._animations == 1 else f"{self._animations:,} files are animations"
            said.append(f"{files}: the first frame of each is an image of the set.")
        return tuple(said)


def decoded(
    entries: Sequence[Entry],
    where: Sequence[Place],
    content: Content,
    shape: ImageShape,
    choices: PixelChoices,
    seen: Seen,
) -> Iterator[tuple[Entry, Place, list[Row | str]]]:
    """The pages of each file in order, with a few blocks of files on the way at once."""

    def one(entry: Entry, place: Place) -> list[Row | str]:
        if place.table:
            return []
        if refusal := entry.refusal or place.left_out:
            return [refusal]
        try:
            found = content(entry)
            if isinstance(found, np.ndarray):
                return [_ready(picture_files.from_array(found, shape, choices.fit), shape, choices)]
            if isinstance(found, Numbers):
                page = picture_files.from_array(found.picture, shape, choices.fit)
                known = replace(page.original, digest=original.of_array(found.values))
                return [_ready(replace(page, original=known), shape, choices)]
            rows = []
            for one in picture_files.pages(found, shape, name=entry.name, fit=choices.fit):
                seen.add(one)
                rows.append(_ready(one, shape, choices))
            return rows
        except ImageError as error:
            return [str(error)]

    def block(start: int) -> list[list[Row | str]]:
        rows = slice(start, start + BLOCK)
        return [one(entry, place) for entry, place in zip(entries[rows], where[rows], strict=True)]

    # Pillow releases the GIL while it decodes, so that several threads read a folder of photos several times faster.
    threads = min(8, os.cpu_count() or 1)
    starts, working = deque(range(0, len(entries), BLOCK)), deque[Future[list[list[Row | str]]]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            done = 0
            while starts or working:
                while starts and len(working) < 2 * threads:
                    working.append(pool.submit(block, starts.popleft()))
                for pages in working.popleft().result():
                    yield entries[done], where[done], pages
                    done += 1
        finally:
            for future in working:
                future.cancel()


def _ready(page: Decoded | str, shape: ImageShape, choices: PixelChoices) -> Row | str:
    """A page in its final levels, where they do not depend on the other pictures of the set."""
    if isinstance(page, str):
        return page
    if page.sample is not None or page.opacity is not None:
        return Row(page, page.original)
    return Row(levels.picture(page, choices, shape), page.original)
