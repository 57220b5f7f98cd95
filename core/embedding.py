"""Maps of many images: which images, what of them, and how the map is to be made.

A map gives each of n images a place on the plane so that images which are alike lie close together. This file holds
the settings and what goes in; `embedding_tsne.py` forms a map, `embedding_measures.py` says how far it can be
trusted. Needs neither torch nor scikit-learn until latents are asked for: PCA must be there at once.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from core import data, planes
from core.data import ImageSet

if TYPE_CHECKING:
    from core.recipe import Recipe
    from core.runs import Run

FEWEST, MOST = 10, 20_000
"""Images on a map."""

PCA_FIRST = 50
"""Dimensions that are left where PCA comes first (van der Maaten & Hinton 2008 took 30; scikit-learn advises 50)."""


class EmbeddingError(ValueError):
    """A map that cannot be made: one sentence with the setting, its value and what is allowed."""


def _field(default: Any, help: str, low=None, high=None, choices=None):
    return dataclasses.field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """How a map is made.

    Raises:
        EmbeddingError: a value of the wrong type or outside its bounds.
    """

    source: str = _field("latents", "latents: the means μ that the run's encoder gives. pixels: the raw images, which "
                         "no model has seen.", choices=("latents", "pixels"))
    method: str = _field("tsne", "tsne: neighbours stay neighbours. pca: a straight projection, there at once.",
                         choices=("tsne", "pca"))
    n: int = _field(1_000, "How many images.", FEWEST, MOST)
    perplexity: float = _field(30.0, "About how many neighbours each image attends to.", 2, 500)
    iterations: int = _field(350, "Steps of the optimisation.", 50, 5_000)
    seed: int = _field(0, "Start of the random numbers: same seed and settings, same map.", 0, 2**31 - 1)
    start: str = _field("pca", "pca: begins with the PCA map, which keeps the large shape. random: begins with noise.",
                        choices=("pca", "random"))
    pca_first: bool = _field(False, f"Reduce the input to {PCA_FIRST} dimensions by PCA first: faster for raw pixels, "
                             "and most of what is lost is noise.")

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, check(f.name, getattr(self, f.name)))

    def with_(self, **changes: Any) -> Settings:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def fitted_to(self, count: int) -> Settings:
        """The same for `count` images in all.

        Raises:
            EmbeddingError: too few images for a map, or for this perplexity.
        """
        if count < FEWEST:
            raise EmbeddingError(f"There are only {count:,} images. A map needs {FEWEST} at least.")
        fitted = self.with_(n=min(self.n, count))
        most = most_perplexity(fitted.n)
        if self.method == "tsne" and self.perplexity > most:
            raise EmbeddingError(f"perplexity: {self.perplexity:g} is too much for {fitted.n:,} images, since each "
                                 f"attends to three times as many neighbours. Choose at most {most:g}, or more images.")
        return fitted


def check(name: str, value: Any) -> Any:
    """The value of a setting in its own type.

    Raises:
        EmbeddingError: names the setting, the value and what is allowed.
    """
    f = next(f for f in dataclasses.fields(Settings) if f.name == name)
    kind, (low, high, choices) = str(f.type), (f.metadata[k] for k in ("low", "high", "choices"))
    shown = repr(value)[:60]
    if choices:
        if value not in choices:
            raise EmbeddingError(f"{name}: {shown} is not allowed. Choose one of {', '.join(choices)}.")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise EmbeddingError(f"{name}: {shown} is not allowed. Choose True or False.")
        return value
    try:
        number = float(value)
        good = not isinstance(value, bool) and low <= number <= high and (kind == "float" or number == int(number))
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        what = "a whole number" if kind == "int" else "a number"
        raise EmbeddingError(f"{name}: {shown} is not allowed. Give {what} from {low:,g} to {high:,g}.")
    return int(number) if kind == "int" else number


def most_perplexity(n: int) -> float:
    """The largest perplexity for n images: three times as many neighbours must be there."""
    return float(max(2, (n - 1) // 3))


def implementation() -> str:
    """Whose t-SNE is used on this machine: openTSNE's where it is installed (Poličar et al. 2024), else
    scikit-learn's, which shows nothing before it is done."""
    return "openTSNE" if find_spec("openTSNE") else "scikit-learn"


