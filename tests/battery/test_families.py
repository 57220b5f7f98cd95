"""Common test battery of all families, at three image shapes: it learns, its terms are what its record says, its state
survives files, and it encodes, decodes and samples."""

from __future__ import annotations

import io
import math
import zipfile

import numpy as np
import pytest
import torch

from core import runs
from core.images import convert
from core.latent import codec, sampling
from core.models import LatentModel, build
from core.recipes.family import FAMILIES
from core.recipes.images import load_images
from core.runs import RunError, history, weights
from core.runs.export import to_zip
from tests.battery.members import ALL, MEMBERS, Member
from tests.tiny_runs import drive, keep_a_beginner, trained

SHAPES = ((1, 28, 28), (3, 32, 32), (1, 20, 36))
EXPLICIT = [member for member in ALL if not FAMILIES[member.key].adversarial]
"""Members with loss terms."""


def _id(value: Member | tuple[int, ...]) -> str:
    return value.key if isinstance(value, Member) else "x".join(map(str, value))


each = pytest.mark.parametrize("member", ALL, ids=_id)
each_explicit = pytest.mark.parametrize("member", EXPLICIT, ids=_id)
at_each_shape = pytest.mark.parametrize("shape", SHAPES, ids=_id)


def test_every_family_is_a_member():
    assert {member.key for member in ALL} == set(FAMILIES) and {m.key for m in MEMBERS} <= set(FAMILIES)


@pytest.mark.slow
@each_explicit
@at_each_shape
def test_it_overfits_32_images(member, shape):
    """The reconstruction of 32 training images gets much better than that of one average image for all."""
    recipe = member.recipe(
        shape, train_images=32, validation=4, batch_size=16, epochs=60, latent_dim=8, hidden=(64,), lr=3e-3, beta=0.01
    )
    trainer = recipe.family.trainer_class()(recipe, torch.device("cpu"))
    trainer.begin()
    while trainer.epoch < recipe.epochs:
        trainer.step()
        if trainer.epoch_done:
            last = trainer.curve(0, trainer.batch)
            trainer.end_epoch()
    x = convert.scale_bytes(trainer.train_images)
    average = trainer.model.likelihood.mean(torch.logit(x.mean(0, keepdim=True).clamp(1e-3, 1 - 1e-3)))
    baseline = torch.nn.functional.binary_cross_entropy(average.expand_as(x), x, reduction="none").flatten(1).sum(1)
    assert recipe.likelihood == "bernoulli" and last[-1]["train_recon"] < 0.85 * float(baseline.mean())


@each_explicit
@at_each_shape
def test_the_first_batch_has_the_terms_of_the_record_added_with_their_weights(member, shape):
    """Terms, weighted terms and total of the curve, recomputed from the model's loss on the same batch and noise."""
    recipe = member.recipe(shape, batch_size=16, beta=0.7, likelihood="bernoulli")
    trainer = recipe.family.trainer_class()(recipe, torch.device("cpu"))
    twin = build(recipe)
    twin.set_training_images(len(trainer.train_images))
    x = convert.scale_bytes(trainer.train_images[trainer.next_rows()])
    noise, posterior = torch.Generator().manual_seed(recipe.seed), None
    if trainer.latents is not None:
        posterior = twin.posterior(trainer.latents.materialize()[trainer.next_rows()])
    if recipe.family.conditional:
        posterior = twin.encode_as(x, trainer.train_labels[trainer.next_rows()])
    terms = twin.loss(x, noise, posterior).terms
    assert set(terms) == {term.name for term in recipe.family.terms}
    trainer.step()
    row, total = trainer.curve(0, 1)[0], 0.0
    for term in recipe.family.terms:
        assert terms[term.name].shape == (() if term.batch else (16,))
        value = float(terms[term.name].detach().mean())
        assert row[f"train_{term.name}"] == pytest.approx(value, rel=1e-5, abs=1e-6)
        if term.weight:
            value *= recipe.value(term.weight)
            assert row[f"train_weighted_{term.name}"] == pytest.approx(value, rel=1e-5, abs=1e-6)
        total += value
    assert row["train_total"] == pytest.approx(total, rel=1e-5)
    assert set(row) <= set(history.columns(recipe.family))


