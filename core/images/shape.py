"""Image shape: channels, height and width, carried by data sets, recipes, models and messages to the browser.

Two conventions, used everywhere:
- a *picture* is uint8 [H, W] (grey) or [H, W, 3] (RGB), as PIL and the browser have it; a list of them is [N, H, W] or
  [N, H, W, 3];
- a *tensor* of images is float [N, C, H, W] in [0, 1], as PyTorch has it.
`core.images.convert` goes from one to the other. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST, LARGEST = 8, 128
"""Least and greatest height and width, in pixels."""


@dataclass(frozen=True)
class ImageShape:
    """Channels (1 grey, 3 RGB), height and width of every image of a set.

    Raises:
        ValueError: says which number is not allowed and what is.
    """

    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ValueError(f"{self.channels} channels are not allowed. Choose 1 (grey) or 3 (colour).")
        for name, value in (("height", self.height), ("width", self.width)):
            if not SMALLEST <= value <= LARGEST:
                raise ValueError(f"A {name} of {value} pixels is not allowed. Allowed: {SMALLEST} to {LARGEST} pixels.")

    @classmethod
    def of(cls, values: Sequence[int]) -> ImageShape:
        """The shape from three numbers (channels, height, width), as `recipe.json` holds them."""
        channels, height, width = values
        return cls(int(channels), int(height), int(width))

    @classmethod
    def of_picture(cls, shape: Sequence[int]) -> ImageShape:
        """The shape of a picture whose array has this `shape`: (H, W) or (H, W, 3)."""
        height, width, *channels = shape
        return cls(int(channels[0]) if channels else 1, int(height), int(width))

    @classmethod
    def from_text(cls, text: str) -> ImageShape:
        """The shape that `text` wrote.

        Raises:
            ValueError: the text is none, or says which number is not allowed.
        """
        if not re.fullmatch(r"\d-\d{1,3}-\d{1,3}", text, re.ASCII):
            raise ValueError("An image shape is written as channels, height and width, such as 3-32-32.")
        return cls.of([int(number) for number in text.split("-")])

    @property
    def text(self) -> str:
        """`3-32-32`: channels, height and width, as in an address and in the form on the Train page."""
        return "-".join(map(str, self.chw))

    @property
    def colour(self) -> bool:
        """Whether images are RGB."""
        return self.channels == 3

    @property
    def pixels(self) -> int:
        """Places of one image, height × width."""
        return self.height * self.width

    @property
    def values(self) -> int:
        """Numbers of one image, channels × height × width."""
        return self.channels * self.pixels

    @property
    def chw(self) -> tuple[int, int, int]:
        """Shape of one image as a tensor."""
        return self.channels, self.height, self.width

    @property
    def picture(self) -> tuple[int, ...]:
        """Shape of one image as a picture: (H, W), or (H, W, 3) for colour."""
        return (self.height, self.width, 3) if self.colour else (self.height, self.width)

    def __str__(self) -> str:
        """As a caption says it: `28 × 28` or `32 × 32, colour`."""
        return f"{self.height} × {self.width}" + (", colour" if self.colour else "")


GREY_28 = ImageShape(1, 28, 28)
"""Shape of MNIST and its successors, and of every run made before recipes carried a shape."""
