"""Scores of the test images by class, on the Outliers page."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.data import ImageSet
from core.evaluation import outliers
from ui.outliers.inputs import Choice
from ui.outliers.scores import Result
from ui.outliers.views import area_text, colour, unit
from ui.shared.formatting import escape_markdown, format_sig


@st.fragment(key="outliers_classes_part")
def classes(result: Result, choice: Choice, images: ImageSet) -> None:
    """The scores of the test images of each class."""
    outlier_set, values = result.outlier_set, result.scores.by(choice.score)
    test = outlier_set.of("test")
    labels, threshold = (
        outlier_set.label[test],
        outliers.decision_threshold(values[outlier_set.of("validation")], choice.quantile),
    )
    present = [k for k in range(len(images.classes)) if (labels == k).any()]
    if len(present) < 2:
        return
    st.subheader("Scores by class", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    found = values[test]
    order = sorted(present, key=lambda k: float(np.median(found[labels == k])))
    names = {k: _plot_label(images.classes[k]) for k in order}
    with left:
        figure = _boxes([found[labels == k] for k in order], [names[k] for k in order], threshold)
        figure.update_xaxes(title=unit(result, choice.score), fixedrange=True, **_axis(found))
        st.plotly_chart(
            figure,
            key="outliers_classes",
            width="stretch",
            config={"displayModeBar": False},
            alt=f"Scores of the test images by class, from {names[order[0]]}, the least unusual, to "
            f"{names[order[-1]]}, the most.",
        )
    with right:
        alone = _one_class(images) if st.session_state.get("outliers_alone") else None
        _table(images, order, labels, found, threshold, alone)
        st.caption(
            "A box holds the middle half of a class; the line in it is the median. The dashed line is the threshold. A "
            "class scores high because its shapes vary more, not because it is rare. AUROC here compares a class with "
            "the other classes: below 0.5, its images score lower than theirs."
        )
        st.toggle(
            "One class at a time (PCA)",
            key="outliers_alone",
            persist_state="session",
            help="The one-class task: PCA is fitted to the training images of a single class. How well does its "
            "residual separate the test images of all other classes? Takes a few seconds, once.",
        )
        if alone is not None:
            st.caption(
                f"PCA alone: {outliers.PCA_COMPONENTS} components fitted to the training images of one class; AUROC of "
                f"its test images against those of all other classes. Mean over the "
                f"classes: **{np.nanmean(alone):.2f}**."
            )


def _table(
    images: ImageSet,
    order: list[int],
    labels: np.ndarray,
    found: np.ndarray,
    threshold: float,
    alone: np.ndarray | None,
) -> None:
    """A row per class, the most unusual first: median score, share that is flagged, AUROC against the other classes."""
    st.table(
        [
            {
                "Class": escape_markdown(images.classes[k]),
                "Test images": str(int((labels == k).sum())),
                "Median score": format_sig(float(np.median(found[labels == k]))),
                "Flagged": f"{100 * float((found[labels == k] > threshold).mean()):.1f} %",
                "AUROC against the others": _area(found[labels != k], found[labels == k]),
            }
            | ({} if alone is None else {"PCA alone": "–" if math.isnan(alone[k]) else f"{alone[k]:.2f}"})
            for k in reversed(order)
        ],
        hide_index=True,
        border="horizontal",
        alt="Each class with its median score, the share that is flagged, and its AUROC against the other classes",
    )


def _area(others: np.ndarray, own: np.ndarray) -> str:
    area = outliers.auroc(others, own)
    return area_text(area, outliers.auroc_interval(area, len(others), len(own)))


def _boxes(scores: list[np.ndarray], names: list[str], threshold: float) -> go.Figure:
    """A box plot of each class's scores, the lowest median at the bottom, with the threshold as a dashed line."""
    figure = go.Figure()
    for place, (values, name) in enumerate(zip(scores, names, strict=True)):
        figure.add_box(
            x=values,
            y=[place] * len(values),
            name=name,
            orientation="h",
            marker={"color": colour("test"), "size": 4},
            line={"width": 1.5},
            boxpoints="outliers",
            showlegend=False,
            hoverinfo="x",
        )
    figure.add_vline(x=threshold, line={"color": colour("validation"), "width": 2, "dash": "dash"})
    figure.update_layout(
        height=90 + 30 * len(names),
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        bargap=0.3,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="classes",
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        automargin=True,
        fixedrange=True,
        showgrid=False,
    )
    return figure


def _one_class(images: ImageSet) -> np.ndarray:
    return _one_class_cached(images)[0]


@st.cache_resource(max_entries=4, show_spinner="Fitting PCA to each class …", hash_funcs={ImageSet: id})
def _one_class_cached(images: ImageSet) -> tuple[np.ndarray, ImageSet]:
    """The AUROC of each class; the data set with it, so that no other object can take its `id`, the cache's key."""
    return outliers.one_class(images, most=2_000), images


def _axis(values: np.ndarray) -> dict:
    """A logarithmic axis with ticks at 1, 2 and 5 where the values span a factor of 15 or more."""
    if values.min() <= 0 or values.max() <= 15 * values.min():
        return {}
    powers = range(math.floor(math.log10(values.min())), math.ceil(math.log10(values.max())) + 1)
    marks = [m * 10.0**power for power in powers for m in (1, 2, 5)]
    return {"type": "log", "tickvals": marks, "ticktext": [f"{mark:g}" for mark in marks]}


def _plot_label(name: str, most: int = 18) -> str:
    printable = "".join(c if c.isprintable() and c not in "<>&" else " " for c in name)
    return printable if len(printable) <= most else printable[: most - 1] + "…"
