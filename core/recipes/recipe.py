"""Recipe: the typed settings of a run.

One frozen dataclass drives the form on the Train page, the flags of the command line, the `recipe.json` beside the
weights, and the checks. Help text and bounds of a field are in its metadata. Choices and conditions that depend on the
kind of model come from the family records (`recipes/family.py`), which can add fields of their own. Needs only the
standard library, so that the first page does not wait for torch.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from core.data import leaving_out
from core.data.registry import SOURCES
from core.images.pixel_choices import AUTO, EACH, GROUNDS, POLARITIES, PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.recipes import likelihoods
from core.recipes.family import FAMILIES, Family, Field, families_using, generator_sources
from core.recipes.likelihoods import LIKELIHOODS
from core.system.typed_fields import RecipeError, check, field, show

__all__ = ["DATASETS", "GROUPS", "Recipe", "RecipeError", "applies", "check", "fields"]

DATASETS = tuple(SOURCES)
"""Names that `data.load` accepts. `folder` is a user's own folder of images."""

GROUPS = {
    "data": "Data",
    "model": "Model",
    "loss": "Loss",
    "adversarial": "Generator and discriminator",
    "training": "Training",
    "stop": "When to stop",
}


def _only(name: str) -> tuple[str, tuple[str, ...]]:
    """Condition of a field that only some families have: the model is one of those."""
    return "model", families_using(name)


