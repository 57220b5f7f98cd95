"""Settings of learned priors: typed fields that drive flags and checks, like those of a recipe."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from core.system.typed_fields import RecipeError, check, field


@dataclass(frozen=True)
class PriorSettings:
    """Settings that every kind of prior has.

    Raises:
        RecipeError: a value of the wrong type or outside its bounds.
    """

    steps: int = field(
        1_500, "Steps of the optimiser. More steps, better samples; stopping early keeps the prior as it is.",
        group="prior", low=1, high=200_000,
    )  # fmt: skip
    batch: int = field(1_024, "Latent vectors in one step.", group="prior", low=1, high=65_536)
    lr: float = field(5e-3, "Largest learning rate of Adam.", group="prior", low=1e-6, high=1.0)
    seed: int = field(0, "Seed of the random numbers.", group="prior", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, check(f, getattr(self, f.name)))

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Settings as a file holds them; a missing one has its default, an unknown one is ignored.

        Raises:
            RecipeError: a value of the wrong type or outside its bounds.
        """
        if not isinstance(values, dict):
            raise RecipeError("The settings are no set of named values.")
        return cls(**{f.name: values[f.name] for f in dataclasses.fields(cls) if f.name in values})

    def to_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class FlowSettings(PriorSettings):
    """Settings of flow matching (`core.priors.flow`)."""

    width: int = field(256, "Units of each layer of the network.", group="prior", low=8, high=4_096)
    blocks: int = field(3, "Residual blocks of the network, two layers each.", group="prior", low=1, high=24)
    ema: float = field(
        0.995, "Share of the averaged weights that each step keeps; samples are drawn with the average.",
        group="prior", low=0.0, high=0.99999,
    )  # fmt: skip
    noise: float = field(
        0.0, "Share of the posterior's σ with which latents are drawn around their means, where there is one: 0 learns "
        "the means, 1 draws of the posterior.", group="prior", low=0.0, high=1.0,
    )  # fmt: skip
    unlabelled: float = field(
        0.5, "Share of the labels that are left out at random, so that the network also learns without a class. Only "
        "where the set has classes.", group="prior", low=0.0, high=1.0,
    )  # fmt: skip


@dataclass(frozen=True)
class CodeTransformerSettings(PriorSettings):
    """Settings of the transformer over codes (`core.priors.code_transformer`).

    Raises:
        RecipeError: as of `PriorSettings`; or the heads do not share the width.
    """

    steps: int = field(
        1_000, "Steps of the optimiser. More steps, better samples; stopping early keeps the prior as it is.",
        group="prior", low=1, high=200_000,
    )  # fmt: skip
    batch: int = field(64, "Grids of codes in one step.", group="prior", low=1, high=65_536)
    lr: float = field(3e-3, "Largest learning rate of Adam.", group="prior", low=1e-6, high=1.0)
    width: int = field(128, "Units of each layer of the network.", group="prior", low=8, high=4_096)
    layers: int = field(3, "Blocks of the transformer: attention, then two dense layers each.", group="prior", low=1,
        high=24,
    )  # fmt: skip
    heads: int = field(4, "Attention heads, which share the width.", group="prior", low=1, high=64)
    dropout: float = field(
        0.1, "Share of the units that are left out at random in each step: a small set is then not learned by heart.",
        group="prior", low=0.0, high=0.9,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise RecipeError(
                f"heads: {self.heads} do not divide the width of {self.width} units. Give another number of heads."
            )
