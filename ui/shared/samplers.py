"""Samplers of a model on the pages: what latent vectors can be drawn from, by name, and draws from it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import DataError
from core.latent import mixture
from core.latent.mixture import Mixture
from core.priors import samplers
from core.priors.kinds import KINDS
from core.priors.samplers import SAMPLERS
from core.runs import RunError
from core.runs.shown_weights import shown_weights
from ui.shared.learned_priors import learned_prior
from ui.shared.model_cache import LoadedModel

_NAMES = {"prior": "Prior N(0, I)", "gaussian": "Fitted Gaussian", "mixture": "Mixture of Gaussians"} | {
    key: kind.name for key, kind in KINDS.items()
}


def heading(key: str, prior: bool = True) -> str:
    """A sampler as a heading or a choice: N(0, I) is a prior only of a model that was trained towards it."""
    if key == "prior" and not prior:
        return "Standard normal N(0, I)"
    return _NAMES.get(key) or SAMPLERS[key][:1].upper() + SAMPLERS[key][1:]


def offered(loaded: LoadedModel) -> list[str]:
    """The samplers of a model: without the mixture where there are no latents to fit it to, with its learned priors."""
    return samplers.offered(loaded.run, loaded.model)


def sampler_of(loaded: LoadedModel, key: str) -> tuple[samplers.Sampler | None, str]:
    """A sampler of a model and an empty text; or None and the reason, a sentence that is not escaped.

    Args:
        key: one of `core.priors.samplers.SAMPLERS`.
    """
    if key in KINDS:
        return learned_prior(loaded, key)
    if key == "mixture":
        fitted, problem = fitted_mixture(loaded)
        return None if fitted is None else samplers.WithClass(loaded.model, fitted), problem
    return samplers.FromModel(loaded.model, key), ""


def draw(loaded: LoadedModel, key: str, n: int, seed: int, temperature: float = 1.0) -> tuple[np.ndarray | None, str]:
    """n latent vectors, float32 [n, d], and an empty text; or None and the reason, a sentence that is not escaped."""
    sampler, problem = sampler_of(loaded, key)
    return None if sampler is None else sampler.draw(n, seed, temperature), problem


def fitted_mixture(loaded: LoadedModel) -> tuple[Mixture | None, str]:
    """The mixture fitted to a run's latents and an empty text; or None and the reason."""
    try:
        return _mixture(loaded.name, _loaded=loaded), ""
    except (DataError, RunError) as error:
        return None, str(error)


@st.cache_resource(max_entries=8, show_spinner="Fitting a mixture to the training latents …")
def _mixture(name: str, _loaded: LoadedModel) -> Mixture:
    return mixture.for_run(_loaded.run, _loaded.model, which=shown_weights(_loaded.run))
