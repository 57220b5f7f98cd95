"""Further views of the latent space on the Generate page: planes, a grid of samples, the formula and its code."""

from __future__ import annotations

import inspect
import math
from textwrap import dedent

import numpy as np
import streamlit as st

from core.latent import planes, sampling
from core.latent.mixture import SAMPLERS
from core.latent.planes import PlaneAxes
from core.runs import Run
from ui.components.latent.latent_board import SPAN
from ui.components.latent.plane import plane, side_for
from ui.generate import sampler as source
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.still_image import still
from ui.shared.training_points import training_points


def hero_plane(run: Run, held: LoadedModel, pair: PlaneAxes, alone: bool) -> None:
    """A plane through the current point, with the training images that fall on it when there are only two
    dimensions."""
    here = cursor_of(held)
    u = np.asarray(here.sigma_units, np.float32)
    rest = u - pair.coordinates(u[None])[0] @ pair.step  # moving within the plane decodes nothing anew
    tiles = _plane_tiles(held.name, pair.names, tuple(round(float(x), 4) for x in rest), _pair=pair, _held=held)
    z, labels, classes = training_points(run, held) if held.model.latent_dim == 2 else (None, None, ())
    plane(
        key=f"generate_plane_{alone}",
        run=held.name,
        pair=pair,
        tiles=tiles,
        base=here.sigma_units,
        labels=labels,
        points=None if z is None else pair.coordinates(held.axes.to_sigma_units(z)),
        classes=classes,
        alone=alone,
    )


@st.cache_data(max_entries=4, show_spinner="Decoding the plane …")
def _plane_tiles(
    name: str, names: tuple[str, str], rest: tuple[float, ...], _pair: PlaneAxes, _held: LoadedModel
) -> np.ndarray:
    return _held.pictures(_pair.grid(np.asarray(rest), SPAN, side_for(_held.shape)))


@st.fragment
def other_plane(run: Run, held: LoadedModel) -> None:
    """For more than two dimensions: a plane through the current point along the directions of the reader's choice."""
    st.subheader("Two dimensions at a time", anchor=False)
    if not st.toggle(
        "Decode a plane",
        key="generate_plane_on",
        persist_state="session",
        help=f"Decodes {side_for(held.shape) ** 2:,} images through the current point; takes up to a few seconds.",
    ):
        st.caption("Choose two directions and move over the plane they span; all else stays as at the point above.")
        return
    order, d = [int(k) for k in held.axes.order], held.model.latent_dim
    first = "The first two" if not held.measure else "Highest KL" if held.prior else "Widest"
    kinds = {"first": first, "main": "PCA directions", "any": "Any two"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Which plane",
            list(kinds),
            default="first",
            key="generate_plane_kind",
            required=True,
            persist_state="session",
            format_func=kinds.get,
            help=(
                "The first two dimensions"
                if not held.measure
                else "The two dimensions with the highest KL"
                if held.prior
                else "The two dimensions in which the training latents vary most"
            )
            + "; the two directions, across all dimensions, along which the training latents spread most; or any "
            "two dimensions.",
        )
        i, j = order[:2]
        if kind == "any":
            i = st.selectbox(
                "To the right",
                order,
                key=f"generate_i_{held.name}",
                format_func=lambda k: f"z{k}",
                width=140,
                help="The dimension that grows to the right, ordered by importance.",
            )
            j = st.selectbox(
                "Upwards",
                [k for k in order if k != i],
                key=f"generate_j_{held.name}",
                width=140,
                format_func=lambda k: f"z{k}",
                help="The dimension that grows upwards.",
            )
        st.button(
            "Through the current point",
            key="generate_plane_again",
            help="Decodes the plane anew through the point where the sliders are now.",
        )
    hero_plane(
        run,
        held,
        planes.principal_plane(held.model, held.axes) if kind == "main" else planes.dimension_plane(i, j, d),
        alone=True,
    )
    if kind == "main":
        share = planes.principal_share(held.model)
        st.caption(
            f"PC 1 and PC 2 are the main directions of the training latents; {100 * share:.0f} % of their "
            f"variance lies along these two of {d}." + ("" if held.prior else " σ is their spread along each.")
        )


