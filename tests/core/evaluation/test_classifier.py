"""The onlooker: right often enough, the same at every training, kept without a pickle, trained behind the page."""

import numpy as np
import pytest
import torch

from core import data
from core.data import ImageSet
from core.evaluation import classifier
from core.jobs import classifier as jobs_classifier

torch.set_num_threads(1)  # as the page and the background process do: a second thread only gets in the way


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def trained(digits):
    return classifier.train(digits)


def test_it_names_most_test_digits_rightly_and_measures_it_itself(digits, trained):
    said = trained.probabilities(digits.test_images).argmax(1)
    assert trained.accuracy == pytest.approx((said == digits.test_labels).mean()) and trained.tested == 297
    assert trained.accuracy > 0.94


def test_its_opinions_are_probabilities(digits, trained):
    p = trained.probabilities(digits.test_images[:20])
    assert p.shape == (20, 10) and (p >= 0).all() and np.allclose(p.sum(1), 1, atol=1e-5)


def test_a_second_training_gives_the_same_numbers_and_leaves_the_random_state_alone():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    few = ImageSet("folder", images, np.arange(40) % 2, images[:4], np.arange(4) % 2, ("a", "b"))
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = classifier.train(few), classifier.train(few)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(one.probabilities(images), two.probabilities(images))


def test_kept_and_read_again_it_says_the_same(digits, trained):
    path = classifier.file_of(digits)
    assert classifier.load(path, 10) is None
    classifier.save(trained, path)
    again = classifier.load(path, 10)
    assert again.accuracy == trained.accuracy
    assert np.array_equal(again.probabilities(digits.test_images), trained.probabilities(digits.test_images))
    assert classifier.load(path, 3) is None, "of another number of classes"
    path.write_bytes(path.read_bytes()[:200])
    assert classifier.load(path, 10) is None, "damaged"


def test_other_images_have_another_file(digits):
    changed = digits.train_images.copy()
    changed[3, 4, 5] ^= 1
    other = ImageSet("digits", changed, digits.train_labels, digits.test_images, digits.test_labels, digits.classes)
    assert classifier.file_of(other) != classifier.file_of(digits)


@pytest.mark.parametrize(("labels", "wanted"), [([-1, -1], False), ([0, 0], False), ([0, 1], True), ([-1, 1], False)])
def test_one_class_or_none_is_nothing_to_tell_apart(labels, wanted):
    images = np.zeros((2, 28, 28), np.uint8)
    few = ImageSet("folder", images, np.array(labels), images, np.array(labels), ("a", "b"))
    assert classifier.has_classes(few) == wanted


def test_in_the_background_it_ends_with_a_file_that_can_be_read(digits):
    path = classifier.file_of(digits)
    job = jobs_classifier.start("digits", "", str(path))
    assert jobs_classifier.start("digits", "", str(path)) is job, "a second visitor joins"
    job.wait(120)
    assert job.state == "done" and job.part == 1.0, job.message
    assert classifier.load(path, 10).accuracy > 0.94


def test_a_training_that_cannot_be_is_a_sentence():
    job = jobs_classifier.start("folder", "/nowhere/at/all", "test of a failure")
    job.wait(120)
    assert job.state == "failed" and "There is no folder" in job.message
