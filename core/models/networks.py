"""Encoder, decoder and discriminator networks for images of any shape.

An encoder maps images [B, C, H, W] to `outputs` numbers per image (d for an autoencoder, 2d for a VAE: μ and log σ²). A
decoder maps z [B, d] to one raw number per channel of each pixel, [B, C, H, W]; the likelihood decides what that number
means (a logit, a mean). Each comes in three kinds, `BODIES`: fully connected, convolutions, convolutions on patches.
The last two also exist without the dense layers, `GRID_BODIES`: they end in a grid of vectors, for families of codes.

Convolutions with stride 2 halve every side until it has at most `COARSEST` pixels: 28 → 14 → 7, 32 → 16 → 8,
128 → 64 → 32 → 16 → 8; of 20 × 36 pixels, 10 × 18, 5 × 9 and 5 × 4 are left. An odd side is halved downwards, and the
decoder adds the missing row or column again, so that it ends exactly at the image's shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from core.images.shape import ImageShape

COARSEST = 8
"""Pixels of a side, at most, after all halvings, and patches along a side, at most."""

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}
"""Activation functions by name. SiLU, x · sigmoid(x), is a ReLU with a rounded corner."""

Size = tuple[int, int]
"""Height and width."""


def halvings(shape: ImageShape) -> list[Size]:
    """Heights and widths from the image to the coarsest map: each side is halved while it is longer than `COARSEST`."""
    sizes = [(shape.height, shape.width)]
    while max(sizes[-1]) > COARSEST:
        height, width = (n // 2 if n > COARSEST else n for n in sizes[-1])
        sizes.append((height, width))
    return sizes


def channel_counts(channels: Sequence[int], shape: ImageShape) -> list[int]:
    """Channels of each convolution: the last number repeats until the image is halved to the coarsest map."""
    missing = len(halvings(shape)) - 1 - len(channels)
    return [*channels, *[channels[-1]] * max(0, missing)]


def patches(shape: ImageShape) -> tuple[int, Size]:
    """Pixels along a patch, and patches along height and width: at most `COARSEST` on the longer side.

    28 × 28 pixels make 7 × 7 patches of 4 × 4. Where the patches reach beyond the image, the rest of them is empty.
    """
    pixels = -(-max(shape.height, shape.width) // COARSEST)
    return pixels, (-(-shape.height // pixels), -(-shape.width // pixels))


def _dense(widths: Sequence[int], activation: str) -> list[nn.Module]:
    """Linear layers with an activation after each."""
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), ACTIVATIONS[activation]())]


def _steps(count: int, shape: ImageShape) -> list[tuple[Size, Size]]:
    """Map sizes before and after each of `count` convolutions; once the map is coarsest, it keeps its size."""
    sizes = halvings(shape)[: count + 1]
    sizes += [sizes[-1]] * (count + 1 - len(sizes))
    return list(pairwise(sizes))


def _kernel(before: Size, after: Size) -> tuple[Size, Size]:
    """Kernel and stride of a convolution with padding 1: 4 and 2 along a side that is halved, else 3 and 1."""
    (a, b), (c, d) = before, after
    stride = (1 if a == c else 2, 1 if b == d else 2)
    return (2 + stride[0], 2 + stride[1]), stride


def mlp_encoder(shape: ImageShape, hidden: Sequence[int], outputs: int, activation: str = "relu") -> nn.Sequential:
    """C · H · W → hidden … → outputs, fully connected."""
    return nn.Sequential(nn.Flatten(), *_dense([shape.values, *hidden], activation), nn.Linear(hidden[-1], outputs))


def mlp_decoder(shape: ImageShape, hidden: Sequence[int], latent_dim: int, activation: str = "relu") -> nn.Sequential:
    """The mirror image: d → … hidden → C · H · W."""
    back = list(reversed(hidden))
    return nn.Sequential(
        *_dense([latent_dim, *back], activation), nn.Linear(back[-1], shape.values), nn.Unflatten(1, shape.chw)
    )


def conv_encoder(
    shape: ImageShape, channels: Sequence[int], hidden: Sequence[int], outputs: int, activation: str = "relu"
) -> nn.Sequential:
    """Convolutions that halve every side to at most `COARSEST` pixels and then keep it, flattened, dense, → outputs.

    Args:
        channels: of each convolution; with fewer than the halvings need, the last number repeats (`channel_counts`).
    """
    channels = channel_counts(channels, shape)
    steps = _steps(len(channels), shape)
    layers: list[nn.Module] = []
    for (a, b), (before, after) in zip(pairwise([shape.channels, *channels]), steps, strict=True):
        kernel, stride = _kernel(before, after)
        layers += [nn.Conv2d(a, b, kernel, stride=stride, padding=1), ACTIVATIONS[activation]()]
    height, width = steps[-1][1]
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        *_dense([channels[-1] * height * width, *hidden], activation),
        nn.Linear(hidden[-1], outputs),
    )


def conv_decoder(
    shape: ImageShape, channels: Sequence[int], hidden: Sequence[int], latent_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The mirror image: dense up to the coarsest map, then transposed convolutions that double to the image's shape.

    Kernels of 4 with stride 2 cover every output pixel equally often; kernels of 3 would leave a checkerboard
    (Odena, Dumoulin & Olah 2016).
    """
    back = list(reversed(channel_counts(channels, shape)))
    steps = [(after, before) for before, after in reversed(_steps(len(back), shape))]
    height, width = steps[0][0]
    layers: list[nn.Module] = [
        *_dense([latent_dim, *reversed(hidden), back[0] * height * width], activation),
        nn.Unflatten(1, (back[0], height, width)),
    ]
    for (a, b), (before, after) in zip(pairwise([*back, shape.channels]), steps, strict=True):
        kernel, stride = _kernel(after, before)
        odd = (after[0] - stride[0] * before[0], after[1] - stride[1] * before[1])  # 1 along a side of an odd size
        layers += [
            nn.ConvTranspose2d(a, b, kernel, stride=stride, padding=1, output_padding=odd),
            ACTIVATIONS[activation](),
        ]
    return nn.Sequential(*layers[:-1])  # the last layer's output is raw: no activation on logits


