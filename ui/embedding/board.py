"""Views of the Map page: each map with its state, its button, and its downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from core.embedding import export, store
from core.embedding.settings import Settings
from core.images import convert
from core.jobs import embedding as jobs_embedding
from core.jobs.embedding import EmbeddingJob
from core.latent import pca
from core.runs import Run, RunError
from ui.components.embedding.map_view import map_view
from ui.embedding.inputs import MAX_ITERATIONS, SOURCES
from ui.embedding.subset import ImageSubset, vectors
from ui.shared import address
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.page import open_page
from ui.shared.run_buttons import job_button

MORE_ITERATIONS = 250
"""Iterations added by one click."""


@dataclass(frozen=True, eq=False)
class EmbeddingView:
    """One map of the page: its input and its settings.

    Attributes:
        suffix: of its keys: "" for the first map, "2" for the second. run: None where there is none to choose.
        x: the input, float32 [n, d]. key: of the map in the cache. backend: `openTSNE` or `scikit-learn`.
    """

    suffix: str
    run: Run | None
    subset: ImageSubset
    settings: Settings
    x: np.ndarray
    key: str
    backend: str

    @property
    def title(self) -> str:
        """What the map shows, for its heading."""
        settings = self.settings
        source = f"{self.run.name} · latents" if settings.source == "latents" and self.run else SOURCES["pixels"]
        return f"{source} · " + (f"t-SNE, perplexity {settings.perplexity:g}" if settings.method == "tsne" else "PCA")

    @property
    def job(self) -> EmbeddingJob | None:
        """The newest job for this map since the lab was started."""
        return jobs_embedding.current(self.key, self.settings)

    def start(self) -> None:
        """Compute the map, or continue it."""
        jobs_embedding.start(self.x, self.subset.labels, self.settings, self.backend)


@dataclass(frozen=True, eq=False)
class ViewState:
    """What a map shows now.

    Attributes:
        xy: the points, [n, 2]. note: one line below the map.
        state: `none` (the PCA map stands in), `forming`, `stopped`, `done` or `failed`.
        iteration: of t-SNE. trace: (iteration, KL) so far. measures: of the finished map, where they are known.
    """

    xy: np.ndarray
    state: str
    note: str
    iteration: int = 0
    trace: tuple = ()
    measures: dict[str, float] | None = None


def view_of(suffix: str, run: Run | None, subset: ImageSubset, settings: Settings, backend: str) -> EmbeddingView:
    """A map of these images.

    Raises:
        RunError: latents are asked for, and the run's weights cannot be used.
    """
    x, key = vectors(run, subset, settings, backend)
    return EmbeddingView(suffix, run, subset, settings, x, key, backend)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pca(key: str, _x: np.ndarray) -> np.ndarray:
    return pca.pca(_x)


def state_of(view: EmbeddingView) -> ViewState:
    """The state of a map: finished, being computed or stopped; until then its PCA map."""
    settings, job, pca_map = view.settings, view.job, _pca(view.key, _x=view.x)
    if settings.method == "pca":
        return _pca_state(view, job, pca_map)
    if cached := store.find(view.key, settings):
        return _cached_state(view, cached, "done")
    if job is not None and (job.active or job.state == "finished"):
        return ViewState(
            job.y if job.y is not None else pca_map,
            "done" if job.state == "finished" else "forming",
            f"{_progress(view, job)} {job.message}".strip(),
            job.iteration,
            tuple(job.trace),
            job.measures,
        )
    if job is not None and job.state == "failed":
        return ViewState(pca_map, "failed", job.message)
    if cached := store.find_stage(view.key, settings):
        return _cached_state(view, cached, "stopped")
    return ViewState(pca_map, "none", "This is the PCA map. Compute the t-SNE map to see neighbours come together.")


def _pca_state(view: EmbeddingView, job: EmbeddingJob | None, pca_map: np.ndarray) -> ViewState:
    cached = store.find(view.key, view.settings)
    if cached is None and (job is None or not job.active) and not (job and job.state == "failed"):
        view.start()  # computes the measures; the map itself is there already
    share = pca.explained_variance(view.x, pca_map)
    return ViewState(
        pca_map,
        "done",
        f"The two principal directions keep {format_sig(100 * share)} % of the variance.",
        measures=cached.facts.get("measures") if cached else job.measures if job else None,
    )


def _cached_state(view: EmbeddingView, cached: store.CachedEmbedding, state: str) -> ViewState:
    embedding, seconds = cached.state, cached.facts.get("seconds")
    note = (
        f"{embedding.iteration} iterations"
        if state == "done"
        else f"Stopped at iteration {embedding.iteration} of {view.settings.iterations}"
    )
    note += f" · KL {format_sig(embedding.kl)} nats" if embedding.kl is not None else ""
    note += f" · computed in {format_sig(seconds)} s by {view.backend}" if seconds and state == "done" else ""
    return ViewState(
        embedding.y, state, note, embedding.iteration, tuple(embedding.trace), cached.facts.get("measures")
    )


def _progress(view: EmbeddingView, job: EmbeddingJob) -> str:
    if job.state == "queued" and job.position:
        return f"Waiting: {job.position} in the queue before this one. It starts by itself."
    if job.iteration == 0 and job.active:
        return "Searching for the neighbours of each image …"
    kl = f" · KL {format_sig(job.kl)} nats" if job.kl is not None else ""
    stopping = " · stopping …" if job.state == "stopping" else ""
    return f"Iteration {job.iteration} of {view.settings.iterations}{kl}{stopping}"


def button(view: EmbeddingView, state: ViewState) -> None:
    """The next thing to do with a map: compute, stop or continue it, or add iterations."""
    suffix, settings = view.suffix, view.settings
    if settings.method == "pca":
        return
    if state.state == "forming" and view.job is not None:
        job_button(
            "Stop",
            f"map_stop{suffix}",
            view.job,
            view.job.stop,
            icon=":material/stop:",
            help="Stops the map where it is, for all visitors who wait for it. You can continue it later.",
        )
    elif state.state == "done":

        def more() -> None:
            st.session_state["map_iterations"] = min(MAX_ITERATIONS, settings.iterations + MORE_ITERATIONS)
            st.session_state[f"map_go{suffix}"] = True

        st.button(
            f"{MORE_ITERATIONS} more iterations",
            key=f"map_more{suffix}",
            icon=":material/more_time:",
            on_click=more,
            disabled=settings.iterations >= MAX_ITERATIONS or view.backend != "openTSNE",
            help="Continues from here. If the map still changes, it had not converged.",
        )
    else:
        st.button(
            "Continue" if state.state == "stopped" else "Compute the map",
            key=f"map_form{suffix}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=view.start,
            help="Starts from the PCA map and moves each image until its neighbours lie beside it. You can leave the "
            "page meanwhile.",
        )


def board(view: EmbeddingView, state: ViewState) -> None:
    """The map; updated while it is being computed."""
    waiting = state.state == "forming" or (state.measures is None and view.job is not None and view.job.active)
    st.fragment(_board, run_every=0.4 if waiting else None)(view, waiting)


def _board(view: EmbeddingView, waiting: bool) -> None:
    state, subset = state_of(view), view.subset
    map_view(
        key=f"map_view{view.suffix}",
        pool=subset.name,
        xy=state.xy,
        labels=subset.labels,
        classes=subset.images.classes,
        title=view.title,
        note=state.note,
        stamp=f"{state.state} {state.iteration}",
        busy=state.state == "forming",
        alt=f"Map of {len(subset.ids):,} images: {view.title}. {state.note} Arrow keys go from point to point, Enter "
        "selects.",
    )
    job = view.job
    if waiting and not (job is not None and job.active):
        address.rerun()  # the whole page: button and measures change too


def downloads(maps: Sequence[tuple[EmbeddingView, ViewState]]) -> None:
    """Each map as a table and as a picture, made at the click."""
    with st.popover("Download", icon=":material/download:", help="The maps as tables and as pictures."):
        for view, state in maps:
            subset, which = view.subset, " of the second map" if view.suffix else ""
            source = view.run.name if view.settings.source == "latents" and view.run else subset.images.name
            st.download_button(
                f"Table{which} (CSV)",
                key=f"map_csv{view.suffix}",
                file_name=f"{source}-map.csv",
                mime="text/csv",
                on_click="ignore",
                data=partial(export.table, subset.images, subset.ids, state.xy),
                help="Number, class and position of each image.",
            )
            st.download_button(
                f"Picture{which} (PNG)",
                key=f"map_png{view.suffix}",
                file_name=f"{source}-map.png",
                mime="image/png",
                on_click="ignore",
                data=partial(_picture, view, state),
                help="The whole map with its legend, 1,200 pixels wide.",
            )


def _picture(view: EmbeddingView, state: ViewState) -> bytes:
    """PNG of the whole map with its legend."""
    subset = view.subset
    return convert.png(export.picture(state.xy, subset.labels, subset.images.classes, view.title))


def broken(error: RunError) -> None:
    """A run whose weights cannot be used: the reason, and what is still possible."""

    def raw() -> None:
        st.session_state["map_source"] = "pixels"

    st.error(escape_markdown(str(error)))
    with st.container(horizontal=True):
        st.button(
            "Map the raw pixels instead",
            key="map_raw",
            type="primary",
            on_click=raw,
            help="Needs the images only, no model.",
        )
        if st.button("Open Train", key="map_train", help="Opens the Train page, where you can train the run again."):
            open_page("train")
