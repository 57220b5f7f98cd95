"""Precision, recall, density and coverage against their definitions, point by point; sets whose answer is known."""

import numpy as np
import pytest

from core.evaluation import support


def brute_force(generated, real):
    """The four measures by loops over all pairs of points, from the formulas of the two papers."""

    def distance(a, b):
        return sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5

    def radius(points, i, k):
        return sorted(distance(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]

    n, m = len(generated), len(real)
    real3, real5 = ([radius(real, j, k) for j in range(m)] for k in (3, 5))
    made3 = [radius(generated, i, 3) for i in range(n)]
    d = [[distance(g, r) for r in real] for g in generated]
    precision = sum(any(d[i][j] <= real3[j] for j in range(m)) for i in range(n)) / n
    recall = sum(any(d[i][j] <= made3[i] for i in range(n)) for j in range(m)) / m
    density = sum(sum(d[i][j] <= real5[j] for j in range(m)) for i in range(n)) / (5 * n)
    coverage = sum(any(d[i][j] <= real5[j] for i in range(n)) for j in range(m)) / m
    return precision, recall, density, coverage


@pytest.mark.parametrize("block", [7, 500])
@pytest.mark.parametrize("scale, shift", [(1.0, 0.0), (0.3, 0.5), (2.5, 0.0), (1.0, 6.0)])
def test_all_four_are_what_the_definitions_say(scale, shift, block, monkeypatch):
    monkeypatch.setattr(support, "BLOCK", block)
    rng = np.random.default_rng(3)
    real, generated = rng.normal(size=(40, 4)), scale * rng.normal(size=(40, 4)) + shift
    found = support.measure(generated, real)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(brute_force(generated, real))
    assert found.n == 40


def test_the_same_set_has_all_of_everything_and_a_far_one_nothing():
    points = np.random.default_rng(0).normal(size=(200, 6))
    same, far = support.measure(points, points), support.measure(points + 100, points)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1) and same.density >= 1
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_one_mode_of_two_is_precise_and_covers_half():
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(2, 300, 2)) + np.array([[[0.0, 0.0]], [[50.0, 0.0]]])
    found = support.measure(rng.normal(size=(600, 2)), np.concatenate([left, right]))
    assert found.precision > 0.9 and found.recall == pytest.approx(0.5, abs=0.05)
    assert found.coverage == pytest.approx(0.5, abs=0.05) and found.density > 0.7


def test_sets_of_different_size_are_compared_with_equally_many_points():
    rng = np.random.default_rng(2)
    real, generated = rng.normal(size=(30, 3)), rng.normal(size=(90, 3))
    found = support.measure(generated, real)
    rows = np.linspace(0, 89, 30).astype(int)
    assert found.n == 30 and found.precision == pytest.approx(brute_force(generated[rows], real)[0])
    few = support.measure(generated[:5], real)
    assert few.n == 5 and np.isnan(few.precision) and np.isnan(few.coverage)
