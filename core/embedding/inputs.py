"""Inputs of an embedding: which images, their labels, pixels and latents."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet

if TYPE_CHECKING:
    from core.recipes.recipe import Recipe
    from core.runs import Run


def count_available(images: ImageSet, *recipes: Recipe) -> int:
    """How many images can be put on a map of runs of these recipes; see `chosen`."""
    owned = shared_table_ids(images, *recipes)
    return len(images.test_images) + len(images.train_images) if owned is None else len(owned)


def choose_ids(images: ImageSet, n: int, *recipes: Recipe) -> np.ndarray:
    """Which images are on a map of n: the same for every run, so that maps can be compared. `int64` [n], sorted.

    Test images come first, since no model was trained on them; a number below their count is a test image, one above
    it (less their count) a training image. Every class is there in proportion. Where a run among `recipes` has no
    encoder they are images that own a row of its latent table: a place they have, not one to be searched.
    """
    owned = shared_table_ids(images, *recipes)
    if owned is not None:
        return owned[data.spread(labels(images, owned), min(n, len(owned)))]
    tests = len(images.test_images)
    if n <= tests:
        return data.spread(images.test_labels, n)
    rest = min(n - tests, len(images.train_images))
    return np.concatenate([np.arange(tests), tests + data.spread(images.train_labels, rest)])


def pictures(images: ImageSet, ids: np.ndarray) -> np.ndarray:
    """`uint8` [n, 28, 28] of images numbered as in `chosen`."""
    return _pick(images.test_images, images.train_images, ids)


def labels(images: ImageSet, ids: np.ndarray) -> np.ndarray:
    """Classes `int64` [n] of images numbered as in `chosen`; −1 where there is none."""
    return _pick(images.test_labels, images.train_labels, ids)


def split_and_index(images: ImageSet, one: int) -> tuple[str, int]:
    """(`test` or `train`, the number there) of one image numbered as in `chosen`."""
    tests = len(images.test_images)
    return ("test", int(one)) if one < tests else ("train", int(one) - tests)


def _pick(test: np.ndarray, train: np.ndarray, ids: np.ndarray) -> np.ndarray:
    ids, tests = np.asarray(ids), len(test)
    return np.concatenate([test[ids[ids < tests]], train[ids[ids >= tests] - tests]])


def table_ids(images: ImageSet, recipe: Recipe) -> np.ndarray:
    """The images a run was trained on, numbered as in `chosen`, in the order of its latent table, `int64` [N]."""
    return len(images.test_images) + data.split(images, recipe.validation, recipe.train_images)[0]


def shared_table_ids(images: ImageSet, *recipes: Recipe) -> np.ndarray | None:
    """The images, numbered as in `chosen`, that every run without an encoder was trained on, `int64` [N], sorted; None
    where all runs have one."""
    tables = [table_ids(images, recipe) for recipe in recipes if recipe.decoder_only]
    return functools.reduce(np.intersect1d, tables) if tables else None


def latents(run: Run, images: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Where the run's best weights put images `uint8` [n, 28, 28]: float32 [n, d]. Every map takes its latents here.

    Args:
        rows: the images' rows in the run's latent table, `int64` [n], where all have one: read instead of searched.

    Raises:
        RunError: no weights, or weights that do not fit.
    """
    from core.latent import codec
    from core.runs import weights

    model = weights.load_model(run)
    if rows is not None and run.recipe.decoder_only and rows.max(initial=-1) < len(model.table):
        return model.posterior(model.table[rows]).mean.numpy()
    return codec.encode(model, images)


def table_rows(images: ImageSet, ids: np.ndarray, recipe: Recipe) -> np.ndarray | None:
    """The rows of a latent table that images numbered as in `chosen` own, `int64` [n]; None if one owns none."""
    owned = table_ids(images, recipe)
    places = np.searchsorted(owned, ids)
    there = owned[np.minimum(places, len(owned) - 1)] == ids
    return places if recipe.decoder_only and there.all() else None


def pixels(images: np.ndarray) -> np.ndarray:
    """Grey levels from 0 to 1 as vectors: float32 [n, 784]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
