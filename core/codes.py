"""Codes before and after training: where a latent table begins, and a first guess at the code of a new image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.models import AutoDecoder
from core.models.likelihood import build
from core.recipe import Recipe

SMALL = 0.01
"""σ of latents that begin at random: near 0, where the decoder is still nearly linear (DeepSDF begins alike)."""

LOGVAR_START = -4.0
"""log σ² that a variational table begins with: σ = 0.14. At σ = 1 the first epochs would see nothing but noise."""

FITTED = 10_000
"""Images the regression is fitted on, at most: enough for 784 pixels, and done in a tenth of a second."""

RIDGE = 1e-3
"""Penalty of the regression, as a share of the mean squared singular value."""


def initial(recipe: Recipe, images: Tensor) -> Tensor:
    """The table a training begins with, [N, code_dim], from uint8 images [N, 1, 28, 28].

    `small`: μ ~ N(0, 0.01²). `pca`: the images' coordinates along their main directions, scaled so that the widest has
    σ = 1. `ppca`: the posterior under the best linear decoder, σ included (probabilistic PCA, Tipping & Bishop 1999).
    Where there are fewer directions than latent dimensions, the others begin small.
    """
    n, d = len(images), recipe.latent_dim
    generator = torch.Generator().manual_seed(recipe.seed)
    mean = (SMALL * torch.randn(n, d, generator=generator)).to(images.device)
    logvar = torch.full_like(mean, LOGVAR_START)
    if recipe.latent_init == "pca" and n > 1:
        main = _principal(images, d)
        mean[:, : len(main.variances)] = main.coordinates(images, 1 / main.variances[:1].sqrt())
    if recipe.latent_init == "ppca" and n > 1:
        main = _principal(images, d)
        noise = recipe.beta * build(recipe.likelihood, recipe.sigma).noise(_spread(images, FITTED))
        # The decoder that fits best has as its columns the directions that stick out of the noise, each as long as
        # √(variance − noise); then μ and σ² of an image have this form. In all others it says nothing: σ² = 1.
        out = main.only(main.variances > noise)
        left = noise / out.variances
        mean[:, : len(left)] = out.coordinates(images, ((1 - left) / out.variances).sqrt())
        logvar.zero_()[:, : len(left)] = left.log().to(logvar)
    return torch.cat([mean, logvar], dim=1) if recipe.variational else mean


@dataclass(frozen=True)
class _Principal:
    """Directions in which images vary most, as columns of [784, k], the variance along each [k], and the mean image
    [784]; in double precision on the CPU."""

    directions: Tensor
    variances: Tensor
    centre: Tensor

    def only(self, these: Tensor) -> _Principal:
        return _Principal(self.directions[:, these], self.variances[these], self.centre)

    def coordinates(self, images: Tensor, scale: Tensor) -> Tensor:
        """How far images [N, 1, 28, 28] lie along each direction from the mean image, times `scale`, [N, k]."""
        along, centre = (x.float().to(images.device) for x in (self.directions * scale, self.centre))
        return torch.cat([(part.flatten(1).float() / 255 - centre) @ along for part in images.split(8192)])


def _principal(images: Tensor, most: int) -> _Principal:
    """The first directions, as many as there are, `most` at most. The same at every call."""
    sample = _spread(images, FITTED).cpu().flatten(1).double() / 255
    centre = sample.mean(0)
    sample -= centre
    # On the CPU and in double precision: quick at this size, and the same on every device.
    values, vectors = torch.linalg.eigh(sample.T @ sample / max(1, len(sample) - 1))
    keep = min(most, int((values > 1e-9 * values[-1]).sum()))
    directions = vectors.flip(1)[:, :keep]
    directions = directions * directions.sum(0).sign()  # a direction's sign is nobody's choice: fix it
    return _Principal(directions, values.flip(0)[:keep], centre)


def fit_guess(model: AutoDecoder, images: Tensor) -> None:
    """Refresh the model's ridge regression from pixels to codes: uint8 images [N, 1, 28, 28], one for each row of its
    table. Both are free to have: training owns N pairs of an image and its code."""
    rows = _rows(len(images), FITTED).to(images.device)
    x = images[rows].cpu().flatten(1).double() / 255
    codes = model.table[rows].cpu().double()
    x_mean, code_mean = x.mean(0), codes.mean(0)
    x, codes = x - x_mean, codes - code_mean
    gram = x.T @ x
    gram.diagonal().add_(max(1e-6, RIDGE * float(gram.diagonal().mean())))
    model.guess.copy_(torch.linalg.solve(gram, x.T @ codes))
    model.mean_image.copy_(x_mean)
    model.guess_at_mean.copy_(code_mean)


def _spread(images: Tensor, most: int) -> Tensor:
    return images[_rows(len(images), most).to(images.device)]


def _rows(n: int, most: int) -> Tensor:
    """Spread over the whole set: images of a folder lie sorted by class."""
    return torch.linspace(0, n - 1, min(n, most)).long()
