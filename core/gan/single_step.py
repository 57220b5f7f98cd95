"""One step of the discriminator and one of the generator in slow motion: every tensor on the way, kept to be looked at.

Both steps are taken on copies, so the run stays as it is to the bit. Each is the first step of a fresh Adam at the
run's learning rate times a factor: the optimiser's memory of earlier steps is no part of the weights.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.images.convert import to_uint8
from core.latent import codec, sampling
from core.models import adversarial_losses
from core.training.gan_trainer import MOMENTUM

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.models.gan import GAN
    from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class DStep:
    """D learns from real and from generated images; G is not touched.

    Attributes:
        z: float32 [B, d]. real, fake: `uint8` [B, 28, 28]; D was shown fakes before they were rounded to grey levels.
        real_before, fake_before, real_after, fake_after: D's verdicts on the same images, float32 [B].
        loss, loss_after: of D, its penalty included; the penalty apart.
        layers: (name, norm of the loss's gradient by its weights) for each layer of D, from the image on.
        threshold: the verdict above which D takes an image for real, before and after.
    """

    z: np.ndarray
    real: np.ndarray
    fake: np.ndarray
    real_before: np.ndarray
    fake_before: np.ndarray
    real_after: np.ndarray
    fake_after: np.ndarray
    loss: float
    loss_after: float
    penalty: float
    layers: tuple[tuple[str, float], ...]
    threshold: tuple[float, float]


@dataclass(frozen=True)
class GStep:
    """G learns from D's verdict on its images; D is not touched.

    Attributes:
        z, fake: as above; fake_after: the same z through the updated G, before it is rounded: `change` is their
            difference in grey levels from −1 to 1, float32 [B, 28, 28].
        verdict, verdict_after: D's, on the same z, float32 [B].
        gradient: of G's loss by each pixel of its images, times B: float32 [B, 28, 28]. Where it is negative, more ink
            would lower the loss.
        loss, loss_after: of G. threshold: the verdict above which D takes an image for real.
    """

    z: np.ndarray
    fake: np.ndarray
    fake_after: np.ndarray
    change: np.ndarray
    verdict: np.ndarray
    verdict_after: np.ndarray
    gradient: np.ndarray
    loss: float
    loss_after: float
    threshold: float


def d_step(model: GAN, recipe: Recipe, real: np.ndarray, seed: int, factor: float = 1.0) -> DStep:
    """One step of D on real `uint8` images [B, 28, 28] and as many generated ones."""
    copied = _copy(model)
    images, noise = codec.image_tensor(real, copied), _noise(copied, len(real), seed)
    with torch.no_grad():
        fake = copied.decode(noise)  # no gradient: D's loss is none of G's business
    share = None
    if recipe.adversarial == "wgan-gp":
        share = torch.from_numpy(np.random.default_rng(seed).random(len(real), np.float32)).to(images)

    def objective() -> tuple[Tensor, Tensor, Tensor, Tensor]:
        said = copied.discriminator(images), copied.discriminator(fake)
        loss = adversarial_losses.d_loss(recipe.adversarial, *said, recipe.label_smoothing)
        extra = adversarial_losses.penalty(
            copied.discriminator, images, fake, share, recipe.gradient_penalty, recipe.r1
        )
        return loss + extra, extra, *said

    loss, penalty, *before = objective()
    layers = _update(copied.discriminator, loss, recipe.d_lr * factor)
    loss_after, _, *after = objective()
    line = tuple(adversarial_losses.decision_threshold(recipe.adversarial, *said).item() for said in (before, after))
    verdicts = [_array(said) for said in (*before, *after)]
    return DStep(
        _array(noise),
        real,
        to_uint8(fake)[:, 0],
        *verdicts,
        loss.item(),
        loss_after.item(),
        penalty.item(),
        layers,
        line,
    )


def g_step(model: GAN, recipe: Recipe, real: np.ndarray, seed: int, factor: float = 1.0) -> GStep:
    """One step of G from as many z as there are real `uint8` images [B, 28, 28], which only say where D's line is."""
    copied = _copy(model)
    noise = _noise(copied, len(real), seed)
    fake = copied.decode(noise)
    fake.retain_grad()  # an image on the way is no weight: its gradient would be thrown away
    verdict = copied.discriminator(fake)
    loss = adversarial_losses.g_loss(recipe.adversarial, verdict)
    _update(copied.decoder, loss, recipe.lr * factor)
    with torch.no_grad():
        after = copied.decode(noise)
        verdict_after = copied.discriminator(after)
        loss_after = adversarial_losses.g_loss(recipe.adversarial, verdict_after)
        line = adversarial_losses.decision_threshold(
            recipe.adversarial, copied.discriminator(codec.image_tensor(real, copied)), verdict
        )
    return GStep(
        _array(noise),
        to_uint8(fake)[:, 0],
        to_uint8(after)[:, 0],
        _array(after - fake)[:, 0],
        _array(verdict),
        _array(verdict_after),
        _array(fake.grad)[:, 0] * len(real),
        loss.item(),
        loss_after.item(),
        line.item(),
    )


def _copy(model: GAN) -> GAN:
    """The model, to be changed: G and D can learn, in eval mode, so that looking moves nothing (spectral normalisation
    would turn its vectors at every look)."""
    copied = copy.deepcopy(model).eval()
    copied.decoder.requires_grad_(True)
    copied.discriminator.requires_grad_(True)
    return copied


def _noise(model: GAN, n: int, seed: int) -> Tensor:
    return torch.from_numpy(sampling.draws(model, n, seed)).to(model.latent_mean.device)


def _update(network: nn.Module, loss: Tensor, lr: float) -> tuple[tuple[str, float], ...]:
    """Move the network's weights, and nothing else, along the loss; (name, gradient's norm) of each layer's weights."""
    adam = torch.optim.Adam(network.parameters(), lr=lr, betas=MOMENTUM)
    loss.backward()
    norms = []
    for layer in network:
        weights = [w for name, w in layer.named_parameters() if w.dim() > 1 and w.grad is not None]
        if weights:
            shape = " → ".join(map(str, reversed(weights[0].shape[:2])))
            name = f"{'convolution' if weights[0].dim() == 4 else 'dense'} {shape}"
            norms.append((name, float(weights[0].grad.norm())))
    adam.step()
    return tuple(norms)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy()
