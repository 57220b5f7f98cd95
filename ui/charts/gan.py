"""Charts of a GAN's training: both losses, the discriminator's accuracy, sample-quality metrics after each round.

The discriminator has its colour; the generator's loss has that of generated images. Line style doubles every colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.gan_diagnosis import COVERED_SHARE
from ui.charts import losses as charts_losses
from ui.charts.losses import Points
from ui.shared import theme

DOTTED = [2, 3]

COLUMNS = {
    "val_frechet": "Fréchet distance",
    "val_sharpness": "Sharpness",
    "val_modes": "Classes covered",
    "d_loss": "D's loss",
    "g_loss": "G's loss",
    "d_real": "D on real",
    "d_fake": "D on generated",
}
"""Columns of the history that several runs can be compared by, with their titles."""

LEVELS = {"val_sharpness": (1.0, "real"), "d_real": (0.5, "½: D guesses"), "d_fake": (0.5, "½: D guesses")}
"""Values to compare a column with, and their labels."""

GAME_CAPTION = (
    "Neither loss has to fall: each depends on an opponent that learns too. Watch the accuracy. At ½ D, the "
    "discriminator, can only guess; near 1 on both kinds it is never fooled, and G learns little from it."
)
CRITIC_CAPTION = (
    "A critic's loss is minus a distance, which should shrink towards 0. Its accuracy is taken at the "
    "middle between its mean verdicts; at ½ it cannot tell real from generated."
)
MEASURE_CAPTION = (
    "After each epoch, the newest weights, on the same latents, against training images; epoch 0 is before training. "
    "Fréchet distance: 0 means no difference from the real images. Sharpness: 1 is as sharp as real ones; far above "
    "1 is noise. "
    "Classes covered: those still generated."
)


def game_chart(
    points: Points, *, x: str = "epoch", log: bool = False, smoothing: float = 0.0, changes: list[dict] | tuple = ()
) -> dict[str, Any]:
    """Both losses above, the discriminator's accuracy on real and on generated images below, with ½ marked.

    Args:
        points, x, smoothing, changes: as in `losses.loss_chart`.
    """
    panels, legend = [], []
    for title, share, curves in (
        ("Loss", 0.5, (("d_loss", "D's loss", "discriminator", False), ("g_loss", "G's loss", "generated", True))),
        (
            "Accuracy of D",
            0.5,
            (("d_real", "D on real", "real", False), ("d_fake", "D on generated", "generated", DOTTED)),
        ),
    ):
        drawn = []
        for column, name, role, dash in curves:
            style = _style(name, role, dash)
            legend.append(style)
            drawn += charts_losses.series(points, x, column, style, smoothing)
        losses = title == "Loss"
        panel = charts_losses.panel(title, share, drawn, log and losses)
        if not losses:
            panel |= {"range": [-0.03, 1.03], "level": {"at": 0.5, "text": "½: D guesses"}}
        panels.append(panel)
    return {
        "panels": panels,
        "legend": legend,
        "marks": charts_losses.marks(points, x, changes),
        **charts_losses.frame(x),
    }


def measure_chart(
    points: Points, classes: int, *, x: str = "epoch", log: bool = False, changes: list[dict] | tuple = ()
) -> dict[str, Any]:
    """Fréchet distance, sharpness and modes over the epochs, a panel each, with the values of real images marked.

    Args:
        classes: number of classes of the images; 0: none, then there is no panel of modes.
    """
    panels = []
    for column, title, name, role, dash, level in (
        ("val_frechet", "Fréchet distance", "Fréchet distance in the classifier's features", "total", False, None),
        ("val_sharpness", "Sharpness", "Sharpness beside real images", "reconstruction", True, (1.0, "real")),
        ("val_modes", "Classes", "Classes covered", "kl", DOTTED, (classes, f"all {classes}")),
    ):
        if column == "val_modes" and not classes:
            continue
        drawn = charts_losses.series(points, x, column, _style(name, role, dash), 0.0)
        panel = charts_losses.panel(title, 0.0, drawn, log and column == "val_frechet")
        if level:
            values = [*drawn[0]["y"], level[0]]
            pad = max(0.06 * (max(values) - min(values)), 0.06 * level[0])
            panel |= {
                "level": {"at": level[0], "text": level[1]},
                "range": [-0.5, max(values) + 0.5] if column == "val_modes" else [min(values) - pad, max(values) + pad],
            }
        else:
            panel["range"] = None
        panels.append(panel)
    shares = (0.4, 0.3, 0.3) if len(panels) == 3 else (0.6, 0.4)
    for panel, share in zip(panels, shares, strict=True):
        panel["share"] = share
    return {
        "panels": panels,
        "legend": [panel["curves"][0] | {"x": [], "y": []} for panel in panels],
        "marks": charts_losses.marks(points, x, changes),
        **charts_losses.frame(x),
    }


def overlay_chart(
    runs: dict[str, Points],
    column: str,
    *,
    x: str = "epoch",
    log: bool = False,
    smoothing: float = 0.0,
    changes: Mapping[str, Sequence[dict]] | None = None,
    colours: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One column of several GANs over each other, a colour, a line style and a number per run.

    Args:
        runs: name of the run → its history. column: one of `COLUMNS`. changes, colours: as in `losses.overlay_chart`.
    """
    drawn, legend, found = [], [], []
    strokes = charts_losses.strokes(runs, colours)
    for number, ((name, points), (colour, width)) in enumerate(zip(runs.items(), strokes, strict=True)):
        style = {
            "name": name,
            "colour": colour,
            "alpha": 1.0,
            "label": " ",
            "width": width,
            "dash": (False, True, DOTTED)[number % 3],
            "end": str(number + 1),
        }
        legend.append(style)
        drawn += charts_losses.series(points, x, column, style, 0.0 if column.startswith("val_") else smoothing)
        found += charts_losses.marks_of(name, points, x, (changes or {}).get(name, ()), str(style["colour"]))
    shown = charts_losses.panel(COLUMNS[column], 1.0, drawn, log)
    if column in LEVELS:
        at, text = LEVELS[column]
        shown |= {"level": {"at": at, "text": text}, "range": None}
    return {"panels": [shown], "legend": legend, "marks": found, **charts_losses.frame(x)}


