"""A round of the quiz: balanced, the same for the same seed, and true to where each picture came from."""

from collections import Counter

import numpy as np
import pytest
import torch

from core import data
from core.gan import quiz
from core.latent import codec, sampling
from core.models import adversarial_losses
from tests.tiny_gans import gan, gan_recipe


@pytest.fixture(scope="module")
def images():
    return data.load("digits")


def deal(images, seed=0, kind="vae", **changes) -> tuple:
    recipe = gan_recipe(kind, **changes)
    model = gan(recipe)
    return model, quiz.make_round(model, images, seed, recipe.adversarial)


def test_kinds_are_balanced_and_which_one_comes_short_changes_with_the_seed(images):
    short = set()
    for seed in range(3):
        counts = Counter(deal(images, seed)[1].truth)
        assert sorted(counts.values()) == [6, 7, 7] and set(counts) == {"real", "before", "after"}
        short.add(min(counts, key=counts.get))
    assert short == {"real", "before", "after"}


def test_without_a_decoder_to_compare_with_real_plays_against_gan(images):
    _, dealt = deal(images, kind="none")
    assert Counter(dealt.truth) == {"real": 10, "after": 10} and dealt.kinds == ("real", "after")


def test_a_seed_is_a_round_and_another_seed_another_in_another_order(images):
    one, again, other = (deal(images, seed)[1] for seed in (4, 4, 5))
    assert np.array_equal(one.pictures, again.pictures) and one.truth == again.truth
    assert not np.array_equal(one.pictures, other.pictures) and one.truth != other.truth


@pytest.mark.parametrize("kind", ["vae", "ae", "none"])
def test_each_picture_is_from_where_its_truth_says(images, kind):
    model, dealt = deal(images, 2, kind)
    for picture, truth, row, z in zip(dealt.pictures, dealt.truth, dealt.rows, dealt.z, strict=True):
        if truth == "real":
            assert np.array_equal(picture, images.test_images[row]) and np.isnan(z).all()
            continue
        assert row == -1
        with torch.no_grad():
            by = model.source_decoder if truth == "before" else model.decoder
            wanted = model.likelihood.mean(by(torch.from_numpy(z)[None]))[0, 0].numpy() * 255
        assert np.abs(picture - wanted).max() <= 0.51
    made = [t for t in dealt.truth if t != "real"]
    assert len({tuple(z) for z in dealt.z if not np.isnan(z).any()}) == len(made), "every made picture has its own z"
    assert len(set(dealt.rows) - {-1}) == 20 - len(made), "no real image comes twice"


@pytest.mark.parametrize("loss", adversarial_losses.LOSSES)
def test_the_discriminators_verdict_is_its_own_on_these_very_pictures(images, loss):
    model, dealt = deal(images, 1, adversarial=loss)
    alone = [float(model.discriminator(torch.tensor(p)[None, None] / 255)) for p in dealt.pictures]
    assert dealt.verdicts == pytest.approx(alone, abs=1e-5)
    line = {"non-saturating": 0.0, "hinge": 0.0, "least-squares": 0.5}.get(loss)
    if line is None:  # a critic: the middle between its mean verdicts
        real = quiz.discriminator_outputs(model, images.test_images[:256]).mean()
        noise = sampling.prior(256, 3, 0)
        line = 0.5 * (real + quiz.discriminator_outputs(model, codec.decode(model, noise)).mean())
    assert dealt.threshold == pytest.approx(line, abs=1e-6)
    right = sum((v > line) == (t == "real") for v, t in zip(alone, dealt.truth, strict=True))
    assert dealt.discriminator_correct == right


def test_scores_count_by_kind_and_by_real_or_made(images):
    _, dealt = deal(images)
    place = {k: i for i, k in enumerate(dealt.kinds)}
    truth = [place[t] for t in dealt.truth]
    whole = quiz.score(dealt, truth)
    assert (whole.exact, whole.real_or_made, whole.of) == (20, 20, 20)
    swapped = [{0: 0, 1: 2, 2: 1}[t] for t in truth]  # VAE and GAN mixed up: no mistake for who only asks real or made
    mixed = quiz.score(dealt, swapped)
    assert mixed.exact == dealt.truth.count("real") and mixed.real_or_made == 20
    assert quiz.score(dealt, [0] * 20).real_or_made == dealt.truth.count("real")


@pytest.mark.parametrize("bad", [[], [0] * 19, [0] * 19 + [3], [0] * 19 + [-1], [0] * 19 + [True], ["0"] * 20])
def test_what_is_no_set_of_answers_is_refused(images, bad):
    with pytest.raises(ValueError, match="20 answers"):
        quiz.score(deal(images)[1], bad)
