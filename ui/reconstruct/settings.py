"""Settings of the search on the Reconstruct page: the popover, and their values in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.evaluation.inpainting import FILLS
from core.recipes.family import FAMILIES
from ui.shared import address
from ui.shared.model_cache import LoadedModel

STEP_SIZES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
STEPS = range(10, 301, 10)
RESTARTS = range(1, 9)
STARTS = {
    "guess": "Ridge regression from the pixels",
    "zero": "Zero, the centre of the prior",
    "nearest": "The z of the nearest training image",
}


@dataclass(frozen=True)
class Settings:
    """Settings of the search.

    Attributes:
        steps: of Adam, at most. lr: largest step size in units of z. restarts: number of searches, of which the best
            counts. start: where a model without an encoder begins, one of `STARTS`.
        refine: whether a search also continues from an encoder's latent. fill: pixels of the hole for an encoder.
    """

    steps: int = 60
    lr: float = 0.05
    restarts: int = 1
    start: str = "guess"
    refine: bool = True
    fill: str = "zeros"


ALLOWED: dict[str, tuple[dict[str, Any], str]] = {
    "steps": ({str(k): k for k in STEPS}, f"{STEPS[0]}, {STEPS[1]}, … {STEPS[-1]}"),
    "lr": ({f"{v:g}": v for v in STEP_SIZES}, ", ".join(f"{v:g}" for v in STEP_SIZES)),
    "restarts": ({str(k): k for k in RESTARTS}, f"a whole number from {RESTARTS[0]} to {RESTARTS[-1]}"),
    "start": ({name: name for name in STARTS}, ", ".join(STARTS)),
    "refine": ({"0": False, "1": True}, "0 or 1"),
    "fill": ({name: name for name in FILLS}, " or ".join(FILLS)),
}
"""Allowed values of each setting: by their text in the address, and in words for a message."""

PAGE = "reconstruct_settings"
"""Name under which `ui.shared.address` remembers these parameters."""


def read_address() -> None:
    """Take over the settings that the address asks for. Call it before the widgets are drawn."""
    state = st.session_state
    for name, text in address.requested(PAGE, *ALLOWED).items():
        values, allowed = ALLOWED[name]
        if text in values:
            state[f"reconstruct_{name}"] = values[text]
        else:
            address.warn(f"The address has a value for '{name}' that does not exist. Allowed: {allowed}.")
    for name in ALLOWED:
        if state.get(f"reconstruct_{name}") is None:
            state[f"reconstruct_{name}"] = getattr(Settings(), name)


def popover(models: list[LoadedModel]) -> Settings:
    """The popover with the settings. Those that differ from the defaults are written into the address."""
    without_encoder = " and ".join(f.abbreviation for f in FAMILIES.values() if not f.encoder and not f.adversarial)
    with st.popover(
        "Search", icon=":material/tune:", help="Settings of the search: steps, step size, restarts, start."
    ):
        st.slider(
            "Steps",
            STEPS[0],
            STEPS[-1],
            step=STEPS.step,
            key="reconstruct_steps",
            persist_state="session",
            help="Steps of Adam, at most. A search that has converged ends earlier.",
        )
        st.select_slider(
            "Step size",
            STEP_SIZES,
            key="reconstruct_lr",
            persist_state="session",
            help="Learning rate of Adam, in units of z. It grows over the first 10 steps and falls to a twentieth. A "
            "start far from the result, such as zero, needs larger steps.",
        )
        st.slider(
            "Restarts",
            RESTARTS[0],
            RESTARTS[-1],
            key="reconstruct_restarts",
            persist_state="session",
            help="Number of searches from different starting points, run together; the best one counts.",
        )
        st.radio(
            f"Start ({without_encoder})",
            list(STARTS),
            key="reconstruct_start",
            persist_state="session",
            format_func=STARTS.__getitem__,
            help="Where the search begins for a model without an encoder. With an encoder it begins at the encoder's "
            "latent vector.",
        )
        st.toggle(
            "Refine the encoder's result",
            key="reconstruct_refine",
            persist_state="session",
            help="Continues with a search from the encoder's latent vector. The gain is what one pass of the encoder "
            "misses.",
            disabled=all(loaded.model.encoder is None for loaded in models),
        )
    settings = Settings(**{name: st.session_state[f"reconstruct_{name}"] for name in ALLOWED})
    _write_address(settings)
    return settings


def fill_choice(has_mean: bool) -> None:
    """The choice of what fills the hole for an encoder. has_mean: whether the mean image is available."""
    if not has_mean:
        st.session_state["reconstruct_fill"] = FILLS[0]
    st.segmented_control(
        "For encoders, fill the hole with",
        FILLS if has_mean else FILLS[:1],
        key="reconstruct_fill",
        required=True,
        persist_state="session",
        format_func={"zeros": "Black", "mean": "The mean image"}.__getitem__,
        help="An encoder needs a value for every pixel, so the hidden ones are filled first.",
    )


def _write_address(settings: Settings) -> None:
    texts = {
        name: next(text for text, value in values.items() if value == getattr(settings, name))
        for name, (values, _) in ALLOWED.items()
    }
    defaults = Settings()
    address.write(
        PAGE,
        {name: None if getattr(settings, name) == getattr(defaults, name) else text for name, text in texts.items()},
    )
