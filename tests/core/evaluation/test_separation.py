"""Separation of two groups along a direction, against scikit-learn and against a loop over all pairs."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluation.separation import leave_pair_out, separation


@pytest.mark.parametrize("shift", [0.0, 0.7, 3.0])
def test_the_auroc_of_projections_is_that_of_scikit_learn(shift):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(90, 5)), rng.normal(size=(70, 5)) + shift
    unit = np.ones(5) / math.sqrt(5)
    found = separation(unit, a, b)
    score = roc_auc_score([0] * 90 + [1] * 70, np.concatenate([a @ unit, b @ unit]))
    assert found.area == pytest.approx(score) and found.low <= score <= found.high
    assert (found.a, found.b) == (90, 70)


def test_leaving_out_a_pair_is_a_direction_anew_for_each():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)) + 0.5
    right = []
    for i in range(5):
        for j in range(4):
            unit = np.delete(b, j, 0).mean(0) - np.delete(a, i, 0).mean(0)
            right.append(float(unit @ b[j] > unit @ a[i]))
    assert leave_pair_out(a, b).area == pytest.approx(np.mean(right))


def test_groups_without_a_difference_are_told_apart_by_chance_however_few_they_are():
    """Their own images would seem to be: a direction in 50 dimensions separates any two groups of five."""
    rng = np.random.default_rng(2)
    areas = [leave_pair_out(*rng.normal(size=(2, 5, 50))).area for _ in range(400)]
    assert abs(np.mean(areas) - 0.5) < 4 * np.std(areas) / 20
    a, b = rng.normal(size=(2, 5, 50))
    assert separation(b.mean(0) - a.mean(0), a, b).area == 1


def test_one_image_in_a_group_cannot_be_left_out():
    assert math.isnan(leave_pair_out(np.zeros((1, 2)), np.ones((3, 2))).area)
    assert math.isnan(separation(np.ones(2), np.zeros((0, 2)), np.ones((3, 2))).area)
