"""Slow motion on the VAE → GAN page: one step of D and one of G, stage by stage, with the run's own tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.gan.gan_steps import Row, Stage, gan_steps
from ui.gan.diagram import probabilities, share
from ui.gan.inputs import gan_model
from ui.shared import address, theme
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.run_facts import weights_of
from ui.shared.step_size import step_size

SHOWN, BATCH = 8, 64
"""Images that are shown of the batch, and its largest size."""

QUERY = "walk"


def slow_motion(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """A step of each player in five stages, computed on a copy of the run's weights."""
    if images is None:
        st.caption("A training step needs real images, which are missing.")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(
            f"One step of D and one of G, stage by stage, on a copy of {escape_markdown(run.name)} with "
            f"{weights_of(run)}: the run does not change. Each is the first step of a new Adam optimiser; during "
            "training, Adam also uses the previous gradients.",
            width=760,
        )
        factor = step_size("gan_factor", "rates", "collapsed")
    d, g = steps(run, loaded, images, seed, factor)
    order = loaded.axes.order[:SHOWN]
    walks: dict[str, Sequence[Stage]] = {
        "D": _of_d(d, run.recipe, order, factor),
        "G": _of_g(g, run.recipe, order, factor),
    }
    start, at = _stage_in_address(walks)
    gan_steps(
        walks,
        key="gan_steps",
        start=start,
        at=at,
        query=QUERY,
        titles={"D": ("D's step", "discriminator"), "G": ("G's step", "decoder")},
        colours={
            role: theme.colour(role) for role in ("latent", "decoder", "discriminator", "real", "generated", "total")
        }
        | dict(zip(("more", "less"), theme.RUN_COLOURS[theme.mode()], strict=False)),
    )


def _stage_in_address(walks: dict[str, Sequence[Stage]]) -> tuple[str, int]:
    """The player and the stage that the address asks for; from then on the browser writes them."""
    wanted = address.get(QUERY)
    if wanted is None:
        return "D", 0
    found = re.fullmatch("([dg])([1-9])", wanted)
    if found and int(found[2]) <= len(walks[found[1].upper()]):
        return found[1].upper(), int(found[2]) - 1
    if not st.session_state.get("gan_walk_told"):
        st.session_state["gan_walk_told"] = True
        address.refuse(QUERY, "The address names a stage that does not exist. You see the first one.")
    return "D", 0


def steps(run: Run, loaded: LoadedModel, images: ImageSet, seed: int, factor: int = 1):
    """A step of D and a step of G on a batch drawn with the seed (`core.gan.single_step`)."""
    return _steps(loaded.name, images.name, seed, factor, run.recipe, _loaded=loaded, _images=images)


@st.cache_data(max_entries=8, show_spinner="Taking one step of each …")
def _steps(name: str, place: str, seed: int, factor: int, recipe: Recipe, _loaded: LoadedModel, _images: ImageSet):
    from core.gan import single_step

    rows = np.random.default_rng(seed).permutation(len(_images.train_images))[: min(BATCH, recipe.batch_size)]
    real = _images.train_images[rows]
    return (
        single_step.d_step(gan_model(_loaded), recipe, real, seed, factor),
        single_step.g_step(gan_model(_loaded), recipe, real, seed, factor),
    )


def _frozen(recipe: Recipe, player: str) -> str:
    """A sentence for a player that does not learn in this run; empty otherwise."""
    return " In this run it is frozen: this shows what a step would do." if recipe.freeze == player else ""


