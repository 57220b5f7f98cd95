"""Classifiers of latents, against scikit-learn directly and against votes counted by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from core.evaluation import latent_quality


def blobs(n: int, seed: int, apart: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Points round three centres in four dimensions, the last of which is twice as wide, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = apart * np.eye(3, 4)
    return (centres[labels] + rng.standard_normal((n, 4))) * (1, 1, 1, 2), labels


def test_the_probe_is_a_logistic_regression_on_latents_of_one_scale():
    (train, train_labels), (test, test_labels) = blobs(300, 0), blobs(200, 1)
    found = latent_quality.linear_probe(train, train_labels, test, test_labels)
    mean, scale = train.mean(0), train.std(0).max()
    oracle = LogisticRegression(max_iter=300).fit((train - mean) / scale, train_labels)
    assert np.array_equal(found, oracle.predict((test - mean) / scale) == test_labels)
    assert 0.85 < found.mean() < 1


def test_the_vote_is_that_of_the_nearest_by_euclidean_distance():
    (train, train_labels), (test, test_labels) = blobs(300, 2, 1.5), blobs(50, 3, 1.5)
    found = latent_quality.nearest_neighbours(train, train_labels, test, test_labels, 10)
    oracle = KNeighborsClassifier(10).fit(train, train_labels)
    assert np.array_equal(found, oracle.predict(test) == test_labels)
    for point, label, right in zip(test, test_labels, found, strict=True):
        nearest = np.argsort(((train - point) ** 2).sum(1))[:10]
        votes = np.bincount(train_labels[nearest], minlength=3)
        assert right == (votes.argmax() == label)


def test_what_only_a_curve_separates_is_told_by_neighbours_and_not_by_the_probe():
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    labels = np.arange(400) % 2
    points = np.stack([np.cos(turn), np.sin(turn)], 1) * (1 + 2 * labels)[:, None]
    half = np.arange(400) % 4 < 2
    sets = points[half], labels[half], points[~half], labels[~half]
    assert latent_quality.nearest_neighbours(*sets).mean() == 1
    assert latent_quality.linear_probe(*sets).mean() < 0.6


def test_images_without_a_class_teach_nothing_and_are_not_asked():
    (train, labels), (test, wanted) = blobs(100, 4), blobs(40, 5)
    known, asked = np.arange(100) % 2 == 0, np.arange(40) % 4 > 0
    found = latent_quality.nearest_neighbours(train, np.where(known, labels, -1), test, np.where(asked, wanted, -1))
    same = latent_quality.nearest_neighbours(train[known], labels[known], test[asked], wanted[asked])
    assert np.isnan(found[~asked]).all() and np.array_equal(found[asked], same)


@pytest.mark.parametrize("tell", [latent_quality.linear_probe, latent_quality.nearest_neighbours])
def test_one_class_tells_nothing(tell):
    points, labels = blobs(20, 6)
    assert np.isnan(tell(points, np.zeros(20, np.int64), points, labels)).all()
    assert np.isnan(tell(points, labels, points[:0], labels[:0])).all()
