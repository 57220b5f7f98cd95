"""Conditional variational autoencoder: encoder and decoder are told the class of the image (Sohn, Lee & Yan 2015).

z need not say what the decoder knows anyway: what is left for it is the style, which any class can be drawn in.
"""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.images.shape import GREY_28, ImageShape
from core.models.base import LOGVAR, Posterior, build_decoder, build_encoder, build_likelihood
from core.models.likelihood import Likelihood
from core.models.vae import VAE
from core.recipes.family import KL, RECONSTRUCTION, Family
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="cvae",
    order=3,
    name="Conditional VAE",
    abbreviation="CVAE",
    sentence="A VAE whose encoder and decoder are told the class: any class can be drawn in any style.",
    model="ConditionalVAE",
    latent="gaussian",
    prior=True,
    conditional=True,
    terms=(RECONSTRUCTION, KL),
    fields=(
        *("classes", "beta", "beta_warmup", "beta_cycles", "free_bits", "importance_samples"),
        *("optimizer", "schedule", "precision"),
    ),
    objective_name="−ELBO",
    objective=(
        r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\,\mathbb{E}_{q(z \mid x, y)} \log p(x \mid z, y)}"
        r"_{\text{reconstruction}} \\ &+ \beta\,\underbrace{\mathrm{KL}\left(q(z \mid x, y)\,\|\,"
        r"\mathcal{N}(0, I)\right)}_{\text{KL}}\end{aligned}"
    ),
    explanation=(
        "A conditional VAE is trained on the negative **ELBO** of an image x of the class y: how badly the image is "
        "reconstructed, plus how far the posterior q(z | x, y) is from the prior N(0, I), weighted by β. Encoder and "
        "decoder both get y, so it costs KL to say in z which class it is: z keeps the style alone."
    ),
    code=("loss", "encode_as", "best_class", "losses_at", "regularizers"),
    not_generator="its decoder is told the class, and this lab’s GAN draws z alone",
    caption=(
        "Solid: training, dashed: validation, each image with its class. Total = reconstruction + β·KL; all should "
        "fall or level out. Validation rising alone is overfitting."
    ),
)

NO_WEIGHT = 1e-6
"""Sum of class weights below which none of them counts: all classes then have the same weight."""

PAIRS = 2
"""Draws of ε, each with its mirror image −ε, at which the ELBOs of the classes are compared."""


def on_simplex(weights: Tensor) -> Tensor:
    """Class weights [..., C] that are at least 0 and sum to 1: negative ones count as 0, and where nothing is left all
    classes have the same weight."""
    positive = weights.clamp_min(0.0)
    total = positive.sum(-1, keepdim=True)
    even = torch.full_like(positive, 1.0 / positive.shape[-1])
    return torch.where(total > NO_WEIGHT, positive / total.clamp_min(NO_WEIGHT), even)


class ConditionalEncoder(nn.Module):
    """An encoder that is told the class: images [B, C, H, W] and class weights → codes [B, 2 d + classes].

    Each class has an image of learned values, which is added to the encoder's input. To the first layer, which is
    linear, that is the same as a one-hot label among its inputs, whatever the network.
    """

    def __init__(self, body: nn.Module, shape: ImageShape, classes: int):
        super().__init__()
        self.body = body
        self.class_images = nn.Parameter(torch.zeros(classes, *shape.chw))

    def forward(self, images: Tensor, weights: Tensor) -> Tensor:
        """μ [d], the class weights and log σ² [d] of each image, in this order."""
        mean, logvar = self.body(images + torch.tensordot(weights, self.class_images, 1)).chunk(2, dim=1)
        return torch.cat([mean, weights.to(mean.dtype), logvar], dim=1)


class ConditionalDecoder(nn.Module):
    """A decoder of latent vectors that end with class weights, which are brought onto the simplex first."""

    def __init__(self, body: nn.Module, style_dim: int):
        super().__init__()
        self.body, self.style_dim = body, style_dim
        # Of the class weights one is 1 and the others are 0: initialised for all inputs, the first layer would begin
        # too small.
        first = next(layer for layer in body.modules() if isinstance(layer, nn.Linear))
        with torch.no_grad():
            first.weight.mul_(math.sqrt(first.in_features / (style_dim + 1)))

    def forward(self, z: Tensor) -> Tensor:
        """The network's output for style and class weights [B, d + classes]."""
        output: Tensor = self.body(torch.cat([z[:, : self.style_dim], on_simplex(z[:, self.style_dim :])], dim=1))
        return output


