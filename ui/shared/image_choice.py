"""The images a visitor has chosen on a page: what each is, its pixels, and its text in the address, also that of a
picture which the visitor drew or uploaded: a reload and a link lead back to it.

The dialog in which an image is chosen is in `image_picker`.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.shape import ImageShape
from core.latent import interpolation
from core.runs import Run
from core.runs.images import identity
from ui.shared import address
from ui.shared.model_cache import LoadedModel

OWN = ("drawn", "file")
"""Kinds of choice that are a visitor's own picture."""

LONGEST = 6_000
"""Characters of a visitor's own picture in the address, at most. A drawing of MNIST's size has some 300, a photograph
of that size 1,000; browsers and the server take several times as many."""

PARTS = {"test": "test", "train": "training"}
"""Kinds of choice that are images of the data set, and the part's name in captions."""


@dataclass(frozen=True)
class Pick:
    """One chosen image.

    Attributes:
        kind: `test` or `train`, an image of the data set; `seed`, a sample of the model; `file` or `drawn`, the
            visitor's own picture.
        number: of the image in its part, or the seed.
        pixels, shape: of the visitor's own picture: uint8 values row by row, and (H, W) or (H, W, 3).
    """

    kind: str
    number: int = 0
    pixels: bytes = b""
    shape: tuple[int, ...] = ()

    @classmethod
    def own(cls, kind: str, picture: np.ndarray) -> Pick:
        """A visitor's picture, uint8 [H, W] or [H, W, 3]. kind: `file` or `drawn`."""
        return cls(kind, pixels=picture.tobytes(), shape=picture.shape)

    def text(self) -> str | None:
        """Its text in the address: the number of an image or a seed, or the pixels of a visitor's own picture, deflated
        and in base64; None for a picture that is too large for an address."""
        if not self.pixels:
            return {"test": "", "train": "train", "seed": "seed"}[self.kind] + str(self.number)
        packed = base64.urlsafe_b64encode(zlib.compress(self.pixels, 9)).decode().rstrip("=")
        text = ".".join([self.kind, *map(str, self.shape), packed])
        return text if len(text) <= LONGEST else None


def pixels(pick: Pick, images: ImageSet | None, loaded: LoadedModel | None = None) -> np.ndarray:
    """The chosen picture, uint8 [H, W] or [H, W, 3].

    Raises:
        ValueError: a sample (`seed`) without the model.
    """
    if pick.kind == "seed":
        if loaded is None:
            raise ValueError("A sample needs the model that it is decoded by.")
        return interpolation.sample_endpoint(loaded.model, pick.number).image
    if pick.kind in PARTS:
        return getattr(images, f"{pick.kind}_images")[pick.number]
    return np.frombuffer(pick.pixels, np.uint8).reshape(pick.shape)


def exists(pick: Pick, images: ImageSet | None) -> bool:
    """Whether a chosen image is still there: the data set may be gone or have changed."""
    if pick.kind not in PARTS:
        return True
    return images is not None and 0 <= pick.number < len(getattr(images, f"{pick.kind}_images"))


def note(pick: Pick, images: ImageSet | None) -> str:
    """A caption for a chosen image, also read by screen readers."""
    if pick.kind == "seed":
        return f"sample of the model, seed {pick.number}"
    if pick.kind not in PARTS:
        return "your own picture" if pick.kind == "file" else "your drawing"
    label = label_of(pick, images)
    name = f"{PARTS[pick.kind]} image {pick.number}"
    return name if label is None or images is None else f"{name}, class {images.classes[label]}"


def label_of(pick: Pick, images: ImageSet | None) -> int | None:
    """The class of an image of the data set; None for other pictures and for images without a class."""
    if pick.kind not in PARTS or images is None:
        return None
    label = int(getattr(images, f"{pick.kind}_labels")[pick.number])
    return label if 0 <= label < len(images.classes) else None


def members(images: ImageSet, label: int) -> np.ndarray:
    """Numbers of the test images of a class, int64 [N]."""
    return np.flatnonzero(images.test_labels == label)


def next_rng(key: str) -> np.random.Generator:
    """A new random generator for each click on a page. Its seed counts the clicks, so that the same clicks draw the
    same images."""
    st.session_state[f"{key}_draws"] = count = st.session_state.get(f"{key}_draws", 0) + 1
    return np.random.default_rng(count)


ImagesKey = tuple[Any, ...]
"""Data set, folder, image shape, pixel choices and the identity of a folder's content at the training: runs with the
same key are trained on the same images."""


def images_key(run: Run) -> ImagesKey:
    """The key of a run's images."""
    return *run.recipe.source_of_images, identity(run)


def picks_of(page: str, run: Run) -> dict[str, Pick]:
    """This visitor's choices on a page by name, to read and to change; runs on the same images share them."""
    every: dict[ImagesKey, dict[str, Pick]] = st.session_state.setdefault(f"{page}_picks", {})
    return every.setdefault(images_key(run), {})


def picks(page: str, run: Run, images: ImageSet | None, first: dict[str, Pick]) -> dict[str, Pick]:
    """This visitor's choices on a page: from the address, else as they were, else the first ones.

    Args:
        page: prefix of the page's entries in the session state.
        first: the first choice for each name; the names are also the parameters of the address.
    Returns:
        The choices by name. Changes made to this dictionary last, and the next call writes them into the address.
    """
    chosen = picks_of(page, run)
    for name, text in address.requested(page, *first).items():
        if pick := parse(text, images, run.recipe.shape):
            chosen[name] = pick
        else:
            as_name = f" {name.upper()}" if len(first) > 1 else ""
            address.warn(f"The address names an image{as_name} that does not exist. You see another one.")
    for name, start in first.items():
        if name not in chosen or not exists(chosen[name], images):
            chosen[name] = start
    address.write(page, {name: chosen[name].text() for name in first})
    return chosen


def parse(text: str, images: ImageSet | None, shape: ImageShape) -> Pick | None:
    """The choice that `Pick.text` wrote; None where the text is none, or its image does not exist.

    Args:
        shape: of the model's images, which a visitor's own picture must have.
    """
    if text.startswith(OWN):
        return _own_picture(text, shape)
    kind = next((kind for kind in ("seed", "train") if text.startswith(kind)), "test")
    digits = text.removeprefix(kind)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        return None
    pick = Pick(kind, int(digits))
    return pick if exists(pick, images) else None


def _own_picture(text: str, shape: ImageShape) -> Pick | None:
    """A visitor's own picture from its text in the address; None unless it has exactly the pixels of that shape.

    No more than these are ever unpacked, whatever the text claims."""
    kind, *sides = text[:LONGEST].split(".")
    packed = sides.pop() if sides else ""
    wanted = shape.picture
    if kind not in OWN or tuple(sides) != tuple(map(str, wanted)):
        return None
    try:
        unpacker = zlib.decompressobj()
        pixels = unpacker.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), shape.values + 1)
    except (binascii.Error, zlib.error, ValueError):
        return None
    whole = unpacker.eof and not unpacker.unused_data and len(pixels) == shape.values
    return Pick(kind, pixels=pixels, shape=wanted) if whole else None
