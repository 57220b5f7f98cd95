"""Transformer over codes: causal, a distribution, its cache, temperature, and that it learns what random codes miss."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from core import runs
from core.latent import mixture
from core.models import build
from core.priors import code_transformer, learning, samplers
from core.priors.code_transformer import AROUND, CodePrior, Transformer, begin_at_codebook, cells_around, choose
from core.priors.kinds import KINDS
from core.priors.latents import TrainingLatents
from core.priors.settings import CodeTransformerSettings
from core.runs import RunError, weights
from tests.tiny_runs import tiny

KIND = KINDS["transformer"]


def network(size: int = 5, grid: tuple[int, int] = (2, 3), **changes) -> Transformer:
    """A random network with logits that differ plainly."""
    torch.manual_seed(0)
    made = Transformer(size, grid, **{"width": 16, "layers": 2, "heads": 2, "dropout": 0.0} | changes)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


@pytest.fixture
def model():
    """A model of 4 × 4 codes of 6, whose codebook was taken from a batch."""
    recipe = tiny("vq-vae-fast", image_shape=(1, 8, 8), grid_pixels=2, codebook_size=6, codebook_dim=3)
    made = build(recipe)
    generator = torch.Generator().manual_seed(0)
    made.after_step(made.loss(torch.rand(16, 1, 8, 8, generator=generator)), generator)
    return made.eval().requires_grad_(False)


def test_a_later_code_changes_no_earlier_logits():
    net, codes = network(), torch.tensor([[0, 1, 2, 3, 4, 0]])
    before = net(codes)
    for place in range(6):
        changed = codes.clone()
        changed[0, place] = (changed[0, place] + 1) % 5
        after = net(changed)
        assert torch.equal(after[:, : place + 1], before[:, : place + 1]), place
        assert place == 5 or not torch.allclose(after[:, place + 1 :], before[:, place + 1 :]), place


def test_a_position_begins_with_the_cells_to_its_left_and_above_it():
    """By hand, of a grid whose cells are read as 0 1 2 / 3 4 5 / 6 7 8; −1 is outside."""
    around = {cell: dict(zip(AROUND, row, strict=True)) for cell, row in enumerate(cells_around((3, 3)).tolist())}
    assert set(around[0].values()) == {-1}
    assert around[2] == {(0, -2): 0, (-1, -1): -1, (-1, 0): -1, (-1, 1): -1, (-2, 0): -1}
    assert around[4] == {(0, -2): -1, (-1, -1): 0, (-1, 0): 1, (-1, 1): 2, (-2, 0): -1}
    assert around[8] == {(0, -2): 6, (-1, -1): 4, (-1, 0): 5, (-1, 1): -1, (-2, 0): 2}


def test_embeddings_begin_as_linear_maps_of_the_codebook():
    """The entries are of 3 dimensions, so the centred embeddings have rank 3; each place has a map of its own."""
    net, entries = network(size=40, width=16), torch.randn(40, 3, generator=torch.Generator().manual_seed(3))
    begin_at_codebook(net, entries)
    tables = [net.code.weight, *net.beside.weight.view(len(AROUND), 41, 16)]
    for table in tables:
        assert int(torch.linalg.matrix_rank(table[:40], atol=1e-4)) == 3
        assert float(table.detach().square().mean().sqrt()) == pytest.approx(0.2, rel=0.4)
    assert not torch.allclose(tables[0], tables[1], atol=0.1)


def test_a_prior_of_an_older_version_draws_what_it_drew(model):
    """Its file has no codes around: they count for nothing."""
    settings = CodeTransformerSettings(heads=2, width=16, layers=1)
    old = network(size=6, grid=(4, 4), layers=1)
    torch.nn.init.zeros_(old.beside.weight)
    tensors = {name: tensor for name, tensor in old.state_dict().items() if name != "beside.weight"}
    restored = code_transformer.restore(tensors, settings, model)
    assert torch.equal(restored.draw_codes(4, 0), CodePrior(old, model).draw_codes(4, 0))


def test_the_cache_gives_the_logits_of_the_whole_pass():
    net, codes = network(), torch.randint(5, (3, 6), generator=torch.Generator().manual_seed(1))
    whole, cache = net(codes), []
    for place in range(6):
        assert torch.allclose(net.next(codes[:, :place], cache), whole[:, place], atol=1e-5), place


def test_the_probabilities_of_all_grids_add_up_to_1(model):
    """All 3⁴ grids of 2 × 2 codes."""
    model.grid = (2, 2)
    prior = CodePrior(network(size=3, grid=(2, 2)), model)
    grids = torch.tensor(list(itertools.product(range(3), repeat=4))).view(-1, 2, 2)
    assert float(prior.log_probability(grids).exp().sum()) == pytest.approx(1, abs=1e-5)


def test_samples_are_as_frequent_as_their_probabilities(model):
    model.grid = (1, 2)
    prior = CodePrior(network(size=3, grid=(1, 2)), model)
    grids = torch.tensor(list(itertools.product(range(3), repeat=2))).view(-1, 1, 2)
    n = 6_000
    drawn = prior.draw_codes(n, 0).flatten(1)
    counts = torch.bincount(3 * drawn[:, 0] + drawn[:, 1], minlength=9).double()
    expected = prior.log_probability(grids).double().exp()
    deviation = (expected * (1 - expected) / n).sqrt()
    assert bool(((counts / n - expected).abs() < 4 * deviation + 1e-4).all())


def test_a_temperature_of_0_is_the_most_probable_code_and_a_small_one_tends_to_it():
    logits, uniform = torch.tensor([[0.1, 2.0, 1.9], [3.0, -1.0, 2.9]]), torch.tensor([0.999, 0.001])
    assert choose(logits, uniform, 0.0).tolist() == [1, 0]
    assert choose(logits, uniform, 1e-3).tolist() == [1, 0]
    share = float(logits.softmax(1)[0, :2].sum())
    assert choose(logits[:1], torch.tensor([share - 1e-3]), 1.0).tolist() == [1]
    assert choose(logits[:1], torch.tensor([share + 1e-3]), 1.0).tolist() == [2]


def test_the_first_samples_do_not_depend_on_their_number_and_are_valid_codes(model):
    prior = CodePrior(network(size=6, grid=(4, 4)), model)
    few, many = prior.draw(3, 7), prior.draw(8, 7)
    assert few.shape == (3, model.latent_dim) and np.array_equal(few, many[:3])
    assert not np.array_equal(few, prior.draw(3, 8))
    codes = prior.draw_codes(3, 7)
    assert torch.equal(model.codes(torch.from_numpy(few)), codes) and int(codes.max()) < 6


@pytest.mark.slow
def test_it_learns_what_stands_beside_what(model):
    """Grids of one code each: log p of such a grid comes near log 1/6, far above that of independent codes."""
    codes = torch.arange(6).repeat(80).view(-1, 1, 1).expand(-1, 4, 4)
    latents = TrainingLatents(model.of_codes(codes), None, None)
    settings = CodeTransformerSettings(steps=200, batch=32, lr=1e-2, heads=2, width=32, layers=2, dropout=0.0)
    *_, last = code_transformer.learn(latents, model, settings)
    found = last.prior.log_probability(codes[:6]).mean()
    assert float(found) == pytest.approx(-math.log(6), abs=0.5) and float(found) > 0.3 * 16 * math.log(1 / 6)
    drawn = last.prior.draw_codes(50, 0).flatten(1)
    assert float((drawn == drawn[:, :1]).all(1).float().mean()) > 0.8


def test_a_prior_is_restored_from_its_tensors_and_refuses_others(model):
    settings = CodeTransformerSettings(steps=2, batch=8, heads=2, width=16, layers=1)
    codes = torch.randint(6, (20, 4, 4), generator=torch.Generator().manual_seed(2))
    latents = TrainingLatents(model.of_codes(codes), None, None)
    *_, last = code_transformer.learn(latents, model, settings)
    again = code_transformer.restore(last.prior.tensors(), settings, model)
    assert np.array_equal(again.draw(4, 0), last.prior.draw(4, 0))
    with pytest.raises((ValueError, KeyError, RuntimeError)):
        code_transformer.restore({"place": torch.zeros(1)}, settings, model)
    with pytest.raises(ValueError):
        code_transformer.restore(last.prior.tensors(), settings, build(tiny("mlp-vae")))


def test_it_applies_to_families_of_codes_alone():
    assert not KIND.refusal(tiny("vq-vae-fast"))
    assert "grid of codes" in KIND.refusal(tiny("mlp-vae"))


def test_a_model_of_codes_has_random_codes_and_what_was_learned_over_them(model):
    run = runs.create(tiny("vq-vae-fast", image_shape=(1, 8, 8), grid_pixels=2, codebook_size=6, codebook_dim=3))
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    assert samplers.offered(run, model) == ["codes"] and mixture.default_sampler(model) == "codes"
    settings = CodeTransformerSettings(steps=2, batch=8, heads=2, width=16, layers=1)
    events = list(learning.learn(run, KIND, settings, "cpu"))
    assert events[-1].done == 2 and events[-1].pictures.shape[1:] == (8, 8)
    assert samplers.offered(run, model) == ["codes", "transformer"]
    for source in ("codes", "transformer"):
        drawn = samplers.for_run(run, model, source).draw(5, 1)
        assert drawn.shape == (5, model.latent_dim)
        assert np.allclose(model.of_codes(model.codes(torch.from_numpy(drawn))), drawn), "entries of the codebook"
    for source in ("prior", "gaussian", "mixture"):
        with pytest.raises(RunError, match="Choose codes"):
            samplers.for_run(run, model, source)
