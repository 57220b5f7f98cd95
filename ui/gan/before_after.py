"""What the VAE → GAN page shows below the three pictures: the same z through both, and what was won and lost."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.gan import before_after
from core.latent import sampling
from core.runs import Run
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.components.gan.gan_pair import Lane, gan_pair
from ui.gan import inputs as choice
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.model_cache import LoadedModel

STOPS, STEPS = 10, 12
"""Latent vectors side by side, and pictures from one to the next."""

REDRAWN = 12
"""Test images that are encoded and decoded by both."""

YARDSTICKS = {
    "frechet": (
        "Fréchet distance",
        "How far the generated images lie from real ones, in the features of the lab's own "
        "classifier: the squared distance of two Gaussians laid through them. 0 is no difference; it compares "
        "with no FID from elsewhere. Lower is better.",
    ),
    "modes": (
        "Classes covered",
        "Classes that turn up in the samples at least a tenth as often as among real images. "
        "One that is missing is a mode the generator has dropped.",
    ),
    "balance": (
        "Class balance",
        "Entropy of the class shares over the most there can be: 1 where all classes come "
        "equally often, 0 where there is only one.",
    ),
    "sure": (
        "Sure",
        "Share of the samples that the classifier gives 90 % or more to one class. Blurred and mixed "
        "pictures leave it in doubt. Higher is better, as long as all classes are covered.",
    ),
    "sharpness": (
        "Sharpness",
        "Squared differences of neighbouring pixels, over those of real images. 1 is as sharp "
        "as real; less is blurred, more is rough.",
    ),
    "diversity": (
        "Diversity",
        "How much the samples differ from each other, over how much real images do. Near 0 they "
        "are all alike: the mode has collapsed.",
    ),
    "mse": (
        "Redrawing error",
        "Encode an image, decode its mean μ: squared error per pixel. Nobody asks the "
        "generator to redraw any more, so it usually grows: that is the price. Lower is better.",
    ),
}
BETTER = {"frechet": -1, "modes": 1, "balance": 1, "sure": 1, "diversity": 0, "sharpness": 0, "mse": -1}
"""Whether more or less is better; 0: as near to 1 as can be."""


def before_name(run: Run) -> str:
    """What the generator came from, in two words."""
    kind = {"ae": "AE", "ad": "AD", "vad": "VAD"}.get(run.recipe.source_model, "VAE")
    return f"{kind} decoder"


def same_z(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """Ten z through both, walked through with one scrubber."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Side by side from the same z", anchor=False, width="content")
        st.button(
            "New draw",
            key="gan_redraw",
            on_click=choice.redraw,
            icon=":material/casino:",
            help="Draws ten other z. The seed stands in the page's address, so a link leads back to them.",
        )
    both, real, away = _walked(held.name, None if images is None else images.name, seed, _held=held, _images=images)
    name, lanes = before_name(run), []
    if both.before is not None:
        lanes.append(Lane("before", name, theme.colour("decoder"), both.before))
    lanes.append(Lane("after", "GAN generator", theme.colour("generated"), both.after))
    if real is not None:
        lanes.append(
            Lane(
                "real", "Nearest real image", theme.colour("real"), real, [f"MSE {format_sig(float(x))}" for x in away]
            )
        )
    gan_pair(lanes, STEPS, key="gan_pair")
    words = (
        "Each column is one z, drawn from the prior. "
        if held.prior
        else "Each column is one z, drawn from the Gaussian laid through the source's latents. "
    )
    words += "Drag the scrubber or move over the rows: the walk goes along the arc from each z to the next"
    words += ", through both decoders at once." if both.before is not None else "."
    if real is not None:
        words += (
            f" The nearest of {len(images.train_images):,} training images, by squared error in pixels, tells "
            "whether the generator learned an image by heart: then it would be that image."
        )
    if both.before is None:
        words += " This generator began with random weights, so there is no decoder to compare with."
    elif run.recipe.generator == "scratch":
        words += " This generator began with random weights: to it and to the decoder the same z mean different things."
    st.caption(words)


