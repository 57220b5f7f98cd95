"""A GAN in training: neither player touches the other, nothing moves at rate 0, a resumed run goes on bit by bit."""

import copy

import numpy as np
import pytest
import torch

from core import data, runs
from core.evaluation import sample_quality
from core.latent import codec
from core.models import GAN
from core.recipes.recipe import Recipe
from core.runs import Run, RunError, weights
from core.training.base_trainer import BaseTrainer
from core.training.events import FREEZES, Control, Finished, SinglePlayerStep
from core.training.gan_trainer import COLUMNS, GanTrainer
from core.training.loop import train
from tests.tiny_runs import drive, epoch_ends, tiny, trained

CPU = torch.device("cpu")


@pytest.fixture
def source(cached_classifier, few_samples) -> Run:
    return trained(tiny(latent_dim=4), "vae")


def small(**changes) -> Recipe:
    return Recipe(
        **{
            "name": "decoder-gan",
            "model": "gan",
            "dataset": "digits",
            "train_images": 64,
            "validation": 20,
            "batch_size": 16,
            "round_images": 32,
            "d_channels": (4, 8),
            "epochs": 4,
            "lr": 1e-3,
            "d_lr": 1e-3,
        }
        | changes
    )


def begun(recipe: Recipe) -> GanTrainer:
    trainer = GanTrainer(runs.create(recipe).recipe, CPU)
    trainer.begin()
    return trainer


def state(part: torch.nn.Module) -> dict:
    return {name: value.clone() for name, value in part.state_dict().items()}


def same(one: dict, two: dict) -> bool:
    return all(torch.equal(one[name], two[name]) for name in one)


def test_it_begins_as_its_source_decodes_encodes_and_samples(source):
    trainer, theirs = begun(small()), weights.load_model(source)
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    assert trainer.recipe.source == "vae" and trainer.recipe.hidden == source.recipe.hidden
    assert torch.equal(trainer.model.decode(z), theirs.decode(z))
    assert torch.equal(trainer.model.source_model().decode(z), theirs.decode(z))
    x = torch.rand(3, 1, 28, 28)
    assert torch.equal(trainer.model.encode(x).mean, theirs.encode(x).mean)
    assert torch.equal(trainer.model.kl_per_dim, theirs.kl_per_dim)


def test_a_map_before_the_decoder_begins_as_the_identity_and_learns_alone(source):
    """Inside the ball of radius √4; a point beyond it is moved to it. The decoder stays the source's."""
    trainer, theirs = begun(small(generator="map", g_steps=3)), weights.load_model(source)
    z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    z *= torch.linspace(0.5, 4, 8)[:, None] / z.norm(dim=1, keepdim=True)
    within = z * (2 / z.norm(dim=1, keepdim=True)).clamp(max=1)
    torch.testing.assert_close(trainer.model.decode(z), theirs.decode(within), rtol=0, atol=1e-6)
    x = torch.rand(3, 1, 28, 28)
    assert torch.equal(trainer.model.encode(x).mean, theirs.encode(x).mean), "it keeps the source's encoder"
    asked = []
    trainer.generator.register_forward_pre_hook(lambda module, args: asked.append(torch.is_grad_enabled()))
    trainer.step()
    assert sorted(asked) == [False, True, True, True], "images for D without a gradient, then three steps of G"
    assert same(state(theirs.decoder), state(trainer.generator.decoder))
    learned = trainer.generator.map(100 * z)
    assert not torch.allclose(learned, 2 * z / z.norm(dim=1, keepdim=True), atol=1e-4)
    assert learned.norm(dim=1).max() <= 2 + 1e-5


LOSSES = [{"adversarial": kind} for kind in ("non-saturating", "hinge", "least-squares", "wgan-gp")]
DENSE = {"d_network": "mlp", "d_hidden": (8,), "r1": 1.0, "r1_noise": 0.1}
MAP = {"generator": "map", "g_steps": 3}
WAYS = [
    *LOSSES,
    {"r1": 1.0},
    DENSE,
    {"ema": 0.9},
    {"d_norm": "spectral"},
    {"label_smoothing": 0.1},
    {"d_steps": 2},
    MAP,
]


def said(way: dict) -> str:
    return "-".join(f"{name}-{value}" for name, value in way.items())


@pytest.mark.parametrize("way", WAYS, ids=said)
def test_the_step_of_d_leaves_g_untouched_and_the_reverse(source, way):
    trainer = begun(small(**way))
    g, d = state(trainer.generator), state(trainer.model.discriminator)
    trainer.d_step()
    assert same(g, state(trainer.generator)) and not same(d, state(trainer.model.discriminator))
    d = state(trainer.model.discriminator)
    trainer.g_step()
    assert same(d, state(trainer.model.discriminator)) and not same(g, state(trainer.generator))
    assert all(p.grad is None for p in trainer.model.parameters())


