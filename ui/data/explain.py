"""Explanation on the Data page: how an image becomes numbers, with those of the first training image."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import streamlit as st

from core.data import SOURCES, ImageSet, idx, reading, statistics
from core.images import picture_files
from core.images.shape import ImageShape
from ui.shared.formatting import format_sig
from ui.shared.source_code import show_code


def explain(images: ImageSet) -> None:
    """The folded explanation."""
    shape, image = images.shape, images.train_images[0]
    # The value nearest to middle grey, whose entropy is the largest.
    place = np.unravel_index(np.abs(image.astype(int) - 128).argmin(), image.shape)
    level = int(image[place])
    channel = f", channel {('red', 'green', 'blue')[place[2]]}" if shape.colour else ""
    values = f"{'levels of red, green and blue' if shape.colour else 'grey levels'} from 0 (black) to 255"
    where = "on the disk" if isinstance(images.train_images, np.memmap) else "in memory"
    with st.expander("How it works", icon=":material/functions:", key="data_depth"):
        st.markdown(
            f"An image is {shape.height} × {shape.width} {values}, one byte each. The whole set stays {where} in "
            f"this form: {format_sig(images.train_images.nbytes / 1e6)} MB for {len(images.train_images):,} images. "
            "For each step of training a random batch of them is turned into numbers from 0 to 1. In the first image, "
            f"the value nearest to the middle is in row {place[0]}, column {place[1]}{channel}:"
        )
        st.latex(rf"x = \frac{{{level}}}{{255}} = {level / 255:.3f}")
        st.markdown(
            f"A fully connected network takes the image as one vector of {_product(shape)} such numbers, a "
            f"convolutional one as a grid of pixels{' with three channels' if shape.colour else ''}. A value between "
            "0 and 1 has an entropy, which no prediction can avoid. For this one:"
        )
        one = np.full((1, 1, 1), level, np.uint8)
        st.latex(
            rf"\begin{{aligned}}H &= -x \ln x - (1-x) \ln (1-x)\\ &= {format_sig(statistics.bce_floor(one))}"
            r"\text{ nats}\end{aligned}"
        )
        st.markdown(
            f"Summed over the {shape.values:,} values of an image, the mean over the test images is "
            f"**{format_sig(statistics.measure(images).bce_floor)} nats**: the lowest possible BCE."
        )
        show_code(_readers(images.name), "The code that read these images")


def _product(shape: ImageShape) -> str:
    """`28 · 28 = 784`, `3 · 32 · 32 = 3,072`."""
    factors = [shape.height, shape.width] if shape.channels == 1 else list(shape.chw)
    return f"{' · '.join(map(str, factors))} = {shape.values:,}"


def _readers(name: str) -> list[Any]:
    if SOURCES[name].pictures:
        return [picture_files.from_file, reading.read]
    maker = SOURCES[name].maker
    return [import_module(f"core.data.{maker}").make] if maker else [idx.read]
