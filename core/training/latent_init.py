"""Initialisation of a latent table, and the ridge regression from pixels to codes at which a search begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.models import AutoDecoder, LatentModel
from core.models.likelihood import build
from core.models.networks import linear_part
from core.recipes.budget import REGRESSION_IMAGES
from core.recipes.recipe import Recipe
from core.training.mapped_images import Images

SMALL = 0.01
"""σ of random initial latents: near 0, where the decoder is still nearly linear (as in DeepSDF)."""

LOGVAR_START = -4.0
"""Initial log σ² of a variational table, except for `ppca`: σ = 0.14. With σ = 1 everywhere the decoder would see
little but noise in the first epochs."""

NARROW = 1e-4
"""Least initial σ² of a latent vector, where a β of 0 would give 0, and of pixels, where a linear model of as many
dimensions as there are images leaves nothing out."""

SMALL_IMAGE = 1_100
"""Values of an image, at most, for which the covariance matrix of the values is used. For larger images it would need
seconds to hours: their Gram matrix is used instead, of at most `FITTED_LARGE` images, with the same result."""

FITTED_LARGE = 1_500
"""Images in the place of `REGRESSION_IMAGES` where one image has more than `SMALL_IMAGE` values, at most."""

SKETCHED_VALUES, SPARE, ROUNDS = 40_000_000, 16, 5
"""Values of more images than that for which directions are found by subspace iteration: all of theirs together, at most
(160 MB); directions beyond those that are asked for; and products with the images."""

RIDGE = 1e-3
"""Penalty of the regression, as a share of the mean squared singular value."""


def initial_table(recipe: Recipe, images: Images) -> Tensor:
    """The table a training begins with, [N, code_dim], from uint8 images [N, C, H, W].

    `small`: μ ~ N(0, 0.01²). `pca`: the images' coordinates along their main directions, scaled so that the widest has
    σ = 1; where there are fewer directions than latent dimensions, the others begin small. `ppca`: see `_linear_model`.
    """
    n, d = len(images), recipe.latent_dim
    generator = torch.Generator().manual_seed(recipe.seed)
    mean = (SMALL * torch.randn(n, d, generator=generator)).to(images.device)
    logvar = torch.full_like(mean, LOGVAR_START)
    if recipe.latent_init == "pca" and n > 1:
        main = _principal(images, d)
        mean[:, : len(main.variances)] = main.coordinates(images, 1 / main.variances[:1].sqrt())
    if recipe.latent_init == "ppca":
        linear = _linear_model(recipe, images)
        k = len(linear.variances)
        mean[:, :k] = linear.main.coordinates(images, linear.inwards)
        logvar.zero_()[:, :k] = linear.variances.log().to(logvar)
    return torch.cat([mean, logvar], dim=1) if recipe.variational else mean


@torch.no_grad()
def start_linear(model: LatentModel, recipe: Recipe, images: Images) -> None:
    """Set the linear layers beside the networks of a recipe (`beside_pca`) to PCA of the images, and silence the
    networks: uint8 images [N, C, H, W].

    z are an autoencoder's and an auto-decoder's coordinates along the main directions, in the scale of `initial_table`;
    a Gaussian is the posterior under the best linear decoder. A learned σ begins at the error that is left, at 0.01 or
    more.
    """
    linear = _linear_model(recipe, images)
    k, main = len(linear.variances), linear.main
    if decoder := linear_part(model.decoder):
        outwards = torch.zeros(recipe.shape.values, model.latent_dim, dtype=torch.float64)
        if not recipe.decoder_only or recipe.latent_init != "small":
            outwards[:, :k] = main.directions * linear.outwards
        decoder.path.set_to(outwards, main.centre)
        decoder.silence_body()
    if encoder := linear_part(model.encoder):
        inwards = torch.zeros(encoder.path.outputs, recipe.shape.values, dtype=torch.float64)
        inwards[:k] = (main.directions * linear.inwards).T
        bias = -inwards @ main.centre
        if recipe.variational:
            bias[recipe.latent_dim :][:k] = linear.variances.log()
        encoder.path.set_to(inwards, bias)
        encoder.silence_body()
    if list(model.likelihood.parameters()):
        model.likelihood.start_at(math.sqrt(max(NARROW, linear.left_out)))


@dataclass(frozen=True)
class _LinearModel:
    """The linear model that fits images best: z = (x − centre) · directions · inwards, and back by `outwards`.

    Attributes:
        main: its k directions. inwards, outwards: scale of each, [k]. variances: σ² of z given x, [k].
        left_out: mean variance of a pixel that it leaves out.
    """

    main: _Principal
    inwards: Tensor
    outwards: Tensor
    variances: Tensor
    left_out: float


def _linear_model(recipe: Recipe, images: Images) -> _LinearModel:
    """PCA where z is a point: an auto-decoder's in the scale of its start `pca`, an encoder's with a variance of 1 in
    each direction, so that the networks beside see the fine ones as well. Else the posterior of each image under the
    linear decoder that fits best, a Gaussian in the place of any other likelihood: probabilistic PCA (Tipping & Bishop
    1999). From there to a decoder of several layers it is not far.

    The decoder's columns are the directions whose variance λ is above the noise, each √(λ − noise) long; which gives
    the posterior σ² = noise / λ, and μ is the coordinate times √(1 − σ²) / √λ. The other latent dimensions say nothing
    of an image: μ stays small, σ² = 1.
    """
    main = _principal(images, recipe.latent_dim)
    if not recipe.variational and not (recipe.decoder_only and recipe.latent_init == "ppca"):
        lengths = main.variances.sqrt()
        lengths = lengths[:1].expand_as(lengths) if recipe.decoder_only else lengths
        return _LinearModel(main, 1 / lengths, lengths, torch.zeros_like(lengths), main.left_out)
    noise, score = main.left_out, build(recipe.likelihood, recipe.sigma)
    if not list(score.parameters()):  # a learned σ would come to the variance that is left out
        noise = score.noise(_spread(images, REGRESSION_IMAGES))
    noise *= recipe.beta  # weighting the KL by β is equivalent to β times the observation noise
    out = main.only(main.variances > noise)
    variances = (noise / out.variances).clamp_min(NARROW)
    scale = (1 - variances).sqrt()
    lengths = out.variances.sqrt()
    return _LinearModel(out, scale / lengths, scale * lengths, variances, main.left_out)


@dataclass(frozen=True)
class _Principal:
    """Directions in which images vary most, as columns of [V, k], the variance along each [k], the mean image [V],
    all in double precision on the CPU; and the mean variance of all other directions."""

    directions: Tensor
    variances: Tensor
    centre: Tensor
    left_out: float

    def only(self, these: Tensor) -> _Principal:
        return replace(self, directions=self.directions[:, these], variances=self.variances[these])

    def coordinates(self, images: Images, scale: Tensor) -> Tensor:
        """How far images [N, C, H, W] lie along each direction from the mean image, times `scale`, [N, k]."""
        along, centre = (x.float().to(images.device) for x in (self.directions * scale, self.centre))
        return torch.cat([(part.flatten(1).float() / 255 - centre) @ along for part in images.split(8192)])


def _principal(images: Images, most: int) -> _Principal:
    """The first directions, as many as there are, `most` at most. The same at every call."""
    if images[0].numel() > SMALL_IMAGE and len(images) > FITTED_LARGE:
        return _sketched(images, most)
    sample = _spread(images, _fitted(images)).cpu().flatten(1).double() / 255
    centre = sample.mean(0)
    sample -= centre
    size, small = sample.shape[1], sample.shape[1] <= SMALL_IMAGE
    # On the CPU and in double precision: quick at this size, and the same on every device.
    matrix = sample.T @ sample if small else sample @ sample.T  # their non-zero eigenvalues are the same
    values, vectors = torch.linalg.eigh(matrix / max(1, len(sample) - 1))
    # Images that are all alike differ by rounding, which is no direction.
    keep = min(most, int((values > max(1e-12, 1e-9 * float(values[-1]))).sum()))
    directions = vectors.flip(1)[:, :keep]
    if not small:
        directions = sample.T @ directions
        directions = directions / directions.norm(dim=0)
    directions = directions * directions.sum(0).sign()  # an eigenvector's sign is arbitrary: fix it
    values = values.flip(0)
    others = values[keep:].mean() if small else values[keep:].sum() / max(1, size - keep)
    return _Principal(directions, values[:keep], centre, max(0.0, float(others)))


def _sketched(images: Images, most: int) -> _Principal:
    """The first directions of many large images by subspace iteration from random ones (Halko, Martinsson & Tropp
    2011): a product with all images a few times instead of an eigendecomposition."""
    sample = _spread(images, SKETCHED_VALUES // images[0].numel()).cpu().flatten(1).float() / 255
    centre = sample.mean(0)
    sample -= centre
    (n, size), generator = sample.shape, torch.Generator().manual_seed(0)
    basis = torch.randn(size, min(most + SPARE, n, size), generator=generator)
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(sample.T @ (sample @ basis)).Q
    within = (sample @ basis).double()
    values, vectors = torch.linalg.eigh(within.T @ within / (n - 1))
    values, vectors = values.flip(0), vectors.flip(1)
    keep = min(most, int((values > max(1e-12, 1e-6 * float(values[0]))).sum()))  # float32 has no smaller ones
    directions = basis.double() @ vectors[:, :keep]
    directions = directions * directions.sum(0).sign()
    others = float(sample.square().sum(dtype=torch.float64)) / (n - 1) - float(values[:keep].sum())
    return _Principal(directions, values[:keep], centre.double(), max(0.0, others / max(1, size - keep)))


def fit_ridge(model: AutoDecoder, images: Images) -> None:
    """Refresh the model's ridge regression from pixels to codes: uint8 images [N, C, H, W], one for each row of its
    table. Both are free to have: training owns N pairs of an image and its code."""
    rows = _rows(len(images), _fitted(images)).to(images.device)
    x = images[rows].cpu().flatten(1).double() / 255
    codes = model.table[rows].cpu().double()
    x_mean, code_mean = x.mean(0), codes.mean(0)
    x, codes = x - x_mean, codes - code_mean
    if x.shape[1] <= SMALL_IMAGE:
        gram = x.T @ x
        gram.diagonal().add_(max(1e-6, RIDGE * float(gram.diagonal().mean())))
        weight = torch.linalg.solve(gram, x.T @ codes)
    else:  # the same weights by the smaller matrix: (XᵀX + λI)⁻¹Xᵀ = Xᵀ(XXᵀ + λI)⁻¹
        penalty = max(1e-6, RIDGE * float(x.square().sum()) / x.shape[1])
        gram = x @ x.T
        gram.diagonal().add_(penalty)
        weight = x.T @ torch.linalg.solve(gram, codes)
    model.ridge_weight.copy_(weight)
    model.mean_image.copy_(x_mean)
    model.ridge_bias.copy_(code_mean)


def _fitted(images: Images) -> int:
    return REGRESSION_IMAGES if images[0].numel() <= SMALL_IMAGE else FITTED_LARGE


def _spread(images: Images, most: int) -> Tensor:
    return images[_rows(len(images), most).to(images.device)]


def _rows(n: int, most: int) -> Tensor:
    """Spread over the whole set: images of a folder lie sorted by class."""
    return torch.linspace(0, n - 1, min(n, most)).long()
