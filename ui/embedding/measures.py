"""Quality measures of the maps, each with one sentence on its meaning."""

from __future__ import annotations

import math

import streamlit as st

from core.embedding.measures import NEIGHBOURS
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared.formatting import format_sig


def measures(views: list[EmbeddingView], states: list[ViewState]) -> None:
    """Three boxes; they keep their places while a map is being computed."""
    st.subheader("How far to trust the map", anchor=False)
    found = [state.measures or {} for state in states]
    boxes = (
        (
            "Trustworthiness",
            ["trustworthiness"],
            _decimal,
            f"Whether the {NEIGHBOURS} nearest neighbours of an image on the map are also near it in the input. 1: all "
            "of them; 0.5: no better than chance.",
        ),
        (
            f"{NEIGHBOURS}-NN accuracy",
            ["knn_input", "knn_map"],
            _percent,
            f"The share of images whose class wins the vote of their {NEIGHBOURS} nearest neighbours. A much lower "
            "value on the map than in the input means that the map separated neighbours.",
        ),
        (
            "Silhouette",
            ["silhouette_input", "silhouette_map"],
            _decimal,
            "How much closer images are to their own class than to the nearest other class, from −1 to 1. t-SNE raises "
            "it by contracting clusters, so gaps on the map do not prove gaps in the data.",
        ),
    )
    for column, (name, keys, form, about) in zip(st.columns(3), boxes, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{name}**")
            for view, values in zip(views, found, strict=True):
                st.markdown(_line(view, keys, values, form, len(views) > 1))
            st.caption(about)
    counts = {int(values["measured"]) for values in found if values.get("measured")}
    if counts:
        st.caption(
            f"Measured on {' and '.join(f'{c:,}' for c in sorted(counts))} images, every class in proportion"
            + (", because all pairs of more would take minutes." if max(counts) >= 2_000 else ".")
        )
    else:
        waits = any(state.state == "forming" for state in states) or any(view.job and view.job.active for view in views)
        st.caption(
            "The measures appear when the map is finished."
            if waits
            else "The measures need the t-SNE map: compute it first."
        )


def _line(view: EmbeddingView, keys: list[str], values: dict[str, float], form, several: bool) -> str:
    what = "z" if view.settings.source == "latents" else "pixels"
    parts = [
        f":gray[in {what}] {form(values.get(key))}"
        if key.endswith("_input")
        else f":gray[{'on the map' if len(keys) > 1 else ''}] **{form(values.get(key))}**"
        if len(keys) > 1
        else f"**{form(values.get(key))}**"
        for key in keys
    ]
    lead = (":gray[Second:] " if view.suffix else ":gray[First:] ") if several else ""
    return lead + " → ".join(parts)


def _decimal(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{format_sig(100 * value)} %"
