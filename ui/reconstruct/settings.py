"""How the Reconstruct page searches: the fold with its settings, and their place in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.evaluation.inpainting import FILLS
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel

LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
STEPS = range(10, 301, 10)
RESTARTS = range(1, 9)
STARTS = {
    "guess": "Ridge regression from the pixels",
    "zero": "Zero, the middle of the prior",
    "nearest": "The nearest training image's z",
}


@dataclass(frozen=True)
class Settings:
    """How to search. fill: what an encoder sees in the hole. refine: search for families with an encoder too."""

    steps: int = 60
    lr: float = 0.1
    restarts: int = 1
    start: str = "guess"
    refine: bool = True
    fill: str = "zeros"


ALLOWED = {
    "steps": ({str(k): k for k in STEPS}, f"{STEPS[0]}, {STEPS[1]}, … {STEPS[-1]}"),
    "lr": ({f"{v:g}": v for v in LEVELS}, ", ".join(f"{v:g}" for v in LEVELS)),
    "restarts": ({str(k): k for k in RESTARTS}, f"a whole number from {RESTARTS[0]} to {RESTARTS[-1]}"),
    "start": ({name: name for name in STARTS}, ", ".join(STARTS)),
    "refine": ({"0": False, "1": True}, "0 or 1"),
    "fill": ({name: name for name in FILLS}, " or ".join(FILLS)),
}
"""Of each setting: its values by their text in the address, and the words for what is allowed."""

WROTE = "reconstruct_settings_wrote"  # in session state: what this page put into the address


def read() -> None:
    """Take over what the address asks for; a bad value is left out with a message. Call it before the widgets."""
    state = st.session_state
    asked = {name: st.query_params[name] for name in ALLOWED if name in st.query_params}
    if asked != state.get(WROTE):
        for name, text in asked.items():
            values, allowed = ALLOWED[name]
            if text in values:
                state[f"reconstruct_{name}"] = values[text]
            else:
                st.warning(
                    f"The address asks for {name} '{escape_markdown(text[:40])}', which is not there. Allowed: "
                    f"{allowed}."
                )
    for name in ALLOWED:
        if state.get(f"reconstruct_{name}") is None:
            state[f"reconstruct_{name}"] = getattr(Settings(), name)


def options(loaded: list[LoadedModel]) -> Settings:
    """The fold with the settings; what differs from the usual is put into the address."""
    with st.popover(
        "Search", icon=":material/tune:", help="How the search for z goes: steps, step size, restarts, start."
    ):
        st.slider(
            "Steps",
            STEPS[0],
            STEPS[-1],
            step=STEPS.step,
            key="reconstruct_steps",
            persist_state="session",
            help="At most so many steps of Adam; a search that has arrived ends earlier.",
        )
        st.select_slider(
            "Size of the first step",
            LEVELS,
            key="reconstruct_lr",
            persist_state="session",
            help="Learning rate in units of z; it falls along a cosine to a twentieth.",
        )
        st.slider(
            "Restarts",
            RESTARTS[0],
            RESTARTS[-1],
            key="reconstruct_restarts",
            persist_state="session",
            help="So many searches from different places at once; the best one counts.",
        )
        st.radio(
            "Start of AD and VAD",
            list(STARTS),
            key="reconstruct_start",
            persist_state="session",
            format_func=STARTS.get,
            help="A family with an encoder begins at the encoder's answer.",
        )
        st.toggle(
            "Refine what an encoder answers",
            key="reconstruct_refine",
            persist_state="session",
            help="Lets the same search go on from the encoder's answer, so that you see what one pass leaves on "
            "the table.",
            disabled=all(h.model.encoder is None for h in loaded),
        )
    settings = Settings(**{name: st.session_state[f"reconstruct_{name}"] for name in ALLOWED})
    _write(settings)
    return settings


def fill_choice(mean: bool) -> None:
    """What stands in the hole for an encoder. `mean`: whether there is a mean image."""
    if not mean:
        st.session_state["reconstruct_fill"] = FILLS[0]
    st.segmented_control(
        "Encoders see the hole filled with",
        FILLS if mean else FILLS[:1],
        key="reconstruct_fill",
        required=True,
        persist_state="session",
        format_func={"zeros": "Black", "mean": "The mean image"}.get,
        help="AE and VAE know no holes: something must stand there.",
    )


def _write(settings: Settings) -> None:
    wrote = {}
    for name, (values, _) in ALLOWED.items():
        value = getattr(settings, name)
        if value == getattr(Settings(), name):
            st.query_params.pop(name, None)
            continue
        wrote[name] = next(text for text, known in values.items() if known == value)
        if st.query_params.get(name) != wrote[name]:
            st.query_params[name] = wrote[name]
    st.session_state[WROTE] = wrote
