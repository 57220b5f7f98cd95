"""Pictures on the cards of the data sets: three of each set's images, kept beside this file.

`python -m ui.data.set_cards NAME …` draws those of sets that are on this machine.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.images.convert import png, tile

PICTURES = Path(__file__).parent / "set_pictures"

IMAGES = 3
"""Images on a card, beside each other."""

WITHOUT_PICTURE = "position: absolute; right: 0.5rem; top: 0.25rem; aspect-ratio: auto; background: none"
"""Style of the place of the picture where there is none: it takes no room of its own."""


def drawn(images: ImageSet) -> bytes:
    """The picture of a set as PNG: the first training image of each of its first classes."""
    found = [np.flatnonzero(images.train_labels == label)[0] for label in range(IMAGES)]
    return png(tile(images.train_images[found], IMAGES))


def file_of(name: str) -> Path:
    """The picture of the set of that name."""
    return PICTURES / f"{name}.png"


def pictures(names: Sequence[str], ready: Collection[str]) -> None:
    """Put the pictures on the cards, which are the options of the radio buttons of these sets, in their order.

    A set without one is a lower card with a sign in its corner: a plus for files of the visitor's own, an arrow for a
    download.

    Args:
        ready: sets that are on this machine.
    """
    rules = []
    for place, name in enumerate(names, 1):
        sign = "" if name in ready else "+" if data.SOURCES[name].pictures else "↓"
        value = f'content: "{sign}"; {WITHOUT_PICTURE}'
        if file_of(name).is_file():
            content = base64.b64encode(file_of(name).read_bytes()).decode()
            value = f'background-image: url("data:image/png;base64,{content}")'
        rules.append(f'.st-key-data_set [role="radiogroup"] > div:nth-of-type({place})::before {{ {value}; }}')
    st.html(f"<style>{' '.join(rules)}</style>")


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        file_of(wanted).write_bytes(drawn(data.load(wanted)))
