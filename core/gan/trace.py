"""Data of the page's diagram: images through a VAE, latent noise through its decoder, and both through the GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.gan import before_after
from core.images import convert
from core.latent import codec, sampling

if TYPE_CHECKING:
    from core.models.base import LatentModel
    from core.models.gan import GAN


@dataclass(frozen=True)
class EncodedImages:
    """Images encoded and decoded by a model, N of them.

    Attributes:
        images, decoded: pictures. mean, sigma: of each image's posterior, float32 [N, d]; σ is 0 for point posteriors.
        z: the sample of the posterior that was decoded, float32 [N, d].
    """

    images: np.ndarray
    mean: np.ndarray
    sigma: np.ndarray
    z: np.ndarray
    decoded: np.ndarray


@dataclass(frozen=True)
class DiscriminatorAnswers:
    """Discriminator outputs for N images.

    Attributes:
        verdict: raw output, float32 [N]. real: whether D takes the image for a real one, bool [N].
        threshold: output above which it does.
    """

    verdict: np.ndarray
    real: np.ndarray
    threshold: float


def encode_and_decode(model: LatentModel, images: np.ndarray, seed: int) -> EncodedImages:
    """Encode pictures, sample z with ε drawn from `seed`, and decode. Without an encoder the posteriors are found by a
    search, which takes a second or two."""
    import torch

    from core.latent import encoding

    floats = codec.image_tensor(images, model)
    posterior = encoding.encode(model, floats)
    noise = torch.from_numpy(sampling.prior(len(images), model.latent_dim, seed)).to(floats)
    with torch.inference_mode():
        z = posterior.at(noise)
        sigma = torch.zeros_like(z) if posterior.logvar is None else torch.exp(0.5 * posterior.logvar)
        decoded = convert.to_pictures(model.decode(z))
    return EncodedImages(images, posterior.mean.cpu().numpy(), sigma.cpu().numpy(), z.cpu().numpy(), decoded)


def can_encode(model: GAN) -> bool:
    """Whether images can be encoded into the source's latent space: by its encoder or by a search."""
    return model.source_decoder is not None and (model.encoder is not None or model.has_code_regression)


def discriminator_answers(
    model: GAN, kind: str, real: np.ndarray, fake: np.ndarray
) -> tuple[DiscriminatorAnswers, DiscriminatorAnswers]:
    """Answers of the discriminator to real and to generated pictures.

    Args:
        kind: adversarial loss (`Recipe.adversarial`), which determines the threshold.
    """
    import torch

    from core.models import adversarial_losses

    with torch.inference_mode():
        outputs = [model.discriminator(codec.image_tensor(images, model)) for images in (real, fake)]
        threshold = float(adversarial_losses.decision_threshold(kind, *outputs))
    on_real, on_fake = (output.float().cpu().numpy() for output in outputs)
    return (
        DiscriminatorAnswers(on_real, on_real > threshold, threshold),
        DiscriminatorAnswers(on_fake, on_fake > threshold, threshold),
    )


def generate_both(model: GAN, n: int, seed: int) -> before_after.BeforeAfterImages:
    """n latent samples decoded by the source's decoder and by the generator."""
    return before_after.decode_both(model, sampling.draws(model, n, seed))
