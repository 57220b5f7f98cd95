"""Section "How it works" of the Reconstruct page: the objective with this image's numbers, and the code that ran."""

from __future__ import annotations

import streamlit as st

from core.recipes.family import Family
from core.recipes.likelihoods import GREY_PIXELS
from core.runs import Run
from ui.charts.losses import unit
from ui.reconstruct.search import Found
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.source_code import show_code


def explain(found: list[Found]) -> None:
    """The section; its content is computed only while it is open. found: the results shown on the cards."""
    fold = st.expander(
        "How it works: the objective with this image's numbers, and the code that ran",
        key="reconstruct_depth",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        st.markdown(
            "An **encoder** computes z in one pass. A **search** keeps the decoder fixed and changes z by Adam until "
            "the objective is smallest. It is the objective of training, with the same weight β; only visible pixels "
            "count in log p(x | z), and hidden ones have no gradient:"
        )
        _objectives([request.run for request, _ in found])
        st.markdown("\n".join(["For this image:", "", *(_numbers(*pair) for pair in found)]))
        st.markdown(
            "The **amortisation gap** is the difference between the two objectives of one VAE (Cremer, Li & Duvenaud "
            "2018): the same decoder and the same image, once with the q of the encoder and once with the best q that "
            "the search found. What remains between that best q and the true posterior p(z | x) is the "
            "**approximation gap**: a Gaussian with independent dimensions cannot take the posterior's shape, however "
            "good the encoder is. The search does not close it. On a test image the amortisation gap contains the "
            "encoder's generalisation error as well, since the encoder was not trained on it; on an image unlike the "
            "training images it is mostly that. The **−ELBO** always has the KL at "
            "weight 1, whatever β the model was trained with; the "
            "**importance-weighted bound** (Burda et al. 2016) is closer to −log p(x), or of a model that is told "
            "the class y to −log p(x | y). Grey pixels under a Bernoulli "
            f"likelihood have an **entropy floor** that no model can get below. {GREY_PIXELS}\n\n"
            "The objective of each step is a mean over 32 fixed draws of ε, so that the curve shows the search and not "
            "sampling noise. An encoder was never trained on images with holes and takes the fill for part of the "
            "image. The search leaves hidden pixels out, for every kind of model. "
            "MSE is measured on the picture shown, clipped to black and white; the loss uses the decoder's raw output. "
            "Times are those of a warm machine, as medians, from the image to its reconstruction."
        )
        from core.latent import search
        from core.models.likelihood import Likelihood

        show_code([search.search], "The search")
        show_code([Likelihood.nll], "The likelihood, which leaves hidden pixels out")


def _objectives(runs: list[Run]) -> None:
    """The objective of each family shown; families with the same one share its formula."""
    shown: dict[str, list[Family]] = {}
    for run in runs:
        family = run.recipe.latent_family
        if family is not None and family.objective and family not in shown.get(family.objective, []):
            shown.setdefault(family.objective, []).append(family)
    for objective, families in shown.items():
        st.markdown(f"**{', '.join(family.abbreviation for family in families)}**")
        st.latex(objective)
    if any(run.recipe.family.adversarial for run in runs):
        st.markdown(
            "A **GAN** is not trained on such an objective: its generator never sees an image, and it has no ELBO. "
            "For it, the search minimises the objective of the model whose decoder it started from, with the generator "
            "as the decoder."
        )


def _numbers(request, result) -> str:
    recipe, value = request.run.recipe, f"{result.recon[-1]:.2f}"
    family = recipe.latent_family
    if family is None or family.variational or any(term.name == "kl" for term in family.terms):
        value += f" + {result.beta:.3g} × {result.prior[-1]:.2f} = **{result.objective[-1]:.2f}**"
    method = f"search, {pluralize(result.steps, 'step')}" if request.search else "encoder"
    elbo = f"; −ELBO {result.negative_elbo[-1]:.2f} nats" if recipe.variational and result.beta != 1 else ""
    hidden = f", hidden pixels {format_sig(result.hidden_mse[-1])}" if not request.visible.all() else ""
    return (
        f"- {escape_markdown(request.run.name)}, {method}: {value} {unit(recipe.likelihood)}{elbo}; squared error "
        f"per pixel {format_sig(result.mse[-1])}{hidden}"
    )