@dataclass(frozen=True)
class SharedRecipe:
    """Settings of a run that do not belong to one family alone; `Recipe` adds those of the families.

    Raises:
        RecipeError: a value of the wrong type or outside its bounds, or two fields that contradict each other.
    """

    name: str = field("mlp-vae", "A tested set of settings: it fills in all the fields below.", group="data")

    dataset: str = field("mnist", "The images to learn from.", group="data", choices=DATASETS)
    folder: str = field(
        "",
        "Path of your own folder (its sub-folders become classes), zip archive, or npz, npy or IDX file of images.",
        group="data",
        only=("dataset", ("folder",)),
    )
    image_shape: tuple[int, ...] = field(
        GREY_28.chw,
        "Channels (1 grey, 3 colour), height and width of the images, in pixels. A data set whose images have one "
        "shape fills it in; digits and your own pictures are made at the shape you choose.",
        group="data",
        low=1,
        high=128,
        only=("dataset", tuple(name for name, source in SOURCES.items() if source.any_shape)),
    )
    levels: str = field(
        AUTO,
        "Which values become black and white in files of more than 8 bits a pixel. auto: one range for all of them, "
        "measured over the whole set, which the run keeps. each: the range that each file states. Or two numbers, such "
        "as 0 to 4095 for 12 bits.",
        group="data",
        only=("dataset", ("folder",)),
    )
    ground: str = field(
        AUTO,
        "What lies behind transparent pixels. auto: white behind dark content and black behind light, one ground for "
        "the whole set; each: the one on which each picture is seen.",
        group="data",
        choices=GROUNDS,
        only=("dataset", ("folder",)),
    )
    polarity: str = field(
        POLARITIES[0],
        "Which pictures are inverted: none, those that are dark on light (so that all are light on dark, as MNIST is), "
        "those that are light on dark, or all.",
        group="data",
        choices=POLARITIES,
        only=("dataset", ("folder",)),
    )
    train_images: int = field(
        0, "How many training images to use; 0 means all of them.", group="data", low=0, high=1_000_000, unit="images"
    )
    without_classes: str = field(
        "",
        "Classes to leave out of training, validation and test, by name, separated by commas, such as 8. The model "
        "never sees them, so that Outliers can show whether its scores separate them.",
        group="data",
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
        "Kind of model. " + " ".join(f"{key}: {family.sentence}" for key, family in FAMILIES.items()),
        group="model",
        choices=tuple(FAMILIES),
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
        "The activation function between two layers. relu: max(x, 0). silu: x · sigmoid(x), "
        "the same but smooth, which often learns in fewer steps.",
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
        "ELBO; 0 switches the prior off; large values make the posterior collapse.",
        group="loss",
        low=0.0,
        high=100.0,
        only=_only("beta"),
    )
    beta_warmup: float = field(
        0.0,
        "Epochs over which β rises from 0 to its value.",
        group="loss",
        low=0.0,
        high=1000.0,
        unit="epochs",
        only=_only("beta_warmup"),
    )

    source: str = field(
        "",
        "The trained run whose decoder becomes the generator. Empty: the newest one that fits the "
        "images, or none at all where the generator starts from scratch.",
        group="adversarial",
        only=_only("source"),
    )
    source_model: str = field(
        "none",
        "The kind of model that the source is; filled in from the source.",
        group="adversarial",
        choices=("none", *generator_sources()),
        only=_only("source_model"),
    )
    generator: str = field(
        "decoder",
        "decoder: the generator starts as a copy of the trained decoder. scratch: as "
        "the same network with random weights.",
        group="adversarial",
        choices=("decoder", "scratch"),
        only=_only("generator"),
    )
    adversarial: str = field(
        "non-saturating",
        "The losses of D and G. non-saturating: cross-entropy, G maximises "
        "log D. hinge: D's outputs must differ by a margin. least-squares: squared distance to the labels. wgan-gp: "
        "a critic whose slope is held near 1.",
        group="adversarial",
        choices=("non-saturating", "hinge", "least-squares", "wgan-gp"),
        only=_only("adversarial"),
    )
    d_channels: tuple[int, ...] = field(
        (32, 64),
        "Channels of the discriminator's convolutions: the first ones halve each side until it has at most 8 pixels, "
        "further ones keep that size.",
        group="adversarial",
        low=1,
        high=512,
        only=_only("d_channels"),
    )
    d_norm: str = field(
        "none",
        "spectral: each layer of D is divided by its largest singular value, so that D "
        "cannot become arbitrarily steep.",
        group="adversarial",
        choices=("none", "spectral"),
        only=_only("d_norm"),
    )
    d_lr: float = field(
        2e-4,
        "Learning rate of the discriminator; the generator's stands under training.",
        group="adversarial",
        low=1e-7,
        high=10.0,
        only=_only("d_lr"),
    )
    d_steps: int = field(
        1,
        "Steps of the discriminator for each step of the generator.",
        group="adversarial",
        low=1,
        high=20,
        unit="steps",
        only=_only("d_steps"),
    )
    label_smoothing: float = field(
        0.0,
        "Real images count as 1 minus this, so that D is never fully confident (for non-saturating and least-squares).",
        group="adversarial",
        low=0.0,
        high=0.5,
        only=_only("label_smoothing"),
    )
    r1: float = field(
        0.0,
        "Weight γ of the R1 penalty, ½γ‖∇D(x)‖² on real images: keeps D flat where the data are.",
        group="adversarial",
        low=0.0,
        high=1000.0,
        only=_only("r1"),
    )
    gradient_penalty: float = field(
        10.0,
        "Weight λ of WGAN-GP's penalty, (‖∇D‖ − 1)² between real and generated.",
        group="adversarial",
        low=0.0,
        high=1000.0,
        only=("adversarial", ("wgan-gp",)),
    )
    ema: float = field(
        0.0,
        "Decay of a running average of G's weights, which then is what you see; 0 shows G as it is.",
        group="adversarial",
        low=0.0,
        high=0.9999,
        only=_only("ema"),
    )
    freeze: str = field(
        "nothing",
        "The network that does not learn.",
        group="adversarial",
        choices=("nothing", "generator", "discriminator"),
        only=_only("freeze"),
    )
    round_images: int = field(
        6_000,
        "Real images in one epoch; after each epoch a GAN is measured and its samples are kept. "
        "many, a part of the set; 0 means all.",
        group="adversarial",
        low=0,
        high=1_000_000,
        unit="images",
        only=_only("round_images"),
    )

    optimizer: str = field(
        "adam",
        "adam: a separate step size for each weight. sgd: plain gradient descent with momentum 0.9.",
        group="training",
        choices=("adam", "sgd"),
        only=_only("optimizer"),
    )
    beta2: float = field(
        0.999,
        "How long Adam averages the squared gradients: 0.999 is about a thousand steps, 0.99 over a "
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
        "constant: the same learning rate throughout. one-cycle: it rises to its value over the first "
        "part of the epochs, then falls along a cosine, so that the training begins with large steps "
        "and ends with small ones.",
        group="training",
        choices=("constant", "one-cycle"),
        only=_only("schedule"),
    )
    latent_lr: float = field(
        1e-2,
        "Learning rate of the latent table. A row is in one batch an epoch only, so it may "
        "take larger steps than the decoder. The table is always optimised by Adam.",
        group="training",
        low=1e-7,
        high=10.0,
        only=_only("latent_lr"),
    )
    latent_init: str = field(
        "pca",
        "Initial values of the latents. pca: along the main directions of the images, which they "
        "fill to a σ of 1 at most. ppca: where the linear decoder that fits best would have them, "
        "with its σ for each (probabilistic PCA). small: at random, N(0, 0.01²).",
        group="training",
        choices=("pca", "ppca", "small"),
        only=_only("latent_init"),
    )
    precision: str = field(
        "float32",
        "Precision of the computation in the layers during training. float32: 24 binary digits. "
        "mixed: 8 digits (bfloat16) in the layers, 24 in weights and losses. That is "
        "faster on a processor that supports bfloat16; on others float32 is used.",
        group="training",
        choices=("float32", "mixed"),
        only=_only("precision"),
    )
    batch_size: int = field(128, "Images per step.", group="training", low=1, high=10_000, unit="images")
    seed: int = field(
        0,
        "Seed of all random numbers: the same seed and settings give the same losses on the same machine.",
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
        if not SOURCES[self.dataset].any_shape:
            object.__setattr__(self, "image_shape", SOURCES[self.dataset].shape.chw)
        try:
            shape = ImageShape.of(self.image_shape)
        except ValueError as error:
            raise RecipeError(f"image_shape: {error}") from None
        if refusal := SOURCES[self.dataset].refusal(shape):
            raise RecipeError(f"image_shape: {refusal}")
        try:
            object.__setattr__(self, "levels", self.pixels.levels)
        except ValueError as error:
            raise RecipeError(str(error)) from None
        object.__setattr__(self, "without_classes", ", ".join(self.left_out))
        if refusal := leaving_out.refusal(self.left_out, SOURCES[self.dataset].classes, SOURCES[self.dataset].title):
            raise RecipeError(f"without_classes: {refusal}")
        if self.variational and self.likelihood == "mse":
            raise RecipeError(
                "likelihood: 'mse' has no place in an ELBO, its scale against the KL term would be "
                f"arbitrary. Choose 'gaussian' and a σ for a {self.family.abbreviation}."
            )
        if self.family.adversarial and self.adversarial == "wgan-gp" and self.label_smoothing:
            raise RecipeError("label_smoothing: has no meaning for 'wgan-gp', whose critic has no labels. Set it to 0.")
        if self.dataset == "folder" and not self.folder.strip():
            raise RecipeError("folder: is empty. The data set 'folder' needs the path of your folder of images.")

    @property
    def shape(self) -> ImageShape:
        """Channels, height and width of the images."""
        return ImageShape.of(self.image_shape)

    @property
    def pixels(self) -> PixelChoices:
        """What becomes black and white in pictures of the user's own."""
        return PixelChoices(self.levels, self.ground, self.polarity)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the classes that are left out."""
        return leaving_out.names(self.without_classes)

    @property
    def source_of_images(self) -> tuple[Any, ...]:
        """All that says which images these are: equal for recipes that train on the same pixels."""
        return self.dataset, self.folder, self.image_shape, self.pixels, self.left_out

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
        """Whether an image becomes a Gaussian in the latent space, and the loss has a KL, rather than a point."""
        return self.family.variational

    @property
    def decoder_only(self) -> bool:
        """Whether a latent table is learned in place of an encoder."""
        return self.family.latent_table

    @property
    def has_encoder(self) -> bool:
        """Whether an encoder finds an image's latent in one pass. A GAN whose generator started as a trained decoder
        keeps the encoder of that model."""
        if self.family.adversarial:
            source = self.latent_family
            return self.generator == "decoder" and source is not None and source.encoder
        return self.family.encoder

    @property
    def implied_sigma(self) -> float | None:
        """The σ at which a Gaussian likelihood and β = 1 would weigh errors against the prior as this recipe does; None
        where there is no such σ: no weighted prior, no squared error, or a σ that is learned."""
        if not self.family.uses("beta") or not self.beta:
            return None
        # β·KL + SSE / 2σ² is KL + SSE / 2(βσ²); a plain squared error has 2σ² = 1.
        return {"gaussian": self.sigma * math.sqrt(self.beta), "mse": math.sqrt(self.beta / 2)}.get(self.likelihood)

    def value(self, name: str) -> Any:
        """Value of a field by name: the way to read a field that a family declares for itself.

        Raises:
            RecipeError: no such field.
        """
        _known({name: None})
        return getattr(self, name)

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed and everything checked again; an unknown field is refused by name."""
        _known(changes)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the order of the fields."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The recipe that `to_dict` wrote.

        Raises:
            RecipeError: not a dictionary, an unknown field, or a bad value.
        """
        if not isinstance(values, dict):
            raise RecipeError(f"A recipe is a set of named fields, not {type(values).__name__}.")
        _known(values)
        if values.get("dataset") == "folder" and not {"levels", "ground", "polarity"} & values.keys():
            # Written before these were choices of the set: such a run saw each picture by itself.
            values = values | {"levels": EACH, "ground": EACH}
        return cls(**values)

    def summary(self) -> str:
        """One line for lists: family, images, network, latent dimensions and the setting that matters most."""
        body = "-".join(map(str, self.hidden if self.network == "mlp" else self.channels))
        body = body if self.network == "mlp" else f"{self.network} {body}"
        if self.family.adversarial:
            end = f" · {self.adversarial} · " + ("from scratch" if self.generator == "scratch" else "from the decoder")
        else:
            end = f" · β {self.beta:g}" if self.family.uses("beta") else ""
        images = self.dataset + (f" without {self.without_classes}" if self.without_classes else "")
        return f"{self.family.abbreviation} · {images} · {body} · {self.latent_dim}-d{end}"


def _own_fields() -> list[tuple[str, str, Any]]:
    """Fields that families declare for themselves, as `make_dataclass` takes them: name, type, field.

    Raises:
        ValueError: a name is taken by a shared field, or two families declare it differently.
    """
    shared = {f.name for f in dataclasses.fields(SharedRecipe)}
    declared: dict[str, Field] = {}
    for family in FAMILIES.values():
        for own in family.own_fields:
            if own.name in shared or declared.setdefault(own.name, own) != own:
                raise ValueError(
                    f"{family.file.name}: there is another recipe field '{own.name}'. Choose another name."
                )
    return [
        (
            own.name,
            "tuple[int, ...]" if isinstance(own.default, tuple) else type(own.default).__name__,
            field(
                own.default,
                own.help,
                group=own.group,
                low=own.low,
                high=own.high,
                choices=own.choices,
                unit=own.unit,
                only=_only(own.name),
            ),
        )
        for own in declared.values()
    ]


if TYPE_CHECKING:

    class Recipe(SharedRecipe):
        """What to train, with the fields that families declare for themselves."""

else:
    Recipe = dataclasses.make_dataclass(
        "Recipe",
        _own_fields(),
        bases=(SharedRecipe,),
        frozen=True,
        namespace={
            "__module__": __name__,
            "__doc__": "What to train. Frozen: a run never changes its recipe, it records changes beside it.",
        },
    )


def fields() -> tuple[dataclasses.Field[Any], ...]:
    """Fields of a recipe in the order of the form."""
    return dataclasses.fields(Recipe)


def lacking(f: dataclasses.Field[Any], values: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """Condition that keeps a field from mattering beside these values: (other field, values it would need).

    σ has no effect without a Gaussian likelihood, nor has a field of one optimiser where there is no choice of any.
    None: the field matters.
    """
    only: tuple[str, tuple[str, ...]] | None = f.metadata["only"]
    if only is None:
        return None
    name, allowed = only
    return lacking(Recipe.__dataclass_fields__[name], values) or (None if values.get(name) in allowed else only)


def applies(f: dataclasses.Field[Any], values: dict[str, Any]) -> bool:
    """Whether a field has an effect beside these values of the others."""
    return lacking(f, values) is None


def _known(values: dict[str, Any]) -> None:
    names = [f.name for f in fields()]
    for key in values:
        if key not in names:
            raise RecipeError(f"{key}: there is no such field in a recipe. The fields are {', '.join(names)}.")
