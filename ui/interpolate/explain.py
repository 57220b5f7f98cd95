"""Section "How it works" of the Interpolate page: the formulas with this pair's numbers, and the code that ran."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.latent import interpolation, walks
from core.latent.interpolation import Endpoint, InterpolationPath
from ui.shared.encode import encoding_method, latent_name
from ui.shared.formatting import format_sig
from ui.shared.model_cache import LoadedModel
from ui.shared.source_code import show_code


def explain(loaded: LoadedModel, ends: dict[str, Endpoint], found: dict[str, InterpolationPath]) -> None:
    """The section; its content is computed only while it is open."""
    fold = st.expander("How it works", key="interpolate_depth", on_change="rerun")
    if not fold.open:
        return
    style = loaded.model.style
    a, b = style(ends["a"].z), style(ends["b"].z)
    middle = {name: float(np.linalg.norm(style(found[name].z)[len(found[name].z) // 2])) for name in ("lerp", "slerp")}
    theta, d = interpolation.angle(a, b), loaded.model.style_dim
    with fold:
        st.markdown(
            f"{encoding_method(loaded)} gives each image its {latent_name(loaded)}. Every frame is decoded from a "
            "point z(t) between them. **Lerp**, linear interpolation, follows the straight line:"
        )
        st.latex(
            r"z(t) = (1-t)\,\mu_A + t\,\mu_B, \qquad "
            rf"\lVert z(0.5) \rVert = {format_sig(middle['lerp'])}"
        )
        st.markdown(
            "**Slerp**, spherical linear interpolation (Shoemake 1985; for latents White 2016), turns the direction at "
            "a constant rate through the angle θ, and changes the length linearly from one end to the other:"
        )
        st.latex(
            r"z(t) = \ell(t)\left(\frac{\sin((1-t)\theta)}{\sin\theta}\,\frac{\mu_A}{\lVert\mu_A\rVert} + "
            r"\frac{\sin(t\theta)}{\sin\theta}\,\frac{\mu_B}{\lVert\mu_B\rVert}\right), \qquad "
            r"\ell(t) = (1-t)\lVert\mu_A\rVert + t\lVert\mu_B\rVert"
        )
        st.latex(
            rf"\theta = {format_sig(theta)}^\circ \qquad \lVert\mu_A\rVert = "
            rf"{format_sig(float(np.linalg.norm(a)))} \qquad "
            rf"\lVert\mu_B\rVert = {format_sig(float(np.linalg.norm(b)))} \qquad "
            rf"\lVert z(0.5) \rVert = {format_sig(middle['slerp'])}"
        )
        if loaded.prior:
            st.markdown(
                f"Draws from the prior N(0, I) lie close to a sphere of radius √d = {format_sig(math.sqrt(d))}, the "
                "typical set. Means μ lie inside it, because a draw adds noise to them. The straight line passes "
                "further inside, where the density is highest but few draws fall. The arc keeps the distance of its "
                "ends. In two dimensions the difference is small; it grows with d."
            )
        else:
            st.markdown(
                "This model has no prior, so its latents need not lie near a sphere around zero. The arc keeps the "
                "length all the same; compare both paths by the distance to the nearest training latent."
            )
        if loaded.conditional:
            st.markdown(
                "The **class** is no direction of z. Its weights go straight from those of A to those of B: halfway, "
                "the decoder is told one half of each."
            )
        if "lab" in found:
            st.markdown(
                "The **CIELAB blend** mixes the same two images in a colour space in which equal distances look about "
                "equally large (CIE 1976). Halfway, its colours are the ones that look halfway. It still shows two "
                "images at once: the space of colours changes, not what is mixed."
            )
        show_code((walks.lerp, walks.slerp, interpolation.paths), "The code that ran")
