"""Comparison of runs by one evaluation: the measures, one record each, and the table that they form.

A row is a run, or all runs that differ in nothing but the seed. A value is marked as the best of its column only where
it is better than every other one by more than twice the standard error of the difference. That error comes

- of two single runs from the same test images, image by image, where the measure is a mean over images: how hard an
  image is for both of them then cancels;
- of two single runs from the errors of both values elsewhere;
- from the spread over runs where a row holds several: of a single run beside it the spread is taken to be the same.

Runs are measured in `comparison_run.py`. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any

import numpy as np

from core.evaluation.comparison_measures import BY_KEY, FROM_EVALUATION, Measure, Value
from core.recipes.family import unlike_bound
from core.recipes.recipe import Recipe
from core.runs import Run
from core.runs.shown_weights import shown_evaluation, shown_weights

ERRORS = 2.0
"""Standard errors by which the best value has to differ from every other one to be marked."""

NONE = "—"
"""Stands in the place of a value that does not exist."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What is known of one run.

    Attributes:
        values: by the measure's key. reasons: why a measure has no value, one sentence each.
        each: values of single test images [n], NaN where an image has none, by the measure's key; rows are the same for
            all runs with an equal `images`, a digest of these images.
        pending: whether more is being measured. complete: whether all that can be measured of it was.
    """

    name: str
    recipe: Recipe
    values: Mapping[str, Value]
    reasons: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[str, np.ndarray] = field(default_factory=dict)
    images: str = ""
    pending: bool = False
    complete: bool = True

    def settled(self, measure: Measure) -> bool:
        """Whether there is a value of a measure, or will be none."""
        done = self.complete and not self.pending
        return done or measure.key in self.values or bool(self.reason(measure))

    def reason(self, measure: Measure) -> str:
        """Why there is no value of a measure; empty where there is one, or will be."""
        return self.reasons.get(measure.key, "") or measure.absent(self.recipe)


@dataclass(frozen=True)
class Cell:
    """A value in the table.

    Attributes:
        value: None where there is none. spread: its ±, of a single run the standard error, of several the standard
            deviation over runs; None where it is not known. n: of a single run as `Value.n`, of several their number.
        reason: why there is no value. pending: whether it is being measured.
    """

    value: float | None = None
    spread: float | None = None
    n: int = 0
    reason: str = ""
    pending: bool = False

    def text(self, measure: Measure) -> str:
        """The value as it is shown, without its spread."""
        if self.value is None:
            return "…" if self.pending else NONE
        return measure.text(self.value)

    def spread_text(self, measure: Measure) -> str:
        """The spread as it is shown; empty where there is none."""
        if self.value is None or not self.spread:
            return ""
        return measure.spread_text(self.spread, self.value)


@dataclass(frozen=True)
class Row:
    """One run, or several that differ in the seed alone."""

    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """Name of the run; of several the first one's name and how many there are."""
        first = self.entries[0].name
        return first if len(self.entries) == 1 else f"{first} and {len(self.entries) - 1} more seeds"

    @property
    def recipe(self) -> Recipe:
        """Recipe of the runs; of several that of the first."""
        return self.entries[0].recipe

    def cell(self, measure: Measure) -> Cell:
        """The value of a measure."""
        if missing := measure.absent(self.recipe):
            return Cell(reason=missing)
        found = [value for entry in self.entries if (value := entry.values.get(measure.key)) is not None]
        if not found:
            reason = next((reason for entry in self.entries if (reason := entry.reason(measure))), "")
            return Cell(reason=reason, pending=not reason and any(entry.pending for entry in self.entries))
        if len(self.entries) == 1:
            return Cell(found[0].value, found[0].error, found[0].n)
        numbers = [value.value for value in found]
        return Cell(mean(numbers), stdev(numbers) if len(numbers) > 1 else None, len(numbers))


def known(run: Run) -> dict[str, Value]:
    """Values that a run's own files have: of the evaluation of the weights that are shown, and of its training."""
    found, status = shown_evaluation(run) or {}, run.status
    values, n = {}, int(number(found.get("images")) or 0)
    current = _of_shown_weights(run, found)
    for key in FROM_EVALUATION:
        value = number(found.get(key))
        if current and value is not None and not BY_KEY[key].absent(run.recipe):
            values[key] = Value(value, None, n)
    for key, error in (("parameters", 0.0), ("seconds", None)):
        if (value := number(status.get(key))) is not None and value > 0:
            values[key] = Value(value, error)
    return values


def _of_shown_weights(run: Run, found: Mapping[str, Any]) -> bool:
    """Whether an evaluation is one of the weights that are shown now: a run may have been trained on since."""
    epoch, best = number(found.get("epoch")), number(run.status.get("best_epoch"))
    last = shown_weights(run) == "last"  # of which `shown_evaluation` is
    return last or epoch is None or best is None or math.isclose(epoch, best, abs_tol=1e-6)


