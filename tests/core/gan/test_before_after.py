"""A generator beside its decoder: the same z, the nearest real image, what flows through, what was measured."""

import math

import numpy as np
import pytest
import torch

from core import data
from core.gan import before_after, trace
from core.latent import codec, neighbours, sampling, walks
from core.runs import history
from tests.tiny_gans import FIGURES, gan, gan_recipe, gan_run

KINDS = ("ae", "vae", "ad", "vad")


@pytest.fixture
def some() -> np.ndarray:
    return data.load("digits").test_images[:5]


def test_the_nearest_image_is_what_trying_all_of_them_finds(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    pictures = np.concatenate([rng.integers(0, 256, (6, 28, 28), dtype=np.uint8), images[33:34], images[:1] + 1])
    index, error = before_after.nearest_images(pictures, images)
    for k, picture in enumerate(pictures):
        every = [np.mean((picture / 255.0 - image / 255.0) ** 2) for image in images]
        assert index[k] == int(np.argmin(every)) and error[k] == pytest.approx(min(every), abs=1e-12)
    assert index[6] == 33 and error[6] == 0.0


def test_of_two_equally_near_images_the_first_counts(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 2)
    images = np.stack([np.full((28, 28), v, np.uint8) for v in (10, 200, 10, 12)])
    assert before_after.nearest_images(np.full((1, 28, 28), 11, np.uint8), images)[0].tolist() == [0]


def test_the_tour_passes_exactly_through_every_z_and_along_the_arc_between():
    z = sampling.prior(4, 3, seed=1)
    way = before_after.tour(z, 5)
    assert way.shape == (16, 3) and np.array_equal(way[::5], z)
    assert np.allclose(way[7], walks.slerp(z[1], z[2], np.array([0.4]))[0])


@pytest.mark.parametrize("kind", KINDS)
def test_the_source_is_the_decoder_as_it_was_and_the_gan_stays_as_it_is(kind):
    model = gan(gan_recipe(kind))
    before = model.source_model()
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(before.decode(z), model.likelihood.mean(model.source_decoder(z)))
    assert not torch.allclose(before.decode(z), model.decode(z)), "the GAN still decodes with its generator"
    assert before.encoder is model.encoder


def test_the_same_z_goes_through_both():
    model = gan(gan_recipe())
    both = before_after.decode_both(model, sampling.draws(model, 6, seed=3))
    assert np.array_equal(both.before, codec.decode(model.source_model(), both.z))
    assert np.array_equal(both.after, codec.decode(model, both.z))
    assert not np.array_equal(both.before, both.after)
    assert before_after.decode_both(gan(gan_recipe("none")), both.z).before is None


def test_what_was_lost_is_the_squared_error_of_each_picture(some):
    model = gan(gan_recipe())
    kept = before_after.reconstruct_both(model, some)
    mean = model.encode(torch.tensor(some[:, None] / 255.0).float()).mean
    for shown, error, decoder in (
        (kept.before, kept.before_mse, model.source_decoder),
        (kept.after, kept.after_mse, model.decoder),
    ):
        wanted = model.likelihood.mean(decoder(mean)).numpy()[:, 0]
        assert np.abs(shown / 255.0 - wanted).max() <= 0.5 / 255 + 1e-6
        assert error == pytest.approx([np.mean((p / 255.0 - x / 255.0) ** 2) for p, x in zip(shown, some, strict=True)])


@pytest.mark.parametrize("kind", ["ad", "vad", "none"])
def test_without_an_encoder_nothing_is_redrawn(kind, some):
    assert before_after.reconstruct_both(gan(gan_recipe(kind)), some) is None


@pytest.mark.parametrize("kind", KINDS)
def test_images_flow_through_the_source_as_its_own_model_would_send_them(kind, some):
    model = gan(gan_recipe(kind))
    before = model.source_model()
    flow = trace.encode_and_decode(before, some, seed=4)
    noise = sampling.prior(len(some), 3, seed=4)
    assert np.allclose(flow.z, flow.mean + flow.sigma * noise, atol=1e-6)
    assert (flow.sigma > 0).all() == (kind in ("vae", "vad"))
    assert np.array_equal(flow.decoded, codec.decode(before, flow.z))
    if kind in ("ae", "vae"):
        assert np.allclose(flow.mean, codec.encode(model, some), atol=1e-6)
    assert trace.can_encode(model)


def test_a_generator_from_scratch_has_nothing_to_send_images_through():
    assert not trace.can_encode(gan(gan_recipe("none")))
    assert not trace.can_encode(gan(gan_recipe("vae", generator="scratch")))


@pytest.mark.parametrize(
    ("kind", "line"), [("non-saturating", 0.0), ("hinge", 0.0), ("least-squares", 0.5), ("wgan-gp", None)]
)
def test_a_verdict_says_real_above_the_line_of_its_loss(kind, line, some):
    model = gan(gan_recipe())
    other = data.load("digits").test_images[5:8]
    real, fake = trace.discriminator_answers(model, kind, some, other)
    raw = [model.discriminator(torch.tensor(x[:, None] / 255.0).float()).numpy() for x in (some, other)]
    line = (raw[0].mean() + raw[1].mean()) / 2 if line is None else line
    for found, wanted in zip((real, fake), raw, strict=True):
        assert np.allclose(found.verdict, wanted, atol=1e-6) and found.threshold == pytest.approx(line, abs=1e-6)
        assert found.real.tolist() == (found.verdict > found.threshold).tolist()


def test_figures_come_from_the_evaluation():
    found = before_after.metric_changes(gan_run("done", evaluation=FIGURES))
    assert [f.key for f in found] == list(before_after.METRICS)
    assert {f.key: (f.before, f.after) for f in found}["frechet"] == (48.9, 21.4)
    assert {f.key: f.errors for f in found}["kid"] == (0.008, 0.004)


def test_what_was_not_measured_has_no_figure():
    lacking = FIGURES | {"kid": None, "mse": None, "modes": "ten", "before": None}
    found = before_after.metric_changes(gan_run("done", evaluation=lacking))
    assert [f.key for f in found] == ["frechet", "precision", "recall", "sure", "balance", "sharpness"]
    assert all(math.isnan(f.before) for f in found)
    assert before_after.metric_changes(gan_run("new")) == []


def test_real_images_and_the_control_stand_beside_every_figure():
    sides = {"real": {"frechet": 17.8, "sure": 0.98}, "control": {"frechet": 94.0, "sharpness": 1.14}}
    found = {f.key: f for f in before_after.metric_changes(gan_run("done", evaluation=FIGURES | sides))}
    assert (found["frechet"].real, found["frechet"].control, found["sure"].real) == (17.8, 94.0, 0.98)
    assert math.isnan(found["sharpness"].real) and found["sharpness"].control == 1.14
    older = before_after.metric_changes(gan_run("older", evaluation=FIGURES | {"floor": 17.8}))
    assert {f.key: f.real for f in older}["frechet"] == 17.8


@pytest.mark.parametrize("generator", ["decoder", "scratch"])
def test_while_it_trains_figures_are_those_of_the_start_and_the_best_round(generator):
    run = gan_run("training", generator=generator)
    rows = [
        {"step": 0, "epoch": 0, "val_frechet": 50.0, "val_sharpness": 0.5},
        {"step": 9, "epoch": 0.5},
        {"step": 10, "epoch": 1, "val_frechet": 20.0, "val_sharpness": 0.9},
        {"step": 20, "epoch": 2, "val_frechet": 30.0, "val_sharpness": 1.4},
    ]
    history.write(run.path / "history.csv", rows, history.columns("gan"))
    found = {f.key: f for f in before_after.metric_changes(run)}
    assert set(found) == {"frechet", "sharpness"} and (found["frechet"].after, found["sharpness"].after) == (20.0, 0.9)
    if generator == "decoder":
        assert (found["frechet"].before, found["sharpness"].before) == (50.0, 0.5)
    else:
        assert math.isnan(found["frechet"].before), "noise at the start is no decoder to compare with"


def test_a_walk_begins_with_the_clearest_picture_and_keeps_its_order(monkeypatch, some):
    z = np.arange(10, dtype=np.float32).reshape(5, 2)
    drawn = np.concatenate([255 - some[:3], some[:1], 255 - some[3:4]])  # the fourth is a real image
    monkeypatch.setattr(codec, "decode", lambda model, z, chunk: drawn)
    turned = before_after.clearest_first(gan(gan_recipe()), z, some)
    assert np.array_equal(turned, np.concatenate([z[3:], z[:3]]))
