"""Line charts that are redrawn while a model trains: without flicker, and with a zoom that stays.

One canvas that stays in place and is drawn anew with each message, with the axes, ticks and marks that all charts of
the lab's components share (`ui/components/shared/axes.js`, `plot.js`). `ui.charts` says why they are not Plotly's.
"""

from __future__ import annotations

from typing import Any

from ui.components.base import register

_mount = register(
    __file__,
    "curves",
    """
<figure class="lab chart curves">
  <div class="legend"></div>
  <div class="plot"><canvas tabindex="0" role="img"></canvas><div class="tip" aria-live="polite" hidden></div></div>
</figure>
""",
    also=("../shared/axes", "../shared/plot", "chart"),
)


def curves(chart: dict[str, Any], key: str, *, alt: str, height: int = 390, link: str = "") -> None:
    """Show a chart of `ui.charts`.

    A drag over a stretch zooms in; a double click (or Escape) shows everything, another one the useful range. Arrow
    keys read values, + and - zoom.

    Args:
        chart: what `losses.loss_chart` or `losses.overlay_chart` returns.
        alt: a description for visitors who cannot see the chart.
        height: of the canvas, in CSS pixels.
        link: name under which a film on the page shares its epoch with the chart: a line marks it, and a click (or
            Enter) at another epoch takes the film there. Only where the horizontal axis is epochs.
    """
    _mount(key=key, data={**chart, "alt": alt, "height": height, "link": link})
