"""Decoder and generator compared on the VAE → GAN page: images of the same z, metrics, reconstructions."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.gan import before_after
from core.images.shape import ImageShape
from core.latent import sampling
from core.runs import Run
from core.runs.shown_weights import shown_evaluation, shown_weights
from ui.components.base import MESSAGE_BYTES
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.components.gan.gan_pair import Lane, gan_pair
from ui.gan.inputs import gan_model, redraw, source_name
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig, pluralize, with_error
from ui.shared.model_cache import LoadedModel
from ui.shared.pointer import touch_or
from ui.shared.run_facts import weights_of

STOPS, STEPS = 10, 12
"""Latent vectors side by side, and images from one to the next."""

RECONSTRUCTED = 12
"""Test images that are encoded, then decoded by both."""

METRICS = {
    "frechet": (
        "Fréchet distance",
        "Distance between generated and real images, in features of the lab's classifier: the squared distance of two "
        "Gaussians fitted to them. 0 means no difference; the fewer images there are, the larger it comes out. It "
        "cannot be compared with an FID from elsewhere. Lower is better.",
    ),
    "kid": (
        "KID",
        "Kernel distance between generated and real images in the same features (Bińkowski et al. 2018), with its "
        "standard error. The number of images does not bias it: 0 is expected where both are alike, and single values "
        "may lie below 0. Lower is better.",
    ),
    "precision": (
        "Precision",
        "Share of the samples that lie within the neighbourhoods of real images, in features of the lab's classifier: "
        "are they plausible? (Kynkäänniemi et al. 2019, 3 nearest neighbours.) Higher is better.",
    ),
    "recall": (
        "Recall",
        "Share of the real images that lie within the neighbourhoods of samples: is all their variety there? It falls "
        "when a mode is dropped. Contrast does not raise it by itself. Higher is better, up to the value of real "
        "images.",
    ),
    "modes": (
        "Classes covered",
        "Classes that the classifier recognises in the samples, with at least 90 % confidence, at least a tenth as "
        "often as they occur among real images. A missing class is a mode that the generator has dropped.",
    ),
    "balance": (
        "Class balance",
        "Entropy of the class shares, divided by its maximum: 1 if all classes are equally frequent, 0 if there is "
        "only one.",
    ),
    "sure": (
        "Confident",
        "Share of the samples to which the classifier assigns one class with a probability of 90 % or more. Blurred "
        "and mixed images lower it. Higher is better, as long as all classes are covered.",
    ),
    "sharpness": (
        "Sharpness",
        "Squared differences of neighbouring pixels, divided by those of real images. 1 is as sharp as real images; "
        "less is blurred, more is noisy.",
    ),
    "mse": (
        "Reconstruction error",
        "Squared error per pixel after encoding an image and decoding its mean μ. The generator is no longer trained "
        "to reconstruct, so this error usually grows. Lower is better.",
    ),
}
BETTER = {
    "frechet": -1,
    "kid": -1,
    "precision": 1,
    "recall": 1,
    "sure": 1,
    "modes": 1,
    "balance": 1,
    "sharpness": 0,
    "mse": -1,
}
"""Metric → 1 where more is better, −1 where less is better, 0 where the best value is 1."""


COPIES = 0.5
"""Samples whose median distance to the training images is below this share of the test images' may be copies."""

CONTROLLED = ("frechet", "sharpness", "precision", "recall", "sure")
"""Metrics of the control that its sentence lists."""


def before_name(run: Run) -> str:
    """The name of the decoder that a generator came from, such as `VAE decoder`."""
    return f"{source_name(run)} decoder"


