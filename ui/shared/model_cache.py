"""Trained models held in memory for the pages: read-only, the same object for every visitor."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import streamlit as st

from core.images.shape import GREY_28, ImageShape
from core.latent import axes as latent_axes
from core.latent import codec
from core.latent.axes import Axes
from core.runs import Run

if TYPE_CHECKING:
    from core.evaluation.search_trace import SearchTrace

T = TypeVar("T")

SLICE_SECONDS = 0.025
"""A sheet is decoded in slices of about this length: what a key press waits at most."""


class ResultCache(Generic[T]):
    """The most recently used results of searches with one model, by key; safe to use from any thread."""

    def __init__(self, most: int):
        self._most, self._lock = most, threading.Lock()
        self._results: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def keep(self, key: Hashable, result: T) -> None:
        with self._lock:
            self._results[key] = result
            while len(self._results) > self._most:
                self._results.popitem(last=False)


@dataclass
class LoadedModel:
    """A model in eval mode and what the sliders need to know of it.

    Attributes:
        name: changes whenever the weights do; the browser's name for this model.
        prior: whether it was trained towards N(0, I).
        shape: of the images it decodes.
        rate: pictures it decodes per second, measured as it goes.
        latents: latents of images, for a model without an encoder, which searches for them (`ui.shared.encode`).
        traces: searches for one image with all their steps, about 60 kB each (`ui.reconstruct.search`).
    """

    model: object
    axes: Axes
    name: str
    prior: bool
    shape: ImageShape = GREY_28
    rate: float = 1_000.0
    latents: ResultCache[np.ndarray] = field(default_factory=lambda: ResultCache(4_000))
    traces: ResultCache[SearchTrace] = field(default_factory=lambda: ResultCache(256))

    @property
    def measure(self) -> str:
        """What `axes.weight` is, in words; empty where nobody knows how much a dimension matters."""
        if not self.prior:
            return "standard deviation"
        if not self.model.kl_known:
            return ""
        return "the source's KL" if self.gan else "KL"

    @property
    def gan(self) -> bool:
        """Whether it is a generator that was trained against a discriminator."""
        return hasattr(self.model, "discriminator")

    def pictures(self, u: np.ndarray) -> np.ndarray:
        """Decoded at points u [N, d] in units of σ: `uint8` [N, 28, 28]."""
        start = time.perf_counter()
        images = codec.decode(self.model, self.axes.to_z(u), chunk=64)
        if len(u) >= 16:
            self.rate = 0.5 * self.rate + 0.5 * len(u) / (time.perf_counter() - start)
        return images

    def slice(self) -> int:
        """How many pictures fit into one slice."""
        return max(1, int(self.rate * SLICE_SECONDS))


def load(run: Run) -> LoadedModel:
    """The best weights of a run, from memory if they have not changed since.

    Raises:
        RunError: they are missing, damaged or do not fit.
    """
    return _load(str(run.path), run.weights_version())


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def _load(path: str, version: float) -> LoadedModel:
    import torch

    from core.runs.weights import load_model

    # With a training on the same cores, two threads wait for each other: one picture of the conv net took 50 ms
    # instead of 3, a sheet of the MLP 58 instead of 2. Alone, a second thread only makes large sheets 1.7 times faster.
    torch.set_num_threads(1)
    model = load_model(run := Run(Path(path)))
    held = LoadedModel(model, latent_axes.axes(model), f"{run.name}@{version}", model.has_prior, run.recipe.shape)
    held.pictures(np.zeros((32, model.latent_dim), np.float32))  # the first call is slow; then the rate is known
    return held
