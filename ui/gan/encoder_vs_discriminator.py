"""Encoder and discriminator beside each other: what each says of the same pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.gan.questions import TABLE
from core.images.convert import data_url
from ui.shared import theme
from ui.shared.formatting import format_sig

TWO = "\n".join(
    [
        "| " + " | ".join(TABLE[0]) + " |",
        "|---|---|---|",
        *("| **" + "** | ".join([row[0], " | ".join(row[1:])]) + " |" for row in TABLE[1:]),
    ]
)
"""The table of differences, as Markdown."""

WIDTH, HEIGHT, SHOWN = 112, 41, 28
"""Of the bars, in pixels; how many numbers are drawn at most."""


def two(
    pictures: np.ndarray, origin: Sequence[str], means: np.ndarray, verdicts: np.ndarray | None, line: float | None
) -> None:
    """A column for each picture: the picture, μ as bars up and down, and D's one number.

    Args:
        pictures: `uint8` [n, 28, 28]. origin: real or made. means: μ [n, d]. verdicts: [n], or None without a D.
        line: above it D takes a picture for real.
    """
    cells = []
    for k, (picture, what, mean) in enumerate(zip(pictures, origin, means, strict=True)):
        said = ""
        if verdicts is not None:
            takes = "real" if verdicts[k] > line else "made"
            said = (
                f'<div><b style="color:{theme.colour("discriminator")}">D</b>: {format_sig(float(verdicts[k]))} → '
                f"{takes}</div>"
            )
        cells.append(
            f'<div style="width:132px"><img src="{data_url(picture)}" alt="A {what} picture" width="112" height="112" '
            f'style="image-rendering:pixelated;border-radius:4px;display:block"><div style="margin:4px 0">{what}</div>'
            f'<div><b style="color:{theme.colour("encoder")}">Encoder</b>: {len(mean)} numbers</div>{_bars(mean)}'
            f"{said}</div>"
        )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:12px 20px;font-size:0.875rem">{"".join(cells)}</div>')


def _bars(mean: np.ndarray) -> str:
    """μ as bars up and down from a line, 3 to either side, as a picture."""
    shown = np.clip(mean[:SHOWN], -3, 3)
    colour = [int(theme.colour("encoder")[k : k + 2], 16) for k in (1, 3, 5)]
    step, middle = WIDTH // len(shown), HEIGHT // 2
    sheet = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    sheet[middle, : step * len(shown)] = 128
    for k, value in enumerate(shown):
        tall = round(float(value) * middle / 3)
        sheet[min(middle, middle - tall) : max(middle, middle - tall), k * step : (k + 1) * step - 1] = [*colour, 255]
    said = ", ".join(f"{v:.1f}" for v in shown[:5])
    return (
        f'<img src="{data_url(sheet)}" width="{WIDTH}" height="{HEIGHT}" style="display:block;margin:4px 0" '
        f'alt="μ as bars: {said} …">'
    )
