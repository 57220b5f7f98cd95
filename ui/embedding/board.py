"""Views of the Map page: each map with its state, its button, and its downloads."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from core.embedding import export, store
from core.embedding.settings import SAMPLE, Settings
from core.images import convert
from core.jobs import embedding as jobs_embedding
from core.jobs.embedding import EmbeddingJob
from core.latent import pca
from core.recipes.duration import rough_duration
from core.runs import Run, RunError
from core.runs.weights_digest import weights_digest
from ui.components.embedding.map_view import Placed, PointValues, map_view
from ui.embedding import weights_shown
from ui.embedding.inputs import MAX_ITERATIONS, METHODS, SOURCES
from ui.embedding.subset import ImageSubset, vectors
from ui.shared import address
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.page import open_page
from ui.shared.run_buttons import job_button
from ui.shared.searches import visitor

MORE_ITERATIONS = 250
"""Iterations added by one click."""


@dataclass(frozen=True, eq=False)
class EmbeddingView:
    """One map of the page: its input and its settings.

    Attributes:
        suffix: of its keys: "" for the first map, "2" for the second. run: None where there is none to choose.
        x: the input, float32 [n, d]. key: of the map in the cache. backend: `openTSNE` or `scikit-learn`.
        weights: digest of the weights that the latents are of; "" for pixels. outdated: whether the run has others now.
    """

    suffix: str
    run: Run | None
    subset: ImageSubset
    settings: Settings
    x: np.ndarray
    key: str
    backend: str
    weights: str = ""
    outdated: bool = False

    @property
    def title(self) -> str:
        """What the map shows, for its heading."""
        settings = self.settings
        source = f"{self.run.name} · latents" if settings.source == "latents" and self.run else SOURCES["pixels"]
        about = {"tsne": f", perplexity {settings.perplexity:g}", "umap": f", {settings.perplexity:g} neighbours"}
        return f"{source} · {METHODS[settings.method]}{about.get(settings.method, '')}"

    @property
    def job(self) -> EmbeddingJob | None:
        """The newest job for this map since the lab was started."""
        return jobs_embedding.current(self.key, self.settings)

    def start(self) -> None:
        """Compute the map, continue it, or wait for it with others."""
        pictures = self.subset.pictures if self.settings.source == "latents" else None
        job = jobs_embedding.start(self.x, self.subset.labels, self.settings, self.backend, visitor(), pictures)
        _left().discard(job.id)
        if self.run is not None and self.weights:
            weights_shown.keep(self.run, self.settings, self.weights)

    def go_on(self) -> None:
        """Show the run's newest weights from now on."""
        if self.run is not None:
            weights_shown.let_go(self.run, self.settings)

    def leave(self, job: EmbeddingJob) -> None:
        """Wait for the map no longer: it stops when no other visitor waits for it."""
        _left().add(job.id)
        job.leave(visitor())


@dataclass(frozen=True, eq=False)
class ViewState:
    """What a map shows now.

    Attributes:
        xy: the points, [n, 2]. note: one line on the map.
        state: `none` (the PCA map stands in), `forming`, `left` (another visitor waits for it), `stopped`, `done` or
            `failed`.
        iteration: of t-SNE. trace: (iteration, KL) so far. share: how much of it is done while it is being computed.
        measures: of the finished map, where they are known. kept: share of each image's neighbours that it kept, [n].
        computing: whether a job is to bring more, be it the measures.
    """

    xy: np.ndarray
    state: str
    note: str
    iteration: int = 0
    trace: tuple = ()
    measures: dict[str, float] | None = None
    kept: np.ndarray | None = None
    share: float | None = None
    computing: bool = False


def _left() -> set[int]:
    """Numbers of the jobs that this visitor no longer waits for."""
    found: set[int] = st.session_state.setdefault("map_left", set())
    return found


