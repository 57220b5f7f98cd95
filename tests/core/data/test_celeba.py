"""A user's own copy of CelebA is a set of faces whose classes are the attribute that the path names."""

import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import celeba, sources
from core.images.shape import ImageShape

COUNT, SHAPE = 30, ImageShape(3, 16, 16)
SMILING = [i % 3 == 0 for i in range(COUNT)]
GLASSES = [i >= 25 for i in range(COUNT)]


@pytest.fixture
def copy(tmp_path):
    """Photos of one red level each, 8 a number, with the tables beside their folder; the last photo is in no table."""
    root = tmp_path / "celeba"
    (root / "img_align_celeba").mkdir(parents=True)
    for i in range(COUNT):
        Image.new("RGB", (178, 218), (8 * i, 0, 0)).save(root / "img_align_celeba" / f"{i:06}.jpg", quality=98)
    signs = [[1 if sign else -1 for sign in pair] for pair in zip(GLASSES, SMILING, strict=True)]
    rows = "".join(f"{i:06}.jpg {a:2d} {b:2d}\r\n" for i, (a, b) in enumerate(signs[:-1]))
    (root / "list_attr_celeba.txt").write_text(f"{COUNT}\r\nEyeglasses Smiling \r\n{rows}", newline="")
    parts = "".join(f"{i:06}.jpg {0 if i < 20 else 1 if i < 24 else 2}\n" for i in range(COUNT))
    (root / "list_eval_partition.txt").write_text(parts)
    return root


def numbers(images: np.ndarray) -> list[int]:
    return [round(float(image[..., 0].mean()) / 8) for image in images]


def classes(found: data.ImageSet) -> dict[int, str | None]:
    """The class of each photo by its number."""
    shown = numbers(found.train_images) + numbers(found.test_images)
    labels = [*found.train_labels, *found.test_labels]
    return {number: None if label < 0 else found.classes[label] for number, label in zip(shown, labels, strict=True)}


@pytest.mark.parametrize("form", ["folder", "zip beside", "zip with all", "outer folder", "csv"])
def test_the_attribute_gives_the_classes_and_the_partition_the_parts(copy, form):
    photos = copy / "img_align_celeba"
    if form.startswith("zip"):
        with zipfile.ZipFile(copy / "img_align_celeba.zip", "w") as packed:
            for file in sorted(copy.rglob("*.*") if form == "zip with all" else photos.iterdir()):
                if file.suffix != ".zip":
                    packed.write(file, file.relative_to(copy))
        photos = copy / "img_align_celeba.zip"
    elif form == "outer folder":
        photos = copy
    elif form == "csv":
        for table, head in (
            ("list_attr_celeba", "image_id,Eyeglasses,Smiling"),
            ("list_eval_partition", "image_id,partition"),
        ):
            lines = (copy / f"{table}.txt").read_text().splitlines()[2 if "attr" in table else 0 :]
            (copy / f"{table}.txt").unlink()
            (copy / f"{table}.csv").write_text("\n".join([head, *(",".join(line.split()) for line in lines)]))
    found = data.load("folder", str(photos), SHAPE)
    expected = {i: "Smiling" if SMILING[i] else "not Smiling" for i in range(COUNT - 1)} | {COUNT - 1: None}
    assert classes(found) == expected and sorted(numbers(found.test_images)) == list(range(24, COUNT))
    assert sorted(numbers(found.train_images[found.held_out])) == [20, 21, 22, 23]
    assert "CelebA’s attribute “Smiling”" in " ".join(found.notes) and "1 of the photos is not" in " ".join(found.notes)
    other = data.load("folder", str(photos / "Eyeglasses"), SHAPE)
    assert classes(other) == {i: "Eyeglasses" if GLASSES[i] else "not Eyeglasses" for i in range(COUNT - 1)} | {
        29: None
    }
    assert sources.find(str(photos)).names == ("Eyeglasses", "Smiling") and not found.skipped


def test_what_is_missing_or_unknown_is_said(copy):
    with pytest.raises(data.DataError, match="no attribute “Beard”. The attributes are Eyeglasses, Smiling."):
        data.load("folder", str(copy / "img_align_celeba" / "Beard"), SHAPE)
    (copy / "list_eval_partition.txt").unlink()
    found = data.load("folder", str(copy / "img_align_celeba"), SHAPE)
    assert "“list_eval_partition.txt” is not there" in " ".join(found.notes) and 0 < len(found.test_images) < 15
    (copy / "list_attr_celeba.txt").unlink()
    bare = data.load("folder", str(copy / "img_align_celeba"), SHAPE)
    assert bare.classes == () and "Put it there, from your copy of CelebA." in " ".join(bare.notes)
    shutil.rmtree(copy / "img_align_celeba")
    with pytest.raises(data.DataError, match="There is no folder"):
        data.load("folder", str(copy / "img_align_celeba" / "Smiling"), SHAPE)


def test_a_run_on_the_faces_is_named_after_the_set_and_its_attribute(copy):
    assert sources.title(str(copy / "img_align_celeba" / "Smiling")) == "celeba-Smiling"
    assert sources.title(str(copy / "img_align_celeba")) == "celeba" and celeba.USUAL == "Smiling"
