"""From VAE to GAN in questions: what to predict, why the other answers are wrong, and the computations that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from core.models import LatentModel


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        choices: what can be answered, and what there is to say to it. right: the place of the true one.
        answer: the whole thing in a few sentences. figure: what the live figure below it shows, and where to look.
    """

    key: str
    title: str
    text: str
    choices: tuple[tuple[str, str], ...]
    right: int
    answer: str
    figure: str


QUESTIONS = (
    Question(
        "reparameterisation",
        "Reparameterise",
        "A VAE draws z from the encoder's Gaussian. Why does it compute z = μ + σ·ε with ε ~ N(0, I), instead of "
        "drawing z from N(μ, σ²) directly?",
        (
            (
                "The pictures get more varied",
                "No: z is distributed exactly alike either way. Nothing that is decoded changes.",
            ),
            (
                "The gradient of the loss can flow through z to μ and σ",
                "Yes. With ε drawn outside, z is a smooth function of μ and σ, and backpropagation goes through it.",
            ),
            (
                "It pulls z towards the prior",
                "No: that is the work of the KL term. The trick changes how the "
                "gradient is estimated, not what is optimised.",
            ),
            (
                "Without it no gradient can be had at all",
                "Not quite: a score-function estimate needs no path through z. "
                "It is right on average, but so noisy that training with it hardly gets anywhere.",
            ),
        ),
        1,
        "A draw has no derivative. Written as μ + σ·ε the chance sits in ε alone, so the loss is an ordinary function "
        "of μ and σ once ε is drawn: ∂z/∂μ = 1 and ∂z/∂σ = ε. The encoder learns from where the decoder's error "
        "points, not only from whether a draw went well.",
        "Both estimates of one gradient, from the same draws: how the redrawing error of one test image changes with "
        "one μ. Both have the same mean. Look at the width: it says how many draws a step needs.",
    ),
    Question(
        "kl",
        "KL and the latent space",
        "An autoencoder and a VAE with two latent numbers, the same network, the same images. What does the KL term do "
        "to the plane?",
        (
            (
                "It sharpens reconstructions",
                "No: it costs sharpness. Each image must share its place with its neighbours, "
                "so what is redrawn is an average.",
            ),
            (
                "It separates the classes",
                "No: the KL term knows nothing of classes. Where they lie apart, it is because "
                "alike images are redrawn from alike z.",
            ),
            (
                "It draws all images round the origin, close together, in a cloud like N(0, I)",
                "Yes. So a z drawn from the prior lands where the decoder has learned something.",
            ),
        ),
        2,
        "KL(q ‖ N(0, I)) = ½ Σ (μ² + σ² − log σ² − 1) grows with the distance of μ from 0 and with σ away from 1. It "
        "forbids an image a far-off point of its own, and blurs it over a neighbourhood that the decoder must fill. "
        "An autoencoder may spread its codes as it likes: between and around them is nothing.",
        "Where each model puts the same images; the circles are the prior's 1, 2 and 3 σ. Below: the same twelve draws "
        "from N(0, I), decoded by each.",
    ),
    Question(
        "size",
        "Latent size",
        "You give a model more latent numbers: 2, 20, 128. What becomes of its reconstructions?",
        (
            (
                "They get better, most at first",
                "Yes. The first numbers carry what differs most between images; each further one adds less.",
            ),
            (
                "They get better in proportion",
                "No: ten times the numbers are not a tenth of the error. The directions in "
                "which images differ are of very unequal weight.",
            ),
            (
                "They stay as they are: the decoder's size decides",
                "No: two numbers cannot say which of thousands of images it was, however large the decoder is.",
            ),
            (
                "They get worse: more numbers are harder to learn",
                "Not the reconstructions. What gets harder is to sample: "
                "more numbers leave more room for places that mean nothing.",
            ),
        ),
        0,
        "The latent vector is the bottleneck: all that tells one image from another has to pass. Compare with PCA, "
        "the best that linear maps can do with d numbers: where d is small a network beats it by far, where d is large "
        "even PCA leaves little. A VAE does not use all it is given: numbers that are not worth their KL switch "
        "themselves off, so beyond some size it gains nothing.",
        "Test images, redrawn by what has been trained here and by PCA with as many numbers, fitted to the same "
        "training images.",
    ),
    Question(
        "generator",
        "Decoder as generator",
        "How must a VAE's decoder be rebuilt to serve as the generator of a GAN?",
        (
            ("Its last layer must be replaced", "No: both end in one value per pixel between 0 and 1."),
            (
                "Not at all: it already turns z ~ N(0, I) into a picture",
                "Yes. The KL term made it ready for draws from the prior. Only its teacher changes.",
            ),
            (
                "It needs the encoder to be fed",
                "No: when the VAE samples, the encoder rests. z is drawn from the prior.",
            ),
            (
                "It must be trained anew from random weights",
                "It can be, but it would have to find everything again that "
                "it knows already: all classes, and a latent space in order.",
            ),
        ),
        1,
        "Same network, same input, same output, another question put to it. In the VAE: is this pixel for pixel the "
        "image that was encoded? In the GAN: would somebody take this for a real image? The first is best served by an "
        "average, which is soft; the second by one sharp picture, whichever.",
        "The same z through both: above the decoder as the VAE left it, below the generator that it became.",
    ),
    Question(
        "two",
        "Encoder and discriminator",
        "A VAE's encoder and a GAN's discriminator both look at pictures. What sets them apart?",
        (
            (
                "Nothing much: both compress an image",
                "Their layers may be alike, but an encoder keeps what is needed to "
                "redraw the image; D keeps only what tells real from made.",
            ),
            (
                "The encoder says what is in the image and works with the decoder; D says whether it is real and works "
                "against the generator",
                "Yes. One describes, for a partner; the other judges, as an opponent.",
            ),
            (
                "The encoder sees real images, D only generated ones",
                "No: D sees both, in equal numbers. It could not learn the difference otherwise.",
            ),
        ),
        1,
        "An encoder is kept: it places new images in the latent space. A discriminator is scaffolding: once G is "
        "trained, it is not needed any more, and where G is perfect it can only guess.",
        "The same four pictures, shown to both.",
    ),
)

