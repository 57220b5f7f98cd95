"""The class of the point on the Generate page, for models that are told it: the choice of a class, and a sheet of all
classes in several styles."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.latent import sampling
from core.runs import Run
from core.runs.class_names import class_names
from ui.components.base import MESSAGE_BYTES, fitting
from ui.components.latent.style_sheet import style_sheet
from ui.shared import glossary
from ui.shared.address import Parameter, whole
from ui.shared.latent_cursor import LatentCursor, cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.pointer import touch_or

FEW = 16
"""Most classes that are offered as buttons; more stand in a box."""

STYLES = (12, 9, 6, 4)
"""Styles beside each other on the sheet: fewer of large images and of many classes."""

MOST_ROWS = 40
"""Classes on the sheet, at most."""

STYLE_SEED = Parameter("styles", "generate_style_seed", whole(0, 999), 0, "a whole number from 0 to 999")
"""Seed of the sheet's styles, which counts the clicks for others."""


def parts(loaded: LoadedModel) -> list[str]:
    """Parts of the page that follow a move of the point by a button."""
    return ["board", "steps", "posterior", *(["classes", "styles"] if loaded.conditional else []), *_plane(loaded)]


def _plane(loaded: LoadedModel) -> list[str]:
    """The plane of the whole latent space shows the pictures of one class."""
    return ["own_plane"] if loaded.conditional and loaded.model.style_dim == 2 else []


def of_same_class(loaded: LoadedModel, here: LatentCursor, point: list[float]) -> list[float]:
    """A point with the class weights of where the visitor is; unchanged for a model without classes."""
    d = loaded.model.style_dim
    return point[:d] + here.sigma_units[d:]


def with_class(loaded: LoadedModel, point: list[float], label: int) -> list[float]:
    """A point with that class alone."""
    d, end = loaded.model.style_dim, loaded.model.latent_dim
    return point[:d] + [float(k == label) for k in range(end - d)]


def class_of(loaded: LoadedModel, point: list[float]) -> int | None:
    """The class of a point; None for a mixture of classes."""
    weights = np.asarray(point[loaded.model.style_dim :])
    label = int(weights.argmax())
    return label if weights[label] > 0 and np.delete(weights, label).max(initial=0.0) <= 0 else None


@st.fragment(key="classes")
def choose(run: Run, loaded: LoadedModel) -> None:
    """The choice of the class: the style stays as it is."""
    if not loaded.conditional:
        return
    here, titles = cursor_of(loaded), class_names(run)
    shown = class_of(loaded, here.sigma_units)
    key = f"generate_class_{loaded.name}"
    st.session_state[key] = shown

    def take() -> None:
        # Called with the class that the box showed already, too: where another button has changed it meanwhile.
        label = st.session_state[key]
        if label not in (None, shown):
            here.move_to(with_class(loaded, here.sigma_units, label), here.original)
        st.rerun(parts(loaded))

    box: dict[str, Any] = {
        "label": "Class",
        "options": range(len(titles)),
        "format_func": lambda k: titles[k],
        "key": key,
        "on_change": take,
        "help": "The decoder is told the class beside z: the same z shows another class in the same style.",
    }
    if len(titles) <= FEW:
        st.segmented_control(**box)
    else:
        st.selectbox(**box, placeholder="A mixture of classes")


@st.fragment(key="styles")
def styles(run: Run, loaded: LoadedModel) -> None:
    """The sheet: a row for each class, a column for each style, the first of which is that of the point."""
    if not loaded.conditional:
        return
    st.subheader("Every class in the same styles", anchor=False)
    STYLE_SEED.adopt()
    here, titles = cursor_of(loaded), class_names(run)[:MOST_ROWS]
    columns = fitting([n * len(titles) for n in STYLES], loaded.shape, MESSAGE_BYTES) // len(titles)

    def other() -> None:
        st.session_state[STYLE_SEED.box] = (st.session_state.get(STYLE_SEED.box, 0) + 1) % 1_000

    st.button(
        "Other styles",
        key="generate_styles_other",
        on_click=other,
        icon=":material/casino:",
        help="Draws new styles from the prior for all columns but the first.",
    )
    drawn = _drawn(loaded, columns - 1, STYLE_SEED.keep())
    points = [of_columns(loaded, here.sigma_units, drawn, label) for label in range(len(titles))]

    def open_point(row: int, column: int) -> None:
        here.move_to(points[row][column].tolist(), here.original if column == 0 else None)
        st.rerun(parts(loaded))

    style_sheet(
        key="generate_styles",
        run=loaded.name,
        names=titles,
        tiles=loaded.pictures(np.concatenate(points)),
        style=here.sigma_units[: loaded.model.style_dim],
        row=class_of(loaded, here.sigma_units),
        on_pick=open_point,
    )
    glossary.caption(
        "Each column is one z, each row one class. The first column has the z of the sliders, the others are draws "
        f"from the prior. {touch_or('Tap', 'Click')} an image to go to its point. What is alike down a column is the "
        "style, such as slant, width and thickness.",
        "prior",
    )


def of_columns(loaded: LoadedModel, point: list[float], drawn: np.ndarray, label: int) -> np.ndarray:
    """A row of the sheet: the point's style, then the drawn ones [n, d], all of one class. float32 [1 + n, D]."""
    style = np.concatenate([np.asarray(point, np.float32)[None, : drawn.shape[1]], drawn])
    weights = np.zeros((len(style), loaded.model.latent_dim - drawn.shape[1]), np.float32)
    weights[:, label] = 1.0
    return np.concatenate([style, weights], axis=1)


def _drawn(loaded: LoadedModel, count: int, seed: int) -> np.ndarray:
    """Styles drawn from the prior, in units of σ: float32 [count, d]."""
    noise = sampling.prior(count, loaded.model.latent_dim, seed)
    return loaded.model.style(loaded.axes.to_sigma_units(sampling.sample_latents(loaded.model, noise)))
