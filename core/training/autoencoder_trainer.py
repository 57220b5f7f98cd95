"""The arithmetic of training families that redraw images: one batch, one validation, and the exact state between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.evaluation import metrics
from core.images import convert
from core.latent import encoding, pca
from core.recipes.duration import SEARCHED
from core.recipes.recipe import Recipe
from core.runs.history import Row
from core.system import devices
from core.training import latent_init
from core.training.base_trainer import BaseTrainer, ValidationResult, flatten_state, unflatten_state
from core.training.lazy_adam import LazyAdam

RISE, FIRST, LAST = 0.25, 1 / 25, 1 / 100
"""The schedule one-cycle: the share of all steps in which the learning rate rises, and what it begins and ends with, as
shares of the largest. Not 0 at the end: a run that is given more epochs later goes on with the smallest steps."""


def one_cycle(done: float) -> float:
    """The share of the largest learning rate after a share `done` of all steps: up along half a cosine, then down along
    another (Smith & Topin 2018)."""
    if done < RISE:
        low, way = FIRST, 1.0 - done / RISE
    else:
        low, way = LAST, min(1.0, (done - RISE) / (1.0 - RISE))
    return low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * way))


class AutoencoderTrainer(BaseTrainer):
    """A model, its optimiser and its place in the data.

    Attributes:
        lr: the learning rate, or the largest one of a schedule.
        beta: the weight the KL has, or will have once it is warmed up.
        parts: the table of validation KL per latent dimension: file, columns.
    """

    def __init__(self, recipe: Recipe, device: torch.device, image_set: data.ImageSet | None = None):
        """`image_set`: instead of the recipe's own data set (a class of it, say)."""
        self.betas: list[float] = []
        super().__init__(recipe, device, image_set, per_step=recipe.batch_size)
        self.parts = ("kl.csv", ("epoch", *(f"z{i}" for i in range(recipe.latent_dim)))) if recipe.variational else None
        self.optimizer = _optimizer(recipe, self.model, device)
        # A row is seen once an epoch: from the first batch of one to the last batch of the next at the longest.
        self.latents = (
            LazyAdam(latent_init.initial_table(recipe, self.train_images), recipe.latent_lr, 2 * self.batches)
            if recipe.decoder_only
            else None
        )
        self.lr, self.beta = recipe.lr, recipe.beta
        self.mixed = recipe.precision == "mixed" and devices.has_bfloat16(device)
        self.device_name += " with bfloat16" if self.mixed else ""

    def begin_epoch(self) -> None:
        super().begin_epoch()
        self.betas = []

    def lr_at(self, progress: float) -> float:
        """The learning rate after so many epochs."""
        if self.recipe.schedule == "constant":
            return self.lr
        return self.lr * one_cycle(progress / self.recipe.epochs)

    def _set_rates(self) -> None:
        """The latents' rate keeps its proportion to the other."""
        lr = self.lr_at(self.progress)
        if self.latents is not None:
            self.latents.lr = self.recipe.latent_lr * (lr / self.recipe.lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def beta_now(self) -> float:
        """β after its warm-up so far: rising in a straight line from 0 (Bowman et al. 2016)."""
        warmup = self.recipe.beta_warmup
        return self.beta * min(1.0, self.progress / warmup) if warmup else self.beta

    def step(self) -> int:
        """One batch: forward, backward, update. Returns how many images it held."""
        rows = self.next_rows()
        x = convert.scale_bytes(self.train_images[rows])
        posterior = None if self.latents is None else self.model.posterior(self.latents.take(rows))
        # Matrices are multiplied in bfloat16, everything else is done in float32 (Micikevicius et al. 2018).
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            losses = self.model.loss(x, self.noise, posterior)
        recon, kl, beta = losses.recon.sum(), losses.kl.sum(), self.beta_now()
        ((recon + beta * kl) / len(x)).backward()
        self._set_rates()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.latents is not None:
            self.latents.step()
        self.sums[self.batch] = torch.stack((recon.detach(), kl.detach()))
        self.betas.append(beta)
        self.batch += 1
        self.steps += 1
        return len(rows)

    def point(self, sums: np.ndarray, start: int, stop: int) -> Row:
        """A mean over images, not over batches: a short last batch counts for what it holds. `sums`: Σ recon, Σ KL."""
        count = min(stop * self.per_step, self.per_epoch) - start * self.per_step
        recon, kl = sums.sum(0) / count
        weighted = float(np.dot(sums[:, 1], self.betas[start:stop])) / count
        return {
            "train_recon": float(recon),
            "train_kl": float(kl),
            "train_weighted_kl": weighted,
            "train_total": float(recon) + weighted,
        }

    def place(self, batch: int) -> Row:
        beta = self.betas[batch - 1] if batch else self.beta_now()
        return super().place(batch) | {"lr": self.lr_at(self.epoch + batch / self.batches), "beta": beta}

    def validate(self) -> ValidationResult:
        """Score the held-out images at the β of the last batch, and refresh the model's latent statistics."""
        if self.latents is not None:
            self.model.table = self.latents.now()
            latent_init.fit_ridge(self.model, self.train_images)
        self.model.beta.fill_(self.beta)
        scores = metrics.score(self.model, self.val_images, steps=SEARCHED)
        mean, cov = pca.moments(self._latents_of_training().cpu().numpy())
        self.model.latent_mean.copy_(torch.from_numpy(mean))
        self.model.latent_cov.copy_(torch.from_numpy(cov))
        self.model.kl_per_dim.copy_(torch.from_numpy(scores.kl_per_dim))
        place = self.place(self.batch)
        row = place | {
            "val_recon": scores.recon,
            "val_kl": scores.kl,
            "val_weighted_kl": place["beta"] * scores.kl,
            "val_total": scores.total(place["beta"]),
        }
        return ValidationResult(row, scores.total(self.beta), scores.kl_per_dim)

    def _latents_of_training(self) -> Tensor:
        """μ of training images [N, d]: all of the table, or 2,000 images that are encoded."""
        if self.latents is not None:
            return self.model.posterior(self.model.table).mean
        # Spread over the whole set: images of a folder lie sorted by class.
        spread = torch.linspace(0, len(self.train_images) - 1, min(len(self.train_images), 2_000)).long()
        return encoding.means(self.model, self.train_images[spread.to(self.device)], metrics.CHUNK)

    def facts(self) -> dict[str, Any]:
        """The counters, for JSON. With `tensors` they are the whole state."""
        found = {
            "epoch": self.epoch,
            "batch": self.batch,
            "steps": self.steps,
            "lr": self.lr,
            "beta": self.beta,
            "betas": self.betas,
        }
        return found if self.latents is None else found | {"latents": self.latents.facts()}

    def tensors(self) -> dict[str, Tensor]:
        """Weights, optimiser, random state and the running epoch's losses, by name."""
        found = {f"model.{k}": v for k, v in self.model.state_dict().items()} | flatten_state(
            "optimizer", self.optimizer
        )
        if self.latents is not None:
            found |= {f"latents.{k}": v for k, v in self.latents.tensors().items()}
        return found | {"noise": self.noise.get_state(), "sums": self.sums}

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go on exactly where `tensors` and `facts` were taken. The model's own tensors must have been checked."""
        if self.latents is not None:
            self.latents.restore({k[8:]: v for k, v in tensors.items() if k.startswith("latents.")}, facts["latents"])
            self.model.table = self.latents.now()
        self.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
        unflatten_state("optimizer", tensors, self.optimizer)
        self.noise.set_state(tensors["noise"])
        self.epoch, self.steps = facts["epoch"], facts["steps"]
        self.begin_epoch()
        self.batch, self.betas = facts["batch"], list(facts["betas"])
        self.sums.copy_(tensors["sums"])
        self.lr, self.beta = facts["lr"], facts["beta"]

    def forget(self) -> None:
        """The optimiser begins anew: its averages are of gradients that led astray."""
        self.optimizer.state.clear()


def _optimizer(recipe: Recipe, model: torch.nn.Module, device: torch.device) -> torch.optim.Optimizer:
    # One kernel for all parameters instead of several for each: small models die of overhead.
    fused = device.type in ("cpu", "cuda")
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=recipe.lr, momentum=0.9, fused=fused)
    return torch.optim.Adam(model.parameters(), lr=recipe.lr, betas=(0.9, recipe.beta2), fused=fused)
