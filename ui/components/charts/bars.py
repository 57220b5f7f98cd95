"""Bars that grow and shrink in place while the model trains: KL per latent dimension, samples per class."""

from __future__ import annotations

from typing import Any

from ui.components.base import register

_mount = register(
    __file__,
    "bars",
    """
<figure class="lab bars">
  <div class="title"></div>
  <div class="frame"><div class="plot" role="img"></div><div class="even" hidden></div></div>
  <div class="axis"></div>
</figure>
""",
)


def bars(chart: dict[str, Any], key: str, *, alt: str, height: int = 200) -> None:
    """Puts a chart of `losses.kl_bars` or `gan.share_bars` on the page. Hovering a bar names its value.

    Args:
        alt: what there is to see, for people who cannot.
        height: of the tallest bar, in CSS pixels.
    """
    _mount(key=key, data={**chart, "alt": alt, "height": height})