TABLE = (
    ("", "VAE's encoder", "GAN's discriminator"),
    ("Purpose", "says which z would be redrawn as this image", "says whether this image is real"),
    ("Input", "real images", "real and generated images"),
    ("Output", "μ and log σ², two numbers per latent dimension", "one number"),
    ("Objective", "small redrawing error, small KL", "right verdicts on both kinds"),
    ("Towards the other network", "together: what helps the decoder helps it", "against: what helps G hurts it"),
    ("Afterwards", "is used: it places new images", "is put away"),
)
"""How the two differ, row by row."""


def gradients(
    loss: Callable[[Tensor], Tensor], mean: Tensor, logvar: Tensor, n: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """n single-draw estimates of ∂/∂μ E[loss(z)], z ~ N(μ, σ²), from the same draws: float64 [n, d] each.

    The first through z = μ + σ·ε (Kingma & Welling 2013), the second by the score function,
    (loss(z) − b)·∂ log q(z)/∂μ (Williams 1992), where the baseline b is the mean loss of the other draws: it leaves
    the mean as it is and takes away much of the noise.

    Args:
        loss: of z [n, d], one number each, [n]. mean, logvar: [d].
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
    """`gradients` of the redrawing error (nats) of one image `uint8` [28, 28] in the latent number that the model uses
    most: [n] each, and which number it is."""
    import torch

    from core.latent import codec

    x = codec.image_tensor(image[None], model)
    with torch.no_grad():
        where = model.encode(x)
    dim = int(model.kl_per_dim.argmax())
    path, score = gradients(
        lambda z: model.likelihood.nll(model.decoder(z), x.expand(len(z), -1, -1, -1)),
        where.mean[0],
        where.logvar[0],
        n,
        seed,
    )
    return path[:, dim], score[:, dim], dim


def histogram(values: np.ndarray, low: float, high: float, bins: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the bins [bins] and the share of values in each [bins]; what lies outside counts at the edge."""
    counts, edges = np.histogram(np.clip(values, low, high), bins, (low, high))
    return 0.5 * (edges[1:] + edges[:-1]), counts / max(1, len(values))


def pca_reconstruction(train: np.ndarray, test: np.ndarray, d: int) -> np.ndarray:
    """Test images `uint8` [n, 28, 28] redrawn from d principal components of the training images: float [n, 28, 28] in
    grey levels from 0 to 1, not clipped."""
    x, y = (images.reshape(len(images), -1) / 255.0 for images in (train, test))
    centre = x.mean(0)
    _, vectors = np.linalg.eigh(np.cov(x.T))  # ascending
    kept = vectors[:, -d:]
    return ((y - centre) @ kept @ kept.T + centre).reshape(test.shape)


def pixel_mse(images: np.ndarray, redrawn: np.ndarray) -> float:
    """Mean squared error per pixel of `uint8` images, and of copies as `uint8` or in grey levels from 0 to 1."""
    copies = redrawn / 255.0 if redrawn.dtype == np.uint8 else redrawn
    return float(np.square(images / 255.0 - copies).mean())