def patch_encoder(
    shape: ImageShape, channels: Sequence[int], hidden: Sequence[int], outputs: int, activation: str = "relu"
) -> nn.Sequential:
    """The image in at most 8 × 8 patches, each turned into a vector at once; 3 × 3 convolutions among them.

    At the full and half size of an image a convolution costs most and sees least; here all of it happens on the few
    patches ("patchify": Dosovitskiy et al. 2021; for convolutions Liu et al. 2022). A patch reaches half-way into its
    neighbours, so that no stroke is cut at an edge.
    """
    pixels, (rows, columns) = patches(shape)
    top, bottom, left, right = _margins(shape)
    layers: list[nn.Module] = [nn.ZeroPad2d((left, right, top, bottom))] if top + bottom + left + right else []
    overlap = pixels // 2
    layers += [
        nn.Conv2d(shape.channels, channels[0], pixels + 2 * overlap, stride=pixels, padding=overlap),
        ACTIVATIONS[activation](),
    ]
    for a, b in pairwise(channels):
        layers += [nn.Conv2d(a, b, 3, padding=1), ACTIVATIONS[activation]()]
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        *_dense([channels[-1] * rows * columns, *hidden], activation),
        nn.Linear(hidden[-1], outputs),
    )


def patch_decoder(
    shape: ImageShape, channels: Sequence[int], hidden: Sequence[int], latent_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The mirror image: dense up to the patches, 3 × 3 convolutions, then each becomes its pixels (Shi et al. 2016)."""
    back = list(reversed(channels))
    pixels, (rows, columns) = patches(shape)
    layers: list[nn.Module] = [
        *_dense([latent_dim, *reversed(hidden), back[0] * rows * columns], activation),
        nn.Unflatten(1, (back[0], rows, columns)),
    ]
    for a, b in pairwise(back):
        layers += [nn.Conv2d(a, b, 3, padding=1), ACTIVATIONS[activation]()]
    layers += [nn.Conv2d(back[-1], shape.channels * pixels**2, 1), nn.PixelShuffle(pixels)]
    top, bottom, left, right = _margins(shape)
    if top + bottom + left + right:
        layers.append(Crop(top, left, shape.height, shape.width))
    return nn.Sequential(*layers)


def _margins(shape: ImageShape) -> tuple[int, int, int, int]:
    """Pixels of the patches beyond the image: above, below, left, right."""
    return _beyond(shape, *patches(shape))


def _beyond(shape: ImageShape, pixels: int, grid: Size) -> tuple[int, int, int, int]:
    """Pixels beyond the image of a grid of cells of `pixels` × `pixels`: above, below, left, right."""
    height, width = grid[0] * pixels - shape.height, grid[1] * pixels - shape.width
    return height // 2, height - height // 2, width // 2, width - width // 2


class Crop(nn.Module):
    """Cuts images [B, C, H', W'] to `height` × `width` pixels from a given row and column."""

    def __init__(self, top: int, left: int, height: int, width: int):
        super().__init__()
        self.rows, self.columns = slice(top, top + height), slice(left, left + width)

    def forward(self, images: Tensor) -> Tensor:
        """The part inside, [B, C, height, width]."""
        return images[..., self.rows, self.columns]


BODIES: dict[str, tuple[Callable[..., nn.Sequential], Callable[..., nn.Sequential]]] = {
    "mlp": (mlp_encoder, mlp_decoder),
    "conv": (conv_encoder, conv_decoder),
    "patch": (patch_encoder, patch_decoder),
}
"""Encoder and decoder by the name in a recipe."""


def grid_of(shape: ImageShape, pixels: int) -> Size:
    """Rows and columns of the grid whose cells are `pixels` × `pixels`: 7 × 7 cells of 4 on 28 × 28 pixels."""
    return -(-shape.height // pixels), -(-shape.width // pixels)


class Residual(nn.Module):
    """x + conv 1 × 1 (f(conv 3 × 3 (f(x)))) on a map [B, a, H, W] → [B, b, H, W], f the activation function.

    The block of van den Oord et al. 2017; where b is not a, a 1 × 1 convolution brings x to b channels.
    """

    def __init__(self, before: int, after: int, activation: str):
        super().__init__()
        self.skip = nn.Identity() if before == after else nn.Conv2d(before, after, 1)
        self.body = nn.Sequential(
            ACTIVATIONS[activation](),
            nn.Conv2d(before, after, 3, padding=1),
            ACTIVATIONS[activation](),
            nn.Conv2d(after, after, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.skip(x) + self.body(x)
        return summed


def _residuals(channels: Sequence[int], activation: str) -> list[nn.Module]:
    """A residual block between each two numbers of channels, and an activation after the last."""
    blocks: list[nn.Module] = [Residual(a, b, activation) for a, b in pairwise(channels)]
    return [*blocks, ACTIVATIONS[activation]()]


class CellsFirst(nn.Module):
    """A map [B, k, rows, columns] as one vector per image, cell after cell: [B, rows · columns · k]."""

    def forward(self, grid: Tensor) -> Tensor:
        return grid.permute(0, 2, 3, 1).flatten(1)


class AsGrid(nn.Module):
    """The vector of `CellsFirst` as a map again: [B, rows · columns · k] → [B, k, rows, columns]."""

    def __init__(self, grid: Size):
        super().__init__()
        self.grid = grid

    def forward(self, z: Tensor) -> Tensor:
        return z.view(len(z), *self.grid, -1).permute(0, 3, 1, 2)


def patch_grid_encoder(
    shape: ImageShape, channels: Sequence[int], pixels: int, code_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """Each cell of `pixels` × `pixels` becomes a vector at once, residual blocks among the cells, → `code_dim` numbers
    per cell, cell after cell: [B, rows · columns · code_dim]. As `patch_encoder`, without its dense layers."""
    top, bottom, left, right = _beyond(shape, pixels, grid_of(shape, pixels))
    overlap = pixels // 2
    return nn.Sequential(
        nn.ZeroPad2d((left, right, top, bottom)),
        nn.Conv2d(shape.channels, channels[0], pixels + 2 * overlap, stride=pixels, padding=overlap),
        *_residuals(channels, activation),
        nn.Conv2d(channels[-1], code_dim, 1),
        CellsFirst(),
    )


def patch_grid_decoder(
    shape: ImageShape, channels: Sequence[int], pixels: int, code_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The mirror image. A cell's pixels are computed from its neighbours too, so that no edge of a cell shows."""
    back = list(reversed(channels))
    grid = grid_of(shape, pixels)
    top, _, left, _ = _beyond(shape, pixels, grid)
    return nn.Sequential(
        AsGrid(grid),
        nn.Conv2d(code_dim, back[0], 3, padding=1),
        *_residuals(back, activation),
        nn.Conv2d(back[-1], shape.channels * pixels**2, 3, padding=1),
        nn.PixelShuffle(pixels),
        Crop(top, left, shape.height, shape.width),
    )


def _strided(channels: Sequence[int], pixels: int) -> tuple[list[int], list[int]]:
    """Channels of the convolutions that halve the image to cells of `pixels`, and those of the residual blocks."""
    halvings = max(1, round(math.log2(pixels)))
    padded = [*channels, *[channels[-1]] * max(0, halvings - len(channels))]
    return padded[:halvings], padded[halvings - 1 :]


def conv_grid_encoder(
    shape: ImageShape, channels: Sequence[int], pixels: int, code_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """Convolutions that halve the image to the grid, then residual blocks (van den Oord et al. 2017), → `code_dim`
    numbers per cell, cell after cell: [B, rows · columns · code_dim].

    Args:
        channels: of the halving convolutions, then of the residual blocks. pixels: of a cell's side, a power of two.
    """
    top, bottom, left, right = _beyond(shape, pixels, grid_of(shape, pixels))
    strided, blocks = _strided(channels, pixels)
    layers: list[nn.Module] = [nn.ZeroPad2d((left, right, top, bottom))]
    for number, (a, b) in enumerate(pairwise([shape.channels, *strided])):
        layers += [ACTIVATIONS[activation]()] if number else []
        layers.append(nn.Conv2d(a, b, 4, stride=2, padding=1))
    return nn.Sequential(*layers, *_residuals(blocks, activation), nn.Conv2d(blocks[-1], code_dim, 1), CellsFirst())


def conv_grid_decoder(
    shape: ImageShape, channels: Sequence[int], pixels: int, code_dim: int, activation: str = "relu"
) -> nn.Sequential:
    """The mirror image: residual blocks on the grid, then transposed convolutions that double it to the image."""
    grid = grid_of(shape, pixels)
    top, _, left, _ = _beyond(shape, pixels, grid)
    strided, blocks = _strided(channels, pixels)
    back = list(reversed(blocks))
    layers: list[nn.Module] = [AsGrid(grid), nn.Conv2d(code_dim, back[0], 3, padding=1), *_residuals(back, activation)]
    for number, (a, b) in enumerate(pairwise([*reversed(strided), shape.channels])):
        layers += [ACTIVATIONS[activation]()] if number else []
        layers.append(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1))
    return nn.Sequential(*layers, Crop(top, left, shape.height, shape.width))


GRID_BODIES: dict[str, tuple[Callable[..., nn.Sequential], Callable[..., nn.Sequential]]] = {
    "conv": (conv_grid_encoder, conv_grid_decoder),
    "patch": (patch_grid_encoder, patch_grid_decoder),
}
"""Encoder and decoder of families of codes by the name in a recipe; a fully connected one has no grid."""


class LinearPath(nn.Module):
    """Adds a linear function of a network's input to the network's output.

    Weights and bias begin at 0, as if it were not there; `set_to` lets it begin elsewhere. They are `PACE` times its
    parameters, so that a step of Adam, which moves every parameter by about the learning rate, moves them by `PACE`
    times that: at the full rate the first steps would undo a good start.
    """

    PACE = 0.1

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.outputs = outputs
        self.weight, self.bias = nn.Parameter(torch.zeros(outputs, inputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, inputs: Tensor, output: Tensor) -> Tensor:
        """Output [B, …] of the network for these inputs [B, …], plus W · input + b."""
        linear = F.linear(inputs.flatten(1), self.PACE * self.weight, self.PACE * self.bias)
        return output + linear.view_as(output)

    @torch.no_grad()
    def set_to(self, weight: Tensor, bias: Tensor) -> None:
        """Let the linear function begin as W [outputs, inputs] and b [outputs]."""
        self.weight.copy_(weight / self.PACE)
        self.bias.copy_(bias / self.PACE)


class WithLinearPath(nn.Module):
    """A network with a linear layer beside it: body(x) + W x + b.

    With the body's last layer at 0 and PCA in the linear layers, an autoencoder begins as PCA, and its networks learn
    what is left: the residual connection of He et al. 2016 around the whole network.
    """

    def __init__(self, body: nn.Module, inputs: int, outputs: int):
        super().__init__()
        self.body, self.path = body, LinearPath(inputs, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """The sum, in the shape of the body's output."""
        summed: Tensor = self.path(inputs, self.body(inputs))
        return summed

    @torch.no_grad()
    def silence_body(self) -> None:
        """Set the last layer of the body to 0, so that the linear layer alone is heard at first."""
        layers = [m for m in self.body.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
        for parameter in layers[-1].parameters():
            parameter.zero_()


def linear_part(network: nn.Module | None) -> WithLinearPath | None:
    """The part of a network that has a linear layer beside it, or None."""
    parts = () if network is None else network.modules()
    return next((part for part in parts if isinstance(part, WithLinearPath)), None)


class Ball(nn.Module):
    """Points beyond a radius moved straight back to it, the others unchanged; [B, d] → [B, d]."""

    def __init__(self, radius: float):
        super().__init__()
        self.radius = radius

    def forward(self, z: Tensor) -> Tensor:
        within: Tensor = z * (self.radius / z.norm(dim=1, keepdim=True).clamp(min=self.radius))
        return within


class Mapped(nn.Module):
    """A decoder behind a small network that maps z to another point of the latent space, [B, d] → logits.

    The map's last step keeps its points within √d of the origin, the typical distance of draws from N(0, I): whatever
    the map learns, its images are such as the decoder makes. It begins as the identity, exactly, since
    z = ReLU(z) − ReLU(−z).
    """

    def __init__(self, decoder: nn.Module, latent_dim: int):
        super().__init__()
        outwards, back = nn.Linear(latent_dim, 2 * latent_dim), nn.Linear(2 * latent_dim, latent_dim)
        with torch.no_grad():
            # Not `torch.eye`: see `LatentModel`.
            one = torch.zeros(latent_dim, latent_dim).fill_diagonal_(1.0)
            outwards.weight.copy_(torch.cat((one, -one)))
            back.weight.copy_(torch.cat((one, -one), dim=1))
            outwards.bias.zero_()
            back.bias.zero_()
        self.map = nn.Sequential(outwards, nn.ReLU(), back, Ball(math.sqrt(latent_dim)))
        self.decoder = decoder

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.decoder(self.map(z))
        return logits


def learning_part(generator: nn.Module) -> nn.Module:
    """The part of a generator that is trained: all of it, or the map alone of a `Mapped` decoder."""
    return generator.map if isinstance(generator, Mapped) else generator


def source_part(generator: nn.Module) -> nn.Module:
    """The part of a generator that has the layers of its source's decoder."""
    return generator.decoder if isinstance(generator, Mapped) else generator


def discriminator(shape: ImageShape, channels: Sequence[int], spectral: bool = False) -> nn.Sequential:
    """Images [B, C, H, W] → one number each, [B]: large for real ones, a logit if the loss is a cross-entropy.

    Strided convolutions and leaky ReLUs (DCGAN, Radford, Metz & Chintala 2016), no batch normalisation: it would make
    the score of an image depend on the others in its batch.

    Args:
        channels: of each convolution; the first ones halve as those of `conv_encoder`. Unlike there, fewer numbers mean
            fewer convolutions, a weaker discriminator.
        spectral: divide each layer's weights by their largest singular value (Miyato et al. 2018).
    """

    normed = _norm(spectral)
    steps = _steps(len(channels), shape)
    layers: list[nn.Module] = []
    for (a, b), (before, after) in zip(pairwise([shape.channels, *channels]), steps, strict=True):
        kernel, stride = _kernel(before, after)
        layers += [normed(nn.Conv2d(a, b, kernel, stride=stride, padding=1)), nn.LeakyReLU(0.2)]
    height, width = steps[-1][1]
    return nn.Sequential(*layers, nn.Flatten(), normed(nn.Linear(channels[-1] * height * width, 1)), nn.Flatten(0))


def mlp_discriminator(shape: ImageShape, hidden: Sequence[int], spectral: bool = False) -> nn.Sequential:
    """C · H · W → hidden … → one number per image, [B], fully connected, with the leaky ReLUs of `discriminator`.

    Args:
        spectral: as in `discriminator`.
    """
    normed = _norm(spectral)
    layers: list[nn.Module] = [nn.Flatten()]
    for a, b in pairwise([shape.values, *hidden]):
        layers += [normed(nn.Linear(a, b)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, normed(nn.Linear(hidden[-1], 1)), nn.Flatten(0))


def _norm(spectral: bool) -> Callable[[nn.Module], nn.Module]:
    """Spectral normalisation of a layer's weights, or nothing at all."""
    return spectral_norm if spectral else lambda layer: layer


DISCRIMINATORS: dict[str, Callable[[ImageShape, Sequence[int], bool], nn.Sequential]] = {
    "conv": discriminator,
    "mlp": mlp_discriminator,
}
"""Discriminators by name: shape, sizes of the layers, whether they are spectrally normalised → network."""
