"""Samplers of the Generate page: the prior, distributions fitted to the training latents, and learned priors."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.latent import codec, mixture
from core.priors import samplers
from core.priors.kinds import KINDS, TRANSFORMER
from core.priors.samplers import SAMPLERS
from core.runs import Run
from ui.shared.address import Parameter, number, one_of, short, whole
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.samplers import fitted_mixture, offered, sampler_of

HELP = (
    "Prior: N(0, I), towards which a VAE is trained. Gaussian: the mean and full covariance of the training latents. "
    "Mixture: several such Gaussians (scikit-learn), which follow the latents more closely and avoid the gaps between "
    "them; fitting it takes a second or two, once."
)

LEARNED_HELP = " Learned: a network that was trained on the latents after the model, see VAE → diffusion."

SEED = Parameter("seed", "generate_grid_seed", whole(0, 999_999), 1, "a whole number from 0 to 999,999")
GRID_TEMPERATURE = Parameter("spread", "generate_grid_temperature", number(0, 2), 1.0, "a number from 0 to 2", short)
"""Settings of the random samples; the temperature also holds for the Random button."""

SAMPLES = 64
"""Samples in the grid."""

_INSTEAD = {"prior": "The prior", "gaussian": "The fitted Gaussian", "codes": "The frequency of each code alone"}


def choose(loaded: LoadedModel) -> None:
    """Draw the choice of the sampler. Models with and without a prior remember choices of their own, since their
    defaults differ."""
    names = offered(loaded)
    about = HELP + LEARNED_HELP if KINDS.keys() & set(names) else HELP
    st.radio(
        "Draw from",
        names,
        key=_key(loaded),
        persist_state="session",
        format_func=lambda name: title(loaded, name),
        help=about
        if loaded.prior
        else about + " This model has no prior: most points of N(0, I) lie in holes, where no training image is.",
    )


def title(loaded: LoadedModel, name: str) -> str:
    """A sampler as a choice: N(0, I) is a prior only of a model that has one."""
    if name == "prior" and not loaded.prior:
        return "Standard normal N(0, I)"
    return SAMPLERS[name][:1].upper() + SAMPLERS[name][1:]


def other_button(loaded: LoadedModel) -> None:
    """For a model without a prior: a button that fills the grid from N(0, I), and back from the fitted Gaussian."""
    now = chosen(loaded)
    to = "gaussian" if now == "prior" else "prior"
    st.button(
        "Draw from N(0, I) instead" if to == "prior" else "Draw from the fitted Gaussian instead",
        key="generate_grid_other",
        on_click=lambda: st.session_state.update({_key(loaded): to}),
        icon=":material/swap_horiz:",
        help="Draws the grid with the same seed from the other distribution.",
    )


def parameter(loaded: LoadedModel) -> Parameter[str]:
    """The address parameter of the choice of the sampler."""
    names = offered(loaded)
    default = mixture.default_sampler(loaded.model)
    return Parameter("draw", _key(loaded), one_of(*names), default, " or ".join(names))


def chosen(loaded: LoadedModel) -> str:
    """The chosen sampler, one of `samplers.SAMPLERS`. Where images become codes there is no choice to draw: the learned
    prior, and without one random codes."""
    if loaded.model.family.codes:
        return TRANSFORMER.key if TRANSFORMER.key in offered(loaded) else mixture.default_sampler(loaded.model)
    wanted = st.session_state.get(_key(loaded))
    return wanted if wanted in offered(loaded) else mixture.default_sampler(loaded.model)


def draw(run: Run, loaded: LoadedModel, source: str, n: int, seed: int, temperature: float) -> tuple[np.ndarray, str]:
    """n latent vectors, float32 [n, d]; and a sentence if another distribution had to be used, else empty.

    Args:
        source: one of `samplers.SAMPLERS`. temperature: scales the noise.
    """
    sampler, problem = sampler_of(loaded, source)
    if sampler is None:
        instead = mixture.default_sampler(loaded.model) if source in KINDS else "gaussian"
        problem = f"{problem} {_INSTEAD[instead]} is used instead of the {SAMPLERS[source]}."
        sampler = samplers.FromModel(loaded.model, instead)
    return sampler.draw(n, seed, temperature), problem


def grid(run: Run, loaded: LoadedModel, seed: int, temperature: float, source: str) -> tuple[np.ndarray, str]:
    """The grid of samples, uint8 [64, H, W] or [64, H, W, 3]; and a sentence if another sampler had to be used."""
    z, problem = draw(run, loaded, source, SAMPLES, seed, temperature)
    return _decoded(loaded.name, z, _loaded=loaded), problem


def settings(loaded: LoadedModel) -> tuple[int, float, str]:
    """Seed of the grid of samples; temperature and sampler of the grid and of the Random button."""
    state = st.session_state
    return (
        int(state.get("generate_grid_seed", 1)),
        float(state.get("generate_grid_temperature", 1.0)),
        chosen(loaded),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(name: str, z: np.ndarray, _loaded: LoadedModel) -> np.ndarray:
    return codec.decode(_loaded.model, z, chunk=64)


def about(run: Run, loaded: LoadedModel, source: str) -> str:
    """The distribution of the grid's points, for its caption."""
    if loaded.conditional:
        return f"{_style_of(run, loaded, source)}, each of a random class"
    return _style_of(run, loaded, source)


def _style_of(run: Run, loaded: LoadedModel, source: str) -> str:
    if source == "prior":
        return (
            "from the prior N(0, T² I)" if loaded.prior else "from N(0, T² I), towards which this model was not trained"
        )
    if source == "gaussian":
        return "from the Gaussian with the mean and covariance of the training latents"
    if source in KINDS:
        return f"from the {SAMPLERS[source]}"
    fitted, _ = fitted_mixture(loaded)
    if fitted is None:
        return "from the Gaussian with the mean and covariance of the training latents"
    count = len(fitted.weights)
    why = (
        f" (instead of {fitted.asked}: in {loaded.model.style_dim} dimensions each needs more latents)"
        if count < fitted.asked
        else ""
    )
    return f"from a mixture of {pluralize(count, 'Gaussian')}{why}, fitted to {fitted.latents:,} training latents"


def density(run: Run, loaded: LoadedModel, z: np.ndarray) -> None:
    """The density of the fitted mixture at a point z [d], as a formula with its number."""
    st.latex(r"p_\text{fit}(z) = \sum_{k=1}^{K} w_k\, \mathcal{N}(z;\, m_k, C_k)")
    fitted, problem = fitted_mixture(loaded)
    if fitted is None:
        st.caption(escape_markdown(problem))
        return
    st.latex(
        rf"K = {len(fitted.weights)} \qquad \log p_\text{{fit}}(z) = "
        rf"{fitted.log_density(z[None])[0]:.1f}\ \text{{nats}}"
    )


def _key(loaded: LoadedModel) -> str:
    few = "" if mixture.can_fit(loaded.model) else "_gan"
    more = "".join(f"_{name}" for name in offered(loaded) if name in KINDS)
    return f"generate_grid_from_{'prior' if loaded.prior else 'fitted'}{few}{more}"
