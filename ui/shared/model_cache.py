"""Trained models held in memory for the pages: read-only, the same object for every visitor."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import streamlit as st

from core.images.shape import ImageShape
from core.jobs import search
from core.latent import axes as latent_axes
from core.latent import codec
from core.latent.axes import Axes
from core.recipes.recipe import Recipe
from core.runs import Run
from core.runs.shown_weights import shown_weights

if TYPE_CHECKING:
    from core.evaluation.search_trace import SearchTrace
    from core.models import LatentModel

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
        recipe: of the run. name: changes whenever the weights do; the browser's name for this model.
        run: whose weights they are. version: of the weights, `Run.weights_version`.
        prior: whether it was trained towards N(0, I).
        rate: pictures it decodes per second, measured as it goes.
        latents, sigmas: latents of images and the σ of their posteriors, for a model without an encoder, which searches
            for them (`ui.shared.encode`).
        traces: searches for one image with all their steps, about 60 kB each (`ui.reconstruct.search`).
        decoder_file: the decoder for the browser, once it was asked for; empty where there is none
            (`ui.shared.decoder_files`).
    """

    model: LatentModel
    recipe: Recipe
    axes: Axes
    name: str
    prior: bool
    run: Run
    version: int
    rate: float = 1_000.0
    latents: ResultCache[np.ndarray] = field(default_factory=lambda: ResultCache(4_000))
    sigmas: ResultCache[np.ndarray] = field(default_factory=lambda: ResultCache(4_000))
    traces: ResultCache[SearchTrace] = field(default_factory=lambda: ResultCache(256))
    decoder_file: bytes | None = None

    @property
    def measure(self) -> str:
        """Name of the measure in `axes.weight`; empty where the weight of a dimension is not known."""
        if self.prior and not self.model.kl_known:
            return ""
        if not (self.prior and self.model.variational):
            return "standard deviation"
        return "the source's KL" if self.adversarial else "KL"

    @property
    def shape(self) -> ImageShape:
        """Channels, height and width of its images."""
        return self.recipe.shape

    @property
    def conditional(self) -> bool:
        """Whether its latent vectors end with the weights of classes."""
        return self.recipe.family.conditional

    @property
    def adversarial(self) -> bool:
        """Whether it is a generator that was trained against a discriminator."""
        return self.recipe.family.adversarial

    def pictures(self, sigma_units: np.ndarray) -> np.ndarray:
        """Decoded pictures of points [N, d] in units of σ: uint8 [N, H, W] or [N, H, W, 3]."""
        start = time.perf_counter()
        images = codec.decode(self.model, self.axes.to_z(sigma_units), chunk=64)
        if len(sigma_units) >= 16:
            self.rate = 0.5 * self.rate + 0.5 * len(sigma_units) / (time.perf_counter() - start)
        return images

    def slice_size(self) -> int:
        """Number of pictures that are decoded in one slice."""
        return max(1, int(self.rate * SLICE_SECONDS))


_IN_MEMORY: WeakValueDictionary[str, LoadedModel] = WeakValueDictionary()


def in_memory(name: str) -> LoadedModel | None:
    """The model of that `LoadedModel.name`, if a page holds it; it is not loaded for this."""
    return _IN_MEMORY.get(name)


def load(run: Run) -> LoadedModel:
    """The model of a run with its best weights (of an experiment's run with its last ones: `shown_weights`), from
    memory if they have not changed since.

    Raises:
        RunError: they are missing, damaged or do not fit.
    """
    return _load(str(run.path), run.weights_version())


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def _load(path: str, version: int) -> LoadedModel:
    import torch

    from core.runs.weights import load_model

    # Beside a training on the same cores, two threads wait for each other: one picture of the conv net took 50 ms
    # instead of 3, a sheet of the MLP 58 instead of 2. Alone, a second thread only makes large sheets 1.7 times faster.
    torch.set_num_threads(1)
    run = Run(Path(path))
    model = load_model(run, shown_weights(run))
    name = f"{run.name}@{version}"
    loaded = LoadedModel(model, run.recipe, latent_axes.axes(model), name, model.has_prior, run, version)
    _IN_MEMORY[name] = loaded
    if model.encoder is None:
        search.warm()  # its process imports torch meanwhile
    loaded.pictures(np.zeros((32, model.latent_dim), np.float32))  # the first call is slow; then the rate is known
    return loaded
