"""One pass through a model: its parts against the model's own methods called one by one."""

import numpy as np
import pytest
import torch

from core import data
from core.images import convert
from core.latent import codec, forward_pass
from core.models import build
from tests.battery.members import ALL, MEMBERS
from tests.tiny_runs import tiny

KINDS = [member for member in ALL if member.key != "gan"]


def built(member, shape=(1, 28, 28)):
    torch.manual_seed(0)
    recipe = member.recipe(shape)
    model = build(recipe).eval().requires_grad_(False)
    if model.latent_table is not None:
        model.table = torch.randn(9, model.code_dim)
    return recipe, model


def test_of_a_model_with_several_importance_samples_one_draw_is_shown():
    recipe = tiny(importance_samples=5)
    model, plain = build(recipe).eval(), build(recipe.with_(importance_samples=1)).eval()
    images = data.load("digits").train_images[:3]
    found, wanted = (forward_pass.of_images(each, images, 3) for each in (model, plain))
    assert np.array_equal(found.z, wanted.z) and found.z.shape == (3, 2) and model.importance_samples == 5
    assert {name: values.tolist() for name, values in found.terms.items()} == {
        name: values.tolist() for name, values in wanted.terms.items()
    }


@pytest.mark.parametrize("member", KINDS, ids=lambda member: member.key)
def test_a_pass_is_what_the_model_computes(member):
    recipe, model = built(member)
    images = data.load("digits").train_images[:3]
    rows = None if model.latent_table is None else np.array([4, 0, 8])
    run = forward_pass.of_images(model, images, 3, rows)
    x = codec.image_tensor(images, model)
    posterior = None if rows is None else model.posterior(model.latent_table[rows])
    terms = model.loss(x, torch.Generator().manual_seed(3), posterior).terms
    for name, term in terms.items():
        np.testing.assert_allclose(run.terms[name], term.expand(3).numpy(), rtol=1e-5)
    if posterior is None:
        posterior = model.encode(x if run.given is None else convert.to_tensor(run.given))
    assert (run.sigma is None) == (not recipe.family.variational) and bool(run.encoder) == recipe.family.encoder
    if run.given is None:
        np.testing.assert_allclose(run.mean, posterior.style.numpy(), rtol=1e-5, atol=1e-6)
    if run.sigma is not None:
        np.testing.assert_allclose(model.style(run.z), run.mean + run.sigma * run.noise, atol=1e-5)
    np.testing.assert_array_equal(run.decoded, convert.to_pictures(model.decode(torch.from_numpy(run.z))))
    np.testing.assert_array_equal(run.decoder[-1].values, model.decoder(torch.from_numpy(run.z)).numpy())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_point_goes_through_the_decoder_alone_and_a_gan_through_both_networks():
    recipe, model = built(MEMBERS[1], (3, 20, 36))
    z = np.float32([[0.5, -1.0]])
    run = forward_pass.of_latents(model, z)
    np.testing.assert_array_equal(run.decoded, codec.decode(model, z))
    assert not run.encoder and not run.terms and run.images is None and run.decoder[-1].shape == (3, 20, 36)
    recipe, gan = built(next(member for member in MEMBERS if member.key == "gan"))
    real = data.load("digits").test_images[:3]
    run = forward_pass.of_gan(gan, recipe.adversarial, real, 1)
    np.testing.assert_allclose(run.verdict_real, gan.discriminator(codec.image_tensor(real, gan)).numpy(), rtol=1e-5)
    np.testing.assert_allclose(run.verdict, gan.discriminator(gan.decode(torch.from_numpy(run.z))).numpy(), rtol=1e-5)
    np.testing.assert_allclose(run.discriminator[-1].values[:, 0], run.verdict, rtol=1e-5)
