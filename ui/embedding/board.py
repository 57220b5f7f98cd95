"""What the Map page shows: which images, their maps while they form, buttons, files to take away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.embedding import export, inputs, store
from core.embedding.settings import Settings
from core.images import convert as pixels
from core.jobs import embedding as jobs_embedding
from core.jobs.embedding_queue import EmbeddingJob
from core.latent import pca
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.system import cache
from core.system.content_digest import content_digest
from ui.components.embedding.map_view import map_view
from ui.embedding.inputs import SOURCES
from ui.shared.formatting import escape_markdown, format_sig

MORE = 250
"""Iterations that one press of the button adds."""


@dataclass(frozen=True)
class ImageSubset:
    """The images of a map: their numbers, classes and pictures, and a name that changes whenever they do."""

    images: ImageSet
    ids: np.ndarray
    labels: np.ndarray
    pictures: np.ndarray
    name: str


@dataclass(frozen=True)
class EmbeddingView:
    """One map of the page: what goes in, and how it is to be made. `suffix` is "" for the first, "2" for the second."""

    suffix: str
    run: Run | None
    pool: ImageSubset
    settings: Settings
    x: np.ndarray
    key: str
    by: str

    @property
    def title(self) -> str:
        """What this is a map of, in plain words."""
        s = self.settings
        what = f"{self.run.name} · latents" if s.source == "latents" and self.run else SOURCES["pixels"]
        return f"{what} · " + (f"t-SNE, perplexity {s.perplexity:g}" if s.method == "tsne" else "PCA")

    @property
    def job(self) -> EmbeddingJob | None:
        """The newest job for this map since the lab was opened."""
        return jobs_embedding.current(self.key, self.settings)

    def start(self) -> None:
        """Form this map, or go on with it."""
        jobs_embedding.start(self.x, self.pool.labels, self.settings, self.by)


@dataclass(frozen=True)
class ViewState:
    """What a slot shows now. `state`: `none` (the PCA map instead), `forming`, `stopped`, `done` or `failed`."""

    xy: np.ndarray
    state: str
    note: str
    iteration: int = 0
    trace: tuple = ()
    measures: dict[str, float] | None = None


def images_of(run: Run) -> ImageSet | None:
    """The run's data set; None, with what to do on the page, where it cannot be had."""
    try:
        return data.load(run.recipe.dataset, run.recipe.folder)
    except data.DataError as error:
        st.warning(f"{escape_markdown(str(error))} A map needs its images.")
        if st.button(
            "Open the Data page", key="map_data", type="primary", help="Downloads a data set, or shows what is here."
        ):
            st.switch_page("pages/data.py")
        return None


def pool_of(images: ImageSet, n: int, *recipes: Recipe) -> ImageSubset:
    """The n images of a map, or of two; `recipes` of the runs they are made for."""
    chosen = inputs.subset(images, n, *recipes)
    known = cache.digest(content_digest(chosen.pictures), content_digest(chosen.labels))
    return ImageSubset(images, chosen.ids, chosen.labels, chosen.pictures, f"{images.name}:{n}:{known}")


def slot(suffix: str, run: Run | None, pool: ImageSubset, settings: Settings, by: str) -> EmbeddingView:
    """A map of these images.

    Raises:
        RunError: its latents are asked for and the run's weights cannot be used.
    """
    x = latents(run, pool) if settings.source == "latents" and run else pixels_of(pool)
    return EmbeddingView(suffix, run, pool, settings, x, store.key(x, pool.labels, settings, by), by)


def latents(run: Run, pool: ImageSubset) -> np.ndarray:
    """μ of the pool's images, float32 [n, d], from memory if the weights have not changed.

    Raises:
        RunError: the run's weights cannot be used.
    """
    return _latents(str(run.path), run.weights_version(), pool.name, _pool=pool)


@st.cache_resource(max_entries=6, show_spinner="Placing the images …")
def _latents(path: str, version: float, pool: str, _pool: ImageSubset) -> np.ndarray:
    import torch

    torch.set_num_threads(1)  # as `ui.shared.model_cache`: a training on the same cores must not be waited for
    run = Run(Path(path))
    return inputs.latents(run, _pool.pictures, inputs.table_rows(_pool.images, _pool.ids, run.recipe))


def pixels_of(pool: ImageSubset) -> np.ndarray:
    """The pool's images as vectors, float32 [n, 784]."""
    return _pixels(pool.name, _pictures=pool.pictures)


@st.cache_resource(max_entries=2, show_spinner=False)
def _pixels(pool: str, _pictures: np.ndarray) -> np.ndarray:
    return inputs.pixels(_pictures)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pca(key: str, _x: np.ndarray) -> np.ndarray:
    return pca.pca(_x)


def shown(slot: EmbeddingView) -> ViewState:
    """What there is of a map: finished, forming, stopped, or its PCA map until then."""
    s, job, flat = slot.settings, slot.job, _pca(slot.key, _x=slot.x)
    if s.method == "pca":
        kept = store.find(slot.key, s)
        if kept is None and (job is None or not job.active) and not (job and job.state == "failed"):
            slot.start()  # its measures only: the map itself is there already
        share = pca.explained_variance(slot.x, flat)
        return ViewState(
            flat,
            "done",
            f"The two directions of largest spread keep {format_sig(100 * share)} % of it.",
            measures=kept.facts.get("measures") if kept else job.measures if job else None,
        )
    if kept := store.find(slot.key, s):
        return _made(slot, kept, "done")
    if job is not None and (job.active or job.state == "done"):
        state, words = "done" if job.state == "done" else "forming", _progress(slot, job)
        return ViewState(
            job.y if job.y is not None else flat,
            state,
            f"{words} {job.message}".strip(),
            job.iteration,
            tuple(job.trace),
            job.measures,
        )
    if job is not None and job.state == "failed":
        return ViewState(flat, "failed", job.message)
    if kept := store.find_stage(slot.key, s):
        return _made(slot, kept, "stopped")
    return ViewState(
        flat, "none", "This is the PCA map, to begin with. Form the t-SNE map to see the neighbours gather."
    )


