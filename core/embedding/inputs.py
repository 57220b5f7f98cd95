"""Inputs of an embedding: which images, their labels, pixels and latents.

Images of a data set are numbered through: a number below the count of test images is a test image, a number above it
(less that count) a training image.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.data import ImageSet, fingerprint
from core.runs import images as run_images
from core.system.content_digest import frozen

if TYPE_CHECKING:
    from core.models import LatentModel
    from core.recipes.recipe import Recipe
    from core.runs import Run


def count_available(images: ImageSet, *recipes: Recipe) -> int:
    """Number of images that a map of runs with these recipes can show; see `choose_ids`."""
    shared = shared_table_ids(images, *recipes)
    return len(images.test_images) + len(images.train_images) if shared is None else len(shared)


def choose_ids(images: ImageSet, n: int, *recipes: Recipe) -> np.ndarray:
    """Numbers of the images on a map of n, `int64` [n], sorted: the same for every run, so that maps can be compared.

    Test images come first, since no model was trained on them; every class is present in proportion. Where a run among
    `recipes` has no encoder, only images with a row in its latent table are chosen, whose latents need no search.
    """
    shared = shared_table_ids(images, *recipes)
    if shared is not None:
        chosen: np.ndarray = shared[data.spread(labels(images, shared), min(n, len(shared)))]
        return chosen
    tests = len(images.test_images)
    if n <= tests:
        return data.spread(images.test_labels, n)
    rest = min(n - tests, len(images.train_images))
    return np.concatenate([np.arange(tests), tests + data.spread(images.train_labels, rest)])


@dataclass(frozen=True, eq=False)
class Subset:
    """The images of a map. The arrays are read-only, so that each is hashed once (`content_digest`).

    Attributes:
        ids: numbers of the images, `int64` [n]. labels: their classes, `int64` [n]. pictures: `uint8`, [n, ...].
    """

    ids: np.ndarray
    labels: np.ndarray
    pictures: np.ndarray


@functools.lru_cache(maxsize=6)
def subset(images: ImageSet, n: int, *recipes: Recipe) -> Subset:
    """The images of `choose_ids` with labels and pictures; the same object for the same arguments."""
    ids = choose_ids(images, n, *recipes)
    return Subset(frozen(ids), frozen(labels(images, ids)), frozen(pictures(images, ids)))


def pictures(images: ImageSet, ids: np.ndarray) -> np.ndarray:
    """Pictures of images by number: `uint8` [n, H, W] or [n, H, W, 3]."""
    return _pick(images.test_images, images.train_images, ids)


def labels(images: ImageSet, ids: np.ndarray) -> np.ndarray:
    """Classes of images by number, `int64` [n]; −1 where there is none."""
    return _pick(images.test_labels, images.train_labels, ids)


def split_and_index(images: ImageSet, number: int) -> tuple[str, int]:
    """(`test` or `train`, index in that part) of an image by number."""
    tests = len(images.test_images)
    return ("test", int(number)) if number < tests else ("train", int(number) - tests)


def _pick(test: np.ndarray, train: np.ndarray, ids: np.ndarray) -> np.ndarray:
    ids, tests = np.asarray(ids), len(test)
    return np.concatenate([test[ids[ids < tests]], train[ids[ids >= tests] - tests]])


def table_ids(images: ImageSet, recipe: Recipe) -> np.ndarray:
    """Numbers of the images that a run was trained on, in the order of its latent table, `int64` [N].

    Args:
        images: of that run (`core.runs.images.images_of`).
    """
    ids: np.ndarray = len(images.test_images) + data.split(images, recipe.validation, recipe.train_images)[0]
    return ids


def shared_table_ids(images: ImageSet, *recipes: Recipe) -> np.ndarray | None:
    """Numbers of the images that every run without an encoder was trained on, `int64` [N], sorted; None where all runs
    have an encoder."""
    tables = [table_ids(images, recipe) for recipe in recipes if recipe.decoder_only]
    return functools.reduce(np.intersect1d, tables) if tables else None


def latents(
    run: Run, images: np.ndarray, rows: np.ndarray | None = None, labels: np.ndarray | None = None
) -> np.ndarray:
    """Latents μ of pictures under the run's best weights, without class weights: float32 [n, d], read-only.

    Args:
        rows: the images' rows in the run's latent table, `int64` [n], where all have one: read instead of searched.
            Each is compared with the image that the run was trained on; an image that has no row after all is searched.
        labels: classes of the images where they are known, `int64` [n], for a conditional family.
    Raises:
        RunError: no weights, or weights that do not fit.
    """
    from core.latent import codec
    from core.runs import weights

    model = weights.load_model(run)
    table = model.latent_table
    known = None if rows is None or table is None else _rows_by_content(run, model, images, rows)
    if table is None or known is None:
        return frozen(model.style(codec.encode(model, images, labels=labels)))
    has_row = (known >= 0) & (known < len(table))
    found = np.empty((len(images), model.latent_dim), np.float32)
    found[has_row] = model.posterior(table[known[has_row]]).mean.numpy()
    if not has_row.all():
        found[~has_row] = codec.encode(model, images[~has_row])
    return frozen(found)


def _rows_by_content(run: Run, model: LatentModel, images: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
    """Rows of the latent table that are these pictures', −1 for none; None where that cannot be known."""
    if model.table_images is not None:
        return fingerprint.rows_by_content(model.table_images, images, rows)
    # A run of before runs had fingerprints: its rows are known if its images never change.
    return None if run_images.changeable(run) else rows


def table_rows(images: ImageSet, ids: np.ndarray, recipe: Recipe) -> np.ndarray | None:
    """Rows of the latent table that belong to images by number, `int64` [n]; None if an image has no row."""
    owned = table_ids(images, recipe)
    if not recipe.decoder_only or not len(owned):
        return None
    found = np.minimum(np.searchsorted(owned, ids), len(owned) - 1)
    rows, _ = data.table_rows(images, recipe.validation, recipe.train_images)
    return rows[found] if (owned[found] == ids).all() else None


def pixels(images: np.ndarray) -> np.ndarray:
    """Pictures as vectors of levels in [0, 1]: float32 [n, values of an image], read-only."""
    return frozen(images.reshape(len(images), -1).astype(np.float32) / np.float32(255))
