"""Sample-quality metrics: closed forms, scipy's matrix root, and images whose figures are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.linalg import sqrtm

from core import data
from core.evaluation import sample_quality
from core.evaluation.gan_diagnosis import diagnose
from core.evaluation.sample_quality import SampleQuality, frechet
from core.latent import pca


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture
def stick(digits, cached_classifier):
    return sample_quality.for_dataset(digits)


def test_the_distance_of_two_gaussians_along_the_axes_is_the_closed_form():
    a, b = np.array([1.0, 4.0]), np.array([9.0, 0.25])
    found = frechet(np.array([0.0, 1.0]), np.diag(a), np.array([2.0, 1.0]), np.diag(b))
    assert found == pytest.approx(4 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum())


def test_the_distance_is_scipy_s_for_any_covariances():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50, 7))
    mean_a, cov_a, mean_b, cov_b = *pca.moments(x), *pca.moments(2 * y + 1)
    expected = ((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert frechet(mean_a, cov_a, mean_b, cov_b) == pytest.approx(expected)
    assert frechet(mean_a, cov_a, mean_a, cov_a) == pytest.approx(0, abs=1e-9)


def test_the_real_images_themselves_lie_at_no_distance_and_cover_every_class(digits, stick):
    found = stick.measure(digits.train_images)
    assert found.frechet == pytest.approx(0, abs=1e-3) and found.modes == 10
    assert found.sharpness == pytest.approx(1) and found.diversity == pytest.approx(1)
    assert found.balance > 0.99 and found.shares.sum() == pytest.approx(1)


def test_noise_and_blur_lie_farther_than_unseen_real_images(digits, stick):
    unseen, shifted = digits.test_images, digits.test_images.astype(float)
    blurred = sum(np.roll(shifted, (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
    noise = np.random.default_rng(0).integers(0, 256, unseen.shape, dtype=np.uint8)
    near, soft, far = (stick.measure(x.astype(np.uint8)) for x in (unseen, blurred, noise))
    assert near.frechet < soft.frechet < far.frechet
    assert soft.sharpness < 0.7 < near.sharpness < far.sharpness


def test_one_picture_again_and_again_is_one_mode_without_diversity(digits, stick):
    found = stick.measure(np.repeat(digits.train_images[:1], 200, 0))
    assert found.modes == 1 and found.balance == 0 and found.diversity == pytest.approx(0, abs=1e-9)


def test_noise_has_a_likely_class_and_covers_none(stick):
    noise = np.random.default_rng(0).integers(0, 256, (300, 28, 28), dtype=np.uint8)
    probabilities = stick.classifier.probabilities(noise)
    found, unsure = stick.measure(noise), probabilities.max(1) < 0.9
    named = np.bincount(probabilities.argmax(1)[~unsure], minlength=10) / 300
    assert found.sure == pytest.approx(1 - unsure.mean()) and found.shares.sum() == pytest.approx(1)
    assert found.modes == sum(named[k] >= 0.1 * stick.shares[k] for k in range(10)) < 10


def test_a_class_that_is_left_out_is_not_covered(digits, stick):
    kept = digits.train_images[digits.train_labels != 4]
    found = stick.measure(kept)
    assert found.modes == 9 and found.shares.argmin() == 4


@pytest.mark.slow
def test_without_classes_pixels_serve_and_nothing_is_said_of_modes(digits):
    bare = SampleQuality(digits.train_images, None)
    found = bare.measure(digits.test_images)
    assert np.isnan(found.modes) and found.shares.size == 0 and 0 < found.frechet < 100
    assert bare.measure(digits.train_images).frechet == pytest.approx(0, abs=1e-6)


def test_the_classifier_s_accuracy_is_part_of_the_name(stick):
    assert f"{100 * stick.classifier.accuracy:.1f} %" in stick.name and "297 test images" in stick.name


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ((10, 10, 0.12, 0.9, 0.7, 0.7), ""),
        ((10, 10, 0.12, 0.1, 0.7, 0.7), "collapsed"),
        ((3, 10, 0.8, 0.6, 0.7, 0.7), "collapsed"),
        ((9, 10, 0.2, 0.8, 0.7, 0.7), "1 of 10 classes is hardly"),
        ((10, 10, 0.12, 0.9, 0.99, 0.99), "hardly ever wrong"),
        ((10, 10, 0.12, 0.9, 0.99, 0.5), ""),
    ],
)
def test_the_alarm_says_what_is_wrong_and_a_cure_and_else_nothing(case, words):
    said = diagnose(*case)
    assert words in said and bool(said) == bool(words)


def test_contrast_alone_looks_sharper_and_more_varied_but_reaches_no_more_images(digits, stick):
    soft = digits.test_images.astype(float)
    soft = (sum(np.roll(soft, (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9).astype(np.uint8)
    hard = sample_quality.with_contrast(soft)
    expected = np.clip(np.rint(127.5 + 1.5 * (soft.astype(np.float64) - 127.5)), 0, 255)
    assert np.abs(hard.astype(int) - expected).max() <= 1
    before, after = stick.measure(soft), stick.measure(hard)
    assert after.sharpness > 1.2 * before.sharpness and after.diversity > 1.1 * before.diversity


def test_real_unseen_images_are_precise_and_recalled_and_one_picture_is_not(digits, stick):
    reference = stick.with_reference(digits.test_images)
    real = reference.support(digits.train_images[:297])
    assert real.precision > 0.6 and real.recall > 0.6 and real.coverage > 0.6 and real.n == 297
    one = reference.support(np.repeat(digits.train_images[:1], 297, 0))
    assert one.recall < 0.05 and one.coverage < 0.05


def test_copies_lie_nearer_to_the_training_images_than_test_images_do(digits, stick):
    features = stick.classifier.features_and_probabilities
    between = features(digits.test_images[:99])[0][:, None].astype(float) - features(digits.train_images)[0]
    new = stick.nearest(digits.test_images[:99], digits.train_images)
    assert new == pytest.approx(np.linalg.norm(between, axis=2).min(1), rel=1e-4)
    last = stick.nearest(digits.train_images[-99:], digits.train_images)  # of all blocks, not of the first one alone
    assert last.max() < 0.02 * np.median(new)


def test_the_features_of_judged_pictures_are_computed_once(digits, stick, monkeypatch):
    asked, ask = [], stick.classifier.features_and_probabilities
    fresh = stick.with_reference(digits.test_images)
    judge = SimpleNamespace(features_and_probabilities=lambda pictures: (asked.append(len(pictures)), ask(pictures))[1])
    monkeypatch.setattr(fresh, "classifier", judge)
    some = digits.train_images[:100]
    judged = fresh.judged(some)
    found = judged.measure().frechet, judged.kid(), judged.support(), judged.frechet_error()
    assert asked == [100]
    assert found == (fresh.measure(some).frechet, fresh.kid(some), fresh.support(some), fresh.frechet_error(some))
    assert len(fresh.judged(some[:0]).features) == 0