def _of_d(step, recipe: Recipe, order: np.ndarray, factor: int) -> list[Stage]:
    kind, lines = recipe.adversarial, step.threshold
    reach = _reach(kind, lines[0], step.real_before, step.fake_before, step.real_after, step.fake_after)
    axis = _axis(kind, 0.5 if kind == "non-saturating" else lines[0], reach)

    def judged(name: str, role: str, pictures, before, after=None) -> Row:
        texts, marks = _answer_texts(kind, lines, before, after, reach)
        return Row(name, "image", role, pictures[:SHOWN], texts, marks)

    part = f", {format_sig(step.penalty)} of it the penalty" if step.penalty else ""
    return [
        *_drawn_and_generated(step, order),
        Stage(
            "D's output",
            "discriminator",
            "D gets both kinds of images. To the right of the line it classifies an image as real. Its loss is small "
            "if real images lie on the right and generated ones on the left.",
            [
                judged("Generated", "generated", step.fake, step.fake_before),
                judged("Real", "real", step.real, step.real_before),
            ],
            f"D's loss {format_sig(step.loss)} ({kind}){part}. {axis}",
        ),
        Stage(
            "Gradient",
            "total",
            "Backpropagation through D gives the derivative of the loss with respect to each weight. Each bar is the "
            "norm of this gradient in one layer, from image to output.",
            [
                Row("Generated", "image", "generated", step.fake[:SHOWN]),
                Row("Real", "image", "real", step.real[:SHOWN]),
                Row("", "bars", "discriminator", list(step.layers)),
            ],
        ),
        Stage(
            "Update",
            "discriminator",
            f"Every weight of D moves by {recipe.d_lr * factor:g} against its "
            "gradient. The same images again: dashed the output before, filled the output now."
            + _frozen(recipe, "discriminator"),
            [
                judged("Generated", "generated", step.fake, step.fake_before, step.fake_after),
                judged("Real", "real", step.real, step.real_before, step.real_after),
            ],
            f"D's loss {format_sig(step.loss)} → {format_sig(step.loss_after)}",
        ),
    ]


def _drawn_and_generated(step, order: np.ndarray) -> list[Stage]:
    """The first two stages of D's step: the batch of z and real images, and what G makes of the z."""
    n = len(step.z)
    return [
        Stage(
            "Batch",
            "latent",
            f"A batch of {pluralize(n, 'z', 'z')} is drawn from the prior, each of {step.z.shape[1]} numbers, and as "
            f"many real images from the training set. You see {min(n, SHOWN)} of each, {_dimensions(step, order)}.",
            [
                Row("z", "stems", "latent", step.z[:SHOWN][:, order]),
                Row("Real x", "image", "real", step.real[:SHOWN]),
            ],
        ),
        Stage(
            "Fake",
            "generated",
            "G generates an image from each z. In D's step no gradient flows back to G, and its weights do not change.",
            [
                Row("z", "stems", "latent", step.z[:SHOWN][:, order]),
                Row("G(z)", "image", "generated", step.fake[:SHOWN]),
            ],
        ),
    ]


def _dimensions(step, order: np.ndarray) -> str:
    """Which dimensions of each z are drawn."""
    d = step.z.shape[1]
    return "all numbers of each z" if len(order) == d else f"of each z the {len(order)} most important numbers"


