"""Measures beside the maps: how far each can be trusted, with one sentence on what the number means."""

from __future__ import annotations

import math

import streamlit as st

from core.embedding.measures import NEIGHBOURS
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared.formatting import format_sig


def measures(slots: list[EmbeddingView], now: list[ViewState]) -> None:
    """Three boxes; while a map forms they keep their places."""
    st.subheader("How far to trust the map", anchor=False)
    found = [shown.measures or {} for shown in now]
    boxes = (
        (
            "Trustworthiness",
            ["trustworthiness"],
            _plain,
            f"Of each image's {NEIGHBOURS} nearest on the map: are they near in what went in, too? 1 means all "
            f"are, 0.5 "
            "is what chance gives.",
        ),
        (
            f"{NEIGHBOURS}-NN accuracy",
            ["knn_input", "knn_map"],
            _percent,
            f"The share of images whose {NEIGHBOURS} nearest neighbours vote for their class. If the map's is "
            f"far below "
            "the input's, it tore neighbours apart.",
        ),
        (
            "Silhouette",
            ["silhouette_input", "silhouette_map"],
            _plain,
            "How much closer images are to their own class than to the next one, from −1 to 1. t-SNE raises it "
            "by drawing "
            "clusters together: gaps on the map are no proof of gaps in the data.",
        ),
    )
    for column, (name, keys, form, about) in zip(st.columns(3), boxes, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{name}**")
            for slot, values in zip(slots, found, strict=True):
                st.markdown(_line(slot, keys, values, form, len(slots) > 1))
            st.caption(about)
    counts = {int(values["measured"]) for values in found if values.get("measured")}
    if counts:
        st.caption(
            f"Measured on {' and '.join(f'{c:,}' for c in sorted(counts))} images, every class in proportion"
            + (": all pairs of more would take minutes." if max(counts) >= 2_000 else ".")
        )
    else:
        waits = any(
            shown.state == "forming" or (slot.job and slot.job.active) for shown, slot in zip(now, slots, strict=True)
        )
        st.caption(
            "The numbers come as soon as the map is formed."
            if waits
            else "The numbers come with the t-SNE map: form it first."
        )


def _line(slot: EmbeddingView, keys: list[str], values: dict[str, float], form, several: bool) -> str:
    what = "z" if slot.settings.source == "latents" else "pixels"
    parts = [
        f":gray[in {what}] {form(values.get(key))}"
        if key.endswith("_input")
        else f":gray[{'on the map' if len(keys) > 1 else ''}] **{form(values.get(key))}**"
        if len(keys) > 1
        else f"**{form(values.get(key))}**"
        for key in keys
    ]
    lead = (":gray[Second:] " if slot.suffix else ":gray[First:] ") if several else ""
    return lead + " → ".join(parts)


def _plain(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{format_sig(100 * value)} %"
