"""Choice of the two images of the Interpolate page: one by one, at random, or a pair of classes in one click."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.convert import data_url
from core.latent import interpolation
from ui.shared.address import Parameter, one_of
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick, label_of, members, next_rng
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel

DIGITS = ((1, 7), (3, 8), (4, 9))
TYPICAL_OF = 200
"""Test images of a class of which a typical one is chosen, at most."""

CLASS_PAIRS = {"digits": DIGITS, "mnist": DIGITS, "fashion-mnist": ((1, 3), (7, 9), (2, 6)), "kmnist": ((0, 1), (2, 4))}
"""Pairs of classes with a button each, by data set. The page starts with the first pair."""


def controls(
    picks: dict[str, Pick], images: ImageSet | None, loaded: LoadedModel, pictures: dict[str, np.ndarray]
) -> None:
    """The row of buttons: choose A, swap, choose B, and other pairs in one click.

    Args:
        pictures: the images A and B as they are, under `a` and `b`.
    """

    def swap() -> None:
        picks["a"], picks["b"] = picks["b"], picks["a"]

    def pick(end: str) -> None:
        choose(
            f"interpolate_pick_{end}",
            images,
            picks,
            end,
            loaded=loaded,
            label=f"Choose {end.upper()}",
            use=f"Use it as {end.upper()}",
            icon=None,
        )

    _thumbnails(pictures)
    pick("a")
    st.button("Swap", key="interpolate_swap", on_click=swap, icon=":material/swap_horiz:", help="Exchanges A and B.")
    pick("b")
    if images is None or len(images.test_images) < 2:
        return
    st.button(
        "Random",
        key="interpolate_random",
        on_click=_random_pair,
        args=(picks, images),
        icon=":material/casino:",
        help="Two random images of the test set, of any class.",
    )
    if not len(images.classes):
        return
    with st.popover("Pairs", key="interpolate_pairs", help="Two images of one class, or of two chosen ones."):
        _pairs(picks, images)


MOVES = Parameter("moves", "interpolate_moves", one_of(*interpolation.MOVES), "both", "both, style or class")
"""What changes on the way between the images, of a model that is told the class."""


def moves_now(loaded: LoadedModel) -> str:
    """What changes on the way, as chosen or as the address says; everything where the model is not told the class."""
    return MOVES.adopt() if loaded.conditional else "both"


def choose_moves(loaded: LoadedModel) -> None:
    """Draw that choice, for a model that is told the class."""
    if not loaded.conditional:
        return
    names = {"both": "Style and class", "style": "Style", "class": "Class"}
    st.segmented_control(
        "What changes on the way",
        list(names),
        key=MOVES.box,
        required=True,
        persist_state="session",
        format_func=names.__getitem__,
        help="This model keeps style and class apart. What does not change stays as in A. On the way from one class to "
        "another the decoder gets a share of both.",
    )
    MOVES.keep()


def _thumbnails(pictures: dict[str, np.ndarray]) -> None:
    """The images A and B on the buttons that choose them. (Labels of Streamlit's buttons hold no images.)"""
    button = ".st-key-interpolate_pick_{} [data-testid='stPopoverButton']"
    rules = "".join(
        f"{button.format(end)} {{ background-image: url({data_url(picture)}); }}" for end, picture in pictures.items()
    )
    st.html(f"<style>{rules}</style>")


def _pairs(picks: dict[str, Pick], images: ImageSet) -> None:
    """Buttons that choose a pair by its classes."""
    st.button(
        "Same class",
        key="interpolate_same",
        on_click=_same_class,
        args=(picks, images),
        help="Keeps A and chooses another image of the same class as B.",
    )
    for number, (i, j) in enumerate(_class_pairs(images)):
        names = " → ".join(_short(images.classes[k]) for k in (i, j))
        st.button(
            names,
            key=f"interpolate_cross_{number}",
            on_click=_draw_pair,
            args=(picks, images, i, j),
            help="Draws a random image of each of the two classes.",
        )


def _random_pair(picks: dict[str, Pick], images: ImageSet) -> None:
    a, b = next_rng("interpolate").choice(len(images.test_images), 2, replace=False)
    picks["a"], picks["b"] = Pick("test", int(a)), Pick("test", int(b))


def _same_class(picks: dict[str, Pick], images: ImageSet) -> None:
    label = label_of(picks["a"], images)
    if label is None:
        label = label_of(Pick("test", int(next_rng("interpolate").integers(len(images.test_images)))), images)
        if label is None:
            return
    alike = members(images, label)
    if label_of(picks["a"], images) is None:
        picks["a"] = Pick("test", int(alike[0]))
    others = alike[alike != picks["a"].number] if picks["a"].kind == "test" else alike
    picks["b"] = Pick("test", int(next_rng("interpolate").choice(others)) if len(others) else picks["a"].number)


def _draw_pair(picks: dict[str, Pick], images: ImageSet, i: int, j: int) -> None:
    for end, label in (("a", i), ("b", j)):
        picks[end] = Pick("test", int(next_rng("interpolate").choice(members(images, label))))


def _class_pairs(images: ImageSet) -> list[tuple[int, int]]:
    pairs = CLASS_PAIRS.get(images.name, ((0, 1),))
    return [
        (i, j)
        for i, j in pairs
        if max(i, j) < len(images.classes) and len(members(images, i)) and len(members(images, j))
    ]


def first_picks(images: ImageSet | None) -> dict[str, Pick]:
    """A and B at first: a typical image of each of the first pair of classes, or two samples of the model without the
    data set."""
    if images is None:
        return {"a": Pick("seed", 1), "b": Pick("seed", 2)}
    pair = next(iter(_class_pairs(images)), None)
    numbers = [_typical(images, k) for k in pair] if pair else [0, min(1, len(images.test_images) - 1)]
    return {end: Pick("test", number) for end, number in zip("ab", numbers, strict=True)}


def _typical(images: ImageSet, label: int) -> int:
    """Number of the test image, among the first of a class, that is nearest to their mean: one that is read at once."""
    first = members(images, label)[:TYPICAL_OF]
    pixels = images.test_images[first].reshape(len(first), -1).astype(np.float32)
    return int(first[np.square(pixels - pixels.mean(0)).sum(1).argmin()])


def _short(name: str) -> str:
    return escape_markdown(name if len(name) <= 14 else name[:13] + "…")
