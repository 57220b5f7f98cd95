"""The parts of a model's diagram from one pass of images through it: networks layer by layer, latent space, losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.recipes.family import Family
from core.recipes.recipe import Recipe
from ui.components.base import reduced
from ui.components.diagram.model_diagram import Group, Node
from ui.shared.formatting import format_sig

if TYPE_CHECKING:
    from core.latent.forward_pass import ForwardPass
    from core.models.layers import Layer

MAPS = 4
"""Feature maps of a convolution that are drawn: those that vary most."""

DIMENSIONS = 12
"""Latent dimensions that are drawn: the most important ones."""

MAP_BYTES = 1_100
"""Pixels of one small picture, at most; larger maps are sent with fewer pixels."""

NETWORKS = ("encoder", "decoder", "discriminator")


def groups(
    recipe: Recipe,
    run: ForwardPass,
    order: np.ndarray,
    weights: dict[str, float],
    sliders: np.ndarray | None = None,
) -> list[Group]:
    """The diagram of a pass.

    Args:
        order: latent dimensions, the most important ones first. weights: of the loss terms, by recipe field.
        sliders: positions [d] of the page's sliders in σ, which the bars of z show instead of z itself.
    """
    dims = order[:DIMENSIONS]
    if run.discriminator:
        return _of_gan(run, dims)
    found = _before_z(recipe.family, run, dims) if run.mean is not None else [_latent(run, dims, "z", sliders)]
    decoder = [*_network("decoder", run.decoder), Node("reconstruction", "x̂", "picture", run.decoded, [_sizes(run)])]
    found.append(Group("Decoder", "decoder", decoder))
    if run.terms:
        found.append(Group("Loss", "total", [_loss(recipe, run, weights)]))
    if run.rows is not None:
        search = Node("search", "search", "words", "no row yet: a search finds its z")
        found.append(Group("A new image", "encoder", [search], apart=True))
    return found


def _before_z(family: Family, run: ForwardPass, dims: np.ndarray) -> list[Group]:
    """Everything from the image to z."""
    latent = _latent(run, dims, "z" if run.sigma is None else "z = μ + σ ε")
    if run.sigma is not None and run.mean is not None:
        posterior = Node("posterior", "μ ± σ", "bars", run.mean[:, dims], spread=run.sigma[:, dims], names=_names(dims))
        latent = Group(latent.title, latent.role, [posterior, *latent.nodes])
    if run.images is None:
        return [latent]
    image = Node("image", "x", "picture", run.images, [_sizes(run)])
    if run.encoder:
        given = (
            [] if run.given is None else [Node("given", "changed x", "picture", run.given, ["what the encoder gets"])]
        )
        return [Group("Encoder", "encoder", [image, *given, *_network("encoder", run.encoder)]), latent]
    parts = [image]
    if family.latent_table and run.mean is not None:
        parts.append(Node("table", "table of latents", "rows", _table(run, dims), ["one row each"]))
    return [Group("Instead of an encoder", "encoder", parts), latent]


def _of_gan(run: ForwardPass, dims: np.ndarray) -> list[Group]:
    assert run.verdict is not None and run.verdict_real is not None and run.images is not None
    verdicts = [
        [
            f"G(z): {_signed(fake)}, judged {'real' if fake > run.threshold else 'generated'}",
            f"real x: {_signed(real)}, judged {'real' if real > run.threshold else 'generated'}",
        ]
        for fake, real in zip(run.verdict, run.verdict_real, strict=True)
    ]
    return [
        _latent(run, dims, "z"),
        Group(
            "Generator G", "decoder", [*_network("decoder", run.decoder), Node("fake", "G(z)", "picture", run.decoded)]
        ),
        Group(
            "Discriminator D",
            "discriminator",
            # Its last layer has one output, the verdict.
            [*_network("discriminator", run.discriminator)[:-1], Node("verdict", "D's output", "texts", verdicts)],
        ),
        Group("Its other input", "real", [Node("real", "real x", "picture", run.images, [_sizes(run)])], apart=True),
    ]


def _latent(run: ForwardPass, dims: np.ndarray, title: str, sliders: np.ndarray | None = None) -> Group:
    """The vector z. `sliders`: as in `groups`."""
    d, values = run.style.shape[1], run.z if sliders is None else sliders[None]
    shown = [f"{d} numbers" if d > 1 else "1 number"] + ([f"{len(dims)} shown"] if len(dims) < d else [])
    shown += [f"and the class ({run.classes})"] if run.classes else []
    z = Node("z", title, "bars", values[:, dims], shown, None, _names(dims), live=sliders is not None)
    if run.codes is None:
        return Group("Latent space", "latent", [z])
    rows, columns = run.codes.shape[1:]
    codes = Node("codes", "nearest codes", "maps", _grey(run.codes[:, None]), [f"{rows} × {columns} codes"])
    return Group("Latent space", "latent", [z, codes])


def _loss(recipe: Recipe, run: ForwardPass, weights: dict[str, float]) -> Node:
    lines = []
    for k in range(len(run.z)):
        texts, total = [], 0.0
        for term in recipe.family.terms:
            value, weight = float(run.terms[term.name][k]), weights[term.weight] if term.weight else 1.0
            total += weight * value
            factor = f"{weight:.3g} × " if term.weight else ""
            texts.append(f"{term.symbol}: {factor}{format_sig(value)}")
        lines.append([*texts, f"total ≈ {format_sig(total)}"] if len(texts) > 1 else texts)
    return Node("loss", "loss of this image", "texts", lines)


def _network(name: str, layers: Sequence[Layer]) -> list[Node]:
    return [
        Node(
            f"{name}.{k}",
            layer.kind,
            "maps",
            maps(layer),
            [line for line in (", ".join(filter(None, (layer.detail, layer.activation))), layer.size) if line],
        )
        for k, layer in enumerate(layers)
    ]


def maps(layer: Layer) -> np.ndarray:
    """Small grey pictures of a layer's output, uint8 [N, m, h, w]: from black, its smallest value, to white.

    A few channels of a convolution; the units of a dense layer as one picture that is almost square.
    """
    from core.models.layers import strongest_channels

    values = layer.values
    if values.ndim == 4:
        shown = values[:, strongest_channels(layer, MAPS)]
    else:
        flat = values.reshape(len(values), -1)
        columns = math.ceil(math.sqrt(flat.shape[1]))
        rows = math.ceil(flat.shape[1] / columns)
        padded = np.full((len(flat), rows * columns), flat.min(initial=0.0), flat.dtype)
        padded[:, : flat.shape[1]] = flat
        shown = padded.reshape(len(flat), 1, rows, columns)
    grey = _grey(shown)
    small = reduced(grey.reshape(-1, *grey.shape[2:]), MAP_BYTES * grey.shape[0] * grey.shape[1])
    return small.reshape(*grey.shape[:2], *small.shape[1:])


def _grey(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return np.rint(255 * (values - low) / max(high - low, 1e-12)).astype(np.uint8)


def _table(run: ForwardPass, dims: np.ndarray) -> np.ndarray:
    assert run.mean is not None
    return _grey(run.mean[:, dims])


def _names(dims: np.ndarray) -> list[str]:
    return [f"z{k}" for k in dims]


def _sizes(run: ForwardPass) -> str:
    shape = run.decoded.shape[1:]
    channels = shape[2] if len(shape) == 3 else 1
    return f"{channels} × {shape[0]} × {shape[1]}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
