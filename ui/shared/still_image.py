"""Still pictures with their space on the page reserved. They are smooth, as enlarged pictures are, unless the visitor
wants to see pixels (`ui/components/page/copy_link.js`): where a page is narrower than a picture, no whole number of
screen pixels fits one of its pixels."""

from __future__ import annotations

import base64
import html

import numpy as np
import streamlit as st

from core.images.convert import data_url, tile


def still(images: np.ndarray, columns: int, scale: int | None, alt: str) -> None:
    """Show pictures as tiles of one sheet.

    Args:
        images: uint8 [N, H, W] or [N, H, W, 3]. scale: screen pixels per pixel; a narrower page shrinks the sheet.
            None: as wide as its place and with smooth edges, since no whole number of screen pixels would fit there.
        alt: text for screen readers.
    """
    st.html(still_html(images, columns, scale, alt))


def still_html(images: np.ndarray, columns: int, scale: int | None, alt: str) -> str:
    """The element that `still` shows; arguments as there."""
    sheet = tile(images, columns)
    height, width = sheet.shape[:2]
    size = "width:100%" if scale is None else "max-width:100%; image-rendering:var(--lab-enlarged, auto)"
    # An <img> with a data URL: `st.image` would put a file into the server's memory at every tick of a fragment.
    return (
        f'<img class="picture" src="{data_url(sheet)}" alt="{html.escape(alt, quote=True)}" '
        f'width="{width * (scale or 1)}" height="{height * (scale or 1)}" '
        f'style="display:block; {size}; height:auto; border-radius:4px">'
    )


def still_file(png: bytes, alt: str) -> None:
    """Show a PNG file as wide as its place. `alt`: text for screen readers.

    By a data URL too: a file of `st.image` is gone (404) where a visitor leaves the page before the browser asks.
    """
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    st.html(
        f'<img class="picture" src="{url}" alt="{html.escape(alt, quote=True)}" '
        'style="display:block; width:100%; height:auto; border-radius:4px">'
    )