@st.fragment
def samples(run: Run, held: LoadedModel) -> None:
    """A grid of 64 pictures drawn at random: what the model takes to be typical."""
    st.subheader("Drawn at random", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.number_input(
            "Seed",
            0,
            999_999,
            1,
            key="generate_grid_seed",
            persist_state="session",
            help="The same seed draws the same 64 points.",
        )
        st.slider(
            "Temperature",
            0.0,
            2.0,
            1.0,
            0.05,
            key="generate_grid_temperature",
            persist_state="session",
            help="Scales the draw: 0 is the middle (of each Gaussian of a mixture), 1 as it is, 2 far outside.",
        )
        source.choose(held, "grid")
        settings = source.grid_settings(held)
        st.caption(
            f"64 points z {source.about(run, held, settings[2])}, decoded. Look for pictures that are neither "
            "one class nor another: there the latent space has gaps. Lower the temperature and they become "
            "rarer, and so does variety."
        )
    with right:
        pictures, problem = source.grid(run, held, *settings)
        still(
            pictures,
            columns=8,
            scale=2,
            alt=f"64 samples drawn from the {SAMPLERS[settings[2]]} with seed {settings[0]} at temperature "
            f"{settings[1]:g}",
        )
        if problem:
            st.warning(escape_markdown(problem))


@st.fragment(key="depth")
def depth(run: Run, held: LoadedModel) -> None:
    """The formula with this point's numbers, and the code that decoded it."""
    d = held.model.latent_dim
    z = held.axes.to_z(cursor_of(held).sigma_units)
    fold = st.expander("How it works", key="generate_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(
            "The decoder is a function from the latent vector to a picture. Generating is choosing a z and "
            "calling it; no image goes in."
        )
        st.latex(r"\hat{x} = \mathrm{decode}(z) = \mathbb{E}[\,x \mid z\,], \qquad z \in \mathbb{R}^{" + str(d) + "}")
        length = rf"\lVert z \rVert = {format_sig(float(np.linalg.norm(z)))}"
        if held.prior:
            st.latex(length + rf" \qquad \mathbb{{E}}\,\lVert z \rVert \approx \sqrt{{d}} = {format_sig(math.sqrt(d))}")
            st.latex(
                r"\log p(z) = -\tfrac{1}{2}\lVert z \rVert^2 - \tfrac{d}{2}\log 2\pi = "
                rf"{format_sig(sampling.log_prior(z))}\ \text{{nats}}"
            )
            st.markdown(
                "Draws from N(0, I) lie close to a shell of radius √d. The centre is the most likely single "
                "point and yet hardly any draw comes near it once d is large."
            )
        else:
            st.latex(length)
            st.markdown(
                "This model has no prior: the sliders run over the mean of its training latents ± 3 "
                "standard deviations, dimension by dimension."
            )
        if "mixture" in (source.chosen(held, "point"), source.chosen(held, "grid")):
            source.depth(run, held, z)
        what = (
            ("the source's KL in nats" if held.gan else "KL in nats (validation images)")
            if held.prior
            else ("standard deviation of the latents")
        )
        table = [
            {
                "dimension": f"z{k}",
                "value of z": float(z[k]),
                **({what: float(held.axes.weight[k])} if held.measure else {}),
                **({} if held.gan else {"use": "dead" if held.axes.dead[k] else "in use"}),
            }
            for k in held.axes.order
        ]
        st.dataframe(
            table,
            hide_index=True,
            height=220,
            key="generate_table",
            alt="Every dimension with its value of z, and what is known of its weight",
            column_config={name: st.column_config.NumberColumn(format="%.3g") for name in ("value of z", what)},
        )
        st.caption("The code that ran:")
        from core.models import networks

        body = networks.BODIES[run.recipe.network][1]
        st.code(dedent(inspect.getsource(type(held.model).decode)) + "\n" + inspect.getsource(body), language="python")
