"""What not to read into a t-SNE map, shown on maps that the lab computes when asked."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.embedding import pitfalls
from core.embedding.pitfalls import DISTANCE_RATIO, PERPLEXITIES, SEEDS, WIDTH_RATIO, Panels
from core.jobs import embedding
from ui.components.embedding.map_small import Panel, map_small
from ui.embedding.board import EmbeddingView
from ui.shared.formatting import escape_markdown, format_sig


def lessons(slot: EmbeddingView) -> None:
    """A button that computes them; the small maps once they are there."""
    st.subheader("What not to read into it", anchor=False)
    chosen = pitfalls.sample(slot.pool.labels)
    x, labels = slot.x[chosen], slot.pool.labels[chosen]
    key = pitfalls.key(x, slot.by)
    job, panels = embedding.current_lessons(key), pitfalls.load(key)
    if panels is not None:
        _show(panels, len(x))
        return
    if job is not None and job.active:
        st.fragment(_progress, run_every=0.5)(job)
        return
    st.markdown(
        "Sizes of clusters, distances between them, the perplexity, the seed: each can fool you. See it on "
        f"small maps of {len(x):,} of these images, and of made-up points whose truth is known."
    )
    if job is not None and job.state == "failed":
        st.warning(escape_markdown(job.message))
    if st.button(
        "Compute the small maps",
        key="map_lessons",
        icon=":material/grid_view:",
        help=f"{len(PERPLEXITIES) + len(SEEDS) + 3} small maps, about a quarter of a minute; kept for next time.",
    ):
        embedding.start_lessons(x, labels, slot.by)
        st.rerun()


def _progress(job) -> None:
    if not job.active:
        st.rerun()
    before = f"Waiting: {job.position} before these." if job.position else "Computing the small maps …"
    st.progress(job.part, text=before)
    st.button("Stop", key="map_lessons_stop", icon=":material/stop:", on_click=job.stop, help="Ends the small maps.")


def _show(panels: Panels, n: int) -> None:
    st.caption("After “How to use t-SNE effectively” (Wattenberg, Viégas & Johnson, Distill 2016).")
    st.markdown(f"**The perplexity decides what you see.** The same {n:,} images, four times.")
    about = {
        2: "Crumbs: everybody sees but the next neighbour or two, and islands appear that mean nothing.",
        5: "Small islands: still many more than there are classes.",
        30: "The usual choice: clusters with some order between them.",
        100: "A wide view: the large shape, with fine islands drawn together.",
    }
    map_small(
        [
            Panel(f"Perplexity {p}", about[p], *_of(panels, f"perplexity {p}"))
            for p in PERPLEXITIES
            if f"perplexity {p}" in panels
        ],
        key="map_small_perplexity",
    )
    one, two = (panels[f"seed {s}"] for s in SEEDS)
    kept = 100 * pitfalls.shared_neighbours(one, two)
    st.markdown(
        f"**The seed moves whole clusters.** The same images from two random starts: {kept:.0f} % of the ten "
        "nearest neighbours stay, but which cluster lies beside which is another matter."
    )
    map_small(
        [
            Panel(f"Seed {s}", "Compare where a colour lies, and what lies next to it.", *_of(panels, f"seed {s}"))
            for s in SEEDS
        ],
        key="map_small_seeds",
    )
    st.markdown("**Made-up points, whose truth is known.** Left what is there (by PCA), right what t-SNE makes of it.")
    map_small(_made_up(panels), key="map_small_truth")


def _made_up(panels: Panels) -> list[Panel]:
    def spread(name: str) -> float:
        y, groups = _of(panels, name)
        return pitfalls.rms_radius(y[groups == 1]) / pitfalls.rms_radius(y[groups == 0])

    def farness(name: str) -> float:
        y, groups = _of(panels, name)
        return pitfalls.centroid_distance(y, groups, 1, 2) / pitfalls.centroid_distance(y, groups, 0, 1)

    said = {
        "sizes true": ("Two clusters", f"One is {WIDTH_RATIO:g} times as wide as the other."),
        "sizes map": (
            "Sizes are lost",
            f"On the map it is {format_sig(spread('sizes map'))} times as wide: t-SNE evens "
            "out the density, so the size of a cluster says nothing.",
        ),
        "distances true": ("Three clusters", f"One gap is {DISTANCE_RATIO:g} times the other."),
        "distances map": (
            "Distances are lost",
            f"On the map the wide gap is {format_sig(farness('distances map'))} times "
            "the other: how far apart clusters lie says little.",
        ),
        "noise true": ("Noise", "One round cloud in two dimensions: no islands at all."),
        "noise map": (
            "Islands in noise",
            "At perplexity 5 it breaks into islands and strings all the same. "
            "Believe in a cluster if it stays at other perplexities.",
        ),
    }
    return [Panel(*words, *_of(panels, name)) for name, words in said.items()]


def _of(panels: Panels, name: str) -> tuple[np.ndarray, np.ndarray]:
    return panels[name], panels[f"{name} labels"].astype(int)
