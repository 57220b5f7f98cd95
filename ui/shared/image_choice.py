"""The image a visitor has chosen, on every page where one is chosen: what it is, its pixels, and its place in the
address. Choosing itself is in `image_picker`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.latent import interpolation
from core.runs import Run
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel

PARTS = {"test": "test", "train": "training"}
"""Kinds of choice that are images of the data set, and the part's name in words."""


@dataclass(frozen=True)
class Pick:
    """A test or training image by its number (`test`, `train`), a picture that a model invents by its seed (`seed`), or
    a visitor's own, uploaded (`file`) or drawn (`drawn`), by its 784 grey levels."""

    kind: str
    number: int = 0
    pixels: bytes = b""

    def text(self) -> str | None:
        """As it stands in the address; a visitor's own picture has no place there."""
        return {"test": "", "train": "train", "seed": "seed"}[self.kind] + str(self.number) if not self.pixels else None


def pixels(pick: Pick, images: ImageSet | None, held: LoadedModel | None = None) -> np.ndarray:
    """The picture of a choice, `uint8` [28, 28]. Only an invented one needs the model."""
    if pick.kind == "seed":
        return interpolation.generated(held.model, pick.number).image
    if pick.kind in PARTS:
        return getattr(images, f"{pick.kind}_images")[pick.number]
    return np.frombuffer(pick.pixels, np.uint8).reshape(28, 28)


def there(pick: Pick, images: ImageSet | None) -> bool:
    """Whether a choice can still be shown: an image of a data set needs that set, which may have changed."""
    if pick.kind not in PARTS:
        return True
    return images is not None and 0 <= pick.number < len(getattr(images, f"{pick.kind}_images"))


def note(pick: Pick, images: ImageSet | None) -> str:
    """What a choice is, for captions and screen readers."""
    if pick.kind == "seed":
        return f"invented by the model, seed {pick.number}"
    if pick.kind not in PARTS:
        return "your own picture" if pick.kind == "file" else "your drawing"
    label = label_of(pick, images)
    return f"{PARTS[pick.kind]} image {pick.number}" + (f", class {images.classes[label]}" if label is not None else "")


def label_of(pick: Pick, images: ImageSet | None) -> int | None:
    """The class of an image of the data set; None for anything else."""
    if pick.kind not in PARTS or images is None:
        return None
    label = int(getattr(images, f"{pick.kind}_labels")[pick.number])
    return label if 0 <= label < len(images.classes) else None


def members(images: ImageSet, label: int) -> np.ndarray:
    """The numbers of the test images of a class, `int64` [N]."""
    return np.flatnonzero(images.test_labels == label)


def draws(key: str) -> np.random.Generator:
    """Counts up, so that every click draws anew, and the same clicks draw the same."""
    st.session_state[f"{key}_draws"] = count = st.session_state.get(f"{key}_draws", 0) + 1
    return np.random.default_rng(count)


def images_of(run: Run, key: str, until: str) -> ImageSet | None:
    """The run's data set; None, with what to do on the page, where it cannot be had.

    Args:
        key: of the button that leads to the Data page. until: what can be done without the data, one sentence.
    """
    try:
        return data.load(run.recipe.dataset, run.recipe.folder)
    except data.DataError as error:
        st.warning(f"{escape_markdown(str(error))} {until}")
        if st.button("Open the Data page", key=key, help="Downloads a data set, or shows what is here."):
            st.switch_page("pages/data.py")
        return None


def kept(page: str, run: Run) -> dict[str, Pick]:
    """This visitor's choices on a page for the run's data set, by name, to read and to change."""
    every = st.session_state.setdefault(f"{page}_picks", {})
    return every.setdefault(f"{run.recipe.dataset}|{run.recipe.folder}", {})


def picks(page: str, run: Run, images: ImageSet | None, first: dict[str, Pick]) -> dict[str, Pick]:
    """This visitor's choices on a page for the run's data set: from the address, else as they were, else the first.

    Args:
        page: tells the choices of one page from those of others.
        first: a choice for each name; the names are also those in the address.
    Returns:
        The choices by name; what is changed in it stays changed, and the next call writes it into the address.
    """
    here = kept(page, run)
    asked = {name: st.query_params.get(name) for name in first}
    if asked != st.session_state.get(f"{page}_wrote"):
        for name, text in asked.items():
            if text is not None and (read := _read(text, images)):
                here[name] = read
            elif text is not None:
                place = f" as {name.upper()}" if len(first) > 1 else ""
                st.warning(
                    f"The address asks for the image '{escape_markdown(text[:40])}'{place}, which is not there. "
                    "You see another one."
                )
    for name, start in first.items():
        if name not in here or not there(here[name], images):
            here[name] = start
    wrote = {name: here[name].text() for name in first}
    for name, text in wrote.items():
        if text is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != text:
            st.query_params[name] = text
    st.session_state[f"{page}_wrote"] = wrote
    return here


def _read(text: str, images: ImageSet | None) -> Pick | None:
    kind = next((kind for kind in ("seed", "train") if text.startswith(kind)), "test")
    digits = text.removeprefix(kind)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        return None
    pick = Pick(kind, int(digits))
    return pick if there(pick, images) else None
