"""Adaptation of presets to data sets: to the small sets of every machine and to pictures of one's own.

`for_digits` adapts any preset to scikit-learn's digits, which need no download: those are the examples that the lab
ships and the first model that a student trains. `for_shapes` does so for the lab's own shapes, in colour, and `for_few`
for a small set of one's own. `made_for` and `made_for_shape` name the preset that suits a set best.
"""

from __future__ import annotations

import math
from typing import Any

from core.data.registry import SOURCES
from core.images.shape import ImageShape
from core.recipes import presets
from core.recipes.recipe import Recipe, RecipeError


def gan_for(shape: ImageShape) -> str:
    """Name of the preset of a GAN from a trained decoder of such images."""
    return "decoder-gan-32-fast" if shape.colour else "decoder-gan-fast"


def for_digits(recipe: Recipe) -> Recipe:
    """A recipe adapted to scikit-learn's 1,797 digits.

    The set is 40 times smaller than MNIST: batches are smaller, epochs more, and layers narrower, because wide ones
    would overfit. On narrow layers bfloat16 saves no time, so the precision is float32.
    """
    if recipe.family.adversarial:  # the network is the source's
        return recipe.with_(
            dataset="digits",
            batch_size=32,
            validation=180,
            round_images=0,
            epochs=30 if recipe.name.endswith(presets.FAST) else 100,
            **_small_discriminator(recipe),
        )
    epochs = 40 if recipe.schedule == "one-cycle" else 80 if recipe.network == "conv" else 120
    if recipe.latent_init == "ppca":
        # On a small set each row is visited more often, so momentum moves it less between visits: raise its rate.
        recipe = recipe.with_(latent_lr=3 * recipe.latent_lr)
    return recipe.with_(
        dataset="digits",
        batch_size=32,
        validation=180,
        epochs=epochs,
        precision="float32",
        hidden=tuple(max(32, width // (2 * len(recipe.hidden))) for width in recipe.hidden)
        if recipe.network == "mlp"
        else (128,),
        channels=(16, 16) if recipe.network == "patch" else (16, 32, 32),
    )


def for_shapes(recipe: Recipe) -> Recipe:
    """A recipe adapted to the 10,000 shapes that the lab draws itself, in colour.

    Convolutions are smaller and have fewer epochs, since each pixel has three channels.
    """
    if recipe.dataset == "shapes":  # made for them
        return recipe
    shape = recipe.image_shape if recipe.shape.colour else SOURCES["shapes"].shape.chw
    recipe = recipe.with_(dataset="shapes", image_shape=shape)
    if recipe.family.adversarial:  # the network is the source's
        small = _small_discriminator(recipe)
        return recipe.with_(validation=500, batch_size=64, round_images=2_000, epochs=12, **small)
    recipe = recipe.with_(
        batch_size=128, validation=100 if recipe.decoder_only else 500, precision="float32", epochs=30
    )
    if recipe.network == "mlp":
        return recipe
    return recipe.with_(epochs=12, hidden=(128,), channels=(16, 16) if recipe.network == "patch" else (16, 32, 32))


def _small_discriminator(recipe: Recipe) -> dict[str, Any]:
    """The discriminator on a small set: convolutions with the exact penalty, sharper, and done in seconds there."""
    fast = {"r1": 5.0} if recipe.name.endswith(presets.FAST) else {}
    return {"d_network": "conv", "d_channels": (16, 32), "r1_noise": 0.0} | fast


SMALL = {"digits": for_digits, "shapes": for_shapes}
"""Sets that the lab has on every machine, and how a preset is adapted to each: its small version."""


def adapted(recipe: Recipe, dataset: str) -> Recipe:
    """A preset for a data set: its small version on that set where there is one, else the preset itself."""
    return SMALL[dataset](recipe) if dataset in SMALL else recipe


FEW, STEPS, MOST_EPOCHS = 5_000, 900, 300
"""Images of a set of one's own that is small, training steps that a first model needs, and epochs at most for them."""

FOR_FEW = (
    "batch_size",
    "epochs",
    "precision",
    "network",
    "channels",
    "hidden",
    "latent_dim",
    "linear_path",
    "likelihood",
)
"""Fields that `for_few` changes."""

FOR_COLOUR = ("conv-vae-32-fast", "faces-64-fast")
"""Presets for pictures of one's own in colour, for small images and for larger ones."""


def for_few(recipe: Recipe, images: int) -> Recipe:
    """A recipe adapted to a set of one's own of that many training images: with `STEPS` steps at least, and where the
    images are few with another network.

    The epochs of a recipe made for 60,000 images would be a handful of steps: small batches and more epochs make about
    `STEPS` of them. The recipes for photos get a smaller network without the linear path, since PCA of a few dozen
    images learns these by heart, convolutions in steps of two, since the edges of patches show after so few steps, and
    the Bernoulli likelihood, which has no variance that could shrink to nothing on them.
    """
    if images > FEW:
        return recipe.with_(epochs=max(recipe.epochs, math.ceil(STEPS / math.ceil(images / recipe.batch_size))))
    epochs = min(MOST_EPOCHS, math.ceil(STEPS / math.ceil(max(1, images) / 32)))
    recipe = recipe.with_(batch_size=32, epochs=max(recipe.epochs, epochs), precision="float32")
    if recipe.name not in FOR_COLOUR:
        return recipe
    return recipe.with_(
        network="conv",
        channels=(16, 32, 64),
        hidden=(128,),
        latent_dim=min(recipe.latent_dim, 32),
        linear_path="none",
        likelihood="bernoulli",
    )


def made_for_shape(shape: ImageShape) -> str | None:
    """Name of the preset that was made for colour pictures of nearly this shape; None for grey ones, which the first
    preset suits, and for shapes that the network of the preset does not have."""
    nearest = min(FOR_COLOUR, key=lambda name: abs(math.log(presets.PRESETS[name].shape.pixels / shape.pixels)))
    try:
        presets.PRESETS[nearest].with_(image_shape=shape.chw)
    except RecipeError:
        return None
    return nearest if shape.colour else None


def made_for(dataset: str, model: str) -> str | None:
    """Name of the first preset of a family that was made for a data set in its own size, or of its fast sister; None
    without one."""
    own = (dataset, model, SOURCES[dataset].shape) if dataset in SOURCES else None
    first = next(
        (name for name, made in presets.PRESETS.items() if (made.dataset, made.model, made.shape) == own), None
    )
    return first and (presets.fast_of(first) or first)


def first_model() -> Recipe:
    """Recipe behind the button on Home: generated digits in about a quarter of a minute on an idle laptop.

    Twice the epochs of the fast recipe: long enough to watch, and 1 nat better.
    """
    return for_digits(presets.PRESETS["mlp-vae-fast"]).with_(epochs=80)
