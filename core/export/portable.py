"""A network as a list of plain layers and one block of numbers, for programs without PyTorch.

`ui/components/decoder/network.js` runs such a list in a browser. It knows no family and no body: whatever a decoder is
made of becomes a handful of kinds of layer. A file is a header, which says what the layers are and where their numbers
lie, and the numbers themselves:

    4 bytes "LLN1" · uint32 length of the header in bytes · header, JSON in UTF-8 · numbers

all little-endian; the numbers begin at the next multiple of 4. Weights are whole numbers of 16 bits with a scale for
each row of the matrix: as long as float16, and several times nearer to float32, whose last bits make a grey level of
difference in a picture. All else is float32, a codebook's entries too: rounded, another one could be the nearest.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from functools import singledispatchmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models import likelihood, networks
from core.models.base import LatentModel
from core.models.conditional_vae import ConditionalDecoder
from core.models.vq_vae import QuantisedDecoder

MAGIC = b"LLN1"
"""First bytes of a file; the digit is the version of the format."""

Layer = dict[str, Any]
"""One layer: its kind, its sizes, and where its numbers lie: {"at": byte, "size": numbers, "type": i16, i32 or f32}.
Those of 16 bits have "scale", the place of a factor for each row."""

LARGEST = 32_767
"""Largest whole number of a weight."""


class NotPortable(ValueError):
    """A network holds a module that no plain layer stands for."""


def decoder_file(model: LatentModel, centre: np.ndarray, scale: np.ndarray) -> bytes:
    """The decoder of a model as a file: a point in σ → the picture's values in [0, 1].

    Args:
        centre, scale: of each latent dimension, [d] (`core.latent.axes.Axes`); zeros and ones for points z themselves.
    Raises:
        NotPortable: a part of the decoder has no plain layer.
    """
    writer = _Writer()
    z = torch.zeros(1, model.latent_dim)
    with torch.no_grad():
        layers, output = writer.layers(model.decoder, z)
    layers = [*_affine(writer, centre, scale), *layers, *_mean(model.likelihood, output.numel())]
    return _file({"inputs": model.latent_dim, "outputs": list(model.shape.chw), "layers": layers}, writer.data)


def encoder_file(model: LatentModel) -> bytes:
    """The encoder of a model as a file: values of an image in [0, 1] → the code (μ, or μ and log σ²).

    Raises:
        NotPortable: there is no encoder, or it takes more than an image, or a part of it has no plain layer.
    """
    if model.encoder is None or model.family.conditional:
        raise NotPortable("This model has no encoder that takes an image alone.")
    writer = _Writer()
    with torch.no_grad():
        layers, output = writer.layers(model.encoder, torch.zeros(1, *model.shape.chw))
    header = {"inputs": model.shape.values, "outputs": [output.numel()], "layers": layers}
    return _file(header, writer.data)


def _file(header: dict[str, Any], numbers: bytes | bytearray) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    start = MAGIC + struct.pack("<I", len(text)) + text
    return start + bytes(-len(start) % 4) + bytes(numbers)


def _affine(writer: _Writer, centre: np.ndarray, scale: np.ndarray) -> list[Layer]:
    """centre + scale · x, nothing where that is x itself."""
    if not np.any(centre) and np.all(scale == 1):
        return []
    shift, factor = writer.add(torch.from_numpy(centre)), writer.add(torch.from_numpy(scale))
    return [{"kind": "affine", "size": len(centre), "shift": shift, "scale": factor}]


def _mean(output: likelihood.Likelihood, size: int) -> list[Layer]:
    """What makes of a decoder's output the picture, `Likelihood.mean`."""
    if isinstance(output, likelihood.Bernoulli):
        return [{"kind": "sigmoid", "size": size}]
    if isinstance(output, likelihood.DiscretizedLogistic):
        return [{"kind": "logistic_mean", "size": size, "scale": output.scale}]
    return [{"kind": "clamp", "size": size}]


