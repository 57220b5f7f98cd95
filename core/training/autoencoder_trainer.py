"""Trainer of all families but GANs: a training step, a validation, and a state from which it resumes bit-equal."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core import data
from core.evaluation import metrics
from core.images import convert
from core.latent import encoding, pca
from core.models import AutoDecoder, optimizers
from core.models.base import renamed
from core.recipes.budget import VALIDATION_SEARCH_STEPS
from core.recipes.family import Term
from core.recipes.recipe import Recipe
from core.runs.history import Row
from core.system import devices
from core.system.typed_fields import check
from core.training import latent_init
from core.training.base_trainer import (
    BaseTrainer,
    ValidationResult,
    checked_number,
    copy_exactly,
    flatten_state,
    unflatten_state,
)
from core.training.lazy_adam import LazyAdam

RISE, FIRST, LAST = 0.25, 1 / 25, 1 / 100
"""Schedule one-cycle: the share of all steps in which the learning rate rises, and its first and last value as shares
of the largest. Not 0 at the end: a run that is given more epochs later continues with the smallest steps."""


def one_cycle(done: float) -> float:
    """Learning rate, as a share of the largest, after a share `done` of all steps: it rises along half a cosine,
    then falls along another (Smith & Topin 2018)."""
    if done < RISE:
        low, phase = FIRST, 1.0 - done / RISE
    else:
        low, phase = LAST, min(1.0, (done - RISE) / (1.0 - RISE))
    return low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * phase))


CYCLE_RISE = 0.5
"""Share of a cycle in which the weight rises."""


def cyclic(done: float, cycles: int) -> float:
    """Share of a weight after a share `done` of all steps: in each cycle it rises from 0 to 1, then stays. 1 at the end
    of the training and after it (Fu et al. 2019, https://arxiv.org/abs/1903.10145)."""
    return 1.0 if done >= 1.0 else min(1.0, (done * cycles % 1.0) / CYCLE_RISE)


class AutoencoderTrainer(BaseTrainer):
    """Trainer of the families that minimise a weighted sum of loss terms: all but GANs.

    Attributes:
        lr: the learning rate, or the largest one of a schedule.
        classes: one-hot classes of the training images [N, C], of a conditional family; else None.
        weights: of the loss terms by recipe field (β), or what they will be at the end of their warm-up.
        optimizer: of the networks. latents: latent table with an optimiser of its own; None in families without one.
        mixed: whether layers compute in bfloat16.
    """

    def __init__(self, recipe: Recipe, device: torch.device, image_set: data.ImageSet | None = None):
        """`image_set`: instead of the recipe's own data set (a class of it, say)."""
        family = recipe.family
        self.terms, self.measures, self.lr = family.terms, family.measures, recipe.lr
        self.weights: dict[str, float] = {name: recipe.value(name) for name in family.weights}
        self.batch_weights: dict[str, list[float]] = {name: [] for name in family.weights}
        columns = len(self.terms) + len(self.measures)
        super().__init__(recipe, device, image_set, per_step=recipe.batch_size, columns=columns)
        self.model.set_training_images(len(self.train_images))
        self.changeable = ("lr", *family.weights)
        if family.variational:
            self.breakdown = ("kl.csv", ("epoch", *(f"z{i}" for i in range(recipe.latent_dim))))
        self.optimizer = optimizer_of(recipe, self.model, device)
        # A row is seen once an epoch: from the first batch of one to the last batch of the next at the longest.
        self.latents = (
            LazyAdam(latent_init.initial_table(recipe, self.train_images), recipe.latent_lr, 2 * self.batches)
            if family.latent_table
            else None
        )
        self.classes = self._classes() if family.conditional else None
        self.mixed = recipe.precision == "mixed" and devices.has_bfloat16(device)
        self.device_name += " with bfloat16" if self.mixed else ""

    def _classes(self) -> Tensor:
        """One-hot classes of the training images [N, C]; the model keeps the share of each."""
        classes = functional.one_hot(self.train_labels, self.recipe.classes).float()
        self.model.class_share.copy_(classes.mean(0))
        return classes

    def begin(self) -> None:
        if self.recipe.beside_pca:
            latent_init.start_linear(self.model, self.recipe, self.train_images)

    def begin_epoch(self) -> None:
        super().begin_epoch()
        self.batch_weights = {name: [] for name in self.weights}

    def current(self, name: str) -> float:
        return self.lr if name == "lr" else self.weights[name]

    def change(self, name: str, value: float) -> None:
        if name == "lr":
            self.lr = value
        else:
            self.weights[name] = value

    def lr_at(self, progress: float) -> float:
        """The learning rate after so many epochs."""
        if self.recipe.schedule == "constant":
            return self.lr
        return self.lr * one_cycle(progress / self.recipe.epochs)

    def _set_rates(self) -> None:
        """Set the learning rate of this step; that of the latent table keeps its ratio to it."""
        lr = self.lr_at(self.progress)
        if self.latents is not None:
            self.latents.lr = self.recipe.latent_lr * (lr / self.recipe.lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    def weights_now(self) -> dict[str, float]:
        """Weights of the loss terms at this point of their warm-up, linear from 0 (Bowman et al. 2016), or of their
        cycle (Fu et al. 2019)."""
        now = dict(self.weights)
        for term in self.terms:
            warmup = self.recipe.value(term.warmup) if term.warmup else 0.0
            cycles = self.recipe.value(term.cycles) if term.cycles else 0
            if term.weight and warmup:
                now[term.weight] = self.weights[term.weight] * min(1.0, self.progress / warmup)
            elif term.weight and cycles:
                now[term.weight] = self.weights[term.weight] * cyclic(self.progress / self.recipe.epochs, cycles)
        return now

    def step(self) -> int:
        """One batch: forward, backward, update. Returns the number of images in it."""
        rows = self.next_rows()
        x = convert.scale_bytes(self.train_images[rows])
        posterior = None if self.latents is None else self.model.posterior(self.latents.gather(rows))
        # Matrices are multiplied in bfloat16, everything else is done in float32 (Micikevicius et al. 2018).
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            if self.classes is not None:
                posterior = self.model.encode_as(x, self.classes[rows])
            found = self.model.loss(x, self.noise, posterior)
        losses = found.terms
        # A statistic of the batch counts for each of its images, so that curves weigh batches by their size.
        sums = [len(x) * losses[t.name] if t.batch else losses[t.name].sum() for t in self.terms]
        weights = self.weights_now()
        torch.autograd.backward(weighted_sum(self.terms, sums, weights) / len(x))
        self._set_rates()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.latents is not None:
            self.latents.step()
        seen = self.model.after_step(found, self.noise)
        sums += [len(x) * seen[measure.name] for measure in self.measures]
        self.loss_sums[self.batch] = torch.stack([part.detach() for part in sums])
        for name, value in weights.items():
            self.batch_weights[name].append(value)
        self.batch += 1
        self.steps += 1
        return len(rows)

    def loss_row(self, sums: np.ndarray, start: int, stop: int) -> Row:
        """Means over images, not over batches: a short last batch counts for the images it holds.

        Args:
            sums: of each loss term and each measure over the images of each batch, [stop − start, terms + measures].
        """
        count = min(stop * self.per_step, self.per_epoch) - start * self.per_step
        names = [*(t.name for t in self.terms), *(m.name for m in self.measures)]
        means = dict(zip(names, (sums.sum(0) / count).tolist(), strict=True))
        weighted = {
            t.name: float(np.dot(sums[:, i], self.batch_weights[t.weight][start:stop])) / count
            for i, t in enumerate(self.terms)
            if t.weight
        }
        return self._loss_columns("train", means, weighted) | {m.name: means[m.name] for m in self.measures}

    def _loss_columns(self, part: str, means: dict[str, float], weighted: dict[str, float]) -> Row:
        """Row of the loss columns of "train" or "val" from the means of all terms and of the weighted ones."""
        row, total = {}, 0.0
        for term in self.terms:
            row[f"{part}_{term.name}"] = means[term.name]
            if term.weight:
                row[f"{part}_weighted_{term.name}"] = weighted[term.name]
            total += weighted.get(term.name, means[term.name])
        return row | {f"{part}_total": total}

    def position_row(self, batch: int) -> Row:
        weights = {name: log[batch - 1] for name, log in self.batch_weights.items()} if batch else self.weights_now()
        return super().position_row(batch) | {"lr": self.lr_at(self.epoch + batch / self.batches)} | weights

    def validate(self) -> ValidationResult:
        """Score the held-out images with the weights of the last batch, and refresh the model's latent statistics."""
        if self.latents is not None:
            self.model.table = self.latents.materialize()
            latent_init.fit_ridge(cast(AutoDecoder, self.model), self.train_images)
        self.model.beta.fill_(self.recipe.family.prior_weight(self.weights))
        scores = metrics.score(self.model, self.val_images, steps=VALIDATION_SEARCH_STEPS, labels=self.val_labels)
        latents = self._latents_of_training().cpu().numpy()
        # Of a grid of codes the variances alone: its covariance would be larger than the networks.
        mean, cov = (latents.mean(0), latents.var(0)) if self.recipe.family.codes else pca.moments(latents)
        self.model.set_moments(torch.from_numpy(mean), torch.from_numpy(cov))
        self.model.kl_per_dim.copy_(torch.from_numpy(scores.kl_per_dim))
        position = self.position_row(self.batch)
        weighted = {t.name: position[t.weight] * scores.terms[t.name] for t in self.terms if t.weight}
        row = position | self._loss_columns("val", scores.terms, weighted)
        objective = weighted_sum(self.terms, [scores.terms[t.name] for t in self.terms], self.weights)
        return ValidationResult(row, objective, scores.kl_per_dim)

    def _latents_of_training(self) -> Tensor:
        """μ of training images [N, d]: all of the table, or 2,000 images that are encoded."""
        if self.latents is not None:
            return self.model.posterior(cast(Tensor, self.model.latent_table)).mean
        # Spread over the whole set: images of a folder lie sorted by class.
        spread = torch.linspace(0, len(self.train_images) - 1, min(len(self.train_images), 2_000)).long()
        spread = spread.to(self.device)
        return encoding.means(self.model, self.train_images[spread], metrics.CHUNK, self.train_labels[spread])

    def counters(self) -> dict[str, Any]:
        """Plain numbers of the state, for JSON; with `state_dict` they are the whole state."""
        found: dict[str, Any] = {"epoch": self.epoch, "batch": self.batch, "steps": self.steps, "lr": self.lr}
        for name, value in self.weights.items():
            found |= {name: value, f"{name}s": self.batch_weights[name]}
        return found if self.latents is None else found | {"latents": self.latents.counters()}

    def check_counters(self, counters: dict[str, Any]) -> None:
        super().check_counters(counters)
        for name in self.weights:
            field = Recipe.__dataclass_fields__[name]
            check(field, counters[name])
            if len(counters[f"{name}s"]) != counters["batch"]:
                raise ValueError(f"{name}s does not hold a number for each batch")
            for value in counters[f"{name}s"]:
                checked_number(name, value, min(0.0, field.metadata["low"]), field.metadata["high"])
        if self.latents is not None:
            self.latents.check_counters(counters["latents"])

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors of the state: weights, optimiser, random state and the running epoch's losses, by name."""
        found = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        found |= flatten_state("optimizer", self.optimizer)
        if self.latents is not None:
            found |= {f"latents.{k}": v for k, v in self.latents.state_dict().items()}
        return found | {"noise": self.noise.get_state(), "sums": self.loss_sums}

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore a state. The model's own tensors must have been checked.

        Raises:
            KeyError, RuntimeError, ValueError: the state is of another trainer.
        """
        if self.latents is not None:
            own = {k[8:]: v for k, v in tensors.items() if k.startswith("latents.")}
            self.latents.load_state_dict(own, counters["latents"])
            self.model.table = self.latents.materialize()
        self.model.load_state_dict(renamed({k[6:]: v for k, v in tensors.items() if k.startswith("model.")}))
        unflatten_state("optimizer", tensors, self.optimizer)
        self.noise.set_state(tensors["noise"])
        self.epoch, self.steps = counters["epoch"], counters["steps"]
        self.begin_epoch()
        self.batch, self.lr = counters["batch"], counters["lr"]
        for name in self.weights:
            self.weights[name], self.batch_weights[name] = counters[name], list(counters[f"{name}s"])
        # States of autoencoders once had a second column, for a KL of 0.
        copy_exactly("sums", self.loss_sums, tensors["sums"][:, : self.columns])

    def reset_optimizer(self) -> None:
        """Clear the optimiser's moments: after a divergence they hold gradients that led astray."""
        self.optimizer.state.clear()


Number = TypeVar("Number", Tensor, float)


def weighted_sum(terms: tuple[Term, ...], values: list[Number], weights: dict[str, float]) -> Number:
    """Sum of the values of loss terms with their weights."""
    total = _weighted(terms[0], values[0], weights)
    for term, value in zip(terms[1:], values[1:], strict=True):
        total = total + _weighted(term, value, weights)
    return total


def _weighted(term: Term, value: Number, weights: dict[str, float]) -> Number:
    return weights[term.weight] * value if term.weight else value


def optimizer_of(recipe: Recipe, model: torch.nn.Module, device: torch.device) -> torch.optim.Optimizer:
    """A new optimiser of the networks' weights, as a training begins with it."""
    # One kernel for all parameters instead of several for each: small models die of overhead.
    fused = device.type in ("cpu", "cuda")
    if recipe.optimizer == "sgd":
        return optimizers.SGD(model.parameters(), lr=recipe.lr, momentum=0.9, fused=fused)
    return optimizers.Adam(model.parameters(), lr=recipe.lr, betas=(0.9, recipe.beta2), fused=fused)
