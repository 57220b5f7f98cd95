"""Samplers of a run: its prior, distributions fitted to its training latents, and its learned priors.

sampler = samplers.for_run(run, model, "flow")
z = sampler.draw(64, seed=0)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.latent import mixture, sampling
from core.priors import store
from core.priors.kinds import KINDS
from core.runs import Run, RunError

if TYPE_CHECKING:
    from core.models import LatentModel

SAMPLERS = mixture.SAMPLERS | mixture.RANDOM_CODES | {key: kind.sampler for key, kind in KINDS.items()}
"""All distributions that latent vectors can be drawn from, with their names in sentences: "drawn from the …"."""


class Sampler(Protocol):
    """A distribution of latent vectors."""

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """n latent vectors, float32 [n, d]; the same seed gives the same vectors."""


@dataclass(frozen=True)
class FromModel:
    """Sampler that the model carries itself: `prior` or `gaussian`."""

    model: LatentModel
    source: str

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """See `Sampler.draw`."""
        return mixture.draw(self.model, self.source, n, seed, temperature)


@dataclass(frozen=True)
class WithClass:
    """Sampler of a conditional model from one of styles: each style gets a random class."""

    model: LatentModel
    styles: Sampler

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """See `Sampler.draw`."""
        return sampling.with_class(self.model, self.styles.draw(n, seed, temperature), seed)


def offered(run: Run, model: LatentModel, which: str | None = None) -> list[str]:
    """Keys of the samplers that the run has: no mixture without latents to fit it to, and of the learned priors those
    that were learned for these weights."""
    return [*mixture.own_samplers(model), *(kind.key for kind in store.usable(run, which))]


def for_run(run: Run, model: LatentModel, source: str, which: str = "best") -> Sampler:
    """A sampler of the run.

    Args:
        model: the run's model with the weights `which`, `best` or `last`. source: one of `SAMPLERS`.
    Raises:
        DataError: latents are needed, and the images are missing. RunError: the run has no such sampler; says why.
    """
    if source in KINDS:
        return store.load(run, KINDS[source], model, which)
    if source == "mixture" and not model.family.codes:
        return WithClass(model, mixture.for_run(run, model, which=which))
    if source not in (own := mixture.own_samplers(model)):
        raise RunError(
            f"Images of a {model.family.abbreviation} such as '{run.name}' are not drawn from the {SAMPLERS[source]}. "
            f"Choose {', '.join(own)} or a learned prior."
        )
    return FromModel(model, source)
