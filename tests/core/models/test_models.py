"""Every family behind the same verbs: shapes, seeds, learning by heart, and PCA as the mark to reach or beat."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from core import data
from core.evaluation import metrics
from core.images import convert
from core.images.shape import GREY_28
from core.models import build, likelihood, networks
from core.models.autoencoder import Autoencoder
from core.recipes import adaptation, presets
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import tiny

CPU = torch.device("cpu")
NAMES = sorted(name for name, recipe in presets.PRESETS.items() if recipe.model != "gan")
MIXES = [
    {"model": "vae", "network": "mlp", "likelihood": "bernoulli"},
    {"model": "vae", "network": "conv", "likelihood": "gaussian"},
    {"model": "vae", "network": "mlp", "likelihood": "gaussian-learned"},
    {"model": "ae", "network": "conv", "likelihood": "mse"},
    {"model": "ae", "network": "mlp", "likelihood": "bernoulli"},
    {"model": "vae", "network": "patch", "likelihood": "bernoulli", "activation": "silu"},
]


def digits(n: int, part: str = "train") -> torch.Tensor:
    return convert.to_byte_tensor(getattr(data.load("digits"), f"{part}_images")[:n], CPU)


@pytest.mark.parametrize("mix", MIXES, ids=lambda m: "-".join(m.values()))
def test_every_family_keeps_to_the_shapes_of_the_four_verbs(mix):
    model = build(tiny(**mix, latent_dim=3))
    x = convert.scale_bytes(digits(5))
    losses, posterior = model.loss(x, torch.Generator().manual_seed(0)), model.encode(x)
    assert losses.recon.shape == losses.kl.shape == (5,)
    assert posterior.mean.shape == posterior.kl().shape == posterior.sample().shape == (5, 3)
    assert (posterior.logvar is None) == (mix["model"] == "ae")
    torch.testing.assert_close(losses.kl, posterior.kl().sum(1))
    for images in (model.decode(posterior.mean), model.sample(5, torch.Generator().manual_seed(0))):
        assert images.shape == (5, 1, 28, 28) and images.min() >= 0 and images.max() <= 1


@pytest.mark.parametrize(
    "network, channels", [("patch", (4,)), *itertools.product(["conv", "patch"], [(4, 8), (4, 8, 6), (4, 8, 6, 5)])]
)
@pytest.mark.parametrize("hidden", [(16,), (24, 16)])
def test_any_depth_of_convolutions_and_layers_comes_back_to_28_by_28(network, channels, hidden):
    model = build(tiny("conv-vae", network=network, channels=channels, hidden=hidden))
    assert model.decode(torch.zeros(2, 2)).shape == (2, 1, 28, 28)
    assert model.encode(torch.zeros(2, 1, 28, 28)).mean.shape == (2, 2)


def test_the_networks_of_the_presets_are_those_of_the_literature():
    shapes = {
        name: [tuple(p.shape) for p in build(presets.preset(name)).encoder.parameters()]
        for name in ("mlp-vae", "conv-vae")
    }
    assert [s for s in shapes["mlp-vae"] if len(s) == 2] == [(200, 784), (40, 200)]
    conv = [s for s in shapes["conv-vae"] if len(s) > 1]
    assert [(s[1], s[0]) for s in conv[:3]] == [(1, 32), (32, 64), (64, 128)]
    assert conv[3:] == [(500, 128 * 49), (40, 500)]
    mlp = build(presets.preset("mlp-vae"))
    widths = [(784, 200), (200, 40), (20, 200), (200, 784)]
    assert sum(p.numel() for p in mlp.parameters()) == sum(a * b + b for a, b in widths)


def test_a_patch_is_seen_with_half_of_its_neighbours_and_drawn_in_its_own_place():
    """Without convolutions among them, place (2, 5) of 7 × 7 sees rows 6 to 13, columns 18 to 25, and draws the 4 × 4
    pixels in the middle of them."""
    encoder, decoder = (body(GREY_28, (3,), (16,), 2) for body in networks.BODIES["patch"])
    x = torch.zeros(1, 1, 28, 28, requires_grad=True)
    encoder[0](x)[0, :, 2, 5].sum().backward()
    seen = x.grad[0, 0].nonzero()
    assert seen.min(0).values.tolist() == [6, 18] and seen.max(0).values.tolist() == [13, 25] and len(seen) == 64
    drawing, places = decoder[-2:], torch.zeros(1, 3, 7, 7)
    places[0, :, 2, 5] = 1.0
    changed = (drawing(places) - drawing(0 * places))[0, 0].nonzero()
    assert changed.min(0).values.tolist() == [8, 20] and changed.max(0).values.tolist() == [11, 23]


@pytest.mark.parametrize("network", ["mlp", "conv", "patch"])
def test_the_recipes_activation_stands_between_all_layers(network):
    model = build(tiny(network=network, activation="silu", channels=(4, 8)))
    kinds = [type(part) for part in model.modules()]
    assert nn.SiLU in kinds and nn.ReLU not in kinds


def test_the_same_seed_builds_the_same_weights_and_leaves_the_global_random_state_alone():
    torch.manual_seed(42)
    before = torch.get_rng_state()
    one, two, other = build(tiny(seed=3)), build(tiny(seed=3)), build(tiny(seed=4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one.state_dict()[k], v) for k, v in two.state_dict().items())
    assert not any(torch.equal(p, q) for p, q in zip(one.parameters(), other.parameters(), strict=True))


def error_by_heart(trainer: AutoencoderTrainer) -> float:
    """MSE of the training images, each at its own place: the encoder's answer, or its row of the table."""
    if trainer.latents is None:
        return metrics.score(trainer.model, trainer.train_images, labels=trainer.train_labels).mse
    with torch.no_grad():
        shown = trainer.model.decode(trainer.model.posterior(trainer.latents.materialize()).mean)
    return float((shown - convert.scale_bytes(trainer.train_images)).square().mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_preset_learns_eight_images_by_heart(name):
    recipe = presets.preset(name)
    if recipe.network != "mlp":  # the same layers, narrower: the wide ones take a minute
        recipe = adaptation.for_digits(recipe)
    lr = 3e-3 if recipe.schedule == "constant" else recipe.lr  # one that is tuned to a cycle keeps its own
    weightless = dict.fromkeys(("beta", *recipe.family.weights), 0.0)
    if recipe.family.latent == "codes":  # what keeps outputs near their codes is no prior: without it codes say little
        weightless = {}
    by_heart = recipe.with_(dataset="digits", train_images=8, batch_size=8, lr=lr, epochs=1_500, **weightless)
    trainer = AutoencoderTrainer(by_heart, CPU)
    error = 1.0
    while error > 1e-3 and trainer.steps < 1_500:
        for _ in range(50):
            trainer.step()
            trainer.end_epoch()
        error = error_by_heart(trainer)
    assert error < 1e-3, f"after {trainer.steps} steps"


def pca_error(train: np.ndarray, test: np.ndarray, d: int) -> float:
    train, test = (a.reshape(len(a), -1).astype(np.float64) / 255 for a in (train, test))
    pca = PCA(d, svd_solver="full").fit(train)
    return float(np.square(pca.inverse_transform(pca.transform(test)) - test).mean())


@pytest.mark.slow
def test_a_linear_autoencoder_reaches_pca_and_never_goes_below_it():
    d, x = 8, convert.scale_bytes(digits(500))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Autoencoder(
            nn.Sequential(nn.Flatten(), nn.Linear(784, d)),
            nn.Sequential(nn.Linear(d, 784), nn.Unflatten(1, (1, 28, 28))),
            likelihood.SquaredError(),
            d,
        )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)
    path = []
    for _ in range(1_500):
        loss = model.loss(x).recon.mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        path.append(float(loss.detach()) / 784)
    best = pca_error(*2 * [data.load("digits").train_images[:500]], d)
    assert min(path) >= best * (1 - 1e-5)  # the rounding of 32-bit numbers
    assert path[-1] <= 1.02 * best


