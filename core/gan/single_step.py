"""One training step of the discriminator and one of the generator, with all intermediate tensors for display.

The steps use the trainer's own losses (`training/gan_trainer.py`) on copies of the networks: the run does not change.
Each is the first step of a new Adam at the run's learning rate times a factor; the state of the run's optimisers is not
part of its weights.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.images import convert
from core.latent import codec, sampling
from core.latent.forward_pass import array
from core.models import adversarial_losses, networks, optimizers
from core.training import gan_trainer
from core.training.gan_trainer import MOMENTUM
from core.training.single_step import gradient_norms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.models.gan import GAN
    from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class DStep:
    """A step of D on real and generated images; G does not change.

    Attributes:
        z: float32 [B, d]. real, fake: pictures, `uint8`; D was given the fakes before they were rounded.
        real_before, fake_before, real_after, fake_after: outputs of D for the same images, float32 [B].
        loss, loss_after: loss of D before and after the step, including `penalty`.
        layers: (name, norm of the gradient with respect to its weights) of each layer of D, from input to output.
        threshold: output above which D takes an image for real, before and after.
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
    """A step of G on the outputs of D for its images; D does not change.

    Attributes:
        z, fake: as above. fake_after: the same z through the updated G. change: their difference before rounding, in
            levels from −1 to 1, float32 in the layout of pictures.
        verdict, verdict_after: outputs of D for the same z, float32 [B].
        gradient: of G's loss with respect to each pixel of its images, times B, float32 in the layout of pictures.
            Where the gradient is negative, a brighter pixel would lower the loss.
        loss, loss_after: of G. threshold: output above which D takes an image for real.
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
    """One step of D on B real pictures and as many generated ones."""
    copied = _copy(model)
    images, noise = codec.image_tensor(real, copied), _noise(copied, len(real), seed)
    with torch.no_grad():
        fake = copied.decode(noise)  # D's step needs no gradient of G
    share = None
    if recipe.adversarial == "wgan-gp":
        share = torch.from_numpy(np.random.default_rng(seed).random(len(real), np.float32)).to(images)
    moved = images[:0]  # the real images with the noise by which R1 is estimated
    if recipe.r1_estimated:
        jitter = np.random.default_rng(seed).standard_normal(images.shape, np.float32)
        moved = images + recipe.r1_noise * torch.from_numpy(jitter).to(images)

    def objective() -> tuple[Tensor, Tensor, Tensor, Tensor]:
        d = copied.discriminator
        on_real, on_fake, on_moved = d(images), d(fake), d(moved)
        loss, penalty = gan_trainer.d_losses(recipe, d, images, fake, on_real, on_fake, share, on_moved)
        return loss + penalty, penalty, on_real, on_fake

    loss, penalty, *before = objective()
    layers = _update(copied.discriminator, loss, recipe.d_lr * factor)
    loss_after, _, *after = objective()
    thresholds = [adversarial_losses.decision_threshold(recipe.adversarial, *pair).item() for pair in (before, after)]
    real_before, fake_before, real_after, fake_after = (array(output) for output in (*before, *after))
    return DStep(
        z=array(noise),
        real=real,
        fake=convert.to_pictures(fake),
        real_before=real_before,
        fake_before=fake_before,
        real_after=real_after,
        fake_after=fake_after,
        loss=loss.item(),
        loss_after=loss_after.item(),
        penalty=penalty.item(),
        layers=layers,
        threshold=(thresholds[0], thresholds[1]),
    )


def g_step(model: GAN, recipe: Recipe, real: np.ndarray, seed: int, factor: float = 1.0) -> GStep:
    """One step of G on B latent vectors. The B real pictures only determine the threshold of D."""
    copied = _copy(model)
    noise = _noise(copied, len(real), seed)
    fake = copied.decode(noise)
    fake.retain_grad()  # gradients of intermediate tensors are dropped otherwise
    verdict = copied.discriminator(fake)
    loss = gan_trainer.g_loss(recipe, verdict)
    _update(networks.learning_part(copied.decoder), loss, recipe.lr * factor)
    with torch.no_grad():
        after = copied.decode(noise)
        verdict_after = copied.discriminator(after)
        loss_after = gan_trainer.g_loss(recipe, verdict_after)
        threshold = adversarial_losses.decision_threshold(
            recipe.adversarial, copied.discriminator(codec.image_tensor(real, copied)), verdict
        )
    assert fake.grad is not None
    return GStep(
        z=array(noise),
        fake=convert.to_pictures(fake),
        fake_after=convert.to_pictures(after),
        change=convert.channels_last(array(after - fake)),
        verdict=array(verdict),
        verdict_after=array(verdict_after),
        gradient=convert.channels_last(array(fake.grad)) * len(real),
        loss=loss.item(),
        loss_after=loss_after.item(),
        threshold=threshold.item(),
    )


def _copy(model: GAN) -> GAN:
    """A copy of the model whose G and D can be trained; in eval mode, because spectral normalisation would otherwise
    update its vectors at every forward pass."""
    copied = copy.deepcopy(model).eval()
    copied.decoder.requires_grad_(True)
    copied.discriminator.requires_grad_(True)
    return copied


def _noise(model: GAN, n: int, seed: int) -> Tensor:
    return torch.from_numpy(sampling.draws(model, n, seed)).to(model.latent_mean.device)


def _update(network: nn.Module, loss: Tensor, lr: float) -> tuple[tuple[str, float], ...]:
    """Take one Adam step on the network's weights; returns (name, norm of the gradient) of each layer with weights."""
    adam = optimizers.Adam(network.parameters(), lr=lr, betas=MOMENTUM)
    loss.backward()  # type: ignore[no-untyped-call]
    norms = gradient_norms(network)
    adam.step()
    return norms
