"""Charts of training: losses, KL per dimension, several runs laid over each other.

Every loss is in nats per image. Colours say the role, line style says the part (training solid, validation dashed).
The figures only draw: what they are handed comes from a run's history, and `core.curves` makes it small.
"""

from __future__ import annotations

import numpy as np
import pandas  # noqa: F401  plotly looks for it while it draws, and must not find it half imported by another thread
import plotly.graph_objects as go

from core import curves
from ui import theme

X_AXES = {"epoch": "Epochs", "step": "Steps", "seconds": "Seconds"}
CONFIG = {"displayModeBar": False, "displaylogo": False, "doubleClick": "autosize"}
"""For `st.plotly_chart(config=…)`: no toolbar, a double click shows the whole curve."""

DEAD = 0.01
"""A latent dimension below this KL in nats carries nothing: its posterior is the prior."""

PARTS = (("train", "training"), ("val", "validation"))
PANELS = ((("total", "Total", "total"), ("recon", "Reconstruction", "reconstruction")),
          (("kl", "KL", "kl"), ("weighted_kl", "β·KL", "kl")))
LOSS_CAPTION = ("Solid: training, dashed: validation. Total = reconstruction + β·KL; all of them should fall or level "
                "out. Validation rising while training falls is overfitting. Double-click for the whole curve.")

AE_CAPTION = ("Solid: training, dashed: validation. Both should fall or level out; validation rising while training "
              "falls is overfitting. Double-click for the whole curve.")


def unit(likelihood: str) -> str:
    """What a loss of this likelihood is measured in, per image."""
    return "squared error" if likelihood == "mse" else "nats"


def loss_chart(points: dict[str, np.ndarray], *, x: str = "epoch", log: bool = False, smoothing: float = 0.0,
               changes: list[dict] | tuple = (), with_kl: bool = True, unit: str = "nats",
               height: int = 400) -> go.Figure:
    """Total and reconstruction above, KL and β·KL below: their scales differ, so each has its own axis.

    Args:
        points: columns of `Run.history()`, [n] each, NaN where absent.
        x: one of `X_AXES`.
        smoothing: weight of the moving average, 0 to below 1; the raw training curve stays behind it, faint.
        changes: what was changed in mid-run, as in `Run.status["changes"]`; each gets a mark.
        with_kl: False for an autoencoder, which has none.
    """
    figure = go.Figure()
    panels = PANELS if with_kl else (PANELS[0][:1],)
    for number, panel in enumerate(panels):
        axis = "y" if number == 0 else "y2"
        seen = [_curve(figure, points, x, part, term, axis, smoothing) for term in panel for part in PARTS]
        _y_axis(figure, number, len(panels), f"{'KL' if number else 'Loss'} ({unit} per image)", log, seen)
    _marks(figure, points, x, changes)
    _finish(figure, height, x)
    if with_kl:
        figure.update_layout(xaxis_anchor="y2")
    return figure


def _curve(figure, points, x, part, term, axis, smoothing) -> tuple[np.ndarray, np.ndarray]:
    """One curve of one part; gives back what it drew, for the range of the axis."""
    column, label, role = term
    prefix, part_name = part
    empty = np.empty(0)
    xs, ys = _clean(points.get(x, empty), points.get(f"{prefix}_{column}", empty))
    weighted, training = column == "weighted_kl", prefix == "train"
    colour = theme.colour(role)
    common = {"yaxis": axis, "legendgroup": column, "legend": "legend" if axis == "y" else "legend2",
              "mode": "lines+markers" if len(xs) == 1 else "lines"}
    hover = f"{label}, {part_name}: %{{y:.4g}}<extra></extra>"
    if smoothing and training and len(xs) > 2:
        fx, fy = curves.decimate(xs, ys)
        figure.add_trace(go.Scatter(x=fx, y=fy, opacity=0.25, line={"color": colour, "width": 1}, showlegend=False,
                                    hoverinfo="skip", **common))
        ys = curves.smooth(ys, smoothing)
    xs, ys = curves.decimate(xs, ys)
    line = {"color": colour, "width": 5 if weighted else 1.6, "dash": theme.DASH["train" if training else "validation"]}
    figure.add_trace(go.Scatter(x=xs, y=ys, name=label, showlegend=training, line=line, hovertemplate=hover,
                                opacity=0.35 if weighted else 1.0, **common))
    return xs, ys


def kl_bars(kl_per_dim: np.ndarray, *, height: int = 260) -> go.Figure:
    """KL of every latent dimension, the largest first; dead ones are hatched.

    Args:
        kl_per_dim: [d], nats, mean over the validation images.
    """
    kl = np.asarray(kl_per_dim, float)
    order = np.argsort(-kl, kind="stable")
    dead = kl[order] < DEAD
    figure = go.Figure(go.Bar(
        x=[f"z{i}" for i in order], y=kl[order], customdata=np.where(dead, "dead", "active"),
        marker={"color": [theme.colour("muted") if d else theme.colour("kl") for d in dead],
                "pattern": {"shape": ["/" if d else "" for d in dead]}},
        hovertemplate="%{x}: %{y:.3g} nats, %{customdata}<extra></extra>"))
    if dead.any():
        figure.add_vrect(x0=(~dead).sum() - 0.5, x1=len(kl) - 0.5, fillcolor=theme.colour("muted"), opacity=0.12,
                         line_width=0, annotation_text="dead", annotation_position="top left")
    figure.update_yaxes(title="KL (nats)", rangemode="tozero")
    _finish(figure, height, None)
    figure.update_layout(showlegend=False, uirevision="kl")
    figure.update_xaxes(title="Latent dimension, most used first", type="category", showgrid=False)
    return figure


