"""Colours of classes, the same on every plane and map."""

from __future__ import annotations

CLASSES = ("#56B4E9", "#E69F00", "#00B98A", "#F0E442", "#D55E00", "#CC79A7", "#FFC4B0", "#8C7BFF", "#E3344F", "#9CA85C")
"""For a dark ground in either theme: seven from Okabe and Ito's palette, and three as far from all others as their
contrast with the ground allows, also for readers with any colour vision. None is white, the ink of the pictures below
the points. Ten are many all the same: a class is also named in words at the pointer and can be shown alone."""


def of_class(label: int) -> str:
    """The colour of a class; after ten they repeat. Grey for −1, an image without a class."""
    return CLASSES[label % len(CLASSES)] if label >= 0 else "#6B7280"
