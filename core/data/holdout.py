"""Choice of the test images of a user's folder by each image's own content.

A share of a folder drawn at random would be another one as soon as a file is added: images that a run was trained on
would become test images of the next. The digest of an image decides instead, like a die that falls the same way every
time: an image keeps its role however the folder grows, is sorted or is renamed, and copies of one picture are never on
both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from core.data.fingerprint import digests, keys

SHARE = 1 / 6
"""Share of the images that are test images, on average."""

_SALT = b"test images 10"
"""Sets the dice apart from the digests themselves. A new one would draw every folder anew."""


def test_rows(pictures: Sequence[np.ndarray] | np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of the test images among N ≥ 2 pictures with classes `labels` [N], sorted `int64`; neither none nor all.

    An image is a test image if its throw, uniform in [0, 1), is below `SHARE`, or if it is the lowest of its class: so
    every class of two or more different pictures is tested. Growth never makes a test image of a training image, unless
    a class held a single picture before.
    """
    names = keys(digests(pictures))
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
