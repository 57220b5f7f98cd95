"""Recipe: the typed settings of a run.

One frozen dataclass drives the form on the Train page, the flags of the command line, the `recipe.json` beside the
weights, and the checks. Help text and bounds of a field are in its metadata (`recipe_fields.py`). Choices and
conditions that depend on the kind of model come from the family records (`family.py`), which can add fields of their
own. Needs only the standard library, so that the first page does not wait for torch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from core.data import leaving_out
from core.data.registry import SOURCES
from core.images.pixel_choices import EACH, PixelChoices
from core.images.shape import ImageShape
from core.recipes import likelihoods
from core.recipes.family import FAMILIES, SYMBOLS, Family, Field
from core.recipes.recipe_fields import RecipeFields, only_of
from core.system.typed_fields import RecipeError, check, field, show

__all__ = ["Recipe", "RecipeError", "applies", "check", "fields"]


MOST_GRID_NUMBERS = 16_384
"""Numbers of a grid of codes before quantisation, at most."""


@dataclass(frozen=True)
class SharedRecipe(RecipeFields):
    """Settings of a run that do not belong to one family alone, checked; `Recipe` adds those of the families.

    Raises:
        RecipeError: a value of the wrong type or outside its bounds, or two fields that contradict each other.
    """

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            # The model is checked before it: where images become codes, the size follows from their grid.
            if f.name != "latent_dim" or not self.family.codes:
                object.__setattr__(self, f.name, check(f, getattr(self, f.name)))
        if not SOURCES[self.dataset].any_shape:
            object.__setattr__(self, "image_shape", SOURCES[self.dataset].shape.chw)
        if len(self.image_shape) != 3:
            raise RecipeError(
                f"image_shape: {show(self.image_shape)} is not allowed. Give three numbers: channels, height and width."
            )
        try:
            shape = ImageShape.of(self.image_shape)
        except ValueError as error:
            raise RecipeError(f"image_shape: {error}") from None
        if refusal := SOURCES[self.dataset].refusal(shape):
            raise RecipeError(f"image_shape: {refusal}")
        if self.family.codes:
            self._check_codes()
        try:
            object.__setattr__(self, "levels", self.pixels.levels)
        except ValueError as error:
            raise RecipeError(str(error)) from None
        object.__setattr__(self, "without_classes", ", ".join(self.left_out))
        if self.family.conditional and (known := SOURCES[self.dataset].classes):  # a folder's are known once it is read
            object.__setattr__(self, "classes", len(known))
        if refusal := leaving_out.refusal(self.left_out, SOURCES[self.dataset].classes, SOURCES[self.dataset].title):
            raise RecipeError(f"without_classes: {refusal}")
        if self.variational and self.likelihood == "mse":
            raise RecipeError(
                "likelihood: 'mse' has no place in an ELBO, its scale against the KL term would be "
                f"arbitrary. Choose 'gaussian' and a σ for a {self.family.abbreviation}."
            )
        if self.family.uses("beta_cycles") and self.beta_cycles and self.beta_warmup:
            raise RecipeError("beta_cycles: each cycle begins with a warm-up of its own. Set beta_warmup to 0.")
        if self.draws_per_image > 1 and self.free_bits:
            raise RecipeError(
                "free_bits: is not defined for the importance-weighted bound, whose KL has no dimensions. Set it to 0, "
                "or importance_samples to 1."
            )
        if self.family.adversarial and self.adversarial == "wgan-gp" and self.label_smoothing:
            raise RecipeError("label_smoothing: has no meaning for 'wgan-gp', whose critic has no labels. Set it to 0.")
        if self.dataset == "folder" and not self.folder.strip():
            raise RecipeError("folder: is empty. The data set 'folder' needs the path of your folder of images.")

    def _check_codes(self) -> None:
        """Set the size of the latent vector, that of the grid before quantisation.

        Raises:
            RecipeError: the network has no grid of that size, or the grid is too large.
        """
        pixels, dims = self.value("grid_pixels"), self.value("codebook_dim")
        if self.network == "mlp":
            raise RecipeError("network: 'mlp' has no grid that codes could lie in. Choose 'patch' or 'conv'.")
        if self.network == "conv" and pixels & (pixels - 1):
            raise RecipeError(
                f"grid_pixels: {pixels} is not allowed, as the convolutions of 'conv' halve the image. Give 2, 4, 8 or "
                "16, or choose the network 'patch'."
            )
        if self.linear_path != "none":
            raise RecipeError("linear_path: has no place beside a grid of codes. Choose 'none'.")
        rows, columns = self.grid
        if rows * columns * dims > MOST_GRID_NUMBERS:
            raise RecipeError(
                f"grid_pixels: a grid of {rows} × {columns} codes of {dims} dimensions is more than "
                f"{MOST_GRID_NUMBERS:,} numbers per image. Give more pixels or fewer dimensions."
            )
        object.__setattr__(self, "latent_dim", rows * columns * dims)

    @property
    def latent_size(self) -> str:
        """What an image becomes, in a word: `20-d`, or `7 × 7 codes of 128`."""
        if not self.family.codes:
            return f"{self.latent_dim}-d"
        rows, columns = self.grid
        return f"{rows} × {columns} codes of {self.value('codebook_size')}"

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the codes that an image becomes; (0, 0) in families without codes."""
        if not self.family.codes:
            return 0, 0
        pixels = self.value("grid_pixels")
        return -(-self.shape.height // pixels), -(-self.shape.width // pixels)

    @property
    def shape(self) -> ImageShape:
        """Channels, height and width of the images."""
        return ImageShape.of(self.image_shape)

    @property
    def pixels(self) -> PixelChoices:
        """What becomes black and white in pictures of the user's own, and how they are fitted into the shape."""
        if fit := SOURCES[self.dataset].fit:
            return PixelChoices(fit=fit)
        return PixelChoices(self.levels, self.ground, self.polarity, self.fit)

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
    def beside_pca(self) -> bool:
        """Whether linear layers that begin as PCA stand beside the networks."""
        return self.linear_path == "pca" and self.likelihood in likelihoods.IN_PIXELS

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
            return self.generator != "scratch" and source is not None and source.encoder
        return self.family.encoder

    @property
    def draws_per_image(self) -> int:
        """Importance samples of z in the loss of one image; 1 for the ELBO and for families that have no choice."""
        return self.importance_samples if self.family.uses("importance_samples") else 1

    @property
    def d_widths(self) -> tuple[int, ...]:
        """Sizes of a discriminator's layers: channels of its convolutions, or widths of its fully connected layers."""
        return self.d_hidden if self.d_network == "mlp" else self.d_channels

    @property
    def r1_estimated(self) -> bool:
        """Whether there is an R1 penalty whose slope is estimated with noise instead of by differentiating D."""
        return self.r1 > 0 and self.r1_noise > 0

    @property
    def implied_sigma(self) -> float | None:
        """The σ at which a Gaussian likelihood and β = 1 would weigh errors against the prior as this recipe does; None
        where there is no such σ: no weighted prior, no squared error, or a σ that is learned."""
        if not self.beta or not any(term.name == "kl" and term.weight == "beta" for term in self.family.terms):
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
        values = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))  # `asdict` copies each deeply
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}

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

    def summary(self, changes: Iterable[Mapping[str, Any]] = ()) -> str:
        """One line for lists: family, images, network, latent dimensions and the setting that matters most.

        Args:
            changes: of a run's status or a job's snapshot; the values that a weight was changed to during the training
                follow the one it began with: `… · β 4 → 20`.
        """
        changes = tuple(changes)
        body = "-".join(map(str, self.hidden if self.network == "mlp" else self.channels))
        body = body if self.network == "mlp" else f"{self.network} {body}"
        if self.family.adversarial:
            starts = {"scratch": "from scratch", "map": "a map before the decoder"}
            end = f" · {self.adversarial} · {starts.get(self.generator, 'from the decoder')}"
        else:
            end = "".join(self._weight_in_words(name, changes) for name in self.family.weights if name in SYMBOLS)
        if self.draws_per_image > 1:
            end += f" · {self.importance_samples} importance samples"
        images = self.dataset + (f" without {self.without_classes}" if self.without_classes else "")
        return f"{self.family.abbreviation} · {images} · {body} · {self.latent_size}{end}"

    def _weight_in_words(self, name: str, changes: Sequence[Mapping[str, Any]]) -> str:
        values = [self.value(name), *(change["new"] for change in changes if change["field"] == name)]
        return f" · {SYMBOLS[name]} {' → '.join(f'{value:g}' for value in values)}"


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
                only=only_of(own.name),
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
    for key in values:
        if key not in Recipe.__dataclass_fields__:  # asked in every training step: no list is made of them
            names = ", ".join(f.name for f in fields())
            raise RecipeError(f"{key}: there is no such field in a recipe. The fields are {names}.")
