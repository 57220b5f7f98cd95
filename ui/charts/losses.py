"""Charts of training: losses, KL per dimension, several runs laid over each other.

Every loss is in nats per image. Colours say the role, line style says the part (training solid, validation dashed).
The functions here decide what is drawn and make it small (`ui.charts.decimate`); `ui.components.charts.curves` and
`.bars` draw it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.latent.axes import DEAD_BELOW, order_by_weight
from ui.charts import decimate
from ui.shared import theme

X_AXES = {"epoch": "Epochs", "step": "Steps", "seconds": "Seconds"}
TERMS = {"total": "Total", "recon": "Reconstruction", "kl": "KL", "weighted_kl": "β·KL"}

PARTS = {"train": "train", "val": "validation"}
PANELS = ({"total": "total", "recon": "reconstruction"}, {"weighted_kl": "kl", "kl": "kl"})
"""Term → role, above and below: their scales differ, so each panel has its own axis."""

LOSS_CAPTION = (
    "Solid: training, dashed: validation. Total = reconstruction + β·KL; all should fall or level out. "
    "Validation rising alone is overfitting. Drag to look closer, double-click for all."
)
AE_CAPTION = (
    "Solid: training, dashed: validation. Both should fall or level out; validation rising alone is "
    "overfitting. Drag to look closer, double-click for all."
)

AD_CAPTION = (
    "Solid: training, dashed: validation. Total = reconstruction + β·½‖z‖². Validation images have no row in "
    "the table: they are placed by a search, which finds better places than a row has in the first epochs."
)

PRIORS = {"vae": "KL", "vad": "KL", "ad": "½‖z‖²"}
"""What the prior's term is called, by family; an autoencoder has none."""

AWAY_CAPTION = (
    "Solid: training, dashed: validation. The losses ran away: the axes show the scale they had before. "
    "Double-click for all."
)

Points = dict[str, np.ndarray]


def unit(likelihood: str) -> str:
    """What a loss of this likelihood is measured in, per image."""
    return "squared error" if likelihood == "mse" else "nats"


def loss_chart(
    points: Points,
    *,
    x: str = "epoch",
    log: bool = False,
    smoothing: float = 0.0,
    changes: list[dict] | tuple = (),
    with_kl: bool = True,
    prior: str = "KL",
    unit: str = "nats",
) -> dict[str, Any]:
    """Total and reconstruction above, KL and β·KL below, as data for `components.curves`.

    Args:
        points: columns of `Run.history()`, [n] each, NaN where absent.
        x: one of `X_AXES`.
        smoothing: weight of the moving average, 0 to below 1; the raw training curve stays behind it, faint.
        changes: what was changed in mid-run, as in `Snapshot.changes`; each gets a mark.
        with_kl: False for an autoencoder, which has none: its total is its reconstruction.
        prior: what the term of the prior is called (½‖z‖² for an auto-decoder).
    """
    panels, legend = [], []
    names = {term: name.replace("KL", prior) for term, name in TERMS.items()}
    for number, terms in enumerate(PANELS if with_kl else ({"total": "total"},)):
        drawn = []
        for term, role in terms.items():
            style = {"name": names[term], "colour": theme.colour(role), "width": 1.6, "alpha": 1.0}
            if term == "weighted_kl":  # a broad pale band: where β is 1 it lies under KL, and both can be seen
                style |= {"width": 5, "alpha": 0.35}
            legend.append(style | {"dash": False})
            drawn += _term(points, x, term, style, smoothing)
        share = (0.6, 0.4)[number] if with_kl else 1.0
        title = f"{prior if number else 'Loss'} ({unit} per image)"
        panels.append(panel(title, share, drawn, log, whole=bool(number)))
    return {
        "panels": panels,
        "legend": sorted(legend, key=lambda s: list(names.values()).index(s["name"])),
        "marks": marks(points, x, changes),
        "ranAway": _ran_away(points, x) is not None,
        **frame(x),
    }


