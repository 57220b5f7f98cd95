"""The depth of the Reconstruct page: the objective with this image's numbers, and the code that ran."""

from __future__ import annotations

import inspect
from functools import cache

import streamlit as st

from ui.charts.losses import unit
from ui.shared.formatting import escape_markdown, format_sig, pluralize


def depth(found: list) -> None:
    """A fold; its content is made only while it is open.

    Args:
        found: (wish, result) as the hero returns them.
    """
    fold = st.expander(
        "How it works: the objective with live numbers, and the code that ran",
        key="reconstruct_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        st.markdown(
            "An **encoder** answers in one pass. A **search** leaves the decoder as it is and moves z by Adam "
            "until the image fits best; only visible pixels count, the hidden ones carry no gradient. It "
            "minimises what training minimised, with the same weight β of the prior:"
        )
        st.latex(
            r"\mathrm{AE}: \; -\log p(x_{\text{visible}} \mid z) \qquad "
            r"\mathrm{AD}: \; -\log p(x_{\text{visible}} \mid z) + \beta\,\tfrac{1}{2}\lVert z \rVert^2"
        )
        st.latex(
            r"\mathrm{VAE,\,VAD}: \; \underbrace{-\,\mathbb{E}_{q} \log p(x_{\text{visible}} \mid z)}"
            r"_{\text{reconstruction}} + \beta\,\mathrm{KL}\left(q\,\|\,\mathcal{N}(0, I)\right), \qquad "
            r"q = \mathcal{N}(\mu, \mathrm{diag}\,\sigma^2)"
        )
        if any(wish.run.recipe.model == "gan" for wish, _ in found):
            st.markdown(
                "A **GAN** was trained on nothing of the kind: its generator never saw an image, and it has no "
                "ELBO. What is minimised for it is the objective of the model it came from, with G in the "
                "decoder's place."
            )
        st.markdown("\n".join(["For this image:", "", *(_numbers(wish, result) for wish, result in found)]))
        st.markdown(
            "The **amortisation gap** is the difference of the two totals of one VAE: the same decoder, the "
            "same image, once with the q that the encoder gave and once with the best q that the search found. "
            "Steps are priced at 16 fixed draws of ε, so that the curve shows the search and not the noise. "
            "An encoder was never trained on holes and takes the filled one for part of the image; the search "
            "is told which pixels to leave out, for VAE and AE as for VAD and AD."
        )
        st.caption("The search that ran (core/latent/encoding.py):")
        st.code(_search(), language="python")
        st.caption("The likelihood that leaves hidden pixels out (core/models/likelihood.py):")
        st.code(_nll(), language="python")


def _numbers(wish, result) -> str:
    recipe, price = wish.run.recipe, f"{result.recon[-1]:.2f}"
    if recipe.model != "ae":
        price += f" + {result.beta:.3g} × {result.prior[-1]:.2f} = **{result.objective[-1]:.2f}**"
    how = f"search, {pluralize(result.steps, 'step')}" if wish.search else "encoder"
    error = f", hidden pixels {format_sig(result.hidden_mse[-1])}" if not wish.visible.all() else ""
    return (
        f"- {escape_markdown(wish.run.name)}, {how}: {price} {unit(recipe.likelihood)}; squared error per pixel "
        f"{format_sig(result.mse[-1])}{error}"
    )


@cache
def _search() -> str:
    from core.latent import search

    return inspect.getsource(search.search)


@cache
def _nll() -> str:
    from core.models.likelihood import Likelihood

    return inspect.cleandoc("\n" + inspect.getsource(Likelihood.nll))