def view_of(suffix: str, run: Run | None, subset: ImageSubset, settings: Settings, backend: str) -> EmbeddingView:
    """A map of these images: of the run's newest weights, or of those that the map was begun with.

    Raises:
        RunError: latents are asked for, and the run's weights cannot be used.
    """
    if run is None or settings.source != "latents":
        x, key = vectors(run, subset, settings, backend)
        return EmbeddingView(suffix, run, subset, settings, x, key, backend)
    newest = weights_digest(run)
    begun = weights_shown.begun(run, settings)
    if begun is not None and begun != newest:
        with contextlib.suppress(RunError):  # its latents are no longer in memory
            x, key = vectors(run, subset, settings, backend, begun)
            if _there(key, settings):
                return EmbeddingView(suffix, run, subset, settings, x, key, backend, begun, outdated=True)
    x, key = vectors(run, subset, settings, backend, newest)
    return EmbeddingView(suffix, run, subset, settings, x, key, backend, newest)


def _there(key: str, settings: Settings) -> bool:
    """Whether a map was computed, however far, or is being computed."""
    found = store.find(key, settings) or store.find_stage(key, settings)
    return found is not None or jobs_embedding.current(key, settings) is not None


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
    if job is not None and job.state == "stopping" and job.phase != "measuring":
        return _stopping_state(view, job, pca_map)
    if job is not None and (job.active or job.state == "finished"):
        return _job_state(view, job, pca_map)
    if job is not None and job.state == "failed":
        return ViewState(pca_map, "failed", job.message)
    if cached := store.find_stage(view.key, settings):
        return _cached_state(view, cached, "stopped")
    if job is not None and job.state == "stopped" and job.y is not None:  # the cache folder could not take it
        return _stopping_state(view, job, pca_map)
    name = METHODS[settings.method]
    return ViewState(pca_map, "none", f"This is the PCA map. Compute the {name} map to see neighbours come together.")


def _job_state(view: EmbeddingView, job: EmbeddingJob, pca_map: np.ndarray) -> ViewState:
    note = f"{_progress(view, job)} {job.message}".strip()
    state = "done" if job.state == "finished" else "forming"
    if job.active and job.id in _left() and job.state != "stopping":
        state, note = "left", f"Another visitor waits for this map, so it goes on. {note}"
    elif job.active and job.state != "stopping":
        job.watch(visitor())
    return ViewState(
        job.y if job.y is not None else pca_map,
        state,
        note,
        job.iteration,
        tuple(job.trace),
        job.measures,
        job.kept,
        job.progress if job.active else None,
        job.active,
    )


def _stopping_state(view: EmbeddingView, job: EmbeddingJob, pca_map: np.ndarray) -> ViewState:
    """The newest map of a job that is being stopped, or was stopped and could not be kept: its process may take a
    moment to end, but the page does not wait for it."""
    if job.y is None or view.settings.method != "tsne" or view.backend != "openTSNE":
        return ViewState(pca_map, "none", "Stopped. This is the PCA map.")
    left = f" · {rough_duration(seconds)} to go" if (seconds := job.seconds_left) else ""
    note = f"{_stopped(job.iteration, view.settings)}{_kl(job.kl)}{left}. {job.message}".rstrip(". ")
    return ViewState(job.y, "stopped", note, job.iteration, tuple(job.trace), share=job.progress)


def _stopped(iteration: int, settings: Settings) -> str:
    if not iteration:
        return "Stopped before the first iteration of all images"
    return f"Stopped at iteration {iteration} of {settings.iterations}"


def _kl(kl: float | None) -> str:
    return f" · KL {format_sig(kl)} nats" if kl is not None else ""


def _pca_state(view: EmbeddingView, job: EmbeddingJob | None, pca_map: np.ndarray) -> ViewState:
    cached = store.find(view.key, view.settings)
    if cached is None and (job is None or not job.active) and not (job and job.state == "failed"):
        view.start()  # computes the measures; the map itself is there already
        job = view.job
    share = pca.explained_variance(view.x, pca_map)
    return ViewState(
        pca_map,
        "done",
        f"The two principal directions keep {format_sig(100 * share)} % of the variance.",
        measures=cached.facts.get("measures") if cached else job.measures if job else None,
        kept=cached.kept if cached else job.kept if job else None,
        # Also where it has just ended: the page is drawn again, then with the measures.
        computing=cached is None and job is not None and job.state != "failed" and job.measures is None,
    )


