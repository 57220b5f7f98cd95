"""Further views of the latent space on the Generate page: planes, a grid of samples, the formula and its code."""

from __future__ import annotations

import inspect
import math
from textwrap import dedent

import numpy as np
import streamlit as st

from core import data, latent_space
from core.mixture import SOURCES
from core.runs import Run
from ui import generate_source as source
from ui.components.latent_board import SPAN
from ui.components.plane import SIDE, plane
from ui.generate_parts import point
from ui.loaded import Loaded
from ui.pictures import still
from ui.words import plain, three


def hero_plane(run: Run, held: Loaded, dims: tuple[int, int], alone: bool) -> None:
    """The plane of two dimensions, with the training images that fall on it when there are only two."""
    here = point(held)
    base = tuple(0.0 if k in dims else round(x, 4) for k, x in enumerate(here.u))
    tiles = _plane_tiles(held.name, base, dims, _held=held)
    flat = held.model.latent_dim == 2
    points, labels, classes = _encoded(held.name, _run=run, _held=held) if flat else (None, None, ())
    if points is not None:
        points = points[:, list(dims)]
    plane(key=f"generate_plane_{alone}", run=held.name, dims=dims, tiles=tiles, base=here.u, points=points,
          labels=labels, classes=classes, alone=alone)


@st.cache_data(max_entries=4, show_spinner="Decoding the plane …")
def _plane_tiles(name: str, base: tuple[float, ...], dims: tuple[int, int], _held: Loaded) -> np.ndarray:
    return _held.pictures(latent_space.plane(np.asarray(base), *dims, -SPAN, SPAN, SIDE))


@st.cache_data(max_entries=4, show_spinner=False)
def _encoded(name: str, _run: Run, _held: Loaded):
    """Up to 2,000 test images as points; none where the data set is not there."""
    try:
        loaded = data.load(_run.recipe.dataset, _run.recipe.folder)
    except data.DataError:
        return None, None, ()
    labels = loaded.test_labels
    picks = data.spread(labels, min(2000, len(labels)))  # of every class: a folder's images are sorted by class
    u = _held.axes.to_u(latent_space.encode(_held.model, loaded.test_images[picks]))
    return u, labels[picks], loaded.classes


@st.fragment
def other_plane(run: Run, held: Loaded) -> None:
    """For more than two dimensions: the plane of any two of them through the current point."""
    st.subheader("Two dimensions at a time", anchor=False)
    if not st.toggle("Decode a plane", key="generate_plane_on", persist_state="session",
                     help="Decodes 2,401 pictures through the current point; takes from a tenth of a second to a few."):
        st.caption("Choose two dimensions and move over the plane they span; all others stay at the point above.")
        return
    order = [int(k) for k in held.axes.order]
    left, right, again = st.columns([1, 1, 1], vertical_alignment="bottom")
    i = left.selectbox("To the right", order, key=f"generate_i_{held.name}", format_func=lambda k: f"z{k}",
                       help="The dimension that grows to the right, ordered by importance.")
    j = right.selectbox("Upwards", [k for k in order if k != i], key=f"generate_j_{held.name}",
                        format_func=lambda k: f"z{k}", help="The dimension that grows upwards.")
    again.button("Through the current point", key="generate_plane_again",
                 help="Decodes the plane anew through the point where the sliders are now.")
    hero_plane(run, held, (i, j), alone=True)


@st.fragment
def samples(run: Run, held: Loaded) -> None:
    """A grid of 64 pictures drawn at random: what the model takes to be typical."""
    st.subheader("Drawn at random", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.number_input("Seed", 0, 999_999, 1, key="generate_grid_seed", persist_state="session",
                        help="The same seed draws the same 64 points.")
        st.slider("Temperature", 0.0, 2.0, 1.0, 0.05, key="generate_grid_temperature", persist_state="session",
                  help="Scales the draw: 0 is the middle (of each Gaussian of a mixture), 1 as it is, 2 far outside.")
        source.choose(held, "grid")
        settings = source.grid_settings(held)
        st.caption(f"64 points z {source.about(run, held, settings[2])}, decoded. Look for pictures that are neither "
                   "one class nor another: there the latent space has gaps. Lower the temperature and they become "
                   "rarer, and so does variety.")
    with right:
        pictures, problem = source.grid(run, held, *settings)
        still(pictures, columns=8, scale=2,
              alt=f"64 samples drawn from the {SOURCES[settings[2]]} with seed {settings[0]} at temperature "
                  f"{settings[1]:g}")
        if problem:
            st.warning(plain(problem))


@st.fragment(key="depth")
def depth(run: Run, held: Loaded) -> None:
    """The formula with this point's numbers, and the code that decoded it."""
    d = held.model.latent_dim
    z = held.axes.to_z(point(held).u)
    fold = st.expander("How it works", key="generate_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown("The decoder is a function from the latent vector to a picture. Generating is choosing a z and "
                    "calling it; no image goes in.")
        st.latex(r"\hat{x} = \mathrm{decode}(z) = \mathbb{E}[\,x \mid z\,], \qquad z \in \mathbb{R}^{" + str(d) + "}")
        length = rf"\lVert z \rVert = {three(float(np.linalg.norm(z)))}"
        if held.prior:
            st.latex(length + rf" \qquad \mathbb{{E}}\,\lVert z \rVert \approx \sqrt{{d}} = {three(math.sqrt(d))}")
            st.latex(r"\log p(z) = -\tfrac{1}{2}\lVert z \rVert^2 - \tfrac{d}{2}\log 2\pi = "
                     rf"{three(latent_space.log_prior(z))}\ \text{{nats}}")
            st.markdown("Draws from N(0, I) lie close to a shell of radius √d. The centre is the most likely single "
                        "point and yet hardly any draw comes near it once d is large.")
        else:
            st.latex(length)
            st.markdown("This model has no prior: the sliders run over the mean of its training latents ± 3 "
                        "standard deviations, dimension by dimension.")
        if "mixture" in (source.chosen(held, "point"), source.chosen(held, "grid")):
            source.depth(run, held, z)
        what = "KL in nats (validation images)" if held.prior else "standard deviation of the latents"
        table = [{"dimension": f"z{k}", "value of z": float(z[k]), what: float(held.axes.weight[k]),
                  "use": "dead" if held.axes.dead[k] else "in use"} for k in held.axes.order]
        st.dataframe(table, hide_index=True, height=220, key="generate_table",
                     alt=f"Every dimension with its value of z, its {what}, and whether the model uses it",
                     column_config={name: st.column_config.NumberColumn(format="%.3g")
                                    for name in ("value of z", what)})
        st.caption("The code that ran:")
        from core.models import networks

        body = networks.conv_decoder if run.recipe.network == "conv" else networks.mlp_decoder
        st.code(dedent(inspect.getsource(type(held.model).decode)) + "\n" + inspect.getsource(body), language="python")
