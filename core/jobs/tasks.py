"""Tasks that workers can carry out: names in orders, and the functions behind them, imported when they are needed.

A task is a function (Order, Channel) -> Ended. It emits messages of its kind on the way, looks at
`channel.stop_requested` now and then, and raises one of `EXPECTED` where the data do not allow the work.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from core.data import DataError
from core.jobs.messages import Ended, Order
from core.runs import RunError
from core.system import memory
from core.system.devices import DeviceError

if TYPE_CHECKING:
    from core.jobs.channel import Channel

Task = Callable[[Order, "Channel"], Ended]

TASKS = {
    "train": "core.jobs.training_worker:train_run",
    "measure_speed": "core.jobs.training_worker:measure_speed",
    "embed": "core.jobs.embedding_worker:embed",
    "place": "core.jobs.embedding_worker:place",
    "pitfalls": "core.jobs.embedding_worker:compute_pitfalls",
    "train_classifier": "core.jobs.scoring_worker:train_classifier",
    "image_values": "core.jobs.scoring_worker:image_values",
    "score_outliers": "core.jobs.scoring_worker:score_outliers",
    "measure_plane": "core.jobs.scoring_worker:measure_plane",
    "compare_samplers": "core.jobs.scoring_worker:compare_samplers",
    "measure_bound": "core.jobs.scoring_worker:measure_bound",
    "measure_for_comparison": "core.jobs.comparison_worker:measure_for_comparison",
    "measure_augmentation": "core.jobs.comparison_worker:measure_augmentation",
    "sweep": "core.jobs.scoring_worker:sweep",
    "search": "core.jobs.search_worker:search",
    "learn_prior": "core.jobs.prior_worker:learn_prior",
    "import_images": "core.jobs.image_import:import_images",
    "download": "core.jobs.download:fetch",
}

EXPECTED = (RunError, DataError, DeviceError)
"""Errors whose message is a sentence for the visitor."""


def run(order: Order, channel: Channel) -> Ended:
    """Carry out an order; errors become the end of the job."""
    try:
        module, function = TASKS[order.task].split(":")
        return cast(Task, getattr(importlib.import_module(module), function))(order, channel)
    except EXPECTED as error:
        return Ended("failed", str(error))
    except Exception as error:
        if memory.is_shortage(error):
            return Ended("failed", memory.SHORTAGE)
        traceback.print_exc()  # the page shows one sentence; the log has the cause
        # After an error of CUDA a process can no longer use the GPU.
        leaving = isinstance(error, RuntimeError) and "CUDA" in str(error)
        return Ended("failed", f"{type(error).__name__}: {error}", unexpected=True, leaving=leaving)
