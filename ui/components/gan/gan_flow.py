"""Three pictures of one idea, below each other: a VAE, its decoder alone, and the GAN that the decoder joins. Live
images flow through the parts; each part is a button."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from ui.components.base import pack, register

SHOWN = 8
"""Latent numbers drawn of each vector: the most important ones."""

_mount = register(
    __file__,
    "gan_flow",
    """
<figure class="lab flow">
  <div class="bar">
    <button type="button" class="next">Next image</button>
    <button type="button" class="play" aria-pressed="false">Play</button>
    <span class="hint"></span>
  </div>
  <div class="ideas"></div>
</figure>
""",
)


@dataclass(frozen=True)
class Stream:
    """What flows, K of each; what is None is drawn as a part that nothing flows through.

    Attributes:
        images, decoded: `uint8` [K, 28, 28], real images and what the VAE makes of them.
        mean, sigma, z: [K, m], of their posterior, and the draw that was decoded; σ None: the place is a point.
        noise: [K, m], drawn from the prior. before, after: what decoder and generator make of it, `uint8` [K, 28, 28].
        real, fake: D's answer for each of `images` and `after`: (the number as it is shown, whether it says real).
        labels: the words that differ between families, by part.
    """

    images: np.ndarray | None = None
    mean: np.ndarray | None = None
    sigma: np.ndarray | None = None
    z: np.ndarray | None = None
    decoded: np.ndarray | None = None
    noise: np.ndarray | None = None
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    real: Sequence[tuple[str, bool]] | None = None
    fake: Sequence[tuple[str, bool]] | None = None
    labels: dict[str, str] = field(default_factory=dict)


def gan_flow(
    stream: Stream,
    *,
    key: str,
    colours: dict[str, str],
    parts: Sequence[str],
    chosen: str,
    on_pick: Callable[[str], None],
) -> None:
    """Images flow in the browser alone; only a click on a part speaks to the server.

    For tests: the figure's `data-at` is the number of the images shown; each part is a button `data-part`.

    Args:
        colours: of the roles encoder, latent, decoder, discriminator, real, generated, in the reader's theme.
        parts: the names that `on_pick` takes. chosen: the part whose code is shown, or "".
    """

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("part")
        if value in parts:
            on_pick(value)

    tiles = {
        name: pack(images)
        for name in ("images", "decoded", "before", "after")
        if (images := getattr(stream, name)) is not None
    }
    numbers = {
        name: [[round(float(v), 3) for v in row] for row in values[:, :SHOWN]]
        for name in ("mean", "sigma", "z", "noise")
        if (values := getattr(stream, name)) is not None
    }
    known = next((v for name in ("after", "before", "images") if (v := getattr(stream, name)) is not None), ())
    _mount(
        key=key,
        on_part_change=picked,
        data={
            "id": hashlib.blake2b("".join(tiles.values()).encode(), digest_size=8).hexdigest(),
            "count": len(known),
            "tiles": tiles,
            "numbers": numbers,
            "said": {
                name: None if said is None else [[text, bool(yes)] for text, yes in said]
                for name, said in (("real", stream.real), ("fake", stream.fake))
            },
            "labels": stream.labels,
            "colours": colours,
            "chosen": chosen,
        },
    )
