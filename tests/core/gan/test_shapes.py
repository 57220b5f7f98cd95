"""Every computation of the GAN page on images in colour and on images that are not square."""

import numpy as np
import pytest

from core import data
from core.gan import before_after, questions, quiz, single_step, trace
from core.images.shape import ImageShape
from core.latent import codec, sampling
from core.models import build
from tests.tiny_gans import gan, gan_recipe
from tests.tiny_runs import tiny

SHAPES = [(3, 32, 32), (1, 20, 36)]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def case(request):
    recipe = gan_recipe(image_shape=request.param)
    return recipe, gan(recipe), data.load("digits", shape=ImageShape(*request.param))


def test_both_steps_show_pictures_and_gradients_of_the_shape(case):
    recipe, model, images = case
    real = images.train_images[:4]
    d, g = single_step.d_step(model, recipe, real, 1), single_step.g_step(model, recipe, real, 1, factor=10.0)
    assert d.real.shape == d.fake.shape == g.fake.shape == g.change.shape == g.gradient.shape == real.shape
    assert np.array_equal(d.fake, codec.decode(model, d.z)) and np.array_equal(d.fake_before, g.verdict)
    assert np.abs(g.fake.astype(int) + np.rint(255 * g.change) - g.fake_after).max() <= 1


def test_a_round_of_the_quiz_and_the_answers_of_the_discriminator(case):
    recipe, model, images = case
    round = quiz.make_round(model, images, 3, recipe.adversarial)
    assert round.pictures.shape[1:] == images.shape.picture and set(round.truth) == set(quiz.KINDS)
    real = np.array(round.truth) == "real"
    assert np.array_equal(round.pictures[real], images.test_images[round.rows[real]])
    answers, _ = trace.discriminator_answers(model, recipe.adversarial, round.pictures, round.pictures)
    assert np.array_equal(answers.verdict, round.verdicts)


def test_pictures_before_and_after_with_the_nearest_real_ones(case):
    _, model, images = case
    both = before_after.decode_both(model, sampling.draws(model, 3, 0))
    assert both.before.shape == both.after.shape == (3, *images.shape.picture)
    index, error = before_after.nearest_images(both.after, images.train_images[:50])
    away = [np.square(both.after[0] / 255 - image / 255).mean() for image in images.train_images[:50]]
    assert index[0] == np.argmin(away) and error[0] == pytest.approx(min(away))
    kept = before_after.reconstruct_both(model, images.test_images[:2])
    assert kept.after_mse[1] == pytest.approx(np.square(kept.after[1] / 255 - images.test_images[1] / 255).mean())
    coded = trace.encode_and_decode(model.source_model(), images.test_images[:2], 0)
    assert coded.decoded.shape == (2, *images.shape.picture)


def test_gradients_and_pca_of_the_questions(case):
    recipe, _, images = case
    model = build(tiny(image_shape=recipe.image_shape)).eval()
    path, score, _ = questions.gradients_for_image(model, images.test_images[0], 50)
    assert path.shape == score.shape == (50,)
    redrawn = questions.pca_reconstruction(images.train_images[:40], images.test_images[:3], 5)
    assert redrawn.shape == (3, *images.shape.picture)
    assert questions.mean_pixel_mse(images.test_images[:3], redrawn) < 0.2
