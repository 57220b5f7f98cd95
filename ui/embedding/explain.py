"""The depth of the Map page: the objective with this map's numbers, and the code that ran."""

from __future__ import annotations

import inspect
import math

import numpy as np
import streamlit as st

from core.embedding import settings, tsne
from core.latent import pca
from ui.components.charts.curves import curves
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared import theme
from ui.shared.formatting import format_sig


def depth(slot: EmbeddingView, now: ViewState) -> None:
    """A fold; its numbers are computed only while it is open."""
    fold = st.expander("How it works", key="map_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        if slot.settings.method == "pca":
            _flat(slot, now)
        else:
            _neighbours(slot, now)


def _flat(slot: EmbeddingView, now: ViewState) -> None:
    st.markdown(
        "**PCA** looks for the two directions u₁, u₂ along which the images x spread most, and keeps only "
        "where each image lies along them. No distance ever grows on the way, and most shrink."
    )
    st.latex(
        r"y_i = \left(u_1^\top (x_i - \bar{x}),\; u_2^\top (x_i - \bar{x})\right), \qquad "
        r"\frac{\lambda_1 + \lambda_2}{\sum_k \lambda_k} = " + format_sig(pca.explained_variance(slot.x, now.xy))
    )
    st.caption("The code that ran:")
    st.code(inspect.getsource(pca.pca), language="python")


def _neighbours(slot: EmbeddingView, now: ViewState) -> None:
    s, n = slot.settings, len(slot.x)
    x = (
        pca.pca(slot.x, settings.PCA_DIMENSIONS)
        if s.pca_first and slot.x.shape[1] > settings.PCA_DIMENSIONS
        else slot.x
    )
    sigma, p, entropy = attention(x, 0, s.perplexity)
    st.markdown(
        "Each image i spreads its attention over the others by a Gaussian round itself, whose width σᵢ is "
        "chosen so that it attends to about as many as the **perplexity** says."
    )
    st.latex(
        r"p_{j \mid i} = \frac{\exp(-\lVert x_i - x_j \rVert^2 / 2\sigma_i^2)}"
        r"{\sum_{k \ne i} \exp(-\lVert x_i - x_k \rVert^2 / 2\sigma_i^2)}, \qquad "
        r"2^{H(p_{\cdot \mid i})} = " + f"{s.perplexity:g}"
    )
    st.markdown(
        f"For the first image of this map: σ = {format_sig(sigma)}, the nearest of {n - 1:,} others gets "
        f"{format_sig(100 * p.max())} % of its attention, and 2 to the entropy of {format_sig(entropy)} bits is "
        f"{format_sig(2**entropy)}."
    )
    st.markdown(
        "On the map, points attend to each other by a curve with a heavier tail (Student's t), which leaves "
        "room for the crowd. The points then move until both agree, as far as the **KL divergence** can fall:"
    )
    st.latex(
        r"q_{ij} \propto \frac{1}{1 + \lVert y_i - y_j \rVert^2}, \qquad "
        r"\mathrm{KL}(P \,\|\, Q) = \sum_{i \ne j} p_{ij} \log \frac{p_{ij}}{q_{ij}}"
        + (f" = {now.trace[-1][1]:.4f}" if now.trace else "")
    )
    if len(now.trace) > 2:
        steps, kl = np.array(now.trace).T
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
                "revision": slot.key,
                "muted": theme.colour("muted"),
            },
            key="map_kl",
            alt="KL divergence over the iterations",
            height=220,
        )
        early = tsne.early_iterations(s.iterations) if slot.by == "openTSNE" else tsne.SKLEARN_EARLY_ITERATIONS
        st.caption(
            f"In the first {early} iterations attraction is {tsne.EXAGGERATION:g} times too strong, "
            "so that clusters find each other; then it is let go and the KL falls. Where the curve is flat, "
            "more iterations change little."
        )
    st.caption("The code that ran:")
    ran = tsne._open_tsne if slot.by == "openTSNE" else tsne._scikit_learn
    st.code("\n\n".join(inspect.getsource(f) for f in (tsne.first_layout, tsne.affinities, ran)), language="python")


def attention(x: np.ndarray, i: int, perplexity: float) -> tuple[float, np.ndarray, float]:
    """(σ of point i of x [n, d], its attention to every point [n] with 0 for itself, the entropy of that in bits), so
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
