"""A run keeps the pixels that its folder had when it began."""

import numpy as np
import pytest
from PIL import Image

from core import data
from core.recipes.images import load_images, settled
from core.recipes.recipe import Recipe


def recipe(folder, **choices) -> Recipe:
    return Recipe(dataset="folder", folder=str(folder), image_shape=(1, 12, 12), **choices)


def write(folder, levels, kind=np.uint16) -> None:
    folder.mkdir(exist_ok=True)
    for i, level in enumerate(levels):
        pixels = np.zeros((12, 12), kind)
        pixels[4:8, 4:8] = level
        Image.fromarray(pixels).save(folder / f"{len(list(folder.iterdir()))}-{i}.png")


def every(images: data.ImageSet) -> set[bytes]:
    return {image.tobytes() for image in (*images.train_images, *images.test_images)}


def test_a_settled_recipe_sees_the_same_pixels_although_brighter_pictures_are_added(tmp_path):
    write(tmp_path / "own", [4_000, 3_000, 2_000, 1_000])
    kept, loose = settled(recipe(tmp_path / "own")), recipe(tmp_path / "own")
    assert kept.levels == "0 to 4095" and every(load_images(kept)) == every(load_images(loose))
    assert load_images(kept) is load_images(loose), "read once"
    before = every(load_images(kept))
    write(tmp_path / "own", [60_000, 50_000])
    assert before < every(load_images(kept))
    assert not before & every(load_images(loose)), "measured anew, every level has changed"


def test_only_what_can_be_measured_is_settled(tmp_path):
    write(tmp_path / "own", [40, 50, 60], np.uint8)
    kept = settled(recipe(tmp_path / "own"))
    assert (kept.levels, kept.ground, kept.polarity) == ("auto", "auto", "as-is")
    assert settled(Recipe(dataset="digits")) == Recipe(dataset="digits")
    assert settled(kept) == kept
    with pytest.raises(data.DataError):
        settled(recipe(tmp_path / "gone"))


def test_a_choice_of_ones_own_is_kept(tmp_path):
    write(tmp_path / "own", [40, 50, 60])
    chosen = recipe(tmp_path / "own", levels="0 to 60", polarity="inverted")
    assert settled(chosen) == chosen
    assert {int(image[6, 6]) for image in load_images(chosen).train_images} <= {85, 42, 43, 0}
