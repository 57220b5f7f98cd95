"""Section "How it works" of the Planes page: each family's objective, and the code that ran."""

from __future__ import annotations

import streamlit as st

from core.latent import planes
from ui.planes.inputs import slots
from ui.shared.model_cache import LoadedModel
from ui.shared.source_code import show_code


def explain(models: list[LoadedModel]) -> None:
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
            "A plane shows z in its own units: a square that holds the circles of N(0, I) and all training images but "
            "the outermost. The same z is the same place on every plane, but not the same picture: each model has a "
            "latent space of its own."
        )
        columns = {"Mean of z₀": 0, "Mean of z₁": 1, "σ of z₀": 0, "σ of z₁": 1}
        st.dataframe(
            [
                {"Run": loaded.name.rsplit("@", 1)[0]}
                | {
                    name: float(loaded.model.latent_mean[k])
                    if name.startswith("Mean")
                    else float(loaded.model.latent_cov[k, k]) ** 0.5
                    for name, k in columns.items()
                }
                for loaded in models
            ],
            hide_index=True,
            key="planes_table",
            alt="Mean and standard deviation of the training latents of every model shown",
            column_config={name: st.column_config.NumberColumn(format="%.3g") for name in columns},
        )
        show_code((planes.window, planes.lattice, planes.coverage), "The code that ran")
