"""Choosing the two images that a way leads between: each by itself, draws, and one-click pairs of classes."""

from __future__ import annotations

import streamlit as st

from core.data import ImageSet
from core.runs import Run
from ui.shared import image_choice
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick, label_of, members, next_rng
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel

DIGITS = ((1, 7), (3, 8), (4, 9))
CROSSINGS = {"digits": DIGITS, "mnist": DIGITS, "fashion-mnist": ((1, 3), (7, 9), (2, 6)), "kmnist": ((0, 1), (2, 4))}
"""Pairs of classes with a button each; the first pair is what a visitor meets."""


def images_of(run: Run) -> ImageSet | None:
    """The run's data set; None, with what to do on the page, where it cannot be had."""
    return image_choice.images_of(
        run,
        "interpolate_data",
        "Until then you can interpolate between pictures that you draw or that the model invents.",
    )


def picks(run: Run, images: ImageSet | None) -> dict[str, Pick]:
    """This visitor's `a` and `b` for the run's data set: from the address, else as they were, else the first pair."""
    return image_choice.picks("interpolate", run, images, _first(images))


def controls(here: dict[str, Pick], images: ImageSet | None, loaded: LoadedModel) -> None:
    """The row of buttons: choose A, choose B, swap, and one-click pairs."""

    def swap() -> None:
        here["a"], here["b"] = here["b"], here["a"]

    for end in "ab":
        choose(
            f"interpolate_pick_{end}",
            images,
            here,
            end,
            loaded=loaded,
            label=f"Choose {end.upper()}",
            use=f"Use it as {end.upper()}",
            primary=True,
        )
    st.button(
        "Swap", key="interpolate_swap", on_click=swap, icon=":material/swap_horiz:", help="A becomes B, B becomes A."
    )
    if images is None or len(images.test_images) < 2:
        return
    st.button(
        "Random",
        key="interpolate_random",
        on_click=_random_pair,
        args=(here, images),
        icon=":material/casino:",
        help="Two images of the test set, whatever they show.",
    )
    if not len(images.classes):
        return
    st.button(
        "Same class",
        key="interpolate_same",
        on_click=_same,
        args=(here, images),
        help="Keeps A and takes as B another image of the same class.",
    )
    for number, (i, j) in enumerate(_crossings(images)):
        names = " → ".join(_short(images.classes[k]) for k in (i, j))
        st.button(
            names,
            key=f"interpolate_cross_{number}",
            on_click=_cross,
            args=(here, images, i, j),
            help="Draws one image of each class; every click draws others.",
        )


def _random_pair(here: dict[str, Pick], images: ImageSet) -> None:
    a, b = next_rng("interpolate").choice(len(images.test_images), 2, replace=False)
    here["a"], here["b"] = Pick("test", int(a)), Pick("test", int(b))


def _same(here: dict[str, Pick], images: ImageSet) -> None:
    label = label_of(here["a"], images)
    if label is None:
        label = label_of(Pick("test", int(next_rng("interpolate").integers(len(images.test_images)))), images)
        if label is None:
            return
    alike = members(images, label)
    if label_of(here["a"], images) is None:
        here["a"] = Pick("test", int(alike[0]))
    others = alike[alike != here["a"].number] if here["a"].kind == "test" else alike
    here["b"] = Pick("test", int(next_rng("interpolate").choice(others)) if len(others) else here["a"].number)


def _cross(here: dict[str, Pick], images: ImageSet, i: int, j: int) -> None:
    for end, label in (("a", i), ("b", j)):
        here[end] = Pick("test", int(next_rng("interpolate").choice(members(images, label))))


def _crossings(images: ImageSet) -> list[tuple[int, int]]:
    pairs = CROSSINGS.get(images.name, ((0, 1),))
    return [
        (i, j)
        for i, j in pairs
        if max(i, j) < len(images.classes) and len(members(images, i)) and len(members(images, j))
    ]


def _first(images: ImageSet | None) -> dict[str, Pick]:
    if images is None:
        return {"a": Pick("seed", 1), "b": Pick("seed", 2)}
    pair = next(iter(_crossings(images)), None)
    numbers = [int(members(images, k)[0]) for k in pair] if pair else [0, min(1, len(images.test_images) - 1)]
    return {end: Pick("test", number) for end, number in zip("ab", numbers, strict=True)}


def _short(name: str) -> str:
    return escape_markdown(name if len(name) <= 14 else name[:13] + "…")
