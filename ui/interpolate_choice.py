"""Choosing the two images that a way leads between: thumbnails, draws, presets, own pictures; kept in the address."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.images import ImageError, from_file
from core.runs import Run
from ui.components.gallery import gallery
from ui.words import plain

PAGE = 24
"""Thumbnails at once."""

DIGITS = ((1, 7), (3, 8), (4, 9))
CROSSINGS = {"digits": DIGITS, "mnist": DIGITS, "fashion-mnist": ((1, 3), (7, 9), (2, 6)), "kmnist": ((0, 1), (2, 4))}
"""Pairs of classes with a button each; the first pair is what a visitor meets."""


@dataclass(frozen=True)
class Pick:
    """One end: a test image by its number, an invented picture by its seed, or a visitor's own."""

    kind: str
    number: int = 0
    pixels: bytes = b""

    def text(self) -> str | None:
        """As it stands in the address; a visitor's own picture has no place there."""
        return {"test": str(self.number), "seed": f"seed{self.number}"}.get(self.kind)


def images_of(run: Run) -> ImageSet | None:
    """The run's data set; None, with what to do on the page, where it cannot be had."""
    try:
        return data.load(run.recipe.dataset, run.recipe.folder)
    except data.DataError as error:
        st.warning(f"{plain(str(error))} Until then you can interpolate between pictures that the model invents.")
        if st.button("Open the Data page", key="interpolate_data", help="Downloads a data set, or shows what is here."):
            st.switch_page("pages/data.py")
        return None


def picks(run: Run, images: ImageSet | None) -> dict[str, Pick]:
    """This visitor's `a` and `b` for the run's data set: from the address, else as they were, else the first pair."""
    every = st.session_state.setdefault("interpolate_picks", {})
    here = every.setdefault(f"{run.recipe.dataset}|{run.recipe.folder}", {})
    asked = {end: st.query_params.get(end) for end in "ab"}
    if asked != st.session_state.get("interpolate_wrote"):
        for end, text in asked.items():
            if text is not None and (read := _read(text, images)):
                here[end] = read
            elif text is not None:
                st.warning(f"The address asks for the image '{plain(text[:40])}' as {end.upper()}, which is not there. "
                           "You see another one.")
    for end, start in _first(images).items():
        if end not in here or (here[end].kind == "test" and not _there(here[end].number, images)):
            here[end] = start
    wrote = {end: here[end].text() for end in "ab"}
    for end, text in wrote.items():
        if text is None:
            st.query_params.pop(end, None)
        elif st.query_params.get(end) != text:
            st.query_params[end] = text
    st.session_state["interpolate_wrote"] = wrote
    return here


def note(pick: Pick, images: ImageSet | None) -> str:
    """What an end is, for captions and screen readers."""
    if pick.kind == "seed":
        return f"invented by the model, seed {pick.number}"
    if pick.kind == "file":
        return "your own picture"
    label = label_of(pick, images)
    return f"test image {pick.number}" + (f", class {images.classes[label]}" if label is not None else "")


def label_of(pick: Pick, images: ImageSet | None) -> int | None:
    """The class of a test image; None for anything else."""
    if pick.kind != "test" or images is None:
        return None
    label = int(images.test_labels[pick.number])
    return label if 0 <= label < len(images.classes) else None


def controls(here: dict[str, Pick], images: ImageSet | None) -> None:
    """The row of buttons: choose A, choose B, swap, and one-click pairs."""
    def swap() -> None:
        here["a"], here["b"] = here["b"], here["a"]

    for end in "ab":
        picker = st.popover(f"Choose {end.upper()}", key=f"interpolate_pick_{end}", on_change="rerun",
                            icon=":material/image:", type="primary",
                            help="Click a thumbnail, let the model invent one, or bring your own picture.")
        if picker.open:
            with picker:
                _picker(end, here, images)
    st.button("Swap", key="interpolate_swap", on_click=swap, icon=":material/swap_horiz:",
              help="A becomes B, B becomes A.")
    if images is None or len(images.test_images) < 2:
        return
    st.button("Random", key="interpolate_random", on_click=_random_pair, args=(here, images), icon=":material/casino:",
              help="Two images of the test set, whatever they show.")
    if not len(images.classes):
        return
    st.button("Same class", key="interpolate_same", on_click=_same, args=(here, images),
              help="Keeps A and takes as B another image of the same class.")
    for number, (i, j) in enumerate(_crossings(images)):
        names = " → ".join(_short(images.classes[k]) for k in (i, j))
        st.button(names, key=f"interpolate_cross_{number}", on_click=_cross, args=(here, images, i, j),
                  help="Draws one image of each class; every click draws others.")


