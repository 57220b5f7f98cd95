"""One training step, one stage at a time, with the run's own tensors: batch, latents, decoding, loss, update."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import data
from core.latent.axes import axes
from core.recipes.recipe import Recipe
from core.runs import Run, RunError, figures
from ui.components.gan.gan_steps import Row, Stage, gan_steps
from ui.shared import address, theme
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.model_cache import load
from ui.shared.page import images_or_none
from ui.shared.pointer import touch_or
from ui.shared.step_size import step_size

if TYPE_CHECKING:
    from core.training.single_step import TrainingStep

SHOWN, BATCH = 8, 64
"""Images that are shown of the batch, and its largest size."""

DIMENSIONS = 12
"""Latent dimensions that are drawn: the most important ones."""

POOL = 512
"""Training images among which a batch is drawn."""

EARLIER = 16
"""Steps that are taken before, so that the optimiser has averages."""

LARGE = 4_000
"""Values of an image above which a quarter of the images and of the steps must do, so that the page need not wait."""


STEP = "step"
"""Address parameter: the stage that is shown, counted from 1; the browser writes it."""


@dataclass(frozen=True)
class Taken:
    """A step, the order of the latent dimensions, the weights of the loss terms, and the size of the batch.

    The pictures of the step are those of its first images alone.
    """

    step: TrainingStep
    order: np.ndarray
    weights: dict[str, float]
    count: int


def one_step(run: Run, which: str = "best") -> None:
    """The walk through one training step of a run, on a copy of its weights. `which`: `best` or `last`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = st.number_input(
            "Batch",
            1,
            999,
            step=1,
            key="one_step_seed",
            persist_state="session",
            width=140,
            help="Each number draws another batch of training images, and other noise.",
        )
        factor = step_size("one_step_factor")
    try:
        taken = _taken(str(run.path), run.weights_version(), which, int(seed), factor)
    except RunError as error:
        st.error(escape_markdown(str(error)))
        return
    if taken is None:
        st.caption("A training step needs the training images, which are not on this computer.")
        return
    stages = stages_of(run.recipe, taken, int(factor))
    gan_steps(
        {"": stages},
        key="one_step",
        start="",
        at=_stage_in_address(len(stages)),
        query=STEP,
        colours={role: theme.colour(role) for role in ("latent", "encoder", "decoder", "real", "total", "kl")}
        | dict(zip(("more", "less"), theme.RUN_COLOURS[theme.mode()], strict=False)),
    )
    optimizer = "Adam" if run.recipe.optimizer == "adam" else "momentum"
    st.caption(
        "Computed on a copy of this run's weights: the run does not change. "
        f"{touch_or('', 'Arrow keys turn the pages. ')}A few steps were taken before this one, because {optimizer} "
        "averages the gradients of several steps."
        + (
            f" The training has {run.recipe.draws_per_image} draws of z for each image; you see a step with one."
            if run.recipe.draws_per_image > 1
            else ""
        )
    )


def _stage_in_address(count: int) -> int:
    """The stage that the address asks for, counted from 0; from then on the browser writes it."""
    wanted = address.get(STEP)
    if wanted is None:
        return 0
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 2 and 1 <= int(wanted) <= count:
        return int(wanted) - 1
    address.refuse(STEP, "The address names a stage that does not exist. You see the first one.")
    return 0


