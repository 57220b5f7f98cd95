"""Measurements against sums worked out in another way, the same for every size of batch."""

import math

import numpy as np
import pytest
import torch

from core import data
from core.data import statistics
from core.evaluation import metrics
from core.images import convert
from core.images.shape import ImageShape
from core.models import build
from tests.tiny_runs import tiny

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=[2, 3, 20])
def model(request):
    found = build(tiny(latent_dim=request.param))
    with torch.no_grad():  # a posterior that is far from the prior, so that ε matters
        found.encoder[-1].weight.mul_(5)
        found.decoder[0].weight.mul_(5)
    return found


def all_digits() -> torch.Tensor:
    return convert.to_byte_tensor(data.load("digits").train_images, CPU)


@pytest.mark.parametrize("chunk", [1, 64, 10_000])
def test_scores_are_the_same_whatever_the_batch(model, chunk, monkeypatch):
    images = all_digits()[:333]
    expected = metrics.score(model, images, seed=7)
    monkeypatch.setattr(metrics, "CHUNK", chunk)
    found = metrics.score(model, images, seed=7)
    assert found.recon == pytest.approx(expected.recon, rel=1e-6)
    assert found.kl == pytest.approx(expected.kl, rel=1e-6)
    assert found.mse == pytest.approx(expected.mse, rel=1e-5)
    assert found.kl_per_dim == pytest.approx(expected.kl_per_dim, rel=1e-5)


def test_a_score_is_the_mean_of_the_images_own_losses(model):
    images = all_digits()[:37]
    noise = torch.randn(37, model.latent_dim, generator=torch.Generator().manual_seed(3))
    recon, kl = [], []
    for x, e in zip(convert.scale_bytes(images), noise, strict=True):
        posterior = model.encode(x[None])
        z = posterior.mean + posterior.logvar.mul(0.5).exp() * e
        p = torch.sigmoid(model.decoder(z)).double()
        recon.append(-float((x * p.log() + (1 - x) * (1 - p).log()).sum().detach()))
        kl.append(posterior.kl()[0].tolist())
    found = metrics.score(model, images, seed=3)
    assert found.recon == pytest.approx(np.mean(recon), rel=1e-5)
    assert found.kl_per_dim == pytest.approx(np.mean(kl, axis=0), rel=1e-5)
    assert found.kl == pytest.approx(found.kl_per_dim.sum())
    assert found.total(0.5) == pytest.approx(found.recon + 0.5 * found.kl)


def test_scores_are_taken_at_sampled_latents_and_not_at_their_mean(model):
    images = all_digits()[:200]
    x = convert.scale_bytes(images)
    at_mean = float(model.likelihood.nll(model.decoder(model.encode(x).mean), x).mean().detach())
    assert metrics.score(model, images).recon > at_mean + 0.1


def test_the_pixel_error_is_that_of_the_reconstruction_from_the_mean(model):
    images = all_digits()[:50]
    x = convert.scale_bytes(images)
    expected = float((model.decode(model.encode(x).mean) - x).square().mean().detach())
    assert metrics.score(model, images).mse == pytest.approx(expected, rel=1e-5)


def test_a_seed_fixes_a_score_and_the_global_random_state_is_left_alone(model):
    before = torch.get_rng_state()
    images = all_digits()[:50]
    assert metrics.score(model, images, 1).recon == metrics.score(model, images, 1).recon
    assert metrics.score(model, images, 1).recon != metrics.score(model, images, 2).recon
    assert torch.equal(before, torch.get_rng_state())


def test_the_floor_of_the_cross_entropy_is_the_pixels_own_entropy():
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    p = torch.from_numpy(images).double() / 255
    entropy = torch.distributions.Bernoulli(probs=p).entropy().sum() / 5
    assert statistics.bce_floor(images) == pytest.approx(float(entropy))
    assert statistics.bce_floor(np.array([[[0, 255]]], np.uint8)) == 0.0


def test_no_reconstruction_gets_below_the_floor():
    images = all_digits()[:100]
    x = convert.scale_bytes(images)
    perfect = torch.logit(x.clamp(1e-7, 1 - 1e-7))
    reached = float(torch.nn.functional.binary_cross_entropy_with_logits(perfect, x, reduction="sum")) / 100
    assert reached >= statistics.bce_floor(images.squeeze(1).numpy()) - 1e-3


def test_a_dimension_is_active_above_a_hundredth_of_a_nat():
    assert metrics.active_units(np.array([0.0, 0.0099, 0.0101, 3.0])) == 2


def test_the_evaluation_adds_up_and_is_plain_json():
    import json

    model, test = build(tiny()), data.load("digits").test_images
    found = json.loads(json.dumps(metrics.evaluate(model, test), allow_nan=False))
    assert found["images"] == 297
    assert found["total"] == pytest.approx(found["recon"] + found["kl"])
    assert found["excess_bce"] == pytest.approx(found["recon"] - statistics.bce_floor(test))
    assert sum(found["kl_per_dim"]) == pytest.approx(found["kl"])
    assert found["sigma"] is None
    gaussian = metrics.evaluate(build(tiny(likelihood="gaussian", sigma=0.25)), test)
    assert gaussian["sigma"] == pytest.approx(0.25) and gaussian["bce_floor"] is None


def test_the_untrained_bernoulli_vae_costs_about_784_log_2(model):
    small = build(tiny())
    assert metrics.score(small, all_digits()[:100]).recon == pytest.approx(784 * math.log(2), rel=0.02)


def test_an_evaluation_in_nats_of_levels_says_bits_per_dimension_too():
    colour = {"dataset": "digits", "image_shape": (3, 12, 10), "likelihood": "logistic"}
    test = data.load("digits", shape=ImageShape(3, 12, 10)).test_images[:40]
    found = metrics.evaluate(build(tiny(**colour)), test)
    assert found["bits_per_dim"] == pytest.approx(found["total"] / (360 * math.log(2)))
    assert 1 < found["bits_per_dim"] < 20, "stored as it is, an image has 8"
    point = metrics.evaluate(build(tiny("deep-ae", **colour)), test)
    assert point["bits_per_dim"] == pytest.approx(point["recon"] / (360 * math.log(2))), "the reconstruction alone"
    assert metrics.evaluate(build(tiny()), data.load("digits").test_images[:40])["bits_per_dim"] is None
