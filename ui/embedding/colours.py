"""What colours the points of a map: their classes, or a number that the lab computes for each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.embedding import inputs
from core.embedding.measures import NEIGHBOURS
from core.jobs import image_values
from core.jobs.image_values import ImageValuesJob
from core.runs import Run
from ui.components.embedding.map_view import PointValues
from ui.embedding.board import EmbeddingView, ViewState
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown
from ui.shared.run_buttons import job_button
from ui.shared.searches import visitor

COLOURS = {
    "class": "Class",
    "kept": "Neighbours kept",
    "error": "Reconstruction error",
    "objective": "Outlier score",
    "kl": "KL to the prior",
}
"""Name of each choice, by its text in the address."""

HELP = (
    f"**Class**, or a number of each image. **Neighbours kept**: how many of its {NEIGHBOURS} nearest images in the "
    "input are still among the nearest on the map. **Reconstruction error**: how far the model's picture is from the "
    "image. **Outlier score**: how unlikely the model finds the image. **KL to the prior**: how many nats of "
    "information the latents carry about the image."
)

CLASS = Parameter("colour", "map_colour", address.one_of(*COLOURS), "class", f"one of {', '.join(COLOURS)}")


def choose(view: EmbeddingView) -> str:
    """The box in which the colour is chosen; the choice stands in the address."""
    CLASS.adopt()
    offered = [name for name in COLOURS if name != "kl" or (view.run and view.run.recipe.family.variational)]
    if view.run is None:
        offered = ["class", "kept"]
    if st.session_state["map_colour"] not in offered:
        address.warn(
            "This model has no KL: each image is one point, not a distribution. You see the classes."
            if view.run
            else "That colour needs a trained model. You see the classes."
        )
        st.session_state["map_colour"] = "class"
    st.selectbox(
        "Colour by",
        offered,
        format_func=lambda name: f"Colour: {COLOURS[name]}",
        key="map_colour",
        label_visibility="collapsed",
        persist_state="session",
        help=HELP,
    )
    return CLASS.keep()


def values_of(view: EmbeddingView, state: ViewState, colour: str) -> PointValues | None:
    """The numbers that colour a map; None for its classes, and until the numbers are there."""
    if colour == "class":
        return None
    if colour == "kept":
        return None if state.kept is None else _scaled(colour, "share", state.kept)
    if view.run is None:
        return None
    path = image_values.file_of(view.run, view.subset.pictures)
    found = _values(str(path), path.stat().st_mtime_ns if path.is_file() else 0, len(view.subset.ids))
    if found is None or colour not in found:
        return None
    return _scaled(colour, _unit(view.run, colour), found[colour])


def wait(view: EmbeddingView, state: ViewState, colour: str) -> None:
    """Why the points do not have their colour yet: the numbers are being computed, or the map is."""
    if colour == "kept" and state.kept is None:
        st.caption("The neighbours are counted when the map is finished. You see the classes until then.")
    if colour in ("class", "kept") or view.run is None or values_of(view, state, colour) is not None:
        return
    path = image_values.file_of(view.run, view.subset.pictures)
    job = image_values.current(path)
    if job is not None and job.state in ("failed", "finished"):
        st.warning(escape_markdown(job.message or "The numbers could not be kept: the cache folder cannot be written."))
        return
    stopped = st.session_state.setdefault("map_values_left", set())
    if job is None or not job.active:
        if str(path) in stopped:
            st.caption("The numbers were not computed: you stopped it. You see the classes.")
            return
        rows = inputs.table_rows(view.subset.images, view.subset.ids, view.run.recipe)
        job = image_values.start(view.run, path, view.subset.pictures, rows, visitor())
    st.fragment(_progress, run_every=0.4)(job)


def _progress(job: ImageValuesJob) -> None:
    if not job.active:
        address.rerun()
    waiting = "Waiting for another computation to end." if job.state == "queued" else "Computing a number per image …"
    st.progress(job.progress, text=waiting)
    job_button(
        "Stop",
        "map_values_stop",
        job,
        _leave,
        args=(job,),
        icon=":material/stop:",
        help="Stops the computation and shows the classes. Other visitors who wait for it still get the numbers.",
    )


def _leave(job: ImageValuesJob) -> None:
    st.session_state.setdefault("map_values_left", set()).add(job.key)
    st.session_state["map_colour"] = "class"
    job.leave(visitor())


@st.cache_resource(max_entries=4, show_spinner=False)
def _values(path: str, changed: int, n: int) -> dict[str, np.ndarray] | None:
    return image_values.load(Path(path), n) if changed else None


def _scaled(colour: str, unit: str, values: np.ndarray) -> PointValues:
    """The scale runs from the 1st to the 99th percentile: one extreme image would leave one colour to all others."""
    finite = values[np.isfinite(values)]
    low, high = (0.0, 1.0) if colour == "kept" or not len(finite) else map(float, np.percentile(finite, [1, 99]))
    return PointValues(COLOURS[colour], unit, values, low, high)


def _unit(run: Run, colour: str) -> str:
    if colour == "error":
        return "MSE per pixel"
    if colour == "kl":
        return "nats"
    return "−ELBO, nats" if run.recipe.family.variational else "objective"
