"""Completing hidden pixels, against closed forms and by hand; what a watched search tells of itself."""

import numpy as np
import pytest
import torch
from torch import nn

from core import data
from core.data import statistics
from core.evaluation import inpainting
from core.evaluation.search_trace import TracedSearch, nearest_code, starting_code, trace_encoder
from core.images import masks
from core.images.shape import ImageShape
from core.latent import codec, encoding, sampling
from core.latent import pca as latent_pca
from core.models import AutoDecoder, build, likelihood
from core.models.base import LatentModel
from core.models.vae import VAE
from core.models.variational_auto_decoder import VariationalAutoDecoder
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.system.progress import Steps
from tests.tiny_runs import tiny

BLACK = np.zeros((28, 28), np.uint8)


def linear(family: type[LatentModel] = AutoDecoder, d: int = 4, sigma: float = 0.3) -> LatentModel:
    """x = A z + b + σ ε, with an encoder of noise where the family has one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        decoder = nn.Sequential(nn.Linear(d, 784), nn.Unflatten(1, (1, 28, 28)))
        nn.init.normal_(decoder[0].weight, std=0.05)
        nn.init.constant_(decoder[0].bias, 0.4)
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 2 * d))
    score = likelihood.Gaussian(sigma)
    model = VAE(encoder, decoder, score, d) if family is VAE else family(decoder, score, d)
    return model.eval().requires_grad_(False)


def conditional_mean(model: LatentModel, image: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """E[x | visible pixels] of the joint Gaussian over (visible, hidden), conditioned in pixel space: no latents."""
    a, b = model.decoder[0].weight.double().numpy(), model.decoder[0].bias.double().numpy()
    cov = a @ a.T + model.likelihood.sigma**2 * np.eye(784)
    seen = visible.ravel()
    x = image.ravel() / 255.0
    gain = np.linalg.solve(cov[np.ix_(seen, seen)], x[seen] - b[seen])
    return b[~seen] + cov[np.ix_(~seen, seen)] @ gain


def digits(n: int) -> np.ndarray:
    return data.load("digits").test_images[:n]


def walked(model, image, visible, code=None, **options):
    code = starting_code(model, image, visible, BLACK) if code is None else code
    search = TracedSearch(model, image, visible, code, **options)
    looks = list(search)
    return search.trace(), looks


@pytest.mark.slow
@pytest.mark.parametrize("family", [AutoDecoder, VariationalAutoDecoder, VAE])
def test_a_search_completes_an_image_as_the_closed_form_does(family):
    model, image, visible = linear(family), digits(3)[2], masks.random(0.6, 1)
    found, _ = walked(model, image, visible, steps=1_500, lr=0.03)
    z = torch.from_numpy(found.z[-1:])
    completed = model.decoder(z)[0, 0].numpy()[~visible]
    assert completed == pytest.approx(conditional_mean(model, image, visible), abs=0.01)


def test_what_hidden_pixels_hold_changes_nothing_but_the_error():
    model, image, visible = linear(), digits(1)[0], masks.half("left")
    other = np.where(visible, image, 255 - image).astype(np.uint8)
    one, two = (walked(model, picture, visible)[0] for picture in (image, other))
    assert np.array_equal(one.z, two.z) and np.array_equal(one.objective, two.objective)
    assert one.hidden_mse[-1] != two.hidden_mse[-1]


def test_a_hole_is_filled_with_black_or_with_the_mean_and_the_rest_stays():
    images, visible = data.load("digits"), masks.half("top")
    for name, inside in (("zeros", 0), ("mean", np.rint(255 * statistics.measure(images).mean_image)[:14])):
        fill = inpainting.fill_image(name, images)
        seen = inpainting.fill_holes(images.test_images[:2], visible, fill)
        assert seen.dtype == np.uint8 and np.array_equal(seen[:, 14:], images.test_images[:2, 14:])
        assert (seen[:, :14] == inside).all()
    with pytest.raises(ValueError, match="cannot be filled with 'noise'. The fills are zeros, mean"):
        inpainting.fill_image("noise", images)
    with pytest.raises(ValueError, match="the mean needs the data set"):
        inpainting.fill_image("mean", None)


def test_the_hidden_error_counts_hidden_pixels_only():
    original, picture = np.zeros((2, 28, 28), np.uint8), np.zeros((2, 28, 28), np.uint8)
    visible = np.ones((2, 28, 28), bool)
    visible[0, 0, :4] = False
    picture[0, 0, 0] = 255  # hidden: one of four
    picture[0, 5:, :] = 255  # visible: counts for nothing
    found = inpainting.hidden_mse(picture, original, visible)
    assert found[0] == pytest.approx(0.25) and np.isnan(found[1])
    assert inpainting.pixel_mse(picture, original)[0] == pytest.approx((1 + 23 * 28) / 784)
    assert inpainting.hidden_mse(picture / 255.0, original, visible)[0] == pytest.approx(0.25), "floats alike"


@pytest.mark.parametrize("fill", [BLACK, None])
def test_a_sweep_measures_every_image_at_every_share_and_tells_how_far_it_is(fill):
    model, images = linear(VAE if fill is not None else AutoDecoder), digits(5)
    steps = list(inpainting.sweep_steps(model, images, (0.2, 0.5), fill, steps=30))
    parts = [step.part for step in steps]
    assert parts == sorted(parts) and parts[-1] == 1.0 and parts[0] > 0
    done = {step.p: step.errors for step in steps if step.errors is not None}
    assert list(done) == [0.2, 0.5] and all(errors.shape == (5,) for errors in done.values())
    visible = inpainting.random_masks(0.5, 5, 0)
    if fill is None:
        expected = [
            walked(model, image, seen, steps=30)[0].hidden_mse[-1] for image, seen in zip(images, visible, strict=True)
        ]
    else:
        z = codec.encode(model, inpainting.fill_holes(images, visible, fill))
        shown = codec.decode(model, z)
        expected = inpainting.hidden_mse(shown, images, visible)
    assert done[0.5] == pytest.approx(expected, rel=0.02, abs=1e-4)
    again = inpainting.sweep(model, images, (0.2, 0.5), fill, steps=30)
    assert all(np.array_equal(again[p], done[p]) for p in done)


def test_a_larger_share_hides_the_pixels_of_a_smaller_one_too_and_each_image_its_own():
    small, large = (inpainting.random_masks(p, 4, 3) for p in (0.1, 0.9))
    assert not (large & ~small).any() and (~small).sum((1, 2)).tolist() == [78] * 4
    assert len({mask.tobytes() for mask in small}) == 4
    assert not np.array_equal(small, inpainting.random_masks(0.1, 4, 4)), "the seed matters"


def test_the_search_s_completion_gets_worse_the_more_is_hidden():
    model = linear(sigma=0.5)
    images = codec.decode(model, sampling.prior(20, 4, seed=0))  # pictures it can explain
    found = inpainting.sweep(model, images, (0.1, 0.5, 0.98))
    means = [float(found[p].mean()) for p in (0.1, 0.5, 0.98)]
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize(
    "ratios, fill, words",
    [
        ((0.0,), None, "above 0 and below 1"),
        ((1.0,), None, "above 0"),
        ((0.5,), BLACK, "without an encoder takes no filled images"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(ratios, fill, words):
    with pytest.raises(ValueError, match=words):
        next(inpainting.sweep_steps(linear(), digits(2), ratios, fill))


def test_the_stations_of_a_search_lead_from_its_start_to_what_place_finds():
    model, image = linear(), digits(1)[0]
    start = torch.full((1, 4), 1.5)
    found, looks = walked(model, image, masks.whole(), start, steps=40)
    assert found.z.shape == (len(looks) + 1, 4) and found.pictures.shape == (len(looks) + 1, 28, 28)
    assert np.array_equal(found.z[0], start[0]) and found.ended and found.steps == len(looks)
    placed = encoding.optimise_latents(model, codec.image_tensor(image[None], model), code=start, steps=40, smooth=True)
    assert np.array_equal(found.z[-1], placed.posterior.mean[0])
    assert found.recon[-1] == pytest.approx(float(placed.recon), rel=1e-5)
    assert found.objective == pytest.approx(found.recon + found.beta * found.prior)
    # Each station is priced where it stands, as the search saw it.
    assert found.objective[:-1] == pytest.approx([float(look.objective) for look in looks], rel=1e-4)
    assert found.objective[-1] == found.objective.min() and np.isnan(found.hidden_mse).all()


def test_with_restarts_the_way_shown_is_the_winner_s():
    model, image = build(for_digits(preset("auto-decoder-fast")).with_(hidden=(16,), latent_dim=3)).eval(), digits(1)[0]
    model.requires_grad_(False)
    found, looks = walked(model, image, masks.whole(), steps=20, lr=0.5, restarts=4)
    every = torch.stack([look.codes[:, 0] for look in looks], 1).numpy()
    assert every.shape == (4, 20, 3)
    assert any(np.array_equal(found.z[:-1], way) for way in every)
    assert found.objective[-1] <= found.objective.min() + 1e-4


def test_a_search_that_is_left_has_a_result_and_can_go_on():
    model, image = linear(VariationalAutoDecoder), digits(1)[0]
    search = TracedSearch(model, image, masks.whole(), starting_code(model, image, masks.whole(), BLACK), steps=30)
    for look in search:
        if look.step == 7:
            break
    half = search.trace()
    assert not half.ended and half.steps == 7 and half.z.shape == (7, 4)
    assert len(list(search)) == 23 and search.trace().ended and search.trace().steps == 30
    whole, _ = walked(model, image, masks.whole(), steps=30)
    assert np.array_equal(search.trace().z, whole.z), "as if it had never been left"


def test_the_encoder_s_answer_and_the_start_of_its_refinement_are_one():
    model, image, visible = linear(VAE), digits(1)[0], masks.half("right")
    fill = inpainting.fill_image("mean", data.load("digits"))
    once = trace_encoder(model, image, visible, fill)
    refined, _ = walked(model, image, visible, starting_code(model, image, visible, fill), steps=60)
    assert once.steps == 0 and once.z.shape == (1, 4) and once.logvar.shape == (4,)
    assert np.allclose(once.z[0], refined.z[0]) and once.objective[0] == pytest.approx(refined.objective[0], rel=1e-5)
    assert refined.objective[-1] < once.objective[0] - 1, "the amortisation gap of an untrained encoder is large"
    seen = inpainting.fill_holes(image[None], visible, fill)
    assert np.allclose(once.z, codec.encode(model, seen), atol=1e-6)


def test_the_price_of_a_posterior_is_the_closed_form_elbo():
    model, image, visible = linear(VariationalAutoDecoder), digits(1)[0], masks.random(0.3, 0)
    found, _ = walked(model, image, visible, steps=80)
    a, b = model.decoder[0].weight.double().numpy(), model.decoder[0].bias.double().numpy()
    seen, s2 = visible.ravel(), model.likelihood.sigma**2
    mu, var = found.z[-1].astype(float), np.exp(found.logvar.astype(float))
    squared = ((image.ravel() / 255.0 - a @ mu - b)[seen] ** 2).sum() + (a[seen] ** 2 * var).sum()
    recon = squared / (2 * s2) + seen.sum() * 0.5 * np.log(2 * np.pi * s2)
    kl = 0.5 * (mu**2 + var - 1 - np.log(var)).sum()
    assert found.prior[-1] == pytest.approx(kl, rel=1e-4)
    assert found.recon[-1] == pytest.approx(recon, abs=1), "32 draws of ε, in pairs"


@pytest.mark.parametrize("family", [VariationalAutoDecoder, VAE])
def test_the_result_is_the_lowest_of_the_curve_also_for_a_posterior(family):
    model, image = linear(family), digits(1)[0]
    found, looks = walked(model, image, masks.whole(), steps=25, lr=0.5)
    assert found.ended and len(found.objective) == len(looks) + 1
    assert found.objective[-1] == found.objective.min()
    best = int(found.objective.argmin())
    assert np.array_equal(found.z[-1], found.z[best]) and np.array_equal(found.pictures[-1], found.pictures[best])


def test_the_importance_weighted_bound_lies_between_the_exact_likelihood_and_the_elbo():
    model, image, visible = linear(VariationalAutoDecoder), digits(1)[0], masks.random(0.3, 0)
    found, _ = walked(model, image, visible, steps=200, lr=0.05)
    a, b = model.decoder[0].weight.double().numpy(), model.decoder[0].bias.double().numpy()
    seen = visible.ravel()
    away, cov = (
        (image.ravel() / 255.0 - b)[seen],
        (a @ a.T + model.likelihood.sigma**2 * np.eye(784))[np.ix_(seen, seen)],
    )
    exact = 0.5 * (away @ np.linalg.solve(cov, away) + np.linalg.slogdet(2 * np.pi * cov)[1])
    assert exact - 0.3 < found.bound < found.negative_elbo[-1]
    assert found.negative_elbo == pytest.approx(found.recon + found.prior)
    assert np.isnan(walked(linear(), image, visible, steps=3)[0].bound), "points have no density to weigh"


def test_the_bound_is_the_elbo_where_q_is_exact_and_never_above_it():
    model, image = linear(VAE), digits(1)[0]
    a, s2 = model.decoder[0].weight, model.likelihood.sigma**2
    a.copy_(0.7 * torch.linalg.qr(a)[0])  # the posterior of orthogonal columns is diagonal, as q is
    b = model.decoder[0].bias.double().numpy()
    var = 1 / (1 + 0.7**2 / s2)
    model.encoder[1].weight.copy_(torch.cat([var / s2 * a.T, torch.zeros_like(a.T)]))
    model.encoder[1].bias.copy_(torch.cat([-var / s2 * (a.T @ model.decoder[0].bias), torch.full((4,), np.log(var))]))
    columns = a.double().numpy()
    for picture in digits(10):
        found = trace_encoder(model, picture, masks.whole(), BLACK)
        away = picture.ravel() / 255.0 - b
        inverse = (np.eye(784) - columns @ columns.T / (s2 + 0.7**2)) / s2  # Woodbury
        exact = 0.5 * (away @ inverse @ away + 780 * np.log(s2) + 4 * np.log(s2 + 0.7**2) + 784 * np.log(2 * np.pi))
        assert found.bound <= found.negative_elbo[-1]
        assert found.negative_elbo[-1] - found.bound < 0.01 and found.bound == pytest.approx(exact, abs=0.5)
    worse = trace_encoder(linear(VAE), image, masks.whole(), BLACK)
    assert worse.bound < worse.negative_elbo[-1] - 1


def test_encoder_and_search_are_timed_warm_and_with_the_decoding():
    model, image = linear(VAE), digits(1)[0]
    real, decoded = model.decode, []
    threads, used = torch.get_num_threads(), set()
    model.decode = lambda z: decoded.append(len(z)) or used.add(torch.get_num_threads()) or real(z)
    once = trace_encoder(model, image, masks.whole(), BLACK)
    encoded = decoded.count(1)
    assert used == {1} and torch.get_num_threads() == threads, "one thread, as in the process of the searches"
    found, _ = walked(model, image, masks.whole(), steps=10)
    assert encoded > 3 and decoded.count(1) - encoded > 3, "both decode several times for the median"
    assert 0 < once.seconds < found.seconds


def test_the_nearest_training_image_s_row_is_the_start_judged_by_visible_pixels_alone():
    model, images = linear(), data.load("digits").train_images[:9]
    model.table = torch.arange(36.0).view(9, 4)
    visible = masks.half("left")
    image = np.where(visible, images[6], 255 - images[6]).astype(np.uint8)
    assert torch.equal(nearest_code(model, image, visible, images), model.table[6:7])
    assert torch.equal(starting_code(model, image, visible, BLACK, "nearest", images), model.table[6:7])
    for wrong in (None, images[:5]):
        with pytest.raises(ValueError, match="training images of this model are missing"):
            nearest_code(model, image, visible, wrong)


def test_zero_is_the_middle_of_the_prior_with_the_width_of_the_guess():
    model, image = linear(VariationalAutoDecoder), digits(1)[0]
    model.ridge_weight.normal_(generator=torch.Generator().manual_seed(0))
    model.ridge_bias.fill_(-3.0)
    guess, zero = (starting_code(model, image, masks.whole(), BLACK, start) for start in ("guess", "zero"))
    assert (zero[:, :4] == 0).all() and torch.equal(zero[:, 4:], guess[:, 4:]) and (guess[:, :4] != 0).all()
    with pytest.raises(ValueError, match="no start 'noise'"):
        starting_code(model, image, masks.whole(), BLACK, "noise")


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 3)])
def test_interpolation_is_exact_for_a_ramp_and_keeps_what_is_visible(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    ramp = 10 * rows + 7 * columns
    image = (ramp if len(shape) == 2 else np.stack([ramp, 170 - ramp, 2 * rows + 3 * columns], 2)).astype(np.uint8)
    visible = masks.random(0.6, 3, ImageShape(1, 9, 11))
    visible[[0, 0, -1, -1], [0, -1, 0, -1]] = True  # the corners: all others lie between visible pixels
    found = inpainting.interpolated(image, visible)
    assert found.shape == shape and np.abs(found * 255 - image).max() < 1e-6, "a plane through three points is the ramp"
    few = np.zeros(shape[:2], bool)
    assert not inpainting.interpolated(image, few).any()
    few[2, 3:5] = True  # two pixels span no triangle: the nearest one counts
    near = inpainting.interpolated(image, few)
    assert np.allclose(near[0, 0] * 255, image[2, 3]) and np.allclose(near[8, 10] * 255, image[2, 4])


@pytest.mark.slow
def test_the_baseline_hides_what_a_sweep_hides():
    test = digits(3)
    found = Steps(inpainting.baseline_steps(test, (0.5, 0.9), seed=2)).end()
    for p in (0.5, 0.9):
        visible = inpainting.random_masks(p, 3, 2)
        expected = [
            ((inpainting.interpolated(x, seen) - x / 255.0)[~seen] ** 2).mean()
            for x, seen in zip(test, visible, strict=True)
        ]
        assert found[p] == pytest.approx(expected)
    assert found[0.5].mean() < found[0.9].mean()


def test_the_plane_of_a_path_is_that_of_scikit_learn_s_pca():
    from sklearn.decomposition import PCA

    z = np.random.default_rng(0).normal(size=(200, 5)) * [3, 1, 2, 0.5, 0.1] + 7
    axes, _, share = latent_pca.principal_directions(np.cov(z.T))
    pca = PCA(2).fit(z)
    points = latent_pca.project(z, z.mean(0), axes)
    assert np.abs(points) == pytest.approx(np.abs(pca.transform(z)), abs=1e-4)
    assert share == pytest.approx(pca.explained_variance_ratio_.sum())
    one, _, whole = latent_pca.principal_directions(np.eye(1))
    assert (
        one.shape == (1, 2)
        and one[0, 1] == 0
        and whole == 1
        and latent_pca.principal_directions(np.zeros((3, 3)))[2] == 0
    )


def test_errors_of_pictures_in_colour_are_means_over_pixels_and_channels():
    rng = np.random.default_rng(0)
    originals, pictures = rng.integers(0, 256, (2, 3, 5, 6, 3), dtype=np.uint8)
    visible = rng.random((3, 5, 6)) < 0.5
    visible[2] = True
    squares = (pictures / 255 - originals / 255) ** 2
    assert inpainting.pixel_mse(pictures, originals) == pytest.approx([x.mean() for x in squares])
    found = inpainting.hidden_mse(pictures / 255, originals, visible)
    assert found[:2] == pytest.approx([squares[k][~visible[k]].mean() for k in range(2)]) and np.isnan(found[2])
    filled = inpainting.fill_holes(originals, visible, pictures[0])
    assert np.array_equal(filled[0][visible[0]], originals[0][visible[0]])
    assert np.array_equal(filled[1][~visible[1]], pictures[0][~visible[1]])


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 20, 36)])
@pytest.mark.parametrize("name", ["plane-vae", "auto-decoder"])
def test_holes_in_images_of_any_shape_are_filled_and_searched(name, shape):
    images = data.load("digits", shape=ImageShape(*shape))
    recipe = for_digits(preset(name)).with_(image_shape=shape, network="mlp", hidden=(8,), dataset="digits")
    model = build(recipe).eval()
    test = images.test_images[:3]
    errors = inpainting.sweep(model, test, ratios=(0.3, 0.6), steps=4)
    assert all(errors[p].shape == (3,) and np.isfinite(errors[p]).all() for p in (0.3, 0.6))
    if model.encoder is not None:
        fill = inpainting.fill_image("mean", images)
        assert fill.shape == images.shape.picture
        assert np.isfinite(inpainting.sweep(model, test, ratios=(0.5,), fill=fill)[0.5]).all()
    visible = masks.half("left", images.shape)
    found, _ = walked(model, test[0], visible, steps=3, code=torch.zeros(1, model.code_dim))
    assert found.pictures.shape == (4, *images.shape.picture)
    assert found.mse[-1] == pytest.approx(np.square(found.pictures[-1] / 255 - test[0] / 255).mean(), abs=4e-3)


def test_the_nearest_training_image_is_found_by_its_visible_pixels_in_colour():
    model = AutoDecoder(nn.Identity(), likelihood.SquaredError(), 2, ImageShape(3, 8, 8))
    rng = np.random.default_rng(0)
    training = rng.integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    model.table = torch.arange(14.0).view(7, 2)
    visible = rng.random((8, 8)) < 0.5
    image = training[4].copy()
    image[~visible] = 0
    assert nearest_code(model, image, visible, training).tolist() == [[8.0, 9.0]]


@pytest.mark.parametrize("label", [3, -1])
def test_a_model_that_is_told_the_class_gets_the_image_s_own_where_it_is_known(label):
    """−1: the class that explains the image best. A search that begins there keeps it."""
    torch.manual_seed(0)
    model = build(tiny("cvae")).eval().requires_grad_(False)
    image = digits(1)[0]
    best = int(model.best_class(codec.image_tensor(image[None], model)))
    wanted = best if label == -1 else label
    assert best != 3
    once = trace_encoder(model, image, masks.whole(), BLACK, label)
    refined, _ = walked(model, image, masks.whole(), starting_code(model, image, masks.whole(), BLACK, label=label))
    for trace in (once, refined):
        assert (trace.z[:, 2:] == np.eye(10)[wanted]).all()
    own = model.encode_as(codec.image_tensor(image[None], model), torch.tensor([wanted])).mean[0, :2].numpy()
    np.testing.assert_allclose(once.z[-1, :2], own, rtol=1e-5)
