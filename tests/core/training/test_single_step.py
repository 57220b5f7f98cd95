"""One training step in slow motion, against the step that the trainer itself takes on the same batch."""

import copy

import numpy as np
import pytest
import torch

from core import data
from core.models import build
from core.training import single_step
from core.training.autoencoder_trainer import AutoencoderTrainer
from core.training.lazy_adam import LazyAdam
from tests.battery.members import MEMBERS
from tests.tiny_runs import tiny

CPU = torch.device("cpu")
KINDS = [member for member in MEMBERS if member.key != "gan"]


def prepared(member, **changes):
    """A trainer before its first step, a model with its weights and table, and the rows of its first batch."""
    recipe = member.recipe(batch_size=8, **{"schedule": "constant"} | changes)
    trainer = AutoencoderTrainer(recipe, CPU, data.load("digits"))
    model = copy.deepcopy(trainer.model)
    if trainer.latents is not None:
        model.table = trainer.latents.materialize()
    return recipe, trainer, model, trainer.next_rows()


def test_with_several_importance_samples_it_is_a_step_with_one():
    recipe = tiny(importance_samples=5)
    model, images = build(recipe), data.load("digits").train_images[:8]
    steps = [
        single_step.take(each, each_recipe, images, 5, {"beta": 1.0})
        for each, each_recipe in ((model, recipe), (build(recipe.with_(importance_samples=1)), recipe))
    ]
    assert steps[0].terms == steps[1].terms and steps[0].loss_after == steps[1].loss_after
    assert steps[0].z.shape == (8, 2) and model.importance_samples == 5


@pytest.mark.parametrize("member", KINDS, ids=lambda member: member.key)
def test_it_is_the_step_that_the_trainer_takes(member):
    recipe, trainer, model, rows = prepared(member)
    images = trainer.train_images[rows].numpy()[:, 0]
    weights = {name: recipe.value(name) for name in recipe.family.weights}
    own = rows.numpy() if trainer.latents is not None else None
    untouched = copy.deepcopy(model.state_dict())
    labels = trainer.train_labels[rows]
    step = single_step.take(model, recipe, images, 5, weights, own, labels=labels.numpy())
    assert all(torch.equal(untouched[name], value) for name, value in model.state_dict().items()), (
        "the run is unchanged"
    )

    trainer.noise.manual_seed(5)
    trainer.step()
    sums = trainer.loss_sums[0][: len(recipe.family.terms)] / len(rows)  # measures follow
    assert [step.terms[t.name] for t in recipe.family.terms] == pytest.approx(
        sums[: len(step.terms)].tolist(), rel=1e-5
    )
    assert step.loss == pytest.approx(
        sum(step.terms[t.name] * (weights[t.weight] if t.weight else 1) for t in recipe.family.terms), rel=1e-5
    )
    # The same images and noise with the trainer's weights after its step.
    latents = trainer.latents
    posterior = None if latents is None else trainer.model.posterior(latents.gather(rows))
    with torch.no_grad():
        if recipe.family.conditional:
            posterior = trainer.model.encode_as(trainer.train_images[rows] / 255.0, labels)
        after = trainer.model.loss(
            trainer.train_images[rows] / 255.0, torch.Generator().manual_seed(5), posterior
        ).terms
    assert [step.terms_after[t.name] for t in recipe.family.terms] == pytest.approx(
        [after[t.name].mean().item() for t in recipe.family.terms], rel=1e-4
    )


def test_gradients_of_the_output_and_of_z_are_those_of_the_formulas():
    """Bernoulli: x̂ − x. And z of a Gaussian posterior is μ + σ ε."""
    member = next(member for member in KINDS if member.key == "vae")
    recipe, trainer, model, rows = prepared(member)
    images = trainer.train_images[rows].numpy()[:, 0]
    step = single_step.take(model, recipe, images, 1, {"beta": 0.0})
    np.testing.assert_allclose(step.output_gradient, step.decoded / 255 - images / 255, atol=0.5 / 255 + 1e-5)
    np.testing.assert_allclose(step.z, step.mean + step.sigma * step.noise, atol=1e-5)
    assert step.encoder and step.decoder and step.table_gradient is None
    with torch.no_grad():  # an image's own finite difference along the direction of the gradient
        z, direction = torch.from_numpy(step.z), torch.from_numpy(step.z_gradient)
        x = torch.from_numpy(images)[:, None] / 255.0
        nll = [model.likelihood.nll(model.decoder(z + side * direction), x) for side in (1e-3, -1e-3)]
    np.testing.assert_allclose((nll[0] - nll[1]) / 2e-3, np.square(step.z_gradient).sum(1), rtol=0.02, atol=0.02)


def test_a_larger_factor_moves_further_and_norms_are_those_of_the_layers():
    member = next(member for member in KINDS if member.key == "ad")
    recipe, trainer, model, rows = prepared(member)
    images = trainer.train_images[rows].numpy()[:, 0]
    small, large = (
        single_step.take(model, recipe, images, 0, {"beta": 1.0}, rows.numpy(), factor) for factor in (1.0, 100.0)
    )
    assert np.abs(large.change).max() > 5 * np.abs(small.change).max()
    assert small.sigma is None and small.noise is None and not small.encoder
    assert (small.table_gradient > 0).all() and len(small.table_gradient) == len(rows)
    assert len(small.decoder) == sum(p.dim() > 1 for p in model.decoder.parameters())


def test_the_steps_before_are_those_of_adam_with_a_rising_rate():
    """Against Adam written out."""
    member = next(member for member in KINDS if member.key == "ae")
    recipe, trainer, model, _ = prepared(member)
    batches = [trainer.train_images[k : k + 4].numpy()[:, 0] for k in (0, 4, 8)]
    step = single_step.take(
        model, recipe, batches[2], 0, {}, earlier=[single_step.Batch(batch) for batch in batches[:2]]
    )
    own, (b1, b2) = copy.deepcopy(model), (0.9, recipe.beta2)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in own.parameters()]
    for t, batch in enumerate(batches, 1):
        own.zero_grad()
        own.loss(torch.from_numpy(batch)[:, None] / 255.0).recon.mean().backward()
        with torch.no_grad():
            for p, (m, v) in zip(own.parameters(), moments, strict=True):
                m.mul_(b1).add_((1 - b1) * p.grad)
                v.mul_(b2).add_((1 - b2) * p.grad**2)
                p -= recipe.lr * (t / 3) * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + 1e-8)
    with torch.no_grad():
        after = own.loss(torch.from_numpy(batches[2])[:, None] / 255.0).recon.mean().item()
    assert step.terms_after["recon"] == pytest.approx(after, rel=1e-4)


def test_rows_without_a_gradient_are_refused_and_the_count_stays():
    table = LazyAdam(torch.zeros(4, 2), 0.1, 2)
    table.gather(torch.arange(2))
    with pytest.raises(RuntimeError, match="call backward first"):
        table.step()
    assert table.steps == 0