@pytest.mark.slow
@each
@at_each_shape
def test_a_run_is_trained_saved_loaded_and_exported(member, shape, cached_classifier, few_samples, brief_searches):
    recipe = member.recipe(shape, epochs=1)
    if recipe.family.adversarial:
        keep_a_beginner(load_images(recipe))
    run = trained(recipe)
    table = run.history()
    assert tuple(table) == history.columns(recipe.family) and table["epoch"][-1] == 1
    if recipe.family.terms:
        last = {name: values[-1] for name, values in table.items()}
        parts = [f"val_weighted_{t.name}" if t.weight else f"val_{t.name}" for t in recipe.family.terms]
        assert last["val_total"] == pytest.approx(sum(last[name] for name in parts))
    model = weights.load_model(run, "last")
    saved, _ = weights.load(run.path / "last.safetensors")
    assert all(torch.equal(tensor, saved[name]) for name, tensor in model.state_dict().items())
    with zipfile.ZipFile(io.BytesIO(to_zip(run))) as archive:
        names = {name.rsplit("/", 1)[-1] for name in archive.namelist()}
    assert {"recipe.json", "history.csv", "best.safetensors"} <= names
    _encodes_decodes_and_samples(model, recipe)


def _encodes_decodes_and_samples(model: LatentModel, recipe) -> None:
    images = load_images(recipe).test_images[:3]
    samples = codec.decode(model, sampling.draws(model, 5, 0))
    assert samples.shape == (5, *recipe.shape.picture) and samples.dtype == np.uint8
    assert np.array_equal(samples, codec.decode(model, sampling.draws(model, 5, 0)))
    z = codec.encode(model, images)
    assert z.shape == (3, model.latent_dim) and model.style(z).shape == (3, recipe.latent_dim) and np.isfinite(z).all()
    assert codec.decode(model, z).shape == images.shape


@pytest.mark.slow
@each
def test_a_run_that_is_stopped_and_resumed_is_bit_equal(member, cached_classifier, few_samples, brief_searches):
    recipe = member.recipe(epochs=3)
    whole, parts = trained(recipe, "whole"), runs.create(recipe, "parts")
    drive(parts, stop_after=3)
    drive(parts, stop_after=1)
    assert drive(parts)[-1].state == "finished"
    for file in ("last.safetensors", "resume.safetensors"):
        one, two = (weights.load(run.path / file)[0] for run in (whole, parts))
        assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one), file
    tables = [history.to_rows(run.history()) for run in (whole, parts)]
    by_step = [{row["step"]: {k: v for k, v in row.items() if k != "seconds"} for row in rows} for rows in tables]
    assert by_step[0].keys() <= by_step[1].keys()
    for step, row in by_step[0].items():  # the stops measured once more, within an epoch
        assert {name: by_step[1][step][name] for name in row} == row, step


@each
def test_a_damaged_folder_is_refused_in_a_sentence(member):
    run = runs.create(member.recipe(), "damaged")
    state = build(run.recipe).state_dict()
    first = next(iter(state))
    for broken, word in (
        ({k: v for k, v in state.items() if k != first}, "missing"),
        (state | {"x": state[first]}, "x"),
    ):
        weights.save(run.path / "best.safetensors", broken, {})
        with pytest.raises(RunError, match=word):
            weights.load_model(run)
    (run.path / "best.safetensors").write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(RunError, match="damaged"):
        weights.load_model(run)
    (run.path / "recipe.json").write_text("{", "utf-8")
    assert "damaged" in runs.Run(run.path).error


@each
def test_its_record_is_complete(member):
    family = FAMILIES[member.key]
    assert family.key == member.key and family.name and family.abbreviation and family.sentence.endswith(".")
    for name in family.fields + family.weights + tuple(t.warmup for t in family.terms if t.warmup):
        assert name in member.recipe().to_dict(), name
    model = build(member.recipe())
    assert isinstance(model, family.model_class()) and all(hasattr(model, method) for method in family.code)
    if family.terms:
        assert family.objective and family.explanation and family.caption
        assert math.isfinite(model.beta) and model.variational == family.variational and model.has_prior == family.prior
