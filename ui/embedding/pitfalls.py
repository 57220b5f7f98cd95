"""Section of the Map page on misreadings of t-SNE maps, shown on small maps that are computed on request."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.embedding import pitfalls as core_pitfalls
from core.embedding.pitfalls import DISTANCE_RATIO, IMAGES, PERPLEXITIES, SEEDS, WIDTH_RATIO, Panels, synthetic_sets
from core.jobs import embedding
from ui.components.embedding.map_small import Panel, map_small
from ui.embedding.board import EmbeddingView
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.run_buttons import job_button
from ui.shared.searches import visitor

LESSONS = {
    "perplexity": "Perplexity",
    "seed": "Seed",
    "sizes": "Sizes",
    "distances": "Distances",
    "noise": "Noise",
    "topology": "Topology",
}
"""What can mislead, by its text in the address."""

LESSON = Parameter("lesson", "map_lesson", address.one_of(*LESSONS), "perplexity", f"one of {', '.join(LESSONS)}")


def pitfalls(view: EmbeddingView) -> None:
    """The section: maps of digits that come with the lab, and on request those of this map's images."""
    st.subheader("How a t-SNE map can mislead", anchor=False)
    x, labels, key = _sample(view.key, view.backend, _x=view.x, _labels=view.subset.labels)
    job, own = embedding.current_pitfalls(key), core_pitfalls.load(key)
    if own is not None:
        _show(own, f"The same {len(x):,} images")
        return
    shipped = core_pitfalls.shipped()
    st.markdown(
        "Sizes of clusters, distances between them, the perplexity and the seed can each mislead you. See how, on "
        f"small maps of {IMAGES:,} handwritten digits (their pixels) and of synthetic points whose structure is known."
    )
    if job is not None and job.active:
        st.fragment(_progress, run_every=0.5)(job)
    else:
        if job is not None and job.state == "failed":
            st.warning(escape_markdown(job.message))
        if st.button(
            "Compute them for this map's images",
            key="map_lessons",
            icon=":material/grid_view:",
            help=f"{len(PERPLEXITIES) + len(SEEDS) + len(synthetic_sets())} small maps, about 20 seconds; kept for "
            "the next time.",
        ):
            embedding.start_pitfalls(x, labels, view.backend, visitor())
            st.rerun()
    if shipped is not None:
        _show(shipped, f"The same {IMAGES:,} digits")