def number(value: Any) -> float | None:
    """A finite number of a file; None for anything else."""
    sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if sound else None


def rows(entries: Sequence[Entry], by_seed: bool = False) -> list[Row]:
    """The rows of the table in the order of the entries; `by_seed`: runs that differ in the seed alone share one."""
    if not by_seed:
        return [Row((entry,)) for entry in entries]
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_but_seed(entry.recipe), []).append(entry)
    return [Row(tuple(group)) for group in groups.values()]


def _but_seed(recipe: Recipe) -> str:
    """All settings of a recipe but its seed and its name, as a text."""
    return repr(sorted((name, value) for name, value in recipe.to_dict().items() if name not in ("seed", "name")))


def has_seeds(entries: Sequence[Entry]) -> bool:
    """Whether some of the runs differ in the seed alone."""
    return len(rows(entries, by_seed=True)) < len(entries)


def sort(table: Sequence[Row], key: str, descending: bool = False) -> list[Row]:
    """The rows by one measure, or by their names for any other key; rows without a value come last either way, and
    equal ones stay in their order."""
    measure = BY_KEY.get(key)
    if measure is None:
        return sorted(table, key=lambda row: row.name, reverse=descending)
    values = [row.cell(measure).value for row in table]
    with_value = [(value, place) for place, value in enumerate(values) if value is not None]
    order = sorted(with_value, key=lambda pair: (-pair[0] if descending else pair[0], pair[1]))
    return [table[place] for _, place in order] + [
        row for row, value in zip(table, values, strict=True) if value is None
    ]


def unranked(row: Row, table: Sequence[Row], measure: Measure) -> str:
    """Why a row's value is not ranked with those of the others, in one sentence; empty where it is."""
    if not measure.of_elbo:
        return ""
    others = (other.recipe.family for other in table if other.cell(measure).value is not None)
    return unlike_bound(row.recipe.family, others)


def best(table: Sequence[Row], measure: Measure) -> Row | None:
    """The row whose value is better than every other one by more than the noise; None where there is none: no two rows
    have values, some are still being measured, they are not on one scale, or no noise is known."""
    if not all(entry.settled(measure) for row in table for entry in row.entries):
        return None
    having = [row for row in table if row.cell(measure).value is not None and not unranked(row, table, measure)]
    if not measure.better or len(having) < 2 or len({measure.scale_of(row.recipe) for row in having}) > 1:
        return None
    sign = 1.0 if measure.better == "lower" else -1.0
    top = min(having, key=lambda row: sign * (row.cell(measure).value or 0.0))
    others = [row for row in having if row is not top]
    return top if all(_differ(top, other, measure) for other in others) else None


def _differ(a: Row, b: Row, measure: Measure) -> bool:
    """Whether two rows differ by more than `ERRORS` standard errors of the difference."""
    one, two = a.cell(measure), b.cell(measure)
    error = error_of_difference(a, b, measure)
    assert one.value is not None and two.value is not None
    return error is not None and abs(one.value - two.value) > ERRORS * error


def error_of_difference(a: Row, b: Row, measure: Measure) -> float | None:
    """Standard error of the difference of two rows' values; None where it is not known."""
    one, two = a.cell(measure), b.cell(measure)
    several = [cell.spread for row, cell in ((a, one), (b, two)) if len(row.entries) > 1]
    if several:
        spreads = [spread for spread in several if spread is not None]
        if not spreads:
            return None
        usual = max(spreads)  # also of a single run, whose own spread over seeds is not known
        return math.hypot(*(_error_of_mean(row, cell, usual) for row, cell in ((a, one), (b, two))))
    if (paired := _paired_error(a.entries[0], b.entries[0], measure)) is not None:
        return paired
    return None if one.spread is None or two.spread is None else math.hypot(one.spread, two.spread)


def _error_of_mean(row: Row, cell: Cell, usual: float) -> float:
    """Standard error of a row's mean over its runs, by its own spread or the usual one."""
    if len(row.entries) < 2 or cell.spread is None:
        return usual
    return cell.spread / math.sqrt(cell.n)


def _paired_error(a: Entry, b: Entry, measure: Measure) -> float | None:
    """Standard error of the mean difference over the same images; None where the values are not of the same images."""
    one, two = a.each.get(measure.key), b.each.get(measure.key)
    if one is None or two is None or not a.images or a.images != b.images or one.shape != two.shape:
        return None
    difference = (one - two)[np.isfinite(one - two)]
    counts = {value.n for entry in (a, b) if (value := entry.values.get(measure.key)) is not None}
    if len(difference) < 2 or len(counts) > 1:
        return None
    return float(difference.std(ddof=1) / math.sqrt(max(*counts, len(difference))))
