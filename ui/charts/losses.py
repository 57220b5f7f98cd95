"""Loss charts: one run's terms, several runs laid over each other, KL per latent dimension.

The terms come from the family's record (`core.recipes.family.Term`), any number of them, in nats or squared error per
image. Colours show the role of a term, line style the part (training solid, validation dashed). The functions here
choose the curves and reduce their points (`ui.charts.decimate`); `ui.components.charts.curves` and `.bars` draw them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from core.latent.axes import DEAD_BELOW, order_by_weight
from core.recipes.family import SYMBOLS, Family, Measure, Term
from core.recipes.recipe import Recipe
from ui.charts import decimate
from ui.shared import recipe_labels, theme

X_AXES = {"epoch": "Epochs", "step": "Steps", "seconds": "Seconds"}

PARTS = {"train": "train", "val": "validation"}

LINES = [{"name": "training", "dash": False}, {"name": "validation", "dash": True}]
"""The two kinds of line for the legend, which hide all curves of a kind as its names hide those of a term."""

DIVERGED_CAPTION = "Solid: training, dashed: validation. The losses diverged: the axes show the scale they had before."

MEASURES_SHARE = 0.3
"""Share of a chart's height that the panel of the measures gets."""

Points = dict[str, np.ndarray]


def unit(likelihood: str) -> str:
    """Unit of a loss of this likelihood, per image."""
    return "squared error" if likelihood == "mse" else "nats"


def curve_names(terms: Sequence[Term]) -> dict[str, str]:
    """Names of a family's curves by the column of the history, without its part: total, terms, weighted terms."""
    names = {"total": "Total"}
    for term in terms:
        names[term.name] = term.title
        if term.weight:
            names[f"weighted_{term.name}"] = f"{SYMBOLS.get(term.weight, term.weight)}·{term.title}"
    return names


def common_names(families: Iterable[Family]) -> dict[str, str]:
    """As `curve_names`, for runs of several families: a column with several names has all of them, such as `KL or
    ½‖z‖²`."""
    names: dict[str, list[str]] = {}
    for family in families:
        for column, name in curve_names(family.terms).items():
            if name not in names.setdefault(column, []):
                names[column].append(name)
    return {column: " or ".join(found) for column, found in names.items()}


ELBO = "elbo"
"""Column of the negative ELBO, which `with_elbo` adds to a history."""


def has_elbo(recipe: Recipe) -> bool:
    """Whether the loss has the terms of the ELBO; with several importance samples they are those of a tighter bound."""
    family = recipe.family
    return (
        family.variational and recipe.draws_per_image == 1 and set(family.elbo) <= {term.name for term in family.terms}
    )


def with_elbo(points: Points, recipe: Recipe) -> Points:
    """A history with the negative ELBO: reconstruction + KL at weight 1, whatever β was."""
    if not has_elbo(recipe):
        return points
    family = recipe.family
    sums = {}
    for part in PARTS:
        terms = [points[f"{part}_{name}"] for name in family.elbo if f"{part}_{name}" in points]
        if len(terms) == len(family.elbo):
            sums[f"{part}_{ELBO}"] = np.sum(terms, axis=0)
    return points | sums


