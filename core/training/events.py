"""What a training loop says, and what it can be told.

Events instead of callbacks into a page: the loop yields them, and a shell, a test, a notebook or the worker does with
them what it likes.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.runs.history import Row


@dataclass
class Control:
    """What a driver may change between two batches; the loop takes it up before the next one.

    `report` asks for the losses after the next batch, without waiting for the usual time. `alone`, "d" or "g", asks for
    one step of one player of a GAN.
    """

    lr: float | None = None
    beta: float | None = None
    stop: bool = False
    report: bool = False
    alone: str = ""


@dataclass(frozen=True)
class Started:
    """The model stands and the first batch is next."""

    device: str
    threads: int
    parameters: int
    batches: int
    train_images: int


@dataclass(frozen=True)
class Batch:
    """One batch was trained on. Carries nothing, so that it costs nothing."""


@dataclass(frozen=True)
class Pulse:
    """Something other than training goes on (the scoring at the end): a moment to hear a stop. Carries nothing."""


@dataclass(frozen=True)
class Report:
    """New points of the loss curve, a few times a second. `now` is the unfinished end of the curve."""

    rows: list[Row]
    now: Row | None
    step: int
    epoch: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class EpochEnd:
    """An epoch was validated, its picture taken and everything saved.

    Attributes:
        row: the validation figures. best: whether they are the best so far.
        kl_per_dim: nats, [d]; empty for a GAN, which has shares: of its samples in each class, [C].
    """

    row: Row
    epoch: int
    best: bool
    kl_per_dim: list[float]
    shares: list[float]


@dataclass(frozen=True)
class Changed:
    """The learning rate or β was changed in mid-run: a mark for the curve."""

    change: dict[str, float | str]


@dataclass(frozen=True)
class Alone:
    """One player of a GAN ("d" or "g") took a step by itself. `row`: what it saw (`gan_trainer.COLUMNS`)."""

    player: str
    row: Row


@dataclass(frozen=True)
class Finished:
    """The last event. `state` is `finished`, `stopped`, `diverged` or `failed`; `message` says it in a sentence."""

    state: str
    message: str


Event = Started | Batch | Pulse | Report | EpochEnd | Changed | Alone | Finished
