"""Units of likelihoods: nats per image, squared error, and bits per dimension. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.images.shape import ImageShape

LIKELIHOODS = ("bernoulli", "gaussian", "gaussian-learned", "logistic", "mse")
"""Names of all likelihoods in recipes, see `core/models/likelihood.py`."""

OF_LEVELS = ("logistic",)
"""Likelihoods that are the probability of the 8-bit levels of an image; the others are densities, or none at all."""

IN_PIXELS = ("gaussian", "gaussian-learned", "logistic", "mse")
"""Likelihoods whose decoder gives pixel values, from 0 to 1, rather than logits."""


GREY_PIXELS = (
    "A Bernoulli gives probabilities to black and white pixels. Over grey levels it does not integrate to 1 and is no "
    "likelihood (Loaiza-Ganem & Cunningham 2019): these nats never reach 0 and cannot be compared with published ones "
    "of binarised MNIST."
)
"""What an ELBO or a bound of grey pixels under a Bernoulli likelihood is not, said wherever one is shown."""


def caveat(likelihoods: Iterable[str]) -> str:
    """What to know of the nats of models with these likelihoods: `GREY_PIXELS` where one of them is Bernoulli, else
    empty."""
    return GREY_PIXELS if "bernoulli" in likelihoods else ""


def bits_per_dim(nats: float, shape: ImageShape) -> float:
    """Bits per dimension of an image whose negative log-probability is `nats`: nats / (C · H · W · ln 2).

    A code of that many bits per value is possible (Shannon), so that an image stored as it is costs 8. Comparable
    between data sets of different shapes; it has this meaning only for the probability of levels (`OF_LEVELS`).
    """
    return nats / (shape.values * math.log(2))
