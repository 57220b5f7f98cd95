"""Directions of a latent space: against scikit-learn's PCA, a toy whose true direction is known, and by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core.latent import directions, pca
from core.latent.axes import Axes


def axes_of(d: int, seed: int = 1, extra: int = 0) -> Axes:
    """Axes with a centre and a scale of their own in each dimension; `extra`: class weights behind them."""
    rng = np.random.default_rng(seed)
    centre = np.pad(rng.normal(size=d), (0, extra))
    scale = np.pad(rng.uniform(0.5, 2, d), (0, extra), constant_values=1.0)
    return Axes(centre.astype(np.float32), scale.astype(np.float32), np.ones(d), np.arange(d), np.zeros(d, bool))


def model_of(z: np.ndarray, extra: int = 0) -> SimpleNamespace:
    """A model that has seen these latents."""
    mean, cov = pca.moments(z)
    return SimpleNamespace(
        latent_mean=torch.tensor(np.pad(mean, (0, extra))),
        latent_cov=torch.tensor(np.pad(cov, ((0, extra), (0, extra)))),
    )


def latents(n: int = 400, d: int = 6) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)) * [5, 3, 2, 1, 0.5, 0.02][:d] @ np.linalg.qr(rng.normal(size=(d, d)))[0] + 2.0


def test_principal_coordinates_are_the_whitened_ones_of_scikit_learn():
    z, axes = latents(), axes_of(6)
    found = directions.principal(model_of(z), axes)
    oracle = PCA(6, svd_solver="full", whiten=True).fit(z)
    kept = len(found.directions)
    assert kept == 5, "the sixth has a hundred-thousandth of the variance"
    assert found.shares == pytest.approx(oracle.explained_variance_ratio_[:kept])
    coordinates = found.directions.coordinates(axes.to_sigma_units(z))
    assert np.abs(coordinates) == pytest.approx(np.abs(oracle.transform(z)[:, :kept]), abs=1e-4)


def test_the_sign_of_a_principal_direction_is_that_of_its_largest_weight_whichever_the_solver_gives():
    z, axes = latents(), axes_of(6)
    one = directions.principal(model_of(z), axes)
    other = directions.principal(model_of(-z + 2 * z.mean(0)), axes)  # the same covariance, all points mirrored
    assert one.directions.vectors == pytest.approx(other.directions.vectors)
    units = one.directions.vectors * axes.scale
    assert (units[np.arange(len(units)), np.abs(units).argmax(1)] > 0).all()


def test_a_step_along_a_principal_direction_keeps_all_other_coordinates():
    axes = axes_of(6)
    found = directions.principal(model_of(latents()), axes).directions
    assert found.dual @ found.vectors.T == pytest.approx(np.eye(len(found)), abs=1e-9)
    point = np.linspace(-1, 1, 6)
    sweep = found.coordinates(found.sweeps(point, np.array([2]), -3, 3, 7))
    expected = np.tile(found.coordinates(point), (7, 1))
    expected[:, 2] = np.linspace(-3, 3, 7)
    assert sweep == pytest.approx(expected, abs=1e-5)


def test_what_is_perpendicular_to_all_directions_stays():
    axes = axes_of(6)
    found = directions.principal(model_of(latents()), axes, most=2).directions
    point = np.linspace(-1, 1, 6)
    moved = found.sweeps(point, np.array([0]), 1.5, 1.5, 1)[0]
    units = found.vectors * axes.scale
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    step = (moved - point) * axes.scale  # in units of z, where directions are perpendicular
    assert step - (step @ units[0]) * units[0] == pytest.approx(np.zeros(6), abs=1e-5)


def test_class_weights_are_not_moved():
    found = directions.principal(model_of(latents(), extra=3), axes_of(6, extra=3)).directions
    assert found.vectors.shape == (5, 9) and not found.vectors[:, 6:].any() and not found.dual[:, 6:].any()


def test_latents_that_do_not_vary_have_no_principal_direction():
    assert len(directions.principal(model_of(np.ones((5, 3))), axes_of(3)).directions) == 0


def test_the_direction_between_two_groups_of_a_linear_toy_is_the_known_one():
    """z = t · v + noise, where t is 0 in group A and 2 in group B: the direction is v."""
    rng = np.random.default_rng(3)
    v = np.array([3.0, -4.0, 0.0, 0.0]) / 5
    noise = rng.normal(size=(20_000, 4)) * [0.5, 0.5, 1.0, 2.0]
    a, b = noise[:10_000] + 1.0, noise[10_000:] + 1.0 + 2.0 * v
    cov = np.cov(np.concatenate([a, b]), rowvar=False)
    found = directions.attribute(a, b, cov)
    assert found is not None and found.unit @ v == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(found.unit) == pytest.approx(1)
    spread = np.concatenate([a, b]) @ found.unit
    assert found.sigma == pytest.approx(spread.std(ddof=1))
    assert found.length == pytest.approx(2 / np.sqrt(0.25 + 1), rel=0.02), "of a variance 0.25 within, 1 between"
    ends = directions.attributes([found], axes := axes_of(4)).coordinates(
        axes.to_sigma_units(np.stack([a.mean(0), b.mean(0)]))
    )
    assert ends[:, 0] == pytest.approx([-found.length / 2, found.length / 2], abs=1e-4), "0 is half-way"


def test_attributes_that_are_not_perpendicular_move_each_other_by_what_they_have_in_common():
    cov = np.eye(2)
    along = directions.attribute(np.zeros((1, 2)), np.array([[2.0, 0.0]]), cov)
    oblique = directions.attribute(np.zeros((1, 2)), np.array([[1.0, 1.0]]), cov)
    assert along is not None and oblique is not None
    unit = Axes(np.zeros(2), np.ones(2), np.ones(2), np.arange(2), np.zeros(2, bool))
    found = directions.attributes([along, oblique], unit)
    before = found.coordinates(np.zeros(2))
    after = found.coordinates(np.zeros(2) + found.vectors[0])
    assert after - before == pytest.approx([1, np.sqrt(0.5)])


def test_groups_with_the_same_mean_have_no_direction():
    z = np.random.default_rng(0).normal(size=(8, 3))
    assert directions.attribute(z, z[::-1], np.eye(3)) is None
    assert directions.attribute(z, z[:0], np.eye(3)) is None