class _Writer:
    """Turns modules into layers. Each is run on an example on the way, so that all sizes are known.

    Attributes:
        data: the block of numbers so far.
    """

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, values: Tensor) -> dict[str, Any]:
        """Append numbers of 32 bits; returns where they lie."""
        kind = "f32" if values.is_floating_point() else "i32"
        return self._append(values.detach().cpu().numpy().astype({"f32": "<f4", "i32": "<i4"}[kind]), kind)

    def add_weights(self, weight: Tensor) -> dict[str, Any]:
        """Append a matrix [rows, …] in 16 bits, and a factor for each row; returns where they lie."""
        rows = weight.detach().cpu().float().flatten(1)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-30) / LARGEST
        whole = (rows / scale).round().numpy().astype("<i2")
        return self._append(whole, "i16") | {"scale": self.add(scale.flatten())}

    def _append(self, array: np.ndarray, kind: str) -> dict[str, Any]:
        self.data += bytes(-len(self.data) % 4)
        place = {"at": len(self.data), "size": int(array.size), "type": kind}
        self.data += array.tobytes()
        return place

    @singledispatchmethod
    def layers(self, module: nn.Module, x: Tensor) -> tuple[list[Layer], Tensor]:
        """Layers of a module, and its output for the example x [1, …].

        Raises:
            NotPortable: no layer stands for it.
        """
        raise NotPortable(f"No plain layer stands for {type(module).__name__}.")

    def _chain(self, modules: Sequence[nn.Module], x: Tensor) -> tuple[list[Layer], Tensor]:
        found: list[Layer] = []
        for module in modules:
            layers, x = self.layers(module, x)
            found += layers
        return found, x

    def _sum(self, parts: Sequence[list[Layer]], y: Tensor) -> tuple[list[Layer], Tensor]:
        return [{"kind": "sum", "size": y.numel(), "parts": list(parts)}], y

    @layers.register
    def _sequential(self, module: nn.Sequential, x: Tensor) -> tuple[list[Layer], Tensor]:
        return self._chain(list(module), x)

    @layers.register(nn.Identity)
    @layers.register(nn.Flatten)
    @layers.register(nn.Unflatten)
    def _same(self, module: nn.Module, x: Tensor) -> tuple[list[Layer], Tensor]:
        return [], module(x)  # the numbers stay in their order

    @layers.register(nn.ReLU)
    @layers.register(nn.SiLU)
    def _activation(self, module: nn.Module, x: Tensor) -> tuple[list[Layer], Tensor]:
        return [{"kind": type(module).__name__.lower(), "size": x.numel()}], module(x)

    @layers.register
    def _linear(self, module: nn.Linear, x: Tensor) -> tuple[list[Layer], Tensor]:
        return [self._dense(module.weight, module.bias)], module(x)

    def _dense(self, weight: Tensor, bias: Tensor) -> Layer:
        outputs, inputs = weight.shape
        numbers = {"weight": self.add_weights(weight), "bias": self.add(bias)}
        return {"kind": "linear", "inputs": inputs, "outputs": outputs, **numbers}

    @layers.register
    def _conv(self, module: nn.Conv2d, x: Tensor) -> tuple[list[Layer], Tensor]:
        return self._convolution("conv", module, x)

    @layers.register
    def _conv_transpose(self, module: nn.ConvTranspose2d, x: Tensor) -> tuple[list[Layer], Tensor]:
        return self._convolution("conv_transpose", module, x)

    def _convolution(self, kind: str, module: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> tuple[list[Layer], Tensor]:
        if module.groups != 1 or set(module.dilation) != {1} or module.padding_mode != "zeros" or module.bias is None:
            raise NotPortable(f"No plain layer stands for {module}.")
        y = module(x)
        layer = {
            "kind": kind,
            "from": list(x.shape[1:]),
            "to": list(y.shape[1:]),
            "kernel": list(module.kernel_size),
            "stride": list(module.stride),
            "padding": list(module.padding),
            "weight": self.add_weights(module.weight),
            "bias": self.add(module.bias),
        }
        return [layer], y

    @layers.register(nn.PixelShuffle)
    @layers.register(nn.ZeroPad2d)
    @layers.register(networks.Crop)
    @layers.register(networks.AsGrid)
    @layers.register(networks.CellsFirst)
    def _move(self, module: nn.Module, x: Tensor) -> tuple[list[Layer], Tensor]:
        """A layer that only moves numbers: for each output the place of its input, −1 for a zero."""
        places = module(torch.arange(1, x.numel() + 1, dtype=torch.float64).view_as(x)).flatten() - 1
        return [{"kind": "move", "outputs": len(places), "places": self.add(places.to(torch.int32))}], module(x)

    @layers.register
    def _residual(self, module: networks.Residual, x: Tensor) -> tuple[list[Layer], Tensor]:
        return self._sum([self.layers(module.skip, x)[0], self.layers(module.body, x)[0]], module(x))

    @layers.register
    def _with_linear_path(self, module: networks.WithLinearPath, x: Tensor) -> tuple[list[Layer], Tensor]:
        path = module.path
        beside = [self._dense(path.PACE * path.weight, path.PACE * path.bias)]
        return self._sum([self.layers(module.body, x)[0], beside], module(x))

    @layers.register
    def _mapped(self, module: networks.Mapped, x: Tensor) -> tuple[list[Layer], Tensor]:
        return self._chain([module.map, module.decoder], x)

    @layers.register
    def _ball(self, module: networks.Ball, x: Tensor) -> tuple[list[Layer], Tensor]:
        return [{"kind": "ball", "size": x.numel(), "radius": module.radius}], module(x)

    @layers.register
    def _conditional(self, module: ConditionalDecoder, x: Tensor) -> tuple[list[Layer], Tensor]:
        layers, y = self.layers(module.body, x)
        return [{"kind": "simplex", "size": x.numel(), "first": module.style_dim}, *layers], y

    @layers.register
    def _quantised(self, module: QuantisedDecoder, x: Tensor) -> tuple[list[Layer], Tensor]:
        entries = module.codebook.entries
        nearest = {"kind": "nearest", "size": x.numel(), "dims": module.dims, "entries": self.add(entries)}
        layers, y = self.layers(module.network, x)
        return [nearest, *layers], y