def usual_iterations(by: str) -> int:
    """What is enough to settle: scikit-learn's steps are smaller, and 1,000 are its own default."""
    return 350 if by == "openTSNE" else 1_000


def available(images: ImageSet, *recipes: Recipe) -> int:
    """How many images can be put on a map of runs of these recipes; see `chosen`."""
    owned = owned_by_all(images, *recipes)
    return len(images.test_images) + len(images.train_images) if owned is None else len(owned)


def chosen(images: ImageSet, n: int, *recipes: Recipe) -> np.ndarray:
    """Which images are on a map of n: the same for every run, so that maps can be compared. `int64` [n], sorted.

    Test images come first, since no model was trained on them; a number below their count is a test image, one above
    it (less their count) a training image. Every class is there in proportion. Where a run among `recipes` has no
    encoder they are images that own a row of its latent table: a place they have, not one to be searched.
    """
    owned = owned_by_all(images, *recipes)
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


def part_of(images: ImageSet, one: int) -> tuple[str, int]:
    """(`test` or `train`, the number there) of one image numbered as in `chosen`."""
    tests = len(images.test_images)
    return ("test", int(one)) if one < tests else ("train", int(one) - tests)


def _pick(test: np.ndarray, train: np.ndarray, ids: np.ndarray) -> np.ndarray:
    ids, tests = np.asarray(ids), len(test)
    return np.concatenate([test[ids[ids < tests]], train[ids[ids >= tests] - tests]])


def owners(images: ImageSet, recipe: Recipe) -> np.ndarray:
    """The images a run was trained on, numbered as in `chosen`, in the order of its latent table, `int64` [N]."""
    return len(images.test_images) + data.split(images, recipe.validation, recipe.train_images)[0]


def owned_by_all(images: ImageSet, *recipes: Recipe) -> np.ndarray | None:
    """The images, numbered as in `chosen`, that every run without an encoder was trained on, `int64` [N], sorted; None
    where all runs have one."""
    tables = [owners(images, recipe) for recipe in recipes if recipe.decoder_only]
    return functools.reduce(np.intersect1d, tables) if tables else None


def latents_of(run: Run, images: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Where the run's best weights put images `uint8` [n, 28, 28]: float32 [n, d]. Every map takes its latents here.

    Args:
        rows: the images' rows in the run's latent table, `int64` [n], where all have one: read instead of searched.

    Raises:
        RunError: no weights, or weights that do not fit.
    """
    from core import latent_space, weights

    model = weights.load_model(run)
    if rows is not None and run.recipe.decoder_only and rows.max(initial=-1) < len(model.table):
        return model.posterior(model.table[rows]).mean.numpy()
    return latent_space.encode(model, images)


def rows_of(images: ImageSet, ids: np.ndarray, recipe: Recipe) -> np.ndarray | None:
    """The rows of a latent table that images numbered as in `chosen` own, `int64` [n]; None if one owns none."""
    owned = owners(images, recipe)
    places = np.searchsorted(owned, ids)
    there = owned[np.minimum(places, len(owned) - 1)] == ids
    return places if recipe.decoder_only and there.all() else None


def pixels_of(images: np.ndarray) -> np.ndarray:
    """Grey levels from 0 to 1 as vectors: float32 [n, 784]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def pca(x: np.ndarray, k: int = 2) -> np.ndarray:
    """The first k principal components of x [n, d]: float32 [n, min(k, d)] with zeros up to k = 2 (Pearson 1901).

    A few lines of numpy, because the page shows this while scikit-learn would still be importing. Each axis points the
    way in which its largest weight is positive, so that two calls never mirror each other.
    """
    centred = np.asarray(x, np.float32) - np.asarray(x, np.float64).mean(0).astype(np.float32)
    vectors, _, _ = planes.directions(centred.T @ centred, min(k, centred.shape[1]))
    y = centred @ vectors.astype(np.float32)
    return np.pad(y, ((0, 0), (0, max(0, min(k, 2) - y.shape[1]))))


def explained(x: np.ndarray, y: np.ndarray) -> float:
    """The share of x's variance [n, d] that a PCA map y [n, k] keeps, 0 to 1; NaN if x does not vary."""
    whole = float(np.asarray(x, np.float64).var(0).sum())
    return float(np.asarray(y, np.float64).var(0).sum()) / whole if whole else math.nan
