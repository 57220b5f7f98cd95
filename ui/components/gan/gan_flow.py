"""A diagram of three networks: a VAE, its decoder alone, and the GAN that the decoder joins. Images move through the
parts; each part is a button."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from core.images.shape import GREY_28
from ui.components.base import message_shape, pack, register, shape_of

SHOWN = 8
"""Latent dimensions drawn of each vector: the most important ones."""

_mount = register(
    __file__,
    "gan_flow",
    """
<figure class="lab flow">
  <div class="bar">
    <button type="button" class="next">Next image</button>
    <button type="button" class="play" title="Play or pause (Space)" aria-pressed="false">Play</button>
    <span class="hint"></span>
  </div>
  <div class="ideas"></div>
</figure>
""",
    also=("../shared/axes",),
)


@dataclass(frozen=True)
class Stream:
    """The contents of the diagram, K of each; None is drawn as an empty part.

    Attributes:
        images, decoded: `uint8` [K, H, W(, 3)], real images and their reconstructions.
        mean, sigma, z: [K, m], of their posterior, and the draw that was decoded; σ None: the latent is a point.
        noise: [K, m], drawn from the prior. before, after: decoded from it by the decoder and by the generator, `uint8`
            [K, H, W(, 3)].
        real, fake: D's verdict on each of `images` and `after`: (its number as text, whether D takes it for real).
        labels: texts that differ between families, by part.
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
    """Show the diagram. Images move in the browser alone; only a click on a part sends a message.

    For tests: the figure's `data-at` is the index of the images shown; each part is a button with `data-part`.

    Args:
        colours: of the roles encoder, latent, decoder, discriminator, real, generated, in the reader's theme.
        parts: names of parts; others are ignored. chosen: the part whose code is shown, or "".
        on_pick: called with the part that was clicked.
    """

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("part")
        if isinstance(value, str) and value in parts:
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
    known = next((v for name in ("after", "before", "images") if (v := getattr(stream, name)) is not None), np.zeros(0))
    _mount(
        key=key,
        on_part_change=picked,
        data={
            "id": hashlib.blake2b("".join(tiles.values()).encode(), digest_size=8).hexdigest(),
            "count": len(known),
            "shape": message_shape(shape_of(known) if len(known) else GREY_28),
            "tiles": tiles,
            "numbers": numbers,
            "verdicts": {
                name: None if verdicts is None else [[text, bool(real)] for text, real in verdicts]
                for name, verdicts in (("real", stream.real), ("fake", stream.fake))
            },
            "labels": stream.labels,
            "colours": colours,
            "chosen": chosen,
        },
    )
