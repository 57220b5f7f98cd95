"""Registry of data sets: title, description, classes, size and file layout. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from core.images.framing import STROKES, THINGS, Framing
from core.images.shape import GREY_28, LARGEST, SMALLEST, ImageShape


@dataclass(frozen=True)
class Source:
    """Properties of a data set that are known before it is loaded."""

    title: str
    about: str
    classes: tuple[str, ...]
    images: int
    train: int
    """Training images among `images`, the others are test images; 0 if the number is known only after reading."""
    layout: str = ""
    """Folder name in torchvision's layout, which is also the name of torchvision's class."""
    shape: ImageShape = GREY_28
    """Shape of its images; if `any_shape`, the one they get unless another is asked for."""
    any_shape: bool = False
    """Whether its images can be made in any shape."""
    sides: tuple[int, int] = (SMALLEST, LARGEST)
    """Least and greatest height and width of its images, in pixels, where their shape can be chosen."""
    maker: str = ""
    """Module of `core.data` that makes its images on this machine: `make(shape)` returns them as an `ImageSet`."""
    origin: str = ""
    """Where images that are made on this machine come from, in a few words."""
    framing: Framing | None = None
    """How the content of its images lies in them, as `core.images.prepare` measures it, for a machine without them."""

    def refusal(self, shape: ImageShape) -> str:
        """Why its images cannot have this shape, one sentence; empty if they can."""
        if self.any_shape:
            low, high = self.sides
            if low <= min(shape.height, shape.width) and max(shape.height, shape.width) <= high:
                return ""
            return f"The images of {self.title} are {low} to {high} pixels high and wide, not {shape}."
        if shape == self.shape:
            return ""
        return f"The images of {self.title} are {self.shape}; they cannot be loaded as {shape}."


DIGIT_NAMES = tuple("0123456789")


SOURCES = {
    "digits": Source(
        "Digits",
        "Small handwritten digits that come with scikit-learn: no download, quick to train on.",
        DIGIT_NAMES,
        1_797,
        1_500,
        any_shape=True,
        maker="digits",
        origin="comes with scikit-learn",
    ),
    "shapes": Source(
        "Shapes",
        "One square, ellipse, heart or triangle, drawn by the lab: hue, scale, angle and position of each are known.",
        ("square", "ellipse", "heart", "triangle"),
        12_000,
        10_000,
        shape=ImageShape(3, 32, 32),
        any_shape=True,
        sides=(16, 64),
        maker="shapes",
        origin="drawn by the lab",
    ),
    "mnist": Source(
        "MNIST",
        "Handwritten digits by 500 people: the best-known benchmark of the field.",
        DIGIT_NAMES,
        70_000,
        60_000,
        "MNIST",
        framing=Framing(
            STROKES, 0, 255, (20 / GREY_28.height, 20 / GREY_28.width), (0.518, 0.518), by_mass=True, thickness=0.129
        ),
    ),
    "fashion-mnist": Source(
        "FashionMNIST",
        "Photos of clothes from an online shop: harder than digits, with many levels of grey.",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        70_000,
        60_000,
        "FashionMNIST",
        framing=Framing(THINGS, 0, 255, (1.0, 1.0), (0.503, 0.507), thickness=0.159),
    ),
    "kmnist": Source(
        "KMNIST",
        "Japanese characters from old books: one sound is written in several shapes.",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        70_000,
        60_000,
        "KMNIST",
    ),
    "folder": Source(
        "Your pictures",
        "Pictures of a folder, a zip archive or an npz, npy or IDX file of yours, fitted into the shape you choose, in "
        "grey or in colour.",
        (),
        0,
        0,
        any_shape=True,
    ),
}
