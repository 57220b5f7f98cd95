"""Line charts that are redrawn every second: no flicker, and a zoom that stays.

Streamlit builds a Plotly chart anew whenever its points change, which blinks once a second and forgets the zoom, and
its ECharts forget the zoom too. This one draws on a canvas that stays where it is.
"""

from __future__ import annotations

from typing import Any

from ui.components.base import register

_mount = register(
    __file__,
    "curves",
    """
<figure class="lab curves">
  <div class="legend"></div>
  <div class="plot"><canvas tabindex="0" role="img"></canvas><div class="tip" aria-live="polite" hidden></div></div>
</figure>
""",
)


def curves(chart: dict[str, Any], key: str, *, alt: str, height: int = 390) -> None:
    """Puts a chart of `ui.charts.losses` on the page.

    Drag over a stretch to look closer; a double click (or Escape) shows everything, another one the useful part.
    The arrow keys read off values, + and - zoom.

    Args:
        chart: what `losses.loss_chart` or `losses.overlay_chart` returns.
        alt: what there is to see, for people who cannot.
        height: in CSS pixels, of the canvas.
    """
    _mount(key=key, data={**chart, "alt": alt, "height": height})
