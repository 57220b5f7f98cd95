"""Which of a user's pictures are tested with follows the picture, not what becomes of it, its name or its place."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import fingerprint, folder
from core.images import original
from core.images.shape import ImageShape
from core.recipes.presets import preset
from core.runs import create, images
from tests.core.images.picture_tools import encoded

SHAPES = (ImageShape(1, 28, 28), ImageShape(3, 28, 28), ImageShape(3, 32, 20), ImageShape(1, 64, 64))
COUNT = 40


def photo(i: int) -> Image.Image:
    """A picture with a field of one colour for each number: 40 to 200 in red and green tell the number at any size."""
    picture = np.random.default_rng(i).integers(0, 40, (45, 60, 3), dtype=np.uint8)
    picture[:, :30] = (40 + 20 * (i % 8), 40 + 20 * (i // 8), 0)
    return Image.fromarray(picture)


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [photo(i) for i in range(COUNT)]


def roles(path, shape) -> tuple[list[int], list[int]]:
    """Sums of the colours of the training and of the test images: the same for the same picture in any order."""
    found = data.load("folder", str(path), shape)
    return tuple(
        sorted(map(int, part.astype(np.int64).sum((1, 2, 3)))) for part in (found.train_images, found.test_images)
    )


def held_back(path, shape) -> set[str]:
    """Names of the classes of the test images of a set in which each picture has a class of its own."""
    found = data.load("folder", str(path), shape)
    assert len(found.train_images) + len(found.test_images) == COUNT
    return {found.classes[label] for label in found.test_labels}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "deep"])
def test_grey_and_colour_small_and_large_images_have_the_same_split(photos, tmp_path, kind):
    for i, picture in enumerate(photos):
        (tmp_path / f"n{i}").mkdir()
        if kind == "deep":
            Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * (i + 1)).save(tmp_path / f"n{i}/a.png")
        else:
            picture.save(tmp_path / f"n{i}" / "a", kind)
    first, *others = (held_back(tmp_path, shape) for shape in SHAPES)
    assert 0 < len(first) < COUNT / 2 and all(other == first for other in others)


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_arrays_have_the_same_split_at_every_shape_and_range(photos, tmp_path, kind):
    stacked = np.stack([np.asarray(picture) for picture in photos]).astype(kind)
    np.savez(tmp_path / "set.npz", x=stacked, y=np.arange(COUNT))
    first, *others = (held_back(tmp_path / "set.npz", shape) for shape in SHAPES)
    assert 0 < len(first) < COUNT / 2 and all(other == first for other in others)


def test_folder_archive_and_array_of_one_set_have_the_same_split(photos, tmp_path):
    (tmp_path / "here").mkdir()
    for i, picture in enumerate(photos):
        picture.save(tmp_path / "here" / f"{i}.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        for i in np.random.default_rng(0).permutation(COUNT):  # in another order, under other names
            packed.writestr(f"x/{97 * i}.png", (tmp_path / "here" / f"{i}.png").read_bytes())
    np.save(tmp_path / "set.npy", np.stack([np.asarray(picture) for picture in photos[::-1]]))
    whole = roles(tmp_path / "here", SHAPES[1])
    assert whole == roles(tmp_path / "set.zip", SHAPES[1]) == roles(tmp_path / "set.npy", SHAPES[1])


def test_copies_that_other_programs_saved_again_are_on_the_side_of_the_picture(photos, tmp_path):
    (tmp_path / "twice").mkdir()
    for i, picture in enumerate(photos):
        picture.save(tmp_path / "twice" / f"{i}.png")
        picture.convert("RGBA").save(tmp_path / "twice" / f"copy of {i}.tif")
    found = data.load("folder", str(tmp_path / "twice"), SHAPES[1])
    assert not {*map(bytes, found.train_images)} & {*map(bytes, found.test_images)}


def test_the_digest_of_a_jpeg_does_not_change_with_its_notes_and_does_with_its_pixels(photos):
    plain = encoded(photos[0], "JPEG", quality=95)
    turned = Image.Exif()
    turned[0x0112] = 6
    noted = encoded(photos[0], "JPEG", quality=95, exif=turned, comment=b"five stars")
    assert len(noted) > len(plain)

    def digest(content: bytes) -> bytes:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return original.of_picture(picture, content)

    assert digest(noted) == digest(plain) != digest(encoded(photos[1], "JPEG", quality=95))
    for damaged in (plain[:40], plain[:2], b"", b"\xff\xd8\xff\xe0\xff\xff"):
        assert original.without_metadata(damaged) in (damaged, damaged[:2])


def test_a_run_from_before_keeps_the_roles_that_it_was_trained_with(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    (tmp_path / "own").mkdir()
    for i, picture in enumerate(photos):
        picture.save(tmp_path / "own" / f"{i}.png")
    now = data.load("folder", str(tmp_path / "own"), SHAPES[1])
    pictures, rows = np.concatenate([now.train_images, now.test_images]), np.random.default_rng(3).permutation(COUNT)
    then = data.ImageSet("folder", pictures[rows[:30]], np.full(30, -1), pictures[rows[30:]], np.full(10, -1), ())
    run = create(preset("mlp-vae").with_(dataset="folder", folder=str(tmp_path / "own"), image_shape=SHAPES[1].chw))
    images.store(run, then)
    shutil.move(tmp_path / "own" / "3.png", tmp_path / "own" / "zebra.png")
    folder._kept.clear()
    found = images.images_of(run)
    assert np.array_equal(found.train_images, then.train_images) and np.array_equal(found.test_images, then.test_images)
    assert fingerprint.fingerprint_of(found) == fingerprint.fingerprint_of(then) and not found.changed