def overlay_chart(
    runs: dict[str, Points],
    term: str = "total",
    *,
    x: str = "epoch",
    log: bool = False,
    smoothing: float = 0.0,
    unit: str = "nats",
) -> dict[str, Any]:
    """One term of several runs over each other: a colour per run, training solid, validation dashed.

    Args:
        runs: name of the run → its history.
        term: one of `TERMS`.
    """
    drawn, legend, palette = [], [], theme.RUN_COLOURS[theme.mode()]
    for number, (name, points) in enumerate(runs.items()):
        # Colours repeat after the last one; a broader line then tells the runs apart.
        style = {
            "name": name,
            "colour": palette[number % len(palette)],
            "width": 1.6 + 2 * (number // len(palette)),
            "alpha": 1.0,
        }
        legend.append(style | {"dash": False})
        drawn += _term(points, x, term, style, smoothing)
    shown = panel(f"{TERMS[term]} ({unit} per image)", 1.0, drawn, log)
    return {"panels": [shown], "legend": legend, "marks": [], **frame(x)}


def kl_bars(kl_per_dim: np.ndarray) -> dict[str, Any]:
    """KL of every latent dimension, the largest first, dead ones marked, as data for `components.bars`.

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
    """What to see in `kl_bars`, with its numbers."""
    kl = np.asarray(kl_per_dim, float)
    active = int((~order_by_weight(kl)[1]).sum())
    return (
        f"{active} of {len(kl)} dimensions are in use, {kl.sum():.3g} nats in all. A dimension below "
        f"{DEAD_BELOW} nats is dead: it carries nothing about the image, and its slider does nothing."
    )


def _term(points: Points, x: str, term: str, style: dict, smoothing: float) -> list[dict]:
    """The curves of one term: training, with its raw self behind it where it is smoothed, and validation."""
    found, style = [], style | {"until": _ran_away(points, x)}
    for prefix, part in PARTS.items():
        measured = prefix == "val"
        found += series(
            points, x, f"{prefix}_{term}", style | {"dash": measured, "label": part}, 0.0 if measured else smoothing
        )
    return found


def series(points: Points, x: str, column: str, style: dict, smoothing: float) -> list[dict]:
    """One column as a curve, behind it its raw self, faint, where it is smoothed."""
    xs, ys = _clean(points.get(x, ()), points.get(column, ()))
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


def _ran_away(points: Points, x: str) -> float | None:
    """Where on the axis a diverging run left every scale of use and never came back, or None."""
    places = []
    for term, times, slack in (("recon", 3, 100.0), ("total", 20, 1000.0)):
        parts = [
            part for part in (_clean(points.get(x, ()), points.get(f"{p}_{term}", ())) for p in PARTS) if len(part[0])
        ]
        # An untrained model is about as bad as one can be; one that is far worse is running away.
        limit = times * min((abs(ys[0]) for _, ys in parts), default=0.0) + slack
        places += [float(xs[np.argmax(ys > limit)]) for xs, ys in parts if ys[-1] > limit]
    return min(places, default=None)


def panel(title: str, share: float, drawn: list[dict], log: bool, whole: bool = False) -> dict[str, Any]:
    """One panel; a logarithm only where every value has one. `whole`: with its first steep stretch."""
    values = [y for curve in drawn for y in curve["y"]]
    log = log and bool(values) and min(values) >= 0 and max(values) > 0
    return {
        "title": title,
        "share": share,
        "log": log,
        "curves": drawn,
        "range": None if log else _useful(drawn, whole),
    }


def _useful(drawn: list[dict], whole: bool) -> list[float] | None:
    """A range without the steep first fall, which would press all that follows into a flat line, and without what a
    diverging run rose to. The KL keeps its first peak: it is of the size of the rest, and cut off it would be a block
    at the edge."""
    away = [curve["until"] for curve in drawn if curve.get("until") is not None]
    end = max((curve["x"][-1] for curve in drawn if curve["x"]), default=0.0)
    begin = -1.0 if whole else 0.08 * end
    late = [
        y
        for curve in drawn
        for x, y in zip(curve["x"], curve["y"], strict=True)
        if (x > begin if curve.get("until") is None else x < curve["until"])
    ]
    if len(late) < (1 if away else 8):
        return None
    margin = max(0.06 * (max(late) - min(late)), 0.05 * max(map(abs, late)) if away else 0.0) or 0.5
    return [min(late) - margin, max(late) + margin]


def marks(points: Points, x: str, changes) -> list[dict[str, Any]]:
    """Where the learning rate or β was changed in mid-run."""
    names, found = {"lr": "lr", "beta": "β"}, []
    for change in changes:
        place = (
            change["epoch"]
            if x == "epoch"
            else decimate.at(np.asarray(points[x], float), np.asarray(points["step"], float), change["step"])
        )
        found.append({"x": float(place), "text": f"{names.get(change['field'], '')} → {change['new']:.3g}"})
    return found


def frame(x: str) -> dict[str, Any]:
    """What all line charts share. A zoom is kept while `revision` stays the same."""
    return {"xTitle": X_AXES[x], "revision": x, "muted": theme.colour("muted")}
