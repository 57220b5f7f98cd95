"""A recipe says all there is to say about a run.

One frozen dataclass drives the form on the Train page, the flags of the command line, the `recipe.json` beside the
weights, and the checks. Each field carries its own help text and bounds in its metadata, so that there is one place
to read them and one place to change them. This file needs nothing but the standard library: the first page of the
lab reads recipes without waiting for torch.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from core.data.registry import SOURCES
from core.images.shape import ImageShape
from core.recipes import likelihoods
from core.recipes.family import FAMILIES, Family
from core.recipes.likelihoods import LIKELIHOODS
from core.system.typed_fields import RecipeError, check, field, show

__all__ = ["DATASETS", "DECODER_ONLY", "GROUPS", "TRAINED_ALONE", "Recipe", "RecipeError", "applies", "check", "fields"]

DATASETS = tuple(SOURCES)
"""Names that `loading.load` knows. `folder` is a user's own folder of images."""

DECODER_ONLY = ("ad", "vad")
"""Families without an encoder: each training image owns a row of a latent table."""

TRAINED_ALONE = ("ae", "vae", "ad", "vad")
"""Families whose decoder learns to redraw images; it can become the generator of a GAN."""

_GAN = ("model", ("gan",))

GROUPS = {
    "data": "Data",
    "model": "Model",
    "loss": "Loss",
    "gan": "Generator and discriminator",
    "training": "Training",
    "stop": "When to stop",
}


