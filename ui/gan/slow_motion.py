"""Slow motion on the VAE → GAN page: a step of D and a step of G, stage by stage, with the run's own tensors."""

from __future__ import annotations

import re

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.gan.gan_steps import Row, Stage, gan_steps
from ui.gan.diagram import probabilities, share
from ui.shared import theme
from ui.shared.formatting import format_sig, pluralize
from ui.shared.model_cache import LoadedModel

SHOWN, BATCH = 8, 64
"""Images of the batch that are shown, and its size at most."""

FACTORS = {1: "As in training", 10: "10 times", 100: "100 times"}
QUERY = "walk"


def slow_motion(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """Two walks of five stages each, on a copy of the run's weights."""
    if images is None:
        st.subheader("One step in slow motion", anchor=False)
        st.caption("A step needs real images, which are not here.")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("One step in slow motion", anchor=False, width="content")
        factor = st.segmented_control(
            "Step size",
            list(FACTORS),
            default=1,
            key="gan_factor",
            required=True,
            persist_state="session",
            format_func=FACTORS.get,
            label_visibility="collapsed",
            help="How far the weights move: at the run's own learning rates, or so many times further. A step of "
            "training is small; a larger one shows where it leads, and what too high a learning rate does.",
        )
    d, g = steps(run, held, images, seed, factor)
    order = held.axes.order[:SHOWN]
    walks = {"D": _of_d(d, run.recipe, order, factor), "G": _of_g(g, run.recipe, order, factor)}
    start, at = _asked(walks)
    gan_steps(
        walks,
        key="gan_steps",
        start=start,
        at=at,
        query=QUERY,
        colours={
            role: theme.colour(role) for role in ("latent", "decoder", "discriminator", "real", "generated", "total")
        }
        | dict(zip(("more", "less"), theme.RUN_COLOURS[theme.mode()], strict=False)),
    )
    st.caption(
        "Computed with this run's weights, on a copy: the run itself stays as it is. Arrow keys turn the pages. "
        "Each is the first step of a fresh Adam; in training the optimiser also remembers the steps before."
    )


def _asked(walks: dict) -> tuple[str, int]:
    """The stage that the address asks for; it follows in the browser from there on."""
    wanted = st.query_params.get(QUERY)
    if wanted is None:
        return "D", 0
    found = re.fullmatch("([dg])([1-9])", wanted)
    if found and int(found[2]) <= len(walks[found[1].upper()]):
        return found[1].upper(), int(found[2]) - 1
    if not st.session_state.get("gan_walk_told"):
        st.session_state["gan_walk_told"] = True
        st.warning("The address asks for a stage that does not exist. You see the first one.")
    return "D", 0


def steps(run: Run, held: LoadedModel, images: ImageSet, seed: int, factor: int = 1):
    """(a step of D, a step of G) on a batch drawn by the seed; see `core.gan.single_step`."""
    return _steps(held.name, images.name, seed, factor, run.recipe, _held=held, _images=images)


@st.cache_data(max_entries=8, show_spinner="Taking one step of each …")
def _steps(name: str, place: str, seed: int, factor: int, recipe: Recipe, _held: LoadedModel, _images: ImageSet):
    from core.gan import single_step

    rows = np.random.default_rng(seed).permutation(len(_images.train_images))[: min(BATCH, recipe.batch_size)]
    real = _images.train_images[rows]
    return (
        single_step.d_step(_held.model, recipe, real, seed, factor),
        single_step.g_step(_held.model, recipe, real, seed, factor),
    )


def _frozen(recipe: Recipe, player: str) -> str:
    """To follow a caption, where this player does not learn in the run."""
    return " In this run it is frozen: this is what a step would do." if recipe.freeze == player else ""


def _of_d(step, recipe: Recipe, order: np.ndarray, factor: int) -> list[Stage]:
    n, kind = len(step.z), recipe.adversarial
    lines = step.threshold
    reach = _reach(lines[0], step.real_before, step.fake_before, step.real_after, step.fake_after)

    def judged(name: str, role: str, pictures, before, after=None) -> Row:
        said, marks = _said(kind, lines, before, after, reach)
        return Row(name, "image", role, pictures[:SHOWN], said, marks)

    part = f", {format_sig(step.penalty)} of it the penalty" if step.penalty else ""
    return [
        Stage(
            "Noise",
            "latent",
            f"A batch of {pluralize(n, 'z', 'z')} is drawn from the prior; you see {min(n, SHOWN)} of "
            "them, with their most important numbers.",
            [Row("z", "stems", "latent", step.z[:SHOWN][:, order])],
            f"d = {step.z.shape[1]} numbers each",
        ),
        Stage(
            "Fake",
            "generated",
            "G makes an image of each z. It is only used here: no gradient goes back to it, its "
            "weights rest. As many real images are drawn from the training set.",
            [Row("G(z)", "image", "generated", step.fake[:SHOWN]), Row("Real x", "image", "real", step.real[:SHOWN])],
        ),
        Stage(
            "D's verdict",
            "discriminator",
            "D looks at both and does not know which is which. Right of the line it "
            "says real. Its loss is small when real images lie right and generated ones left.",
            [
                judged("Generated", "generated", step.fake, step.fake_before),
                judged("Real", "real", step.real, step.real_before),
            ],
            f"D's loss {format_sig(step.loss)} ({kind}){part}",
        ),
        Stage(
            "Gradient",
            "total",
            "The loss is followed backwards through D: for each weight, how the loss changes "
            "when that weight does. A bar is the length of that gradient, layer by layer, from image to verdict.",
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
            "gradient. The same images again: dashed where the verdict was, filled where it is now."
            + _frozen(recipe, "discriminator"),
            [
                judged("Generated", "generated", step.fake, step.fake_before, step.fake_after),
                judged("Real", "real", step.real, step.real_before, step.real_after),
            ],
            f"D's loss {format_sig(step.loss)} → {format_sig(step.loss_after)}",
        ),
    ]


def _of_g(step, recipe: Recipe, order: np.ndarray, factor: int) -> list[Stage]:
    n, kind, lines = len(step.z), recipe.adversarial, (step.threshold, step.threshold)
    reach = _reach(step.threshold, step.verdict, step.verdict_after)
    said, marks = _said(kind, lines, step.verdict, None, reach)
    moved, both = _said(kind, lines, step.verdict, step.verdict_after, reach)
    fake = step.fake[:SHOWN]
    most = float(np.abs(step.change[:SHOWN]).max())
    return [
        Stage(
            "Noise",
            "latent",
            f"Another batch of {pluralize(n, 'z', 'z')}. No real image takes part in G's step: G never sees one.",
            [Row("z", "stems", "latent", step.z[:SHOWN][:, order])],
            f"d = {step.z.shape[1]} numbers each",
        ),
        Stage(
            "Fake",
            "generated",
            "G makes an image of each z, and this time every operation is remembered, so that "
            "a gradient can find its way back.",
            [Row("G(z)", "image", "generated", fake)],
        ),
        Stage(
            "D's verdict",
            "discriminator",
            "D judges them. G's loss is small when D takes them for real: right of the line.",
            [Row("Generated", "image", "generated", fake, said, marks)],
            f"G's loss {format_sig(step.loss)} ({kind})",
        ),
        Stage(
            "Gradient",
            "total",
            "The loss is followed backwards through D, whose weights rest, into the image: "
            "which pixel should change so that D believes more. This is all that G is ever told.",
            [
                Row("G(z)", "image", "generated", fake),
                Row("What D wants", "heat", "discriminator", -step.gradient[:SHOWN]),
            ],
            f"Strongest: {format_sig(float(np.abs(step.gradient[:SHOWN]).max()))} of loss per grey level from black to "
            "white",
        ),
        Stage(
            "Update",
            "decoder",
            f"Every weight of G moves by {recipe.lr * factor:g} against its gradient. The same "
            "z again: G's pictures moved a little, and D's verdict with them." + _frozen(recipe, "generator"),
            [
                Row("Before", "image", "generated", fake),
                Row("After", "image", "generated", step.fake_after[:SHOWN], moved, both),
                Row("Change", "heat", "decoder", step.change[:SHOWN]),
            ],
            f"G's loss {format_sig(step.loss)} → {format_sig(step.loss_after)} · largest change of a pixel "
            f"{format_sig(100 * most)} % of the way from black to white",
        ),
    ]


def _reach(line: float, *verdicts: np.ndarray) -> float:
    """How far the verdicts shown lie from D's line, at most: the half-width of their bars."""
    return max(float(np.abs(np.concatenate([v[:SHOWN] for v in verdicts]) - line).max()), 1e-6)


def _said(kind: str, lines: tuple[float, float], before, after, reach: float):
    """(words, marks from 0 to 1) of verdicts: probabilities for a cross-entropy, else the number and its place."""
    sets = [before] if after is None else [before, after]
    if kind == "non-saturating":
        parts = [probabilities(v[:SHOWN]) for v in sets]
        words = [[share(p) for p in part] for part in parts]
    else:
        parts = [np.clip(0.5 + 0.5 * (v[:SHOWN] - line) / reach, 0, 1) for v, line in zip(sets, lines, strict=False)]
        words = [[f"{v:+.2f}".replace("-", "−") for v in s[:SHOWN]] for s in sets]
    pairs = [" → ".join(w) for w in zip(*words, strict=True)]
    # The unit once: with a digit more on both sides of the arrow, "49.9 → 50.1 %" still fits under its picture.
    return [pair.replace(" % →", " →") for pair in pairs], list(zip(*parts, strict=True))
