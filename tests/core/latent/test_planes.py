"""Planes through a latent space, against closed forms and scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.stats import gaussian_kde
from sklearn.decomposition import PCA

from core import data
from core.latent import axes as latent_axes
from core.latent import planes
from core.models import build
from core.recipes.adaptation import for_digits
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


def cells_of(centre, half, n):
    """Middles of the cells of a window, [n, n, 2], from the top left."""
    along = (np.arange(n) + 0.5) / n * 2 * half - half
    return np.stack(np.meshgrid(centre[0] + along, centre[1] - along), axis=2)


def test_a_density_is_scipys_kernel_estimate():
    z = RNG.normal(size=(1_500, 2)) * [1.0, 1.4] + [0.5, -1]
    centre, half = np.array([0.0, 0.5]), 6.0
    found = planes.density(z, np.zeros(len(z), int), centre, half)
    wanted = gaussian_kde(z.T)(cells_of(centre, half, planes.DENSITY_SIDE).reshape(-1, 2).T).reshape(
        found.values[0].shape
    )
    assert np.abs(found.values[0] / 255 - wanted / wanted.max()).max() < 0.08


def test_the_contour_of_a_class_holds_its_share_and_classes_do_not_disturb_each_other():
    first, second = RNG.normal(size=(900, 2)), RNG.normal(size=(300, 2)) * 0.3 + [2, 2]
    z, labels = np.concatenate([first, second]), np.repeat([3, -1], [900, 300])
    found = planes.density(z, labels, np.zeros(2), 5.0)
    assert found.labels.tolist() == [-1, 3] and found.values.max((1, 2)).tolist() == [255, 255]
    alone = planes.density(first, np.full(900, 3), np.zeros(2), 5.0)
    assert np.array_equal(alone.values[0], found.values[1])
    cell = np.clip(((first * [1, -1] + 5) / 10 * planes.DENSITY_SIDE).astype(int), 0, planes.DENSITY_SIDE - 1)
    held = (alone.values[0][cell[:, 1], cell[:, 0]] >= alone.levels[0]).mean()
    assert planes.HELD <= held < planes.HELD + 0.03


def test_points_outside_the_window_have_no_density():
    assert len(planes.density(np.full((5, 2), 9.0), np.zeros(5, int), np.zeros(2), 3.0).labels) == 0


def test_regions_are_the_most_probable_classes_and_each_large_one_is_named_inside_itself():
    n = 20
    p = np.zeros((n, n, 3))
    p[..., 0], p[:, 12:, 1], p[3, 3, 2] = 0.6, 0.9, 1.0
    found = planes.regions(p.reshape(-1, 3), n)
    assert np.array_equal(found.labels, p.argmax(2)) and np.array_equal(found.sure, np.rint(255 * p.max(2)))
    assert sorted(found.names[:, 0]) == [0, 1], "a single cell has no room for a name"
    for label, row, column in found.names:
        around = found.labels[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        assert (around == label).all(), "in the middle of its region"


def test_models_trained_on_different_parts_of_a_set_show_mostly_the_same_images():
    images = data.load("digits")
    recipes = [for_digits(preset("plane-vae")).with_(hidden=(8,), validation=held) for held in (100, 300)]
    found = [planes.places(build(recipe).eval(), recipe, images, 200) for recipe in recipes]
    shared = np.intersect1d(found[0].index, found[1].index)
    assert len(shared) >= 150 and all(len(set(places.index)) == 200 for places in found)
    for recipe, places in zip(recipes, found, strict=True):
        trained, _ = data.split(images, recipe.validation, recipe.train_images)
        assert set(places.index) <= set(trained)


@pytest.mark.parametrize("preset_name", ["plane-vae", "plane-ae"])
def test_places_are_the_posteriors_of_the_encoder(preset_name):
    images, recipe = data.load("digits"), for_digits(preset(preset_name)).with_(hidden=(8,))
    model = build(recipe).eval()
    found = planes.places(model, recipe, images, 30)
    with torch.no_grad():
        wanted = model.encode(torch.from_numpy(images.train_images[found.index][:, None] / np.float32(255)))
    assert np.allclose(found.mean, wanted.mean, atol=1e-5)
    assert (found.sigma is None) == (wanted.logvar is None)
    if found.sigma is not None:
        assert np.allclose(found.sigma, (0.5 * wanted.logvar).exp(), atol=1e-5) and found.draws.shape == (30, 2)
