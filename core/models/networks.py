"""Encoder and decoder bodies: from a 28 × 28 image to a vector and back.

An encoder maps images [B, 1, 28, 28] to `outputs` numbers per image (d for an autoencoder, 2d for a VAE: μ and
log σ²). A decoder maps z [B, d] to one raw number per pixel [B, 1, 28, 28]; the likelihood decides what that number
means (a logit, a mean). Each comes in three kinds, `BODIES`: fully connected, convolutions, convolutions on patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

SIDE = 28
PIXELS = SIDE * SIDE
PATCH = 4
"""Pixels from one patch to the next: 28 = 7 · 4."""


ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU}
"""What stands between two layers, by name. SiLU, x · sigmoid(x), is a ReLU with a rounded corner."""


def _dense(widths: Sequence[int], activation: str) -> list[nn.Module]:
    """Linear layers with an activation after each."""
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), ACTIVATIONS[activation]())]


def mlp_encoder(hidden: Sequence[int], outputs: int, activation: str = "relu") -> nn.Sequential:
    """784 → hidden … → outputs, fully connected."""
    return nn.Sequential(nn.Flatten(), *_dense([PIXELS, *hidden], activation), nn.Linear(hidden[-1], outputs))


def mlp_decoder(hidden: Sequence[int], latent_dim: int, activation: str = "relu") -> nn.Sequential:
    """The mirror image: d → … hidden → 784."""
    back = list(reversed(hidden))
    return nn.Sequential(
        *_dense([latent_dim, *back], activation), nn.Linear(back[-1], PIXELS), nn.Unflatten(1, (1, SIDE, SIDE))
    )


def conv_encoder(
    channels: Sequence[int], hidden: Sequence[int], outputs: int, activation: str = "relu"
) -> nn.Sequential:
    """Convolutions 28 → 14 → 7 (then staying at 7 × 7), flattened, dense, → outputs."""
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise([1, *channels])):
        halve = i < 2
        layers += [nn.Conv2d(a, b, 4 if halve else 3, stride=2 if halve else 1, padding=1), ACTIVATIONS[activation]()]
    return nn.Sequential(
        *layers, nn.Flatten(), *_dense([channels[-1] * 49, *hidden], activation), nn.Linear(hidden[-1], outputs)
    )


def conv_decoder(
    channels: Sequence[int], hidden: Sequence[int], latent_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The mirror image: dense up to 7 × 7, then transposed convolutions 7 → 14 → 28.

    Kernels of 4 with stride 2 cover every output pixel equally often; kernels of 3 would leave a checkerboard
    (Odena, Dumoulin & Olah 2016).
    """
    back = list(reversed(channels))
    layers: list[nn.Module] = [
        *_dense([latent_dim, *reversed(hidden), back[0] * 49], activation),
        nn.Unflatten(1, (back[0], 7, 7)),
    ]
    for i, (a, b) in enumerate(pairwise([*back, 1])):
        double = i >= len(back) - 2
        layers += [
            nn.ConvTranspose2d(a, b, 4 if double else 3, stride=2 if double else 1, padding=1),
            ACTIVATIONS[activation](),
        ]
    return nn.Sequential(*layers[:-1])  # the last layer's output is raw: no activation on logits


def patch_encoder(
    channels: Sequence[int], hidden: Sequence[int], outputs: int, activation: str = "relu"
) -> nn.Sequential:
    """The image in 7 × 7 patches, 4 pixels apart, each turned into a vector at once; 3 × 3 convolutions among them.

    At 28 × 28 and 14 × 14 a convolution costs most and sees least; here all of it happens at 7 × 7 ("patchify":
    Dosovitskiy et al. 2021; for convolutions Liu et al. 2022). A patch reaches half-way into its neighbours, so that no
    stroke is cut at an edge.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(1, channels[0], 2 * PATCH, stride=PATCH, padding=PATCH // 2),
        ACTIVATIONS[activation](),
    ]
    for a, b in pairwise(channels):
        layers += [nn.Conv2d(a, b, 3, padding=1), ACTIVATIONS[activation]()]
    return nn.Sequential(
        *layers, nn.Flatten(), *_dense([channels[-1] * 49, *hidden], activation), nn.Linear(hidden[-1], outputs)
    )


def patch_decoder(
    channels: Sequence[int], hidden: Sequence[int], latent_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The way back: dense up to 7 × 7, 3 × 3 convolutions, then each place becomes 4 × 4 pixels (Shi et al. 2016)."""
    back = list(reversed(channels))
    layers: list[nn.Module] = [
        *_dense([latent_dim, *reversed(hidden), back[0] * 49], activation),
        nn.Unflatten(1, (back[0], 7, 7)),
    ]
    for a, b in pairwise(back):
        layers += [nn.Conv2d(a, b, 3, padding=1), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Conv2d(back[-1], PATCH**2, 1), nn.PixelShuffle(PATCH))


BODIES = {
    "mlp": (mlp_encoder, mlp_decoder),
    "conv": (conv_encoder, conv_decoder),
    "patch": (patch_encoder, patch_decoder),
}
"""Encoder and decoder by the name a recipe gives them."""


def discriminator(channels: Sequence[int], spectral: bool = False) -> nn.Sequential:
    """Images [B, 1, 28, 28] → one number each, [B]: large for real ones, a logit where the loss is a cross-entropy.

    Strided convolutions and leaky ReLUs (DCGAN, Radford, Metz & Chintala 2016), no batch normalisation: it would let
    one image's verdict depend on the others in its batch.

    Args:
        spectral: divide each layer's weights by their largest singular value (Miyato et al. 2018).
    """
    normed = spectral_norm if spectral else lambda layer: layer
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise([1, *channels])):
        halve = i < 2
        layers += [normed(nn.Conv2d(a, b, 4 if halve else 3, stride=2 if halve else 1, padding=1)), nn.LeakyReLU(0.2)]
    pixels = (SIDE // 2 ** min(2, len(channels))) ** 2
    return nn.Sequential(*layers, nn.Flatten(), normed(nn.Linear(channels[-1] * pixels, 1)), nn.Flatten(0))
