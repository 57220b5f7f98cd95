"""The denoising autoencoder: each corruption against its definition (scipy's filter for blur), and what is compared."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from core.evaluation import metrics
from core.models import build
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import tiny


def model_of(**changes):
    return build(tiny("denoising-ae", **changes))


def images(n=64, shape=(1, 28, 28)):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0))


def test_masking_hides_a_share_of_the_pixels_in_all_channels_at_once():
    model = model_of(corruption="masking", corruption_strength=0.3, image_shape=(3, 20, 36))
    x = images(50, (3, 20, 36)) + 0.01
    hidden = model.corrupted(x, torch.Generator().manual_seed(1)) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 2])
    share, n = float(hidden.float().mean()), 50 * 20 * 36
    assert abs(share - 0.3) < 3 * np.sqrt(0.3 * 0.7 / n)
    kept = model.corrupted(x, torch.Generator().manual_seed(1))
    assert torch.equal(kept[~hidden], x[~hidden])


def test_noise_has_the_given_standard_deviation():
    model = model_of(corruption="noise", corruption_strength=0.25)
    x = images()
    noise = model.corrupted(x, torch.Generator().manual_seed(1)) - x
    assert float(noise.mean()) == pytest.approx(0, abs=0.005) and float(noise.std()) == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 36)])
def test_blur_is_the_gaussian_filter(shape):
    model = model_of(corruption="blur", corruption_strength=0.5, image_shape=shape)
    x = images(3, shape)
    sigma = 0.05 * min(shape[1:])
    wanted = gaussian_filter(x.numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=int(3 * sigma + 0.5) / sigma)
    assert model.corrupted(x).numpy() == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("corruption", ["masking", "noise", "blur"])
def test_without_strength_it_is_the_autoencoder(corruption):
    model, x = model_of(corruption=corruption, corruption_strength=0.0), images(4)
    torch.testing.assert_close(model.corrupted(x, torch.Generator().manual_seed(0)), x)
    posterior = model.encode(x)
    torch.testing.assert_close(model.loss(x).recon, model.losses_at(posterior, posterior.mean, x).recon)


def test_the_loss_compares_the_clean_image_with_the_decoded_corrupted_one():
    model, x = model_of(corruption="masking", corruption_strength=0.5), images(8)
    given = model.corrupted(x, torch.Generator().manual_seed(3))
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(
        model.decoder(model.encoder(given)), x, reduction="none"
    )
    torch.testing.assert_close(model.loss(x, torch.Generator().manual_seed(3)).recon, wanted.flatten(1).sum(1))


def test_it_is_validated_on_corrupted_images_and_tested_on_clean_ones():
    model = model_of(corruption="masking", corruption_strength=0.9)
    trainer = AutoencoderTrainer(tiny("denoising-ae", corruption_strength=0.9, epochs=1), torch.device("cpu"))
    found = metrics.score(model, trainer.val_images)
    clean = metrics.score(build(tiny("denoising-ae", corruption_strength=0.0)), trainer.val_images)
    assert found.recon == pytest.approx(clean.recon) and found.terms["recon"] != pytest.approx(clean.recon)
    assert trainer.validate().row["val_recon"] == pytest.approx(
        metrics.score(trainer.model, trainer.val_images).terms["recon"]
    )


def test_the_pictures_of_a_training_show_the_corrupted_images_always_with_the_same_holes():
    model, x = model_of(corruption="masking", corruption_strength=0.5), images(12)
    first, second = model.shown_input(x), model.shown_input(x)
    assert torch.equal(first, second) and 0.3 < float((first == 0).float().mean()) < 0.7
    assert torch.equal(build(tiny()).shown_input(x), x)
