"""Trustworthiness, k-NN accuracy and silhouette against scikit-learn asked directly."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from core import data
from core.embedding import measures
from core.embedding.measures import knn_accuracy, linear_accuracy, measure


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(3)
    labels = np.arange(150) % 3
    x = rng.standard_normal((150, 6)) + 1.5 * np.eye(6)[labels]
    return x.astype(np.float32), x[:, :2] + 0.3 * rng.standard_normal((150, 2)), labels.astype(np.int64)


@pytest.mark.slow
def test_all_of_them_are_scikit_learns(points):
    x, y, labels = points
    found = measure(x, y, labels)
    assert found["trustworthiness"] == pytest.approx(trustworthiness(x, y, n_neighbors=10))
    assert found["silhouette_input"] == pytest.approx(silhouette_score(x, labels), abs=1e-5)
    assert found["silhouette_map"] == pytest.approx(silhouette_score(y, labels))
    for name, where in (("knn_input", x), ("knn_map", y)):
        said = cross_val_predict(KNeighborsClassifier(10), where, labels, cv=LeaveOneOut())
        assert found[name] == pytest.approx((said == labels).mean())
    assert found["measured"] == 150 and found["knn_input"] > 0.6


def test_an_image_given_twice_is_not_its_own_proof():
    """Each point has a double of another class: whoever counted a point as its own neighbour would be right."""
    x = np.repeat(np.random.default_rng(0).standard_normal((40, 3)), 2, 0)
    labels = np.tile([0, 1], 40)
    assert knn_accuracy(x, labels) < 0.8


def test_many_images_are_measured_on_a_sample_and_it_is_told(points, monkeypatch):
    x, y, labels = points
    monkeypatch.setattr(measures, "SAMPLE", 60)
    found, sample = measure(x, y, labels), data.spread(labels, 60)
    assert found["measured"] == 60 and found["images"] == 150
    far, on_map = (((p[:, None].astype(float) - p[None]) ** 2).sum(-1) for p in (x, y))
    penalty = 0
    for i in sample:
        ranks = {j: rank for rank, j in enumerate(np.argsort(far[i]))}  # 0 is the image itself
        penalty += sum(max(0, ranks[j] - 10) for j in np.argsort(on_map[i])[1:11])
    assert found["trustworthiness"] == pytest.approx(1 - 2 * penalty / (60 * 10 * (300 - 30 - 1))), "ranked among all"
    said = cross_val_predict(KNeighborsClassifier(10), y, labels, cv=LeaveOneOut())
    assert found["knn_map"] == pytest.approx((said == labels)[sample].mean()), "neighbours are looked for among all"


@pytest.mark.parametrize("labels", [np.full(150, -1), np.zeros(150, int), np.where(np.arange(150) < 149, -1, 0)])
def test_without_two_classes_only_trustworthiness_is_defined(points, labels):
    x, y, _ = points
    found = measure(x, y, labels)
    assert found["trustworthiness"] > 0.5
    undefined = ("knn_input", "knn_map", "silhouette_input", "silhouette_map", "linear_input")
    assert all(np.isnan(found[name]) for name in undefined)


def test_a_linear_probe_is_as_right_as_the_best_classifier_of_two_gaussians_and_blind_to_what_no_line_divides():
    rng, labels = np.random.default_rng(0), np.arange(4_000) % 2
    noise = rng.standard_normal((4_000, 3))
    apart = noise + labels[:, None] * np.array([2.0, 0.0, 0.0])  # Bayes: Φ(1) = 0.8413
    assert linear_accuracy(100 * apart + 5, labels) == pytest.approx(NormalDist().cdf(1), abs=0.02)
    crossed = noise.copy()
    crossed[:, 0] = np.abs(noise[:, 0]) * np.where(labels == (noise[:, 1] > 0), 1, -1)
    assert linear_accuracy(crossed, labels) < 0.55 and knn_accuracy(crossed[:600], labels[:600]) > 0.85


def test_a_linear_probe_of_long_vectors_sees_their_principal_components(monkeypatch):
    rng, labels = np.random.default_rng(1), np.arange(600) % 3
    points = 0.3 * rng.standard_normal((600, 40)) + 2 * np.eye(40)[labels]
    whole = linear_accuracy(points, labels)
    monkeypatch.setattr(measures, "PROBED", 5)
    assert linear_accuracy(points, labels) == pytest.approx(whole, abs=0.02) and whole > 0.97
    assert linear_accuracy(rng.permutation(points), labels) < 0.45, "classes that the points do not know"


def test_images_without_a_class_do_not_vote(points):
    x, y, labels = points
    some = np.where(np.arange(150) % 5 == 0, -1, labels)
    known = some >= 0
    assert measure(x, y, some)["silhouette_map"] == pytest.approx(silhouette_score(y[known], some[known]))
    said = cross_val_predict(KNeighborsClassifier(10), y[known], some[known], cv=LeaveOneOut())
    assert measure(x, y, some)["knn_map"] == pytest.approx((said == some[known]).mean())


def test_the_pixels_are_the_yardstick_where_the_input_is_something_else(points):
    x, y, labels = points
    pixels = np.random.default_rng(0).integers(0, 256, (150, 4, 4), dtype=np.uint8)
    found = measure(x, y, labels, pixels)
    said = cross_val_predict(KNeighborsClassifier(10), pixels.reshape(150, 16), labels, cv=LeaveOneOut())
    assert found["knn_pixels"] == pytest.approx((said == labels).mean()) and "knn_pixels" not in measure(x, y, labels)


def test_neighbours_kept_are_those_near_on_both_sides(points):
    x, y, _ = points
    near = [set(row) for row in NearestNeighbors(n_neighbors=10).fit(x).kneighbors(return_distance=False)]
    on_map = [set(row) for row in NearestNeighbors(n_neighbors=10).fit(y).kneighbors(return_distance=False)]
    wanted = [len(a & b) / 10 for a, b in zip(near, on_map, strict=True)]
    assert np.allclose(measures.kept(x, y), wanted) and np.allclose(measures.kept(y, y), 1)
