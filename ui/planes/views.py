"""Parts of the Planes page: the plane of each model with its samples, the toolbar, and the figures below each plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.images import convert
from core.latent import codec, planes, sampling
from core.latent.planes import Coverage
from core.recipes.family import Family
from core.runs import Run, RunError
from ui.components.latent.draws import draws
from ui.components.latent.manifold import manifold, side_for
from ui.planes.inputs import data_name
from ui.planes.missing import training_of
from ui.shared import address
from ui.shared.classifier import ClassifierStatus
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel, load
from ui.shared.training_points import training_points

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier

SAMPLES = 20
"""Samples shown below each plane."""

MEASURED_SAMPLES = 1_000
"""Samples given to the classifier."""

DISTRIBUTIONS = {"prior": "N(0, I)", "own": "Its own"}
"""What samples are drawn from, by its text in the address."""


def loaded_or_none(run: Run) -> LoadedModel | None:
    """The run's model; None, with the reason on the page, where its weights cannot be used."""
    try:
        return load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # may contain text from a file
        return None


def picture(slot: str, run: Run) -> None:
    """The plane and its samples; redrawn every two seconds while the run is being trained."""
    live = training_of(run) is not None
    st.fragment(_picture, run_every=2.0 if live else None)(slot, run, live)


def _picture(slot: str, run: Run, live: bool) -> None:
    loaded = loaded_or_none(run)
    if loaded is None:
        return
    z, labels, classes = training_points(run, loaded)
    centre, half, tiles = _decoded(loaded.name, _run=run, _loaded=loaded)
    with st.container(gap="xxsmall"):
        manifold(
            key=f"planes_map_{slot}",
            slot=slot,
            name=run.name,
            points=z,
            labels=labels,
            classes=classes,
            dataset=data_name(run),
            tiles=tiles,
            centre=centre,
            half=half,
        )
        st.fragment(_samples, key=f"planes_draws_{slot}")(slot, run)
    if not live:
        return
    job = training_of(run)
    if job is None:
        st.rerun()
    seen = job.snapshot()
    st.progress(min(1.0, seen.epoch / seen.epochs), text=f"Training: epoch {int(seen.epoch)} of {seen.epochs}")


@st.cache_data(max_entries=12, show_spinner="Decoding the plane …")
def _decoded(name: str, _run: Run, _loaded: LoadedModel) -> tuple[np.ndarray, float, np.ndarray]:
    """(centre [2] and half side of the window in units of z, decoded pictures of a grid over it)."""
    z, _, _ = training_points(_run, _loaded)
    centre, half = planes.window(np.zeros((0, 2)) if z is None else z)
    return centre, half, codec.decode(_loaded.model, planes.lattice(centre, half, side_for(_loaded.shape)), chunk=64)


def sample_settings() -> tuple[int, str]:
    """(seed, distribution) of the samples: as this visitor set them, else from the address."""
    state = st.session_state
    if "planes_seed" not in state:
        text, source = address.get("seed") or "1", address.get("draw") or "prior"
        valid_seed = text.isascii() and text.isdigit() and len(text) <= 6
        if not valid_seed or source not in DISTRIBUTIONS:
            address.warn(
                "The address asks for samples that do not exist. Allowed: seed from 0 to 999999, draw prior or own. "
                "You see the default."
            )
        state["planes_seed"] = int(text) if valid_seed else 1
        state["planes_source"] = source if source in DISTRIBUTIONS else "prior"
    return state["planes_seed"], state["planes_source"]


@st.fragment(key="planes_toolbar")
def toolbar(slots: list[str]) -> None:
    """The button that draws new samples from every model, and the choice of their distribution."""

    def redraw() -> None:
        st.rerun(["planes_toolbar", *(f"planes_draws_{slot}" for slot in slots)])

    def next_seed() -> None:
        st.session_state["planes_seed"] = (st.session_state["planes_seed"] + 1) % 1_000_000
        redraw()

    def change_distribution() -> None:
        st.session_state["planes_source"] = st.session_state["planes_from"]
        redraw()

    seed, source = sample_settings()
    address.put("seed", str(seed))
    address.put("draw", source)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", width="content"):
        st.button(
            "Sample the prior" if source == "prior" else "Sample each",
            key="planes_sample",
            type="primary",
            on_click=next_seed,
            icon=":material/casino:",
            help="Draws the same noise for every model and decodes it. Each click raises the seed by one.",
        )
        st.session_state["planes_from"] = source
        st.segmented_control(
            "Draw from",
            list(DISTRIBUTIONS),
            key="planes_from",
            required=True,
            on_change=change_distribution,
            format_func=DISTRIBUTIONS.__getitem__,
            label_visibility="collapsed",
            help="N(0, I): the same for all models, whether or not they were trained towards it. Its own: the prior "
            "of the model, or the Gaussian fitted to its training latents where it has no prior.",
        )
        st.caption(f"Seed {seed}")