def share_bars(shares: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Class shares of the generated images, by the lab's classifier, as data for `bars`.

    Args:
        shares: [C], they sum to 1. names: [C], or none: then they are numbered.
    """
    shares, missing = np.asarray(shares, float), lost(shares)
    return {
        "names": [str(name) for name in names or range(len(shares))],
        "values": (100 * shares).tolist(),
        "dead": missing.tolist(),
        "lost": "missing",
        "unit": "%",
        "even": 100 / len(shares),
        "colour": theme.colour("generated"),
        "muted": theme.colour("muted"),
        "evenText": f"even share, {100 / len(shares):.3g} %",
        "yTitle": "Share of the images (%)",
        "xTitle": "Class, by the classifier",
    }


def lost(shares: np.ndarray) -> np.ndarray:
    """Whether each class is hardly generated: with less than `COVERED_SHARE` of an even share, [C] bool."""
    shares = np.asarray(shares, float)
    return shares < COVERED_SHARE / max(1, len(shares))


def share_caption(shares: np.ndarray, names: tuple[str, ...]) -> str:
    """Caption of `share_bars`, with its numbers."""
    shares, missing = np.asarray(shares, float), lost(shares)
    named = names or tuple(map(str, range(len(shares))))
    words = (
        "All classes are generated."
        if not missing.any()
        else "Hardly generated: " + ", ".join(named[k] for k in np.flatnonzero(missing)) + "."
    )
    return (
        f"{words} The most frequent is {named[int(shares.argmax())]} with {100 * shares.max():.0f} %. A few "
        "tall bars and many empty ones mean mode collapse: G generates only the images that fool D."
    )


def _style(name: str, role: str, dash) -> dict[str, Any]:
    return {"name": name, "colour": theme.colour(role), "width": 1.8, "alpha": 1.0, "dash": dash, "label": " "}
