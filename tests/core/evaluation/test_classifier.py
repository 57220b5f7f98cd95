"""The classifier: accurate, the same at every training, cached without pickle, trained once however many need it."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from core import data
from core.data import ImageSet
from core.evaluation import classifier
from core.images import convert
from core.images.shape import ImageShape
from core.jobs import classifier as jobs_classifier
from core.jobs.queue import JobQueue, use_queue
from core.recipes.images import load_images
from core.recipes.recipe import Recipe
from core.system import paths
from tests.fake_executor import FakeExecutor

torch.set_num_threads(1)  # as the page and the background process do: a second thread only gets in the way


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="session")
def trained(digits_classifier):
    return digits_classifier


def test_it_names_most_test_digits_rightly_and_measures_it_itself(digits, trained):
    said = trained.probabilities(digits.test_images).argmax(1)
    assert trained.accuracy == pytest.approx((said == digits.test_labels).mean()) and trained.tested == 297
    assert trained.accuracy > 0.94


def test_its_opinions_are_probabilities(digits, trained):
    p = trained.probabilities(digits.test_images[:20])
    assert p.shape == (20, 10) and (p >= 0).all() and np.allclose(p.sum(1), 1, atol=1e-5)


@pytest.mark.slow
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


DIGITS = Recipe(dataset="digits")


@pytest.fixture
def shades(tmp_path) -> Recipe:
    """Recipe of a folder with 40 images of two classes that a classifier learns in a moment: dark and light ones."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 0), ("light", 120)):
        (tmp_path / "shades" / name).mkdir(parents=True)
        for k in range(20):
            png = convert.png(rng.integers(level, level + 120, (28, 28), dtype=np.uint8))
            (tmp_path / "shades" / name / f"{k}.png").write_bytes(png)
    return DIGITS.with_(dataset="folder", folder=str(tmp_path / "shades"))


@pytest.fixture
def in_a_thread():
    """Orders are carried out in this process: that a process carries them out alike is a matter of `core/jobs`."""
    with use_queue(JobQueue(FakeExecutor("train_classifier"))):
        yield


@pytest.mark.slow
def test_in_the_background_it_ends_with_a_file_that_can_be_read(shades, in_a_thread):
    images = load_images(shades)
    path = classifier.file_of(images)
    job = jobs_classifier.start(shades, str(path))
    assert jobs_classifier.start(shades, str(path)) is job, "a second visitor joins"
    job.wait(timeout=120)
    assert job.state == "finished" and job.progress == 1.0, job.message
    found = classifier.load(path, 2)
    assert found.accuracy == 1 and found.tested == len(images.test_images) > 0


def test_a_training_that_cannot_be_is_a_sentence(in_a_thread):
    job = jobs_classifier.start(DIGITS.with_(dataset="folder", folder="/nowhere/at/all"), "test of a failure")
    job.wait(timeout=120)
    assert job.state == "failed" and "There is no folder" in job.message


TWO_PROCESSES = """
import sys
from core import data
from core.evaluation import classifier, sample_quality

classifier.TRAINING_IMAGES = 1_500
whole = classifier.training_steps

def counted(images):
    print("trains", flush=True)
    found = yield from whole(images)
    return found

classifier.training_steps = counted
images = data.load("digits")
print("ready", flush=True)
sys.stdin.readline()
found = sample_quality.for_dataset(images).classifier
print(f"{found.accuracy} {float(found.network[-1].weight.sum())}", flush=True)
"""


@pytest.mark.slow
def test_two_processes_that_need_the_same_classifier_train_it_once():
    children = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_PROCESSES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=paths.ROOT,
        )
        for _ in range(2)
    ]
    try:
        assert [child.stdout.readline() for child in children] == ["ready\n"] * 2
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        said = [child.communicate(timeout=300)[0].split("\n")[:-1] for child in children]
    finally:
        for child in children:
            child.kill()
    assert sorted(len(lines) for lines in said) == [1, 2], "one trains, the other reads its result"
    assert said[0][-1] == said[1][-1]


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 20, 36), (3, 8, 8), (1, 64, 48)])
def test_images_of_any_shape_are_classified(shape, monkeypatch):
    monkeypatch.setattr(classifier, "TRAINING_IMAGES", 1_500)
    channels, height, width = shape
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    images = rng.integers(0, 120, (120, height, width, channels)[: 4 if channels == 3 else 3], dtype=np.uint8)
    images[labels == 1, : height // 2] += 120  # class 1 is brighter above
    found = classifier.train(ImageSet("folder", images, labels, images[:40], labels[:40], ("a", "b")))
    assert found.accuracy > 0.9 and found.tested == 40 and found.shape.chw == shape
    path = classifier.file_of(ImageSet("folder", images, labels, images[:40], labels[:40], ("a", "b")))
    classifier.save(found, path)
    assert np.array_equal(classifier.load(path, 2).probabilities(images), found.probabilities(images))


def test_the_network_for_28_pixels_keeps_its_two_convolutions():
    layers = [tuple(w.shape) for w in classifier.network_of(ImageShape(1, 28, 28), 10).parameters() if w.dim() > 1]
    assert layers == [(16, 1, 4, 4), (32, 16, 4, 4), (64, 32 * 7 * 7), (10, 64)]
