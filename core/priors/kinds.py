"""Kinds of learned priors: one record each, which says to which runs it applies, how it is set and where it is learned.

A learned prior is a distribution of the latent vectors of one trained model. It is learned after the model, from the
latents of the training images (`learning.py`), kept in the run's folder (`store.py`), and drawn from wherever samples
are drawn (`samplers.py`). A kind is a module with two functions:

    learn(latents, model, settings) -> Generator[Learning, None, None]
    restore(tensors, settings, model) -> LearnedPrior

Nothing here imports torch, so that pages can name the kinds at once.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.priors.settings import CodeTransformerSettings, FlowSettings, PriorSettings
from core.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from core.models import LatentModel
    from core.priors.latents import TrainingLatents


class LearnedPrior(Protocol):
    """A learned distribution of a model's latent vectors."""

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """n latent vectors, float32 [n, d]. The same seed gives the same random numbers on every machine; a temperature
        below 1 gives safer pictures with less variety."""

    def tensors(self) -> dict[str, Tensor]:
        """All numbers of the prior by name, from which `restore` makes it again."""


@dataclass(frozen=True)
class Learning:
    """State of a prior that is being learned.

    Attributes:
        step, steps: optimiser's steps so far, and in all.
        loss: mean loss of the steps since the last report.
        prior: the prior as it is now. It changes with the next step.
    """

    step: int
    steps: int
    loss: float
    prior: LearnedPrior


class KindModule(Protocol):
    """What the module of a kind offers."""

    def learn(
        self, latents: TrainingLatents, model: LatentModel, settings: PriorSettings
    ) -> Generator[Learning, None, None]:
        """Learn a prior of the model's latents: reports several times a second, at last the finished prior."""

    def restore(self, tensors: Mapping[str, Tensor], settings: PriorSettings, model: LatentModel) -> LearnedPrior:
        """A prior from the tensors of `LearnedPrior.tensors`.

        Raises:
            ValueError, KeyError, RuntimeError: they are not those of a prior with these settings and this model.
        """


@dataclass(frozen=True)
class PriorKind:
    """A kind of learned prior.

    Attributes:
        key: name in files, in addresses and on the command line. name: in headings.
        sampler: as a source of samples, in sentences: "drawn from the …".
        sentence: what it is, in one sentence. loss: what its loss is called, in charts.
        settings: dataclass of its settings. module: where it is learned; imports torch. place: where in the lab it can
            be learned, as the end of a sentence.
        refusal: why it does not apply to the runs of a recipe, in one sentence; empty where it does.
    """

    key: str
    name: str
    sampler: str
    sentence: str
    loss: str
    settings: type[PriorSettings]
    module: str
    place: str
    refusal: Callable[[Recipe], str]

    def imported(self) -> KindModule:
        """The kind's module. Imports torch."""
        module: KindModule = importlib.import_module(self.module)
        return module


def _not_adversarial(recipe: Recipe) -> str:
    if not recipe.family.adversarial:
        return ""
    return (
        f"A {recipe.family.abbreviation} is trained to turn the noise N(0, I) itself into images: there are no latents "
        "of training images to learn a prior from. Choose the run that its decoder came from."
    )


FLOW = PriorKind(
    key="flow",
    name="Flow matching",
    sampler="flow learned from the latents",
    sentence="A small network learns the velocity that carries noise to the latents of the training images.",
    loss="squared error of the velocity",
    settings=FlowSettings,
    module="core.priors.flow",
    place="on the page VAE → diffusion",
    refusal=_not_adversarial,
)


def _of_codes(recipe: Recipe) -> str:
    if recipe.family.codes:
        return ""
    return (
        f"A transformer draws one code after the other, and an image of a {recipe.family.abbreviation} does not become "
        "a grid of codes. Learn a flow instead."
    )


TRANSFORMER = PriorKind(
    key="transformer",
    name="Transformer over codes",
    sampler="transformer learned over the codes",
    sentence="A small transformer learns to predict each code of an image from the codes before it, row by row.",
    loss="cross-entropy, nats per code",
    settings=CodeTransformerSettings,
    module="core.priors.code_transformer",
    place="under “Random samples” on Generate",
    refusal=_of_codes,
)

KINDS = {kind.key: kind for kind in (FLOW, TRANSFORMER)}
"""All kinds by key."""
