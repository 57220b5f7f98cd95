"""The arithmetic of training: one batch, one epoch, and the exact state between them.

The hot loop talks to the device and never waits for it: losses stay there in a small table, one row per batch, and
come over only when somebody wants to see them. `training.py` decides when that is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import codes, data, frames, inference, metrics
from core.history import Row
from core.images import to_uint8
from core.latent_table import LazyAdam
from core.models import build
from core.recipe import Recipe

SEARCHED = 20
"""Steps of the search that places validation images where there is no encoder: enough to compare epochs, and about a
tenth of the time of training one."""

BINS, LEAST_PER_BIN = 50, 8
"""Points of the loss curve within one epoch, at most, and batches that each stands for, at least."""


class Trainer:
    """A model, its optimiser and its place in the data. Everything random comes from the recipe's seed.

    Attributes:
        epoch: finished epochs. batch: finished batches of the running epoch. steps: batches since the beginning.
        beta: the weight the KL has, or will have once it is warmed up.
    """

    def __init__(self, recipe: Recipe, device: torch.device, image_set: data.ImageSet | None = None):
        """`image_set`: instead of the recipe's own data set (a class of it, say)."""
        self.recipe, self.device = recipe, device
        image_set = data.load(recipe.dataset, recipe.folder) if image_set is None else image_set
        train, held_out = data.split(image_set, recipe.validation, recipe.train_images)
        self.train_images = metrics.on_device(image_set.train_images[train], device)
        self.val_images = metrics.on_device(image_set.train_images[held_out], device)
        self.shown = metrics.on_device(_one_of_each_class(image_set), device)
        self.shown_noise = torch.randn(frames.SAMPLES, recipe.latent_dim, generator=torch.Generator().manual_seed(1))

        self.model = build(recipe).to(device)
        self.optimizer = _optimizer(recipe, self.model, device)
        self.batches = math.ceil(len(self.train_images) / recipe.batch_size)
        # A row is seen once an epoch: from the first batch of one to the last batch of the next at the longest.
        self.latents = LazyAdam(codes.initial(recipe, self.train_images), recipe.latent_lr, 2 * self.batches) \
            if recipe.decoder_only else None
        self.noise = torch.Generator(device).manual_seed(recipe.seed)
        self.beta = recipe.beta
        self.epoch = self.batch = self.steps = 0
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        """A fresh permutation, a pure function of seed and epoch: a resumed run finds its order again."""
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.epoch)
        self.order = torch.randperm(len(self.train_images), generator=generator).to(self.device)
        self.sums = torch.zeros(self.batches, 2, device=self.device)  # per batch: Σ recon, Σ KL
        self.betas: list[float] = []
        self.batch = 0

    @property
    def lr(self) -> float:
        return self.optimizer.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        """The latents' rate keeps its proportion to it."""
        if self.latents is not None:
            self.latents.lr = self.recipe.latent_lr * value / self.recipe.lr
        for group in self.optimizer.param_groups:
            group["lr"] = value

    @property
    def progress(self) -> float:
        """Epochs done, the running one as a fraction."""
        return self.epoch + self.batch / self.batches

    def beta_now(self) -> float:
        """β after its warm-up so far: rising in a straight line from 0 (Bowman et al. 2016)."""
        warmup = self.recipe.beta_warmup
        return self.beta * min(1.0, self.progress / warmup) if warmup else self.beta

    def step(self) -> int:
        """One batch: forward, backward, update. Returns how many images it held."""
        size = self.recipe.batch_size
        rows = self.order[self.batch * size : (self.batch + 1) * size]
        x = metrics.as_floats(self.train_images[rows])
        if self.latents is None:
            losses = self.model.loss(x, self.noise)
        else:
            losses = self.model.loss(x, self.noise, self.model.posterior(self.latents.take(rows)))
        recon, kl, beta = losses.recon.sum(), losses.kl.sum(), self.beta_now()
        ((recon + beta * kl) / len(x)).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.latents is not None:
            self.latents.step()
        self.sums[self.batch] = torch.stack((recon.detach(), kl.detach()))
        self.betas.append(beta)
        self.batch += 1
        self.steps += 1
        return len(rows)

    def wait(self) -> None:
        """Until the device has done all it was asked to; a CPU always has."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    @property
    def epoch_done(self) -> bool:
        return self.batch == self.batches

    def finite(self) -> bool:
        """Whether the weights are numbers still. Waits for the device."""
        return all(bool(p.isfinite().all()) for p in self.model.parameters())

    def end_epoch(self) -> None:
        """Count the epoch and shuffle for the next one."""
        self.epoch += 1
        self._begin_epoch()

    def rows(self, first: int, last: int) -> list[Row]:
        """The loss curve from batch `first` to `last` of this epoch, in bins at fixed places. Waits for the device.

        A mean over images, not over batches: a short last batch counts for what it holds.
        """
        width = self._bin_width
        sums, size, n = self.sums[first:last].cpu().double().numpy(), self.recipe.batch_size, len(self.train_images)
        rows = []
        for start in range(first, last, width):
            stop = min(start + width, last)
            count = min(stop * size, n) - start * size
            part = sums[start - first : stop - first]
            recon, kl = part.sum(0) / count
            weighted = float(np.dot(part[:, 1], self.betas[start:stop])) / count
            rows.append(self._place(stop) | {
                "train_recon": float(recon), "train_kl": float(kl), "train_weighted_kl": weighted,
                "train_total": float(recon) + weighted,
            })  # fmt: skip
        return rows

    def bin_start(self, batch: int) -> int:
        """The first batch of the bin that `batch` falls into."""
        return batch // self._bin_width * self._bin_width

    @property
    def _bin_width(self) -> int:
        return max(LEAST_PER_BIN, math.ceil(self.batches / BINS))

    def _place(self, batch: int) -> Row:
        beta = self.betas[batch - 1] if batch else self.beta_now()
        return {"step": float(self.steps - self.batch + batch), "epoch": self.epoch + batch / self.batches,
                "lr": self.lr, "beta": beta}  # fmt: skip

    def validate(self) -> tuple[Row, metrics.Scores]:
        """Score the held-out images at the β of the last batch, and refresh the model's latent statistics."""
        if self.latents is not None:
            self.model.table = self.latents.now()
            codes.fit_guess(self.model, self.train_images)
        self.model.beta.fill_(self.beta)
        scores = metrics.score(self.model, self.val_images, steps=SEARCHED)
        mean, cov = metrics.moments(self._latents_of_training())
        self.model.latent_mean.copy_(mean)
        self.model.latent_cov.copy_(cov)
        self.model.kl_per_dim.copy_(torch.from_numpy(scores.kl_per_dim))
        place = self._place(self.batch)
        row = place | {
            "val_recon": scores.recon, "val_kl": scores.kl,
            "val_weighted_kl": place["beta"] * scores.kl, "val_total": scores.total(place["beta"]),
        }  # fmt: skip
        return row, scores

    def _latents_of_training(self) -> Tensor:
        """μ of training images [N, d]: all of the table, or 2,000 images that are encoded."""
        if self.latents is not None:
            return self.model.posterior(self.model.table).mean
        # Spread over the whole set: images of a folder lie sorted by class.
        spread = torch.linspace(0, len(self.train_images) - 1, min(len(self.train_images), 2_000)).long()
        return metrics.encode(self.model, self.train_images[spread.to(self.device)])

    @torch.no_grad()
    def picture(self) -> bytes:
        """Fixed images and fixed latents decoded with the weights of now: a frame, see `frames.py`."""
        x = metrics.as_floats(self.shown)
        seen = self.model.decode(inference.posterior(self.model, x).mean)
        new = self.model.decode(self.model.from_noise(self.shown_noise.to(self.device)))
        return frames.compose(*(to_uint8(part.squeeze(1)) for part in (x, seen, new)))

    def facts(self) -> dict[str, Any]:
        """The counters, for JSON. With `tensors` they are the whole state."""
        found = {"epoch": self.epoch, "batch": self.batch, "steps": self.steps, "lr": self.lr, "beta": self.beta,
                 "betas": self.betas}  # fmt: skip
        return found if self.latents is None else found | {"latents": self.latents.facts()}

    def tensors(self) -> dict[str, Tensor]:
        """Weights, optimiser, random state and the running epoch's losses, by name."""
        found = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        for i, entry in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in entry.items() if v is not None}
        if self.latents is not None:
            found |= {f"latents.{k}": v for k, v in self.latents.tensors().items()}
        return found | {"noise": self.noise.get_state(), "sums": self.sums}

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go on exactly where `tensors` and `facts` were taken. The model's own tensors must have been checked."""
        if self.latents is not None:
            self.latents.restore({k[8:]: v for k, v in tensors.items() if k.startswith("latents.")}, facts["latents"])
            self.model.table = self.latents.now()
        self.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, i, key = name.split(".", 2)
                state.setdefault(int(i), {})[key] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})
        self.noise.set_state(tensors["noise"])
        self.epoch, self.steps = facts["epoch"], facts["steps"]
        self._begin_epoch()
        self.batch, self.betas = facts["batch"], list(facts["betas"])
        self.sums.copy_(tensors["sums"])
        self.lr, self.beta = facts["lr"], facts["beta"]


def _optimizer(recipe: Recipe, model: torch.nn.Module, device: torch.device) -> torch.optim.Optimizer:
    # One kernel for all parameters instead of several for each: small models die of overhead.
    fused = device.type in ("cpu", "cuda")
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=recipe.lr, momentum=0.9, fused=fused)
    return torch.optim.Adam(model.parameters(), lr=recipe.lr, fused=fused)


def _one_of_each_class(image_set: data.ImageSet) -> np.ndarray:
    """Twelve test images: the first of each class, then others; repeated where a set holds fewer."""
    source, labels = image_set.test_images, image_set.test_labels
    if not len(source):
        source, labels = image_set.train_images, image_set.train_labels
    firsts = np.unique(labels, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(source)), firsts)
    picks = np.concatenate([firsts[np.argsort(labels[firsts])], rest])[:frames.COLUMNS]
    return source[np.resize(picks, frames.COLUMNS)]
