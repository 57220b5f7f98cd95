"""The computations behind the questions, against closed forms and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core import data
from core.gan import questions
from core.gan.questions import QUESTIONS
from tests.tiny_gans import gan, gan_recipe


def test_every_question_has_two_to_four_choices_a_right_one_and_a_reply_to_each():
    assert len({q.key for q in QUESTIONS}) == len(QUESTIONS) == 5
    for question in QUESTIONS:
        assert 2 <= len(question.choices) <= 4 and 0 <= question.right < len(question.choices)
        for k, (text, reply) in enumerate(question.choices):
            assert text and reply.startswith("Yes") == (k == question.right), reply


@pytest.mark.parametrize("mu, sigma", [(0.5, 1.0), (2.0, 0.5), (-1.0, 2.0)])
def test_both_estimates_have_the_mean_and_the_variance_of_the_closed_form(mu, sigma):
    """E (z − 3)² = (μ − 3)² + σ²: its gradient is 2a with a = μ − 3. One draw's variance is 4σ² through z, and with the
    mean loss as baseline a⁴/σ² + 14a² + 15σ² − b(a² + 5σ²)/σ², b = a² + σ², by the score function."""
    n, mean = 200_000, torch.tensor([mu], dtype=torch.float64)
    logvar = torch.tensor([2 * np.log(sigma)], dtype=torch.float64)
    path, score = questions.gradients(lambda z: (z[:, 0] - 3).square(), mean, logvar, n, 0)
    a, b = mu - 3, (mu - 3) ** 2 + sigma**2
    wide = a**4 / sigma**2 + 14 * a**2 + 15 * sigma**2 - b * (a**2 + 5 * sigma**2) / sigma**2
    for found, variance in ((path[:, 0], 4 * sigma**2), (score[:, 0], wide)):
        assert found.mean() == pytest.approx(2 * a, abs=5 * (variance / n) ** 0.5)
        assert found.var() == pytest.approx(variance, rel=0.05)


def test_the_estimates_of_an_image_agree_with_the_slope_of_its_loss():
    """Both means against a difference quotient of the mean loss over the same noise."""
    model, image = gan(gan_recipe()), data.load("digits").test_images[0]
    path, score, dim = questions.gradients_for_image(model, image, 4_000)
    x = torch.tensor(image)[None, None] / 255
    with torch.no_grad():
        where = model.encode(x)
        noise = torch.randn(4_000, model.latent_dim, generator=torch.Generator().manual_seed(0))

        def loss(shift: float) -> float:
            mean = where.mean.clone()
            mean[0, dim] += shift
            z = mean + torch.exp(0.5 * where.logvar) * noise
            return float(model.likelihood.nll(model.decoder(z), x.expand(4_000, -1, -1, -1)).double().mean())

        slope = (loss(0.05) - loss(-0.05)) / 0.1
    assert path.mean() == pytest.approx(slope, rel=0.02, abs=0.02)
    assert abs(score.mean() - slope) < 5 * score.std() / 4_000**0.5


@pytest.mark.slow
@pytest.mark.parametrize("d", [2, 20])
def test_pca_is_scikit_learns(d):
    images = data.load("digits")
    flat = images.train_images.reshape(len(images.train_images), -1) / 255
    theirs = PCA(d, svd_solver="full").fit(flat)
    test = images.test_images[:50]
    wanted = theirs.inverse_transform(theirs.transform(test.reshape(50, -1) / 255)).reshape(test.shape)
    found = questions.pca_reconstruction(images.train_images, test, d)
    assert np.abs(found - wanted).max() < 1e-6
    assert questions.mean_pixel_mse(test, found) == pytest.approx(np.square(test / 255 - wanted).mean())


def test_an_error_is_the_same_for_bytes_and_for_grey_levels():
    one, other = np.full((1, 28, 28), 255, np.uint8), np.full((1, 28, 28), 51, np.uint8)
    assert questions.mean_pixel_mse(one, other) == pytest.approx(0.64) == questions.mean_pixel_mse(one, other / 255)


def test_a_histogram_holds_every_value_and_what_is_outside_counts_at_the_edge():
    x, y = questions.histogram(np.array([-9.0, 0.1, 0.2, 0.9, 7.0]), 0.0, 1.0, 2)
    assert x.tolist() == [0.25, 0.75] and y.tolist() == [0.6, 0.4]
