"""A user's own copy of CelebA is a set of faces whose classes are the attribute that the path names."""

import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import celeba, folder, sources
from core.images.pixel_choices import CROP, PixelChoices
from core.images.shape import ImageShape
from core.recipes.images import load_images
from core.recipes.presets import preset

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


@pytest.fixture(params=["folder", "zip"])
def in_data_folder(copy, tmp_path, monkeypatch, request):
    """The same photos where torchvision has them, in the data folder, as it unpacks them or as they are downloaded."""
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    if request.param == "zip":
        shutil.make_archive(str(copy / "img_align_celeba"), "zip", copy, "img_align_celeba")
        shutil.rmtree(copy / "img_align_celeba")
    return copy


def test_the_set_of_the_data_folder_has_the_classes_of_any_attribute_and_all_of_them_as_factors(in_data_folder):
    assert data.status()["celeba"].ready
    found = data.load("celeba", shape=SHAPE, attribute="Eyeglasses")
    assert found.name == "celeba" and found.classes == ("Eyeglasses", "not Eyeglasses")
    assert classes(found) == {i: "Eyeglasses" if GLASSES[i] else "not Eyeglasses" for i in range(COUNT - 1)} | {
        29: None
    }
    assert found.notes[0] == "The classes are CelebA’s attribute “Eyeglasses”."
    assert [factor.name for factor in found.factors.about] == ["Eyeglasses", "Smiling"]
    assert {factor.kind for factor in found.factors.about} == {"categorical"}
    for images, values in (
        (found.train_images, found.factors.train),
        (found.test_images, found.factors.test),
    ):
        expected = [("not known",) * 2 if i == 29 else (GLASSES[i], SMILING[i]) for i in numbers(images)]
        words = {False: "no", True: "yes", "not known": "not known"}
        shown = [
            tuple(factor.values[value] for factor, value in zip(found.factors.about, row, strict=True))
            for row in values
        ]
        assert shown == [tuple(words[value] for value in row) for row in expected]
    other = data.load("celeba", shape=SHAPE)
    assert other.classes == ("not Smiling", "Smiling") and other.train_images is found.train_images, "read once"
    assert data.load("celeba", shape=SHAPE) is data.load("celeba", shape=SHAPE)


def test_every_photo_in_the_table_leaves_two_values_of_an_attribute(copy):
    (copy / "img_align_celeba" / f"{COUNT - 1:06}.jpg").unlink()
    found = data.load("folder", str(copy / "img_align_celeba"), SHAPE)
    assert {factor.values for factor in found.factors.about} == {("no", "yes")}


def test_attributes_are_kept_with_the_imported_photos(in_data_folder, monkeypatch):
    monkeypatch.setattr(folder, "MANY_FILES", 5)
    path = str(celeba.photos())
    assert folder.waiting(path, SHAPE, PixelChoices(fit=CROP)).files in (COUNT, COUNT + 1)
    first = data.load("celeba", shape=SHAPE, attribute="Eyeglasses")
    folder._kept.clear()
    assert folder.waiting(path + "/Smiling", SHAPE, PixelChoices(fit=CROP)) is None, "imported for all attributes"
    again = data.load("celeba", shape=SHAPE, attribute="Eyeglasses")
    assert again.train_images is not first.train_images and again.factors.about == first.factors.about
    for name in ("train", "test"):
        assert (getattr(again.factors, name) == getattr(first.factors, name)).all()
        assert (getattr(again, f"{name}_labels") == getattr(first, f"{name}_labels")).all()


def test_the_middle_of_a_photo_is_kept(copy, tmp_path, monkeypatch):
    """178 × 178 of 178 × 218 pixels: 20 rows fall away above and below."""
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    for file in (copy / "img_align_celeba").iterdir():
        striped = Image.new("RGB", (178, 218), (0, 0, 255))
        striped.paste((0, 255, 0), (0, 20, 178, 198))
        striped.save(file, quality=98, subsampling=0)
    found = data.load("celeba", shape=ImageShape(3, 89, 89))
    assert found.pixels.fit == CROP and found.train_images[0, 2:-2, :, 1].min() > 250
    assert found.train_images[0, 2:-2, :, 2].max() < 5


def test_a_recipe_names_the_attribute_and_sees_the_photos_cropped(in_data_folder):
    recipe = preset("faces-64-fast").with_(image_shape=SHAPE.chw, attribute="Eyeglasses")
    assert recipe.dataset == "celeba" and recipe.pixels == PixelChoices(fit=CROP)
    assert load_images(recipe) is data.load("celeba", shape=SHAPE, attribute="Eyeglasses")
    without = load_images(recipe.with_(without_classes="Eyeglasses"))
    assert len(without.train_images) == 24 and (without.factors.train[:, 0] == 0).all()


def test_what_is_missing_of_the_set_in_the_data_folder_is_said(in_data_folder):
    assert celeba.missing() == []
    (in_data_folder / "list_attr_celeba.txt").unlink()
    assert not data.status()["celeba"].ready
    with pytest.raises(data.DataError, match="not complete. list_attr_celeba.txt belongs in .*your own copy"):
        data.load("celeba")
    for found in in_data_folder.glob("img*"):
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    with pytest.raises(
        data.DataError, match="not on this machine. img_align_celeba.zip and list_attr_celeba.txt belong"
    ):
        data.load("celeba")
