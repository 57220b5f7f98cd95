"""Images of a recipe. Needs no torch."""

from __future__ import annotations

from core import data
from core.data import ImageSet
from core.recipes.recipe import Recipe


def load_images(recipe: Recipe) -> ImageSet:
    """The data set of a recipe in the recipe's image shape, from memory if it was loaded before.

    Raises:
        DataError: files missing or damaged, or a shape that the set does not have.
    """
    return data.load(recipe.dataset, recipe.folder, recipe.shape)