def same_z(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """Ten latent vectors decoded by both, with a scrubber that moves from one to the next."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Side by side from the same z", anchor=False, width="content")
        st.button(
            "New draw",
            key="gan_redraw",
            on_click=redraw,
            icon=":material/casino:",
            help=f"Draws {STOPS} other latent vectors. Their seed is part of the page's address.",
        )
    both, real, errors = _walk(
        loaded.name, None if images is None else images.name, seed, _loaded=loaded, _images=images
    )
    name, lanes = before_name(run), []
    if both.before is not None:
        lanes.append(Lane("before", name, theme.colour("decoder"), both.before))
    lanes.append(Lane("after", "GAN generator", theme.colour("generated"), both.after))
    if real is not None:
        lanes.append(
            Lane(
                "real",
                "Nearest real image",
                theme.colour("real"),
                real,
                [f"MSE {format_sig(float(x))}" for x in errors],
            )
        )
    gan_pair(lanes, steps_for(loaded.shape), key="gan_pair")
    words = (
        "Each column is one z, drawn from the prior. "
        if loaded.prior
        else "Each column is one z, drawn from the Gaussian fitted to the source's latents. "
    )
    words += f"The generator has {weights_of(run)}. "
    words += f"Drag the scrubber{touch_or('', ' or move over the rows')} to follow the arc from each z to the next"
    words += ", decoded by both." if both.before is not None else "."
    if real is not None and images is not None:
        words += (
            f" Below is the nearest of {len(images.train_images):,} training images, by squared error of the pixels. "
            "Moved by one pixel, an image is far from itself by this measure: a large error does not rule out copying."
        )
    if both.before is None:
        words += " This generator started from random weights, so there is no decoder to compare with."
    elif run.recipe.generator == "scratch":
        words += " This generator started from random weights, so the same z has another meaning than for the decoder."
    st.caption(words)


def steps_for(shape: ImageShape) -> int:
    """Frames from one z of the walk to the next: as many as one message holds of three lanes of such images."""
    return max(1, min(STEPS, (MESSAGE_BYTES // (3 * shape.values) - 1) // (STOPS - 1)))


@st.cache_data(max_entries=8, show_spinner="Decoding the walk …")
def _walk(name: str, place: str | None, seed: int, _loaded: LoadedModel, _images: ImageSet | None):
    """The images of the walk; for each of the generator's, the nearest real image and its squared error per pixel."""
    model = gan_model(_loaded)
    z, steps = sampling.draws(model, STOPS, seed), steps_for(_loaded.shape)
    if _images is None:
        return before_after.decode_both(model, before_after.tour(z, steps)), None, None
    z = before_after.clearest_first(model, z, _images.train_images)
    both = before_after.decode_both(model, before_after.tour(z, steps))
    index, errors = before_after.nearest_images(both.after, _images.train_images)
    return both, _images.train_images[index], errors


def metrics(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """The metrics before and after, and images reconstructed by both."""
    st.subheader("Before and after", anchor=False)
    found = before_after.metric_changes(run)
    if found:
        with st.grid(4, min_column_width=160, gap="small", key="gan_figures"):
            for figure in found:
                _metric(run, figure, images)
        st.caption(_measurement(run))
        for sentence in filter(None, (_control(run, found), _memorised(run), _recall(found))):
            st.markdown(sentence)
    else:
        st.caption("This run has not been measured yet: figures appear after each epoch of its training.")
    _reconstructions(run, loaded, images, seed)


def _metric(run: Run, figure: before_after.MetricChange, images: ImageSet | None) -> None:
    """One metric of the generator, with that of the decoder below."""
    title, words = METRICS[figure.key]
    value = with_error(figure.after, figure.errors[1]) if figure.key == "kid" else shown(figure.key, figure.after)
    if figure.key == "modes" and images is not None and images.classes:
        value += f" of {len(images.classes)}"
    real = f"real {shown(figure.key, figure.real)}" if math.isfinite(figure.real) else ""
    if not math.isfinite(figure.before):
        st.metric(title, value, real or None, help=words, border=True, delta_arrow="off", delta_color="gray")
        return
    gain = verdict(figure)
    before = f"{before_name(run).split()[0]} {shown(figure.key, figure.before)}"
    st.metric(
        title,
        value,
        " · ".join(filter(None, (before, real, gain))),
        help=words,
        border=True,
        delta_arrow="off",
        delta_color="green" if gain == "better" else "orange" if gain == "worse" else "gray",
    )


def shown(key: str, value: float) -> str:
    """A metric as text."""
    if key == "sure":
        return f"{100 * value:.0f} %"
    return f"{value:.0f}" if key == "modes" else format_sig(value)


def verdict(figure: before_after.MetricChange) -> str:
    """The change of a metric by adversarial training: `better`, `worse`, or `alike` within two percent or, where they
    are known, two standard errors."""
    side = BETTER[figure.key]
    before, after = figure.before, figure.after
    if abs(after - before) <= 2 * math.hypot(*figure.errors):  # False where they are not known
        return "alike"
    if side == 0:  # towards 1
        before, after, side = abs(math.log(max(before, 1e-9))), abs(math.log(max(after, 1e-9))), -1
    if abs(after - before) <= 0.02 * max(abs(before), 1e-12):
        return "alike"
    return "better" if (after - before) * side > 0 else "worse"


def _measurement(run: Run) -> str:
    found = shown_evaluation(run) or {}
    if "frechet" not in found:
        last = shown_weights(run) == "last"
        which = "the last whole epoch" if last else "the best epoch so far"
        return (
            f"Large: {which}, measured against training images during the training. Small: the decoder it started "
            "from, measured in the same way."
        )
    real = ", and real training images" if "real" in found or "floor" in found else ""
    against = pluralize(found.get("images", 0), "test image")
    return (
        f"Large: the generator with {weights_of(run)}. Small: the decoder it started from{real}, measured in the same "
        f"way: {found.get('generated', 0):,} samples against {against}; the Fréchet distance is computed from "
        f"{escape_markdown(str(found.get('yardstick', 'a small classifier')))}."
    )


def _recall(found: list[before_after.MetricChange]) -> str:
    """Why the recall of samples can lie above that of real images; empty where it does not."""
    one = next((one for one in found if one.key == "recall"), None)
    if one is None or not one.after > one.real:
        return ""
    return (
        f"The recall of the samples, {shown(one.key, one.after)}, is higher than that of real images, "
        f"{shown(one.key, one.real)}. That does not make them more varied than real images: samples that lie far apart "
        "have large neighbourhoods, which take in more real images. Read recall together with precision."
    )


def _memorised(run: Run) -> str:
    """Whether samples lie closer to training images than new images do, in a sentence; empty where not measured."""
    evaluation = shown_evaluation(run) or {}
    found = evaluation.get("nearest")
    if not isinstance(found, dict) or not {"generated", "test", "trained"} <= found.keys() or not found["test"]:
        return ""
    copies = found["generated"] < COPIES * found["test"]
    features = "features of the classifier" if evaluation.get("classifier") else "principal components of the pixels"
    return (
        f"**Has it memorised training images?** The distance from a sample to the nearest of "
        f"{found['trained']:,} training images has a median of **{format_sig(found['generated'])}** in the {features}. "
        f"For test images, which no model has seen, it is **{format_sig(found['test'])}**. Copies "
        "would lie much closer to training images than test images do. "
        + ("These samples do: some may be copies." if copies else "These samples do not.")
    )


def _control(run: Run, found: list[before_after.MetricChange]) -> str:
    """What contrast alone does to the metrics, in a sentence; empty where it was not measured."""
    measured = [one for one in found if one.key in CONTROLLED and math.isfinite(one.control)]
    if not measured:
        return ""
    listed = ", ".join(
        f"{METRICS[one.key][0]} {shown(one.key, one.before)} → {shown(one.key, one.control)}" for one in measured
    )
    return (
        f"**Control**: the same samples of the {before_name(run)} with 1.5 times the contrast and no further training: "
        f"{listed}. Whatever contrast alone improves is no merit of the discriminator."
    )


def _reconstructions(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    if images is None:
        return
    if loaded.model.encoder is None:
        source = run.recipe.latent_family
        why = (
            "its source has none"
            if source is not None and not source.encoder
            else "it started from random weights, so no encoder fits its latent space"
        )
        st.caption(f"This generator has no encoder: {why}. So there are no reconstructions to compare.")
        return
    pair = _reconstructed(loaded.name, images.name, seed, _loaded=loaded, _images=images)
    if pair is None:
        return
    class_sheet(
        [
            Row("Test image", "encoded to μ", pair.images),
            Row(before_name(run), f"MSE {format_sig(float(pair.before_mse.mean()))}", pair.before),
            Row("GAN generator", f"MSE {format_sig(float(pair.after_mse.mean()))}", pair.after),
        ],
        key="gan_kept",
    )
    st.caption(
        f"Real images, encoded once and decoded by both; MSE is the mean over these {len(pair.images)}. The generator "
        "is trained to make images look real, not to reproduce them: its image can have another slant, at times even "
        "another class. Nothing in the new loss rewards exact reconstruction, so it gets worse."
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _reconstructed(
    name: str, place: str, seed: int, _loaded: LoadedModel, _images: ImageSet
) -> before_after.ReconstructionPair | None:
    pool = _images.test_images if len(_images.test_images) else _images.train_images
    rows = np.random.default_rng(seed).permutation(len(pool))[:RECONSTRUCTED]
    return before_after.reconstruct_both(gan_model(_loaded), pool[rows])
