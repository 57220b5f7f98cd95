"""One training step with all intermediate tensors for display, of any family that minimises a sum of loss terms.

The step uses the model's own `loss`, the family's terms and the trainer's optimiser, on a copy of the weights: the run
does not change. The state of the run's optimiser is not part of its weights: a new one first takes some steps with a
learning rate that rises from 0 (`earlier`), to have averages as in the middle of a training. The very first step of a
new Adam would move every weight by the whole learning rate, further than any step there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.images import convert
from core.latent import codec
from core.latent.forward_pass import Heard, array
from core.models.base import LatentModel, Losses, Posterior
from core.recipes.recipe import Recipe
from core.training.autoencoder_trainer import optimizer_of, weighted_sum
from core.training.lazy_adam import LazyAdam


class Batch(NamedTuple):
    """Pictures, their rows of the latent table (None for a model without one), and their labels, which only a
    conditional family looks at."""

    pictures: np.ndarray
    rows: np.ndarray | None = None
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class TrainingStep:
    """One step on B images.

    Attributes:
        images: pictures. given: what the encoder got, where that is not the images. rows: of the latent table, [B].
        mean, sigma, noise, z: as in `core.latent.forward_pass.ForwardPass`; σ and ε are None for points.
        decoded, decoded_after: pictures of the same z, or of the same image and ε after the step.
        change: their difference before rounding, float32 in the layout of pictures.
        terms, terms_after: loss terms by name, unweighted, means over images. per_image: the same before the step, [B].
        loss, loss_after: the weighted sums.
        output_gradient: of the loss with respect to the decoder's raw output, times B, in the layout of pictures.
        z_gradient: with respect to z, times B, float32 [B, d].
        encoder, decoder: (name, norm of the gradient) of each layer with weights. table_gradient: norms of the rows.
    """

    images: np.ndarray
    given: np.ndarray | None
    rows: np.ndarray | None
    mean: np.ndarray
    sigma: np.ndarray | None
    noise: np.ndarray | None
    z: np.ndarray
    decoded: np.ndarray
    decoded_after: np.ndarray
    change: np.ndarray
    terms: dict[str, float]
    terms_after: dict[str, float]
    per_image: dict[str, np.ndarray]
    loss: float
    loss_after: float
    output_gradient: np.ndarray
    z_gradient: np.ndarray
    encoder: tuple[tuple[str, float], ...]
    decoder: tuple[tuple[str, float], ...]
    table_gradient: np.ndarray | None


@dataclass
class _Forward:
    """What one evaluation of the loss leaves behind. generator: of its noise, as it then is."""

    posterior: Posterior
    heard: Heard
    losses: Losses
    generator: torch.Generator
    total: Tensor
    decoded: Tensor


def take(
    model: LatentModel,
    recipe: Recipe,
    images: np.ndarray,
    seed: int,
    weights: Mapping[str, float],
    rows: np.ndarray | None = None,
    factor: float = 1.0,
    earlier: Sequence[Batch] = (),
    labels: np.ndarray | None = None,
) -> TrainingStep:
    """One step on B pictures, uint8 [B, H, W] or [B, H, W, 3].

    Args:
        seed: of the noise ε, the same before and after the step. weights: of the loss terms, by recipe field.
        rows: of the latent table, [B], for a model that has one. factor: of the learning rates.
        earlier: batches of the steps before.
        labels: classes of the pictures, int64 [B], for a conditional family.
    """
    copied = _trainable(model)
    x = codec.image_tensor(images, copied)
    optimizer = optimizer_of(recipe, copied, x.device)
    _warm_up(copied, recipe, optimizer, earlier, seed, weights)
    for group in optimizer.param_groups:
        group["lr"] = recipe.lr * factor
    table = None
    if rows is not None and model.latent_table is not None:
        own = model.latent_table[torch.as_tensor(rows, device=x.device)]
        table = LazyAdam(own, recipe.latent_lr * factor, longest_gap=2)
    classes = None if labels is None else torch.from_numpy(np.array(labels, np.int64)).to(x.device)
    before = _forward(copied, recipe, x, seed, weights, table, classes)
    before.heard.output.retain_grad()  # gradients of intermediate tensors are dropped otherwise
    z = before.heard.z
    if not z.is_leaf:
        z.retain_grad()
    torch.autograd.backward(before.total)
    norms = [gradient_norms(network) for network in (copied.encoder, copied.decoder)]
    row_gradient = None if table is None else array(table.gradient().norm(dim=1)) * len(x)
    optimizer.step()
    copied.after_step(before.losses, before.generator)
    if table is not None:
        table.step()
    with torch.no_grad():
        after = _forward(copied, recipe, x, seed, weights, table, classes)
    return _result(images, rows, x, before, after, norms, row_gradient)


def _warm_up(
    model: LatentModel,
    recipe: Recipe,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[Batch],
    seed: int,
    weights: Mapping[str, float],
) -> None:
    """Steps with a learning rate that rises from 0; the rows of the latent table stay."""
    for k, (images, rows, labels) in enumerate(batches, 1):
        x = codec.image_tensor(images, model)
        table = None
        if rows is not None and model.latent_table is not None:
            table = LazyAdam(model.latent_table[torch.as_tensor(rows, device=x.device)], 0.0, longest_gap=2)
        classes = None if labels is None else torch.from_numpy(np.array(labels, np.int64)).to(x.device)
        taken = _forward(model, recipe, x, seed + k, weights, table, classes)
        torch.autograd.backward(taken.total)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * k / (1 + len(batches))
        optimizer.step()
        model.after_step(taken.losses, taken.generator)
        optimizer.zero_grad(set_to_none=True)


def _result(
    images: np.ndarray,
    rows: np.ndarray | None,
    x: Tensor,
    before: _Forward,
    after: _Forward,
    norms: list[tuple[tuple[str, float], ...]],
    row_gradient: np.ndarray | None,
) -> TrainingStep:
    heard, posterior, n = before.heard, before.posterior, len(x)
    sigma = None if posterior.logvar is None else torch.exp(0.5 * posterior.logvar)
    changed = heard.given is not None and not torch.equal(heard.given, x)
    output_gradient, z_gradient = heard.output.grad, heard.z.grad
    assert output_gradient is not None and z_gradient is not None
    return TrainingStep(
        images=images,
        given=convert.to_pictures(heard.given.clamp(0, 1)) if changed and heard.given is not None else None,
        rows=rows,
        mean=array(posterior.style),
        sigma=None if sigma is None else array(sigma),
        noise=None if sigma is None else array((heard.z[:, : sigma.shape[1]] - posterior.style) / sigma),
        z=array(heard.z),
        decoded=convert.to_pictures(before.decoded),
        decoded_after=convert.to_pictures(after.decoded),
        change=convert.channels_last(array(after.decoded - before.decoded)),
        terms={name: term.mean().item() for name, term in before.losses.terms.items()},
        terms_after={name: term.mean().item() for name, term in after.losses.terms.items()},
        per_image={name: array(term.expand(n)) for name, term in before.losses.terms.items()},
        loss=before.total.item(),
        loss_after=after.total.item(),
        output_gradient=convert.channels_last(array(output_gradient)) * n,
        z_gradient=array(z_gradient) * n,
        encoder=norms[0],
        decoder=norms[1],
        table_gradient=row_gradient,
    )


def _forward(
    model: LatentModel,
    recipe: Recipe,
    x: Tensor,
    seed: int,
    weights: Mapping[str, float],
    table: LazyAdam | None,
    classes: Tensor | None,
) -> _Forward:
    """The loss of a batch, as `AutoencoderTrainer.step` computes it."""
    generator = torch.Generator(x.device).manual_seed(seed)
    given = None if table is None else model.posterior(table.gather(torch.arange(len(x), device=x.device)))
    with Heard(model) as heard:
        if classes is not None and model.family.conditional:
            given = model.encode_as(x, classes)
        losses = model.loss(x, generator, given)
    terms = losses.terms
    posterior = given
    if posterior is None:
        assert heard.code is not None
        posterior = model.posterior(heard.code)
    total = weighted_sum(recipe.family.terms, [terms[t.name].mean() for t in recipe.family.terms], dict(weights))
    return _Forward(posterior, heard, losses, generator, total, model.likelihood.mean(heard.output))


def _trainable(model: LatentModel) -> LatentModel:
    """A copy whose networks can be trained, with one draw of z for each image. The latent table, which may be large, is
    shared and never written."""
    table = model.latent_table
    copied = copy.deepcopy(model, {} if table is None else {id(table): table})
    copied.importance_samples = 1  # one draw of z for each image is shown
    return copied.requires_grad_(True).train()


def gradient_norms(network: nn.Module | None) -> tuple[tuple[str, float], ...]:
    """(name, norm of the gradient with respect to its weights) of each layer, from input to output; none for None."""
    return tuple(_norms(network)) if network is not None else ()


def _norms(network: nn.Module) -> Iterator[tuple[str, float]]:
    for layer in network.children():
        if isinstance(layer, nn.Sequential):  # a network within: of a decoder behind a codebook
            yield from _norms(layer)
            continue
        weight: Any = next((p for p in layer.parameters() if p.dim() > 1 and p.grad is not None), None)
        if weight is not None:
            outputs, inputs = weight.shape[1::-1] if isinstance(layer, nn.ConvTranspose2d) else weight.shape[:2]
            kind = "convolution" if weight.dim() == 4 else "dense"
            yield f"{kind} {inputs} → {outputs}", float(weight.grad.norm())
