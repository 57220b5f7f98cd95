"""Registry of data sets: title, description, classes, size and file layout. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from core.images.framing import STROKES, THINGS, Framing
from core.images.pixel_choices import CROP
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
    """Name of torchvision's class, for a set that can be downloaded; of those in MNIST's format its folder as well."""
    terms: str = ""
    """Who made it, and under which licence, one sentence."""
    download_mb: int = 0
    """Megabytes to download."""
    disk_mb: int = 55
    """Megabytes that its files take on the disk."""
    shape: ImageShape = GREY_28
    """Shape of its images; if `any_shape`, the one they get unless another is asked for."""
    any_shape: bool = False
    """Whether its images can be made in any shape."""
    sides: tuple[int, int] = (SMALLEST, LARGEST)
    """Least and greatest height and width of its images, in pixels, where their shape can be chosen."""
    maker: str = ""
    """Module of `core.data` that makes its images on this machine: `make(shape)` returns them as an `ImageSet`."""
    pictures: bool = False
    """Whether its images are made of picture files of the user's own (`core/data/folder.py`)."""
    fit: str = ""
    """How its pictures become an image shape of other proportions; empty where the user chooses that."""
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

_CELEBA = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair "
    "Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male "
    "Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks "
    "Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace "
    "Wearing_Necktie Young"
)
CELEBA_ATTRIBUTES = tuple(_CELEBA.split())
"""Names of the 40 attributes of CelebA's photos, as its table has them."""


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
        terms="LeCun, Cortes and Burges, 1998, from NIST’s forms. Licence: CC BY-SA 3.0.",
        download_mb=12,
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
        terms="Zalando Research, 2017. Licence: MIT.",
        download_mb=31,
        framing=Framing(THINGS, 0, 255, (1.0, 1.0), (0.503, 0.507), thickness=0.159),
    ),
    "kmnist": Source(
        "KMNIST",
        "Japanese characters from old books: one sound is written in several shapes.",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        70_000,
        60_000,
        "KMNIST",
        terms="ROIS-DS Center for Open Data in the Humanities, 2018. Licence: CC BY-SA 4.0.",
        download_mb=21,
    ),
    "qmnist": Source(
        "QMNIST",
        "MNIST’s digits, prepared anew from the original forms, with all 60,000 test images instead of 10,000.",
        DIGIT_NAMES,
        120_000,
        60_000,
        "QMNIST",
        terms="Yadav and Bottou, 2019, from NIST’s forms. Licence: BSD.",
        download_mb=20,
        disk_mb=98,
    ),
    "emnist-letters": Source(
        "EMNIST letters",
        "Handwritten letters from the collection that MNIST’s digits come from; capital and small ones share a class.",
        tuple("abcdefghijklmnopqrstuvwxyz"),
        145_600,
        124_800,
        "EMNIST",
        terms="Cohen, Afshar, Tapson and van Schaik, 2017, from NIST Special Database 19. Public domain.",
        download_mb=562,
        disk_mb=115,
    ),
    "usps": Source(
        "USPS",
        "Digits from envelopes, only 16 × 16 pixels: the benchmark before MNIST, known for its hard test images.",
        DIGIT_NAMES,
        9_298,
        7_291,
        "USPS",
        shape=ImageShape(1, 16, 16),
        terms="Hull, 1994, in the version of the LIBSVM collection. No licence is stated.",
        download_mb=8,
        disk_mb=8,
    ),
    "cifar-10": Source(
        "CIFAR-10",
        "Tiny colour photos of vehicles and animals: the usual next step after MNIST, and a large one.",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        60_000,
        50_000,
        "CIFAR10",
        shape=ImageShape(3, 32, 32),
        terms="Krizhevsky, Nair and Hinton, 2009. No licence is stated.",
        download_mb=170,
        disk_mb=184,
    ),
    "svhn": Source(
        "SVHN",
        "House numbers from street photos, cropped to one digit, which often has neighbours at its sides.",
        DIGIT_NAMES,
        99_289,
        73_257,
        "SVHN",
        shape=ImageShape(3, 32, 32),
        terms="Netzer and others, 2011. For non-commercial use only.",
        download_mb=246,
        disk_mb=246,
    ),
    "stl-10": Source(
        "STL-10",
        "Colour photos of nearly the same classes as CIFAR-10, larger but fewer: 96 × 96 pixels, here halved.",
        ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"),
        13_000,
        5_000,
        "STL10",
        shape=ImageShape(3, 48, 48),
        terms="Coates, Ng and Lee, 2011, from ImageNet. No licence is stated.",
        download_mb=2_640,
        disk_mb=360,
    ),
    "celeba": Source(
        "CelebA",
        "Faces of 10,177 celebrities, 178 × 218 pixels in colour, cropped to their middle here. Each photo has 40 "
        "attributes, of which one gives the two classes.",
        (),
        202_599,
        162_770,
        shape=ImageShape(3, 64, 64),
        any_shape=True,
        pictures=True,
        fit=CROP,
        terms="Liu, Luo, Wang and Tang, 2015. For non-commercial research only.",
        disk_mb=1_450,
    ),
    "folder": Source(
        "Your pictures",
        "Pictures of a folder, a zip archive or an npz, npy or IDX file of yours, fitted into the shape you choose, in "
        "grey or in colour; or pictures that you draw here.",
        (),
        0,
        0,
        any_shape=True,
        pictures=True,
    ),
}
