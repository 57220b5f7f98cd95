"""Details of the points selected on a map, and the links from them to other pages."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.embedding import inputs
from core.latent import codec
from core.runs import RunError
from ui.components.base import pack, shape_of
from ui.components.embedding.map_detail import map_detail, requested_selection
from ui.embedding.board import EmbeddingView
from ui.embedding.subset import ImageSubset, latents, pixels
from ui.shared.formatting import format_sig
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import open_page

NEIGHBOURS = 8
"""Nearest neighbours shown in a row."""

KEY = "map_detail"


@st.fragment(key="map_details")
def details(views: list[EmbeddingView]) -> None:
    """Images, reconstructions, neighbours and means of the selection, by the first map's run."""
    view, subset = views[0], views[0].subset
    loaded = model_of(view)
    spaces = _spaces(views, loaded)
    name = "|".join([subset.name, loaded.name if loaded else "", *(title for title, _, _ in spaces)])
    if question := requested_selection(KEY, len(subset.ids)):
        token, picks, lasso = question
        st.session_state["map_answer"] = _answer(token, picks, lasso, subset, loaded, spaces)

    def go(to: str, points: list[int]) -> None:
        st.session_state["map_link"] = (to, points)

    map_detail(
        key=KEY,
        pool=subset.name,
        shape=shape_of(subset.pictures),
        run=name,
        labels=subset.labels,
        classes=subset.images.classes,
        leads=loaded is not None,
        wide=len(views) > 1,
        rows=[title for title, _, _ in spaces],
        answer=st.session_state.get("map_answer"),
        on_go=go,
    )
    if "map_link" in st.session_state:
        st.rerun()  # only a run of the whole page, not of a fragment, can switch the page


def follow_link(view: EmbeddingView) -> None:
    """Open the page of a link in the details that was clicked: Generate at the mean of the selected latents, or
    Interpolate between two images."""
    if "map_link" not in st.session_state:
        return
    to, points = st.session_state.pop("map_link")
    loaded = model_of(view)
    if loaded is None or view.run is None:
        return
    if to == "generate":
        mean = latents(view.run, view.subset, view.weights)[points].mean(0)
        cursor_of(loaded).move_to(loaded.axes.to_sigma_units(mean).tolist())
        open_page("generate", run=view.run.name)
    a, b = (_address_text(view.subset, k) for k in points)
    open_page("interpolate", run=view.run.name, a=a, b=b)


def model_of(view: EmbeddingView) -> LoadedModel | None:
    """The model of a map's run; None where its weights cannot be used."""
    try:
        return load(view.run) if view.run else None
    except RunError:
        return None


Space = tuple[str, np.ndarray, str | None]
"""A space to search for neighbours: heading, points [n, d], and how its neighbours are marked on the maps."""


def _spaces(views: list[EmbeddingView], loaded: LoadedModel | None) -> list[Space]:
    first = views[0]
    found: list[Space] = []
    if loaded and first.run:
        found.append(("Nearest in z", latents(first.run, first.subset, first.weights), "solid"))
    for other in views[1:]:
        same = other.run and first.run and other.run.name == first.run.name
        if other.settings.source == "latents" and other.subset.name == first.subset.name and other.run and not same:
            found.append((f"Nearest in z of {other.run.name}", latents(other.run, other.subset, other.weights), None))
    return [*found, ("Nearest in pixels", pixels(first.subset), "dashed")]


def _answer(
    token: str, picks: list[int], lasso: list[int], subset: ImageSubset, loaded: LoadedModel | None, spaces: list[Space]
) -> dict[str, Any]:
    """The answer to the browser about selected points: their reconstructions and neighbours, and the decoded mean."""
    answer: dict[str, Any] = {"token": token, "rows": [], "reconstructions": None, "mean": None, "errors": None}
    if picks:
        answer["rows"] = [_near(title, x, mark, picks[-1], subset.labels) for title, x, mark in spaces]
    if loaded is None:
        return answer
    z = spaces[0][1]
    if picks:
        decoded = np.concatenate([codec.decode(loaded.model, z[k][None]) for k in picks])
        errors = ((decoded / 255.0 - subset.pictures[picks] / 255.0) ** 2).reshape(len(picks), -1).mean(1)
        answer |= {"reconstructions": pack(decoded), "errors": [format_sig(float(e)) for e in errors]}
    if lasso:
        answer["mean"] = pack(codec.decode(loaded.model, z[lasso].mean(0)[None]))
    return answer


def _near(title: str, x: np.ndarray, mark: str | None, k: int, labels: np.ndarray) -> dict[str, Any]:
    near = neighbours(x, k, NEIGHBOURS)
    agree = int((labels[near] == labels[k]).sum())
    return {
        "title": title,
        "points": near.tolist(),
        "mark": mark,
        "agree": f"{agree} of {len(near)} are of the same class" if labels[k] >= 0 else "",
    }


def neighbours(x: np.ndarray, k: int, count: int) -> np.ndarray:
    """Indices of the `count` points of x [n, d] nearest to point k, nearest first, without itself."""
    distances = ((x - x[k]) ** 2).sum(1)
    distances[k] = np.inf
    return np.argsort(distances, kind="stable")[: min(count, len(x) - 1)]


def _address_text(subset: ImageSubset, k: int) -> str:
    part, number = inputs.split_and_index(subset.images, subset.ids[k])
    return str(number) if part == "test" else f"train{number}"
