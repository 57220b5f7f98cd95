"""Settings of an embedding: input, method, number of images, perplexity and the other options of t-SNE.

An embedding (a map) places n images in the plane so that similar images lie close together. `embedding/tsne.py`
computes it, `embedding/measures.py` measures how far it can be trusted. Needs neither torch nor scikit-learn.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

MIN_IMAGES, MAX_IMAGES = 10, 70_000
"""Images on a map."""

SAMPLE = 4_000
"""Points of the map that forms first where there are very many (`core.embedding.tsne`)."""

PCA_DIMENSIONS = 50
"""Dimensions kept when PCA is applied first (van der Maaten & Hinton 2008 used 30; scikit-learn advises 50)."""


NO_UMAP = (
    "UMAP needs the optional package umap-learn. To install it, run this in the lab's folder: "
    ".venv/bin/python -m pip install umap-learn (on Windows: .venv\\Scripts\\python)."
)
"""What to do where UMAP is missing."""


class EmbeddingError(ValueError):
    """Invalid settings of a map: one sentence with the setting, its value and what is allowed."""


def _field(
    default: Any, help: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] | None = None
) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """Settings of one map.

    Raises:
        EmbeddingError: a value of the wrong type or outside its bounds.
    """

    source: str = _field(
        "latents",
        "latents: the means μ that the run's encoder gives. pixels: the raw images, which no model has seen.",
        choices=("latents", "pixels"),
    )
    method: str = _field(
        "tsne",
        "tsne: neighbours stay neighbours. pca: a linear projection, available at once. umap: neighbours stay "
        "neighbours; needs the optional package umap-learn.",
        choices=("tsne", "pca", "umap"),
    )
    n: int = _field(1_000, "Number of images.", MIN_IMAGES, MAX_IMAGES)
    perplexity: float = _field(30.0, "Roughly the number of neighbours that each image attends to.", 2, 500)
    iterations: int = _field(350, "Iterations of the optimisation.", 50, 5_000)
    seed: int = _field(0, "Seed of the random numbers: the same seed and settings give the same map.", 0, 2**31 - 1)
    start: str = _field(
        "pca",
        "pca: starts from the PCA map, which preserves the global structure. random: starts from noise.",
        choices=("pca", "random"),
    )
    pca_first: bool = _field(
        False,
        f"Reduce the input to {PCA_DIMENSIONS} dimensions by PCA first: faster for raw pixels, and what is lost is "
        "mostly noise.",
    )

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, check(f.name, getattr(self, f.name)))

    def with_(self, **changes: Any) -> Settings:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    def fitted_to(self, count: int) -> Settings:
        """The same settings with `n` limited to `count`, the number of images that are available.

        Raises:
            EmbeddingError: too few images for a map, or for this perplexity.
        """
        if count < MIN_IMAGES:
            there = "is only 1 image" if count == 1 else f"are only {count:,} images"
            raise EmbeddingError(f"There {there}. A map needs at least {MIN_IMAGES}.")
        fitted = self.with_(n=min(self.n, count))
        most = max_perplexity(fitted.n)
        if self.method == "tsne" and self.perplexity > most:
            raise EmbeddingError(
                f"perplexity: {self.perplexity:g} is too high for {fitted.n:,} images, since each "
                f"attends to three times as many neighbours. Choose at most {most:g}, or more images."
            )
        return fitted


def check(name: str, value: Any) -> Any:
    """The value of a setting, converted to the setting's type.

    Raises:
        EmbeddingError: names the setting, the value and what is allowed.
    """
    f = next(f for f in dataclasses.fields(Settings) if f.name == name)
    kind, (low, high, choices) = str(f.type), (f.metadata[k] for k in ("low", "high", "choices"))
    shown = repr(value)[:60]
    if choices:
        if value not in choices:
            raise EmbeddingError(f"{name}: {shown} is not allowed. Choose one of {', '.join(choices)}.")
        if value == "umap" and not umap_installed():
            raise EmbeddingError(f"{name}: {NO_UMAP}")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise EmbeddingError(f"{name}: {shown} is not allowed. Choose True or False.")
        return value
    try:
        number = float(value)
        valid = not isinstance(value, bool) and low <= number <= high and (kind == "float" or number == int(number))
    except (TypeError, ValueError, OverflowError):
        valid = False
    if not valid:
        what = "a whole number" if kind == "int" else "a number"
        raise EmbeddingError(f"{name}: {shown} is not allowed. Give {what} from {low:,g} to {high:,g}.")
    return int(number) if kind == "int" else number


def umap_installed() -> bool:
    """Whether the optional package `umap-learn` is there; it is imported by the worker process alone."""
    try:
        return bool(metadata.version("umap-learn"))
    except metadata.PackageNotFoundError:
        return False


def max_perplexity(n: int) -> float:
    """Largest perplexity for n images: t-SNE uses three times as many neighbours."""
    return float(max(2, (n - 1) // 3))


def default_backend() -> str:
    """The t-SNE implementation used on this machine: openTSNE if it is installed (Poličar et al. 2024), otherwise
    scikit-learn, which shows nothing before it is done."""
    return "openTSNE" if find_spec("openTSNE") else "scikit-learn"


def default_iterations(backend: str, n: int = MIN_IMAGES) -> int:
    """Iterations after which a map of n images hardly changes: 1,000 with scikit-learn (its default), whose steps are
    smaller."""
    if backend != "openTSNE":
        return 1_000
    return 350 if n <= 5_000 else 500
