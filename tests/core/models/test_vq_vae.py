"""VQ-VAE: straight-through gradient, codebook update against a hand computation, dead codes, perplexity, samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.images import convert
from core.models import build
from core.models.vq_vae import DEAD_SHARE, SMOOTHING, Codebook, perplexity
from core.recipes.recipe import Recipe, RecipeError
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import tiny


def small(**changes) -> Recipe:
    return tiny("vq-vae-fast", **{"codebook_size": 16, "codebook_dim": 3} | changes)


@pytest.fixture
def model():
    """An untrained model whose codebook was taken from the encoder's outputs of a batch."""
    made = build(small())
    made.after_step(made.loss(torch.rand(16, 1, 28, 28, generator=generator())), generator())
    return made


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(n: int = 8) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=generator(1))


def test_the_gradient_of_the_reconstruction_passes_the_codebook_unchanged(model):
    """d recon / dz is d recon / de, computed from the network behind the codebook alone."""
    x = images(2)
    z = model.encode(x).mean.detach().requires_grad_()
    losses = model.losses_at(model.posterior(z), z, x)
    (through,) = torch.autograd.grad(losses.recon.sum(), z)
    entries = model.of_codes(model.codes(z)).detach().requires_grad_()
    (direct,) = torch.autograd.grad(model.likelihood.nll(model.decoder.network(entries), x).sum(), entries)
    assert torch.allclose(through, direct, rtol=1e-5, atol=1e-7) and float(direct.abs().max()) > 0
    assert not torch.allclose(entries, z), "the codes must differ from z, or the test shows nothing"


def test_the_commitment_is_the_squared_distance_to_the_nearest_entries_and_moves_the_encoder_alone(model):
    x = images(3)
    z = model.encode(x).mean.detach().requires_grad_()
    found = model.losses_at(model.posterior(z), z, x).terms["commitment"]
    cells, entries = z.detach().numpy().reshape(3, 49, 1, 3), model.codebook.entries.numpy()
    distances = ((cells - entries) ** 2).sum(-1)
    assert np.allclose(found.detach(), distances.min(-1).sum(-1), rtol=1e-4)
    assert np.array_equal(model.codes(z).reshape(3, 49), distances.argmin(-1))
    (gradient,) = torch.autograd.grad(found.sum(), z)
    assert torch.allclose(gradient, 2 * (z - model.of_codes(model.codes(z))), atol=1e-5)
    assert not any("codebook" in name for name, _ in model.named_parameters())


def test_the_codebook_moves_as_computed_by_hand():
    """Two entries, decay 0.9: moving averages of counts and sums, Laplace smoothing, entry = sum / count."""
    book = Codebook(2, 1, 0.9)
    book.entries.copy_(torch.tensor([[0.0], [10.0]]))
    book.counts.copy_(torch.tensor([2.0, 2.0]))
    book.sums.copy_(torch.tensor([[0.0], [20.0]]))
    z = torch.tensor([[1.0], [2.0], [9.0]])
    codes = book.nearest(z)
    assert codes.tolist() == [0, 0, 1]
    book.update(z, codes, generator())
    counts, sums = [0.9 * 2 + 0.1 * 2, 0.9 * 2 + 0.1 * 1], [0.1 * 3.0, 0.9 * 20 + 0.1 * 9]
    total = sum(counts)
    smoothed = [(count + SMOOTHING) / (total + 2 * SMOOTHING) * total for count in counts]
    assert book.counts.tolist() == pytest.approx(counts)
    assert book.entries[:, 0].tolist() == pytest.approx([s / c for s, c in zip(sums, smoothed, strict=True)], rel=1e-6)


def test_dead_codes_become_outputs_of_the_batch_and_the_others_do_not():
    book = Codebook(4, 2, 0.5)
    book.entries.copy_(torch.tensor([[0.0, 0.0], [1.0, 1.0], [50.0, 50.0], [-50.0, 50.0]]))
    even = 100 / 4
    book.counts.copy_(torch.tensor([even, even, 0.0, DEAD_SHARE * even]))
    book.sums.copy_(book.entries * book.counts[:, None])
    z = torch.rand(100, 2, generator=generator(3))
    book.update(z, book.nearest(z), generator(4))
    outputs = {tuple(row) for row in z.tolist()}
    assert [tuple(entry) in outputs for entry in book.entries.tolist()] == [False, False, True, True]
    assert book.counts[2:].tolist() == [even, even], "a revived code gets time to be used"
    assert torch.allclose(book.sums[2:] / even, book.entries[2:])


