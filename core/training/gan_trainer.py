"""Trainer of GANs: the steps of both players, the metrics of a round, and a state from which it resumes bit-equal.

A step of one player leaves the other unchanged: D learns from generated images that carry no gradient, and while G
learns, D's weights get no gradient and its spectral norms are not updated.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core import data, runs
from core.evaluation import classifier, metrics, sample_quality
from core.images import convert
from core.models import GAN, adversarial_losses, networks, optimizers
from core.models.base import renamed
from core.recipes.budget import ROUND_SAMPLES
from core.recipes.recipe import Recipe
from core.runs import RunError, weights
from core.runs.history import Row
from core.training.base_trainer import (
    BaseTrainer,
    ValidationResult,
    checked_number,
    copy_exactly,
    flatten_state,
    unflatten_state,
)
from core.training.events import FREEZES

MOMENTUM = (0.5, 0.99)
"""Adam's β₁ and β₂. A longer memory, β₁ = 0.9, averages gradients against outdated states of the other player (Radford
et al. 2016)."""

COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "penalty")


class GanTrainer(BaseTrainer):
    """Trainer of a discriminator D and a generator G, with an optimiser for each.

    A step is `d_steps` steps of D, each on other real images, then `g_steps` steps of G.

    Attributes:
        model: the GAN. generator: the network that is trained; `model.decoder` is the same network, or the running
            average of its weights if the recipe asks for one.
        freeze_g, freeze_d: 1 while G or D does not learn, else 0. The recipe sets them; they may change in mid-run.
    """

    changeable = ("lr", "freeze_g", "freeze_d")
    model: GAN

    def __init__(self, recipe: Recipe, device: torch.device, image_set: data.ImageSet | None = None):
        super().__init__(
            recipe,
            device,
            image_set,
            per_step=recipe.batch_size * recipe.d_steps,
            per_epoch=recipe.round_images,
            columns=2 * len(COLUMNS),
        )
        classes = len(self.image_set.classes) if classifier.has_classes(self.image_set) else 0
        self.breakdown = ("classes.csv", ("epoch", *(f"c{i}" for i in range(classes))))
        for part in (self.model.encoder, self.model.source_decoder, self.model.likelihood):
            if part is not None:
                part.requires_grad_(False)
        self.generator = copy.deepcopy(self.model.decoder) if recipe.ema else self.model.decoder
        self.model.discriminator.eval()
        learning = networks.learning_part(self.generator)
        if learning is not self.generator:
            networks.source_part(self.generator).requires_grad_(False)
        fused = device.type in ("cpu", "cuda")
        self.g_optimizer = optimizers.Adam(learning.parameters(), recipe.lr, MOMENTUM, fused=fused)
        self.d_optimizer = optimizers.Adam(self.model.discriminator.parameters(), recipe.d_lr, MOMENTUM, fused=fused)
        self._root: Tensor | None = None
        self.freeze_g, self.freeze_d = (float(recipe.freeze == player) for player in FREEZES)

    def begin(self) -> None:
        """Copy the source's weights.

        Raises:
            RunError: the source is gone or no longer fits.
        """
        recipe, model = self.recipe, self.model
        if model.source_decoder is None:
            model.kl_per_dim.fill_(1.0)  # no dimension is known to matter more than another
            return
        source = runs.open_run(recipe.source)
        theirs = weights.load_model(source, "best", self.device)
        try:
            model.source_decoder.load_state_dict(theirs.decoder.state_dict())
            model.likelihood.load_state_dict(theirs.likelihood.state_dict())
            if recipe.generator != "scratch":
                for own in {model.decoder, self.generator}:
                    networks.source_part(own).load_state_dict(theirs.decoder.state_dict())
                if model.encoder is not None and theirs.encoder is not None:
                    model.encoder.load_state_dict(theirs.encoder.state_dict())
                for name in ("mean_image", "ridge_weight", "ridge_bias") if model.has_code_regression else ():
                    getattr(model, name).copy_(getattr(theirs, name))
        except (RuntimeError, AttributeError) as error:
            raise RunError(
                f"source: the decoder of '{source.name}' does not fit this recipe ({error}). Start a new run from it."
            ) from None
        for name in ("latent_mean", "latent_cov", "kl_per_dim"):
            getattr(model, name).copy_(getattr(theirs, name))

    @cached_property
    def sample_quality(self) -> sample_quality.SampleQuality:
        """Sample-quality metrics of this data set. Its classifier, if there is none yet, is trained on first use."""
        return sample_quality.for_dataset(self.image_set)

    @property
    def lr(self) -> float:
        """Learning rate of the generator."""
        return float(self.g_optimizer.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        """The discriminator's rate keeps its ratio to the generator's."""
        # At the recipe's rate exactly the recipe's: 2e-4 · 2e-4 / 2e-4 is not 2e-4 in floating point.
        d_lr = self.recipe.d_lr if value == self.recipe.lr else self.recipe.d_lr * value / self.recipe.lr
        for optimizer, rate in ((self.g_optimizer, value), (self.d_optimizer, d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = rate

    @property
    def d_lr(self) -> float:
        """Learning rate of the discriminator."""
        return float(self.d_optimizer.param_groups[0]["lr"])

    def draw(self, n: int) -> Tensor:
        """n latent vectors of the prior, or of the Gaussian fitted to the source's latents, [n, d]."""
        noise = torch.randn(n, self.recipe.latent_dim, generator=self.noise, device=self.device)
        if self.model.has_prior:
            return noise
        if self._root is None:  # from unit vectors: the root of the covariance, row by row
            eye = torch.eye(self.recipe.latent_dim, device=self.device)
            self._root = self.model.through_latents(eye) - self.model.latent_mean
        return self.model.latent_mean + noise @ self._root

    def fakes(self, z: Tensor) -> Tensor:
        """Generated images [B, C, H, W] in [0, 1] at z [B, d]."""
        return self.model.likelihood.mean(self.generator(z))

    def step(self) -> int:
        """`d_steps` steps of D and `g_steps` of G. Returns the number of real images used."""
        rows, recipe = self.next_rows(), self.recipe
        sums = torch.zeros(2 * len(COLUMNS), device=self.device)
        for part in torch.split(rows, recipe.batch_size):
            sums += self.d_step(part)
        for _ in range(recipe.g_steps):
            sums += self.g_step(min(recipe.batch_size, len(rows)))
        self.loss_sums[self.batch] = sums
        self.batch += 1
        self.steps += 1
        return len(rows)

    def d_step(self, rows: Tensor | None = None) -> Tensor:
        """One step of the discriminator on real images, random ones by default, and as many generated ones.

        Returns the sums for the curve: Σ over images of each of `COLUMNS`, then the number of images of each.
        """
        recipe, d = self.recipe, self.model.discriminator
        if rows is None:
            rows = torch.randint(len(self.train_images), (recipe.batch_size,), generator=self.noise, device=self.device)
        x, n = convert.scale_bytes(self.train_images[rows]), len(rows)
        with torch.no_grad():
            fake = self.fakes(self.draw(n))
        frozen = bool(self.freeze_d)
        d.train(not frozen)
        with torch.set_grad_enabled(not frozen):
            # Random numbers of a penalty are drawn only if it is used: other recipes keep the ones they had before.
            moved = self._moved(x) if recipe.r1_estimated and not frozen else x[:0]
            # One pass over all: without batch normalisation the images do not influence each other.
            real_logits, fake_logits, moved_logits = d(torch.cat((x, fake, moved))).split((n, n, len(moved)))
            share = None
            if recipe.adversarial == "wgan-gp" and not frozen:
                share = torch.rand(n, generator=self.noise, device=self.device)
            loss, penalty = d_losses(
                recipe, d, x, fake, real_logits, fake_logits, share, moved_logits, penalised=not frozen
            )
        if not frozen:
            torch.autograd.backward(loss + penalty)
            self.d_optimizer.step()
            self.d_optimizer.zero_grad(set_to_none=True)
        d.eval()
        return self._sums(real_logits.detach(), fake_logits.detach(), d_loss=loss.detach(), penalty=penalty.detach())

    def _moved(self, x: Tensor) -> Tensor:
        """Real images x with the noise by which R1 is estimated."""
        noise = torch.randn(x.shape, generator=self.noise, device=self.device)
        return x + self.recipe.r1_noise * noise

    def g_step(self, n: int | None = None) -> Tensor:
        """One step of the generator on n new images; returns sums as `d_step` does."""
        recipe, n = self.recipe, n or self.recipe.batch_size
        frozen = bool(self.freeze_g)
        with _frozen(self.model.discriminator), torch.set_grad_enabled(not frozen):
            logits = self.model.discriminator(self.fakes(self.draw(n)))
            loss = g_loss(recipe, logits)
            if not frozen:
                torch.autograd.backward(loss)
                self.g_optimizer.step()
                self.g_optimizer.zero_grad(set_to_none=True)
                self._average()
        return self._sums(logits[:0].detach(), logits[:0].detach(), g_loss=loss.detach(), n=n)

    @torch.no_grad()
    def _average(self) -> None:
        """Update the running average of G's weights (Yazıcı et al. 2019), faster in the first steps.

        Not `torch.optim.swa_utils.AveragedModel`: its first update copies the weights instead of averaging, and its own
        counter would have to agree with `steps` after every resume.
        """
        if not self.recipe.ema:
            return
        keep = min(self.recipe.ema, (1 + self.steps) / (10 + self.steps))
        for mean, now in zip(self.model.decoder.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)

    def _sums(self, real: Tensor, fake: Tensor, n: int = 0, **losses: Tensor) -> Tensor:
        """Row of `loss_sums`: each figure times its number of images, then those numbers."""
        n = len(real) or n
        values = dict.fromkeys(COLUMNS, torch.zeros((), device=self.device)) | losses
        counts = dict.fromkeys(COLUMNS, 0) | dict.fromkeys(losses, n)
        if len(real):
            threshold = adversarial_losses.decision_threshold(self.recipe.adversarial, real, fake)
            values |= {"d_real": (real > threshold).float().mean(), "d_fake": (fake <= threshold).float().mean()}
            counts |= {"d_real": n, "d_fake": n}
        return torch.stack(
            [values[c] * counts[c] for c in COLUMNS]
            + [torch.as_tensor(float(counts[c]), device=self.device) for c in COLUMNS]
        )

    def loss_row(self, sums: np.ndarray, start: int, stop: int) -> Row:
        """Means over the images of the batches `start` to `stop`; `sums`: as `d_step` returns them, by batch."""
        values, counts = np.split(sums.sum(0), 2)
        return {c: float(v / n) for c, v, n in zip(COLUMNS, values, counts, strict=True) if n}

    def position_row(self, batch: int) -> Row:
        return super().position_row(batch) | {"lr": self.lr, "d_lr": self.d_lr}

    def single_player_step(self, player: str) -> Row:
        """One step of "d" or "g" out of turn. Returns its figures, which belong to no curve."""
        sums = self.d_step() if player == "d" else self.g_step()
        return self.loss_row(sums[None].cpu().double().numpy(), 0, 1)

    def validate(self) -> ValidationResult:
        """Sample-quality metrics of fixed samples, and the error of encoding and generating held-out images."""
        measured = asdict(self.sample_quality.measure(sample_quality.generate(self.model, ROUND_SAMPLES)))
        shares = measured.pop("shares")
        row = self.position_row(self.batch) | {
            f"val_{name}": value for name, value in measured.items() if value == value
        }
        if self.model.encoder is not None:
            row["val_mse"] = metrics.reconstruction_mse(self.model, self.val_images)
        return ValidationResult(row, measured["frechet"], shares=shares)

    def counters(self) -> dict[str, Any]:
        """Plain numbers of the state, for JSON; with `state_dict` they are the whole state."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "steps": self.steps,
            "lr": self.lr,
            "freeze_g": self.freeze_g,
            "freeze_d": self.freeze_d,
        }

    def check_counters(self, counters: dict[str, Any]) -> None:
        super().check_counters(counters)
        for name in FREEZES.values():
            checked_number(name, counters.get(name, 0.0), 0, 1)

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors of the state: weights, both optimisers, random state and the running epoch's losses, by name."""
        found = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        if self.recipe.ema:
            found |= {f"generator.{k}": v for k, v in self.generator.state_dict().items()}
        return (
            found
            | flatten_state("g_optimizer", self.g_optimizer)
            | flatten_state("d_optimizer", self.d_optimizer)
            | {"noise": self.noise.get_state(), "sums": self.loss_sums}
        )

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore a state. The model's own tensors must have been checked.

        Raises:
            KeyError, RuntimeError, ValueError: the state is of another trainer.
        """
        self.model.load_state_dict(renamed({k[6:]: v for k, v in tensors.items() if k.startswith("model.")}))
        if self.recipe.ema:
            self.generator.load_state_dict({k[10:]: v for k, v in tensors.items() if k.startswith("generator.")})
        unflatten_state("g_optimizer", tensors, self.g_optimizer)
        unflatten_state("d_optimizer", tensors, self.d_optimizer)
        self.noise.set_state(tensors["noise"])
        self.epoch, self.steps = counters["epoch"], counters["steps"]
        self.begin_epoch()
        self.batch = counters["batch"]
        copy_exactly("sums", self.loss_sums, tensors["sums"])
        self.lr = counters["lr"]
        for name in FREEZES.values():  # an older state has none: then the recipe's hold
            setattr(self, name, float(counters.get(name, getattr(self, name))))

    def reset_optimizer(self) -> None:
        """Clear the moments of both optimisers, and restart G from its running average."""
        self.g_optimizer.state.clear()
        self.d_optimizer.state.clear()
        self.generator.load_state_dict(self.model.decoder.state_dict())


def d_losses(
    recipe: Recipe,
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    real_output: Tensor,
    fake_output: Tensor,
    share: Tensor | None,
    moved_output: Tensor,
    penalised: bool = True,
) -> tuple[Tensor, Tensor]:
    """Loss of the discriminator from its outputs [B] for real and generated images [B, C, H, W], and its weighted
    penalty, [] each.

    Args:
        share: positions at which the gradient penalty is taken, [B] (`adversarial_losses.gradient_penalty`); only for
            wgan-gp. moved_output: outputs for the real images with noise of `recipe.r1_noise`, [B]; used only where R1
            is estimated. penalised: False for a frozen discriminator, whose penalty would not be used.
    """
    loss = adversarial_losses.d_loss(recipe.adversarial, real_output, fake_output, recipe.label_smoothing)
    if not penalised:
        return loss, real.new_zeros(())
    exact = 0.0 if recipe.r1_estimated else recipe.r1
    penalty = adversarial_losses.penalty(discriminator, real, fake, share, recipe.gradient_penalty, exact)
    if recipe.r1_estimated:
        penalty = penalty + recipe.r1 * adversarial_losses.r1_estimate(real_output, moved_output, recipe.r1_noise)
    return loss, penalty


def g_loss(recipe: Recipe, fake_output: Tensor) -> Tensor:
    """Loss of the generator from the discriminator's outputs [B] for its images, []."""
    return adversarial_losses.g_loss(recipe.adversarial, fake_output)


@contextlib.contextmanager
def _frozen(part: nn.Module) -> Iterator[None]:
    """Compute no gradient for the weights of a network within this context: D's, while G learns."""
    part.requires_grad_(False)
    try:
        yield
    finally:
        part.requires_grad_(True)
