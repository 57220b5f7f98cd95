"""The recipe that is proposed for pictures of one's own trains on them, however few they are."""

import numpy as np
import pytest
import torch

from core import data
from core.images.shape import ImageShape
from core.recipes import adaptation, presets
from core.training.autoencoder_trainer import AutoencoderTrainer


@pytest.mark.parametrize(
    "shape, count", [((3, 64, 64), 1), ((3, 32, 32), 12), ((3, 28, 28), 60), ((3, 40, 24), 12), ((1, 64, 64), 2)]
)
def test_the_recipe_that_suits_a_shape_learns_from_a_few_images(shape, count):
    shape = ImageShape(*shape)
    noise = np.random.default_rng(0).integers(0, 60, (count, *shape.picture), dtype=np.uint8)
    noise[: count // 2, : shape.height // 2] += 150
    images = data.ImageSet("folder", noise, np.full(count, -1), noise[:1].copy(), np.full(1, -1), ())
    name = adaptation.made_for_shape(shape) or "mlp-vae-fast"
    recipe = adaptation.for_few(
        presets.preset(name).with_(dataset="folder", folder="/mine", image_shape=shape.chw), count
    )
    assert recipe.batch_size == 32 and (name != "mlp-vae-fast") == shape.colour
    torch.manual_seed(0)
    trainer = AutoencoderTrainer(recipe, torch.device("cpu"), images)
    trainer.begin()
    sums = []
    for _ in range(3):
        trainer.begin_epoch()
        trainer.step()
        sums.append(float(trainer.loss_sums[0].sum()))
        trainer.epoch += 1
    assert np.isfinite(sums).all() and np.isfinite(list(trainer.validate().row.values())).all()
