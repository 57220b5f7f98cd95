"""Fingerprint of a data set: a digest of every image in order, by which a run knows the images it was trained on.

A user's folder may be renamed, sorted anew, grow or lose files after a training. `arrange` puts a set that was loaded
now into the order of then: an image that is still there keeps its place (its row of a latent table) and its role
(training, validation or test), wherever its file lies; images that are new are left out, and what is missing or new is
said in one sentence. Copies of one picture are the same image, so that any of them stands for all.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from hashlib import blake2b

import numpy as np

from core.data import import_cache
from core.data.image_set import DataError, ImageSet, Origin
from core.images.original import DIGEST_BYTES
from core.system.cache import digest


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What identifies the images of a set, in its order.

    Attributes:
        train, test: digests of the images, `uint8` [N, 16]. train_labels, test_labels: their classes, `int32` [N].
        held_out: places of the training images that a folder puts aside for validation, `int32`.
    """

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    held_out: np.ndarray

    @cached_property
    def digest(self) -> str:
        """A text that is the same for the same images in the same order, parts and classes (whatever their names)."""
        return digest(*(getattr(self, f.name) for f in fields(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


_known: weakref.WeakKeyDictionary[ImageSet, Fingerprint] = weakref.WeakKeyDictionary()


def digests(pictures: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Digest of each picture's pixels, `uint8` [N, 16]. About a microsecond and a half for one of 28 × 28 pixels."""
    rows = (np.ascontiguousarray(picture).reshape(-1) for picture in pictures)
    joined = b"".join([blake2b(row.data, digest_size=DIGEST_BYTES).digest() for row in rows])
    return np.frombuffer(joined, np.uint8).reshape(len(pictures), DIGEST_BYTES)


def keys(digest_rows: np.ndarray) -> list[bytes]:
    """Digests [N, 16] as keys of a dictionary."""
    content = np.ascontiguousarray(digest_rows).tobytes()
    return [content[k : k + DIGEST_BYTES] for k in range(0, len(content), DIGEST_BYTES)]


def rows_by_content(table: np.ndarray, pictures: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of a latent table that belong to pictures by their content, `int64` [n], −1 where there is none.

    Args:
        table: digest of the training image of each row, `uint8` [N, 16]. pictures: `uint8` [n, ...].
        rows: where the pictures are thought to stand in the table. Such a row is kept if its training image is this
            picture, so that each copy of a picture keeps its own row.
    """
    asked = digests(pictures)
    found, inside = np.full(len(asked), -1), (rows >= 0) & (rows < len(table))
    inside[inside] = (table[rows[inside]] == asked[inside]).all(1)
    found[inside] = rows[inside]
    if not inside.all():
        place = {key: row for row, key in reversed(list(enumerate(keys(table))))}
        found[~inside] = [place.get(key, -1) for key in keys(asked[~inside])]
    return found


def fingerprint_of(images: ImageSet) -> Fingerprint:
    """Fingerprint of a set, computed once for as long as the set is in memory."""
    found = _known.get(images)
    if found is None:
        found = Fingerprint(
            digests(images.train_images),
            digests(images.test_images),
            images.train_labels.astype(np.int32),
            images.test_labels.astype(np.int32),
            images.held_out.astype(np.int32),
        )
        _known[images] = found
    return found


@lru_cache(maxsize=4)
def arrange(images: ImageSet, then: Fingerprint) -> ImageSet:
    """The images that a fingerprint names, in its order and its parts; the set itself where nothing has changed.

    Classes keep their numbers, under the names that they have now.

    Returns:
        A set whose `changed` says in one sentence what is missing or new, and whose `origin` tells where its training
        images stood.
    Raises:
        DataError: none of the training images is left, or there is no room on the disk for images that stay there.
    """
    now = fingerprint_of(images)
    if now == then:
        return images
    pictures = (images.train_images, images.test_images)
    labels = np.concatenate([images.train_labels, images.test_labels])
    present = keys(np.concatenate([now.train, now.test]))
    parts = [keys(then.train), keys(then.test)]
    found = _places(parts, present)
    rows = np.flatnonzero(found[0] >= 0)
    new = len(set(present) - set(parts[0]) - set(parts[1]))
    missing = [int((part < 0).sum()) for part in found]
    if not len(rows):
        raise DataError(
            f"None of the {len(then.train):,} images that this run was trained on is among the {len(set(present)):,} "
            "images that are there now. Put them back, or train a new run."
        )
    train, test = found[0][rows], found[1][found[1] >= 0]
    classes, number = _classes_in_order(images.classes, labels, found, then)
    numbers = np.append(number, -1)  # no class, −1, stays none
    return replace(
        images,
        train_images=import_cache.gathered(pictures, train),
        train_labels=numbers[labels[train]],
        test_images=import_cache.gathered(pictures, test),
        test_labels=numbers[labels[test]],
        classes=classes,
        changed=_sentence(missing[0], len(found[0]), missing[1], len(found[1]), new),
        held_out=np.flatnonzero(np.isin(rows, then.held_out)),
        origin=Origin(rows, len(found[0]), then.held_out),
        factors=images.factors and images.factors.take(train, test),
    )


def _places(parts: list[list[bytes]], present: list[bytes]) -> list[np.ndarray]:
    """Place in `present` of each image of the parts, −1 where it is not there, `int64` [N] each.

    Copies of a picture are matched in their order; where fewer are there now, the last one stands for the others.
    """
    waiting: dict[bytes, list[int]] = {}
    for i, key in reversed(list(enumerate(present))):
        waiting.setdefault(key, []).append(i)

    def take(key: bytes) -> int:
        there = waiting.get(key)
        return -1 if there is None else there.pop() if len(there) > 1 else there[0]

    return [np.array([take(key) for key in part], np.int64) for part in parts]


def _classes_in_order(
    classes: tuple[str, ...], labels: np.ndarray, found: list[np.ndarray], then: Fingerprint
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the classes in the order of then, and for each class of now its number among them, int64 [C].

    A class of then is the one in which most of its images lie now. Classes of new images alone come last.
    """
    votes: Counter[tuple[int, int]] = Counter()
    for part, old in zip(found, (then.train_labels, then.test_labels), strict=True):
        there = part >= 0
        votes.update(zip(old[there].tolist(), labels[part[there]].tolist(), strict=True))
    heirs: dict[int, int] = {}
    for (before, after), _ in sorted(votes.items(), key=lambda vote: (vote[0][0], -vote[1])):
        if before >= 0 and after >= 0 and before not in heirs and after not in heirs.values():
            heirs[before] = after
    order = list(heirs.values())
    whole = np.array([*order, *(c for c in range(len(classes)) if c not in order)], np.int64)
    number = np.empty(len(classes), np.int64)
    number[whole] = np.arange(len(classes))
    return tuple(classes[c] for c in whole), number


def _sentence(missing_train: int, train: int, missing_test: int, test: int, new: int) -> str:
    """What is missing or new, in one sentence; empty where nothing is."""
    gone = []
    if missing_train:
        gone.append(f"{missing_train:,} of its {train:,} training images")
    if missing_test:
        gone.append(f"{missing_test:,} of its {test:,} test images")
    parts = []
    if gone:
        one = missing_train + missing_test == 1
        parts.append(f"{' and '.join(gone)} {'is' if one else 'are'} missing or changed")
    if new:
        what = "1 new image is left out" if new == 1 else f"{new:,} new images are left out"
        parts.append(what)
    return f"The images have changed since this run was trained: {', and '.join(parts)}." if parts else ""