def loss_chart(
    points: Points,
    terms: Sequence[Term],
    *,
    x: str = "epoch",
    log: bool = False,
    smoothing: float = 0.0,
    changes: list[dict] | tuple = (),
    unit: str = "nats",
    measures: Sequence[Measure] = (),
) -> dict[str, Any]:
    """Total and first term above, all further terms with their weighted versions below, as data for `curves`; last the
    measures of the training steps that are no losses, if there are any.

    A family with a single term has one panel with its total, which that term equals.

    Args:
        points: columns of `Run.history()`, [n] each, NaN where absent.
        terms: of the run's family, `recipe.family.terms`.
        x: one of `X_AXES`.
        smoothing: weight of the moving average, 0 to below 1; the raw training curve stays behind it, faint.
        changes: what was changed in mid-run, as in `Snapshot.changes`; each gets a mark.
        unit: see `unit`.
        measures: of the run's family, `recipe.family.measures`.
    """
    names, panels, legend = curve_names(terms), [], {}
    first, *others = terms
    titles = list(dict.fromkeys(term.title for term in others))
    # The title stands upright beside the panel, which is two fifths of the chart.
    named = " and ".join(titles) if len(titles) < 3 else "Other terms"
    layout = [("Loss", [("total", "total")] + ([(first.name, first.role)] if others else []))]
    if others:
        layout.append((named, [column for term in others for column in _columns(term)]))
    for number, (title, columns) in enumerate(layout):
        drawn = []
        for column, role in columns:
            style = {"name": names[column], "colour": theme.colour(role), "width": 1.6, "alpha": 1.0}
            if column.startswith("weighted_"):  # a broad pale band: at a weight of 1 it lies under its term
                style |= {"width": 5, "alpha": 0.35}
            legend[column] = style | {"dash": False}
            drawn += _term(points, x, column, style, smoothing)
        share = ((0.6, 0.4)[number] if others else 1.0) * (1 - MEASURES_SHARE * bool(measures))
        bare = bool(number) and any(term.bare for term in others)
        heading = title if bare else f"{title} ({unit} per image)"
        panels.append(panel(heading, share, drawn, log, whole=bool(number)))
    if measures:
        panels.append(_measures_panel(points, x, measures, smoothing))
        legend |= {measure.name: _measure_style(measure) | {"dash": False} for measure in measures}
        names |= {measure.name: measure.title for measure in measures}
    return {
        "panels": panels,
        "legend": [legend[column] for column in names if column in legend],
        "marks": marks(points, x, changes),
        "diverged": _diverged_at(points, x) is not None,
        "lines": LINES,
        **frame(x),
    }


def _measures_panel(points: Points, x: str, measures: Sequence[Measure], smoothing: float) -> dict[str, Any]:
    """A panel of figures of the training steps that are no losses, in their own unit."""
    drawn = []
    for measure in measures:
        style = _measure_style(measure) | {"dash": False, "label": "", "line": LINES[0]["name"]}
        drawn += series(points, x, measure.name, style | {"until": None}, smoothing)
    title = " and ".join(measure.title for measure in measures)
    unit = f" ({measures[0].unit})" if measures[0].unit else ""
    return panel(title[:1] + title[1:].lower() + unit, MEASURES_SHARE, drawn, log=False, whole=True)


def _measure_style(measure: Measure) -> dict[str, Any]:
    return {"name": measure.title, "colour": theme.colour(measure.role), "width": 1.6, "alpha": 1.0}


def _columns(term: Term) -> list[tuple[str, str]]:
    """(column, role) of a term's curves, the weighted one first, so that it lies below."""
    own = [(term.name, term.role)]
    return [(f"weighted_{term.name}", term.role), *own] if term.weight else own