def kl_caption(kl_per_dim: np.ndarray) -> str:
    """What to see in `kl_bars`, with its numbers."""
    kl = np.asarray(kl_per_dim, float)
    active = int((kl >= DEAD).sum())
    return (f"{active} of {len(kl)} dimensions are in use, {kl.sum():.3g} nats in all. A dimension below {DEAD} nats "
            "is dead: it carries nothing about the image, and its slider does nothing.")


TERMS = {"total": "Total", "recon": "Reconstruction", "kl": "KL", "weighted_kl": "β·KL"}


def overlay_chart(runs: dict[str, dict[str, np.ndarray]], term: str = "total", *, x: str = "epoch", log: bool = False,
                  smoothing: float = 0.0, unit: str = "nats", height: int = 380) -> go.Figure:
    """One term of several runs over each other: a colour per run, training solid, validation dashed.

    Args:
        runs: name of the run → its history.
        term: one of `TERMS`.
    """
    figure, drawn = go.Figure(), []
    palette = theme.RUN_COLOURS[theme.mode()]
    for number, (name, points) in enumerate(runs.items()):
        for prefix, part_name in PARTS:
            xs, ys = _clean(points[x], points[f"{prefix}_{term}"])
            if prefix == "train" and smoothing:
                ys = curves.smooth(ys, smoothing)
            xs, ys = curves.decimate(xs, ys)
            drawn.append((xs, ys))
            dash = theme.DASH["train" if prefix == "train" else "validation"]
            if number >= len(palette):
                dash = "dot" if prefix == "train" else "dashdot"
            figure.add_trace(go.Scatter(
                x=xs, y=ys, name=name, legendgroup=name, showlegend=prefix == "train", mode="lines",
                line={"color": palette[number % len(palette)], "width": 2, "dash": dash},
                hovertemplate=f"{part_name}: %{{y:.4g}}<extra>%{{fullData.name}}</extra>"))
    _y_axis(figure, 0, 1, f"{TERMS[term]} ({unit} per image)", log, drawn)
    _finish(figure, height, x)
    figure.update_layout(uirevision=f"overlay {term} {x} {log}", hovermode="closest",
                         legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
                         margin={"t": 30 + 22 * ((len(runs) + 2) // 3)})
    return figure


def _clean(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    there = np.isfinite(x) & np.isfinite(y)
    return x[there], y[there]


def _y_axis(figure: go.Figure, number: int, of: int, title: str, log: bool,
            drawn: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Title, place and range of a panel's axis; a logarithm only where every value has one."""
    ys = np.concatenate([y for _, y in drawn]) if drawn else np.empty(0)
    axis = {"title": {"text": title, "standoff": 14}, "tickformat": "~g", "nticks": 6}
    if not len(ys):
        axis |= {"range": [0, 1], "showticklabels": False}
    if of == 2:
        axis["domain"] = [0.0, 0.38] if number else [0.48, 1.0]
    if log and len(ys) and (ys >= 0).all() and (ys > 0).any():
        axis |= {"type": "log", "dtick": "D2" if ys.max() < 30 * ys[ys > 0].min() else 1}
    elif (limits := _useful_range(drawn)) is not None:
        axis["range"] = limits
    figure.update_layout({"yaxis" if number == 0 else "yaxis2": axis})


def _useful_range(drawn: list[tuple[np.ndarray, np.ndarray]]) -> list[float] | None:
    """A range without the steep first fall, which would press all that follows into a flat line."""
    ends = [x[-1] for x, _ in drawn if len(x)]
    if not ends:
        return None
    late = [y[x > 0.08 * max(ends)] for x, y in drawn if len(x)]
    late = np.concatenate(late)
    if len(late) < 8:
        return None
    low, high = late.min(), late.max()
    margin = 0.06 * (high - low) or 0.5
    return [float(low - margin), float(high + margin)]


def _marks(figure: go.Figure, points: dict[str, np.ndarray], x: str, changes) -> None:
    """A thin vertical line with a label where the learning rate or β was changed in mid-run."""
    names = {"lr": "lr", "beta": "β"}
    for number, change in enumerate(changes):
        place = change["epoch"] if x == "epoch" else curves.at(np.asarray(points[x], float),
                                                               np.asarray(points["step"], float), change["step"])
        text = f"{names.get(change['field'], change['field'])} → {change['new']:.3g}"
        figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, xref="x", yref="paper",
                         line={"color": theme.colour("muted"), "width": 1, "dash": "dot"})
        figure.add_annotation(x=place, y=1 - 0.07 * (number % 4), xref="x", yref="paper", text=text, showarrow=False,
                              xanchor="left", xshift=3, font={"size": 12, "color": theme.colour("muted")})


def _finish(figure: go.Figure, height: int, x: str | None) -> None:
    """What all charts share: transparent ground, tight margins, a zoom that stays while points arrive."""
    clear = "rgba(0,0,0,0)"
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "yanchor": "bottom", "bgcolor": clear,
              "font": {"size": 13}, "itemwidth": 30}
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 28, "b": 8}, paper_bgcolor=clear,
                         plot_bgcolor=clear, uirevision=f"loss {x}", hovermode="x", dragmode="zoom",
                         legend={**legend, "y": 1.0}, legend2={**legend, "y": 0.38})
    words = {"color": theme.colour("muted"), "size": 13}
    figure.update_xaxes(tickfont=words, title_font=words)
    figure.update_yaxes(tickfont=words, title_font=words)
    if x:
        if not any(len(trace.x) for trace in figure.data):
            figure.update_xaxes(range=[0, 1], showticklabels=False)
        figure.update_xaxes(title={"text": X_AXES[x], "standoff": 4}, rangemode="tozero")
