"""Event of a prior's training, as it crosses the process boundary. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ENCODING, LEARNING = "encoding", "learning"
"""Phases: the training images become latents, then the prior is learned from these."""


@dataclass(frozen=True)
class PriorProgress:
    """How far a prior's training is.

    Attributes:
        phase: `ENCODING` or `LEARNING`. done, total: images that have been encoded, or steps.
        seconds: since the first step.
        losses: new points of the loss curve, float32 [k, 2]: the step, and the mean loss since the point before.
        pictures: samples with the weights so far, uint8 [n, H, W] or [n, H, W, 3]; None where there are no new ones.
        points: latent vectors of samples, float32 [m, 2], of a model with two latent dimensions; else None.
    """

    phase: str
    done: int
    total: int
    seconds: float
    losses: np.ndarray
    pictures: np.ndarray | None = None
    points: np.ndarray | None = None