def _made(slot: EmbeddingView, kept: store.CachedEmbedding, state: str) -> ViewState:
    now, seconds = kept.state, kept.facts.get("seconds")
    words = (
        f"{now.iteration} iterations"
        if state == "done"
        else f"Stopped at iteration {now.iteration} of {slot.settings.iterations}"
    )
    words += f" · KL {format_sig(now.kl)} nats" if now.kl is not None else ""
    words += f" · formed in {format_sig(seconds)} s by {slot.by}" if seconds and state == "done" else ""
    return ViewState(now.y, state, words, now.iteration, tuple(now.trace), kept.facts.get("measures"))


def _progress(slot: EmbeddingView, job: EmbeddingJob) -> str:
    if job.state == "queued" and job.position:
        return f"Waiting: {job.position} before this one. It starts by itself."
    if job.iteration == 0 and job.active:
        return "Looking for the neighbours of each image …"
    kl = f" · KL {format_sig(job.kl)} nats" if job.kl is not None else ""
    return f"Iteration {job.iteration} of {slot.settings.iterations}{kl}" + (" · stopping …" if job.stopping else "")


def button(slot: EmbeddingView, now: ViewState) -> None:
    """Form, stop or continue: the one thing to do with a map next."""
    suffix, s = slot.suffix, slot.settings
    if s.method == "pca":
        return
    if now.state == "forming":
        st.button(
            "Stop",
            key=f"map_stop{suffix}",
            icon=":material/stop:",
            on_click=slot.job.stop,
            help="Holds the map as it is, for everybody who waits for it. You can continue.",
        )
    elif now.state == "done":

        def more() -> None:
            st.session_state["map_iterations"] = min(5_000, s.iterations + MORE)
            st.session_state[f"map_go{suffix}"] = True

        st.button(
            f"{MORE} more iterations",
            key=f"map_more{suffix}",
            icon=":material/more_time:",
            on_click=more,
            disabled=s.iterations >= 5_000 or slot.by != "openTSNE",
            help="Goes on from here. Whether anything still changes tells if the map was finished.",
        )
    else:
        label = "Continue" if now.state == "stopped" else "Form the map"
        st.button(
            label,
            key=f"map_form{suffix}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=slot.start,
            help="Begins with the PCA map and moves every image until its neighbours lie beside it. You may "
            "leave the page meanwhile.",
        )


def board(slot: EmbeddingView, now: ViewState) -> None:
    """The map; it ticks while it forms."""
    waiting = now.state == "forming" or (now.measures is None and slot.job is not None and slot.job.active)
    st.fragment(_board, run_every=0.4 if waiting else None)(slot, waiting)


def _board(slot: EmbeddingView, waiting: bool) -> None:
    now = shown(slot)
    pool = slot.pool
    map_view(
        key=f"map_view{slot.suffix}",
        pool=pool.name,
        xy=now.xy,
        labels=pool.labels,
        classes=pool.images.classes,
        title=slot.title,
        note=now.note,
        stamp=f"{now.state} {now.iteration}",
        busy=now.state == "forming",
        alt=f"Map of {len(pool.ids):,} images: {slot.title}. {now.note} Arrow keys go from point to point, Enter "
        "selects.",
    )
    job = slot.job
    if waiting and not (job is not None and job.active):
        st.rerun()  # the whole page: the measures are there, the button has another word


def downloads(slots: list[tuple[EmbeddingView, ViewState]]) -> None:
    """The table and the picture of each map, made at the click."""
    with st.popover("Download", icon=":material/download:", help="The maps as a table and as a picture."):
        for slot, now in slots:
            pool, which = slot.pool, " of the second map" if slot.suffix else ""
            name = f"{slot.run.name if slot.settings.source == 'latents' and slot.run else pool.images.name}-map"
            st.download_button(
                f"Table{which} (CSV)",
                key=f"map_csv{slot.suffix}",
                file_name=f"{name}.csv",
                mime="text/csv",
                on_click="ignore",
                data=lambda pool=pool, xy=now.xy: export.table(pool.images, pool.ids, xy),
                help="Number, class and place of every image.",
            )
            st.download_button(
                f"Picture{which} (PNG)",
                key=f"map_png{slot.suffix}",
                file_name=f"{name}.png",
                mime="image/png",
                on_click="ignore",
                data=lambda pool=pool, xy=now.xy, title=slot.title: pixels.png(
                    export.picture(xy, pool.labels, pool.images.classes, title)
                ),
                help="The whole map with its key, 1,200 pixels wide.",
            )


def broken(error: RunError) -> None:
    """A run whose weights cannot be used: what is still possible."""

    def raw() -> None:
        st.session_state["map_source"] = "pixels"

    st.error(escape_markdown(str(error)))
    with st.container(horizontal=True):
        st.button(
            "Map the raw pixels instead",
            key="map_raw",
            type="primary",
            on_click=raw,
            help="Needs no model, only the images.",
        )
        if st.button("Open Train", key="map_train", help="Train the run anew, or resume it."):
            st.switch_page("pages/train.py")
