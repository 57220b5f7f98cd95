"""Planes through a latent space, against closed forms and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core.latent import axes as latent_axes
from core.latent import planes
from core.models import build
from core.recipes.presets import preset

RNG = np.random.default_rng(0)


def model_of(preset_name: str, points: np.ndarray):
    """An untrained model whose latent statistics are those of `points` [N, d]."""
    model = build(preset(preset_name).with_(hidden=(8,), latent_dim=points.shape[1])).eval()
    model.latent_mean.copy_(torch.from_numpy(points.mean(0)))
    model.latent_cov.copy_(torch.from_numpy(np.cov(points.T)))
    return model


@pytest.fixture
def points():
    """300 points whose main directions are no axes."""
    return RNG.normal(size=(300, 5)) * [3, 2, 0.5, 0.2, 0.1] @ np.linalg.qr(RNG.normal(size=(5, 5)))[0] + 2


@pytest.mark.parametrize("preset_name", ["mlp-vae", "deep-ae", "auto-decoder-fast"])
def test_principal_directions_are_scikit_learns(points, preset_name):
    model = model_of(preset_name, points)
    axes = latent_axes.axes(model)
    pair, pca = planes.principal_plane(model, axes), PCA(2).fit(points)
    for k in range(2):
        along = pair.directions[k] * axes.scale
        wanted = pca.components_[k] * (1 if model.has_prior else np.sqrt(pca.explained_variance_[k]))
        assert np.allclose(along, wanted, atol=1e-4) or np.allclose(along, -wanted, atol=1e-4)
    found = pair.coordinates(axes.to_sigma_units(points))
    if model.has_prior:
        assert np.allclose(np.abs(found - points @ pair.directions.T), 0, atol=1e-3), "in units of the prior, from zero"
    else:
        assert np.allclose(found.mean(0), 0, atol=1e-4) and np.allclose(found.std(0, ddof=1), 1, atol=1e-4)


def test_the_share_of_the_variance_is_scikit_learns(points):
    wanted = PCA(2).fit(points).explained_variance_ratio_.sum()
    assert planes.principal_share(model_of("mlp-vae", points)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("preset_name", ["mlp-vae", "deep-ae"])
def test_directions_do_not_disturb_each_other(points, preset_name):
    model = model_of(preset_name, points)
    for pair in (planes.principal_plane(model, latent_axes.axes(model)), planes.dimension_plane(3, 1, 5)):
        assert np.allclose(pair.directions @ pair.dual.T, np.eye(2), atol=1e-5)


def test_a_plane_goes_through_its_point_and_leaves_what_lies_across(points):
    model = model_of("deep-ae", points)
    pair, u = planes.principal_plane(model, latent_axes.axes(model)), RNG.normal(size=5).astype(np.float32)
    grid = pair.grid(u, 3, 7)
    assert np.allclose(pair.coordinates(grid)[[0, 6, -1]], [[-3, 3], [3, 3], [3, -3]], atol=1e-5), "as a text is read"
    away = grid - u - (pair.coordinates(grid) - pair.coordinates(u[None])) @ pair.directions
    assert np.allclose(away, 0, atol=1e-5)


def test_a_plane_has_its_corners_where_a_reader_expects_them():
    grid = planes.dimension_plane(0, 2, 3).grid(np.array([9.0, 8.0, 7.0]), 3, 5).reshape(5, 5, 3)
    assert np.array_equal(grid[0, 0], [-3, 8, 3]) and np.array_equal(grid[0, -1], [3, 8, 3])
    assert np.array_equal(grid[-1, 0], [-3, 8, -3]) and np.array_equal(grid[-1, -1], [3, 8, -3])
    assert np.array_equal(grid[2, 2], [0, 8, 0])


def test_a_window_holds_the_circles_and_nearly_all_points():
    z = RNG.normal(size=(2_000, 2)) * [4, 1] + [6, 0]
    centre, half = planes.window(z)
    inside = (np.abs(z - centre) <= half + 1e-9).all(1)
    assert inside.mean() >= 0.99 and inside.mean() < 1
    assert (centre - half <= -3 + 1e-9).all() and (centre + half >= 3 - 1e-9).all()


@pytest.mark.parametrize("z", [np.zeros((0, 2)), RNG.normal(size=(500, 2)) * 0.4])
def test_a_window_is_never_smaller_than_the_prior(z):
    centre, half = planes.window(z)
    assert np.allclose(centre, 0) and half == 3


def test_a_lattice_is_read_from_the_top_left():
    grid = planes.lattice(np.array([1.0, -2.0]), 4, 3)
    assert grid[0].tolist() == [-3, 2] and grid[4].tolist() == [1, -2] and grid[-1].tolist() == [5, -6]


def test_coverage_counts_sure_pictures_and_the_classes_that_are_no_accident():
    p = np.full((1_000, 4), 0.05)
    p[:, 3] = 0.85  # sure of nothing
    assert planes.coverage(p) == planes.Coverage(0.0, 0, 4, 1_000)
    p[:600] = [0.97, 0.01, 0.01, 0.01]
    p[600:610] = [0.01, 0.97, 0.01, 0.01]
    p[610:619] = [0.01, 0.01, 0.97, 0.01]  # nine of a thousand: an accident
    assert planes.coverage(p) == planes.Coverage(0.619, 2, 4, 1_000)
