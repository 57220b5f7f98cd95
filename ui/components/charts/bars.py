"""Bar charts that are redrawn in place while a model trains: KL per latent dimension, samples per class."""

from __future__ import annotations

from typing import Any

from ui.components.base import register

_mount = register(
    __file__,
    "bars",
    """
<figure class="lab chart bars">
  <div class="plot"><canvas tabindex="0" role="img"></canvas><div class="tip" aria-live="polite" hidden></div></div>
</figure>
""",
    also=("../shared/axes", "../shared/plot", "chart"),
)


def bars(chart: dict[str, Any], key: str, *, alt: str, height: int = 280) -> None:
    """Show a chart of `losses.kl_bars` or `gan.share_bars`. Pointer and arrow keys read the value of a bar.

    For tests: the canvas's `data-bars` is the number of bars, `data-even` the value of the dashed line.

    Args:
        chart: names, values and dead (bars to hatch) of equal length; colour, muted, unit, yTitle, xTitle, lost (the
            word for a dead bar), even (a value to compare with, or None) and evenText (its label).
        alt: a description for visitors who cannot see the chart.
        height: of the canvas, in CSS pixels.
    """
    _mount(
        key=key,
        data={"unit": "nats", "lost": "dead", "even": None, "evenText": "", **chart, "alt": alt, "height": height},
    )
