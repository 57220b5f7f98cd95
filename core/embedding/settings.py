"""Maps of many images: which images, what of them, and how the map is to be made.

A map gives each of n images a place on the plane so that images which are alike lie close together. This file holds
the settings and what goes in; `embedding/tsne.py` forms a map, `embedding/measures.py` says how far it can be
trusted. Needs neither torch nor scikit-learn until latents are asked for: PCA must be there at once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

MIN_IMAGES, MAX_IMAGES = 10, 20_000
"""Images on a map."""

PCA_DIMENSIONS = 50
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

    source: str = _field(
        "latents",
        "latents: the means μ that the run's encoder gives. pixels: the raw images, which no model has seen.",
        choices=("latents", "pixels"),
    )
    method: str = _field(
        "tsne", "tsne: neighbours stay neighbours. pca: a straight projection, there at once.", choices=("tsne", "pca")
    )
    n: int = _field(1_000, "How many images.", MIN_IMAGES, MAX_IMAGES)
    perplexity: float = _field(30.0, "About how many neighbours each image attends to.", 2, 500)
    iterations: int = _field(350, "Steps of the optimisation.", 50, 5_000)
    seed: int = _field(0, "Start of the random numbers: same seed and settings, same map.", 0, 2**31 - 1)
    start: str = _field(
        "pca",
        "pca: begins with the PCA map, which keeps the large shape. random: begins with noise.",
        choices=("pca", "random"),
    )
    pca_first: bool = _field(
        False,
        f"Reduce the input to {PCA_DIMENSIONS} dimensions by PCA first: faster for raw pixels, "
        "and most of what is lost is noise.",
    )

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
        if count < MIN_IMAGES:
            raise EmbeddingError(f"There are only {count:,} images. A map needs {MIN_IMAGES} at least.")
        fitted = self.with_(n=min(self.n, count))
        most = max_perplexity(fitted.n)
        if self.method == "tsne" and self.perplexity > most:
            raise EmbeddingError(
                f"perplexity: {self.perplexity:g} is too much for {fitted.n:,} images, since each "
                f"attends to three times as many neighbours. Choose at most {most:g}, or more images."
            )
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


def max_perplexity(n: int) -> float:
    """The largest perplexity for n images: three times as many neighbours must be there."""
    return float(max(2, (n - 1) // 3))


def default_backend() -> str:
    """Whose t-SNE is used on this machine: openTSNE's where it is installed (Poličar et al. 2024), else
    scikit-learn's, which shows nothing before it is done."""
    return "openTSNE" if find_spec("openTSNE") else "scikit-learn"


def default_iterations(by: str) -> int:
    """What is enough to settle: scikit-learn's steps are smaller, and 1,000 are its own default."""
    return 350 if by == "openTSNE" else 1_000
