"""Learning a prior of a run's latents, as a generator of events.

    for event in learn(runs.open_run("deep-ae-fast-mnist-1"), KINDS["flow"], FlowSettings()):
        print(event.done, event.total)

The prior is written into the run's folder at the end, also when it was stopped before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np

from core.latent import codec
from core.models import LatentModel
from core.priors import checks, store
from core.priors.events import ENCODING, LEARNING, PriorProgress
from core.priors.kinds import LearnedPrior, PriorKind
from core.priors.latents import encode_steps
from core.priors.settings import PriorSettings
from core.runs import Run, RunError, weights
from core.runs.shown_weights import shown_weights
from core.runs.weights_digest import weights_digest
from core.system import devices
from core.system.progress import Steps

SAMPLES, POINTS = 32, 600
"""Pictures, and points of a plane, that are drawn while the prior is learned."""

SHOWN_EVERY, SHARE = 2.0, 0.1
"""Seconds between two drawings, at least; and the largest share of the time that they may take."""

NOTHING = np.zeros((0, 2), np.float32)


def learn(
    run: Run,
    kind: PriorKind,
    settings: PriorSettings,
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
) -> Generator[PriorProgress, None, bool]:
    """Learn a prior of the run's shown weights and keep it in the run's folder.

    Args:
        stop: asked between two steps. Stopped while it learns, the prior is kept as it is then.
    Returns:
        Whether a prior was kept.
    Raises:
        RunError: the kind does not apply, the run has no weights or trains now, or its folder cannot be written to.
        DataError: the run's images are needed and missing.
    """
    checks.check(run, kind)
    which = shown_weights(run)
    digest = weights_digest(run, which)
    model = weights.load_model(run, which, devices.choose(device))
    encoding = Steps(encode_steps(run, model))
    for done, total in encoding:
        yield PriorProgress(ENCODING, done, total, 0.0, NOTHING)
        if stop():
            return False
    latents = encoding.end()
    began = time.monotonic()
    shown, losses, state = _Display(model), [], None
    for state in kind.imported().learn(latents, model, settings):
        seconds = time.monotonic() - began
        losses.append((float(state.step), state.loss))
        point = np.array([[state.step, state.loss]], np.float32)
        pictures, points = shown.next(state.prior, last=state.step >= state.steps)
        yield PriorProgress(LEARNING, state.step, state.steps, seconds, point, pictures, points)
        if not np.isfinite(state.loss):
            raise RunError("The loss is no longer finite. Learn the prior again with a lower learning rate.")
        if stop():
            break
    if state is None:
        return False
    seconds = time.monotonic() - began
    store.save(run, kind, state.prior, store.Facts(digest, settings, state.step, seconds, len(latents), tuple(losses)))
    return True


class _Display:
    """Samples of a prior in the making, drawn now and then: seldom enough to cost little."""

    def __init__(self, model: LatentModel):
        self._model, self._next = model, 0.0

    def next(self, prior: LearnedPrior, last: bool) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(pictures, points of the plane) if it is time for new ones."""
        began = time.monotonic()
        if began < self._next and not last:
            return None, None
        plane = self._model.style_dim == 2
        z = prior.draw(POINTS if plane else SAMPLES, 0)
        pictures = codec.decode(self._model, z[:SAMPLES])
        took = time.monotonic() - began
        self._next = began + max(SHOWN_EVERY, took / SHARE)
        return pictures, np.ascontiguousarray(self._model.style(z)) if plane else None
