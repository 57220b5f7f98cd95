"""What is told about the points that are selected on a map, and where they lead."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.embedding import inputs
from core.latent import codec
from core.runs import RunError
from ui.components.base import pack, shape_of
from ui.components.embedding.map_detail import map_detail, requested_selection
from ui.embedding.board import EmbeddingView, ImageSubset, latents, pixels_of
from ui.shared.formatting import format_sig
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel, load

NEAR = 8
"""Neighbours in a row."""

KEY = "map_detail"


@st.fragment(key="map_details")
def details(slots: list[EmbeddingView]) -> None:
    """Images, neighbours and means of the selection; the first map's run answers."""
    slot, pool = slots[0], slots[0].pool
    loaded = model_of(slot)
    spaces = _spaces(slots, loaded)
    name = "|".join([pool.name, loaded.name if loaded else "", *(title for title, _, _ in spaces)])
    if question := requested_selection(KEY, len(pool.ids)):
        token, picks, lasso = question
        st.session_state["map_answer"] = _answer(token, picks, lasso, pool, loaded, spaces)

    def go(to: str, points: list[int]) -> None:
        st.session_state["map_leave"] = (to, points)

    map_detail(
        key=KEY,
        pool=pool.name,
        shape=shape_of(pool.pictures),
        run=name,
        labels=pool.labels,
        classes=pool.images.classes,
        leads=loaded is not None,
        wide=len(slots) > 1,
        rows=[title for title, _, _ in spaces],
        answer=st.session_state.get("map_answer"),
        on_go=go,
    )
    if "map_leave" in st.session_state:
        st.rerun()  # only a run of the whole page can lead to another one


def leave(slot: EmbeddingView) -> None:
    """Go where a button of the details leads, if one was pressed."""
    if "map_leave" not in st.session_state:
        return
    to, points = st.session_state.pop("map_leave")
    loaded = model_of(slot)
    if loaded is None:
        return
    if to == "generate":
        mean = latents(slot.run, slot.pool)[points].mean(0)
        cursor_of(loaded).move_to(loaded.axes.to_sigma_units(mean).tolist())
        st.switch_page("pages/generate.py", query_params={"run": slot.run.name})
    ends = [_text(slot.pool, k) for k in points]
    st.switch_page("pages/interpolate.py", query_params={"run": slot.run.name, "a": ends[0], "b": ends[1]})


def model_of(slot: EmbeddingView) -> LoadedModel | None:
    """The first map's run, ready to decode; None where its weights cannot be used."""
    try:
        return load(slot.run) if slot.run else None
    except RunError:
        return None


def _spaces(slots: list[EmbeddingView], loaded: LoadedModel | None) -> list[tuple[str, np.ndarray, str | None]]:
    """(title, points [n, d], how its neighbours are marked on the maps) of every space to look for neighbours in."""
    first = slots[0]
    found = [("Nearest in z", latents(first.run, first.pool), "solid")] if loaded else []
    for other in slots[1:]:
        same = other.run and first.run and other.run.name == first.run.name
        if other.settings.source == "latents" and other.pool.name == first.pool.name and other.run and not same:
            found.append((f"Nearest in z of {other.run.name}", latents(other.run, other.pool), None))
    return [*found, ("Nearest in pixels", pixels_of(first.pool), "dashed")]


def _answer(
    token: str, picks: list[int], lasso: list[int], pool: ImageSubset, loaded: LoadedModel | None, spaces
) -> dict[str, Any]:
    """What the browser cannot know by itself."""
    answer: dict[str, Any] = {"token": token, "rows": [], "reconstructions": None, "mean": None, "errors": None}
    if picks:
        answer["rows"] = [_near(title, x, mark, picks[-1], pool.labels) for title, x, mark in spaces]
    if loaded is None:
        return answer
    z = spaces[0][1]
    if picks:
        made = np.concatenate([codec.decode(loaded.model, z[k][None]) for k in picks])
        errors = ((made / 255.0 - pool.pictures[picks] / 255.0) ** 2).mean((1, 2))
        answer |= {"reconstructions": pack(made), "errors": [format_sig(float(e)) for e in errors]}
    if lasso:
        answer["mean"] = pack(codec.decode(loaded.model, z[lasso].mean(0)[None]))
    return answer


def _near(title: str, x: np.ndarray, mark: str | None, k: int, labels: np.ndarray) -> dict[str, Any]:
    near = neighbours(x, k, NEAR)
    agree = int((labels[near] == labels[k]).sum())
    return {
        "title": title,
        "points": near.tolist(),
        "mark": mark,
        "agree": f"{agree} of {len(near)} are of the same class" if labels[k] >= 0 else "",
    }


def neighbours(x: np.ndarray, k: int, count: int) -> np.ndarray:
    """The places of the `count` points of x [n, d] nearest to point k, nearest first, itself left out."""
    far = ((x - x[k]) ** 2).sum(1)
    far[k] = np.inf
    return np.argsort(far, kind="stable")[: min(count, len(x) - 1)]


def _text(pool: ImageSubset, k: int) -> str:
    part, number = inputs.split_and_index(pool.images, pool.ids[k])
    return str(number) if part == "test" else f"train{number}"
