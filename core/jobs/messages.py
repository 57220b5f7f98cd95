"""Messages between the lab and its worker processes, and their one binary form.

Every message is a dataclass listed in `MESSAGES`. `encode` writes a line of JSON, followed by the raw bytes of the
arrays in it; `read` is the inverse. A class that is not listed cannot be sent, so that a forgotten entry fails in the
sender and in the tests.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from core.priors.events import PriorProgress
from core.training import events

# From the lab to a worker


@dataclass(frozen=True)
class Order:
    """A piece of work for a worker process.

    Attributes:
        task: key of `core.jobs.tasks.TASKS`. worker: kind of process, key of `core.jobs.executor.WORKERS`.
        arguments: plain JSON values. arrays: inputs by name.
        device: processes of one kind are kept apart by device.
    """

    task: str
    worker: str
    arguments: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    device: str = ""


@dataclass(frozen=True)
class Command:
    """A verb for the running work: `stop`, `pause`, `resume`, `step`, `epoch`, `d_step`, `g_step`, or `change` with
    the new values of settings such as lr and beta."""

    verb: str
    values: dict[str, float] = field(default_factory=dict)


# From a worker to the lab


@dataclass(frozen=True)
class Ready:
    """The process has started. devices: names of the devices it can compute on, empty for one without torch."""

    devices: list[str]


@dataclass(frozen=True)
class Progress:
    """Share of the work that is done, 0 to 1. `phase`: what is going on, for the kinds of work that have phases."""

    share: float
    phase: str = ""


@dataclass(frozen=True)
class Transferred:
    """Bytes of a download so far, and in all (0 while unknown)."""

    done: int
    total: int


@dataclass(frozen=True)
class Paused:
    """A training holds between two batches."""


@dataclass(frozen=True)
class Resumed:
    """A training continues."""


@dataclass(frozen=True)
class MapState:
    """A map in the making: positions float32 [n, 2], the iteration, and [iteration, KL in nats] pairs so far.

    phase: `searching` while the map is one of a sample (`tsne.State.sampled`), `forming`, or `measuring` once its
    iterations are over. seconds: spent so far. searched: seconds of them that
    the neighbour search took.
    """

    y: np.ndarray
    iteration: int
    trace: list[list[float]]
    phase: str = "forming"
    seconds: float = 0.0
    searched: float = 0.0


@dataclass(frozen=True)
class MapMeasured:
    """Quality measures of a map (`core.embedding.measures`). kept: for each image the share of its neighbours that the
    map kept, float32 [n]."""

    measures: dict[str, float]
    kept: np.ndarray | None = None


@dataclass(frozen=True)
class SweepErrors:
    """One point of a curve of the inpainting sweep: the error of each image float [N] at a share of hidden pixels."""

    curve: int
    hidden: float
    errors: np.ndarray


@dataclass(frozen=True)
class SearchFound:
    """Result of a latent search, or what it had found when it was stopped: arrays and single values by name."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpeedMeasured:
    """Training speed of a recipe."""

    images_per_second: float


@dataclass(frozen=True)
class Ended:
    """Last message about an order: one of `core.jobs.job.FINAL` and a sentence about it, which may be empty.

    unexpected: the work failed with an error that is not written for visitors. leaving: the process can do no further
    work and ends.
    """

    state: str
    message: str = ""
    unexpected: bool = False
    leaving: bool = False


Message = (
    Order
    | Command
    | Ready
    | Progress
    | Transferred
    | Paused
    | Resumed
    | MapState
    | MapMeasured
    | SweepErrors
    | SearchFound
    | SpeedMeasured
    | PriorProgress
    | Ended
    | events.Started
    | events.Report
    | events.EarlyFrame
    | events.EpochEnd
    | events.Evaluating
    | events.Changed
    | events.SinglePlayerStep
)

MESSAGES: tuple[type[Message], ...] = Message.__args__
_BY_NAME = {cls.__name__: cls for cls in MESSAGES}


def encode(message: Message) -> bytes:
    """A message as a line of JSON and the bytes of its arrays.

    Raises:
        TypeError: the class is not listed in `MESSAGES`, or a value is neither an array nor JSON.
    """
    if type(message) not in MESSAGES:
        raise TypeError(f"{type(message).__name__} is not a message: add it to core.jobs.messages.")
    arrays: list[np.ndarray] = []

    def pack(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value))
            return {"array": [value.dtype.str, list(value.shape)]}
        if isinstance(value, dict):
            return {"dict": [[key, pack(v)] for key, v in value.items()]}
        return value

    fields = [[f.name, pack(getattr(message, f.name))] for f in dataclasses.fields(message)]
    line = json.dumps([type(message).__name__, fields]).encode() + b"\n"
    return b"".join([line, *(array.data.cast("B") if array.size else b"" for array in arrays)])


def read(stream: IO[bytes]) -> Message | None:
    """The next message of a stream; None at its end, also within a message.

    Raises:
        ValueError: the bytes are not a message.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    name, fields = json.loads(line)
    try:
        values = {key: _unpack(value, stream.read) for key, value in fields}
    except EOFError:
        return None
    if name not in _BY_NAME:
        raise ValueError(f"'{name}' is not a message.")
    return _BY_NAME[name](**values)


def _unpack(value: Any, read_bytes: Callable[[int], bytes]) -> Any:
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {key: _unpack(v, read_bytes) for key, v in value["dict"]}
    kind, shape = value["array"]
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    raw = read_bytes(count)
    if len(raw) < count:
        raise EOFError
    return np.frombuffer(raw, kind).reshape(shape)
