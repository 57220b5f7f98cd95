"""The kernel distance against a double sum written out, and against what is known of equal distributions."""

import math

import numpy as np
import pytest

from core.evaluation import kid, sample_quality

RNG = np.random.default_rng(0)


def test_it_is_the_double_sum_over_all_pairs_of_different_images():
    a, b = RNG.normal(size=(23, 5)), RNG.normal(0.3, 1.2, (31, 5))

    def k(x, y):
        return (sum(x[i] * y[i] for i in range(5)) / 5 + 1) ** 3

    own = [
        sum(k(x, y) for i, x in enumerate(z) for j, y in enumerate(z) if i != j) / (len(z) * (len(z) - 1))
        for z in (a, b)
    ]
    expected = sum(own) - 2 * sum(k(x, y) for x in a for y in b) / (23 * 31)
    assert kid.measure(a, b).value == pytest.approx(expected, rel=1e-9)


def test_the_standard_error_is_that_of_leaving_out_each_block():
    """The jackknife by hand, with the blocks drawn once more."""
    a, b = RNG.normal(size=(20, 4)), RNG.normal(0.5, 1.0, (30, 4))
    parts = [np.array_split(np.random.default_rng(s).permutation(len(z)), kid.BLOCKS) for s, z in enumerate((a, b))]
    left = []
    for block in range(kid.BLOCKS):
        x, y = np.delete(a, parts[0][block], 0), np.delete(b, parts[1][block], 0)
        xx, yy = kid.kernel(x, x), kid.kernel(y, y)
        own = [(m.sum() - np.trace(m)) / (len(m) * (len(m) - 1)) for m in (xx, yy)]
        left.append(sum(own) - 2 * kid.kernel(x, y).mean())
    expected = math.sqrt(kid.BLOCKS - 1) * np.std(left)
    assert kid.measure(a, b).error == pytest.approx(expected, rel=1e-9)


def test_equal_distributions_are_at_0_within_two_standard_errors_whatever_their_number():
    """Over many pairs of sets: no bias, most within two errors, and errors no smaller than the spread."""
    for n in (60, 150):
        found = [kid.measure(RNG.normal(size=(n, 6)), RNG.normal(size=(2 * n, 6))) for _ in range(80)]
        values, errors = np.array([one.value for one in found]), np.array([one.error for one in found])
        assert abs(values.mean()) < 3 * values.std() / math.sqrt(80)
        assert (abs(values) <= 2 * errors).mean() > 0.8
        assert values.min() < 0 and 0.9 < errors.mean() / values.std() < 2, "conservative where both are equal"


def test_a_shift_is_seen_and_few_images_have_no_distance():
    apart = kid.measure(RNG.normal(0.5, 1.0, (300, 6)), RNG.normal(size=(300, 6)))
    assert apart.value > 5 * apart.error > 0
    few = kid.measure(np.zeros((19, 2)), np.zeros((50, 2)))
    assert math.isnan(few.value) and math.isnan(few.error)


def test_it_does_not_depend_on_the_scale_of_the_features_and_not_on_the_number_of_images_as_the_frechet_distance_does():
    real = RNG.integers(0, 256, (4_000, 4, 4), dtype=np.uint8)
    quality = sample_quality.SampleQuality(real[:2_000], None)
    few, many = real[2_000:2_100], real[2_000:]
    assert quality.measure(few).frechet > 3 * quality.measure(many).frechet, "biased upwards"
    for images in (few, many):
        found = quality.kid(images)
        assert abs(found.value) < 3 * found.error
    before = quality.kid(many)
    quality.features = 100 * quality.features
    quality._components.vectors[:] *= 100
    assert quality.kid(many).value == pytest.approx(before.value, rel=1e-6)
