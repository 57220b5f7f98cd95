"""Classes that a conditional family is told: their number in the recipe, and images that it cannot be trained on.

Needs no torch.
"""

from __future__ import annotations

import numpy as np

from core.data import DataError, ImageSet
from core.recipes.images import load_images
from core.recipes.recipe import Recipe

REMEDY = "Choose a family that needs no classes, such as a VAE, or other images."


def resolved(recipe: Recipe) -> Recipe:
    """A conditional family's recipe with the number of classes of its images; any other recipe unchanged.

    Raises:
        DataError: the images cannot be loaded, or it cannot be trained on them (`refusal`).
    """
    if not recipe.family.conditional:
        return recipe
    images = load_images(recipe)
    recipe = recipe.with_(classes=len(images.classes))
    check(recipe, images)
    return recipe


def check(recipe: Recipe, images: ImageSet) -> None:
    """Check that a recipe can be trained on these images.

    Raises:
        DataError: it is of a conditional family, and `refusal` says why not.
    """
    if recipe.family.conditional and (reason := refusal(recipe, images)):
        raise DataError(reason)


def refusal(recipe: Recipe, images: ImageSet) -> str:
    """Why a conditional family cannot be trained on these images, in sentences with the remedy; empty if it can."""
    name, labels, count = recipe.family.abbreviation, images.train_labels, len(images.classes)
    known = np.unique(labels[labels >= 0])
    if not len(known):
        how = (
            "Put the pictures of each class into a folder of its own, or add a table labels.csv with the columns file "
            "and label. Or choose a family that needs no classes, such as a VAE."
            if recipe.dataset == "folder"
            else REMEDY
        )
        return f"A {name} is told the class of every image, and these images have no classes. {how}"
    if without := int((labels < 0).sum()):
        return (
            f"A {name} is told the class of every image, and {without:,} of {len(labels):,} training images have none. "
            f"Give them a class or leave them out. {REMEDY}"
        )
    if known[-1] >= count:
        return (
            f"A training image has the label {known[-1]}, but there are {count} classes, whose labels are 0 to "
            f"{count - 1}. Correct the labels."
        )
    if len(known) < 2:
        return (
            f"All training images are of one class, “{images.classes[known[0]]}”: there is nothing to tell a {name}. "
            + REMEDY
        )
    if recipe.classes != count:
        return (
            f"This recipe is for {recipe.classes} classes, and the images have {count}. Train a new run on them: the "
            "number of classes is part of the network."
        )
    return ""
