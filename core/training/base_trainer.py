"""Base trainer: shuffling, batching, loss sums on the device, and preview images.

The training step never waits for the device: the losses of an epoch stay there in a small table, one row per batch, and
are copied to the CPU only when `training/loop.py` reports them.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.images import convert
from core.images.convert import to_pictures
from core.latent import encoding
from core.models import build
from core.recipes import conditioning
from core.recipes.images import load_images
from core.recipes.recipe import Recipe
from core.runs import frames
from core.runs.history import Row
from core.system import devices
from core.system.plain_text import sentence
from core.system.typed_fields import check
from core.training import mapped_images

BINS, LEAST_PER_BIN = 50, 8
"""Greatest number of points of the loss curve within one epoch, and least number of batches per point."""


@dataclass(frozen=True)
class ValidationResult:
    """Result of one validation.

    Attributes:
        row: figures for the loss curves.
        objective: figure to be minimised, by which the best weights are chosen.
        kl_per_dim: KL per latent dimension, in nats [d]; empty for a GAN.
        shares: share of a GAN's samples in each class [C]; empty for other families.
    """

    row: Row
    objective: float
    kl_per_dim: np.ndarray = field(default_factory=lambda: np.zeros(0))
    shares: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def breakdown(self) -> np.ndarray:
        """Values of the second table of the run: KL per latent dimension or share per class."""
        return self.shares if len(self.shares) else self.kl_per_dim


class BaseTrainer:
    """A model and its position in the training images, epoch by epoch. All random numbers come from the recipe's seed.

    Attributes:
        epoch: finished epochs. batch: finished batches of the running epoch. steps: batches since the beginning.
        device_name: the device in words. changeable: names of the settings that may change during a training.
        per_step, per_epoch: images of a batch and of an epoch.
        loss_sums: sums for the loss curve of each batch of this epoch, [batches, columns].
        breakdown: second table of the run, as file name and columns; None for no such table.
    """

    changeable: tuple[str, ...] = ("lr",)
    breakdown: tuple[str, tuple[str, ...]] | None = None
    lr: float

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
        """
        Args:
            image_set: instead of the recipe's own data set.
            per_step: images of a batch. per_epoch: images of an epoch; 0 for all.
            columns: sums per batch.
        """
        devices.keep_memory()
        self.recipe, self.device, self.device_name = recipe, device, devices.describe(device)
        self.image_set = load_images(recipe) if image_set is None else image_set
        conditioning.check(recipe, self.image_set)
        train, held_out = data.split(self.image_set, recipe.validation, recipe.train_images)
        self.train_images = mapped_images.of_rows(self.image_set.train_images, train, device)
        self.val_images = convert.to_byte_tensor(self.image_set.train_images[held_out], device)
        self.train_labels, self.val_labels = (
            torch.from_numpy(self.image_set.train_labels[rows]).to(device) for rows in (train, held_out)
        )
        pictures, labels = _one_of_each_class(self.image_set)
        self.preview_images = convert.to_byte_tensor(pictures, device)
        self.preview_labels = torch.from_numpy(labels).to(device)
        self.model = build(recipe).to(device)
        generator = torch.Generator().manual_seed(1)
        noise = torch.randn(frames.SAMPLES, recipe.latent_dim, generator=generator)
        classes = torch.randn(frames.SAMPLES, self.model.latent_dim - self.model.style_dim, generator=generator)
        self.preview_noise = torch.cat([noise, classes], dim=1)  # the same style as in a model of as many dimensions
        self.noise = torch.Generator(device).manual_seed(recipe.seed)
        self.per_step, self.columns = per_step, columns
        self.per_epoch = min(per_epoch or len(self.train_images), len(self.train_images))
        self.batches = math.ceil(self.per_epoch / per_step)
        self.epoch = self.batch = self.steps = 0
        self.begin_epoch()

    def begin(self) -> None:
        """Prepare the first step of a new run; a resumed run skips this."""

    def current(self, name: str) -> float:
        """Value of a changeable setting."""
        return float(getattr(self, name))

    def change(self, name: str, value: float) -> None:
        """Change a changeable setting from the next batch on."""
        setattr(self, name, value)

    def single_player_step(self, player: str) -> Row:
        """Take a step with one of two players, "d" or "g"; returns its figures, none in families without players."""
        return {}

    def step(self) -> int:
        """Train on one batch. Returns the number of images in it."""
        raise NotImplementedError

    def validate(self) -> ValidationResult:
        """Measure the model on held-out images."""
        raise NotImplementedError

    def counters(self) -> dict[str, Any]:
        """Plain numbers of the state, for JSON; with `state_dict` they are the whole state."""
        raise NotImplementedError

    def check_counters(self, counters: dict[str, Any]) -> None:
        """Check the counters of a saved state before they are taken up; families add their own.

        Raises:
            KeyError, ValueError: one is missing, or no number that it can be.
        """
        for key, high in (("epoch", 1e6), ("steps", 1e12), ("batch", self.batches)):
            checked_number(key, counters[key], 0, high, whole=True)
        check(Recipe.__dataclass_fields__["lr"], counters["lr"])

    def state_dict(self) -> dict[str, Tensor]:
        """Tensors of the state by name."""
        raise NotImplementedError

    def load_state_dict(self, tensors: dict[str, Tensor], counters: dict[str, Any]) -> None:
        """Restore a state: training continues exactly where it was taken."""
        raise NotImplementedError

    def reset_optimizer(self) -> None:
        """Clear the moments of all optimisers, after a divergence."""
        raise NotImplementedError

    def begin_epoch(self) -> None:
        """Shuffle: a new permutation of the images, or the next part of one.

        The order depends on seed and epoch alone, so that a resumed run has the same one.
        """
        n = len(self.train_images)
        turn, part = divmod(self.epoch, n // self.per_epoch)
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + turn)
        order = torch.randperm(n, generator=generator)[part * self.per_epoch :][: self.per_epoch]
        self.order = order.to(self.device)
        self.loss_sums = torch.zeros(self.batches, self.columns, device=self.device)
        self.batch = 0

    def next_rows(self) -> Tensor:
        """Indices of the next batch's images, [B], or fewer at the end of an epoch."""
        return self.order[self.batch * self.per_step : (self.batch + 1) * self.per_step]

    @property
    def progress(self) -> float:
        """Finished epochs, the running one as a fraction."""
        return self.epoch + self.batch / self.batches

    def synchronize(self) -> None:
        """Wait until the device has finished all its work; a CPU always has."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    @property
    def epoch_done(self) -> bool:
        """Whether the running epoch has no batch left."""
        return self.batch == self.batches

    def finite(self) -> bool:
        """Whether all weights are finite. Waits for the device."""
        return all(bool(p.isfinite().all()) for p in self.model.parameters())

    def end_epoch(self) -> None:
        """Count the epoch and shuffle for the next one."""
        self.epoch += 1
        self.begin_epoch()

    def curve(self, first: int, last: int) -> list[Row]:
        """Rows of the loss curve for batches `first` to `last` of this epoch, in bins at fixed positions.

        Waits for the device.
        """
        sums = self.loss_sums[first:last].cpu().double().numpy()
        edges = [first, *(edge for edge in self._bin_edges if first < edge < last), last]
        return [
            self.position_row(stop) | self.loss_row(sums[start - first : stop - first], start, stop)
            for start, stop in itertools.pairwise(edges)
            if start < stop
        ]

    def loss_row(self, sums: np.ndarray, start: int, stop: int) -> Row:
        """Loss columns of one bin from the sums of its batches `start` to `stop`, [stop − start, columns]."""
        raise NotImplementedError

    def position_row(self, batch: int) -> Row:
        """Position columns of a row that ends with that batch of this epoch: step, epoch, rates and weights."""
        return {"step": float(self.steps - self.batch + batch), "epoch": self.epoch + batch / self.batches}

    def bin_start(self, batch: int) -> int:
        """First batch of the bin that contains `batch`."""
        return self._bin_edges[bisect.bisect(self._bin_edges, batch) - 1]

    @functools.cached_property
    def _bin_edges(self) -> list[int]:
        """First batch of every bin. All bins are as wide as the others, or one batch wider: the mean of the few batches
        that a fixed width would leave for the last one is noise, and looks like a jump at the end of an epoch."""
        bins = max(1, self.batches // max(LEAST_PER_BIN, math.ceil(self.batches / BINS)))
        return [k * self.batches // bins for k in range(bins)]

    def early_frames(self) -> dict[int, float]:
        """Batch of the first epoch → the part of it that is done then, for the frames that are drawn within it.

        None for a short epoch, nor for a GAN: its generator's pictures take a search, and are judged by whole epochs.
        """
        if self.batches < frames.LONG_EPOCH or self.recipe.family.adversarial:
            return {}
        return {math.ceil(part * self.batches): part for part in frames.EARLY}

    @torch.no_grad()
    def render_preview(self) -> bytes:
        """Frame of fixed images, their reconstructions and samples at fixed noise, as PNG; see `runs/frames.py`.

        Where training changes an image before it is encoded, the changed one is shown and reconstructed.
        """
        x = self.model.shown_input(convert.scale_bytes(self.preview_images))
        reconstructed = self.model.decode(encoding.encode(self.model, x, labels=self.preview_labels).mean)
        samples = self.model.decode(self.model.from_noise(self.preview_noise.to(self.device)))
        return frames.compose(*(to_pictures(part) for part in (x, reconstructed, samples)))


STATE_KEYS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
"""Tensors that Adam and gradient descent with momentum keep for a parameter."""


def flatten_state(prefix: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """State of an optimiser as named tensors, for a file."""
    return {
        f"{prefix}.{i}.{key}": torch.as_tensor(value)
        for i, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
        if value is not None
    }


def checked_number(name: str, value: Any, low: float, high: float, whole: bool = False) -> float:
    """The value, if it is a number within these bounds.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} is no number from {low:g} to {high:g}")
    if whole and not isinstance(value, int):
        raise ValueError(f"{name} is no whole number")
    return value