def _of_g(step, recipe: Recipe, order: np.ndarray, factor: int) -> list[Stage]:
    n, kind, lines = len(step.z), recipe.adversarial, (step.threshold, step.threshold)
    reach = _reach(kind, step.threshold, step.verdict, step.verdict_after)
    axis = _axis(kind, 0.5 if kind == "non-saturating" else step.threshold, reach)
    texts, marks = _answer_texts(kind, lines, step.verdict, None, reach)
    moved, both = _answer_texts(kind, lines, step.verdict, step.verdict_after, reach)
    fake = step.fake[:SHOWN]
    most = float(np.abs(step.change[:SHOWN]).max())
    way = "from none of a colour to all of it" if recipe.shape.colour else "from black to white"
    return [
        Stage(
            "Noise",
            "latent",
            f"Another batch of {pluralize(n, 'z', 'z')}, each of {step.z.shape[1]} numbers: you see {min(n, SHOWN)}, "
            f"{_dimensions(step, order)}. No real image takes part in G's step: G never sees one.",
            [Row("z", "stems", "latent", step.z[:SHOWN][:, order])],
        ),
        Stage(
            "Fake",
            "generated",
            "G generates an image from each z. This time each operation is recorded, so that a gradient can flow back.",
            [
                Row("z", "stems", "latent", step.z[:SHOWN][:, order]),
                Row("G(z)", "image", "generated", fake),
            ],
        ),
        Stage(
            "D's output",
            "discriminator",
            "D judges the images. G's loss is small if D takes them for real, to the right of the line.",
            [Row("Generated", "image", "generated", fake, texts, marks)],
            f"G's loss {format_sig(step.loss)} ({kind}). {axis}",
        ),
        Stage(
            "Gradient",
            "total",
            "Backpropagation through D, whose weights do not change, gives the gradient with respect to the pixels: "
            "how each pixel should change to look more real to D. This is all that G learns from.",
            [
                Row("G(z)", "image", "generated", fake),
                Row("Direction", "heat", "discriminator", -step.gradient[:SHOWN]),
            ],
            f"Largest: {format_sig(float(np.abs(step.gradient[:SHOWN]).max()))} of loss per change {way}",
        ),
        Stage(
            "Update",
            "decoder",
            f"Every weight of G moves by {recipe.lr * factor:g} against its gradient. The same z again: "
            f"G's images {_how_far(most)}, and D's output with them." + _frozen(recipe, "generator"),
            [
                Row("Before", "image", "generated", fake),
                Row("After", "image", "generated", step.fake_after[:SHOWN], moved, both),
                Row("Change", "heat", "decoder", step.change[:SHOWN]),
            ],
            f"G's loss {format_sig(step.loss)} → {format_sig(step.loss_after)} · largest change of a pixel "
            f"{format_sig(100 * most)} % of the way {way}",
        ),
    ]


def _how_far(most: float) -> str:
    """How far G's images moved, in words. most: largest change of a value of a pixel, 1 for black to white."""
    if most < 0.02:
        return "change hardly at all"
    if most < 0.15:
        return "change a little"
    return "change visibly" if most < 0.5 else "change a lot: such a step is far too large for training"


def _axis(kind: str, line: float, reach: float) -> str:
    """What the bars of D's outputs span, as a sentence."""
    if kind == "non-saturating":
        return f"The bars run from {100 * (line - reach):.3g} % to {100 * (line + reach):.3g} %."
    return f"The bars run from {format_sig(line - reach)} to {format_sig(line + reach)}.".replace("-", "−")


def _reach(kind: str, line: float, *verdicts: np.ndarray) -> float:
    """Half-width of the bars of D's outputs: a little more than the largest distance from the threshold that occurs.

    A probability's threshold is one half. A fixed axis from 0 to 100 % would show outputs of 47 and 52 % as equal.
    """
    shown = np.concatenate([v[:SHOWN] for v in verdicts])
    if kind == "non-saturating":
        return min(0.5, max(1.1 * float(np.abs(probabilities(shown) - 0.5).max()), 0.005))
    return max(float(np.abs(shown - line).max()), 1e-6)


def _answer_texts(kind: str, lines: tuple[float, float], before, after, reach: float):
    """Texts and marks (0 to 1) for D's outputs: probabilities of a cross-entropy, else the number itself.

    Args:
        reach: half-width of the bars (`_reach`).
    """
    sets = [v[:SHOWN] for v in ([before] if after is None else [before, after])]
    if kind == "non-saturating":
        sets, lines = [probabilities(v) for v in sets], (0.5, 0.5)
        words = [[share(p) for p in part] for part in sets]
    else:
        words = [[f"{v:+.2f}".replace("-", "−") for v in part] for part in sets]
    parts = [np.clip(0.5 + 0.5 * (v - line) / reach, 0, 1) for v, line in zip(sets, lines, strict=False)]
    pairs = [" → ".join(w) for w in zip(*words, strict=True)]
    # The unit stands once, so that "49.9 → 50.1 %" fits below its picture.
    return [pair.replace(" % →", " →") for pair in pairs], list(zip(*parts, strict=True))
