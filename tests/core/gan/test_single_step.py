"""Slow motion: each stage against gradients worked out by hand, on a discriminator that is one linear layer."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from core import data
from core.gan import single_step
from core.latent import codec, sampling
from core.models import adversarial_losses
from tests.tiny_gans import gan, gan_recipe


def linear(model, seed: int = 0):
    """The model with D(x) = w · x + b in place of its discriminator: its gradients can be written down."""
    layer = nn.Linear(784, 1)
    with torch.no_grad():
        layer.weight.copy_(0.05 * torch.randn(1, 784, generator=torch.Generator().manual_seed(seed)))
        layer.bias.fill_(0.2)
    model.discriminator = nn.Sequential(nn.Flatten(), layer, nn.Flatten(0)).requires_grad_(False)
    return model


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def real() -> np.ndarray:
    return data.load("digits").train_images[:8]


def weights_of(model) -> tuple[np.ndarray, float]:
    layer = model.discriminator[1]
    return layer.weight.numpy().astype(np.float64)[0], float(layer.bias)


@pytest.mark.parametrize("kind", adversarial_losses.LOSSES)
@pytest.mark.parametrize("norm", ["none", "spectral"])
def test_the_model_stays_as_it_is_to_the_bit(kind, norm, real):
    recipe = gan_recipe(adversarial=kind, d_norm=norm, r1=0.5)
    model = gan(recipe)
    before = copy.deepcopy(model.state_dict())
    d, g = single_step.d_step(model, recipe, real, 1, 10.0), single_step.g_step(model, recipe, real, 1, 10.0)
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    assert not any(weight.requires_grad for weight in model.parameters())
    assert not np.array_equal(d.real_before, d.real_after) and not np.array_equal(g.verdict, g.verdict_after)


def test_of_a_map_before_the_decoder_the_map_alone_takes_the_step_of_g(real, monkeypatch):
    recipe, update, taken = gan_recipe(generator="map"), single_step._update, []

    def noted(network, *rest):
        taken.append([tuple(weight.shape) for weight in network.parameters()])
        return update(network, *rest)

    monkeypatch.setattr(single_step, "_update", noted)
    found = single_step.g_step(gan(recipe), recipe, real, 1, 10.0)
    assert taken == [[(6, 3), (6,), (3, 6), (3,)]] and not np.array_equal(found.fake, found.fake_after)


def test_the_same_seed_draws_the_same_noise_and_the_verdicts_are_ds(real):
    recipe = gan_recipe()
    model = gan(recipe)
    d, g = single_step.d_step(model, recipe, real, 5), single_step.g_step(model, recipe, real, 5)
    assert np.array_equal(d.z, sampling.prior(8, 3, seed=5)) and np.array_equal(g.z, d.z)
    assert np.array_equal(d.fake, codec.decode(model, d.z))
    said = model.discriminator(codec.image_tensor(real, model)).numpy()
    assert np.allclose(d.real_before, said, atol=1e-6) and np.array_equal(d.fake_before, g.verdict)


def test_d_learns_along_the_gradient_written_by_hand(real):
    recipe = gan_recipe(d_lr=1e-3)
    model = linear(gan(recipe))
    step = single_step.d_step(model, recipe, real, 2, factor=3.0)
    w, b = weights_of(model)
    x = real.reshape(8, -1) / 255.0
    fake = model.decode(torch.from_numpy(step.z)).numpy().reshape(8, -1).astype(np.float64)
    said_real, said_fake = x @ w + b, fake @ w + b
    wanted = np.log1p(np.exp(-said_real)).mean() + np.log1p(np.exp(said_fake)).mean()
    assert step.loss == pytest.approx(wanted, rel=1e-5)
    slope = (-sigmoid(-said_real)[:, None] * x + sigmoid(said_fake)[:, None] * fake).mean(0)
    tilt = (-sigmoid(-said_real) + sigmoid(said_fake)).mean()
    ((name, norm),) = step.layers
    assert name == "dense 784 → 1" and norm == pytest.approx(np.linalg.norm(slope), rel=1e-4)
    moved, shift = w - 3e-3 * np.sign(slope), b - 3e-3 * np.sign(tilt)  # the first step of Adam
    assert np.allclose(step.real_after, x @ moved + shift, atol=1e-3)
    assert np.allclose(step.fake_after, fake @ moved + shift, atol=1e-3)
    assert step.loss_after < step.loss and step.threshold == (0.0, 0.0)


def test_penalties_are_part_of_ds_loss(real):
    flat = gan_recipe(r1=0.7)
    w, _ = weights_of(model := linear(gan(flat)))
    step = single_step.d_step(model, flat, real, 2)
    assert step.penalty == pytest.approx(0.7 * 0.5 * (w**2).sum(), rel=1e-5)
    rough = flat.with_(r1_noise=0.1)
    jitter = np.random.default_rng(2).standard_normal((8, 784), np.float32)
    step = single_step.d_step(model, rough, real, 2)
    assert step.penalty == pytest.approx(0.7 * 0.5 * np.square(jitter @ w).mean(), rel=1e-3)
    critic = gan_recipe(adversarial="wgan-gp", gradient_penalty=3.0)
    step = single_step.d_step(model, critic, real, 2)
    assert step.penalty == pytest.approx(3.0 * (np.linalg.norm(w) - 1) ** 2, rel=1e-5)
    assert step.loss == pytest.approx(step.fake_before.mean() - step.real_before.mean() + step.penalty, rel=1e-5)
    assert step.threshold[0] == pytest.approx((step.fake_before.mean() + step.real_before.mean()) / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "by_hand"),
    [
        ("non-saturating", lambda v: -sigmoid(-v)),
        ("hinge", lambda v: -np.ones_like(v)),
        ("least-squares", lambda v: v - 1.0),
        ("wgan-gp", lambda v: -np.ones_like(v)),
    ],
)
def test_the_gradient_in_the_pixels_is_the_one_written_by_hand(kind, by_hand, real):
    recipe = gan_recipe(adversarial=kind)
    model = linear(gan(recipe))
    step = single_step.g_step(model, recipe, real, 3)
    w, _ = weights_of(model)
    wanted = by_hand(step.verdict.astype(np.float64))[:, None] * w
    assert np.allclose(step.gradient.reshape(8, -1), wanted, atol=1e-6)


def test_the_gradient_in_the_pixels_agrees_with_finite_differences_of_a_real_discriminator(real):
    recipe = gan_recipe()
    model = gan(recipe)
    step = single_step.g_step(model, recipe, real, 3)
    judge = copy.deepcopy(model.discriminator).double()
    image = model.decode(torch.from_numpy(step.z)).double()
    for row, column in ((3, 14), (14, 14), (20, 9)):
        sides = []
        for shift in (1e-4, -1e-4):
            moved = image.clone()
            moved[2, 0, row, column] += shift
            sides.append(float(adversarial_losses.g_loss("non-saturating", judge(moved[2:3]))))
        assert step.gradient[2, row, column] == pytest.approx((sides[0] - sides[1]) / 2e-4, rel=1e-2, abs=1e-6)


def test_a_small_step_of_g_lowers_its_loss_by_what_the_gradient_foretells(real):
    """The first step of Adam moves each weight by the rate against the sign of its gradient: the loss falls by the
    rate times the sum of the gradient's sizes."""
    recipe = gan_recipe(lr=1e-6)
    model = gan(recipe)
    step = single_step.g_step(model, recipe, real, 3, factor=10.0)
    twin = copy.deepcopy(model).double()
    twin.decoder.requires_grad_(True)
    adversarial_losses.g_loss(
        "non-saturating", twin.discriminator(twin.decode(torch.from_numpy(step.z).double()))
    ).backward()
    size = sum(float(w.grad.abs().sum()) for w in twin.decoder.parameters())
    assert step.loss - step.loss_after == pytest.approx(1e-5 * size, rel=0.1)
    after = step.fake.astype(int) + np.rint(255 * step.change)
    assert np.abs(after - step.fake_after).max() <= 1, "the change is that between the two pictures"
