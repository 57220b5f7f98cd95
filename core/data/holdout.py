"""Which of a user's pictures are for training and which for testing: as their folders say, else by their own content.

A share of a folder drawn at random would be another one as soon as a file is added: images that a run was trained on
would become test images of the next. The digest of an image decides instead, like a die that falls the same way every
time: an image keeps its role however the folder grows, is sorted or is renamed, and copies of one picture are never on
both sides. It is the digest of the picture as its file holds it (`core/images/original.py`), so that models in grey and
in colour, of small images and of large ones, are tested with the same pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from core.data.fingerprint import keys
from core.data.layout import TEST, TRAIN, VALIDATION

SHARE = 1 / 6
"""Share of the images that are test images, on average."""

_SALT = b"originals 15"
"""Sets the dice apart from the digests themselves. A new one would draw every folder anew."""


def divided(
    parts: Sequence[str], digests: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Indices of training and test images, those of the training images that are held out, and notes.

    Args:
        parts: what the folders say of each of N images, one of `layout`'s or "". digests: of the pictures as their
            files hold them (`Original.digest`), `uint8` [N, 16]. labels: classes, `int64` [N].
    """
    said = np.array(parts)
    everyone, none = np.arange(len(parts)), np.array([], np.int64)
    if not said.astype(bool).any():
        return *_own_split(digests, labels), none, ()
    test = np.flatnonzero(said == TEST)
    if not len(test):
        test, said = np.flatnonzero(said == VALIDATION), np.where(said == VALIDATION, TEST, said)
    if not (said == TRAIN).any() or not len(test):
        empty = "training" if len(test) else "test"
        train, test = _own_split(digests, labels)
        return (
            train,
            test,
            none,
            (f"The folder of the {empty} set holds no usable picture: a sixth of the images is used for testing.",),
        )
    train = np.setdiff1d(everyone, test)
    return train, test, np.flatnonzero(said[train] == VALIDATION), _seen(digests, train, test)


def _seen(digests: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[str, ...]:
    """A note on test images of a folder that are among its training images."""
    of = keys(digests)
    learned = {of[row] for row in train}
    both = sum(of[row] in learned for row in test)
    if not both:
        return ()
    are = "is a training image as well" if both == 1 else "are training images as well"
    return (f"{both:,} of the {len(test):,} test images {are}: figures on the test set are too good because of that.",)


def _own_split(digests: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of training and test images by their own content; a single image is both."""
    everyone = np.arange(len(labels))
    if len(labels) == 1:
        return everyone, everyone
    test = test_rows(digests, labels)
    return np.setdiff1d(everyone, test), test


def test_rows(digests: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of the test images among N ≥ 2 pictures with these digests, `uint8` [N, 16], and classes `labels` [N],
    sorted `int64`; neither none nor all.

    An image is a test image if its throw, uniform in [0, 1), is below `SHARE`, or if it is the lowest of its class: so
    every class of two or more different pictures is tested. Growth never makes a test image of a training image, unless
    a class held a single picture before.
    """
    names = keys(digests)
    thrown = {name: _throw(name) for name in set(names)}
    throws = np.array([thrown[name] for name in names])
    if len(thrown) == 1:  # one picture over and over: nothing can be told apart
        return np.arange(0, len(names), round(1 / SHARE))
    chosen = throws < SHARE
    for label in np.unique(labels):
        own = throws[labels == label]
        if own.min() < own.max():
            chosen |= throws == own.min()
    if not chosen.any():  # classes of one picture each
        chosen = throws == throws.min()
    if chosen.all():
        chosen = throws < throws.max()
    return np.flatnonzero(chosen)


def _throw(name: bytes) -> float:
    return int.from_bytes(blake2b(name, digest_size=7, key=_SALT).digest(), "big") / 2**56
