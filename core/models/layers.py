"""Layers of a network as they run: the kind of each, the shape of its output, and its output for given images.

    copied = unshared(model)                       # hooks on a model that others use as well would record their calls
    with recorded(copied.decoder) as layers:
        copied.decode(z)
    [str(layer) for layer in layers]               # ['dense, ReLU · 128', 'dense · 1 × 28 × 28']

Any network made of modules can be described, that of a new family as well: nothing is read from a recipe.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)

CONVOLUTIONS = {nn.Conv2d: "conv", nn.ConvTranspose2d: "transposed conv"}

ACTIVATION_MODULE = "torch.nn.modules.activation"
"""torch's module of activation functions: a layer that stands in it belongs to the layer before it."""


@dataclass
class Layer:
    """One layer with weights, and what follows it without weights of its own: activation, reshaping.

    Attributes:
        kind: what it is, `conv 4×4`. detail: `stride 2`, or empty. activation: name of its function, or empty.
        inputs: shape of one input without the batch. shape: of one output, after activation and reshaping.
        parameters: number of weights.
        values: its output, float32 [N, *shape].
    """

    kind: str
    detail: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    parameters: int
    values: np.ndarray
    activation: str = ""

    @property
    def size(self) -> str:
        """The shape of one output as text, `32 × 14 × 14`."""
        return " × ".join(map(str, self.shape))

    def __str__(self) -> str:
        return f"{', '.join(filter(None, (self.kind, self.detail, self.activation)))} · {self.size}"


def unshared(model: Model) -> Model:
    """A copy of a model's modules with the same weights, not copies of them: hooks on it record only its own calls."""
    tensors = {id(t): t for t in (*model.parameters(), *model.buffers())}
    arrays = {id(a): a for a in vars(model).values() if isinstance(a, np.ndarray)}
    return copy.deepcopy(model, tensors | arrays)


@contextmanager
def recorded(network: nn.Module | None) -> Iterator[list[Layer]]:
    """Record the layers of a network in the order in which they run within the context; none for no network.

    Of a network that runs several times the last one counts. Not for a model that other threads use: see `unshared`.
    """
    layers: list[Layer] = []
    if network is None:
        yield layers
        return

    def begin(module: nn.Module, inputs: Any) -> None:
        layers.clear()

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        _note(layers, module, inputs[0], output)

    handles = [network.register_forward_pre_hook(begin)]
    handles += [leaf.register_forward_hook(note) for leaf in _leaves(network)]
    try:
        yield layers
    finally:
        for handle in handles:
            handle.remove()


def _leaves(network: nn.Module) -> list[nn.Module]:
    """The modules without modules of their own, but for those that only compute weights (spectral normalisation)."""
    children = [child for name, child in network.named_children() if name != "parametrizations"]
    return [leaf for child in children for leaf in _leaves(child)] if children else [network]


def _note(layers: list[Layer], module: nn.Module, inputs: Tensor, output: Tensor) -> None:
    """Add a module's output: as a layer of its own if it has weights, else as the new output of the layer before."""
    if isinstance(module, nn.Flatten):
        return
    values = output.detach().float().cpu().numpy()
    shape = tuple(output.shape[1:])
    parameters = sum(p.numel() for p in module.parameters())
    if parameters:
        kind, detail = describe(module)
        layers.append(Layer(kind, detail, tuple(inputs.shape[1:]), shape, parameters, values))
    elif layers:
        layers[-1].values, layers[-1].shape = values, shape
        if isinstance(module, nn.PixelShuffle):
            side = module.upscale_factor
            layers[-1].detail = ", ".join(filter(None, (layers[-1].detail, f"→ {side}×{side} pixels each")))
        if type(module).__module__ == ACTIVATION_MODULE:
            layers[-1].activation = type(module).__name__


def describe(module: Any) -> tuple[str, str]:
    """Kind of a module with weights, `conv 4×4`, and its detail, `stride 2`; for others the words of its class name."""
    if isinstance(module, nn.Linear):
        return "dense", ""
    if name := next((name for kind, name in CONVOLUTIONS.items() if isinstance(module, kind)), ""):
        (height, width), (down, across) = module.kernel_size, module.stride
        stride = f"stride {down}" if down == across else f"stride {down}×{across}"
        return f"{name} {height}×{width}", "" if stride == "stride 1" else stride
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", type(module).__name__)
    return " ".join(words).lower(), ""


def strongest_channels(layer: Layer, count: int) -> np.ndarray:
    """Channels whose maps vary most over pixels and images, in their own order, int64 [≤ count]."""
    spread = layer.values.std(axis=(0, *range(2, layer.values.ndim)))
    return np.sort(np.argsort(-spread, kind="stable")[:count])


@torch.no_grad()
def layers_of(network: nn.Module, inputs: Tensor) -> list[Layer]:
    """The layers of a network with their outputs for a batch of inputs."""
    copied = unshared(network)
    with recorded(copied) as layers:
        copied(inputs)
    return layers
