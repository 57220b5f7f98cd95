"""Events that a training loop yields, and the controls that its driver may set between two batches.

The loop calls nobody back: a shell, a test, a notebook and the training worker iterate over the events.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.runs.history import Row

FREEZES = {"generator": "freeze_g", "discriminator": "freeze_d"}
"""Player of a GAN → the setting of `Control` that says whether it is frozen."""


@dataclass
class Control:
    """Settings of a running training; the loop applies them before the next batch.

    Attributes:
        changes: new values by setting: `lr`; the recipe field of a loss term's weight, such as `beta`; `freeze_g` or
            `freeze_d`, 1 to freeze a GAN's generator or discriminator, 0 to let it learn. Empty again once they are
            applied.
        stop: validate, save and end. report: report the losses right after the next batch.
        single_player: "d" or "g" requests one step of a GAN's discriminator or generator only.
    """

    changes: dict[str, float] = field(default_factory=dict)
    stop: bool = False
    report: bool = False
    single_player: str = ""


@dataclass(frozen=True)
class Started:
    """The model is built; the first batch is next."""

    device: str
    threads: int
    parameters: int
    batches: int
    train_images: int


@dataclass(frozen=True)
class Batch:
    """One batch was trained on."""


@dataclass(frozen=True)
class Evaluating:
    """The training is done, and this share of its evaluation on the test set, 0 to 1: also a moment to obey a stop."""

    share: float


@dataclass(frozen=True)
class Report:
    """New points of the loss curves, a few times a second.

    Attributes:
        rows: finished points since the last report. now: the unfinished last point.
        step: batches so far. epoch: epochs so far, with a fraction. seconds: spent training and validating.
    """

    rows: list[Row]
    now: Row | None
    step: int
    epoch: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class EpochEnd:
    """An epoch was validated and its frame drawn.

    Attributes:
        row: validation figures. best: whether they are the best so far.
        kl_per_dim: nats per image [d]; empty for a GAN. shares: of a GAN's samples in each class [C]; else empty.
    """

    row: Row
    epoch: int
    best: bool
    kl_per_dim: list[float]
    shares: list[float]


@dataclass(frozen=True)
class EarlyFrame:
    """A frame was drawn within the first epoch. epoch: the part of it that is done (`core.runs.frames.EARLY`)."""

    epoch: float


@dataclass(frozen=True)
class Changed:
    """A setting such as the learning rate was changed during the training: a mark on the curves."""

    change: dict[str, float | str]


@dataclass(frozen=True)
class SinglePlayerStep:
    """One step of a GAN's discriminator ("d") or generator ("g") only. `row`: its losses (`gan_trainer.COLUMNS`)."""

    player: str
    row: Row


@dataclass(frozen=True)
class Finished:
    """The last event. `state` is `finished`, `stopped`, `diverged` or `failed`; `message` is a sentence about it."""

    state: str
    message: str


Event = Started | Batch | Evaluating | Report | EarlyFrame | EpochEnd | Changed | SinglePlayerStep | Finished
