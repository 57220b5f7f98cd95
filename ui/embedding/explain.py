"""Section "How it works" of the Map page: the objective with this map's numbers, and the code that ran."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.embedding import repulsion, settings, tsne
from core.latent import pca
from ui.components.charts.curves import curves
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared import glossary, theme
from ui.shared.formatting import format_sig
from ui.shared.source_code import show_code

TSNE = (
    "**t-SNE** gives each image i a probability over the others, its neighbours, by a Gaussian around xᵢ. Its "
    "width σᵢ is chosen so that the effective number of neighbours, 2 to the entropy, equals the **perplexity**."
)
"""What t-SNE does with the distances between images."""


def explain(view: EmbeddingView, state: ViewState) -> None:
    """The section; its numbers are computed only while it is open."""
    fold = st.expander("How it works", key="map_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        if view.settings.method == "pca":
            _pca(view, state)
        else:
            _tsne(view, state)


def _pca(view: EmbeddingView, state: ViewState) -> None:
    st.markdown(
        "**PCA** finds the two directions u₁, u₂ of largest variance of the inputs x, and projects every image onto "
        "them. No distance grows by the projection, and most shrink. The last ratio is the share of the variance that "
        "is kept:"
    )
    st.latex(
        r"y_i = \left(u_1^\top (x_i - \bar{x}),\; u_2^\top (x_i - \bar{x})\right), \qquad "
        r"\frac{\lambda_1 + \lambda_2}{\sum_k \lambda_k} = " + format_sig(pca.explained_variance(view.x, state.xy))
    )
    show_code([pca.pca], "The code that ran")


def _tsne(view: EmbeddingView, state: ViewState) -> None:
    s, n = view.settings, len(view.x)
    x = (
        pca.pca(view.x, settings.PCA_DIMENSIONS)
        if s.pca_first and view.x.shape[1] > settings.PCA_DIMENSIONS
        else view.x
    )
    sigma, p, entropy = neighbour_probabilities(x, 0, s.perplexity)
    glossary.markdown(TSNE, "perplexity")
    st.latex(
        r"p_{j \mid i} = \frac{\exp(-\lVert x_i - x_j \rVert^2 / 2\sigma_i^2)}"
        r"{\sum_{k \ne i} \exp(-\lVert x_i - x_k \rVert^2 / 2\sigma_i^2)}, \qquad "
        r"2^{H(p_{\cdot \mid i})} = " + f"{s.perplexity:g}"
    )
    st.markdown(
        f"For the first image of this map: σ = {format_sig(sigma)}, the nearest of {n - 1:,} others has a probability "
        f"of {format_sig(100 * p.max())} %, and 2 to the entropy of {format_sig(entropy)} bits is "
        f"{format_sig(2**entropy)}."
    )
    st.markdown(
        "On the map, the probabilities q come from a distribution with a heavier tail (Student's t), which leaves room "
        "for moderately distant images. The points move so that the **KL divergence** between both falls:"
    )
    st.latex(
        r"q_{ij} \propto \frac{1}{1 + \lVert y_i - y_j \rVert^2}, \qquad "
        r"\mathrm{KL}(P \,\|\, Q) = \sum_{i \ne j} p_{ij} \log \frac{p_{ij}}{q_{ij}}"
        + (f" = {state.trace[-1][1]:.4f}" if state.trace else "")
    )
    if len(state.trace) > 2:
        _kl_curve(view, state)
    if view.backend == "openTSNE":
        show_code(
            (tsne._open_tsne, tsne.first_layout, tsne.affinities, tsne._Course, repulsion.repulsion),
            "The code that ran",
        )
    else:
        show_code((tsne.first_layout, tsne._scikit_learn), "The code that ran")


def _kl_curve(view: EmbeddingView, state: ViewState) -> None:
    """The KL over the iterations, and what was different in the first ones."""
    steps, kl = np.array(state.trace).T
    curve = {
        "name": "KL",
        "colour": theme.colour("kl"),
        "width": 1.6,
        "alpha": 1.0,
        "dash": False,
        "label": "",
        "x": steps.tolist(),
        "y": [float(f"{v:.5g}") for v in kl],
        "until": None,
    }
    curves(
        {
            "panels": [{"title": "KL (nats)", "share": 1.0, "log": False, "curves": [curve], "range": None}],
            "legend": [],
            "marks": [],
            "xTitle": "Iterations",
            "revision": view.key,
            "muted": theme.colour("muted"),
        },
        key="map_kl",
        alt="KL divergence over the iterations",
        height=220,
    )
    ours, iterations = view.backend == "openTSNE", view.settings.iterations
    early = tsne.early_iterations(iterations) if ours else tsne.SKLEARN_EARLY_ITERATIONS
    fewer = (
        f" Until iteration {tsne.few_until(iterations)} only the nearest third of the neighbours attract, "
        "which takes less time and does not raise the KL at the end. The KL counts all of them throughout."
    )
    st.caption(
        f"In the first {early} iterations the attraction is multiplied by {tsne.EXAGGERATION:g} (early "
        "exaggeration), which brings clusters together; afterwards the KL falls. Where the curve is flat, more "
        f"iterations change little.{fewer if ours else ''}"
    )


def neighbour_probabilities(x: np.ndarray, i: int, perplexity: float) -> tuple[float, np.ndarray, float]:
    """(σ of point i of x [n, d], its probabilities over all points [n], 0 for itself, and their entropy in bits), such
    that 2 to the entropy is the perplexity."""
    squares = ((np.asarray(x, np.float64) - x[i]) ** 2).sum(1)
    squares[i] = np.inf
    squares -= squares.min()
    low, high = -20.0, 20.0
    for _ in range(60):  # log σ by bisection: the entropy grows with σ
        middle = (low + high) / 2
        weights = np.exp(-squares / (2 * math.exp(2 * middle)))
        p = weights / weights.sum()
        entropy = float(-(p[p > 0] * np.log2(p[p > 0])).sum())
        low, high = (middle, high) if entropy < math.log2(perplexity) else (low, middle)
    return math.exp(middle), p, entropy
