"""Why a training ends before its last epoch: the rules and their sentences, apart from the loop that obeys them."""

from __future__ import annotations

import errno
import math

from core.recipes.recipe import Recipe
from core.runs.history import Row

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""What a system calls a full disk, or a used-up share of it."""


def divergence_reason(rows: list[Row], first_total: float | None) -> str:
    """What the newest losses did, if they can no longer be trusted; else nothing.

    Args:
        first_total: validation total of the untrained model, at the present β.
    """
    for row in rows:
        if not all(map(math.isfinite, row.values())):
            return "became infinite"
        total = row.get("val_total", row.get("train_total"))
        if total is None:  # two players' losses: each may rise while both get better
            continue
        # Ten times worse than knowing nothing, with room for losses near zero.
        if first_total is not None and total > 10 * abs(first_total) + 1000:
            return f"grew to {total:,.0f}, from {first_total:,.0f} before training,"
    return ""


def diverged(problem: str, epoch: int, best_epoch: float | None, lr: float) -> str:
    """The sentence for an explosion in that epoch."""
    kept = f" The best weights, of epoch {best_epoch:g}, are kept." if best_epoch is not None else ""
    return f"The loss {problem} in epoch {epoch}.{kept} Try a smaller learning rate, such as {lr / 10:g}."


def early_stop_reason(recipe: Recipe, seconds: float, epochs_without_progress: int) -> str:
    """Why the recipe's own limits end it now, or nothing. Both figures count from the start or the last resume."""
    if recipe.max_minutes and seconds >= 60 * recipe.max_minutes:
        return f"Stopped after {recipe.max_minutes:g} minutes, as asked."
    if recipe.patience and epochs_without_progress >= recipe.patience:
        return f"Stopped at a plateau: no better validation loss for {recipe.patience} epochs."
    return ""


def save_error(error: OSError, epoch: int) -> str:
    """The sentence for a save that failed in that epoch."""
    cure = "make room on the disk" if error.errno in FULL else "see that the run's folder can be written to"
    return (
        f"Epoch {epoch} could not be saved ({error.strerror or error}). The last saved state is kept: {cure}, "
        "then resume."
    )