@dataclass(frozen=True)
class Recipe:
    """What to train. Frozen: a run never changes its recipe, it records changes beside it.

    Raises:
        RecipeError: a value of the wrong type or outside its bounds, or two fields that contradict each other.
    """

    name: str = field("mlp-vae", "The preset this recipe started from.", group="data")

    dataset: str = field("mnist", "The images to learn from.", group="data", choices=DATASETS)
    folder: str = field(
        "",
        "Path of your own folder of images (sub-folders become classes).",
        group="data",
        only=("dataset", ("folder",)),
    )
    image_shape: tuple[int, ...] = field(
        (1, 28, 28),
        "Channels (1 grey, 3 colour), height and width of the images, in pixels. A data set whose images have one "
        "shape fills it in; digits and your own pictures are made at the shape you choose.",
        group="data",
        low=1,
        high=128,
        only=("dataset", tuple(name for name, source in SOURCES.items() if source.any_shape)),
    )
    train_images: int = field(
        0, "How many training images to use; 0 means all of them.", group="data", low=0, high=1_000_000, unit="images"
    )
    validation: int = field(
        1_000,
        "Images held out of training to watch for overfitting and to choose the best "
        "weights; never more than a fifth of the set is taken.",
        group="data",
        low=1,
        high=20_000,
        unit="images",
    )

    model: str = field(
        "vae",
        "ae: autoencoder, one point per image. vae: variational autoencoder, a Gaussian "
        "per image, kept close to the prior N(0, I). ad: auto-decoder, no encoder, each training image "
        "owns a point that is learned with the decoder. vad: variational auto-decoder, each owns a "
        "Gaussian. gan: a decoder as generator, against a discriminator.",
        group="model",
        choices=(*TRAINED_ALONE, "gan"),
    )
    network: str = field(
        "mlp",
        "mlp: fully connected layers. conv: convolutions, slower and sharper. patch: the image "
        "in at most 8 × 8 patches and convolutions among them, nearly as quick as mlp and as sharp as conv.",
        group="model",
        choices=("mlp", "conv", "patch"),
    )
    hidden: tuple[int, ...] = field(
        (200,),
        "Widths of the fully connected layers between image (or convolutions) and latent; the decoder mirrors them.",
        group="model",
        low=1,
        high=4096,
    )
    channels: tuple[int, ...] = field(
        (32, 64, 128),
        "Channels of the convolutions. conv: the first ones halve each side until it has at most 8 pixels, "
        "further ones keep that size; if there are too few numbers, the last one repeats. patch: the first turns "
        "patches into vectors, further ones mix neighbours.",
        group="model",
        low=1,
        high=512,
        only=("network", ("conv", "patch")),
    )
    activation: str = field(
        "relu",
        "What bends the line between two layers. relu: max(x, 0). silu: x · sigmoid(x), "
        "the same with a rounded corner, which often learns in fewer steps.",
        group="model",
        choices=("relu", "silu"),
    )
    latent_dim: int = field(
        20,
        "Size of the latent vector z. 2 gives a plane you can look at; more keeps more detail.",
        group="model",
        low=1,
        high=512,
        unit="dimensions",
    )

    likelihood: str = field(
        "bernoulli",
        "How a reconstruction is scored, in each channel of each pixel. bernoulli: cross-entropy. "
        "gaussian: squared error at a fixed σ. gaussian-learned: σ is learned too. "
        "logistic: probability of the 8-bit level under a logistic distribution of learned width, in nats that convert "
        "to bits per dimension. mse: plain squared error.",
        group="loss",
        choices=LIKELIHOODS,
    )
    sigma: float = field(
        0.3,
        "Standard deviation σ of the Gaussian likelihood, in grey levels from 0 to 1.",
        group="loss",
        low=0.01,
        high=2.0,
        only=("likelihood", ("gaussian",)),
    )
    beta: float = field(
        1.0,
        "Weight β of the KL term (auto-decoder: of ½‖z‖², the pull to the origin). 1 is the "
        "ELBO; 0 switches the prior off; large values let the posterior collapse.",
        group="loss",
        low=0.0,
        high=100.0,
        only=("model", ("vae", "ad", "vad")),
    )
    beta_warmup: float = field(
        0.0,
        "Epochs over which β rises from 0 to its value.",
        group="loss",
        low=0.0,
        high=1000.0,
        unit="epochs",
        only=("model", ("vae", "vad")),
    )

    source: str = field(
        "",
        "The trained run whose decoder becomes the generator. Empty: the newest one that fits the "
        "images, or none at all where the generator starts from scratch.",
        group="gan",
        only=_GAN,
    )
    source_model: str = field(
        "none",
        "The kind of model that the source is; filled in from the source.",
        group="gan",
        choices=("none", *TRAINED_ALONE),
        only=_GAN,
    )
    generator: str = field(
        "decoder",
        "decoder: the generator starts as a copy of the trained decoder. scratch: as "
        "the same network with random weights.",
        group="gan",
        choices=("decoder", "scratch"),
        only=_GAN,
    )
    adversarial: str = field(
        "non-saturating",
        "What D and G play for. non-saturating: cross-entropy, G maximises "
        "log D. hinge: D wants a margin. least-squares: squared distance to the labels. wgan-gp: "
        "a critic whose slope is held near 1.",
        group="gan",
        choices=("non-saturating", "hinge", "least-squares", "wgan-gp"),
        only=_GAN,
    )
    d_channels: tuple[int, ...] = field(
        (32, 64),
        "Channels of the discriminator's convolutions: the first ones halve each side until it has at most 8 pixels, "
        "further ones keep that size.",
        group="gan",
        low=1,
        high=512,
        only=_GAN,
    )
    d_norm: str = field(
        "none",
        "spectral: each layer of D is divided by its largest singular value, so that D "
        "cannot become arbitrarily steep.",
        group="gan",
        choices=("none", "spectral"),
        only=_GAN,
    )
    d_lr: float = field(
        2e-4,
        "Learning rate of the discriminator; the generator's stands under training.",
        group="gan",
        low=1e-7,
        high=10.0,
        only=_GAN,
    )
    d_steps: int = field(
        1,
        "Steps of the discriminator for each step of the generator.",
        group="gan",
        low=1,
        high=20,
        unit="steps",
        only=_GAN,
    )
    label_smoothing: float = field(
        0.0,
        "Real images count as 1 minus this, so that D is never quite sure (for non-saturating and least-squares).",
        group="gan",
        low=0.0,
        high=0.5,
        only=_GAN,
    )
    r1: float = field(
        0.0,
        "Weight γ of the R1 penalty, ½γ‖∇D(x)‖² on real images: keeps D flat where the data are.",
        group="gan",
        low=0.0,
        high=1000.0,
        only=_GAN,
    )
    gradient_penalty: float = field(
        10.0,
        "Weight λ of WGAN-GP's penalty, (‖∇D‖ − 1)² between real and generated.",
        group="gan",
        low=0.0,
        high=1000.0,
        only=("adversarial", ("wgan-gp",)),
    )
    ema: float = field(
        0.0,
        "Decay of a running average of G's weights, which then is what you see; 0 shows G as it is.",
        group="gan",
        low=0.0,
        high=0.9999,
        only=_GAN,
    )
    freeze: str = field(
        "nothing",
        "Which of the two does not learn.",
        group="gan",
        choices=("nothing", "generator", "discriminator"),
        only=_GAN,
    )
    round_images: int = field(
        6_000,
        "Real images in one epoch: a GAN is measured and pictured after each round of so "
        "many, a part of the set; 0 means all.",
        group="gan",
        low=0,
        high=1_000_000,
        unit="images",
        only=_GAN,
    )

    optimizer: str = field(
        "adam",
        "adam: a step size of its own for each weight. sgd: plain gradient descent with momentum 0.9.",
        group="training",
        choices=("adam", "sgd"),
        only=("model", TRAINED_ALONE),
    )
    beta2: float = field(
        0.999,
        "Adam's memory of squared gradients: 0.999 averages over a thousand steps, 0.99 over a "
        "hundred, which suits short trainings.",
        group="training",
        low=0.5,
        high=0.99999,
        only=("optimizer", ("adam",)),
    )
    lr: float = field(
        1e-3,
        "Learning rate: the size of a step; with the schedule one-cycle, of the largest one.",
        group="training",
        low=1e-7,
        high=10.0,
    )
    schedule: str = field(
        "constant",
        "constant: steps of the same size throughout. one-cycle: they grow to the "
        "learning rate over the first part of the epochs, then shrink along a cosine: large steps "
        "while there is far to go, small ones to settle.",
        group="training",
        choices=("constant", "one-cycle"),
        only=("model", TRAINED_ALONE),
    )
    latent_lr: float = field(
        1e-2,
        "Learning rate of the latent table. A row is in one batch an epoch only, so it may "
        "take larger steps than the decoder. The rows always learn by Adam.",
        group="training",
        low=1e-7,
        high=10.0,
        only=("model", DECODER_ONLY),
    )
    latent_init: str = field(
        "pca",
        "Where the latents begin. pca: along the main directions of the images, which they "
        "fill to a σ of 1 at most. ppca: where the linear decoder that fits best would have them, "
        "with its σ for each (probabilistic PCA). small: at random, N(0, 0.01²).",
        group="training",
        choices=("pca", "ppca", "small"),
        only=("model", DECODER_ONLY),
    )
    precision: str = field(
        "float32",
        "How exactly the layers compute while they learn. float32: 24 binary digits. "
        "mixed: 8 digits (bfloat16) in the layers, 24 in weights and losses: quicker on a "
        "processor that has it built in; where the device has not, it is float32.",
        group="training",
        choices=("float32", "mixed"),
        only=("model", TRAINED_ALONE),
    )
    batch_size: int = field(128, "Images per step.", group="training", low=1, high=10_000, unit="images")
    seed: int = field(
        0,
        "Start of every random number: same seed and settings, same losses on the same machine.",
        group="training",
        low=0,
        high=2**31 - 1,
    )

    epochs: int = field(10, "Passes over the training images.", group="stop", low=1, high=10_000, unit="epochs")
    max_minutes: float = field(
        0.0, "Stop after this many minutes; 0 means no limit.", group="stop", low=0.0, high=10_000.0, unit="minutes"
    )
    patience: int = field(
        0,
        "Stop at a plateau: after this many epochs without a better validation loss; 0 means never.",
        group="stop",
        low=0,
        high=10_000,
        unit="epochs",
    )

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, check(f, getattr(self, f.name)))
        if not SOURCES[self.dataset].any_shape:
            object.__setattr__(self, "image_shape", SOURCES[self.dataset].shape.chw)
        if len(self.image_shape) != 3:
            raise RecipeError(
                f"image_shape: {show(self.image_shape)} is not allowed. Give three numbers: channels, height and width."
            )
        try:
            ImageShape.of(self.image_shape)
        except ValueError as error:
            raise RecipeError(f"image_shape: {error}") from None
        if self.variational and self.likelihood == "mse":
            raise RecipeError(
                "likelihood: 'mse' has no place in an ELBO, its scale against the KL term would be "
                f"arbitrary. Choose 'gaussian' and a σ for a {self.model.upper()}."
            )
        if self.model == "gan" and self.adversarial == "wgan-gp" and self.label_smoothing:
            raise RecipeError(
                "label_smoothing: has no meaning for 'wgan-gp', whose critic knows no labels. Set it to 0."
            )
        if self.dataset == "folder" and not self.folder.strip():
            raise RecipeError("folder: is empty. The data set 'folder' needs the path of your folder of images.")

    @property
    def shape(self) -> ImageShape:
        """Channels, height and width of the images."""
        return ImageShape.of(self.image_shape)

    def bits_per_dim(self, nats: float) -> float | None:
        """Bits per dimension of `nats` per image; None unless the likelihood is the probability of 8-bit levels."""
        return likelihoods.bits_per_dim(nats, self.shape) if self.likelihood in likelihoods.OF_LEVELS else None

    @property
    def family(self) -> Family:
        """The record of the recipe's kind of model."""
        return FAMILIES[self.model]

    @property
    def latent_family(self) -> Family | None:
        """The record of the family whose latent space the model has: a GAN's is its source's, and None without a
        source; every other model's is its own."""
        return FAMILIES.get(self.source_model) if self.family.adversarial else self.family

    @property
    def variational(self) -> bool:
        """Whether an image has a Gaussian in the latent space, and the loss a KL; or a point."""
        return self.model in ("vae", "vad")

    @property
    def decoder_only(self) -> bool:
        """Whether there is no encoder, but a latent table."""
        return self.model in DECODER_ONLY

    @property
    def has_encoder(self) -> bool:
        """Whether one pass of an encoder says where an image lies. A generator that started as a VAE's decoder keeps
        that VAE's encoder beside it."""
        if self.model == "gan":
            return self.generator == "decoder" and self.source_model in ("ae", "vae")
        return not self.decoder_only

    @property
    def implied_sigma(self) -> float | None:
        """The σ at which a Gaussian likelihood and β = 1 would weigh errors against the prior as this recipe does; None
        where there is no such σ: no prior, no squared error, or a σ that is learned."""
        if self.model in ("ae", "gan") or not self.beta:
            return None
        # β·KL + SSE / 2σ² is KL + SSE / 2(βσ²); a plain squared error has 2σ² = 1.
        return {"gaussian": self.sigma * math.sqrt(self.beta), "mse": math.sqrt(self.beta / 2)}.get(self.likelihood)

    def with_(self, **changes: Any) -> Recipe:
        """A copy with some fields changed and everything checked again; an unknown field is refused by name."""
        _known(changes)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the order of the fields."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote.

        Raises:
            RecipeError: not a dictionary, an unknown field, or a bad value.
        """
        if not isinstance(values, dict):
            raise RecipeError(f"A recipe is a set of named fields, not {type(values).__name__}.")
        _known(values)
        return cls(**values)

    def summary(self) -> str:
        """One line for lists: what distinguishes this run at a glance."""
        body = "-".join(map(str, self.hidden if self.network == "mlp" else self.channels))
        body = body if self.network == "mlp" else f"{self.network} {body}"
        if self.model == "gan":
            end = f" · {self.adversarial} · " + ("from scratch" if self.generator == "scratch" else "from the decoder")
        else:
            end = f" · β {self.beta:g}" if self.model != "ae" else ""
        return f"{self.model.upper()} · {self.dataset} · {body} · {self.latent_dim}-d{end}"


def fields() -> tuple[dataclasses.Field, ...]:
    """The fields of a recipe in the order of the form."""
    return dataclasses.fields(Recipe)


def lacking(f: dataclasses.Field, values: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """What keeps a field from mattering beside these values of the others, (field, values that it would need): σ does
    not matter without a Gaussian, nor what only an optimiser knows where there is a choice of none. None: it matters.
    """
    only = f.metadata["only"]
    if only is None:
        return None
    name, allowed = only
    return lacking(Recipe.__dataclass_fields__[name], values) or (None if values.get(name) in allowed else only)


def applies(f: dataclasses.Field, values: dict[str, Any]) -> bool:
    """Whether a field matters beside these values of the others."""
    return lacking(f, values) is None


def _known(values: dict[str, Any]) -> None:
    names = [f.name for f in fields()]
    for key in values:
        if key not in names:
            raise RecipeError(f"{key}: there is no such field in a recipe. The fields are {', '.join(names)}.")
