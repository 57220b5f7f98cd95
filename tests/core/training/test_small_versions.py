"""Every preset's small version on the lab's own shapes, in colour: what a machine without a network trains."""

import pytest
import torch

from core.recipes import adaptation, presets
from core.training.autoencoder_trainer import AutoencoderTrainer

NAMES = sorted(name for name, recipe in presets.PRESETS.items() if not recipe.family.adversarial)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_step_moves_every_weight_and_images_keep_their_shape(name):
    small = adaptation.adapted(presets.preset(name), "shapes").with_(train_images=8, batch_size=8, validation=5)
    trainer = AutoencoderTrainer(small, torch.device("cpu"))
    before = {key: value.clone() for key, value in trainer.model.named_parameters()}
    trainer.step()
    after = dict(trainer.model.named_parameters())
    assert not [key for key, value in before.items() if torch.equal(value, after[key])]
    assert all(value.isfinite().all() for value in after.values())
    with torch.no_grad():
        made = trainer.model.decode(torch.zeros(2, trainer.model.latent_dim))
    assert made.shape == (2, *trainer.train_images.shape[1:]) and made.shape[1] == 3
