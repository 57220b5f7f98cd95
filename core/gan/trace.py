"""What flows through the three pictures of one idea: a VAE, its decoder alone, and the GAN that the decoder joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.gan import before_after
from core.images.convert import to_uint8
from core.latent import codec, sampling

if TYPE_CHECKING:
    from core.models.base import LatentModel
    from core.models.gan import GAN


@dataclass(frozen=True)
class EncodedImages:
    """Images through the whole source, N of them.

    Attributes:
        mean, sigma, z: of each image's posterior, and the draw from it that was decoded, float32 [N, d]; σ is 0 where
            an image has a point and no width.
        decoded: `uint8` [N, 28, 28].
    """

    images: np.ndarray
    mean: np.ndarray
    sigma: np.ndarray
    z: np.ndarray
    decoded: np.ndarray


@dataclass(frozen=True)
class DiscriminatorAnswers:
    """What D answers, raw and as the words it stands for, [N] each.

    Attributes:
        verdict: the discriminator's number, float32. real: whether it takes the picture for a real one, bool.
        threshold: the verdict above which it does.
    """

    verdict: np.ndarray
    real: np.ndarray
    threshold: float


def encode_and_decode(model: LatentModel, images: np.ndarray, seed: int) -> EncodedImages:
    """Send `uint8` images [N, 28, 28] through a model, drawing ε with that seed.

    Without an encoder the images' places are searched for: a second or two.
    """
    import torch

    from core.latent import encoding

    floats = codec.image_tensor(images, model)
    found = encoding.encode(model, floats)
    noise = torch.from_numpy(sampling.prior(len(images), model.latent_dim, seed)).to(floats)
    with torch.inference_mode():
        z = found.at(noise)
        sigma = torch.zeros_like(z) if found.logvar is None else torch.exp(0.5 * found.logvar)
        decoded = to_uint8(model.decode(z))[:, 0]
    return EncodedImages(images, found.mean.cpu().numpy(), sigma.cpu().numpy(), z.cpu().numpy(), decoded)


def can_encode(model: GAN) -> bool:
    """Whether images can be sent through the source: by its encoder, or by a search that knows where to begin."""
    return model.origin is not None and (model.encoder is not None or hasattr(model, "guess"))


def discriminator_answers(
    model: GAN, kind: str, real: np.ndarray, fake: np.ndarray
) -> tuple[DiscriminatorAnswers, DiscriminatorAnswers]:
    """D's answers for real and for generated `uint8` images [N, 28, 28], [M, 28, 28]; `kind` is the recipe's
    `adversarial`, which says what the number means."""
    import torch

    from core.models import adversarial_losses

    with torch.inference_mode():
        answers = [model.discriminator(codec.image_tensor(images, model)) for images in (real, fake)]
        limit = float(adversarial_losses.decision_threshold(kind, *answers))
    said = [answer.float().cpu().numpy() for answer in answers]
    return DiscriminatorAnswers(said[0], said[0] > limit, limit), DiscriminatorAnswers(said[1], said[1] > limit, limit)


def generate_both(model: GAN, n: int, seed: int) -> before_after.BeforeAfterImages:
    """n draws from noise through the decoder as it was and as it is now."""
    return before_after.decode_both(model, sampling.draws(model, n, seed))