@st.cache_data(max_entries=8, show_spinner="Decoding the walk …")
def _walked(name: str, place: str | None, seed: int, _held: LoadedModel, _images: ImageSet | None):
    """(the pictures of the walk, the nearest real image to each of the generator's, its squared error per pixel)."""
    model = _held.model
    both = before_after.decode_both(model, before_after.tour(sampling.draws(model, STOPS, seed), STEPS))
    if _images is None:
        return both, None, None
    index, away = before_after.nearest_images(both.after, _images.train_images)
    return both, _images.train_images[index], away


def won_and_lost(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """The yardsticks before and after, and the same images redrawn by both."""
    st.subheader("What it won, what it lost", anchor=False)
    found = before_after.metric_changes(run)
    if found:
        with st.grid(4, min_column_width=160, gap="small", key="gan_figures"):
            for figure in found:
                _metric(run, figure, images)
        st.caption(_measured(run))
    else:
        st.caption("Nothing has been measured of this run yet: figures appear after each round of its training.")
    _redrawn(run, held, images, seed)


def _metric(run: Run, figure: before_after.MetricChange, images: ImageSet | None) -> None:
    title, words = YARDSTICKS[figure.key]
    shown = {"modes": lambda v: f"{v:.0f}", "sure": lambda v: f"{100 * v:.0f} %"}.get(figure.key, format_sig)
    value = shown(figure.after)
    if figure.key == "modes" and images is not None and images.classes:
        value += f" of {len(images.classes)}"
    if not math.isfinite(figure.before):
        st.metric(title, value, help=words, border=True)
        return
    gain = verdict(figure)
    st.metric(
        title,
        value,
        f"{before_name(run).split()[0]} {shown(figure.before)} · {gain}",
        help=words,
        border=True,
        delta_arrow="off",
        delta_color={"better": "green", "worse": "orange"}.get(gain, "gray"),
    )


def verdict(figure: before_after.MetricChange) -> str:
    """`better`, `worse` or `alike`: what adversarial training did to a yardstick, within two percent."""
    side = BETTER[figure.key]
    before, after = figure.before, figure.after
    if side == 0:  # towards 1
        before, after, side = abs(math.log(max(before, 1e-9))), abs(math.log(max(after, 1e-9))), -1
    if abs(after - before) <= 0.02 * max(abs(before), 1e-12):
        return "alike"
    return "better" if (after - before) * side > 0 else "worse"


def _measured(run: Run) -> str:
    found = run.evaluation() or {}
    if "frechet" not in found:
        return (
            "Large: the best round so far, measured on held-out images while it trains. Small: the decoder it "
            "started from, by the same yardsticks."
        )
    return (
        f"Large: the generator. Small: the decoder it started from, by the same yardsticks: "
        f"{found.get('generated', 0):,} samples against {pluralize(found.get('images', 0), 'test image')}; the Fréchet "
        f"distance is one of {escape_markdown(str(found.get('yardstick', 'a small classifier')))}."
    )


def _redrawn(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    if images is None:
        return
    if held.model.encoder is None:
        why = (
            "its source has none"
            if run.recipe.source_model in ("ad", "vad")
            else "it began with random weights, so no encoder knows its z"
        )
        st.caption(
            f"There is no encoder beside this generator: {why}. So there is nothing to redraw, and nothing that "
            "could be lost."
        )
        return
    kept = _kept(held.name, images.name, seed, _held=held, _images=images)
    class_sheet(
        [
            Row("Test image", "encoded to μ", kept.images),
            Row(before_name(run), f"MSE {format_sig(float(kept.before_mse.mean()))}", kept.before),
            Row("GAN generator", f"MSE {format_sig(float(kept.after_mse.mean()))}", kept.after),
        ],
        key="gan_kept",
    )
    st.caption(
        f"Real images, encoded once, then decoded by both; MSE is the mean of these {len(kept.images)}. The "
        "generator is only asked for pictures that look real, not for the same picture: it may have another "
        "slant, at times another class. What is never asked again is forgotten."
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _kept(name: str, place: str, seed: int, _held: LoadedModel, _images: ImageSet) -> before_after.ReconstructionPair:
    pool = _images.test_images if len(_images.test_images) else _images.train_images
    rows = np.random.default_rng(seed).permutation(len(pool))[:REDRAWN]
    return before_after.reconstruct_both(_held.model, pool[rows])
