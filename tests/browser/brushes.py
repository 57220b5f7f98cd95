"""A page for the browser tests alone: the two surfaces to paint on, and what the server has heard of them."""

import numpy as np
import streamlit as st

from core import data
from core.images import masks
from ui.components.drawing.draw import Answer, draw, set_drawing
from ui.components.drawing.mask_brush import mask_brush, set_mask

st.set_page_config(page_title="Brushes", layout="wide")
left, right = st.columns(2)
with left:
    box = np.zeros((28, 28), np.uint8)
    box[1:11, 2:7] = 255
    st.button("Put a box", key="box", on_click=set_drawing, args=("drawn", box))
    if st.toggle("Show", True, key="drawn_on"):
        drawn = draw(key="drawn", answer=lambda picture: Answer(255 - picture, words=f"{picture.mean():.1f}"))
        st.code(drawn.tobytes().hex(), language=None)
with right:
    st.button("Left half", key="half", on_click=set_mask, args=("hidden", masks.half("left")))
    mask = mask_brush(data.load("digits").test_images[st.number_input("Image", 0, 9, key="image")], key="hidden")
    st.code(masks.to_bytes(mask).hex(), language=None)
