"""From noise to image: samples of the flow at each time of their way, and in a plane the ways themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.latent import codec, sampling
from core.runs import Run
from ui.components.diffusion.flow_path import Plane, flow_path
from ui.diffusion import inputs
from ui.diffusion.inputs import Choices
from ui.diffusion.plane import PlaneView
from ui.shared import glossary, theme
from ui.shared.formatting import pluralize
from ui.shared.learned_priors import version_of
from ui.shared.model_cache import LoadedModel

if TYPE_CHECKING:
    from core.priors.flow import Flow

SAMPLES = 24
"""Samples on the board."""

FRAMES = 24
"""Pictures of each sample on its way, at most, besides the noise."""


def board(run: Run, loaded: LoadedModel, flow: Flow, classes: tuple[str, ...], view: PlaneView | None) -> None:
    """The controls and the samples."""
    st.fragment(_board)(run, loaded, flow, classes, view)


def _board(run: Run, loaded: LoadedModel, flow: Flow, classes: tuple[str, ...], view: PlaneView | None) -> None:
    chosen = inputs.controls(run, classes[: flow.classes])
    z = _path(loaded.name, version_of(loaded, "flow"), chosen, _flow=flow)
    frames = codec.evenly(len(z), FRAMES + 1)
    pictures = _pictures(loaded.name, np.ascontiguousarray(z[frames]), _loaded=loaded)
    points = np.ascontiguousarray(loaded.model.style(z))
    flow_path(
        key=f"diffusion_path_{loaded.name}",
        pictures=pictures,
        times=(frames / chosen.steps).tolist(),
        alt="samples of the flow",
        plane=None
        if view is None
        else Plane(points, view.density, _window(view, points), theme.colour("latent"), theme.colour("generated")),
    )
    glossary.caption(_words(chosen, view), "latent", "prior")


@st.cache_data(max_entries=32, show_spinner=False)
def _path(name: str, version: int, chosen: Choices, _flow: Flow) -> np.ndarray:
    noise = sampling.prior(SAMPLES, _flow.network.d, chosen.seed)
    return _flow.path(noise, chosen.steps, chosen.solver, chosen.label, chosen.guidance, chosen.seed)


@st.cache_data(max_entries=32, show_spinner=False)
def _pictures(name: str, z: np.ndarray, _loaded: LoadedModel) -> np.ndarray:
    flat = codec.decode(_loaded.model, z.reshape(-1, z.shape[-1]), chunk=64)
    return flat.reshape(*z.shape[:2], *flat.shape[1:])


def _window(view: PlaneView, z: np.ndarray) -> tuple[float, float, float, float]:
    """The square that holds the training latents and the whole ways."""
    left, bottom, right, top = view.window
    low = np.minimum((left, bottom), z.reshape(-1, 2).min(0))
    high = np.maximum((right, top), z.reshape(-1, 2).max(0))
    centre, half = (low + high) / 2, 0.51 * float((high - low).max())
    return tuple(float(v) for v in (*(centre - half), *(centre + half)))  # type: ignore[return-value]


def _words(chosen: Choices, view: PlaneView | None) -> str:
    asked = chosen.steps * (2 if chosen.solver == "heun" else 1)
    words = (
        f"{SAMPLES} samples: noise with the mean and covariance of the training latents moves at the learned velocity, "
        f"in {pluralize(chosen.steps, 'step')} of the solver: the network is asked {pluralize(asked, 'time')}."
    )
    if view is None:
        return words
    return (
        f"{words} On the plane: the density of the training latents, the line round all but 1 % of them, and the path "
        "of each sample. What is not tinted is a hole, where the decoder has learned nothing: the paths lead out of it."
    )