@pytest.mark.slow
def test_the_deep_autoencoder_beats_pca_of_the_same_size_on_unseen_digits():
    recipe = adaptation.for_digits(presets.preset("deep-ae")).with_(latent_dim=8, lr=3e-3)
    trainer = AutoencoderTrainer(recipe, CPU)
    for _ in range(30):
        for _ in range(trainer.batches):
            trainer.step()
        trainer.end_epoch()
    images = data.load("digits")
    error = metrics.score(trainer.model, digits(1_000, "test")).mse
    assert error < 0.9 * pca_error(images.train_images, images.test_images, 8)


def test_an_autoencoder_samples_from_a_gaussian_with_the_moments_of_its_latents():
    model = build(tiny("deep-ae", latent_dim=3))
    mean, cov = metrics.latent_moments(model, digits(200))
    latents = model.encode(convert.scale_bytes(digits(200))).mean.detach().double().numpy()
    assert mean.numpy() == pytest.approx(latents.mean(0), abs=1e-5)
    assert cov.numpy() == pytest.approx(np.cov(latents.T), abs=1e-6)
    model.latent_mean.copy_(mean)
    model.latent_cov.copy_(cov)
    z = model.from_noise(torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0)))
    assert z.mean(0).numpy() == pytest.approx(mean.numpy(), abs=4 * float(cov.diagonal().max().sqrt()) / 440)
    assert np.cov(z.numpy().T) == pytest.approx(cov.numpy(), abs=0.02 * float(cov.diagonal().max()))


def test_a_collapsed_dimension_is_no_error_in_sampling():
    model = build(tiny("deep-ae", latent_dim=3))
    model.latent_cov.copy_(torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    z = model.from_noise(torch.randn(100, 3, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(z[:, 0], z[:, 1])
    assert z.isfinite().all() and not z[:, 2].any()


def test_temperature_zero_is_the_average_image_whatever_the_seed():
    for name in ("mlp-vae", "deep-ae"):
        model = build(tiny(name))
        cold = model.sample(3, torch.Generator().manual_seed(5), temperature=0.0)
        torch.testing.assert_close(cold, model.decode(model.latent_mean.expand(3, -1)))
        assert torch.equal(
            model.sample(3, torch.Generator().manual_seed(5)), model.sample(3, torch.Generator().manual_seed(5))
        )


def test_an_absurd_encoder_output_gives_a_finite_posterior():
    model = build(tiny())
    with torch.no_grad():
        model.encoder[-1].bias.copy_(torch.tensor([0.0, 0.0, 1e30, -1e30]))
    losses = model.loss(convert.scale_bytes(digits(4)), torch.Generator().manual_seed(0))
    assert losses.kl.isfinite().all() and losses.recon.isfinite().all()
