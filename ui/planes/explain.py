"""Section "How it works" of the Planes page: objectives, the measures with live numbers, and the code that ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.latent import aggregated, planes
from ui.planes.inputs import slots
from ui.planes.measures import status_of
from ui.planes.place import Plane
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.source_code import show_code


def explain(shown: Sequence[Plane], titles: Mapping[str, str]) -> None:
    """The section; its content is computed only while it is open."""
    fold = st.expander("How it works", key="planes_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(
            "Every model here has a decoder from two numbers to a picture. The models differ in their objective, and "
            "so in how they arrange the training images on the plane:"
        )
        for family in slots().values():
            st.markdown(f"**{family.abbreviation}**: {family.explanation or family.sentence}")
            if family.objective:
                st.latex(family.objective)
        st.markdown(
            "The **aggregated posterior** is the mixture of the posteriors of all training images. Samples from the "
            "prior are good where it agrees with the prior:"
        )
        st.latex(r"q(z) = \frac{1}{N} \sum_{i=1}^{N} q(z \mid x_i) \qquad p(z) = \mathcal{N}(0, I)")
        _circles(shown, titles)
        st.markdown(
            "The **MMD** compares q(z) and p(z) through a kernel; it needs samples alone. The kernel's bandwidth h is "
            "the median distance between all points:"
        )
        st.latex(
            r"\mathrm{MMD}^2 = \mathbb{E}\,k(z, z') + \mathbb{E}\,k(y, y') - 2\,\mathbb{E}\,k(z, y), \qquad "
            r"k(a, b) = e^{-\lVert a - b \rVert^2 / 2h^2}, \quad z \sim q(z),\; y \sim p(z)"
        )
        show_code(
            (aggregated.quantile_radius, aggregated.shares_inside, aggregated.draws, aggregated.mmd),
            "Circles, q(z) and MMD",
        )
        show_code((planes.places, planes.density, planes.window, planes.regions, planes.coverage), "The planes")


def _circles(shown: Sequence[Plane], titles: Mapping[str, str]) -> None:
    """The radius of the circles, and how many latents of the enlarged plane lie within them."""
    wanted = address.get("plane")
    plane = next((plane for plane in shown if plane.run.name == wanted), shown[0])
    st.markdown(
        "Under p(z) the **circles** hold a share s of all z: ‖z‖² has a χ² distribution with two degrees of freedom, "
        "whose quantiles are known in closed form:"
    )
    radii = [rf"r_{{{100 * s:.0f}\,\%}} = {aggregated.quantile_radius(s):.2f}" for s in aggregated.QUANTILES]
    st.latex(r"r_s = \sqrt{-2 \ln(1 - s)}: \qquad " + r",\quad ".join(radii))
    if plane.places is None or not len(plane.places.mean):
        return
    held = aggregated.shares_inside(plane.places.draws)
    count = len(plane.places.draws)
    parts = [
        f"{round(share * count):,} ({100 * share:.0f} %) within the circle of {100 * s:.0f} %"
        for share, s in zip(held, aggregated.QUANTILES, strict=True)
    ]
    text = f"Of the {count:,} z of **{escape_markdown(titles[plane.run.name])}**, {', '.join(parts)}."
    found = status_of(plane).measures
    st.markdown(text if found is None else f"{text} Its MMD² is {found.mmd:.4f}.")
