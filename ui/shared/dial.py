"""A slider over round values of a number, with a field for every other value beside it.

The slider's steps are about equal ratios, since β, a learning rate or a latent size is varied by factors. The field is
what counts: the slider stands at its nearest step.
"""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.recipes.recipe import Recipe

ONE_TO_TEN = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
"""Steps within a power of ten."""


def _powers(low: int, high: int) -> tuple[float, ...]:
    """Steps from 10^low to 10^high."""
    return (*(float(f"{m}e{k}") for k in range(low, high) for m in ONE_TO_TEN), 10.0**high)


STEPS: dict[str, tuple[float, ...]] = {
    "beta": (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, *_powers(-1, 2)),
    "lr": _powers(-5, -1),
    "latent_dim": (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 512),
    "epochs": (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 120, 150, 200, 300, 500, 1000),
}
"""Fields of a recipe that have a slider in the form, with its steps."""


def steps_of(field: str) -> tuple[float, ...]:
    """The steps of a field's slider; of a field without its own, such as the weight of a loss term: 0, then up to the
    field's largest value."""
    if field in STEPS:
        return STEPS[field]
    high = float(Recipe.__dataclass_fields__[field].metadata["high"])
    return (0.0, *(step for step in _powers(-3, math.ceil(math.log10(high))) if step <= high))


def nearest(field: str, value: float) -> float:
    """The step of a field's slider that is nearest to a value, by ratio; 0, where it is a step, for values far below
    the next one."""
    every = steps_of(field)
    low, *steps = every if every[0] == 0 else (every[0], *every)
    if value < steps[0] / 2:
        return low
    return min(steps, key=lambda step: abs(math.log(step / value)))


def dial(
    field: str, label: str, key: str, *, help: str, step: float, first: float | None = None, **options: Any
) -> None:
    """Draw the slider and the field of a number; its value is in session state under `key`, None where it is empty.

    Args:
        field: a number of the recipe. step: of the field's arrow keys. first: the value until one is chosen; without
            it, that in session state. options: of the number field, such as `persist_state`.
    """
    state, slider, moved = st.session_state, slider_key(key), st.session_state.pop(f"{key}_moved", False)
    value = state.get(key, first)
    place = None if value is None else nearest(field, value)
    # Only where it differs: a value that is set anew would take the handle from the hand that drags it. Otherwise as
    # the default, in every run: a browser that opens a popover later than it was drawn begins with the default.
    if place is not None and state.get(slider, place) != place:
        state[slider], place = place, None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"dial_{key}"):
        st.select_slider(
            label,
            steps_of(field),
            value=place,
            key=slider,
            format_func=lambda at: f"{at:g}",
            on_change=_moved,
            args=(key, slider),
            help=help,
        )
        # Without bounds: the browser would mark a number outside them, not send it, and keep the previous value.
        # And as a float also for whole numbers: parsed as a whole number, 1e9 would become 1. The recipe checks both.
        st.number_input(
            f"{label}, exactly",
            value=None if first is None or moved else float(first),
            step=step,
            format="%g",
            key=key,
            width=96,
            label_visibility="collapsed",
            help=help,
            **options,
        )


def slider_key(key: str) -> str:
    """Session-state key of the slider beside the number under `key`."""
    return f"{key}_slider"


def put(key: str, value: float) -> None:
    """Set the number under `key` before it is drawn."""
    st.session_state[key], st.session_state[f"{key}_moved"] = float(value), True


def _moved(key: str, slider: str) -> None:
    put(key, st.session_state[slider])