def _cached_state(view: EmbeddingView, cached: store.CachedEmbedding, state: str) -> ViewState:
    embedding, seconds = cached.state, cached.facts.get("seconds")
    if view.settings.method == "umap":
        note = "UMAP"
    elif state == "done":
        note = f"{embedding.iteration} iterations"
    else:
        note = _stopped(embedding.iteration, view.settings)
    note += _kl(embedding.kl)
    share = None
    if state == "stopped":
        share = embedding.iteration / view.settings.iterations
        if seconds and embedding.iteration:
            note += f" · {rough_duration(seconds * (1 - share) / share)} to go"
    if seconds and state == "done":
        by = "umap-learn" if view.settings.method == "umap" else view.backend
        note += f" · computed in {format_sig(seconds)} s by {by}"
    if state == "done" and still_falling(embedding.trace):
        note += " · still improving: more iterations help"
    trace, measures = tuple(embedding.trace), cached.facts.get("measures")
    return ViewState(embedding.y, state, note, embedding.iteration, trace, measures, cached.kept, share)


def still_falling(trace: Sequence[tuple[int, float]]) -> bool:
    """Whether the KL still fell by more than 1 % in the last fifty iterations."""
    before = [kl for iteration, kl in trace if 50 <= trace[-1][0] - iteration <= 100]
    return bool(before) and before[-1] - trace[-1][1] > 0.01 * before[-1]


def _progress(view: EmbeddingView, job: EmbeddingJob) -> str:
    if job.state == "queued" and job.position:
        return f"Waiting: {job.position} in the queue before this one. It starts automatically."
    stopping = " · stopping …" if job.state == "stopping" else ""
    share = f" {job.searched:.0%}".replace("%", " %") if job.searched else ""
    if view.settings.method == "umap":
        if not job.active:
            return ""
        return f"Computing with UMAP, which shows its map at the end …{share}{stopping}"
    if job.iteration == 0 and job.active:
        meanwhile = f" Until then, the map of {SAMPLE:,} of them forms." if job.y is not None else ""
        return f"Searching for the neighbours of each image …{share}{stopping}{meanwhile}"
    left = job.seconds_left
    time_left = (
        f" · {rough_duration(left)} left" if left is not None and not stopping and job.phase == "forming" else ""
    )
    return f"Iteration {job.iteration} of {view.settings.iterations}{_kl(job.kl)}{time_left}{stopping}"


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
            view.leave,
            args=(view.job,),
            icon=":material/stop:",
            help="Stops the map where it is. You can continue it later. If other visitors wait for the same map, it "
            "goes on for them.",
        )
    elif state.state == "done" and settings.method == "tsne":

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
    elif state.state != "done":
        labels = {"stopped": "Continue", "left": "Watch it again"}
        st.button(
            labels.get(state.state, "Compute the map"),
            key=f"map_form{suffix}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=view.start,
            help="Moves the points until similar images lie side by side. A stopped map continues from where it was. "
            "You can leave the page in the meantime.",
        )


def newer_weights(views: Sequence[EmbeddingView]) -> None:
    """A line for each map whose run was trained further since it was begun, and the way to its newest weights."""
    for view in views:
        if view.run is None or not view.outdated:
            continue
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption(
                f"{escape_markdown(view.run.name)} has been trained further since this map was begun.", width="stretch"
            )
            st.button(
                "Use its newest weights",
                key=f"map_newest{view.suffix}",
                on_click=view.go_on,
                help="Encodes the images with the model as it is now. The map that you see stays in the cache.",
            )


def board(
    view: EmbeddingView, state: ViewState, wide: bool, values: PointValues | None, placed: Sequence[Placed] = ()
) -> None:
    """The map; updated while it is being computed.

    Args:
        wide: whether there are two maps. values, placed: see `map_view`.
    """
    waiting = state.computing
    st.fragment(_board, run_every=0.4 if waiting else None)(view, waiting, wide, values, placed)


def _board(
    view: EmbeddingView, waiting: bool, wide: bool, values: PointValues | None, placed: Sequence[Placed]
) -> None:
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
        share=state.share,
        wide=wide,
        values=values,
        placed=placed,
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
