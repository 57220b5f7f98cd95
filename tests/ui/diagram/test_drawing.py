"""Diagrams of models: their parts for every family, and an explanation of each with the numbers of its image."""

import dataclasses

import numpy as np
import pytest
import torch

from core import data
from core.latent import forward_pass
from core.models import build
from core.models.layers import Layer
from tests.battery.members import ALL, MEMBERS
from ui.diagram import drawing, one_step, parts
from ui.shared.source_code import source_of

IMAGES = 3


def passed(member, shape=(1, 28, 28)):
    """A recipe, its untrained model and a pass of images through it."""
    torch.manual_seed(0)
    recipe = member.recipe(shape)
    model = build(recipe).eval().requires_grad_(False)
    pictures = data.load("digits").test_images[:IMAGES]
    if len(shape) and shape[0] == 3:
        pictures = np.random.default_rng(0).integers(0, 256, (IMAGES, *shape[1:], 3), np.uint8)
    if recipe.family.adversarial:
        return recipe, model, forward_pass.of_gan(model, recipe.adversarial, pictures, 0)
    rows = None
    if model.latent_table is not None:
        model.table, rows = torch.randn(9, model.code_dim), np.array([4, 0, 8])
    return recipe, model, forward_pass.of_images(model, pictures, 0, rows)


DENSE_D = dataclasses.replace(MEMBERS[-1], key="dense-d", changes=MEMBERS[-1].changes | {"d_network": "mlp"})


@pytest.mark.parametrize("member", [*ALL, DENSE_D], ids=lambda member: member.key)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 36)])
def test_every_family_is_drawn_and_every_part_explains_itself(member, shape):
    recipe, model, run = passed(member, shape)
    weights = {name: float(recipe.value(name)) for name in recipe.family.weights}
    found = drawing.groups(recipe, run, np.arange(recipe.latent_dim), weights)
    nodes = [node for group in found for node in group.nodes]
    keys = [node.key for node in nodes]
    family = recipe.family
    assert len(set(keys)) == len(keys)
    assert ("posterior" in keys) == family.variational and ("table" in keys) == family.latent_table
    assert ("search" in keys) == family.latent_table
    assert any(key.startswith("encoder.") for key in keys) == family.encoder
    for node in nodes:
        if node.form not in ("words", "rows"):
            assert len(node.values) == IMAGES, node.key
        said = parts.explain(node.key, parts.Scene(recipe, type(model), run, 1, 0, weights))
        assert said is not None and said.words.endswith(".") and source_of(*said.code).strip(), node.key
        assert "nan" not in " ".join(said.formulas), node.key
    scene = parts.Scene(recipe, type(model), run, 0, 0, weights)
    assert parts.explain("decoder.99", scene) is None and parts.explain("nothing", scene) is None


def test_the_weights_of_classes_are_no_part_of_z():
    member = next(member for member in ALL if member.recipe((1, 28, 28)).family.conditional)
    recipe = member.recipe((1, 28, 28))
    model, d = build(recipe).eval().requires_grad_(False), recipe.latent_dim
    z = np.zeros((1, model.latent_dim), np.float32)
    z[0, 0], z[0, d] = 0.7, 1.0  # a style of length 0.7, of the first class
    run = forward_pass.of_latents(model, z)
    assert run.style.tolist() == z[:, :d].tolist() and run.classes == model.latent_dim - d
    node = drawing.groups(recipe, run, np.arange(d), {})[0].nodes[0]
    assert [*node.lines] == [f"{d} numbers", f"and the class ({run.classes})"]
    said = parts.explain("z", parts.Scene(recipe, type(model), run, 0, 0, {}))
    assert said is not None and said.formulas[0].endswith("= 0.700")


def test_the_loss_adds_up_and_the_kl_of_a_dimension_is_that_of_torch():
    recipe, model, run = passed(MEMBERS[1])
    scene = parts.Scene(recipe.with_(beta=2.0), type(model), run, 1, 0, {"beta": 2.0})
    total = run.terms["recon"][1] + 2 * run.terms["kl"][1]
    assert f"= {total:.2f}" in parts.explain("loss", scene).formulas[-1]
    normal = torch.distributions.Normal
    q = normal(torch.tensor(run.mean[1, 0]), torch.tensor(run.sigma[1, 0]))
    exact = float(torch.distributions.kl_divergence(q, normal(0.0, 1.0)))
    said = float(parts.explain("posterior", scene).formulas[1].split("=")[-1].split(r"\ ")[0])
    assert said == pytest.approx(exact, rel=0.01, abs=0.001)


def test_maps_go_from_black_to_white_and_units_fill_a_square():
    values = np.linspace(-1, 3, 2 * 10, dtype=np.float32).reshape(2, 10)
    small = drawing.maps(Layer("dense", "", (4,), (10,), 50, values))
    assert small.shape == (2, 1, 3, 4) and (small.min(), small.max()) == (0, 255)
    assert small[1, 0].ravel()[:10].tolist() == np.rint(255 * (values[1] + 1) / 4).astype(int).tolist()
    large = np.random.default_rng(0).normal(size=(1, 6, 70, 90)).astype(np.float32)
    small = drawing.maps(Layer("conv", "", (1, 70, 90), (6, 70, 90), 50, large))
    assert small.shape[:2] == (1, drawing.MAPS) and small[0, 0].size <= drawing.MAP_BYTES


@pytest.mark.parametrize("member", [m for m in ALL if m.key != "gan"], ids=lambda member: member.key)
def test_a_step_has_the_stages_of_its_family(member):
    from core.training import single_step

    recipe = member.recipe(batch_size=6)
    torch.manual_seed(0)
    model = build(recipe).eval().requires_grad_(False)
    rows = None
    if model.latent_table is not None:
        model.table, rows = torch.randn(9, model.code_dim), np.arange(6)
    weights = {name: float(recipe.value(name)) for name in recipe.family.weights}
    step = single_step.take(model, recipe, data.load("digits").train_images[:6], 1, weights, rows)
    taken = one_step.Taken(one_step._shown(step), np.arange(recipe.latent_dim), weights, 6)
    stages = one_step.stages_of(recipe, taken, 1)
    first = "Encode" if recipe.family.encoder else "Look up"
    noisy = ["Noise ε", "z"] if recipe.family.variational else []
    assert [stage.name for stage in stages] == ["Batch", first, *noisy, "Decode", "Losses", "Gradient", "Update"]
    assert all(stage.caption and stage.rows for stage in stages)
    for stage in stages:
        for row in stage.rows:
            assert row.kind == "bars" or len(row.values) == 6