def _picker(end: str, here: dict[str, Pick], images: ImageSet | None) -> None:
    if images is not None:
        _thumbnails(end, here, images)
    left, right = st.columns([1, 1], vertical_alignment="bottom")
    seed = left.number_input("Seed", 0, 999_999, 1, key=f"interpolate_seed_{end}", persist_state="session",
                             help="The same seed gives the same invented picture.")
    right.button("Invent one", key=f"interpolate_invent_{end}", on_click=_set, args=(here, end, Pick("seed", seed)),
                 help="Takes a picture that the model draws from its prior (a model without one: from the Gaussian "
                      "fitted to its latents).")
    file = st.file_uploader("Your own picture", key=f"interpolate_file_{end}", max_upload_size=50,
                            help="Any picture; it is turned to grey and fitted into 28 × 28 pixels. It stays on this "
                                 "computer and is gone after a reload.")
    invert = st.checkbox("Swap black and white", key=f"interpolate_invert_{end}",
                         help="For ink on paper, where the model learned light on dark.")
    if file is not None:
        try:
            own = from_file(file.getvalue())
        except ImageError as error:
            st.error(f"This file {error}.")
        else:
            own = 255 - own if invert else own
            st.button(f"Use it as {end.upper()}", key=f"interpolate_own_{end}", on_click=_set,
                      args=(here, end, Pick("file", pixels=own.tobytes())), help="Encodes your picture.")


def _thumbnails(end: str, here: dict[str, Pick], images: ImageSet) -> None:
    left, right = st.columns(2)
    names = ["All classes", *images.classes]
    kind = left.selectbox("Class", range(len(names)), key=f"interpolate_class_{end}_{images.name}",
                          format_func=lambda k: names[k], help="Shows only images of this class.")
    index = np.arange(len(images.test_images)) if kind == 0 else _members(images, kind - 1)
    last = max(1, math.ceil(len(index) / PAGE))
    page = f"interpolate_page_{end}"
    st.session_state[page] = min(st.session_state.get(page, 1), last)
    number = right.number_input("Page", 1, last, key=page, help=f"{PAGE} images each; {last} pages.")
    shown = index[(number - 1) * PAGE:number * PAGE]
    gallery(images.test_images[shown], [note(Pick("test", int(k)), images) for k in shown],
            f"interpolate_gallery_{end}", name=f"Images of the test set for {end.upper()}",
            on_pick=lambda place: _set(here, end, Pick("test", int(shown[place]))))


def _set(here: dict[str, Pick], end: str, pick: Pick) -> None:
    here[end] = pick
    st.session_state[f"interpolate_pick_{end}"] = False  # chosen: the pictures behind are what matters now


def _random_pair(here: dict[str, Pick], images: ImageSet) -> None:
    a, b = _rng().choice(len(images.test_images), 2, replace=False)
    here["a"], here["b"] = Pick("test", int(a)), Pick("test", int(b))


def _same(here: dict[str, Pick], images: ImageSet) -> None:
    label = label_of(here["a"], images)
    if label is None:
        label = label_of(Pick("test", int(_rng().integers(len(images.test_images)))), images)
        if label is None:
            return
    members = _members(images, label)
    if here["a"].kind != "test" or here["a"].number not in members:
        here["a"] = Pick("test", int(members[0]))
    others = members[members != here["a"].number]
    here["b"] = Pick("test", int(_rng().choice(others)) if len(others) else here["a"].number)


def _cross(here: dict[str, Pick], images: ImageSet, i: int, j: int) -> None:
    for end, label in (("a", i), ("b", j)):
        here[end] = Pick("test", int(_rng().choice(_members(images, label))))


def _rng() -> np.random.Generator:
    """Counts up, so that every click draws anew."""
    st.session_state["interpolate_draws"] = count = st.session_state.get("interpolate_draws", 0) + 1
    return np.random.default_rng(count)


def _members(images: ImageSet, label: int) -> np.ndarray:
    return np.flatnonzero(images.test_labels == label)


def _crossings(images: ImageSet) -> list[tuple[int, int]]:
    pairs = CROSSINGS.get(images.name, ((0, 1),))
    return [(i, j) for i, j in pairs if max(i, j) < len(images.classes)
            and len(_members(images, i)) and len(_members(images, j))]


def _first(images: ImageSet | None) -> dict[str, Pick]:
    if images is None:
        return {"a": Pick("seed", 1), "b": Pick("seed", 2)}
    pair = next(iter(_crossings(images)), None)
    numbers = [int(_members(images, k)[0]) for k in pair] if pair else [0, min(1, len(images.test_images) - 1)]
    return {end: Pick("test", number) for end, number in zip("ab", numbers, strict=True)}


def _there(number: int, images: ImageSet | None) -> bool:
    return images is not None and 0 <= number < len(images.test_images)


def _read(text: str, images: ImageSet | None) -> Pick | None:
    kind, digits = ("seed", text[4:]) if text.startswith("seed") else ("test", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        return None
    pick = Pick(kind, int(digits))
    return pick if kind == "seed" or _there(pick.number, images) else None


def _short(name: str) -> str:
    return plain(name if len(name) <= 14 else name[:13] + "…")