def test_perplexity_is_1_for_one_code_and_k_for_all_equally_often():
    assert float(perplexity(torch.tensor([0.0, 7.0, 0.0]))) == pytest.approx(1)
    assert float(perplexity(torch.full((512,), 3.0))) == pytest.approx(512, rel=1e-5)
    counts = torch.rand(64, generator=generator(5))
    shares = (counts / counts.sum()).double()
    expected = math.exp(float(torch.distributions.Categorical(shares).entropy()))
    assert float(perplexity(counts)) == pytest.approx(expected, rel=1e-5) and 1 <= expected <= 64


def test_the_loss_of_an_image_does_not_depend_on_the_others_in_its_batch(model):
    x = images(12)
    together = model.loss(x).terms
    for k in (0, 7):
        alone = model.loss(x[k : k + 1]).terms
        for name, values in together.items():
            assert torch.allclose(alone[name], values[k : k + 1], rtol=1e-4), name


def test_only_the_update_changes_the_codebook(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x = images(5)
    z = model.encode(x).mean
    losses = model.train().loss(x)
    model.decode(z)
    model.sample(3, generator())
    torch.autograd.backward(losses.recon.sum())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model.after_step(losses, generator())
    assert not torch.equal(model.codebook.entries, before["decoder.codebook.entries"])


def test_an_image_becomes_valid_codes_and_decodes_as_their_entries_do(model):
    z = model.encode(images(4)).mean
    codes = model.codes(z)
    assert codes.shape == (4, 7, 7) and int(codes.min()) >= 0 and int(codes.max()) < 16
    assert torch.equal(model.codes(model.of_codes(codes)), codes)
    assert torch.allclose(model.decode(z), model.decode(model.of_codes(codes)), atol=1e-6)


def test_random_codes_are_as_frequent_as_the_counts_say(model):
    model.codebook.counts.copy_(torch.arange(16.0))
    noise = torch.randn(400, model.latent_dim, generator=generator(6))
    drawn = model.codes(model.from_noise(noise)).flatten()
    expected = model.codebook.counts / model.codebook.counts.sum()
    shares = torch.bincount(drawn, minlength=16) / len(drawn)
    assert shares.numpy() == pytest.approx(expected.numpy(), abs=0.01)


def test_a_trained_codebook_is_used_and_explains_the_images():
    """After a few epochs the perplexity is a good part of the codebook, and the error below that of the mean image."""
    recipe = small(train_images=256, epochs=8, channels=(16, 16), schedule="constant")
    trainer = AutoencoderTrainer(recipe, torch.device("cpu"))
    trainer.begin()
    while trainer.epoch < 8:
        trainer.step()
        if trainer.epoch_done:
            row = trainer.curve(0, trainer.batch)[-1]
            trainer.end_epoch()
    assert 8 < row["perplexity"] <= row["codes_used"] <= 16
    x = convert.scale_bytes(trainer.train_images)
    with torch.no_grad():
        error = (trainer.model.decode(trainer.model.encode(x).mean) - x).square().mean()
    assert float(error) < 0.5 * float((x - x.mean(0)).square().mean())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "mlp"}, "no grid"),
        ({"network": "conv", "grid_pixels": 3}, "halve the image"),
        ({"image_shape": (3, 128, 128), "grid_pixels": 2, "codebook_dim": 8}, "more than 16,384"),
        ({"linear_path": "pca"}, "no place beside a grid"),
    ],
)
def test_what_has_no_grid_is_refused_in_a_sentence(changes, said):
    with pytest.raises(RecipeError, match=said):
        small(**changes)


def test_the_size_of_the_latent_vector_follows_from_the_grid():
    recipe = small(latent_dim=5, image_shape=(1, 20, 36), codebook_dim=4)
    assert recipe.grid == (5, 9) and recipe.latent_dim == 5 * 9 * 4
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert "5 × 9 codes of 16" in recipe.summary()
