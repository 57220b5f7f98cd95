"""The way through the training images that every family shares: which batch is next, and the losses of the way.

The hot loop talks to the device and never waits for it: losses stay there in a small table, one row per batch, and
come over only when somebody wants to see them. `training/loop.py` decides when that is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.images import convert
from core.images.convert import to_pictures
from core.latent import encoding
from core.models import build
from core.recipes.images import load_images
from core.recipes.recipe import Recipe
from core.runs import frames
from core.runs.history import Row
from core.system import devices

if TYPE_CHECKING:  # torch takes two seconds, and who only counts the cores needs none
    import torch

BINS, LEAST_PER_BIN = 50, 8
"""Points of the loss curve within one epoch, at most, and batches that each stands for, at least."""


@dataclass(frozen=True)
class ValidationResult:
    """What a validation found.

    Attributes:
        row: the figures for the curves.
        objective: the one to be minimised, by which the best weights are chosen.
        kl_per_dim: nats [d], and empty for a GAN. shares: a GAN's samples per class [C], else empty.
    """

    row: Row
    objective: float
    kl_per_dim: np.ndarray = field(default_factory=lambda: np.zeros(0))
    shares: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def parts(self) -> np.ndarray:
        """The one of the two that there is."""
        return self.shares if len(self.shares) else self.kl_per_dim


class BaseTrainer:
    """A model on its way through the images, epoch by epoch. Everything random comes from the recipe's seed.

    Attributes:
        epoch: finished epochs. batch: finished batches of the running epoch. steps: batches since the beginning.
        device_name: the device in words. changeable: what may be changed in mid-run. per_step, per_epoch: images.
        sums: what each batch of this epoch leaves for the curve, [batches, columns].
    """

    changeable: tuple[str, ...] = ("lr", "beta")

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        image_set: data.ImageSet | None,
        *,
        per_step: int,
        per_epoch: int = 0,
        columns: int = 2,
    ):
        """`per_epoch`: images of an epoch, if it is to be a part of the set; 0: all."""
        devices.keep_memory()
        self.recipe, self.device, self.device_name = recipe, device, devices.describe(device)
        self.image_set = load_images(recipe) if image_set is None else image_set
        train, held_out = data.split(self.image_set, recipe.validation, recipe.train_images)
        self.train_images = convert.to_byte_tensor(self.image_set.train_images[train], device)
        self.val_images = convert.to_byte_tensor(self.image_set.train_images[held_out], device)
        self.shown = convert.to_byte_tensor(_one_of_each_class(self.image_set), device)
        self.shown_noise = torch.randn(frames.SAMPLES, recipe.latent_dim, generator=torch.Generator().manual_seed(1))
        self.model = build(recipe).to(device)
        self.noise = torch.Generator(device).manual_seed(recipe.seed)
        self.per_step, self.columns = per_step, columns
        self.per_epoch = min(per_epoch or len(self.train_images), len(self.train_images))
        self.batches = math.ceil(self.per_epoch / per_step)
        self.epoch = self.batch = self.steps = 0
        self.begin_epoch()

    def begin(self) -> None:
        """Whatever is to be done once, before the first step of a run."""

    def alone(self, player: str) -> Row:
        """A step of one player where there are two, "d" or "g": what it saw. Where there are none, nothing happens."""
        return {}

    def begin_epoch(self) -> None:
        """A fresh permutation, or the next part of one: a pure function of seed and epoch, so that a resumed run finds
        its order again."""
        n = len(self.train_images)
        turn, part = divmod(self.epoch, n // self.per_epoch)
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + turn)
        order = torch.randperm(n, generator=generator)[part * self.per_epoch :][: self.per_epoch]
        self.order = order.to(self.device)
        self.sums = torch.zeros(self.batches, self.columns, device=self.device)
        self.batch = 0

    def next_rows(self) -> Tensor:
        """Which images the next batch holds, [B] or fewer at the end of an epoch."""
        return self.order[self.batch * self.per_step : (self.batch + 1) * self.per_step]

    @property
    def progress(self) -> float:
        """Epochs done, the running one as a fraction."""
        return self.epoch + self.batch / self.batches

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
        self.begin_epoch()

    def rows(self, first: int, last: int) -> list[Row]:
        """The loss curve from batch `first` to `last` of this epoch, in bins at fixed places. Waits for the device."""
        width = self._bin_width
        sums = self.sums[first:last].cpu().double().numpy()
        edges = [(start, min(start + width, last)) for start in range(first, last, width)]
        return [self.place(stop) | self.point(sums[start - first : stop - first], start, stop) for start, stop in edges]

    def point(self, sums: np.ndarray, start: int, stop: int) -> Row:
        """One point of the curve from the sums of its batches, [stop − start, columns]."""
        raise NotImplementedError

    def place(self, batch: int) -> Row:
        """Where on the axes of the curve that batch lies."""
        return {"step": float(self.steps - self.batch + batch), "epoch": self.epoch + batch / self.batches}

    def bin_start(self, batch: int) -> int:
        """The first batch of the bin that `batch` falls into."""
        return batch // self._bin_width * self._bin_width

    @property
    def _bin_width(self) -> int:
        return max(LEAST_PER_BIN, math.ceil(self.batches / BINS))

    @torch.no_grad()
    def picture(self) -> bytes:
        """Fixed images and fixed latents decoded with the weights of now: a frame, see `runs/frames.py`."""
        x = convert.scale_bytes(self.shown)
        seen = self.model.decode(encoding.encode(self.model, x).mean)
        new = self.model.decode(self.model.from_noise(self.shown_noise.to(self.device)))
        return frames.compose(*(to_pictures(part) for part in (x, seen, new)))


def flatten_state(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state as named tensors, for a file."""
    return {
        f"{prefix}.{i}.{key}": torch.as_tensor(value)
        for i, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
        if value is not None
    }


def unflatten_state(prefix: str, tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Put back what `flat` named."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith(f"{prefix}."):
            i, key = name[len(prefix) + 1 :].split(".", 1)
            state.setdefault(int(i), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _one_of_each_class(image_set: data.ImageSet) -> np.ndarray:
    """Twelve test images: the first of each class, then others; repeated where a set holds fewer."""
    source, labels = image_set.test_images, image_set.test_labels
    if not len(source):
        source, labels = image_set.train_images, image_set.train_labels
    firsts = np.unique(labels, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(source)), firsts)
    picks = np.concatenate([firsts[np.argsort(labels[firsts])], rest])[: frames.COLUMNS]
    return source[np.resize(picks, frames.COLUMNS)]


LARGE = 512
"""Images in a batch from which on a second thread pays for fully connected layers."""


def threads_for(recipe: Recipe, device: torch.device) -> int:
    """How many CPU threads train this recipe.

    A rule, not a probe: another thread count adds numbers in another order, so a probe that decided differently
    tomorrow would break "same seed, same losses". On layers as small as the MLP's a second thread gains little, or
    nothing where it sleeps at once, and takes a core that the page could have, until a batch is `LARGE`
    (`benchmarks/threads.py`); convolutions are worth every core.
    """
    dense = recipe.network == "mlp" and recipe.model != "gan"  # a discriminator is made of convolutions
    small = dense and recipe.batch_size < LARGE
    return 1 if small or device.type != "cpu" else devices.cores()
