"""Section "How it works" of the Outliers page: the scores as formulas with this run's numbers, and the code."""

from __future__ import annotations

import math

import streamlit as st

from core.evaluation import outliers
from core.recipes.likelihoods import OF_LEVELS
from ui.outliers.inputs import Choice, objective_name
from ui.outliers.scores import Result
from ui.shared.formatting import format_sig, pluralize
from ui.shared.source_code import show_code


def explain(result: Result, choice: Choice) -> None:
    """The section; its content is computed only while it is open."""
    fold = st.expander("How it works", key="outliers_depth", on_change="rerun", icon=":material/functions:")
    if not fold.open:
        return
    with fold:
        _scores(result)
        _threshold(result, choice)
        st.markdown(
            "**AUROC** needs no threshold. It is the share of all pairs of an outlier and a test image in which the "
            "outlier scores higher (ties count half), which is also the area under the ROC curve:"
        )
        st.latex(
            r"\mathrm{AUROC} = \frac{1}{m\,n} \sum_{i=1}^{m} \sum_{j=1}^{n} \left(\mathbb{1}[s(o_i) > s(x_j)] + "
            r"\tfrac{1}{2}\,\mathbb{1}[s(o_i) = s(x_j)]\right)"
        )
        st.markdown(
            "Do not read a likelihood as a verdict. A simple image has a high likelihood whatever it shows, so a model "
            "can give a plain image of another data set a higher likelihood than images of its own (Nalisnick et al. "
            "2019). Look at the least unusual outliers above: what do they have in common?"
        )
        show_code((outliers.decision_threshold, outliers.auroc, outliers.scoring_steps), "The code that ran")


def _scores(result: Result) -> None:
    """The scores of this run's family."""
    recipe, shape = result.run.recipe, result.run.recipe.shape
    st.markdown(
        "The model was trained to describe one kind of image by a few numbers. An image that it cannot describe well "
        "is unusual. The **reconstruction error** measures just that, as a mean over the "
        f"{shape.values:,} values of an image:"
    )
    st.latex(rf"s(x) = \frac{{1}}{{{shape.values}}}\,\lVert x - \mathrm{{decode}}(\mu(x)) \rVert^2")
    name, family = objective_name(recipe), recipe.family
    where = (
        f"with z sampled from its Gaussian (mean of {outliers.EPSILON_DRAWS} draws)"
        if family.variational
        else "at the latent point z"
    )
    weight = f" and β = {recipe.beta:g}" if family.uses("beta") and not family.variational else ""
    st.markdown(f"The **{name.lower()}** is computed for one image x, {where}{weight}:")
    if family.objective:
        st.latex(family.objective)
    batch = [term.title for term in family.terms if term.batch]
    if family.conditional:
        st.markdown(
            "The model is told the class y. Here each image, whatever its label, gets the class that explains it best: "
            "an outlier has no class of the training set, and a score that knew the classes of the test images alone "
            "would not be comparable."
        )
    if batch and not family.variational:
        st.markdown(f"The {' and the '.join(batch)} of the formula is left out: it is of many images together.")
    if recipe.likelihood in outliers.CORRECTABLE:
        st.markdown(
            "The **complexity-corrected** score subtracts the least value that any decoder could reach for this image, "
            f"the entropy of its {shape.values:,} values, each taken as the probability of white:"
        )
        st.latex(r"s(x) - H(x), \qquad H(x) = -\sum_i \left(x_i \ln x_i + (1 - x_i) \ln (1 - x_i)\right)")
    st.markdown(
        "**Typicality** takes an image for unusual where its objective s(x) is far from the mean s̄ over the validation "
        "images, in either direction: most images of a distribution are not the most likely ones (Nalisnick et al. "
        "2019, who test sets of images; here each set is one image):"
    )
    st.latex(rf"\lvert s(x) - \bar s \rvert, \qquad \bar s = {format_sig(result.scores.typical)}")
    if "complexity" in outliers.scores_of(recipe):
        words = (
            "It is a likelihood ratio between the model and the compressor"
            if recipe.likelihood in OF_LEVELS
            else "Its authors mean models of the 256 levels of a pixel, for which it is a likelihood ratio between the "
            "model and the compressor; this likelihood has other nats, and the size outweighs them"
        )
        test = float(result.scores.size[result.outlier_set.of("test")].mean())
        st.markdown(
            "**Minus PNG size** subtracts the size L(x) of the image as a PNG file, in nats: a simple image is likely, "
            f"but small as well (Serrà et al. 2020). {words}. Test images have {test:,.0f} nats on average."
        )
        st.latex(r"s(x) - L(x)")
    if family.variational and family.prior:
        st.markdown(
            "Here β = 1, whatever β the model was trained with: only then is it the negative ELBO, an upper bound on "
            f"−{family.evidence} in nats."
        )


def _threshold(result: Result, choice: Choice) -> None:
    """How latents are found, and how the threshold is set."""
    outlier_set, values = result.outlier_set, result.scores.by(choice.score)
    validation, test = values[outlier_set.of("validation")], values[outlier_set.of("test")]
    threshold = outliers.decision_threshold(validation, choice.quantile)
    latents = (
        "The encoder gives a latent vector for any image, also for kinds it was never trained on."
        if result.run.recipe.has_encoder
        else "There is no encoder: the latent vector of each image is found by a search, with the decoder fixed."
    )
    st.markdown(
        f"{latents} The **threshold** t is the smallest score that at least {100 * choice.quantile:g} % of "
        f"{pluralize(len(validation), 'validation image')} do not exceed. An image is flagged if s(x) > t:"
    )
    spread = math.sqrt(choice.quantile * (1 - choice.quantile) / len(validation))
    st.latex(
        rf"t = {format_sig(threshold)} \qquad \text{{false alarms}} = {100 * float((test > threshold).mean()):.1f}\,\% "
        rf"\; \text{{(expected }} {100 * (1 - choice.quantile):.1f} \pm {100 * spread:.1f}\,\%)"
    )
