"""Further views of the latent space on the Generate page: planes, a grid of samples, formulas and code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from core.latent import planes, sampling
from core.latent.planes import PlaneAxes
from core.priors.kinds import KINDS
from core.priors.samplers import SAMPLERS
from core.runs import Run
from ui.components.latent.plane import plane, side_for
from ui.generate import sampler
from ui.shared import address, glossary
from ui.shared.address import Parameter, one_of, whole
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.source_code import show_code
from ui.shared.still_image import still
from ui.shared.training_points import training_points

FOR_FILES = "generate_for_files"
"""Key in the session state: see `for_files`."""

SAMPLE = 64
"""Screen pixels of a sample, at most, but for larger images."""

PLANE = Parameter("plane", "generate_plane_on", {"0": False, "1": True}.get, True, "0 or 1", lambda on: str(int(on)))
DIRECTIONS = Parameter(
    "directions", "generate_plane_kind", one_of("first", "main", "any"), "first", "first, main or any"
)
"""Whether a plane is decoded for more than two dimensions, and which."""


def for_files() -> dict[str, Any]:
    """What the page shows now, for files that are made at a click: the axes of the plane (`plane`), the settings of
    the samples (`samples`), what the sliders move along (`sliders`). A file is made outside the page's script, where
    its session state cannot be read."""
    found: dict[str, Any] = st.session_state.setdefault(FOR_FILES, {})
    return found


@st.fragment(key="own_plane")
def own_plane(run: Run, loaded: LoadedModel, span: float) -> None:
    """The whole latent space of two dimensions, through the current point: of a conditional model with the pictures of
    the point's class. `span`: as in `hero_plane`."""
    hero_plane(run, loaded, planes.dimension_plane(0, 1, loaded.model.latent_dim), span, alone=False)


def hero_plane(run: Run, loaded: LoadedModel, pair: PlaneAxes, span: float, alone: bool) -> None:
    """A plane through the current point; with two latent dimensions also the training images that lie on it.

    Args:
        span: how far it reaches to either side, in σ.
        alone: whether the plane shows the image under the pointer itself, without the board beside it.
    """
    here = cursor_of(loaded)
    u = np.asarray(here.sigma_units, np.float32)
    rest = u - pair.coordinates(u[None])[0] @ pair.directions  # moving within the plane decodes nothing anew
    point = tuple(round(float(x), 4) for x in rest)
    tiles = _plane_tiles(loaded.name, pair.names, point, span, _pair=pair, _loaded=loaded)
    z, labels, classes = training_points(run, loaded) if loaded.model.style_dim == 2 else (None, None, ())
    plane(
        key=f"generate_plane_{alone}",
        run=loaded.name,
        pair=pair,
        tiles=tiles,
        span=span,
        base=here.sigma_units,
        labels=labels,
        points=None if z is None else pair.coordinates(loaded.axes.to_sigma_units(z)),
        classes=classes,
        reference="N(0, I)" if loaded.prior else "a Gaussian with the latents’ mean and spread",
        alone=alone,
    )


@st.cache_data(max_entries=4, show_spinner="Decoding the plane …")
def _plane_tiles(
    name: str, names: tuple[str, str], rest: tuple[float, ...], span: float, _pair: PlaneAxes, _loaded: LoadedModel
) -> np.ndarray:
    return _loaded.pictures(_pair.grid(np.asarray(rest), span, side_for(_loaded.shape)))