@st.cache_data(max_entries=8, show_spinner="Taking one step …")
def _taken(path: str, version: int, which: str, seed: int, factor: int) -> Taken | None:
    from core.latent import codec
    from core.runs.weights import load_model
    from core.training import single_step

    run = Run(Path(path))
    recipe, images = run.recipe, images_or_none(run)
    if images is None:
        return None
    model = load(run).model if which == "best" else load_model(run, which)
    if model.latent_table is not None:
        known = codec.table_rows(model, recipe, images, POOL)
        if known is None:
            return None
        pool, own = known
    else:
        pool, own = data.split(images, recipe.validation, recipe.train_images)[0], None
    few = 4 if recipe.shape.values > LARGE else 1
    size, parts = min(BATCH // few, recipe.batch_size, len(pool)), 1 + EARLIER // few
    picked = np.resize(np.random.default_rng(seed).permutation(len(pool)), parts * size)
    if not len(picked):
        return None
    batch, *earlier = (
        single_step.Batch(
            images.train_images[pool[part]], None if own is None else own[part], images.train_labels[pool[part]]
        )
        for part in np.split(picked, parts)
    )
    weights = figures.weights_at(run)
    step = single_step.take(model, recipe, batch.pictures, seed, weights, batch.rows, factor, earlier, batch.labels)
    return Taken(_shown(step), axes(model).order, weights, len(batch.pictures))


def _shown(step: TrainingStep) -> TrainingStep:
    """A step with the pictures that are shown alone: of a whole batch they would fill the memory."""
    pictures = ("images", "given", "decoded", "decoded_after", "change", "output_gradient")
    few = {name: values[:SHOWN].copy() for name in pictures if (values := getattr(step, name)) is not None}
    return dataclasses.replace(step, **few)


def stages_of(recipe: Recipe, taken: Taken, factor: int) -> list[Stage]:
    """The stages of a step, those that this family has."""
    step = taken.step
    stages = [_batch(step, taken.count), _encode(recipe, taken)]
    if step.sigma is not None:
        stages += _noisy(taken)
    return [
        *stages,
        Stage(
            "Decode",
            "decoder",
            "The decoder turns each z into an image x̂. It sees nothing of x but z.",
            [_images("Image x", "real", step.images), _images("x̂", "decoder", step.decoded)],
        ),
        _losses(recipe, taken),
        _gradient(recipe, taken),
        _update(recipe, taken, factor),
    ]


def _images(name: str, role: str, pictures: np.ndarray, notes: list[str] | None = None) -> Row:
    return Row(name, "image", role, pictures[:SHOWN], notes or ())


def _stems(name: str, role: str, values: np.ndarray, order: np.ndarray, spread: np.ndarray | None = None) -> Row:
    dims = order[:DIMENSIONS]
    half = None if spread is None else spread[:SHOWN][:, dims]
    return Row(name, "stems", role, values[:SHOWN][:, dims], spread=half)


def _batch(step: TrainingStep, n: int) -> Stage:
    rows = [_images("Image x", "real", step.images)]
    changed = ""
    if step.given is not None:
        rows.append(_images("Encoder's input", "encoder", step.given))
        changed = " This kind of model changes them before they are encoded."
    return Stage(
        "Batch",
        "real",
        f"{pluralize(n, 'training image')} in random order: one step of the training learns from them alone; you see "
        f"{min(n, SHOWN)}.{changed}",
        rows,
    )


def _encode(recipe: Recipe, taken: Taken) -> Stage:
    step, family, d = taken.step, recipe.family, taken.step.mean.shape[1]
    point = "a mean μ and a standard deviation σ" if family.variational else "a point z"
    numbers = pluralize(d, "latent dimension")
    drawn = _stems("μ ± σ" if family.variational else "z", "latent", step.mean, taken.order, step.sigma)
    if family.encoder:
        name, words = "Encode", f"The encoder maps each image to {point} in {numbers}, in one pass."
    else:
        name = "Look up"
        words = f"There is no encoder: each training image has its own row of a table, {point} in {numbers}."
    notes = [] if step.rows is None else [f"row {row:,}" for row in step.rows[:SHOWN]]
    facts = f"The {min(d, DIMENSIONS)} most important of {d} dimensions." if d > DIMENSIONS else ""
    return Stage(name, "encoder", words, [_images("Image x", "real", step.images, notes), drawn], facts)


def _noisy(taken: Taken) -> list[Stage]:
    step, j = taken.step, int(taken.order[0])
    assert step.sigma is not None and step.noise is not None
    mean, sigma, noise, z = (format_sig(float(part[0, j])) for part in (step.mean, step.sigma, step.noise, step.z))
    return [
        Stage(
            "Noise ε",
            "latent",
            "Standard normal noise, new in every step. Without it the model would behave like an autoencoder.",
            [_stems("ε", "latent", step.noise, taken.order)],
        ),
        Stage(
            "z",
            "latent",
            "The draw z = μ + σ ε. Written like this (the reparameterisation trick), z depends on μ and σ by a sum and "
            "a product, and the gradient can pass through.",
            [
                _stems("μ ± σ", "latent", step.mean, taken.order, step.sigma),
                _stems("z", "latent", step.z, taken.order),
            ],
            f"First image, z{j}: {mean} + {sigma} · ({noise}) = {z}",
        ),
    ]


def _losses(recipe: Recipe, taken: Taken) -> Stage:
    step, terms = taken.step, recipe.family.terms
    notes = [
        " + ".join(format_sig(float(step.per_image[term.name][k])) for term in terms if not term.batch)
        for k in range(min(SHOWN, len(step.images)))
    ]
    parts = []
    for term in terms:
        value = format_sig(step.terms[term.name])
        parts.append(f"{taken.weights[term.weight]:.3g} × {value}" if term.weight else value)
    names = " + ".join(f"{'weight × ' if term.weight else ''}{term.title}" for term in terms)
    meanings = " ".join(f"{term.title}: {term.meaning}" for term in terms if term.meaning)
    unit = "" if recipe.likelihood == "mse" else " nats per image"
    return Stage(
        "Losses",
        "total",
        meanings or recipe.family.explanation,
        [_images("Image x", "real", step.images), _images("x̂", "decoder", step.decoded, notes)],
        f"Mean of the batch: {names} = {' + '.join(parts)} = {format_sig(step.loss)}{unit}",
    )


def _gradient(recipe: Recipe, taken: Taken) -> Stage:
    step = taken.step
    bars = [(f"encoder: {name}", norm) for name, norm in step.encoder]
    bars += [(f"decoder: {name}", norm) for name, norm in step.decoder]
    if step.table_gradient is not None:
        bars.insert(0, ("rows of the table (mean)", float(step.table_gradient.mean())))
    way = "decoder, z and encoder" if step.encoder else "decoder to the rows of the table"
    return Stage(
        "Gradient",
        "total",
        f"Backpropagation from the loss through the {way}: how each weight should change. Above, how each pixel of x̂ "
        "and each number of z should change; below, the norm of the gradient in each layer.",
        [
            Row("Direction of x̂", "heat", "decoder", -step.output_gradient[:SHOWN]),
            _stems("Direction of z", "latent", _scaled(-step.z_gradient), taken.order),
            Row("", "bars", "total", bars),
        ],
    )


def _scaled(values: np.ndarray) -> np.ndarray:
    """Vectors scaled so that the largest number is 3, which fills a plot."""
    return 3 * values / max(float(np.abs(values).max(initial=0.0)), 1e-12)


def _update(recipe: Recipe, taken: Taken, factor: int) -> Stage:
    step = taken.step
    most = float(np.abs(step.change[:SHOWN]).max(initial=0.0))
    rows = f", every row of the batch by {recipe.latent_lr * factor:g}" if step.table_gradient is not None else ""
    how = (
        f"Adam moves each weight against its averaged gradient, by about {recipe.lr * factor:g} at most{rows}"
        if recipe.optimizer == "adam"
        else f"Each weight moves against its averaged gradient, by {recipe.lr * factor:g} times its size{rows}"
    )
    if step.loss_after < step.loss:
        verdict = "The loss of these images has fallen."
    elif factor > 1:
        verdict = "The loss of these images has risen: the step was too large."
    else:
        verdict = "The loss of these images has risen. Late in a training, single steps go up as well as down."
    noise = ", with the same noise" if step.noise is not None else ""
    return Stage(
        "Update",
        "total",
        f"{how}. The same images once more{noise}. {verdict}",
        [
            _images("x̂ before", "decoder", step.decoded),
            _images("x̂ after", "decoder", step.decoded_after),
            Row("Change", "heat", "decoder", step.change[:SHOWN]),
        ],
        f"Loss {format_sig(step.loss)} → {format_sig(step.loss_after)} · largest change of a pixel "
        f"{format_sig(100 * most)} % of the way from black to white",
    )
