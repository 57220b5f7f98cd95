"""Registry of data sets: title, description, classes, size and file layout. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """What is known of a set before it is loaded."""

    title: str
    about: str
    classes: tuple[str, ...]
    images: int
    train: int
    """So many of `images` are there to train on, the others to test; 0 where nobody knows before they are read."""
    layout: str = ""
    """Folder name in torchvision's layout, which is also the name of torchvision's class."""


DIGIT_NAMES = tuple("0123456789")


SOURCES = {
    "digits": Source(
        "Digits",
        "Small handwritten digits that come with scikit-learn: always here, quick to train on.",
        DIGIT_NAMES,
        1_797,
        1_500,
    ),
    "mnist": Source(
        "MNIST",
        "Handwritten digits by 500 people: the set on which the field grew up.",
        DIGIT_NAMES,
        70_000,
        60_000,
        "MNIST",
    ),
    "fashion-mnist": Source(
        "FashionMNIST",
        "Clothes from a shop: harder than digits, with soft greys.",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        70_000,
        60_000,
        "FashionMNIST",
    ),
    "kmnist": Source(
        "KMNIST",
        "Japanese letters from old books: one sound has several shapes.",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        70_000,
        60_000,
        "KMNIST",
    ),
    "folder": Source("Your folder", "Your own pictures, turned to grey and fitted into 28 × 28 pixels.", (), 0, 0),
}
