"""Images of a recipe. Needs no torch."""

from __future__ import annotations

import os

from core import data
from core.data import ImageSet
from core.recipes.recipe import Recipe
from core.system import user_paths


def load_images(recipe: Recipe) -> ImageSet:
    """The data set of a recipe in the recipe's image shape, from memory if it was loaded before.

    Raises:
        DataError: files missing or damaged, or a shape that the set does not have.
    """
    return data.load(recipe.dataset, recipe.folder, recipe.shape, recipe.pixels)


def settled(recipe: Recipe) -> Recipe:
    """The recipe with the path of its folder in full and with the pixel choices that were made for it, so that a run
    sees the same pixels whatever is added to the folder later.

    Raises:
        DataError: as `load_images`.
    """
    if recipe.dataset != "folder":
        return recipe
    used = load_images(recipe).pixels
    folder = os.path.abspath(user_paths.path_of(recipe.folder))
    return recipe.with_(folder=folder, levels=used.levels, ground=used.ground, polarity=used.polarity)