class ConditionalVAE(VAE):
    """q(z | x, y) = N(μ(x, y), diag σ²(x, y)) and p(x | z, y).

    A latent vector is [z, class weights]: one-hot for a class, anything between for a mixture of classes. It says by
    itself which picture it is. The buffer `class_share` is the share of each class among the training images, [C].
    """

    family = FAMILY
    encoder: ConditionalEncoder

    def __init__(
        self,
        encoder: ConditionalEncoder,
        decoder: ConditionalDecoder,
        likelihood: Likelihood,
        style_dim: int,
        classes: int,
        shape: ImageShape = GREY_28,
    ):
        super().__init__(encoder, decoder, likelihood, style_dim + classes, shape, style_dim)
        self.classes = classes
        self.register_buffer("class_share", torch.zeros(classes))

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained model of the recipe."""
        d, classes = recipe.latent_dim, max(2, recipe.classes)  # a folder that has not been read yet has none
        encoder = ConditionalEncoder(build_encoder(recipe, 2 * d), recipe.shape, classes)
        decoder = ConditionalDecoder(build_decoder(recipe, d + classes), d)
        model = cls(encoder, decoder, build_likelihood(recipe), d, classes, recipe.shape)
        model.set_objective(recipe)
        return model

    def posterior(self, code: Tensor) -> Posterior:
        """Posterior of codes [B, code_dim]. The class weights in them are given, not learned: no gradient leads there,
        and a search keeps the class that it begins with."""
        d, end = self.style_dim, self.latent_dim
        mean = torch.cat([code[:, :d], code[:, d:end].detach()], dim=1)
        return Posterior(mean, code[:, end:].clamp(-LOGVAR, LOGVAR))

    def encode(self, images: Tensor) -> Posterior:
        """Posterior of images [B, C, H, W] without labels: each gets the class that explains it best."""
        return self.encode_as(images, self.best_class(images))

    def encode_as(self, images: Tensor, classes: Tensor) -> Posterior:
        """Posterior of images of known classes: labels [B] or class weights [B, C] (`LatentModel.encode_as`)."""
        weights = classes if classes.is_floating_point() else self.class_weights(images, classes)
        return self.posterior(self.encoder(images, weights).to(images.dtype))

    def code_of(self, images: Tensor, visible: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Codes of images. One without a label gets the class that explains its visible pixels best."""
        seen = images if visible is None else images.where(visible, 0.0)
        if labels is None:
            labels = self.best_class(seen, visible)
        code: Tensor = self.encoder(seen, self.class_weights(seen, labels))
        return code

    def class_weights(self, images: Tensor, labels: Tensor) -> Tensor:
        """One-hot weights [B, C] of labels [B]; an image with the label −1 gets the class that explains it best.

        Raises:
            ValueError: there is no class of such a label.
        """
        if len(labels) and not -1 <= int(labels.min()) <= int(labels.max()) < self.classes:
            raise ValueError(
                f"There is no class {int(labels.max() if labels.max() >= self.classes else labels.min())}: the labels "
                f"of this model's {self.classes} classes are 0 to {self.classes - 1}, and −1 for an image without one."
            )
        unknown = labels < 0
        if bool(unknown.any()):
            labels = labels.clone()
            labels[unknown] = self.best_class(images[unknown])
        return self._one_hot(labels)

    @torch.no_grad()
    def best_class(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """The class of the highest ELBO for each image [B, C, H, W], int64 [B], among those with training images.

        Args:
            visible: bool like `images`, where only some pixels count.
        """
        half = torch.randn(PAIRS, self.style_dim, generator=torch.Generator().manual_seed(0)).to(images)
        best, label = images.new_full((len(images),), torch.inf), images.new_zeros(len(images), dtype=torch.long)
        for k in torch.nonzero(self.known_classes()).flatten().tolist():
            posterior = self.encode_as(images, self._one_hot(torch.full_like(label, k)))
            losses = [self.losses_at(posterior, posterior.at(e), images, visible) for e in (*half, *-half)]
            negative_elbo = torch.stack([loss.recon for loss in losses]).mean(0) + losses[0].kl
            better = negative_elbo < best
            best, label = best.where(~better, negative_elbo), label.masked_fill(better, k)
        return label

    def known_classes(self) -> Tensor:
        """Whether there were training images of each class, bool [C]; all of them before a training."""
        share = self.class_share
        return share > 0 if bool(share.any()) else torch.ones_like(share, dtype=torch.bool)

    def from_prior(self, noise: Tensor) -> Tensor:
        """Latent vectors [B, d + C] from standard normal noise [B, d + C]: its first d numbers as style, and the class
        of the largest of the others, so that all classes are equally likely, at any temperature."""
        return torch.cat([noise[:, : self.style_dim], self._drawn_class(noise)], dim=1)

    def through_latents(self, noise: Tensor) -> Tensor:
        """The same with the style from the Gaussian fitted to the training images' styles, of all classes."""
        d = self.style_dim
        style = self._gaussian(noise[:, :d], self.latent_mean[:d], self.latent_cov[:d, :d])
        return torch.cat([style, self._drawn_class(noise)], dim=1)

    def _drawn_class(self, noise: Tensor) -> Tensor:
        drawn = noise[:, self.style_dim :].masked_fill(~self.known_classes(), -torch.inf)
        return self._one_hot(drawn.argmax(1)).to(noise)

    def _one_hot(self, labels: Tensor) -> Tensor:
        return functional.one_hot(labels, self.classes).to(self.class_share)
