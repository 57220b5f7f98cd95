"""The ways between two images, against closed forms and against scipy-free oracles."""

import numpy as np
import pytest
import torch

from core.latent import codec, interpolation, sampling, walks
from core.models import build
from core.recipes.presets import preset

RNG = np.random.default_rng(0)


@pytest.fixture(params=["mlp-vae", "deep-ae", "conv-vae", "auto-decoder-fast", "variational-auto-decoder-fast"])
def model(request):
    torch.manual_seed(0)
    recipe = preset(request.param).with_(hidden=(16,), channels=(4, 8), latent_dim=5)
    return build(recipe).eval().requires_grad_(False)


def pictures(n: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, 28, 28), dtype=np.uint8)


def test_the_ends_are_the_decoded_means_to_the_last_bit(model):
    images = pictures(2)
    a, b = (interpolation.encode_endpoint(model, image) for image in images)
    found = interpolation.paths(model, a, b, 33)
    for name in ("lerp", "slerp"):
        for k, image in ((0, images[0]), (-1, images[1])):
            mean = codec.encode(model, image[None])
            assert np.array_equal(found[name].z[k], mean[0])
            assert np.array_equal(found[name].images[k], codec.decode(model, mean)[0])


def test_the_blend_begins_and_ends_with_the_originals_and_its_middle_is_their_mean(model):
    images = pictures(2)
    a, b = (interpolation.encode_endpoint(model, image) for image in images)
    blend = interpolation.paths(model, a, b, 5)["blend"]
    assert np.array_equal(blend.images[0], images[0]) and np.array_equal(blend.images[-1], images[1])
    assert np.abs(blend.images[2] - images.astype(float).mean(0)).max() <= 0.5
    assert np.allclose(blend.z, codec.encode(model, blend.images))


def test_places_that_are_known_are_not_looked_for_again(model):
    a, b = (interpolation.encode_endpoint(model, image) for image in pictures(2))
    known = RNG.normal(size=(5, 5)).astype(np.float32)
    assert np.array_equal(interpolation.paths(model, a, b, 5, lambda images: known)["blend"].z, known)


def test_every_frame_is_the_picture_of_its_own_point(model):
    a, b = (interpolation.encode_endpoint(model, image) for image in pictures(2))
    for name, way in interpolation.paths(model, a, b, 9).items():
        if name != "blend":
            again = np.stack([codec.decode(model, z[None])[0] for z in way.z])
            assert np.abs(again.astype(int) - way.images).max() <= 1


def test_a_model_that_is_told_the_class_moves_in_style_in_class_or_in_both():
    model = build(preset("cvae").with_(dataset="digits", hidden=(16,), latent_dim=5)).eval().requires_grad_(False)
    a, b = (interpolation.Endpoint(image, z) for image, z in zip(pictures(2), sampling.draws(model, 2, 3), strict=True))
    a.z[5:], b.z[5:] = np.eye(10)[[2, 8]]
    for moves, style, label in (("both", b.z[:5], b.z[5:]), ("style", b.z[:5], a.z[5:]), ("class", a.z[:5], b.z[5:])):
        found = interpolation.paths(model, a, b, 5, moves=moves)
        for name, walk in (("lerp", walks.lerp), ("slerp", walks.slerp)):
            t = np.linspace(0, 1, 5)
            np.testing.assert_allclose(found[name].z[:, :5], walk(a.z[:5], style, t), atol=1e-6)
            np.testing.assert_allclose(found[name].z[2, 5:], (a.z[5:] + label) / 2, atol=1e-6)
            assert np.array_equal(found[name].z[-1], np.concatenate([style, label]))


def test_the_square_has_its_corners_in_reading_order_and_lines_for_edges():
    corners = RNG.normal(size=(4, 3)).astype(np.float32)
    points = interpolation.corner_grid(corners, 5).reshape(5, 5, 3)
    assert np.array_equal(points[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    assert np.allclose(points[2, 2], corners.mean(0), atol=1e-6)
    for edge, (i, j) in ((points[0], (0, 1)), (points[:, -1], (1, 3)), (points[-1], (2, 3))):
        assert np.allclose(edge, walks.lerp(corners[i], corners[j], np.linspace(0, 1, 5)), atol=1e-6)


def test_a_generated_end_is_the_picture_of_its_own_draw(model):
    end = interpolation.sample_endpoint(model, 7)
    z = sampling.sample_latents(model, sampling.prior(1, 5, 7))
    assert np.array_equal(end.z, z[0]) and np.array_equal(end.image, codec.decode(model, z)[0])


def test_nearest_distances_equal_brute_force():
    z, latents = RNG.normal(size=(300, 6)), RNG.normal(size=(40, 6))
    every = np.linalg.norm(z[:, None] - latents[None], axis=2)
    assert np.allclose(interpolation.nearest_distance(z, latents), every.min(1))
    assert np.allclose(interpolation.nearest_distance(latents, latents), 0, atol=1e-6)
    among = np.linalg.norm(latents[:, None] - latents[None], axis=2) + np.diag(np.full(40, np.inf))
    assert np.allclose(interpolation.nearest_distance(latents, latents, skip_self=True), among.min(1))


def test_log_priors_equal_torchs_normal():
    z = RNG.normal(size=(20, 4)).astype(np.float32)
    wanted = torch.distributions.Normal(0.0, 1.0).log_prob(torch.from_numpy(z)).sum(1)
    assert np.allclose(interpolation.log_priors(z), wanted.numpy(), atol=1e-5)


def test_distances_in_sigmas_solve_the_covariance_and_leave_out_collapsed_directions():
    root = RNG.normal(size=(4, 4))
    cov, mean, z = root @ root.T, RNG.normal(size=4), RNG.normal(size=(9, 4))
    found, count = interpolation.mahalanobis(z, mean, cov)
    away = z - mean
    assert count == 4 and np.allclose(found, np.sqrt((away * np.linalg.solve(cov, away.T).T).sum(1)))
    flat, count = interpolation.mahalanobis(z, np.zeros(4), np.diag([1.0, 4.0, 0.0, 0.0]))
    assert count == 2 and np.allclose(flat, np.hypot(z[:, 0], z[:, 1] / 2))


def test_angles_are_in_degrees():
    assert interpolation.angle([1, 0], [0, 2]) == pytest.approx(90)
    assert interpolation.angle([1, 0], [-3, 0]) == pytest.approx(180)
    assert np.isnan(interpolation.angle([0, 0], [1, 0]))


def test_an_analogy_leads_from_c_to_a_minus_b_plus_c_and_keeps_what_is_not_computed_with():
    a, b, c = np.array([[1.0, 5.0, 1.0], [0.0, 2.0, 0.0], [2.0, -1.0, 0.5]])
    assert walks.analogy(a, b, c, np.array([0.0, 0.5, 1.0])).tolist() == [[2, -1, 0.5], [2.5, 0.5, 1], [3, 2, 1.5]]
    assert walks.analogy(a, b, c, np.array([1.0]), d=2).tolist() == [[3, 2, 0.5]]