def copy_exactly(name: str, own: Tensor, saved: Tensor) -> None:
    """Copy a saved tensor into one of the same shape; torch alone would repeat one row for all.

    Raises:
        ValueError: it has another shape.
    """
    if own.shape != saved.shape:
        have, want = (" × ".join(map(str, t.shape)) or "one number" for t in (saved, own))
        raise ValueError(f"{name} is {have}, expected {want}")
    own.copy_(saved)


def unflatten_state(prefix: str, tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Restore the state that `flatten_state` named with this prefix.

    Raises:
        ValueError: a tensor belongs to no parameter, or has another shape than its parameter.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith(f"{prefix}."):
            i, key = name[len(prefix) + 1 :].split(".", 1)
            if not i.isdecimal() or int(i) >= len(parameters):
                raise ValueError(f"{sentence(name, 60)} belongs to no parameter")
            # A moment has its parameter's shape; a number of steps is a single number.
            if key not in STATE_KEYS or value.shape != (() if key == "step" else parameters[int(i)].shape):
                raise ValueError(f"{sentence(name, 60)} does not fit its parameter")
            state.setdefault(int(i), {})[key] = value
    for number, entry in state.items():
        if entry.keys() not in ({"momentum_buffer"}, {"step", "exp_avg", "exp_avg_sq"}):
            raise ValueError(f"the state of parameter {number} is not complete")
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _one_of_each_class(image_set: data.ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """Twelve test images and their labels: the first of each class, then others; repeated if the set holds fewer."""
    source, labels = image_set.test_images, image_set.test_labels
    if not len(source):
        source, labels = image_set.train_images, image_set.train_labels
    firsts = np.unique(labels, return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(source)), firsts)
    picks = np.concatenate([firsts[np.argsort(labels[firsts])], rest])[: frames.COLUMNS]
    picks = np.resize(picks, frames.COLUMNS)
    return source[picks], labels[picks]


LARGE = 512
"""Smallest batch, in images, for which a second thread speeds up fully connected layers."""


def threads_for(recipe: Recipe, device: torch.device) -> int:
    """Number of CPU threads that train this recipe.

    A rule, not a measurement: another number of threads adds numbers in another order, so a measurement that decided
    differently tomorrow would break "same seed, same losses". On layers as small as the MLP's a second thread gains
    little and takes a core from the page, until a batch is `LARGE` (`benchmarks/threads.py`); convolutions use all
    cores.
    """
    # A discriminator consists of convolutions, or of wide layers that get up to three batches at once.
    dense = recipe.network == "mlp" and not recipe.family.adversarial
    small = dense and recipe.batch_size < LARGE
    return 1 if small or device.type != "cpu" else devices.cores()
