"""Stopping rules of a training (divergence, time limit, plateau, failed save) and their messages."""

from __future__ import annotations

import math

from core.recipes.recipe import Recipe
from core.runs.history import Row
from core.system.atomic_files import FULL


def divergence_reason(rows: list[Row], first_total: float | None) -> str:
    """Description of a divergence in the newest rows; empty if the losses are finite and not far above the start.

    Args:
        rows: newest rows of the loss curves.
        first_total: validation total of the untrained model at the current β; None before the first validation.
    """
    for row in rows:
        if not all(map(math.isfinite, row.values())):
            return "became infinite"
        total = row.get("val_total", row.get("train_total"))
        if total is None:  # a GAN: either loss may rise while the samples improve
            continue
        # Ten times the untrained model's loss, with a margin for losses near zero.
        if first_total is not None and total > 10 * abs(first_total) + 1000:
            return f"grew to {total:,.0f}, from {first_total:,.0f} before training,"
    return ""


def diverged(problem: str, epoch: int, best_epoch: float | None, lr: float) -> str:
    """Message about a divergence in the given epoch."""
    kept = f" The best weights, of epoch {best_epoch:g}, are kept." if best_epoch is not None else ""
    return f"The loss {problem} in epoch {epoch}.{kept} Try a smaller learning rate, such as {lr / 10:g}."


def early_stop_reason(recipe: Recipe, seconds: float, epochs_without_progress: int) -> str:
    """Message if the recipe's time limit or patience is reached; else empty.

    Args:
        seconds: training time since the start or the last resume.
        epochs_without_progress: epochs without a better validation since the start or the last resume.
    """
    if recipe.max_minutes and seconds >= 60 * recipe.max_minutes:
        return f"Stopped after {recipe.max_minutes:g} minutes, as asked."
    if recipe.patience and epochs_without_progress >= recipe.patience:
        return f"Stopped at a plateau: no better validation loss for {recipe.patience} epochs."
    return ""


class FolderGone(OSError):
    """A run's folder was moved, deleted or replaced during its training: nothing more is written under its name."""


def save_error(error: OSError, epoch: int, saved: bool) -> str:
    """Message about a failed save in the given epoch; `saved`: whether an earlier save left a state to resume from."""
    if isinstance(error, FolderGone):
        return (
            f"The training ended in epoch {epoch}, because the run's folder was moved, deleted or replaced. What was "
            "saved before lies where that folder is now."
        )
    cure = "make room on the disk" if error.errno in FULL else "see that the run's folder can be written to"
    if not saved:
        return (
            f"Nothing of this training could be saved ({error.strerror or error}): {cure}, then resume. It starts "
            f"from the beginning."
        )
    return (
        f"Epoch {epoch} could not be saved ({error.strerror or error}). The last saved state is kept: {cure}, "
        "then resume."
    )


NO_MEMORY = "There is not enough memory for this recipe."


def memory_error(saved: bool) -> str:
    """Message about a training for which memory has run out; `saved`: as for `save_error`."""
    smaller = "a new run with smaller batches, hidden layers or channels."
    if saved:
        return f"{NO_MEMORY} What was saved is kept: close other programs, then resume; or train {smaller}"
    return f"{NO_MEMORY} Close other programs, or train {smaller}"
