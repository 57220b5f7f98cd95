"""Findings of the Reconstruct page in words: which model is closest, what a search gains, how far it moves z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.data import statistics
from core.recipes.family import unlike_bound
from core.recipes.recipe import Recipe
from ui.charts.losses import unit
from ui.reconstruct.search import Found
from ui.shared.formatting import format_sig

if TYPE_CHECKING:
    from core.evaluation.search_trace import SearchTrace

AS_GOOD = 1e-5
"""Objectives of encoder and search that differ by a smaller share are called equal: both are sums in single precision,
with a relative error of about 1e-6."""

CLIMB = 0.1
"""A rise of the objective above its start is mentioned from this share of the whole gain on."""


def gap(recipe: Recipe, found: Sequence[Found]) -> str:
    """By how much the search improves on the encoder, in one sentence; empty where only one of them was run."""
    if len(found) < 2 or found[0][0].search:
        return ""
    (request, encoded), (_, refined) = found
    gain = float(encoded.objective[-1] - refined.objective[-1])
    text = f"{format_sig(gain)} {unit(recipe.likelihood)}"
    equal = abs(gain) <= AS_GOOD * abs(float(encoded.objective[-1]))
    if refined.ended and equal:
        return f"The search ends at the encoder’s objective: the two differ by less than {100 * AS_GOOD:g} %."
    if gain < 0 or equal:
        higher = "" if equal else f": its objective is {format_sig(-gain)} higher"
        not_better = "does not improve on the encoder" if refined.ended else "has not improved on the encoder yet"
        return f"The search {not_better}{higher}."
    if not request.visible.all():
        return (
            f"On the visible pixels the search gains {text} over the encoder, which treats the fill as part of the "
            "image."
        )
    if recipe.family.adversarial:
        return f"The search gains {text}: the encoder was trained with the original decoder, not with this generator."
    if not recipe.variational:
        return f"The search lowers the loss by {text}: the encoder’s z is not the best one for this image."
    return f"Amortisation gap {text}: how much the objective falls when q is optimised for this image alone."


def descent(recipe: Recipe, trace: SearchTrace) -> str:
    """How far the objective falls during a search without an encoder's answer beside it, in one sentence."""
    start, end = float(trace.objective[0]), float(trace.objective[-1])
    return f"The search lowers the objective from {format_sig(start)} to {format_sig(end)} {unit(recipe.likelihood)}."


def climb(trace: SearchTrace) -> str:
    """Why the objective rises on the way, in one sentence; empty where it hardly does."""
    start, end = float(trace.objective[0]), float(trace.objective[-1])
    highest = int(np.argmax(trace.objective))
    if float(trace.objective[highest]) - start <= max(CLIMB * (start - end), AS_GOOD * abs(start)):
        return ""
    return (
        f"On the way it rises above its start (highest at step {highest}): the steps are longer than the distance to "
        "the optimum. A smaller step size (Search) avoids this."
    )


def bound(recipe: Recipe, found: Sequence[Found]) -> str:
    """Importance-weighted bound and entropy floor beside the negative ELBO, in one sentence; empty for points."""
    request, trace = found[-1]
    if not np.isfinite(trace.bound):
        return ""
    hidden = not request.visible.all()
    text = (
        f"{'Of the visible pixels: ' if hidden else ''}−ELBO {format_sig(float(trace.negative_elbo[-1]))} nats; "
        f"importance-weighted bound on −{recipe.family.evidence} {format_sig(trace.bound)} nats"
    )
    if recipe.likelihood == "bernoulli" and not hidden:
        floor = statistics.bce_floor(request.image[None])
        text += f"; entropy floor of the grey pixels {format_sig(floor)} nats"
    return f"{text}."


def moved(path: np.ndarray, cov: np.ndarray) -> str:
    """How far a search moves z along its path [S, d], beside the spread of the latents with the covariance matrix `cov`
    [d, d], in one sentence."""
    way = float(np.linalg.norm(path[-1].astype(float) - path[0]))
    usual = float(np.sqrt(np.trace(cov)))
    share = f", {100 * way / usual:.0f} % of how far training images lie from their mean ({usual:.1f})" if usual else ""
    return f"z moves by {format_sig(way)}{share}."


def closest(found: Sequence[Found]) -> tuple[list[tuple[str, str]], dict[int, list[str]]]:
    """Which model has the lowest figures, where there are several.

    Returns:
        (pairs of a heading and a sentence; for each row of `found` that wins, the names of its figures: `mse`,
        `hidden`, `elbo`).
    """
    lines: list[tuple[str, str]] = []
    won: dict[int, list[str]] = {}
    hidden = bool(found) and not found[0][0].visible.all()
    error, heading = ("hidden", "Lowest error on the hidden pixels") if hidden else ("mse", "Lowest MSE")
    best = _best_of_each(found, [(trace.hidden_mse if hidden else trace.mse)[-1] for _, trace in found])
    if len(best) > 1:
        (low, first), (high, second) = best[:2]
        won.setdefault(first, []).append(error)
        less = f"{100 * (1 - low / high):.0f} % less than" if low < 0.995 * high else "about as much as"
        name = found[second][0].run.name
        lines.append(
            (f"{heading}: {found[first][0].run.name}", f"{format_sig(low)}, {less} {name} ({format_sig(high)}).")
        )
    families = [request.run.recipe.family for request, trace in found if np.isfinite(trace.bound)]
    unlike = {
        request.run.name: why
        for request, trace in found
        if np.isfinite(trace.bound) and (why := unlike_bound(request.run.recipe.family, families))
    }
    ranked = [np.isfinite(trace.bound) and request.run.name not in unlike for request, trace in found]
    kinds = {request.run.recipe.likelihood for (request, _), counts in zip(found, ranked, strict=True) if counts}
    elbos = [
        float(trace.negative_elbo[-1]) if counts else np.nan for (_, trace), counts in zip(found, ranked, strict=True)
    ]
    best = _best_of_each(found, elbos) if len(kinds) == 1 else []
    if len(best) > 1:
        (low, first), (high, second) = best[:2]
        won.setdefault(first, []).append("elbo")
        of_what = " of the visible pixels" if hidden else ""
        less = f"{format_sig(high - low)} nats less than {found[second][0].run.name}"
        lines.append((f"Lowest −ELBO{of_what}: {found[first][0].run.name}", f"{format_sig(low)} nats, {less}."))
    lines += [(f"−ELBO of {name}", why) for name, why in unlike.items()]
    return lines, won


def _best_of_each(found: Sequence[Found], values: Sequence[float]) -> list[tuple[float, int]]:
    """The lowest value of each model with its row of `found`, in ascending order; values that are NaN do not count."""
    best: dict[str, tuple[float, int]] = {}
    for row, ((request, _), value) in enumerate(zip(found, values, strict=True)):
        name = request.run.name
        if np.isfinite(value) and (name not in best or value < best[name][0]):
            best[name] = (float(value), row)
    return sorted(best.values())
