"""What the Planes page shows of each model: its plane, samples, figures; and below all of them the depth."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import data
from core.images import convert
from core.jobs.training_job import TrainingJob
from core.latent import codec, planes, sampling
from core.latent.planes import Coverage
from core.runs import Run, RunError
from ui.components.latent.draws import draws
from ui.components.latent.manifold import SIDE, manifold
from ui.planes import inputs as choice
from ui.shared.classifier import ClassifierStatus
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel, load
from ui.shared.training_points import training_points

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier

DRAWN = 20
"""Samples below each plane."""

MEASURED = 1_000
"""Draws that the classifier looks at."""

SOURCES = {"prior": "N(0, I)", "own": "Its own"}


def loaded_or_none(run: Run) -> LoadedModel | None:
    """The model; None, with the reason on the page, where it cannot be had."""
    try:
        return load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # it may quote a file's own words
        return None


def training_now(run: Run) -> TrainingJob | None:
    """The job that trains this run, if it does so now."""
    job = choice.job_of(run.recipe.model)
    return job if job is not None and job.active and job.name == run.name else None


def picture(slot: str, run: Run) -> None:
    """The plane and its samples. While the run trains they are drawn anew every two seconds: the plane forms."""
    live = training_now(run) is not None
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
            dataset=f"{run.recipe.dataset}|{run.recipe.folder}",
            tiles=tiles,
            centre=centre,
            half=half,
        )
        st.fragment(_draws, key=f"planes_draws_{slot}")(slot, run)
    if not live:
        return
    job = training_now(run)
    if job is None:
        st.rerun()
    seen = job.snapshot()
    st.progress(min(1.0, seen.epoch / seen.epochs), text=f"Training: epoch {int(seen.epoch)} of {seen.epochs}")


@st.cache_data(max_entries=12, show_spinner="Decoding the plane …")
def _decoded(name: str, _run: Run, _loaded: LoadedModel) -> tuple[np.ndarray, float, np.ndarray]:
    z, _, _ = training_points(_run, _loaded)
    centre, half = planes.window(np.zeros((0, 2)) if z is None else z)
    return centre, half, codec.decode(_loaded.model, planes.lattice(centre, half, SIDE), chunk=64)


def settings() -> tuple[int, str]:
    """(seed, source) of the samples: as this visitor set them, else from the address."""
    state, asked = st.session_state, st.query_params
    if "planes_seed" not in state:
        text = asked.get("seed", "1")
        good = text.isascii() and text.isdigit() and len(text) <= 6
        source = asked.get("draw", "prior")
        if not good or source not in SOURCES:
            st.warning(
                "The address asks for samples that cannot be drawn (seed 0 to 999999, draw prior or own). You "
                "see others."
            )
        state["planes_seed"] = int(text) if good else 1
        state["planes_source"] = source if source in SOURCES else "prior"
    return state["planes_seed"], state["planes_source"]


@st.fragment(key="planes_toolbar")
def toolbar(slots: list[str]) -> None:
    """The button that samples every model at once, and from what."""

    def redraw() -> None:
        st.rerun(["planes_toolbar", *(f"planes_draws_{slot}" for slot in slots)])

    def again() -> None:
        st.session_state["planes_seed"] = (st.session_state["planes_seed"] + 1) % 1_000_000
        redraw()

    def other() -> None:
        st.session_state["planes_source"] = st.session_state["planes_from"]
        redraw()

    seed, source = settings()
    st.query_params["seed"], st.query_params["draw"] = str(seed), source
    with st.container(horizontal=True, gap="small", vertical_alignment="center", width="content"):
        st.button(
            "Sample the prior" if source == "prior" else "Sample each",
            key="planes_sample",
            type="primary",
            on_click=again,
            icon=":material/casino:",
            help="Draws the same noise for every model and decodes it. The seed counts up with each click.",
        )
        st.session_state["planes_from"] = source
        st.segmented_control(
            "Draw from",
            list(SOURCES),
            key="planes_from",
            required=True,
            on_change=other,
            format_func=SOURCES.get,
            label_visibility="collapsed",
            help="N(0, I): the same for all, whether a model was trained towards it or not. Its own: "
            "that prior where there is one, else the Gaussian fitted to its training latents.",
        )
        st.caption(f"Seed {seed}")


def _draws(slot: str, run: Run) -> None:
    loaded = loaded_or_none(run)
    if loaded is None:
        return
    seed, source = settings()
    z, tiles = _sampled(loaded.name, seed, source, DRAWN, _loaded=loaded)
    what = "N(0, I)" if source == "prior" or loaded.prior else "the Gaussian fitted to its latents"
    draws(
        key=f"planes_samples_{slot}", slot=slot, tiles=tiles, z=z, about=f"{DRAWN} samples of {run.name} from {what}."
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _sampled(name: str, seed: int, source: str, count: int, _loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray]:
    z = sampling.prior(count, _loaded.model.latent_dim, seed)
    if source == "own":
        z = sampling.sample_latents(_loaded.model, z)
    return z, codec.decode(_loaded.model, z, chunk=256)


def figures(run: Run, images: data.ImageSet | None, status: ClassifierStatus) -> None:
    """What was measured, in three lines; of a run in training nothing yet."""
    if training_now(run) is not None:
        return
    if images is None:
        st.caption("Without its data set nothing can be measured.")
        return
    loaded = loaded_or_none(run)
    if loaded is None:
        return
    error = _error(loaded.name, _run=run, _loaded=loaded, _images=images)
    st.markdown(f":small[**{format_sig(error)}** squared error per pixel]")
    if not status.possible:
        return
    if status.classifier is None:
        st.caption("The classifier that looks at samples is not ready.")
        return
    for source in ("prior",) if loaded.prior else ("prior", "own"):
        seen = _coverage(loaded.name, source, _name(images), _loaded=loaded, _classifier=status.classifier)
        what = "N(0, I)" if source == "prior" else "own Gaussian"
        st.markdown(f":small[**{100 * seen.sure:.0f} %** sure · **{seen.classes}** of {seen.of} classes · {what}]")


@st.cache_data(max_entries=16, show_spinner="Measuring …")
def _error(name: str, _run: Run, _loaded: LoadedModel, _images: data.ImageSet) -> float:
    from core.evaluation import metrics

    _, kept = data.split(_images, _run.recipe.validation, _run.recipe.train_images)
    device = _loaded.model.latent_mean.device
    return metrics.score(_loaded.model, convert.to_byte_tensor(_images.train_images[kept], device)).mse


@st.cache_data(max_entries=32, show_spinner=False)
def _coverage(name: str, source: str, version: str, _loaded: LoadedModel, _classifier: Classifier) -> Coverage:
    _, tiles = _sampled(name, 0, source, MEASURED, _loaded=_loaded)
    return planes.coverage(_classifier.probabilities(tiles))


def explain(seen: list[tuple[data.ImageSet, ClassifierStatus]]) -> None:
    """What there is to see, and how sure the classifier is of real images."""
    words = (
        "Each point is a training image where the model puts it; each white ring is one of the samples. Look at "
        "the rings that lie where no points are, and at what they decode to: the holes of the latent space. What "
        "a VAE or a VAD learns fills the circles; an auto-decoder only pulls its points together; an autoencoder "
        "leaves them wherever training took them."
    )
    words += " The squared error is the mean over the pixels of held-out validation images, on grey levels from 0 to 1."
    ready = [(images, status.classifier) for images, status in seen if status.classifier is not None]
    if ready:
        words += (
            f" Sure: so many of {MEASURED:,} samples are given one class with "
            f"{100 * planes.CONFIDENT_PROBABILITY:.0f} % or more by a small classifier of the lab's own; a class "
            f"counts if it gets {100 * planes.MIN_CLASS_SHARE:.0f} % of the samples."
        )
        for images, classifier in ready:
            if len(images.test_images):
                real = _real(_name(images), _images=images, _classifier=classifier)
                words += (
                    f" Of real test images of {data.SOURCES[images.name].title} it is sure of {100 * real.sure:.0f} %."
                )
    st.caption(words)


def _name(images: data.ImageSet) -> str:
    """Changes whenever the images do, and with them the classifier."""
    from core.evaluation import classifier

    return classifier.file_of(images).name


@st.cache_data(max_entries=4, show_spinner=False)
def _real(name: str, _images: data.ImageSet, _classifier: Classifier) -> Coverage:
    return planes.coverage(_classifier.probabilities(_images.test_images))


def depth(loaded_models: list[LoadedModel]) -> None:
    """What each family asks of its latents, and the code that ran."""
    fold = st.expander("How it works", key="planes_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(
            "All four have a decoder from two numbers to a picture. They differ in what holds the latents together."
        )
        st.latex(r"""\begin{array}{ll}
