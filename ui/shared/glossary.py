"""Glossary: terms of the field with one exact sentence each, shown where a term is hovered, focused or tapped.

    glossary.caption("Sliders are ordered by their KL.", "KL")
    glossary.markdown(text, "latent", "prior")

Each marks the first place of every given term in a text. Without scripts of its own: a marked term is a tab stop, and
the style sheet shows its sentence below the paragraph while it is hovered or focused, which a tap does on a phone.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Entry:
    """A term: one sentence that defines it, and the spellings under which it stands in texts besides its name."""

    sentence: str
    spellings: tuple[str, ...] = ()


TERMS = {
    "latent": Entry(
        "A latent variable is a number that describes an image but is not observed; the latent vector z holds all of "
        "them and is what the decoder turns into an image.",
        ("latent vector", "latent vectors", "latent dimension", "latents"),
    ),
    "latent space": Entry(
        "The space of all latent vectors z: the decoder turns each of its points into an image, and the latent "
        "dimensions are its axes.",
        ("latent spaces",),
    ),
    "prior": Entry(
        "The prior p(z) is the distribution assumed for the latents before any image is seen, here the standard normal "
        "N(0, I); new images are made by drawing z from it."
    ),
    "posterior": Entry(
        "The posterior q(z | x) is the distribution of the latents given an image x, here a Gaussian with its own mean "
        "μ and standard deviation σ in each dimension.",
        ("posteriors",),
    ),
    "KL": Entry(
        "The Kullback–Leibler divergence KL(q ‖ p) measures how far a distribution q is from p: it is 0 where they are "
        "equal and never negative."
    ),
    "nats": Entry("Units of information with the natural logarithm: 1 nat = 1 / ln 2 ≈ 1.44 bits.", ("nat",)),
    "β": Entry(
        "The weight of the prior's term in the loss: at β = 1 a VAE's loss is the negative ELBO; a larger β keeps the "
        "latents closer to the prior at the expense of the reconstruction."
    ),
    "σ": Entry(
        "A standard deviation: that of an image's posterior in one latent dimension; on sliders and planes the unit of "
        "distance from the centre, one standard deviation of the prior (or, without one, of the training latents)."
    ),
    "ELBO": Entry(
        "The evidence lower bound, the expected log p(x | z) minus the KL from posterior to prior, never exceeds "
        "log p(x); training a VAE at β = 1 raises it.",
        ("−ELBO",),
    ),
    "importance-weighted bound": Entry(
        "An upper bound on −log p(x) from many samples of z for the image, weighted by how well they explain it; it is "
        "closer to −log p(x) than the −ELBO."
    ),
    "entropy floor": Entry(
        "The smallest cross-entropy that a model can reach for an image with grey pixels, which is the image’s own "
        "entropy: a pixel of grey level x costs at least −x ln x − (1 − x) ln (1 − x) nats."
    ),
    "Bernoulli": Entry(
        "The distribution of a pixel that is white with probability p and black otherwise; grey levels have no "
        "probability under it, so the −ELBO of grey images is a sum of cross-entropies and a KL but bounds no "
        "log-likelihood (Loaiza-Ganem & Cunningham 2019)."
    ),
    "logit": Entry(
        "The logit of a probability p is ln(p / (1 − p)); the sigmoid function turns it back into p.", ("logits",)
    ),
    "Fréchet distance": Entry(
        "A distance between two sets of images: that of the Gaussians fitted to their features; it is 0 where both "
        "means and covariances agree, and the fewer images there are, the larger it comes out."
    ),
    "KID": Entry(
        "Kernel inception distance: the squared maximum mean discrepancy of two sets of images under a cubic kernel on "
        "their features (Bińkowski and others 2018); whatever the number of images, 0 is expected where both "
        "distributions are equal, and single values may lie below 0."
    ),
    "codebook": Entry(
        "A list of K vectors that are learned with the model: the nearest one takes the place of each "
        "cell of an image’s grid; its number is the cell’s code.",
        ("code", "codes"),
    ),
    "flow": Entry(
        "A flow is a velocity at every point and time that carries one distribution into another, here noise to the "
        "latents of the training images; flow matching learns it with a network."
    ),
    "principal directions": Entry(
        "Principal component analysis (PCA) finds the direction of largest variance, then that of the largest variance "
        "perpendicular to it, and so on.",
        ("principal direction",),
    ),
    "AUROC": Entry(
        "Area under the ROC curve: the probability that a random member of one group has a higher score than a random "
        "member of the other; 0.5 is chance, 1 is without an error."
    ),
    "perplexity": Entry(
        "In t-SNE the effective number of neighbours of each point: 2 to the entropy, in bits, of its distribution "
        "over the other points."
    ),
    "reparameterisation": Entry(
        "Writing a draw from N(μ, σ²) as μ + σ ε with standard normal ε, so that the gradient passes through the draw "
        "to μ and σ."
    ),
    "active unit": Entry(
        "A latent dimension that carries information about the image: here one whose mean KL is at least 0.01 nats, or "
        "by the variance of μ one whose mean μ varies over the images with a variance above 0.01.",
        ("active units",),
    ),
    "MIG": Entry(
        "Mutual information gap: how much more one latent dimension tells about a known factor of the images, such as "
        "their hue, than the second best does, as a share of the factor’s entropy; the mean over the factors, from 0 "
        "to 1."
    ),
    "disentanglement": Entry(
        "Whether each latent dimension stands for one factor of the images, such as hue or size; no training on images "
        "alone guarantees it, since a rotated z with a decoder that turns it back gives the same images (Locatello and "
        "others 2019).",
        ("disentangled",),
    ),
    "DCI disentanglement": Entry(
        "A number from 0 to 1: 1 where each latent dimension helps to predict a single known factor of the images, 0 "
        "where each helps to predict all of them alike."
    ),
    "amortisation": Entry(
        "Using one encoder, trained once, to infer the latents of any image in a single pass instead of searching for "
        "them image by image.",
        ("amortised",),
    ),
    "likelihood": Entry(
        "The likelihood p(x | z) is the probability, or density, of an image x under the distribution that the decoder "
        "gives for z.",
        ("likelihoods",),
    ),
    "precision": Entry(
        "The share of generated images that lie within the neighbourhood of a real image in feature space: high when "
        "samples look real."
    ),
    "recall": Entry(
        "The share of real images that lie within the neighbourhood of a generated image in feature space: high when "
        "samples are varied."
    ),
    "density": Entry(
        "How many neighbourhoods of real images a generated image lies in on average, divided by the number of "
        "neighbours that defines a neighbourhood: about 1 for real images."
    ),
    "coverage": Entry(
        "The share of real images whose neighbourhood in feature space contains at least one generated image."
    ),
}
"""All terms by name."""


def mark(text: str, *terms: str) -> str:
    """Markdown with the first place of each term marked, for `unsafe_allow_html`; a term that is not in it is left out.

    Args:
        text: Markdown. Text from files or visitors in it must have been escaped (`escape_markdown`).
    Raises:
        KeyError: a term is not in the glossary.
    """
    places = sorted(
        ((found.span(), term) for term, found in ((term, _first(text, term)) for term in terms) if found is not None),
        key=lambda place: (place[0][0], -place[0][1]),
    )
    parts, end = [], 0
    for (start, stop), term in places:
        if start < end:  # within a longer term that is marked already
            continue
        parts += [text[end:start], _term(text[start:stop], term, text)]
        end = stop
    return "".join([*parts, text[end:]])


def caption(text: str, *terms: str) -> None:
    """A caption in which the first place of each term is marked."""
    st.caption(mark(text, *terms), unsafe_allow_html=True)


def markdown(text: str, *terms: str) -> None:
    """Markdown in which the first place of each term is marked."""
    st.markdown(mark(text, *terms), unsafe_allow_html=True)


def meanings(names: Iterable[str], *terms: str) -> None:
    """A caption with those terms that occur among some names, each to be asked for its meaning: below a table."""
    names = list(names)
    found = [term for term in terms if any(_first(name, term) is not None for name in names)]
    if found:
        caption("What they mean: " + " · ".join(found), *found)


def _first(text: str, term: str) -> re.Match[str] | None:
    """The first place of a term or of one of its spellings, the longest one there; not within a formula or code."""
    spellings = sorted((term, *TERMS[term].spellings), key=len, reverse=True)
    pattern = "|".join(re.escape(spelling) for spelling in spellings)
    return re.search(rf"(?<![\w$`_-])(?:{pattern})(?![\w$`])", text, re.IGNORECASE if term.isascii() else 0)


def _term(shown: str, term: str, text: str) -> str:
    digest = hashlib.blake2b(f"{term} {text}".encode(), digest_size=4).hexdigest()
    name = f"term-{digest}"
    sentence = html.escape(TERMS[term].sentence, quote=True).replace("|", "&#124;")
    return (
        f'<span class="glossary" tabindex="0" aria-describedby="{name}">{shown}'
        f'<span class="meaning" role="tooltip" id="{name}"><b>{html.escape(term)}.</b> {sentence}</span></span>'
    )
