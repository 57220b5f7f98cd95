"""Checks before a prior is learned, without torch: a page asks them before it starts a job."""

from __future__ import annotations

import os

from core.priors.kinds import PriorKind
from core.runs import Run, RunError


def check(run: Run, kind: PriorKind) -> None:
    """Check, before anything is computed, that a prior of that kind can be learned for the run and kept.

    Raises:
        RunError: it cannot; says why.
    """
    if reason := kind.refusal(run.recipe):
        raise RunError(reason)
    if run.locked():
        raise RunError(f"'{run.name}' is training now. Stop it first, then learn its prior.")
    if not run.has_weights:
        raise RunError(f"'{run.name}' has no weights yet. Train it first.")
    if not os.access(run.path, os.W_OK):
        raise RunError(
            f"The folder of '{run.name}' cannot be written to, and a learned prior is kept there. Copy the run to a "
            "folder of your own that LATENT_LAB_RUNS names."
        )
