"""Inputs of the VAE → diffusion page: seed, solver, steps, class and guidance, each with a parameter in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.priors.kinds import FLOW
from core.runs import Run
from ui.shared.address import Parameter, number, one_of, short, whole

SOLVERS = {"heun": "Heun", "euler": "Euler"}
"""As `core.priors.flow.METHODS`, which imports torch."""

STEPS, MOST_STEPS = 25, 100
"""As in `core.priors.flow`."""

MOST_SEED, MOST_GUIDANCE = 999_999, 6.0

ANY = "any"
"""The choice of no class."""

SEED = Parameter("seed", "diffusion_seed", whole(0, MOST_SEED), 1, f"a whole number from 0 to {MOST_SEED:,}")
SOLVER = Parameter("solver", "diffusion_solver", one_of(*SOLVERS), "heun", " or ".join(SOLVERS))
STEP_COUNT = Parameter(
    "steps", "diffusion_steps", whole(1, MOST_STEPS), STEPS, f"a whole number from 1 to {MOST_STEPS}"
)
GUIDANCE = Parameter(
    "guidance", "diffusion_guidance", number(0, MOST_GUIDANCE), 1.0, f"a number from 0 to {MOST_GUIDANCE:g}", short
)

NAMES = ("run", "seed", "solver", "steps", "class", "guidance", "t", "question")
"""Parameters of the address."""


@dataclass(frozen=True)
class Choices:
    """What a visitor has chosen: seed, solver and its steps; the class (None for any) and the guidance's weight."""

    seed: int
    solver: str
    steps: int
    label: int | None
    guidance: float


def refusal(run: Run) -> str:
    """Why this page does not apply to a run, in a sentence; empty where it does."""
    return FLOW.refusal(run.recipe)


def fits(run: Run) -> bool:
    """Whether this page applies to a run."""
    return not refusal(run)


def _class(run: Run, classes: tuple[str, ...]) -> Parameter[str]:
    """The class is in the address by its number: its name may be a user's own text."""
    numbers = (ANY, *map(str, range(len(classes))))
    allowed = f"{ANY}, or a class’s number from 0 to {len(classes) - 1}"
    return Parameter("class", f"diffusion_class_{run.name}", one_of(*numbers), ANY, allowed)


def controls(run: Run, classes: tuple[str, ...]) -> Choices:
    """The row of controls.

    Args:
        classes: names of the classes that the flow knows; empty where it knows none.
    """
    chosen_class = _class(run, classes)
    parameters: list[Parameter[Any]] = [SEED, SOLVER, STEP_COUNT]
    if classes:
        parameters += [chosen_class, GUIDANCE]
    for parameter in parameters:
        parameter.adopt()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="diffusion_controls"):
        _solver()
        if classes:
            _guidance(chosen_class.box, classes)
        st.button(
            "Other noise",
            key="diffusion_redraw",
            on_click=_redraw,
            icon=":material/casino:",
            help="Draws other noise, which becomes other images.",
        )
    for parameter in parameters:
        parameter.keep()
    state = st.session_state
    label = state[chosen_class.box] if classes else ANY
    return Choices(
        int(state[SEED.box]),
        str(state[SOLVER.box]),
        int(state[STEP_COUNT.box]),
        None if label == ANY else int(label),
        float(state[GUIDANCE.box]) if classes else 1.0,
    )


def _solver() -> None:
    st.slider(
        "Steps",
        1,
        MOST_STEPS,
        key=STEP_COUNT.box,
        persist_state="session",
        width=220,
        help="Steps of the solver from noise to image. With one step all samples land near the middle of the latents; "
        "from about ten steps on they hardly change.",
    )
    st.segmented_control(
        "Solver",
        list(SOLVERS),
        key=SOLVER.box,
        required=True,
        persist_state="session",
        format_func=SOLVERS.__getitem__,
        help="Euler’s method follows the velocity at the beginning of each step. Heun’s takes the mean of the "
        "velocities at its beginning and its end: twice the work, and far closer with few steps.",
    )


def _guidance(box: str, classes: tuple[str, ...]) -> None:
    """Class and guidance. box: session-state key of the class."""
    st.selectbox(
        "Class",
        [ANY, *map(str, range(len(classes)))],
        key=box,
        persist_state="session",
        width=120,
        format_func=lambda name: "any" if name == ANY else classes[int(name)],
        help="The class to draw. The flow has learned with the labels, half of which were left out at random.",
    )
    st.slider(
        "Guidance",
        0.0,
        MOST_GUIDANCE,
        step=0.25,
        key=GUIDANCE.box,
        persist_state="session",
        width=180,
        disabled=st.session_state[box] == ANY,
        help="Weight w of the class: at 0 it is ignored, at 1 it counts as it was learned, above 1 it is exaggerated: "
        "clearer examples of the class, with less variety.",
    )


def _redraw() -> None:
    """Choose another seed."""
    before = int(st.session_state.get(SEED.box, 1))
    st.session_state[SEED.box] = int(np.random.default_rng(before).integers(MOST_SEED + 1))
