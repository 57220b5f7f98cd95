"""Questions on the way from VAE to GAN, with explanations of every answer, and the computations of their figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.inpainting import pixel_mse
from core.latent import pca
from core.system.question import Question

if TYPE_CHECKING:
    from torch import Tensor

    from core.models import LatentModel

QUESTIONS = (
    Question(
        "reparameterisation",
        "Reparameterisation",
        "A VAE draws z from the encoder's Gaussian. Why does it compute z = μ + σ·ε with ε ~ N(0, I), instead of "
        "drawing z from N(μ, σ²) directly?",
        (
            (
                "The pictures get more varied",
                "No: z has exactly the same distribution either way. Nothing changes about what is decoded.",
            ),
            (
                "The gradient of the loss can flow through z to μ and σ",
                "Yes. With ε drawn separately, z is a smooth function of μ and σ, and backpropagation passes through "
                "it.",
            ),
            (
                "It pulls z towards the prior",
                "No: the KL term does that. The trick changes how the gradient is estimated, not what is optimised.",
            ),
            (
                "Without it there is no way to estimate a gradient",
                "Not quite: the score-function estimator needs no path through z. "
                "It is correct on average, but so noisy that training with it makes hardly any progress.",
            ),
        ),
        1,
        "A random draw has no derivative. Written as μ + σ·ε, all randomness is in ε, so once ε is drawn the loss is "
        "an ordinary function of μ and σ: ∂z/∂μ = 1 and ∂z/∂σ = ε. The encoder learns from the direction of the "
        "decoder's error, not only from whether a draw happened to be good.",
        "Both estimators of the same gradient, from the same draws: how the reconstruction error of one test image "
        "changes with one μ. Both have the same mean. Look at the width: it determines how many draws a step needs.",
    ),
    Question(
        "kl",
        "KL and the latent space",
        "An autoencoder and a VAE with two latent dimensions, the same network, the same images. What does the KL term "
        "do to the latent plane?",
        (
            (
                "It sharpens reconstructions",
                "No: the posteriors of neighbouring images overlap, so the decoder reconstructs an average of them. "
                "(The error on new images can still fall, because an autoencoder overfits more.)",
            ),
            (
                "It separates the classes",
                "No: labels do not occur in the KL term. Classes lie apart only because "
                "similar images are reconstructed from similar z.",
            ),
            (
                "It pulls all images towards the origin, close together, in a cloud like N(0, I)",
                "Yes. So a z drawn from the prior lies where the decoder has been trained.",
            ),
        ),
        2,
        "KL(q ‖ N(0, I)) = ½ Σ (μ² + σ² − log σ² − 1) grows with the distance of μ from 0 and with σ away from 1. It "
        "keeps images from moving to distant points of their own, and spreads each over a neighbourhood that the "
        "decoder must fill. An autoencoder may place its codes anywhere: between and around them it learns nothing.",
        "The same images in the latent plane of each model; the circles hold 50, 90 and 99 % of the prior. "
        "Below: the same twelve draws from N(0, I), decoded by each model.",
    ),
    Question(
        "size",
        "Latent size",
        "You give a model more latent dimensions: 2, 20, 128. What happens to its reconstructions?",
        (
            (
                "They get better, most at first",
                "Yes. The first dimensions carry what differs most between images; each further one adds less.",
            ),
            (
                "They get better in proportion",
                "No: ten times the dimensions do not give a tenth of the error. The directions in "
                "which images differ have very unequal variances.",
            ),
            (
                "They stay the same: the size of the decoder decides",
                "No: two numbers cannot tell thousands of images apart precisely, however large the decoder is.",
            ),
            (
                "They get worse: more dimensions are harder to learn",
                "Not the reconstructions. Sampling gets harder: "
                "more dimensions leave more regions that no training image covers.",
            ),
        ),
        0,
        "The latent vector is the bottleneck: everything that distinguishes one image from another must pass through "
        "it. Compare with PCA, the best linear map with d dimensions: for small d a network is far better, for large d "
        "even PCA leaves little error. A VAE need not use all its dimensions: those that are not worth their KL "
        "collapse to the prior. So beyond some size its error hardly falls any more. The table gives the errors and "
        "the number of dimensions in use.",
        "Test images, reconstructed by VAEs trained here with β = 1 and by PCA with the same number of dimensions, "
        "fitted to the same training images.",
    ),
    Question(
        "generator",
        "Decoder as generator",
        "How must a VAE's decoder be changed to serve as the generator of a GAN?",
        (
            ("Its last layer must be replaced", "No: both output the values of an image, each between 0 and 1."),
            (
                "Not at all: it already turns z ~ N(0, I) into a picture",
                "Yes. The KL term prepared it for draws from the prior. Only the loss changes.",
            ),
            (
                "It needs the encoder for its input",
                "No: when a VAE samples, the encoder is not used. z is drawn from the prior.",
            ),
            (
                "It must be trained anew from random weights",
                "It can be, but it would have to learn again what "
                "it has learned already: all classes, and an ordered latent space.",
            ),
        ),
        1,
        "Same network, same input, same output, another objective. In the VAE: does the output match the encoded image "
        "pixel by pixel? In the GAN: does the output pass for a real image? The first is best met by an average, which "
        "is blurred; the second by any one sharp picture.",
        "The same z through both: above, the VAE's decoder; below, the generator that it became.",
    ),
    Question(
        "two",
        "Encoder and discriminator",
        "A VAE's encoder and a GAN's discriminator both take images as input. What is the difference?",
        (
            (
                "Not much: both compress an image",
                "Their layers may be similar, but an encoder keeps what is needed to "
                "reconstruct the image; D keeps only what distinguishes real from generated.",
            ),
            (
                "The encoder describes the image and works with the decoder; D decides whether it is real and works "
                "against the generator",
                "Yes. One is the decoder's partner, the other the generator's opponent.",
            ),
            (
                "The encoder sees real images, D only generated ones",
                "No: D sees both, in equal numbers. Otherwise it could not learn the difference.",
            ),
        ),
        1,
        "The encoder remains useful: it maps new images to the latent space. The discriminator is no longer needed "
        "once G is trained, and if G is perfect it can only guess.",
        "The outputs of both for the same four pictures.",
    ),
)

TABLE = (
    ("", "VAE's encoder", "GAN's discriminator"),
    ("Purpose", "finds the z from which this image is reconstructed", "decides whether this image is real"),
    ("Input", "real images", "real and generated images"),
    ("Output", "μ and log σ², two numbers per latent dimension", "one number"),
    ("Objective", "small reconstruction error, small KL", "correct decisions on real and generated images"),
    ("Relation to the other network", "partner: what helps the decoder helps it", "opponent: what helps G hurts it"),
    ("After training", "used: it encodes new images", "no longer needed"),
)
"""Differences between encoder and discriminator: header and rows of a table."""


def gradients(
    loss: Callable[[Tensor], Tensor], mean: Tensor, logvar: Tensor, n: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """n single-draw estimates of ∂/∂μ E[loss(z)], z ~ N(μ, σ²), from the same draws: float64 [n, d] each.

    Args:
        loss: function of z [n, d] with values [n]. mean, logvar: [d].
    Returns:
        (reparameterised gradients, z = μ + σ·ε, Kingma & Welling 2013; score-function gradients,
        (loss(z) − b)·∂ log q(z)/∂μ, Williams 1992). The baseline b is the mean loss of the other draws, which reduces
        the variance and leaves the mean unchanged.
    """
    import torch

    noise = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(seed), dtype=mean.dtype)
    sigma = torch.exp(0.5 * logvar)
    z = (mean + sigma * noise).detach().requires_grad_()
    value = loss(z)
    (path,) = torch.autograd.grad(value.sum(), z)
    value = value.detach().double()
    others = (value.sum() - value) / (n - 1)
    score = (value - others)[:, None] * (noise / sigma).double()
    return path.double().numpy(), score.numpy()


def gradients_for_image(
    model: LatentModel, image: np.ndarray, n: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, int]:
    """`gradients` of the reconstruction error (nats) of one picture along the latent dimension with the largest KL.

    Returns:
        (reparameterised gradients [n], score-function gradients [n], the dimension).
    Raises:
        ValueError: the model's posteriors have no variance.
    """
    import torch

    from core.latent import codec

    x = codec.image_tensor(image[None], model)
    with torch.no_grad():
        posterior = model.encode(x)
    if posterior.logvar is None:
        raise ValueError("These gradients need a Gaussian posterior; this model's posteriors are points.")
    dim = int(model.kl_per_dim.argmax())
    path, score = gradients(
        lambda z: model.likelihood.nll(model.decoder(z), x.expand(len(z), -1, -1, -1)),
        posterior.mean[0],
        posterior.logvar[0],
        n,
        seed,
    )
    return path[:, dim], score[:, dim], dim


def histogram(values: np.ndarray, low: float, high: float, bins: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Histogram: (centres of the bins, share of values in each), [bins] each. Values outside count in the outer
    bins."""
    counts, edges = np.histogram(np.clip(values, low, high), bins, (low, high))
    return 0.5 * (edges[1:] + edges[:-1]), counts / max(1, len(values))


def pca_reconstruction(train: np.ndarray, test: np.ndarray, d: int) -> np.ndarray:
    """Test pictures reconstructed from d principal components of the training pictures: float in the layout of
    pictures, on levels from 0 to 1, not clipped."""
    x, y = (images.reshape(len(images), -1) / 255.0 for images in (train, test))
    return pca.fit(x, d).reconstruct(y).reshape(test.shape)


def mean_pixel_mse(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Mean squared error per pixel over some pictures; `reconstructions` as `uint8` or on levels from 0 to 1."""
    return float(pixel_mse(reconstructions, images).mean())
