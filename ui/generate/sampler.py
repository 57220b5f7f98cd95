"""What the Generate page draws from: the prior, or a Gaussian or a mixture of them fitted to the training latents."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import DataError
from core.latent import codec, mixture
from core.latent.mixture import SAMPLERS, Mixture
from core.runs import Run, RunError
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel

HELP = (
    "The prior N(0, I): what a VAE is trained towards. The Gaussian: mean and full covariance of the training "
    "latents. The mixture: several such Gaussians (scikit-learn), which follow the latents more closely and leave "
    "out the gaps between them; fitting it takes a second or two, once."
)


def choose(held: LoadedModel, where: str) -> None:
    """The control; `where` tells the Random button's (`point`) from the grid's. Families keep choices of their own,
    since their defaults differ."""
    names = offered(held)
    st.radio(
        "Draw from",
        names,
        key=_key(held, where),
        index=names.index(mixture.default_sampler(held.model)),
        persist_state="session",
        format_func=lambda name: SAMPLERS[name][0].upper() + SAMPLERS[name][1:],
        help=HELP
        if held.prior
        else HELP + " This model has no prior: N(0, I) mostly falls into holes where no image ever was.",
    )


def chosen(held: LoadedModel, where: str) -> str:
    """What is chosen there: one of `mixture.SAMPLERS`."""
    wanted = st.session_state.get(_key(held, where))
    return wanted if wanted in offered(held) else mixture.default_sampler(held.model)


def offered(held: LoadedModel) -> list[str]:
    """What there is to draw from: no mixture where there are no latents to fit it to."""
    return [name for name in SAMPLERS if name != "mixture" or mixture.can_fit(held.model)]


def draw(run: Run, held: LoadedModel, source: str, n: int, seed: int, temperature: float) -> tuple[np.ndarray, str]:
    """(n latent vectors float32 [n, d], a sentence if the fitted Gaussian had to stand in for the mixture)."""
    fitted, problem = fitted_mixture(run, held) if source == "mixture" else (None, "")
    if problem:
        source, problem = "gaussian", f"{problem} Until then the fitted Gaussian stands in for the mixture."
    return mixture.draw(held.model, source, n, seed, temperature, fitted), problem


def fitted_mixture(run: Run, held: LoadedModel) -> tuple[Mixture | None, str]:
    """The run's mixture, or why there is none."""
    try:
        return _mixture(held.name, _run=run, _held=held), ""
    except (DataError, RunError) as error:
        return None, str(error)


@st.cache_resource(max_entries=8, show_spinner="Fitting a mixture to the training latents …")
def _mixture(name: str, _run: Run, _held: LoadedModel) -> Mixture:
    return mixture.for_run(_run, _held.model)


def grid(run: Run, held: LoadedModel, seed: int, temperature: float, source: str) -> tuple[np.ndarray, str]:
    """(64 samples, `uint8` [64, 28, 28]; a sentence if they come from elsewhere than asked)."""
    z, problem = draw(run, held, source, 64, seed, temperature)
    return _decoded(held.name, z, _held=held), problem


def grid_settings(held: LoadedModel) -> tuple[int, float, str]:
    """(seed, temperature, source) of the grid of samples."""
    state = st.session_state
    return (
        int(state.get("generate_grid_seed", 1)),
        float(state.get("generate_grid_temperature", 1.0)),
        chosen(held, "grid"),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(name: str, z: np.ndarray, _held: LoadedModel) -> np.ndarray:
    return codec.decode(_held.model, z, chunk=64)


def about(run: Run, held: LoadedModel, source: str) -> str:
    """Where the points of the grid come from, for its caption."""
    if source == "prior":
        return (
            "from the prior N(0, T² I)" if held.prior else "from N(0, T² I), which this model was never trained towards"
        )
    if source == "gaussian":
        return "from the Gaussian with the mean and covariance of the training latents"
    fitted, _ = fitted_mixture(run, held)
    if fitted is None:
        return "from the Gaussian with the mean and covariance of the training latents"
    count = len(fitted.weights)
    why = (
        f" ({fitted.asked} were asked for: with {held.model.latent_dim} dimensions each needs more latents)"
        if count < fitted.asked
        else ""
    )
    return f"from a mixture of {pluralize(count, 'Gaussian')}{why}, fitted to {fitted.latents:,} training latents"


def depth(run: Run, held: LoadedModel, z: np.ndarray) -> None:
    """The densities of the fitted sources at this point z [d]."""
    st.latex(r"p_\text{fit}(z) = \sum_{k=1}^{K} w_k\, \mathcal{N}(z;\, m_k, C_k)")
    fitted, problem = fitted_mixture(run, held)
    if fitted is None:
        st.caption(escape_markdown(problem))
        return
    st.latex(
        rf"K = {len(fitted.weights)} \qquad \log p_\text{{fit}}(z) = "
        rf"{fitted.log_density(z[None])[0]:.1f}\ \text{{nats}}"
    )


def _key(held: LoadedModel, where: str) -> str:
    few = "" if mixture.can_fit(held.model) else "_gan"
    return f"generate_{where}_from_{'prior' if held.prior else 'fitted'}{few}"
