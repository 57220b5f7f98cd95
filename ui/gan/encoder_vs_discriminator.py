"""Encoder and discriminator compared: the output of each for the same images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.gan.questions import TABLE
from core.images.convert import data_url
from ui.shared import theme
from ui.shared.formatting import format_sig

DIFFERENCES = "\n".join(
    [
        "| " + " | ".join(TABLE[0]) + " |",
        "|---|---|---|",
        *("| **" + "** | ".join([row[0], " | ".join(row[1:])]) + " |" for row in TABLE[1:]),
    ]
)
"""The table of differences between the two, as Markdown."""

WIDTH, HEIGHT, MAX_BARS = 112, 41, 16
"""Width of a picture and its bars and height of the bars, in screen pixels; largest number of bars."""


def encoder_vs_discriminator(
    pictures: np.ndarray, origins: Sequence[str], means: np.ndarray, outputs: np.ndarray | None, threshold: float | None
) -> None:
    """A column for each picture: the picture, the encoder's μ as bars, and D's output.

    Args:
        pictures: uint8 [n, H, W] or [n, H, W, 3]. origins: of each, “real” or “generated”. means: μ, [n, d].
        outputs: of D, [n]; None without a D. threshold: D takes a picture with a larger output for real.
    """
    cells = []
    for k, (picture, what, mean) in enumerate(zip(pictures, origins, means, strict=True)):
        answer = ""
        if outputs is not None and threshold is not None:
            judged = "real" if outputs[k] > threshold else "generated"
            answer = (
                f'<div><b style="color:{theme.colour("discriminator")}">D</b>: {format_sig(float(outputs[k]))} → '
                f"{judged}</div>"
            )
        cells.append(
            f'<div style="width:132px"><img src="{data_url(picture)}" alt="A {what} image" width="{WIDTH}" '
            f'style="image-rendering:pixelated;border-radius:4px;display:block"><div style="margin:4px 0">{what}</div>'
            f'<div><b style="color:{theme.colour("encoder")}">Encoder</b>: {len(mean)} numbers</div>{_bars(mean)}'
            f"{answer}</div>"
        )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:12px 20px;font-size:0.875rem">{"".join(cells)}</div>')


def _bars(mean: np.ndarray) -> str:
    """μ as bars from −3 to 3, drawn up and down from a line, as an HTML image."""
    shown = np.clip(mean[:MAX_BARS], -3, 3)
    colour = [int(theme.colour("encoder")[k : k + 2], 16) for k in (1, 3, 5)]
    step, middle = WIDTH // len(shown), HEIGHT // 2
    sheet = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    sheet[middle, : step * len(shown)] = 128
    for k, value in enumerate(shown):
        tall = round(float(value) * middle / 3)
        sheet[min(middle, middle - tall) : max(middle, middle - tall), k * step : (k + 1) * step - 1] = [*colour, 255]
    values = ", ".join(f"{v:.1f}" for v in shown[:5])
    return (
        f'<img src="{data_url(sheet)}" width="{WIDTH}" height="{HEIGHT}" style="display:block;margin:4px 0" '
        f'alt="μ as bars: {values} …">'
    )