@st.fragment
def other_plane(run: Run, loaded: LoadedModel, span: float) -> None:
    """For more than two dimensions: a plane through the current point along the directions of the reader's choice.

    Args:
        span: as in `hero_plane`.
    """
    st.subheader("Two dimensions at a time", anchor=False)
    PLANE.adopt()
    if not st.toggle(
        "Show the plane",
        key="generate_plane_on",
        persist_state="session",
        help=f"Decodes {side_for(loaded.shape) ** 2:,} images through the current point; takes up to a few seconds.",
    ):
        PLANE.keep()
        for name in (DIRECTIONS.name, "right", "up"):
            address.put(name, None)
        st.caption("The plane of two directions through the current point; all other coordinates stay as above.")
        return
    PLANE.keep()
    DIRECTIONS.adopt()
    order = [int(k) for k in loaded.axes.order]
    first = "The first two" if not loaded.measure else "Highest KL" if loaded.model.variational else "Widest"
    kinds = {"first": first, "main": "PCA directions", "any": "Any two"}
    with st.container(horizontal=True, vertical_alignment="bottom", key="generate_plane_row"):
        kind = st.segmented_control(
            "Which plane",
            list(kinds),
            key="generate_plane_kind",
            required=True,
            persist_state="session",
            format_func=kinds.__getitem__,
            help=(
                "The first two dimensions"
                if not loaded.measure
                else "The two dimensions with the highest KL"
                if loaded.model.variational
                else "The two dimensions in which the training latents vary most"
            )
            + "; the two directions, across all dimensions, along which the training latents spread most; or any "
            "two dimensions.",
        )
        DIRECTIONS.keep()
        if kind == "any":
            _two_dimensions(loaded, order)
        st.button(
            "Through the current point",
            key="generate_plane_again",
            help="Decodes the plane again, through the point where the sliders are now.",
        )
    pair = chosen_plane(loaded)
    for_files()["plane"] = pair
    hero_plane(run, loaded, pair, span, alone=True)
    if kind == "main":
        share = planes.principal_share(loaded.model)
        st.caption(
            f"PC 1 and PC 2 are the first two principal components of the training latents; {100 * share:.0f} % of "
            f"their variance lies along these two directions of {len(order)}."
            + ("" if loaded.prior else " σ is their spread along each.")
        )


def chosen_plane(loaded: LoadedModel) -> PlaneAxes:
    """The plane that the page shows, or would show: of the two most important dimensions unless chosen otherwise."""
    order, d, state = [int(k) for k in loaded.axes.order], loaded.model.latent_dim, st.session_state
    kind = state.get("generate_plane_kind", "first") if len(order) > 2 else "only"
    if kind == "main":
        return planes.principal_plane(loaded.model, loaded.axes)
    i, j = (0, 1) if len(order) == 2 else order[:2]
    if kind == "any":
        i, j = state.get(f"generate_i_{loaded.name}", i), state.get(f"generate_j_{loaded.name}", j)
    return planes.dimension_plane(i, j, d)


def _two_dimensions(loaded: LoadedModel, order: list[int]) -> None:
    """Draw the choice of any two dimensions. `order`: all dimensions, the most important ones first."""
    allowed = f"two different dimensions from 0 to {len(order) - 1}"
    across = Parameter("right", f"generate_i_{loaded.name}", whole(0, len(order) - 1), order[0], allowed)
    across.adopt()
    right = st.selectbox(
        "To the right",
        order,
        key=f"generate_i_{loaded.name}",
        format_func=lambda k: f"z{k}",
        width=140,
        help="The dimension along the horizontal axis; the most important ones come first.",
    )
    others = [k for k in order if k != right]
    upwards = Parameter("up", f"generate_j_{loaded.name}", one_of(*others), others[0], allowed)
    upwards.adopt()
    st.selectbox(
        "Upwards",
        others,
        key=f"generate_j_{loaded.name}",
        format_func=lambda k: f"z{k}",
        width=140,
        help="The dimension along the vertical axis.",
    )
    across.keep()
    upwards.keep()


