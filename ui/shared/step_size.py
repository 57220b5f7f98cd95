"""Control of how far a training step that is shown in slow motion moves the weights."""

from __future__ import annotations

from typing import Literal

import streamlit as st

FACTORS = {1: "As in training", 10: "10 times", 100: "100 times"}


def step_size(key: str, rates: str = "rate", label: Literal["visible", "collapsed"] = "visible") -> int:
    """The chosen multiple of the run's learning rate. `rates`: `rate`, or `rates` where two players have one each."""
    factor: int = st.segmented_control(
        "Step size",
        list(FACTORS),
        default=1,
        key=key,
        required=True,
        persist_state="session",
        format_func=FACTORS.__getitem__,
        label_visibility=label,
        help=f"How far the weights move: with the run's learning {rates}, or multiples of "
        f"{'it' if rates == 'rate' else 'them'}. A training step is small; a larger one shows its direction, and the "
        "effect of a learning rate that is too high.",
    )
    return factor
