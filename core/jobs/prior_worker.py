"""Task of the prior worker: learn a prior of a run's latents."""

from __future__ import annotations

from pathlib import Path

import torch

from core.jobs.channel import Channel
from core.jobs.messages import Ended, Order
from core.priors.kinds import KINDS
from core.priors.learning import learn
from core.runs import Run
from core.system import devices
from core.system.progress import Steps


def learn_prior(order: Order, channel: Channel) -> Ended:
    """Learn the prior and keep it in the run's folder, also when it is stopped on the way.

    Raises:
        RunError: the kind does not apply, the run has no weights or trains now, or its folder cannot be written to.
        DataError: the run's images are needed and missing.
    """
    torch.set_num_threads(max(1, devices.cores() // 2))
    kind = KINDS[order.arguments["kind"]]
    settings = kind.settings.from_dict(order.arguments["settings"])
    steps = Steps(learn(Run(Path(order.arguments["run"])), kind, settings, stop=lambda: channel.stop_requested))
    for event in steps:
        channel.emit(event)
    if channel.stop_requested:
        return Ended("stopped", "" if steps.result else "Stopped before the first step. Nothing was kept.")
    return Ended("finished")
