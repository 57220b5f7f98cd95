"""Drawn sets: names and classes, drawings of several visitors at once, and altered copies for training."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core import data
from core.data import DataError, drawn, drawn_source, folder
from core.data.drawn import Copies
from core.data.drawn_source import altered, moved, thicker
from core.images.convert import from_png
from core.images.shape import GREY_28, ImageShape

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def empty_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))


def picture(shape=GREY_28):
    """A random picture with an empty border."""
    made = np.zeros(shape.picture, np.uint8)
    made[6:20, 6:20] = RNG.integers(1, 256, made[6:20, 6:20].shape)
    return made


def test_a_set_is_read_as_it_was_drawn_with_its_classes_in_their_order():
    made = drawn.create("Pets", ["dog", "cat"], GREY_28, "aa")
    kept = {label: [picture() for _ in range(9)] for label in ("dog", "cat")}
    for label, pictures in kept.items():
        for one in pictures:
            drawn.add(made, label, one, "aa")
    images = data.load("folder", str(made.place))
    assert images.classes == ("dog", "cat")
    tested = {1, 7}
    for k, label in enumerate(images.classes):
        train = [one for n, one in enumerate(kept[label]) if n not in tested]
        assert np.array_equal(images.train_images[images.train_labels == k], train)
        assert np.array_equal(images.test_images[images.test_labels == k], [kept[label][n] for n in sorted(tested)])
    assert drawn.named("pets") == drawn.sets()[0] == made and "sixth" in images.notes[0]


def test_colour_stays_and_a_new_drawing_is_seen_at_the_next_reading():
    made = drawn.create("Flags", ["a"], ImageShape(3, 32, 32), "aa")
    first = picture(made.shape)
    file = drawn.add(made, "a", first, "aa").file
    assert np.array_equal(from_png(file.read_bytes()), first)
    assert len(data.load("folder", str(made.place), made.shape).train_images) == 1
    drawn.add(made, "a", picture(made.shape), "bb")
    images = data.load("folder", str(made.place), made.shape)
    assert np.array_equal(images.train_images, first[None]) and len(images.test_images) == 1


def test_visitors_who_draw_at_once_lose_no_drawing():
    made = drawn.create("Class", ["a", "b"], GREY_28, "aa")
    pictures = [picture() for _ in range(24)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda k: drawn.add(made, "ab"[k % 2], pictures[k], f"visitor{k % 3}"), range(24)))
    found = drawn.drawings(made)
    assert [one.number for one in found] == [*range(1, 13), *range(1, 13)]
    assert {from_png(one.file.read_bytes()).tobytes() for one in found} == {one.tobytes() for one in pictures}


def test_what_is_taken_back_is_ones_own_newest_drawing():
    made = drawn.create("Class", ["a"], GREY_28, "aa")
    files = [drawn.add(made, "a", picture(), by).file for by in ("aa", "bb", "aa", "bb")]
    assert drawn.take_back(made, "aa").file == files[2]
    assert drawn.take_back(made, "aa").file == files[0]
    assert drawn.take_back(made, "aa") is None
    assert [one.file for one in drawn.drawings(made)] == [files[1], files[3]]


def test_training_drawings_get_copies_and_test_drawings_none():
    made = drawn.set_copies(drawn.create("Class", ["a", "b"], GREY_28, "aa"), Copies(3))
    drawn.add(made, "a", picture(), "aa")
    assert len(data.load("folder", str(made.place)).train_images) == 1  # a copy could become a test image
    for label in "abbb":
        drawn.add(made, label, picture(), "aa")
    images = data.load("folder", str(made.place))
    assert (len(images.train_images), len(images.test_images)) == (4 * 3, 2)
    again = folder.read(drawn_source.of(made.place))
    assert np.array_equal(images.train_images, again.train_images)
    drawn.set_copies(made, Copies(3, shift=False, thickness=False))
    assert len(data.load("folder", str(made.place)).train_images) == 3
    for one in drawn.drawings(made):
        if not one.tested:
            one.file.unlink()
    assert data.load("folder", str(made.place)).notes == (), "the two test drawings that are left are divided anew"


def test_a_shift_moves_every_pixel_alike_and_loses_none():
    for shape in (GREY_28, ImageShape(3, 32, 48)):
        one = picture(shape)
        made = altered(one, Copies(1, thickness=False), "x#1")
        lit = made if made.ndim == 2 else made.max(2)
        offset = [int(np.flatnonzero(lit.max(axis))[0]) - 6 for axis in (1, 0)]
        assert np.array_equal(np.roll(one, offset, (0, 1)), made) and np.abs(offset).max() <= 2
    edge = np.zeros((28, 28), np.uint8)
    edge[0, 5], edge[20, 27] = 9, 8
    assert np.array_equal(moved(edge, -2, 2), edge)
    assert np.array_equal(moved(edge, 3, -3), np.roll(edge, (3, -3), (0, 1)))


def test_thicker_strokes_are_blended_with_the_greatest_neighbour_and_thinner_with_the_least():
    """Against the neighbours one by one: a disc of radius 1 is a plus."""
    one = picture()
    padded = np.pad(one, 1)
    steps = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    around = np.stack([padded[1 + y : 29 + y, 1 + x : 29 + x] for y, x in steps])
    assert np.array_equal(thicker(one, 1.0), around.max(0))
    assert np.array_equal(thicker(one, 0.5), np.rint((one + around.max(0).astype(float)) / 2))
    assert np.array_equal(thicker(one, -1.0), np.rint(0.4 * one.astype(np.float32) + np.float32(0.6) * around.min(0)))


def test_a_taken_name_is_refused_in_a_sentence_and_the_older_set_stays():
    made = drawn.create("Pets", ["cat"], GREY_28, "aa")
    drawn.add(made, "cat", picture(), "aa")
    for name in ("Pets", "pets", " PETS "):
        with pytest.raises(DataError, match="There is a set “.*” already"):
            drawn.create(name, ["dog"], GREY_28, "bb")
    assert drawn.sets() == [made] and len(drawn.drawings(made)) == 1


def test_a_set_that_cannot_be_written_leaves_its_name_free(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(drawn, "write_json", full)
        with pytest.raises(DataError, match="No space left.*Nothing was changed"):
            drawn.create("Pets", ["cat"], GREY_28, "aa")
    assert drawn.create("Pets", ["cat"], GREY_28, "aa") == drawn.named("Pets")


@pytest.mark.parametrize(
    ("name", "classes", "words"),
    [
        ("", ["a"], "cannot be a set's name"),
        ("../up", ["a"], "cannot be a set's name"),
        ("con", ["a"], "Windows reserves it"),
        ("x", [], "no class yet"),
        ("x", ["a", "A"], "two classes “A”"),
        ("x", ["a/b"], "cannot be a class's name"),
        ("x", [f"c{k}" for k in range(41)], "40 at most"),
    ],
)
def test_names_that_cannot_be_folders_are_refused(name, classes, words):
    with pytest.raises(DataError, match=words):
        drawn.create(name, classes, GREY_28, "aa")
    assert drawn.sets() == []


def test_classes_can_be_added_and_a_set_can_be_deleted():
    made = drawn.create("Pets", drawn.class_names("cat, dog\n"), GREY_28, "aa")
    assert drawn.add_classes(made, ["fish"]).classes == ("cat", "dog", "fish")
    drawn.add(made, "fish", picture(), "bb")  # through the set as it was before
    with pytest.raises(DataError, match="no class “bird”"):
        drawn.add(made, "bird", picture(), "bb")
    drawn.delete(made)
    assert drawn.sets() == [] and not made.place.exists()
    with pytest.raises(DataError, match="not there any more"):
        drawn.add(made, "cat", picture(), "aa")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "latent-lab-drawn-set-1"}'])
def test_a_folder_with_a_damaged_file_is_no_drawn_set_but_still_a_folder_of_pictures(content):
    made = drawn.create("Pets", ["cat"], GREY_28, "aa")
    drawn.add(made, "cat", picture(), "aa")
    (made.place / drawn.FACTS).write_text(content)
    assert drawn.sets() == [] and len(data.load("folder", str(made.place)).train_images) == 1


def test_a_set_without_drawings_says_what_to_do():
    made = drawn.create("Pets", ["cat"], GREY_28, "aa")
    with pytest.raises(DataError, match="has no drawings yet"):
        data.load("folder", str(made.place))
