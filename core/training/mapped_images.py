"""Training images that stay on the disk: indexed as the tensor of images that they take the place of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from core.images import convert


class MappedImages:
    """Some pictures of a mapped array, read when they are asked for.

    Args:
        pictures: `uint8` [M, H, W] or [M, H, W, 3]. rows: the pictures that are meant, `int64` [N].
        device: where the images are wanted.
    """

    def __init__(self, pictures: np.ndarray, rows: np.ndarray, device: torch.device):
        self.device = device
        self._pictures, self._rows = pictures, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Tensor | slice | int) -> Tensor:
        """Images `uint8` [n, C, H, W] on the device, or one of them [C, H, W]."""
        chosen = self._rows[rows.cpu().numpy() if isinstance(rows, Tensor) else rows]
        return convert.to_byte_tensor(self._pictures[chosen], self.device)

    def split(self, size: int) -> Iterator[Tensor]:
        """The images in their order, `size` at a time."""
        return (self[start : start + size] for start in range(0, len(self), size))


Images = Tensor | MappedImages
"""Images `uint8` [N, C, H, W] of a training set, in memory or on the disk."""


def of_rows(pictures: np.ndarray, rows: np.ndarray, device: torch.device) -> Images:
    """The pictures in these rows as images on a device; mapped ones stay on the disk."""
    if isinstance(pictures, np.memmap):
        return MappedImages(pictures, rows, device)
    return convert.to_byte_tensor(pictures[rows], device)