def _samples(slot: str, run: Run) -> None:
    loaded = loaded_or_none(run)
    if loaded is None:
        return
    seed, source = sample_settings()
    z, tiles = _sampled(loaded.name, seed, source, SAMPLES, _loaded=loaded)
    distribution = "N(0, I)" if source == "prior" or loaded.prior else "the Gaussian fitted to its latents"
    draws(
        key=f"planes_samples_{slot}",
        slot=slot,
        tiles=tiles,
        z=z,
        about=f"{SAMPLES} samples of {run.name} from {distribution}.",
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _sampled(name: str, seed: int, source: str, count: int, _loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray]:
    """(latents [count, 2], their decoded pictures)."""
    z = sampling.prior(count, _loaded.model.latent_dim, seed)
    if source == "own":
        z = sampling.sample_latents(_loaded.model, z)
    return z, codec.decode(_loaded.model, z, chunk=256)


def figures(run: Run, images: ImageSet | None, status: ClassifierStatus) -> None:
    """The reconstruction error, and how the classifier judges samples; nothing while the run is being trained."""
    if training_of(run) is not None:
        return
    if images is None:
        st.caption("Its data set is missing, so nothing can be measured.")
        return
    loaded = loaded_or_none(run)
    if loaded is None:
        return
    error = _error(loaded.name, _run=run, _loaded=loaded, _images=images)
    st.markdown(f":small[**{format_sig(error)}** squared error per pixel]")
    if not status.possible:
        return
    if status.classifier is None:
        st.caption("The classifier that judges the samples is not ready yet.")
        return
    for source in ("prior",) if loaded.prior else ("prior", "own"):
        seen = _coverage(loaded.name, source, _classifier_name(images), _loaded=loaded, _classifier=status.classifier)
        distribution = "N(0, I)" if source == "prior" else "own Gaussian"
        st.markdown(
            f":small[**{100 * seen.sure:.0f} %** confident · **{seen.classes}** of {seen.of} classes · {distribution}]"
        )


@st.cache_data(max_entries=16, show_spinner="Measuring …")
def _error(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> float:
    from core.evaluation import metrics

    _, validation = data.split(_images, _run.recipe.validation, _run.recipe.train_images)
    device = _loaded.model.latent_mean.device
    return metrics.score(_loaded.model, convert.to_byte_tensor(_images.train_images[validation], device)).mse


@st.cache_data(max_entries=32, show_spinner=False)
def _coverage(name: str, source: str, version: str, _loaded: LoadedModel, _classifier: Classifier) -> Coverage:
    _, tiles = _sampled(name, 0, source, MEASURED_SAMPLES, _loaded=_loaded)
    return planes.coverage(_classifier.probabilities(tiles))


def caption(runs: Sequence[Run], statuses: Sequence[tuple[ImageSet, ClassifierStatus]]) -> None:
    """What to look for in the planes, and what the figures mean.

    Args:
        runs: the runs shown. statuses: the images and the classifier of each data set.
    """
    text = (
        "Each point is a training image at its place in the latent space; each white ring is one of the samples. Look "
        "for rings far from all points, and at what they decode to: these are the holes of the latent space. "
        f"{holds_latents(list({run.recipe.family.key: run.recipe.family for run in runs}.values()))} "
        "The squared error is the mean over the pixels of held-out validation images, on grey levels from 0 to 1."
    )
    ready = [(images, status.classifier) for images, status in statuses if status.classifier is not None]
    if ready:
        text += (
            f" Confident: the share of {MEASURED_SAMPLES:,} samples to which a small classifier, trained by the lab "
            f"on the same images, gives one class with a probability of {100 * planes.CONFIDENT_PROBABILITY:.0f} % or "
            f"more. A class counts if {100 * planes.MIN_CLASS_SHARE:.0f} % of the samples or more fall into it."
        )
        for images, classifier in ready:
            if len(images.test_images):
                real = _real(_classifier_name(images), _images=images, _classifier=classifier)
                text += (
                    f" On real test images of {data.SOURCES[images.name].title} it is confident in "
                    f"{100 * real.sure:.0f} % of the cases."
                )
    st.caption(text)


def holds_latents(families: Sequence[Family]) -> str:
    """How the loss of each family arranges the points, one sentence per group of families."""
    groups = (
        ([f for f in families if f.prior], "trained towards N(0, I), so the points should fill the circles"),
        (
            [f for f in families if not f.prior and len(f.terms) > 1],
            "trained with a second term that pulls the points together, but towards no distribution",
        ),
        (
            [f for f in families if not f.prior and len(f.terms) < 2],
            "trained on the reconstruction alone, so the points stay wherever training puts them",
        ),
    )
    return " ".join(
        f"{' and '.join(f.abbreviation for f in members)} {'are' if len(members) > 1 else 'is'} {words}."
        for members, words in groups
        if members
    )


def _classifier_name(images: ImageSet) -> str:
    """A cache key that changes with the images, and so with the classifier."""
    from core.evaluation import classifier

    return classifier.file_of(images).name


@st.cache_data(max_entries=4, show_spinner=False)
def _real(name: str, _images: ImageSet, _classifier: Classifier) -> Coverage:
    return planes.coverage(_classifier.probabilities(_images.test_images))
