"""One pass of images through a trained model as in training: every layer, posterior, ε, z, reconstruction, loss terms.

The pass calls the model's own `loss` and listens at its networks, so that it shows any family as it is trained: a
family that changes the encoder's input, or draws z in its own way, is shown as it does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.images import convert
from core.latent import codebook, codec, sampling
from core.models import adversarial_losses
from core.models.base import LatentModel
from core.models.gan import GAN
from core.models.layers import Layer, recorded, unshared


@dataclass(frozen=True)
class ForwardPass:
    """N images, or N latent vectors, on their way through a model; parts that the model does not have are empty.

    Attributes:
        images: pictures that went in. given: what the encoder got, where that is not the images.
        encoder, decoder, discriminator: layers with their outputs.
        rows: rows of the latent table, int64 [N].
        mean, sigma: of the posteriors, float32 [N, d]; noise: ε. σ and ε are None for points.
        z: what is decoded, float32 [N, d], of a conditional family [N, d + classes] with the class weights at its end.
        classes: number of class weights at the end of z, 0 without.
        codes: of the grid that z is quantised to, int64 [N, rows, columns]; None without a codebook.
        decoded: pictures. terms: loss terms by name, unweighted, float32 [N] each.
        verdict, verdict_real: outputs of D for `decoded` and for `images`, float32 [N].
        threshold: output of D above which it takes an image for real.
    """

    z: np.ndarray
    decoded: np.ndarray
    decoder: tuple[Layer, ...]
    classes: int = 0
    images: np.ndarray | None = None
    given: np.ndarray | None = None
    encoder: tuple[Layer, ...] = ()
    rows: np.ndarray | None = None
    mean: np.ndarray | None = None
    sigma: np.ndarray | None = None
    noise: np.ndarray | None = None
    codes: np.ndarray | None = None
    terms: dict[str, np.ndarray] = field(default_factory=dict)
    discriminator: tuple[Layer, ...] = ()
    verdict: np.ndarray | None = None
    verdict_real: np.ndarray | None = None
    threshold: float = 0.0

    @property
    def style(self) -> np.ndarray:
        """z without class weights, [N, d]."""
        return self.z[:, : self.z.shape[1] - self.classes]


def of_images(
    model: LatentModel,
    images: np.ndarray,
    seed: int,
    rows: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> ForwardPass:
    """The pass of pictures, uint8 [N, H, W] or [N, H, W, 3], with noise drawn from `seed`.

    Args:
        rows: of the latent table, [N], for a model that has one. labels: classes of the pictures, int64 [N], for a
            conditional family.
    """
    copied = unshared(model)
    copied.importance_samples = 1  # one draw of z for each image is shown
    x = codec.image_tensor(images, copied)
    heard = Heard(copied)
    generator = torch.Generator(x.device).manual_seed(seed)
    posterior = None if rows is None else copied.posterior(_table(copied)[torch.as_tensor(rows, device=x.device)])
    with torch.no_grad(), heard, recorded(copied.encoder) as encoder, recorded(copied.decoder) as decoder:
        if labels is not None and copied.family.conditional:
            posterior = copied.encode_as(x, torch.from_numpy(np.array(labels, np.int64)).to(x.device))
        losses = copied.loss(x, generator, posterior)
        posterior = copied.posterior(heard.code) if posterior is None and heard.code is not None else posterior
        decoded = copied.likelihood.mean(heard.output)
    assert posterior is not None
    sigma = None if posterior.logvar is None else torch.exp(0.5 * posterior.logvar)
    changed = heard.given is not None and not torch.equal(heard.given, x)
    return ForwardPass(
        z=array(heard.z),
        decoded=convert.to_pictures(decoded),
        decoder=tuple(decoder),
        classes=copied.latent_dim - copied.style_dim,
        images=images,
        given=convert.to_pictures(heard.given.clamp(0, 1)) if changed and heard.given is not None else None,
        encoder=tuple(encoder),
        rows=rows,
        mean=array(posterior.style),
        sigma=None if sigma is None else array(sigma),
        noise=None if sigma is None else array((heard.z[:, : sigma.shape[1]] - posterior.style) / sigma),
        codes=_codes(copied, array(heard.z)),
        terms={name: array(term.expand(len(x))) for name, term in losses.terms.items()},
    )


def of_latents(model: LatentModel, z: np.ndarray) -> ForwardPass:
    """The pass of latent vectors, float32 [N, d], through the decoder."""
    copied = unshared(model)
    vectors = torch.from_numpy(np.array(z, np.float32)).to(copied.latent_mean.device)
    with torch.no_grad(), recorded(copied.decoder) as decoder:
        decoded = copied.decode(vectors)
    return ForwardPass(
        z=np.asarray(z, np.float32),
        decoded=convert.to_pictures(decoded),
        decoder=tuple(decoder),
        classes=copied.latent_dim - copied.style_dim,
        codes=_codes(copied, np.asarray(z, np.float32)),
    )


def of_gan(model: GAN, kind: str, images: np.ndarray, seed: int) -> ForwardPass:
    """N draws of z through the generator and the discriminator, which gets the N pictures `images` as well.

    Args:
        kind: adversarial loss (`Recipe.adversarial`), which determines D's threshold.
    """
    copied = unshared(model)
    z = sampling.draws(copied, len(images), seed)
    with torch.no_grad(), recorded(copied.decoder) as decoder, recorded(copied.discriminator) as discriminator:
        fake = copied.decode(torch.from_numpy(z).to(copied.latent_mean.device))
        on_real = copied.discriminator(codec.image_tensor(images, copied))
        on_fake = copied.discriminator(fake)  # last: these layers are shown
        threshold = adversarial_losses.decision_threshold(kind, on_real, on_fake)
    return ForwardPass(
        z=z,
        decoded=convert.to_pictures(fake),
        decoder=tuple(decoder),
        images=images,
        discriminator=tuple(discriminator),
        verdict=array(on_fake),
        verdict_real=array(on_real),
        threshold=float(threshold),
    )


class Heard:
    """What enters and leaves encoder and decoder of a model within this context, the last time that they run.

    Attributes:
        given, code: the encoder's input and output, None without an encoder. z, output: the decoder's, raw.
    """

    given: Tensor | None = None
    code: Tensor | None = None
    z: Tensor
    output: Tensor

    def __init__(self, model: LatentModel):
        self._model = model

    def __enter__(self) -> Heard:
        self._handles = [self._model.decoder.register_forward_hook(self._at_decoder)]
        if self._model.encoder is not None:
            self._handles.append(self._model.encoder.register_forward_hook(self._at_encoder))
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _at_encoder(self, module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.given, self.code = inputs[0], output

    def _at_decoder(self, module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.z, self.output = inputs[0], output


def _codes(model: LatentModel, z: np.ndarray) -> np.ndarray | None:
    return codebook.of_latents(model, z) if model.family.codes else None


def _table(model: LatentModel) -> Tensor:
    if model.latent_table is None:
        raise ValueError("This model has no latent table, so it has no rows.")
    return model.latent_table


def array(tensor: Tensor) -> np.ndarray:
    """A tensor as float32 numpy array."""
    return np.asarray(tensor.detach().float().cpu().numpy())