\text{AE} & -\log p(x \mid z),\; z = \mathrm{encoder}(x): \text{nothing holds them} \\
\text{VAE} & \mathbb{E}_q[-\log p(x \mid z)] + \beta\,\mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I)):
 \text{each image fills a patch, the patches fill the prior} \\
\text{AD} & -\log p(x_i \mid z_i) + \beta\,\tfrac{1}{2}\lVert z_i \rVert^2:
 \text{points, pulled towards zero} \\
\text{VAD} & \text{as the VAE, with } \mu_i, \sigma_i \text{ in a table instead of an encoder}
\end{array}""")
        st.markdown(
            "A plane shows z in its own units: a square that holds the circles of N(0, I) and all but the "
            "outermost training images. The same z means the same place in each of them, but not the same "
            "picture: every model has a latent space of its own."
        )
        table = [
            {
                "run": loaded.name.rsplit("@", 1)[0],
                "mean of z0": float(loaded.model.latent_mean[0]),
                "mean of z1": float(loaded.model.latent_mean[1]),
                "σ of z0": float(loaded.model.latent_cov[0, 0]) ** 0.5,
                "σ of z1": float(loaded.model.latent_cov[1, 1]) ** 0.5,
            }
            for loaded in loaded_models
        ]
        st.dataframe(
            table,
            hide_index=True,
            key="planes_table",
            alt="Mean and standard deviation of the training latents of every model shown",
            column_config={
                name: st.column_config.NumberColumn(format="%.3g")
                for name in ("mean of z0", "mean of z1", "σ of z0", "σ of z1")
            },
        )
        st.caption("The code that ran:")
        st.code(
            "\n".join(inspect.getsource(f) for f in (planes.window, planes.lattice, planes.coverage)), language="python"
        )
