"""The folders of an image set mean what people mean by them."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data.layout import places

TRAIN_TEST = [
    ("train", "test"),
    ("Train", "Test"),
    ("TRAINING", "TESTING"),
    ("training_set", "test_set"),
    ("seg_train", "seg_test"),
    ("train", "val"),
    ("training", "validation"),
    ("train", "valid"),
    ("images-train", "images-dev"),
    ("train", "tests"),
    ("train", "eval"),
    ("Training", "Evaluation"),
    ("Trainingsdaten", "Testdaten"),
    ("trainingsbilder", "validierungsbilder"),
]


def built(root, *files: str) -> list[str]:
    """Write a picture for each path, each of a level of its own (its place in the list); the paths."""
    for level, file in enumerate(files):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), level).save(path, "PNG")
    return list(files)


def levels(images: np.ndarray) -> list[int]:
    return sorted(int(image[0, 0]) for image in images)


@pytest.mark.parametrize(("train", "test"), TRAIN_TEST)
@pytest.mark.parametrize("wrapper", ["", "archive/", "a/b/"])
def test_train_and_test_folders_are_the_split_and_the_folders_in_them_the_classes(tmp_path, train, test, wrapper):
    files = [f"{wrapper}{part}/{label}/{i}.png" for part in (train, test) for label in "ab" for i in range(3)]
    built(tmp_path, *files)
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("a", "b") and levels(images.train_images) == [0, 1, 2, 3, 4, 5]
    assert levels(images.test_images) == [6, 7, 8, 9, 10, 11] and list(images.test_labels) == [0, 0, 0, 1, 1, 1]
    said = " ".join(images.notes)
    assert f"“{train}” is the training set and “{test}” the test set" in said
    assert ("was opened" in said) == bool(wrapper)


@pytest.mark.parametrize(("val", "test"), [("val", "test"), ("dev", "eval"), ("eval", "test")])
def test_three_parts_are_train_validation_and_test_and_nothing_of_one_reaches_another(tmp_path, val, test):
    built(tmp_path, *[f"{part}/{i % 2}/{i}.png" for i, part in enumerate(["train"] * 10 + [val] * 6 + [test] * 4)])
    images = data.load("folder", str(tmp_path))
    train, held = data.split(images, 1_000)
    assert levels(images.train_images[train]) == list(range(10))
    assert levels(images.train_images[held]) == list(range(10, 16))
    assert levels(images.test_images) == list(range(16, 20))
    assert len(data.split(images, 4)[1]) == 4 and set(data.split(images, 4)[0]) == set(train)
    assert f"“train” is the training set, “{val}” the validation set and “{test}” the test set" in images.notes[0]


def test_a_folder_train_within_each_class_is_the_split_too(tmp_path):
    built(tmp_path, *[f"{c}/{part}/{i}.png" for c in ("cat", "dog") for part in ("train", "test") for i in range(2)])
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("cat", "dog") and levels(images.test_images) == [2, 3, 6, 7]
    assert list(images.train_labels) == [0, 0, 1, 1] and "inside each class" in images.notes[0]


def test_parts_without_classes_and_domains_of_two_are_read(tmp_path):
    built(tmp_path / "flat", "train/1.png", "train/2.png", "test/3.png")
    flat = data.load("folder", str(tmp_path / "flat"))
    assert flat.classes == () and levels(flat.test_images) == [2]
    built(tmp_path / "pairs", "trainA/1.png", "trainB/2.png", "testA/3.png", "testB/4.png")
    pairs = data.load("folder", str(tmp_path / "pairs"))
    assert len(pairs.classes) == 2 and list(pairs.test_labels) == [0, 1] and levels(pairs.train_images) == [0, 1]


@pytest.mark.parametrize(
    "files",
    [
        ["bus/1.png", "train/2.png", "car/3.png"],  # a train is a vehicle as well
        ["train/1.png", "trainer/2.png"],
        ["test/1.png", "tests/2.png"],
        ["protest/1.png", "constrain/2.png"],
        ["train/1.png", "2.png"],
    ],
)
def test_folders_that_are_no_pair_of_parts_are_classes(tmp_path, files):
    built(tmp_path, *files)
    images = data.load("folder", str(tmp_path))
    assert set(images.classes) == {file.split("/")[0] for file in files if "/" in file} and images.notes == ()


def test_what_lies_beside_the_parts_is_left_out_with_the_reason(tmp_path):
    built(tmp_path, *[f"{part}/a/{i}.png" for part in ("train", "test") for i in range(2)], "pred/x.png", "cover.png")
    images = data.load("folder", str(tmp_path))
    assert levels(images.train_images) == [0, 1] and levels(images.test_images) == [2, 3]
    assert {file for file, _ in images.skipped} == {os.path.join("pred", "x.png"), "cover.png"}
    assert all("beside the folders" in reason for _, reason in images.skipped)


def test_a_few_pictures_beside_the_only_folder_do_not_hide_its_classes(tmp_path):
    built(tmp_path, *[f"digits/{c}/{i}.png" for c in "ab" for i in range(4)], "samples.png", "cover.png")
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("a", "b") and len(images.train_images) + len(images.test_images) == 8
    assert dict(images.skipped) == dict.fromkeys(
        ("cover.png", "samples.png"), "lies beside the folder of the set and is left out"
    )
    built(tmp_path, "third.png")
    assert data.load("folder", str(tmp_path)).classes == ("digits",), "three of eleven are no covers"


def test_a_class_that_the_parts_spell_in_two_ways_is_one(tmp_path):
    files = ["train/Cat/1.png", "train/dog/2.png", "test/cat/3.png", "test/dog /4.png", "test/bird/5.png"]
    built(tmp_path, *files, "train/Ox/6.png", "train/ox/7.png", "test/OX/8.png")
    images = data.load("folder", str(tmp_path))
    assert set(images.classes) == {"Cat", "dog", "bird", "Ox", "ox", "OX"}, "two in one part are two"
    names = {int(i[0, 0]): images.classes[c] for i, c in zip(images.test_images, images.test_labels, strict=True)}
    assert names == {2: "Cat", 3: "dog", 4: "bird", 7: "OX"}


def test_test_images_that_are_trained_on_are_said(tmp_path):
    built(tmp_path, *[f"train/a/{i}.png" for i in range(4)], *[f"test/a/{i}.png" for i in range(3)])
    for i in range(2):
        (tmp_path / "test" / "a" / f"{i}.png").write_bytes((tmp_path / "train" / "a" / f"{i + 1}.png").read_bytes())
    assert "2 of the 3 test images are training images as well" in data.load("folder", str(tmp_path)).notes[-1]


def test_texts_beside_a_wrapper_do_not_hide_it_and_rubbish_of_archives_is_not_seen(tmp_path):
    built(tmp_path, "digits/0/a.png", "digits/1/b.png", "__MACOSX/digits/0/c.png", "digits/@eaDir/d.png")
    built(tmp_path, "digits/0/._a.png", ".hidden/e.png", "digits/.DS_Store")
    for name in ("README.txt", "digits/labels.csv", "digits/0/Thumbs.db"):
        (tmp_path / name).write_bytes(b"text")
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("0", "1")
    assert {file for file, _ in images.skipped} == {"README.txt", os.path.join("digits", "labels.csv")}


def test_a_part_whose_pictures_are_all_damaged_is_said(tmp_path):
    built(tmp_path, *[f"train/a/{i}.png" for i in range(6)])
    (tmp_path / "test" / "a").mkdir(parents=True)
    (tmp_path / "test" / "a" / "x.png").write_bytes(b"rubbish")
    images = data.load("folder", str(tmp_path))
    assert (len(images.train_images), len(images.test_images)) == (5, 1)
    assert "The folder of the test set holds no usable picture" in images.notes[-1]


def test_one_class_in_two_encodings_is_one_and_two_in_one_writing_are_two(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "été") for form in ("NFC", "NFD"))
    built(tmp_path, f"train/{composed}/1.png", f"test/{decomposed}/2.png", "train/b/3.png")
    images = data.load("folder", str(tmp_path))
    assert set(images.classes) == {composed, "b"}


ODD = [
    "صور",
    "图片",
    "ภาพ",
    "😀",
    "a\u202egpj",
    " spaces ",
    "new\nline",
    "quote'\"",
    "<b>",
    "C:\\x",
    "-rf",
    "$HOME",
    "~",
]


@pytest.mark.skipif(os.name == "nt", reason="Windows allows few of these names")
def test_classes_of_any_name_are_found_and_can_be_printed(tmp_path):
    built(tmp_path, *[f"{name}/{i}.png" for name in ODD for i in range(2)])
    raw = os.fsencode(tmp_path)
    for i in range(2):
        folder = os.path.join(raw, b"bytes\xff" + (b"\xfe" if i else b"\xfd"))
        os.mkdir(folder)
        Image.new("L", (28, 28), 99).save(os.fsdecode(os.path.join(folder, b"\xe9.png")), "PNG")
    images = data.load("folder", str(tmp_path))
    assert len(images.classes) == len(ODD) + 2 == len(set(images.classes))
    for name in images.classes:
        assert name.encode() and name == name.strip() and not set("\n\u202e") & set(name)
    assert len(images.train_images) + len(images.test_images) == 2 * len(ODD) + 2


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("layout", ["", "a/", "train/"])
def test_sets_of_a_few_pictures_are_sets(tmp_path, count, layout):
    built(tmp_path, *[f"{layout}{i}.png" for i in range(count)])
    images = data.load("folder", str(tmp_path))
    train, held = data.split(images, 1_000)
    assert len(images.train_images) and len(images.test_images) and len(train) and len(held)
    assert set(levels(images.train_images)) | set(levels(images.test_images)) == set(range(count))


def test_many_files_are_placed_in_no_time():
    files = [os.path.join("train" if i % 7 else "test", str(i % 10), f"{i}.png") for i in range(70_000)]
    found, _ = places(files, [True] * len(files))
    assert sum(one.part == "test" for one in found) == 10_000
    assert {one.label for one in found} == {str(i) for i in range(10)}