def overlay_chart(
    runs: dict[str, Points],
    term: str = "total",
    title: str = "Total",
    *,
    x: str = "epoch",
    log: bool = False,
    smoothing: float = 0.0,
    unit: str = "nats",
    changes: Mapping[str, Sequence[dict]] | None = None,
    colours: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One term of several runs over each other: a colour per run, and its number at the end of its curve; training
    solid, validation dashed.

    Args:
        runs: name of the run → its history.
        term, title: a column and its name, of `common_names`.
        changes: name of a run → what was changed while it trained; each gets a mark in the run's colour.
        colours: name of a run → its colour, as of `run_colours.by_name` (default: in the order of the runs).
    """
    drawn, legend, found = [], [], []
    drawn_as = zip(runs.items(), strokes(runs, colours), strict=True)
    for number, ((name, points), (colour, width)) in enumerate(drawn_as, 1):
        style = {"name": name, "colour": colour, "width": width, "alpha": 1.0, "end": str(number)}
        legend.append(style | {"dash": False})
        drawn += _term(points, x, term, style, smoothing)
        found += marks_of(name, points, x, (changes or {}).get(name, ()), str(style["colour"]))
    shown = panel(f"{title} ({unit} per image)", 1.0, drawn, log, first_fall=FALL_BESIDE_OTHERS)
    return {"panels": [shown], "legend": legend, "lines": LINES, "marks": found, **frame(x)}


def strokes(names: Collection[str], colours: Mapping[str, str] | None = None) -> list[tuple[str, float]]:
    """Colour and width of each run's curves. Colours repeat; a broader line then tells the runs apart."""
    palette = theme.RUN_COLOURS[theme.mode()]
    chosen = [colours[name] if colours else palette[k % len(palette)] for k, name in enumerate(names)]
    return [(colour, 1.6 + 2 * chosen[:k].count(colour)) for k, colour in enumerate(chosen)]


def kl_bars(kl_per_dim: np.ndarray) -> dict[str, Any]:
    """KL of every latent dimension, the largest first, dead ones marked, as data for `bars`.

    Args:
        kl_per_dim: [d], nats, mean over the validation images.
    """
    kl = np.asarray(kl_per_dim, float)
    order, dead = order_by_weight(kl)
    return {
        "names": [f"z{i}" for i in order],
        "values": kl[order].tolist(),
        "dead": dead[order].tolist(),
        "colour": theme.colour("kl"),
        "muted": theme.colour("muted"),
        "yTitle": "KL (nats)",
        "xTitle": "Latent dimension, most used first",
    }


def kl_caption(kl_per_dim: np.ndarray) -> str:
    """Caption of `kl_bars`, with its numbers."""
    kl = np.asarray(kl_per_dim, float)
    return (
        f"{_used(kl)} of {len(kl)} dimensions are in use, {kl.sum():.3g} nats in all. A dimension below "
        f"{DEAD_BELOW} nats is dead: it carries no information about the image, and its slider changes nothing."
    )


def in_use(kl_per_dim: np.ndarray) -> str:
    """The number of dimensions in use, for the line of figures; empty before the first measurement."""
    kl = np.asarray(kl_per_dim, float)
    return f"{_used(kl)} of {len(kl)} dimensions in use" if np.any(kl) else ""


def _used(kl: np.ndarray) -> int:
    """Number of dimensions with at least `DEAD_BELOW` nats."""
    return int((~order_by_weight(kl)[1]).sum())


def _term(points: Points, x: str, term: str, style: dict, smoothing: float) -> list[dict]:
    """The curves of one term: training, smoothed if asked for, and validation."""
    found, style = [], style | {"until": _diverged_at(points, x)}
    for (prefix, part), line in zip(PARTS.items(), LINES, strict=True):
        drawn = style | {"dash": line["dash"], "label": part, "line": line["name"]}
        found += series(points, x, f"{prefix}_{term}", drawn, 0.0 if line["dash"] else smoothing)
    return found


def series(points: Points, x: str, column: str, style: dict, smoothing: float) -> list[dict]:
    """One column as a curve; where it is smoothed, the raw curve lies behind it, faint."""
    xs, ys = _clean(points[x], points[column]) if x in points and column in points else _clean((), ())
    raw = style | {"alpha": 0.25, "width": 1, "label": ""} | _small(xs, ys)
    if not smoothing:
        return [style | _small(xs, ys)]
    return [raw, style | _small(xs, decimate.smooth(ys, smoothing))]


def _small(xs: np.ndarray, ys: np.ndarray) -> dict[str, list[float]]:
    xs, ys = decimate.decimate(xs, ys)
    return {"x": xs.round(4).tolist(), "y": [float(f"{y:.6g}") for y in ys]}


def _clean(x, y) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    there = np.isfinite(x) & np.isfinite(y)
    return x[there], y[there]


def _diverged_at(points: Points, x: str) -> float | None:
    """The position on the axis where a run diverged for good, or None."""
    places = []
    for term, times, slack in (("recon", 3, 100.0), ("total", 20, 1000.0)):
        parts = [
            part for part in (_clean(points.get(x, ()), points.get(f"{p}_{term}", ())) for p in PARTS) if len(part[0])
        ]
        # An untrained model has about the largest useful loss; a far larger one is divergence.
        limit = times * min((abs(ys[0]) for _, ys in parts), default=0.0) + slack
        places += [float(xs[np.argmax(ys > limit)]) for xs, ys in parts if ys[-1] > limit]
    return min(places, default=None)


FIRST_FALL = 0.08
"""Share of a curve, from its beginning, that may lie beyond the useful range."""

FALL_BESIDE_OTHERS = 0.25
"""The same where several runs are compared: they differ by little, and at the end."""


def panel(
    title: str, share: float, drawn: list[dict], log: bool, whole: bool = False, first_fall: float = FIRST_FALL
) -> dict[str, Any]:
    """One panel; logarithmic only where every value is positive. `whole`: its range keeps the first steep stretch;
    `first_fall`: else the share of a curve that may lie beyond it."""
    values = [y for curve in drawn for y in curve["y"]]
    log = log and bool(values) and min(values) >= 0 and max(values) > 0
    return {
        "title": title,
        "share": share,
        "log": log,
        "curves": drawn,
        "range": None if log else _useful(drawn, 0.0 if whole else first_fall),
    }


def _useful(drawn: list[dict], first_fall: float) -> list[float] | None:
    """The useful range of a panel: without the steep first fall, which would flatten the rest, and without values after
    a divergence. With 0 the first stretch stays: the KL's first peak is of the size of the rest."""
    away = [curve["until"] for curve in drawn if curve.get("until") is not None]
    late = [
        y
        for curve in drawn
        for x, y in zip(curve["x"], curve["y"], strict=True)
        # Of each curve its own first stretch: of several runs the shortest is not cut away.
        if (not first_fall or x > first_fall * curve["x"][-1] if curve.get("until") is None else x < curve["until"])
    ]
    if len(late) < (1 if away else 8):
        return None
    margin = max(0.06 * (max(late) - min(late)), 0.05 * max(map(abs, late)) if away else 0.0) or 0.5
    return [min(late) - margin, max(late) + margin]


def marks(points: Points, x: str, changes) -> list[dict[str, Any]]:
    """Marks where a setting such as the learning rate was changed in mid-run."""
    found = []
    for change in changes:
        place = (
            change["epoch"]
            if x == "epoch"
            else decimate.at(np.asarray(points[x], float), np.asarray(points["step"], float), change["step"])
        )
        found.append({"x": float(place), "text": change_text(change)})
    return found


CHANGES = SYMBOLS | {"lr": "lr"}
"""Settings that can change in mid-run, as the charts call them."""

SWITCHES = {"freeze_g": ("G learns", "G frozen"), "freeze_d": ("D learns", "D frozen")}
"""Settings that are either off or on, with the words for both."""


def change_text(change: Mapping[str, Any]) -> str:
    """A change of a setting in mid-run, such as `lr → 0.001` or `D frozen`."""
    name = change["field"]
    if name in SWITCHES:
        return SWITCHES[name][bool(change["new"])]
    return f"{CHANGES.get(name) or recipe_labels.label(name)} → {change['new']:.3g}"


def marks_of(name: str, points: Points, x: str, changes: Sequence[dict], colour: str) -> list[dict[str, Any]]:
    """As `marks`, for one of several runs in a chart: in the run's colour, and with its name."""
    return [mark | {"text": f"{name}: {mark['text']}", "colour": colour} for mark in marks(points, x, changes)]


def frame(x: str) -> dict[str, Any]:
    """Fields that all line charts share. A zoom is kept while `revision` stays the same."""
    return {"xTitle": X_AXES[x], "revision": x, "muted": theme.colour("muted")}
