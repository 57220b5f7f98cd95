"""Images of a map, their latents and pixels.

The images are chosen and encoded once, and all large arrays are read-only, so that each is hashed once
(`core.system.content_digest`) and not at every rerun.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.embedding import inputs, store
from core.embedding.settings import Settings
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.runs.weights_digest import weights_digest
from core.system import cache
from core.system.content_digest import content_digest


@dataclass(frozen=True, eq=False)
class ImageSubset:
    """The images of a map.

    Attributes:
        images: their data set. ids: their numbers, int64 [n]; labels: classes [n], −1 for none.
        pictures: uint8 [n, H, W] or [n, H, W, 3].
        name: a digest of labels and pictures, with the data set's name.
    """

    images: ImageSet
    ids: np.ndarray
    labels: np.ndarray
    pictures: np.ndarray
    name: str


def subset_of(images: ImageSet, n: int, *recipes: Recipe) -> ImageSubset:
    """The n images of a map, or of two maps; `recipes`: of the runs whose latents are shown."""
    chosen = inputs.subset(images, n, *recipes)
    digest = cache.digest(content_digest(chosen.pictures), content_digest(chosen.labels))
    name = f"{images.name}:{len(chosen.ids)}:{digest}"
    return ImageSubset(images, chosen.ids, chosen.labels, chosen.pictures, name)


def latents(run: Run, subset: ImageSubset, weights: str = "") -> np.ndarray:
    """μ of the images, float32 [n, d], from memory if they were encoded with these weights before.

    Args:
        weights: digest of the weights, by default of the newest. Those of earlier ones are found in memory only.
    Raises:
        RunError: the run's weights cannot be used, or are others by now and the latents are not in memory.
    """
    return _latents(str(run.path), weights or weights_digest(run), subset.name, _subset=subset)


@st.cache_resource(max_entries=6, show_spinner="Encoding the images …")
def _latents(path: str, weights: str, subset: str, _subset: ImageSubset) -> np.ndarray:
    import torch

    torch.set_num_threads(1)  # as `ui.shared.model_cache`: two threads would wait for a training on the same cores
    run = Run(Path(path))
    if weights_digest(run) != weights:  # they would be kept as those of other weights
        raise RunError(f"'{run.name}' has newer weights. Open the map again.")
    rows = inputs.table_rows(_subset.images, _subset.ids, run.recipe)
    return inputs.latents(run, _subset.pictures, rows, _subset.labels)


def pixels(subset: ImageSubset) -> np.ndarray:
    """The images as vectors of grey levels or colour values from 0 to 1, float32 [n, values]."""
    return _pixels(subset.name, _pictures=subset.pictures)


@st.cache_resource(max_entries=2, show_spinner=False)
def _pixels(subset: str, _pictures: np.ndarray) -> np.ndarray:
    return inputs.pixels(_pictures)


def vectors(
    run: Run | None, subset: ImageSubset, settings: Settings, backend: str, weights: str = ""
) -> tuple[np.ndarray, str]:
    """(the input of a map, float32 [n, d]; the key of the map in the cache).

    Args:
        weights: as in `latents`.
    Raises:
        RunError: latents are asked for, and the run's weights cannot be used.
    """
    x = latents(run, subset, weights) if settings.source == "latents" and run is not None else pixels(subset)
    return x, store.key(x, subset.labels, settings, backend)
