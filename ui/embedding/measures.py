"""Quality measures of the maps, each with one sentence on its meaning."""

from __future__ import annotations

import math

import streamlit as st

from core.embedding.measures import NEIGHBOURS
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared.formatting import format_sig

BOXES = (
    (
        "Trustworthiness",
        ("trustworthiness",),
        f"Whether the {NEIGHBOURS} nearest neighbours of an image on the map are also near it in the input. 1: all of "
        "them; 0.5: no better than chance.",
    ),
    (
        f"{NEIGHBOURS}-NN accuracy",
        ("knn_input", "knn_map"),
        f"The share of images whose class wins the vote of their {NEIGHBOURS} nearest neighbours, in the input and on "
        "the map. A much lower value on the map means that the map separated neighbours.",
    ),
    (
        "Silhouette",
        ("silhouette_input", "silhouette_map"),
        "How much closer images are to their own class than to the nearest other class, from −1 to 1, in the input and "
        "on the map. t-SNE raises it by contracting clusters, so gaps on the map do not prove gaps in the data.",
    ),
)
"""Name, keys and meaning of each measure; the last key is that of the map."""


def measures(views: list[EmbeddingView], states: list[ViewState]) -> None:
    """Three figures a map, with what they mean and one comparing sentence."""
    st.markdown("**How far to trust the map**")
    for view, state in zip(views, states, strict=True):
        values = state.measures or {}
        lead = "" if len(views) == 1 else "Second: " if view.suffix else "First: "
        # Nothing instead of three empty boxes before there is anything to measure.
        for column, (name, keys, about) in zip(st.columns(3), BOXES, strict=True) if values else ():
            form = _percent if keys[0].startswith("knn") else _decimal
            column.metric(f"{lead}{name}", form(values.get(keys[-1])), help=about)
            if len(keys) > 1:
                of = "latents z" if view.settings.source == "latents" else "pixels"
                column.caption(f"in the {of}: {form(values.get(keys[0]))}")
        if sentence := _comparison(view, values):
            st.caption(sentence)
    measured = [state.measures for state in states if state.measures and state.measures.get("measured")]
    if measured:
        some, every = int(measured[0]["measured"]), int(measured[0].get("images", 0))
        among = f", each among all {every:,}" if every > some else ""
        st.caption(f"Measured on {some:,} images{among}.")
        return
    st.caption(
        "The measures appear when the map is finished."
        if any(state.computing for state in states)
        else "The measures need the finished map: compute it first."
    )


def _comparison(view: EmbeddingView, values: dict[str, float]) -> str:
    """What the model's latents tell apart beyond what the pixels do alone; empty where that was not measured."""
    if view.settings.source != "latents":
        return ""
    return " ".join(
        f"{how} {_percent(z)} of the images get their right class in z and {_percent(pixels)} in the raw pixels."
        for key, how in (
            ("knn", f"By their {NEIGHBOURS} nearest neighbours,"),
            ("linear", "By a linear classifier fitted to the other half of the images (linear probe),"),
        )
        for z, pixels in [(values.get(f"{key}_input", math.nan), values.get(f"{key}_pixels", math.nan))]
        if not (math.isnan(z) or math.isnan(pixels))
    )


def _decimal(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{format_sig(100 * value)}\N{NO-BREAK SPACE}%"