@st.cache_resource(max_entries=8, show_spinner=False)
def _sample(view: str, backend: str, _x: np.ndarray, _labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """The images of the small maps, a sample of those of the map: their input, their classes, and the cache's key."""
    chosen = core_pitfalls.sample(_labels)
    x = _x[chosen]
    return x, _labels[chosen], core_pitfalls.key(x, backend)


def _progress(job) -> None:
    if not job.active:
        st.rerun()
    before = f"Waiting: {job.position} in the queue before these." if job.position else "Computing the small maps …"
    st.progress(job.progress, text=before)
    job_button(
        "Stop",
        "map_lessons_stop",
        job,
        job.leave,
        args=(visitor(),),
        icon=":material/stop:",
        help="Stops the computation of the small maps, unless other visitors wait for them.",
    )


def _show(panels: Panels, which: str) -> None:
    LESSON.adopt()
    st.segmented_control(
        "Lesson",
        list(LESSONS),
        format_func=LESSONS.__getitem__,
        key=LESSON.box,
        label_visibility="collapsed",
        required=True,
        help="What can mislead you on a t-SNE map, each with an example.",
    )
    lesson = LESSON.keep()
    if lesson == "perplexity":
        _perplexity(panels, which)
    elif lesson == "seed":
        _seed(panels)
    elif lesson == "topology":
        _topology(panels)
    else:
        st.markdown("Points whose structure is known: left the data (by PCA), right their t-SNE map.")
        map_small(_made_up(panels, lesson), key=f"map_small_{lesson}")
    st.caption("After “How to use t-SNE effectively” (Wattenberg, Viégas & Johnson, Distill 2016).")


def _perplexity(panels: Panels, which: str) -> None:
    st.markdown(f"**The perplexity determines what you see.** {which} at four perplexities.")
    about = {
        2: "Fragments: only one or two neighbours count for each image, and islands appear that mean nothing.",
        5: "Classes break into small islands, more of them than there are classes.",
        30: "The usual choice: clusters, with some order between them.",
        100: "The overall shape, with small islands merged.",
    }
    map_small(
        [
            Panel(f"Perplexity {p}", about[p], *_of(panels, f"perplexity {p}"))
            for p in PERPLEXITIES
            if f"perplexity {p}" in panels
        ],
        key="map_small_perplexity",
    )


def _seed(panels: Panels) -> None:
    one, two = (panels[f"seed {s}"] for s in SEEDS)
    kept = 100 * core_pitfalls.shared_neighbours(one, two)
    st.markdown(
        f"**The seed moves whole clusters.** The same images from two random starts: {kept:.0f} % of the ten nearest "
        "neighbours are the same, but the arrangement of the clusters is not."
    )
    map_small(
        [
            Panel(f"Seed {s}", "Compare where each colour lies, and what lies next to it.", *_of(panels, f"seed {s}"))
            for s in SEEDS
        ],
        key="map_small_seeds",
    )


def _topology(panels: Panels) -> None:
    st.markdown(
        "**Loops and knots need not survive.** A ring and a trefoil knot in 50 dimensions, coloured along the curve: "
        "left by PCA, right their t-SNE maps. t-SNE keeps neighbours; that a curve is closed, or knotted, is no "
        "matter of neighbours."
    )

    def map_words(name: str) -> tuple[str, str]:
        y = panels[f"{name} map"]
        torn, crossed = core_pitfalls.cuts(y), core_pitfalls.crossings(y)
        title = "Still closed" if not torn else f"Torn at {pluralize(torn, 'place')}"
        if name == "ring":
            return title, "Another seed may tear it, or not: where a map has an end, the data need not have one."
        crossing = f"crosses itself {pluralize(crossed, 'time')}" if crossed else "does not cross itself"
        return title, f"In the plane there are no knots. This map {crossing}; a knot looks like any other loop."

    said = {
        "ring true": ("Ring", "A circle of 300 points."),
        "ring map": map_words("ring"),
        "trefoil true": ("Trefoil", "One closed curve, which no pulling unties. The plane shows it with crossings."),
        "trefoil map": map_words("trefoil"),
    }
    map_small([Panel(*words, *_of(panels, name)) for name, words in said.items()], key="map_small_topology")


def _made_up(panels: Panels, lesson: str) -> list[Panel]:
    """The data and the map of one lesson on synthetic points."""

    def spread(name: str) -> float:
        y, groups = _of(panels, name)
        return core_pitfalls.rms_radius(y[groups == 1]) / core_pitfalls.rms_radius(y[groups == 0])

    def farness(name: str) -> float:
        y, groups = _of(panels, name)
        return core_pitfalls.centroid_distance(y, groups, 1, 2) / core_pitfalls.centroid_distance(y, groups, 0, 1)

    said = {
        "sizes true": ("Two clusters", f"One is {WIDTH_RATIO:g} times as wide as the other."),
        "sizes map": (
            "Sizes are lost",
            f"On the map it is {format_sig(spread('sizes map'))} times as wide. t-SNE evens out the density, so the "
            "size of a cluster means nothing.",
        ),
        "distances true": ("Three clusters", f"One gap is {DISTANCE_RATIO:g} times the other."),
        "distances map": (
            "Distances are lost",
            f"On the map the wide gap is {format_sig(farness('distances map'))} times the other. The distance between "
            "clusters means little.",
        ),
        "noise true": ("Noise", "One round cloud in two dimensions, without islands."),
        "noise map": (
            "Islands in noise",
            "At perplexity 5 it breaks into islands and strings nevertheless. Trust a cluster only if it is still "
            "there at other perplexities.",
        ),
    }
    return [Panel(*said[name], *_of(panels, name)) for name in (f"{lesson} true", f"{lesson} map")]


def _of(panels: Panels, name: str) -> tuple[np.ndarray, np.ndarray]:
    return panels[name], panels[f"{name} labels"].astype(int)