def test_noise_is_drawn_only_where_r1_is_estimated_with_it(source):
    one, two, three = (begun(small(**way)) for way in ({}, {"r1_noise": 0.1}, {"r1_noise": 0.1, "r1": 1.0}))
    sums = [trainer.d_step() for trainer in (one, two, three)]
    assert torch.equal(sums[0], sums[1]) and same(state(one.model), state(two.model))
    draws = [trainer.draw(1) for trainer in (one, two, three)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    penalty = COLUMNS.index("penalty")
    assert sums[1][penalty] == 0 < sums[2][penalty]


def test_generated_images_reach_d_without_a_gradient(source):
    trainer, seen = begun(small()), []
    trainer.model.discriminator.register_forward_pre_hook(lambda module, args: seen.append(args[0].requires_grad))
    trainer.d_step()
    assert seen == [False]
    trainer.g_step()
    assert seen == [False, True]


def test_what_is_not_in_the_game_never_moves(source):
    trainer = begun(small(ema=0.9, r1=1.0))
    before = [state(part) for part in (trainer.model.encoder, trainer.model.source_decoder)]
    for _ in range(2):
        trainer.step()
    assert all(
        same(old, state(part))
        for old, part in zip(before, (trainer.model.encoder, trainer.model.source_decoder), strict=True)
    )


@pytest.mark.parametrize("way", WAYS, ids=said)
def test_at_a_learning_rate_of_zero_nothing_changes(source, way):
    trainer = begun(small(**way))
    trainer.lr = 0.0
    assert trainer.d_lr == 0.0
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    while not trainer.epoch_done:
        trainer.step()
    assert all(torch.equal(before[name], value) for name, value in trainer.model.named_parameters())


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_frozen_player_stays_and_the_other_learns(source, player):
    trainer = begun(small(freeze=player, r1=1.0))
    parts = {"generator": trainer.generator, "discriminator": trainer.model.discriminator}
    before = {name: state(part) for name, part in parts.items()}
    while not trainer.epoch_done:
        trainer.step()
    assert {name: same(before[name], state(part)) for name, part in parts.items()} == {
        name: name == player for name in parts
    }


@pytest.mark.parametrize("player, setting", FREEZES.items())
def test_a_player_can_be_frozen_in_mid_run_and_a_saved_state_keeps_it(source, player, setting):
    trainer = begun(small(r1=1.0, batch_size=8))
    trainer.step()
    parts = {"generator": trainer.generator, "discriminator": trainer.model.discriminator}
    trainer.change(setting, 1.0)
    before = {name: state(part) for name, part in parts.items()}
    trainer.step()
    assert {name: same(before[name], state(part)) for name, part in parts.items()} == {
        name: name == player for name in parts
    }
    other = begun(small(r1=1.0, batch_size=8))
    other.check_counters(trainer.counters())
    other.load_state_dict(trainer.state_dict(), trainer.counters())
    assert other.current(setting) == 1.0 and sum(map(other.current, FREEZES.values())) == 1.0
    other.change(setting, 0.0)
    other.step()
    again = {"generator": other.generator, "discriminator": other.model.discriminator}[player]
    assert not same(before[player], state(again)), "it learns again"
    with pytest.raises(ValueError, match=setting):
        other.check_counters(trainer.counters() | {setting: 7})


def test_the_average_follows_the_generator_as_its_decay_says(source):
    trainer = begun(small(ema=0.5))
    trainer.steps = 1_000  # no longer young
    shown, old = trainer.model.decoder[0].weight, trainer.model.decoder[0].weight.clone()
    trainer.g_step()
    torch.testing.assert_close(shown, 0.5 * old + 0.5 * trainer.generator[0].weight)


def test_each_real_image_is_seen_once_in_all_rounds_of_a_pass(source):
    trainer, seen = begun(small(batch_size=8, d_steps=2)), []
    step = trainer.d_step
    trainer.d_step = lambda rows: (seen.extend(rows.tolist()), step(rows))[1]
    for _ in range(2):
        while not trainer.epoch_done:
            trainer.step()
        trainer.end_epoch()
    assert sorted(seen) == list(range(64))


def test_d_s_accuracies_are_those_of_its_own_verdicts(source):
    trainer = begun(small())
    d, rows = copy.deepcopy(trainer.model.discriminator), torch.arange(16)
    trainer.noise.manual_seed(5)
    point = trainer.loss_row(trainer.d_step(rows)[None].double().numpy(), 0, 1)
    noise = torch.randn(16, 4, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        fake = d(trainer.model.decode(noise))
        real = d(trainer.train_images[:16].float() / 255)
    assert point["d_real"] == pytest.approx((real > 0).float().mean().item())
    assert point["d_fake"] == pytest.approx((fake <= 0).float().mean().item())
    assert set(point) < set(COLUMNS), "G was not asked"


def test_draws_follow_the_latents_of_a_source_without_a_prior():
    trained(tiny("deep-ae", latent_dim=3, likelihood="mse"), "ae")
    trainer = begun(small())
    assert not trainer.model.has_prior and trainer.recipe.source_model == "ae"
    z = trainer.draw(20_000)
    mean, cov = trainer.model.latent_mean, trainer.model.latent_cov
    scale = float(cov.diagonal().max().sqrt())
    assert torch.allclose(z.mean(0), mean, atol=0.05 * scale)
    assert torch.allclose(torch.cov(z.T), cov, atol=0.06 * scale**2)


def columns(run: Run) -> list[str]:
    return [",".join(line.split(",")[:2] + line.split(",")[3:]) for line in run.csv().splitlines()]  # without seconds


@pytest.mark.parametrize(
    "way",
    [DENSE, {"ema": 0.9, "d_norm": "spectral"}, {"adversarial": "wgan-gp", "d_steps": 2}, MAP | {"ema": 0.9}],
    ids=["dense", "averaged", "critic", "map"],
)
def test_a_resumed_gan_is_bit_equal_to_one_that_ran_through(source, way):
    whole, broken = runs.create(small(**way)), runs.create(small(**way))
    drive(whole)
    drive(broken, stop_after=3)  # within an epoch
    assert broken.status["state"] == "stopped"
    drive(broken)
    for file in ("last", "resume"):
        one, two = (weights.load(run.path / f"{file}.safetensors")[0] for run in (whole, broken))
        assert one.keys() == two.keys() and [name for name in one if not torch.equal(one[name], two[name])] == []
    assert columns(broken)[-1] == columns(whole)[-1]
    assert broken.class_history()[1][-1].tolist() == whole.class_history()[1][-1].tolist()


def test_a_run_has_its_own_columns_measures_pictures_and_figures(source):
    run = runs.create(small())
    events = drive(run)
    assert [e.epoch for e in epoch_ends(events)] == list(range(5)) == run.frames()
    assert all(len(e.shares) == 10 and sum(e.shares) == pytest.approx(1) for e in epoch_ends(events))
    history = run.history()
    best = min(e.row["val_frechet"] for e in epoch_ends(events))
    assert run.status["best_total"] == best and min(v for v in history["val_frechet"] if v == v) == best
    found = run.evaluation()
    assert found["before"]["frechet"] > 0 and found["images"] == 297 and "classifier" in found["yardstick"]
    assert isinstance(weights.load_model(run), GAN)


def test_the_source_may_go_once_the_gan_has_begun(source):
    run = runs.create(small())
    drive(run, stop_after=1)
    source.delete()
    assert drive(run)[-1].state == "finished" and run.evaluation()["before"]


def test_of_an_experiment_the_last_weights_are_measured_and_of_another_run_the_best(source):
    test = data.load("digits").test_images
    for name, which in (("try-collapse", "last"), ("decoder-gan", "best")):
        run = runs.create(small(name=name, lr=0.1))
        drive(run)
        found, model = run.evaluation(), weights.load_model(run, which)
        error = np.mean((codec.decode(model, codec.encode(model, test)) / 255.0 - test / 255.0) ** 2)
        assert found["mse"] == pytest.approx(error, rel=0.01), name
        assert found["epoch"] == run.status["epoch" if which == "last" else "best_epoch"], name
        assert run.status["best_epoch"] < run.status["epoch"], "the two differ"


def test_one_player_can_take_a_step_alone(source):
    run, control = runs.create(small()), Control()
    events, seen = train(run, "cpu", control), []
    for event in events:
        if isinstance(event, SinglePlayerStep):
            seen.append(event)
        if len(seen) < 2 and not isinstance(event, Finished):
            control.single_player = "dg"[len(seen)]
    assert [event.player for event in seen] == ["d", "g"]
    assert "d_real" in seen[0].row and "d_real" not in seen[1].row and "g_loss" in seen[1].row


def test_other_families_have_no_players():
    assert BaseTrainer.single_player_step(None, "d") == {}


def test_a_source_that_went_before_it_was_needed_is_a_sentence(source):
    run = runs.create(small())
    source.delete()
    with pytest.raises(RunError, match="There is no run 'vae'"):
        drive(run)


def test_a_set_without_classes_is_measured_by_its_pixels(source, monkeypatch):
    images = data.load("digits")
    bare = data.ImageSet(
        "digits", images.train_images, images.train_labels * 0 - 1, images.test_images, images.test_labels * 0 - 1, ()
    )
    trainer = GanTrainer(runs.create(small()).recipe, CPU, bare)
    trainer.begin()
    row = trainer.validate().row
    assert row["val_frechet"] > 0 and "val_modes" not in row and "principal" in trainer.sample_quality.name


def test_a_player_that_only_steps_waits_for_no_classifier_and_the_table_of_classes_stands_all_the_same(
    source, monkeypatch
):
    monkeypatch.setattr(sample_quality, "for_dataset", lambda images: pytest.fail("a classifier was asked for"))
    trainer = GanTrainer(runs.create(small()).recipe, CPU)
    trainer.begin()
    assert trainer.step() == 16 and trainer.breakdown[1] == ("epoch", *(f"c{i}" for i in range(10)))
