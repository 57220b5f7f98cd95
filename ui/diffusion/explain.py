"""How flow matching works: its loss, the equation that is solved, guidance, and the code that runs."""

from __future__ import annotations

import streamlit as st

from ui.shared.source_code import show_code


def how_it_works() -> None:
    """The fold; its content is made only while it is open."""
    title = "How it works: the loss, the solver, and the code that runs"
    fold = st.expander(title, key="diffusion_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.markdown(
            "Draw noise ε and the latent x of a training image. The point between them moves along a straight line, at "
            "the velocity x − ε. The network v learns to tell this velocity from the point and the time alone."
        )
        st.latex(
            r"\begin{aligned} z_t &= (1 - t)\,\varepsilon + t\,x, \qquad \varepsilon \sim \mathcal{N}(0, I),\; "
            r"t \sim \mathcal{U}(0, 1) \\ \mathcal{L} &= \mathbb{E}\,\lVert v(z_t, t) - (x - \varepsilon) \rVert^2 "
            r"\end{aligned}"
        )
        st.markdown(
            "Through each point pass the lines of many pairs, and the loss is smallest where v is their mean. That is "
            "all that is needed: moved at this mean velocity, noise has at every time the distribution of the points "
            "z_t, and at t = 1 that of the latents (Lipman et al. 2023)."
        )
        st.latex(r"\frac{dz}{dt} = v(z, t), \qquad z(0) \sim \mathcal{N}(0, I)")
        st.markdown(
            "The lines of training are straight, but the ways of samples bend where lines cross: so one step is too "
            "few. With classes, part of the labels is left out in training, and a sample can be guided by the weight w "
            "(Ho & Salimans 2022):"
        )
        st.latex(r"v_w = v(z, t) + w\,\left(v(z, t, y) - v(z, t)\right)")
        st.markdown(
            "Diffusion models learn the same field with another noise schedule. Latent diffusion (Rombach et al. 2022) "
            "is this page at scale: the autoencoder of a photo, and a U-Net or a transformer for v."
        )
        from core.priors import flow

        show_code([flow.pair, flow.batch_loss], "The loss")
        show_code([flow.Flow.velocity, flow.Flow._step], "Guidance, and a step of the solver")
        show_code([flow.Velocity], "The network")
