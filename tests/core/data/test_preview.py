"""The image shape that is proposed for a set fits its pictures."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.data import preview
from core.images.shape import GREY_28, ImageShape


def scene(size: tuple[int, int], tint=(1.0, 1.0, 1.0)) -> Image.Image:
    """A grey photo without a plain ground, tinted."""
    rng = np.random.default_rng(0)
    grey = Image.fromarray(rng.integers(0, 256, (6, 8), dtype=np.uint8)).resize(size)
    return Image.fromarray((np.asarray(grey)[..., None] * np.array(tint)).astype(np.uint8))


def drawing(size: tuple[int, int], ground=(255, 255, 255), ink=(0, 0, 0)) -> Image.Image:
    picture = Image.new("RGB", size, ground)
    ImageDraw.Draw(picture).line([(size[0] // 3, size[1] // 3), (size[0] // 2, 2 * size[1] // 3)], ink, 3)
    return picture


def coloured(size: tuple[int, int]) -> Image.Image:
    picture = scene(size)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2, size[1] // 2), (230, 200, 40))
    return picture


@pytest.mark.parametrize(
    "picture, expected, said",
    [
        (coloured((120, 90)), (3, 64, 64), "in colour and 120 × 90 pixels large."),
        (coloured((40, 32)), (3, 32, 32), "in colour"),
        (coloured((20, 16)), (3, 28, 28), "in colour"),
        (Image.new("RGB", (48, 32), (200, 20, 30)), (3, 64, 64), "in colour"),
        (scene((200, 100)), (1, 64, 64), "grey and 200 × 100 pixels"),
        (scene((200, 100), (1.0, 0.95, 0.8)), (1, 64, 64), "grey"),
        (drawing((200, 200)), GREY_28.chw, "look like drawings"),
        (drawing((64, 64), (240, 225, 195), (30, 28, 25)), GREY_28.chw, "look like drawings"),
        (drawing((64, 64), (0, 0, 0), (255, 255, 255)), GREY_28.chw, "look like drawings"),
        (drawing((64, 64), ink=(220, 20, 20)), (3, 64, 64), "in colour"),
    ],
)
def test_the_shape_follows_the_colours_and_the_size_of_the_pictures(tmp_path, picture, expected, said):
    for i in range(4):
        picture.save(tmp_path / f"{i}.png")
    found = preview.propose(str(tmp_path))
    assert found.shape.chw == tuple(expected) and said in found.reason


def test_a_few_pictures_in_colour_among_grey_ones_and_very_many_pictures(tmp_path, monkeypatch):
    for i in range(6):
        (coloured if i == 2 else scene)((100, 100)).save(tmp_path / f"{i}.jpg")
    assert preview.propose(str(tmp_path)).reason == "the pictures are partly in colour and 100 × 100 pixels large."
    scene((140, 100)).save(tmp_path / "6.jpg")
    assert "about 100 to 140 × 100 pixels" in preview.propose(str(tmp_path)).reason
    monkeypatch.setattr(preview, "MANY", 5)
    preview._proposed.cache_clear()
    assert preview.propose(str(tmp_path)).shape == ImageShape(3, 32, 32)


def test_what_holds_no_picture_gets_no_proposal(tmp_path):
    (tmp_path / "letter.txt").write_text("milk")
    assert preview.propose(str(tmp_path)) is None and preview.propose(str(tmp_path / "nowhere")) is None


def test_a_preview_counts_all_files_but_tables_of_labels(tmp_path):
    for i in range(30):
        drawing((20, 20)).save(tmp_path / f"{i}.png")
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(f"{i}.png,a\n" for i in range(30)))
    found = preview.preview(str(tmp_path), GREY_28, preview.PixelChoices())
    assert (found.count, found.what, len(found.pictures)) == (30, "file", 24)
