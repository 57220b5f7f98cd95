"""Images of a run are known again by their content, in whatever order, number and folder they lie now."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from core import data
from core.data import ImageSet, fingerprint, holdout

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (40, 8, 8), dtype=np.uint8)


def set_of(train, test, labels=lambda i: i % 3, classes=("a", "b", "c")):
    """A set of the pictures with these numbers; `labels` gives the class of each number."""
    train, test = list(train), list(test)

    def classes_of(numbers):
        return np.array([labels(i) for i in numbers], np.int64)

    return ImageSet("folder", PICTURES[train], classes_of(train), PICTURES[test], classes_of(test), classes)


def numbers(pictures):
    """Numbers of pictures, found by comparing every pixel with every picture."""
    return [int(np.flatnonzero((picture == PICTURES).all((1, 2)))[0]) for picture in pictures]


THEN = fingerprint.fingerprint_of(set_of(range(30), range(30, 36)))


def test_a_digest_is_blake2_of_the_pixels():
    found = fingerprint.digests(PICTURES[:3])
    assert [bytes(row) for row in found] == [
        hashlib.blake2b(p.tobytes(), digest_size=16).digest() for p in PICTURES[:3]
    ]


def test_a_set_that_has_not_changed_is_the_same_object_without_a_note():
    images = set_of(range(30), range(30, 36))
    assert fingerprint.arrange(images, THEN) is images and images.changed == ""


@pytest.mark.parametrize("seed", range(5))
def test_images_in_another_order_and_other_parts_return_to_their_places(seed):
    order = np.random.default_rng(seed).permutation(36)
    found = fingerprint.arrange(set_of(order[:17], order[17:]), THEN)
    assert numbers(found.train_images) == list(range(30)) and numbers(found.test_images) == list(range(30, 36))
    assert found.train_labels.tolist() == [i % 3 for i in range(30)] and found.changed == ""
    for ours, theirs in zip(data.split(found, 6), data.split(set_of(range(30), range(30, 36)), 6), strict=True):
        assert np.array_equal(ours, theirs)


def test_new_images_are_left_out_and_counted():
    found = fingerprint.arrange(set_of([38, *range(20), 36, 37], [*range(20, 36), 39]), THEN)
    assert numbers(found.train_images) == list(range(30)) and numbers(found.test_images) == list(range(30, 36))
    assert "4 new images are left out" in found.changed and "missing" not in found.changed


def test_the_others_keep_their_row_and_role_when_images_are_missing():
    whole, gone = set_of(range(30), range(30, 36)), {0, 7, 8, 31}
    left = [i for i in range(36) if i not in gone]
    found = fingerprint.arrange(set_of(left[::2], left[1::2]), THEN)
    assert "3 of its 30 training images and 1 of its 6 test images are missing or changed" in found.changed
    train, held = data.split(whole, 6)
    now_train, now_held = data.split(found, 6)
    assert numbers(found.train_images[now_train]) == [i for i in train if i not in gone]
    assert numbers(found.train_images[now_held]) == [i for i in held if i not in gone]
    rows, length = data.table_rows(found, 6)
    assert length == len(train) and [int(train[row]) for row in rows] == numbers(found.train_images[now_train])


def test_copies_are_matched_in_their_order_and_one_stands_for_all():
    then = fingerprint.fingerprint_of(set_of([0, 1, 1, 2, 1], [3, 3]))
    found = fingerprint.arrange(set_of([3, 2, 1], [0]), then)
    assert (
        numbers(found.train_images) == [0, 1, 1, 2, 1] and numbers(found.test_images) == [3, 3] and found.changed == ""
    )


def test_a_class_keeps_its_number_under_its_new_name():
    # "a" (class 0) is now called "z", so that "b" and "c" come before it; "d" is new.
    now = set_of(range(34), [34, 35, 36], lambda i: 2 if i == 36 else {0: 3, 1: 0, 2: 1}[i % 3], ("b", "c", "d", "z"))
    found = fingerprint.arrange(now, THEN)
    assert found.classes[:3] == ("z", "b", "c")
    assert found.train_labels.tolist() == [i % 3 for i in range(30)]


def test_images_without_a_class_stay_without():
    then = fingerprint.fingerprint_of(set_of(range(10), [10], lambda i: -1, ()))
    found = fingerprint.arrange(set_of(range(9, -1, -1), [10], lambda i: -1, ()), then)
    assert found.classes == () and set(found.train_labels) == {-1}


def test_images_that_a_folder_puts_aside_for_validation_stay_validation_images():
    then = fingerprint.fingerprint_of(replace(set_of(range(20), [20]), held_out=np.array([3, 4, 11])))
    found = fingerprint.arrange(set_of([i for i in range(19, -1, -1) if i not in (0, 4)], [20, 21]), then)
    train, held = data.split(found, 6)
    assert numbers(found.train_images[held]) == [3, 11]
    assert numbers(found.train_images[train]) == [i for i in range(20) if i not in (0, 3, 4, 11)]
    rows, length = data.table_rows(found, 6)
    assert length == 17 and [int(np.delete(np.arange(20), [3, 4, 11])[row]) for row in rows] == numbers(
        found.train_images[train]
    )


def test_a_set_of_other_images_is_refused_in_a_sentence():
    with pytest.raises(data.DataError, match="None of the 30 images that this run was trained on"):
        fingerprint.arrange(set_of([36, 37], [38, 31]), THEN)


@pytest.mark.parametrize("seed", range(4))
def test_no_training_image_becomes_a_test_image_when_a_folder_grows(seed):
    rng = np.random.default_rng(seed)
    order, labels = rng.permutation(40), rng.integers(0, 3, 40)
    tested: set[int] = set()
    before: set[int] = set()
    for count in range(12, 41):
        here = np.sort(order[:count])
        now = set(here[holdout.test_rows(fingerprint.digests(PICTURES[here]), labels[here])].tolist())
        assert not (now & before) - tested, "a picture that was trained on is tested with"
        tested, before = now, set(here.tolist())
        assert 0 < len(now) < count


def test_a_sixth_is_tested_with_and_every_class_of_two_pictures():
    digests = np.random.default_rng(1).integers(0, 256, (3_000, 16), dtype=np.uint8)
    labels = np.repeat(np.arange(1_000), 3)
    chosen = holdout.test_rows(digests, np.zeros(3_000, int))
    assert len(chosen) == pytest.approx(500, abs=3 * np.sqrt(3_000 * 5 / 36))
    assert set(labels[holdout.test_rows(digests, labels)]) == set(range(1_000))


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_neither_part_is_empty_where_all_pictures_are_equal_or_each_has_a_class_of_its_own(count):
    for pictures, labels in (
        (np.zeros((count, 4, 4), np.uint8), np.zeros(count, int)),
        (PICTURES[:count], np.arange(count)),
        (PICTURES[:count], np.full(count, -1)),
    ):
        assert 0 < len(holdout.test_rows(fingerprint.digests(pictures), labels)) < count


def test_copies_of_a_picture_are_on_one_side():
    twice = np.concatenate([PICTURES, PICTURES])
    chosen = holdout.test_rows(fingerprint.digests(twice), np.zeros(80, int))
    assert set(chosen[chosen < 40] + 40) == set(chosen[chosen >= 40])
