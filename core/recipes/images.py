"""Images of a recipe. Needs no torch."""

from __future__ import annotations

import os

from core import data
from core.data import DataError, ImageSet, leaving_out
from core.recipes.recipe import Recipe
from core.system import user_paths


def load_images(recipe: Recipe) -> ImageSet:
    """The data set of a recipe in the recipe's image shape, without the classes that it leaves out; from memory if it
    was loaded before.

    Raises:
        DataError: files missing or damaged, a shape that the set does not have, or no image is left.
    """
    whole = data.load(recipe.dataset, recipe.folder, recipe.shape, recipe.pixels, attribute=recipe.attribute)
    images = leaving_out.without(whole, recipe.left_out)
    if not len(images.train_images):
        raise DataError(
            f"No training image is left without the classes {recipe.without_classes}. Leave fewer of them out."
        )
    return images


def settled(recipe: Recipe) -> Recipe:
    """The recipe with the path of its folder in full and with the pixel choices that were made for it, so that a run
    sees the same pixels whatever is added to the folder later.

    Raises:
        DataError: as `load_images`, or the folder has no class of a name that is left out.
    """
    if not data.SOURCES[recipe.dataset].pictures:
        return recipe
    images = data.load(recipe.dataset, recipe.folder, recipe.shape, recipe.pixels, attribute=recipe.attribute)
    if recipe.left_out and not images.classes:
        raise DataError("without_classes: these pictures have no classes. Leave the field empty.")
    place = "this folder" if recipe.dataset == "folder" else data.SOURCES[recipe.dataset].title
    if refusal := leaving_out.refusal(recipe.left_out, images.classes, place):
        raise DataError(f"without_classes: {refusal[0].upper()}{refusal[1:]}")
    if recipe.dataset != "folder":
        return recipe
    used = images.pixels
    folder = os.path.abspath(user_paths.path_of(recipe.folder))
    return recipe.with_(folder=folder, levels=used.levels, ground=used.ground, polarity=used.polarity)
