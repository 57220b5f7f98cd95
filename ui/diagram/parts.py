"""What each part of a model's diagram is: a sentence, its formula with the numbers of the image shown, and its code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recipes.recipe import Recipe
from ui.diagram.drawing import MAPS
from ui.shared.formatting import format_sig
from ui.shared.source_code import loss_code

if TYPE_CHECKING:
    from core.latent.forward_pass import ForwardPass
    from core.models import LatentModel
    from core.models.layers import Layer

CONV = r"h_c = \mathrm{act}\Big(b_c + \sum_{k} w_{c,k} * x_k\Big)"
DENSE = r"h = \mathrm{act}\,(W x + b)"
BESIDE = r"h = \mathrm{body}(x) + W x + b"


@dataclass(frozen=True)
class Explanation:
    """A part of the diagram explained.

    Attributes:
        title: heading. words: one or two sentences, Markdown. formulas: LaTeX. code: functions and classes that run.
    """

    title: str
    words: str
    formulas: tuple[str, ...] = ()
    code: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Scene:
    """What an explanation draws on: the model, its pass, the image shown, the first latent dimension, loss weights."""

    recipe: Recipe
    model_class: type[LatentModel]
    run: ForwardPass
    at: int
    dim: int
    weights: dict[str, float]


def explain(part: str, scene: Scene) -> Explanation | None:
    """The explanation of a part by its key; None for a part that this model does not have."""
    network, _, number = part.partition(".")
    if number:
        layers = getattr(scene.run, network, ())
        return _layer(network, int(number), layers, scene) if number.isdigit() and int(number) < len(layers) else None
    known = EXPLANATIONS.get(part)
    return known(scene) if known else None


def _layer(network: str, k: int, layers: tuple[Layer, ...], scene: Scene) -> Explanation:
    from core.models import networks
    from core.models.base import bodies

    layer, here = layers[k], layers[k].values[scene.at]
    dense, beside = layer.kind == "dense", layer.kind == "linear path"
    what = (
        f"A layer beside all others: each of the {network}'s {math.prod(layer.shape):,} outputs gets a weighted sum of "
        f"its {math.prod(layer.inputs):,} inputs added"
        if beside
        else f"Each of its {int(np.prod(layer.shape)):,} numbers is a weighted sum of all inputs"
        if dense
        else f"Each of its {layer.shape[0]} feature maps is the response to one learned filter at every place"
    )
    act = f", then {layer.activation}" if layer.activation else ""
    shown = (
        "The picture shows all of them, from black (smallest) to white (largest)."
        if len(layer.shape) < 3
        else f"You see the {min(MAPS, layer.shape[0])} that vary most, from black (smallest) to white (largest)."
        if layer.shape[0] > 1
        else "The picture shows it, from black (smallest) to white (largest)."
    )
    zeros = float((here == 0).mean())
    numbers = f"This image: from {format_sig(float(here.min()))} to {format_sig(float(here.max()))}"
    numbers += f", {100 * zeros:.0f} % of them exactly 0." if zeros > 0.005 else "."
    sizes = rf"{_times(layer.inputs)} \;\to\; {_times(layer.shape)}"
    encoder, decoder = bodies(scene.recipe)
    built_by: dict[str, Any] = {
        "encoder": encoder,
        "decoder": decoder,
        "discriminator": networks.DISCRIMINATORS[scene.recipe.d_network],
    }
    formula = BESIDE if beside else DENSE if dense else CONV
    return Explanation(
        f"{network.capitalize()}, layer {k + 1} of {len(layers)}: {layer.kind}",
        f"{what}{act}. It has {layer.parameters:,} weights. {shown} {numbers}",
        (formula if layer.activation else formula.replace(r"\mathrm{act}", ""), sizes),
        (built_by[network],),
    )


def _times(shape: tuple[int, ...]) -> str:
    return r" \times ".join(map(str, shape))


def _image(scene: Scene) -> Explanation:
    from core.latent import codec

    return Explanation(
        "Image x",
        f"{scene.recipe.shape} pixels, {scene.recipe.shape.values:,} numbers from 0 (black) to 1 (white).",
        (rf"x \in [0, 1]^{{{scene.recipe.shape.values}}}",),
        (codec.image_tensor,),
    )


def _given(scene: Scene) -> Explanation:
    return Explanation(
        "What the encoder gets",
        "This kind of model changes the image before it is encoded; the loss compares with the unchanged one.",
        (scene.recipe.family.objective,) if scene.recipe.family.objective else (),
        tuple(loss_code(scene.recipe.family)),
    )


def _table(scene: Scene) -> Explanation:
    rows, model = scene.run.rows, scene.model_class
    d = scene.run.style.shape[1]
    what = "μ and log σ²" if scene.recipe.family.variational else "z"
    here = f" This image has row {int(rows[scene.at]):,}." if rows is not None else ""
    return Explanation(
        "Table of latents",
        f"There is no encoder. Each training image has its own row, {what}, and the gradient changes the row like "
        f"any other weight. The picture shows the rows of the images above.{here}",
        (rf"z_i = \mathrm{{table}}[i] \in \mathbb{{R}}^{{{d}}}",),
        (model.posterior,),
    )


def _search(scene: Scene) -> Explanation:
    from core.latent import search

    return Explanation(
        "Search instead of an encoder",
        "A new image has no row. Its latent vector is found with the decoder frozen: gradient descent on z until the "
        "decoded image fits.",
        (r"z^* = \arg\min_z \; -\log p(x \mid z) + \beta \cdot \text{prior term}",),
        (search.search,),
    )


def _posterior(scene: Scene) -> Explanation:
    run, k, j = scene.run, scene.at, scene.dim
    assert run.mean is not None and run.sigma is not None
    mean, sigma = float(run.mean[k, j]), float(run.sigma[k, j])
    kl = 0.5 * (mean**2 + sigma**2 - 1 - 2 * np.log(sigma))
    from core.models import Posterior

    return Explanation(
        "Posterior: μ and σ",
        "The image becomes a Gaussian in each latent dimension: dots are means μ, the bands reach ± σ. A σ near 1 with "
        "μ near 0 says nothing about the image.",
        (
            r"q(z \mid x) = \mathcal{N}(\mu, \mathrm{diag}\,\sigma^2)",
            r"\begin{aligned}"
            rf"\mathrm{{KL}}_{{{j}}} &= \tfrac12(\mu_{{{j}}}^2 + \sigma_{{{j}}}^2 - 1 - \ln \sigma_{{{j}}}^2) \\ "
            rf"&= \tfrac12(({format_sig(mean)})^2 + {format_sig(sigma)}^2 - 1 - \ln {format_sig(sigma)}^2) \\ "
            rf"&= {format_sig(kl)}\ \text{{nats}}\end{{aligned}}",
        ),
        (Posterior.kl, scene.model_class.posterior),
    )


def _z(scene: Scene) -> Explanation:
    from core.latent import sampling
    from core.models import Posterior

    run, k, j = scene.run, scene.at, scene.dim
    value = format_sig(float(run.z[k, j]))
    if run.sigma is not None and run.noise is not None and run.mean is not None:
        parts = [format_sig(float(part[k, j])) for part in (run.mean, run.sigma, run.noise)]
        return Explanation(
            "Latent vector z",
            "One draw from the posterior, with noise ε ~ N(0, I). Written as μ + σ ε (the reparameterisation trick), "
            "the gradient of the loss reaches μ and σ.",
            (
                r"z = \mu + \sigma \odot \varepsilon",
                rf"z_{{{j}}} = {parts[0]} + {parts[1]} \cdot ({parts[2]}) = {value}",
            ),
            (Posterior.sample, Posterior.at),
        )
    length = format_sig(float(np.linalg.norm(run.style[k])))
    if run.mean is not None:
        source = "The encoder's output" if run.encoder else "The image's row of the table"
        seen = "It is all that the decoder gets to see of the image."
        if run.codes is not None:
            seen = "A vector for each cell of the grid, which the nearest code will replace."
        return Explanation(
            "Latent vector z",
            f"{source}: one point, without noise. {seen}",
            (rf"z_{{{j}}} = {value}, \qquad \lVert z \rVert = {length}",),
            (Posterior.sample,),
        )
    return Explanation(
        "Latent vector z",
        "The point of the latent space that is decoded. No image goes in: any z gives a picture."
        + (f" The decoder is told the class beside it, by {run.classes} weights." if run.classes else ""),
        (rf"z_{{{j}}} = {value}, \qquad \lVert z \rVert = {length}",),
        (sampling.prior, scene.model_class.from_noise),
    )


def _codes(scene: Scene) -> Explanation | None:
    run, recipe = scene.run, scene.recipe
    if run.codes is None:
        return None
    size, cells = int(recipe.value("codebook_size")), run.codes[scene.at].size
    bits = cells * math.log2(size)
    return Explanation(
        "Codes",
        f"In each cell the nearest of {size} entries of the codebook takes the place of z: {cells} codes, "
        f"{bits:,.0f} bits, are all that the decoder gets to see. The picture shows their numbers, from black (code 0) "
        "to white. The gradient passes this step unchanged, as if nothing had been replaced.",
        (r"k_i = \arg\min_k \lVert z_i - e_k \rVert",),
        (scene.model_class.codes, scene.model_class.losses_at),  # type: ignore[attr-defined]
    )


def _reconstruction(scene: Scene) -> Explanation:
    from core.models import likelihood

    recipe = scene.recipe
    mean = float(scene.run.decoded[scene.at].mean()) / 255
    made = "Reconstruction x̂" if scene.run.images is not None else "Decoded image x̂"
    raw = "output, a logit for each value," if recipe.likelihood == "bernoulli" else "output"
    return Explanation(
        made,
        f"The mean of p(x | z): the likelihood turns the decoder's raw {raw} into pixels from 0 to 1. Where several "
        f"images fit the same z, it is their average, which looks blurred. Mean pixel here: {format_sig(mean)}.",
        (r"\hat{x} = \mathbb{E}[x \mid z]",),
        (type(likelihood.build(recipe.likelihood, recipe.sigma)).mean, scene.model_class.decode),
    )


def _loss(scene: Scene) -> Explanation:
    family, run = scene.recipe.family, scene.run
    parts, total = [], 0.0
    for term in family.terms:
        value, weight = float(run.terms[term.name][scene.at]), scene.weights[term.weight] if term.weight else None
        total += value if weight is None else weight * value
        parts.append(f"{value:.2f}" if weight is None else rf"{weight:.3g} \cdot {value:.2f}")
    unit = "" if scene.recipe.likelihood == "mse" else r"\ \text{nats}"
    meanings = " ".join(f"{term.title}: {term.meaning}" for term in family.terms if term.meaning)
    return Explanation(
        "Loss of this image",
        f"{meanings} Training makes the mean over all images small.",
        (*((family.objective,) if family.objective else ()), rf"{' + '.join(parts)} = {total:.2f}{unit}"),
        tuple(loss_code(family)),
    )


def _fake(scene: Scene) -> Explanation:
    from core.models import adversarial_losses

    return Explanation(
        "Generated image G(z)",
        "It does not have to match any image, only to pass for a real one.",
        (r"x_{\text{fake}} = G(z)",),
        (scene.model_class.decode, adversarial_losses.g_loss),
    )


def _real(scene: Scene) -> Explanation:
    from core.latent import codec

    return Explanation(
        "Real images",
        "Only the discriminator sees them. It gets as many real images as generated ones.",
        (rf"x \in [0, 1]^{{{scene.recipe.shape.values}}}",),
        (codec.image_tensor,),
    )


def _verdict(scene: Scene) -> Explanation:
    from core.models import adversarial_losses

    run = scene.run
    assert run.verdict is not None and run.verdict_real is not None
    fake, real = (format_sig(float(v[scene.at])) for v in (run.verdict, run.verdict_real))
    return Explanation(
        "D's output",
        f"One number, large for images that D takes for real: above {format_sig(run.threshold)} in this run. Its "
        "gradient with respect to the pixels is all that G learns from.",
        (rf"D(G(z)) = {fake}, \qquad D(x) = {real}",),
        (adversarial_losses.d_loss, adversarial_losses.decision_threshold),
    )


EXPLANATIONS = {
    "image": _image,
    "given": _given,
    "table": _table,
    "search": _search,
    "posterior": _posterior,
    "z": _z,
    "codes": _codes,
    "reconstruction": _reconstruction,
    "loss": _loss,
    "fake": _fake,
    "real": _real,
    "verdict": _verdict,
}
"""Parts that are no layers, by key."""