@st.fragment
def samples(run: Run, loaded: LoadedModel) -> None:
    """A grid of random samples."""
    st.subheader("Random samples", anchor=False)
    parameters = (sampler.SEED, sampler.GRID_TEMPERATURE, sampler.parameter(loaded))
    for parameter in parameters:
        parameter.adopt()
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.number_input(
            "Seed",
            0,
            999_999,
            step=1,
            key="generate_grid_seed",
            persist_state="session",
            help=f"The same seed draws the same {sampler.SAMPLES} points.",
        )
        st.slider(
            "Temperature",
            0.0,
            2.0,
            step=0.05,
            key="generate_grid_temperature",
            persist_state="session",
            help="Scales the draw around the mean of the distribution, or of each Gaussian of a mixture: at 0 all "
            "points are such a mean, at 2 most are outliers.",
        )
        sampler.choose(loaded)
        for parameter in parameters:
            parameter.keep()
        settings = for_files()["samples"] = sampler.settings(loaded)
        glossary.caption(
            f"{sampler.SAMPLES} random draws {sampler.about(run, loaded, settings[2])}. "
            f"{'Images of no clear class' if loaded.conditional else 'Images that look like two classes at once'} "
            "come from places where no training image lies. "
            f"{_of_temperature(loaded, settings[2])} The button “Random” above draws in the same way.",
            "prior",
        )
        if not loaded.prior:
            sampler.other_button(loaded)
    with right:
        pictures, problem = sampler.grid(run, loaded, *settings)
        still(
            pictures,
            columns=8,
            scale=max(1, SAMPLE // loaded.shape.width),
            alt=f"{sampler.SAMPLES} samples drawn from the {SAMPLERS[settings[2]]} with seed {settings[0]} at "
            f"temperature {settings[1]:g}",
        )
        if problem:
            st.warning(escape_markdown(problem))


def _of_temperature(loaded: LoadedModel, source: str) -> str:
    """What a lower temperature does: it leads towards the mean of the distribution, which can itself lie in a gap."""
    if source == "mixture":
        return "A lower temperature draws closer to the means of the Gaussians, and the samples are less varied."
    if source in KINDS:
        return "A lower temperature makes such images rarer, and the samples less varied."
    if loaded.prior:
        return "A lower temperature makes them rarer, and the samples less varied."
    centre = "z = 0" if source == "prior" else "the mean of the training latents"
    return (
        f"This model was trained without a prior. A lower temperature draws closer to {centre}, which can itself lie "
        "in a gap, so the samples become more alike, not better."
    )


@st.fragment(key="depth")
def how_it_works(run: Run, loaded: LoadedModel) -> None:
    """The decoder as a formula with this point's numbers, and the code that runs."""
    z = loaded.axes.to_z(np.asarray(cursor_of(loaded).sigma_units))
    fold = st.expander("How it works", key="generate_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        _formulas(loaded, z)
        if sampler.chosen(loaded) == "mixture":
            sampler.density(run, loaded, loaded.model.style(z))
        _dimensions(loaded, z)
        from core.models.base import bodies

        show_code([type(loaded.model).decode, bodies(run.recipe)[1]], "The code that runs")


def _formulas(loaded: LoadedModel, z: np.ndarray) -> None:
    """The decoder, the length of z and, with a prior, its density."""
    d, z = loaded.model.style_dim, loaded.model.style(z)
    st.markdown(
        "The decoder is a function from the latent vector to an image. To generate is to choose a z and decode it; "
        "no image goes in."
    )
    given = "z, y" if loaded.conditional else "z"
    st.latex(
        rf"\hat{{x}} = \mathrm{{decode}}({given}) = \mathbb{{E}}[\,x \mid {given}\,], \qquad "
        rf"z \in \mathbb{{R}}^{{{d}}}"
    )
    if loaded.conditional:
        st.markdown("The class y is a weight for each class: 1 for the chosen one and 0 for the others.")
    length = rf"\lVert z \rVert = {format_sig(float(np.linalg.norm(z)))}"
    if not loaded.prior:
        st.latex(length)
        st.markdown(
            "This model has no prior: in each dimension the slider covers the mean of the training latents ± 3 "
            "standard deviations."
        )
        return
    st.latex(length + rf" \qquad \mathbb{{E}}\,\lVert z \rVert \approx \sqrt{{d}} = {format_sig(math.sqrt(d))}")
    st.latex(
        r"\log p(z) = -\tfrac{1}{2}\lVert z \rVert^2 - \tfrac{d}{2}\log 2\pi = "
        rf"{format_sig(sampling.log_prior(z))}\ \text{{nats}}"
    )
    st.markdown(
        "Samples of N(0, I) lie close to a shell of radius √d. The centre has the highest density, yet hardly any "
        "sample comes near it once d is large."
    )


def _dimensions(loaded: LoadedModel, z: np.ndarray) -> None:
    """A table of all dimensions: value of z, weight, and whether the dimension is used."""
    if loaded.measure == "standard deviation":
        weight = "standard deviation of the latents"
    else:
        weight = "the source's KL in nats" if loaded.adversarial else "KL in nats (validation images)"
    table = [
        {
            "dimension": f"z{k}",
            "value of z": float(z[k]),
            **({weight: float(loaded.axes.weight[k])} if loaded.measure else {}),
            **({} if loaded.adversarial else {"use": "dead" if loaded.axes.dead[k] else "in use"}),
        }
        for k in loaded.axes.order
    ]
    st.dataframe(
        table,
        hide_index=True,
        height=220,
        key="generate_table",
        alt="Every dimension with its value of z and its weight",
        column_config={name: st.column_config.NumberColumn(format="%.3g") for name in ("value of z", weight)},
    )
