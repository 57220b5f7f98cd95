"""The rate of training: exact by a clock that is known, remembered by what decides it, and without a trace."""

import numpy as np
import pytest
import torch

from core.recipes.recipe import Recipe
from core.system import devices
from core.training import base_trainer, speed_test
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import tiny

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "no data"))
    return tmp_path / "cache"


@pytest.fixture
def clock(monkeypatch):
    """Time that only steps take: each as many seconds as `cost` says, of which this thread computes `share`."""

    class Clock:
        now, computed, cost, share, steps = 0.0, 0.0, lambda self, step: 0.01, lambda self, step: 1.0, 0

    clock, real = Clock(), AutoencoderTrainer.step

    def step(self):
        images = real(self)
        clock.now += clock.cost(clock.steps)
        clock.computed += clock.cost(clock.steps) * clock.share(clock.steps)
        clock.steps += 1
        return images

    monkeypatch.setattr(AutoencoderTrainer, "step", step)
    monkeypatch.setattr(speed_test.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(speed_test.time, "thread_time", lambda: clock.computed)
    return clock


def test_a_step_of_known_cost_gives_exactly_its_rate(clock):
    assert speed_test.measure(tiny(batch_size=16), CPU) == speed_test.SpeedTrial(pytest.approx(16 / 0.01), quiet=True)
    assert clock.steps == pytest.approx(speed_test.WARM + speed_test.SECONDS / 0.01, abs=speed_test.SLICES)
    assert clock.now == pytest.approx(speed_test.SECONDS, abs=0.1), "about a second, no more"


def test_first_batches_and_hiccups_are_not_counted(clock):
    clock.cost = lambda step: 5.0 if step < speed_test.WARM or step in (30, 60) else 0.01
    assert speed_test.measure(tiny(batch_size=16), CPU).rate == pytest.approx(16 / 0.01)


def test_while_others_have_the_processor_the_trial_goes_on_and_what_they_slowed_does_not_count(clock):
    crowded = lambda step: step < 100  # noqa: E731
    clock.cost = lambda step: 0.02 if crowded(step) else 0.01
    clock.share = lambda step: 0.5 if crowded(step) else 1.0
    assert speed_test.measure(tiny(batch_size=16), CPU) == speed_test.SpeedTrial(pytest.approx(16 / 0.01), quiet=True)
    assert clock.now == pytest.approx(100 * 0.02 + speed_test.QUIET * speed_test.SECONDS / speed_test.SLICES, abs=0.3)


def test_a_machine_that_is_never_quiet_gives_its_best_and_is_tried_again_next_time(clock, cache):
    clock.share = lambda step: 0.5
    clock.cost = lambda step: 0.02 if step < 100 else 0.05
    assert speed_test.speed_of(tiny(batch_size=16), CPU) == pytest.approx(16 / 0.02)
    assert clock.now == pytest.approx(speed_test.LONGEST, abs=0.3), "and no longer"
    assert not list(cache.glob("*"))


def test_a_graphics_card_is_timed_by_the_clock_alone_for_this_thread_only_waits_for_it(clock, monkeypatch):
    monkeypatch.setattr(speed_test, "trainer_of", lambda recipe, device, real=speed_test.trainer_of: real(recipe, CPU))
    clock.share = lambda step: 0.1
    assert speed_test.measure(tiny(batch_size=16), torch.device("cuda")) == speed_test.SpeedTrial(
        pytest.approx(16 / 0.01), quiet=True
    )
    assert clock.now == pytest.approx(speed_test.SECONDS, abs=0.1)


def test_a_batch_that_takes_longer_than_a_slice_is_timed_whole(clock):
    clock.cost = lambda step: 0.75
    assert speed_test.measure(tiny(batch_size=16), CPU).rate == pytest.approx(16 / 0.75)


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset, changes",
    [
        ("mlp-vae", {}),
        ("conv-vae-fast", {}),
        ("auto-decoder", {"network": "conv"}),
        ("variational-auto-decoder-fast", {}),
        ("decoder-gan", {"source_model": "vae"}),
        ("decoder-gan-fast", {"source_model": "ad", "d_steps": 3}),
    ],
)
def test_every_family_is_measured_without_a_data_set_a_source_or_a_classifier(preset, changes, monkeypatch):
    monkeypatch.setattr(speed_test, "SECONDS", 0.01)
    monkeypatch.setattr(
        "core.evaluation.sample_quality.for_dataset", lambda images: pytest.fail("a classifier was asked for")
    )
    recipe = tiny(preset, **{"d_channels": (4, 8), "dataset": "mnist"} | changes)
    assert speed_test.measure(recipe, CPU).rate > 0


def test_only_whole_batches_are_timed():
    for recipe in (tiny(batch_size=100), tiny("decoder-gan", batch_size=48, d_steps=5)):
        trainer = speed_test.trainer_of(recipe, CPU)
        assert trainer.per_epoch == trainer.batches * trainer.per_step >= speed_test.IMAGES


@pytest.mark.slow
def test_threads_and_random_numbers_are_as_before(monkeypatch):
    monkeypatch.setattr(speed_test, "SECONDS", 0.01)
    monkeypatch.setattr(base_trainer, "threads_for", lambda recipe, device: 2)
    seen, real = [], AutoencoderTrainer.step
    monkeypatch.setattr(AutoencoderTrainer, "step", lambda self: seen.append(torch.get_num_threads()) or real(self))
    torch.set_num_threads(1)
    before, ours = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    assert speed_test.measure(tiny("variational-auto-decoder-fast"), CPU) and set(seen) == {2}
    assert torch.get_num_threads() == 1
    assert torch.equal(torch.random.get_rng_state(), before) and (np.random.get_state()[1] == ours).all()
    assert speed_test.measure(tiny(), CPU, should_cancel=lambda: True) is None and torch.get_num_threads() == 1


def test_a_cancelled_measurement_ends_after_one_batch_and_keeps_nothing(clock, cache):
    assert speed_test.speed_of(tiny(), CPU, should_cancel=lambda: clock.steps >= 7) is None
    assert clock.steps == 7 and not list(cache.glob("*"))


def test_a_rate_is_measured_once_for_a_machine_and_again_where_the_file_is_damaged(monkeypatch, cache):
    rates = iter([100.0, 200.0, 300.0, 400.0])
    monkeypatch.setattr(speed_test, "measure", lambda *_: speed_test.SpeedTrial(next(rates), quiet=True))
    vae = Recipe()
    assert [speed_test.speed_of(vae.with_(epochs=n), CPU) for n in (1, 2)] == [100.0, 100.0]
    file = speed_test.file_of(vae, CPU)
    assert list(cache.iterdir()) == [file]
    file.write_bytes(file.read_bytes()[:-20])
    assert [speed_test.speed_of(vae, CPU) for _ in range(2)] == [200.0, 200.0]
    speed_test.cache.save(file, {}, {"images_per_second": "fast"})
    assert speed_test.speed_of(vae, CPU) == 300.0
    speed_test.cache.save(file, {}, {"images_per_second": float("nan")})
    assert speed_test.speed_of(vae, CPU) == 400.0


@pytest.mark.parametrize("name", devices.WAITING)
def test_another_way_of_waiting_has_another_rate(monkeypatch, name):
    before = speed_test.file_of(Recipe(), CPU)
    monkeypatch.setenv(name, "7")
    assert speed_test.file_of(Recipe(), CPU) != before


@pytest.mark.parametrize(
    "change",
    [
        ("platform.node", lambda: "other"),
        ("devices.describe", lambda device: "H100"),
        ("devices.cores", lambda: 64),
        ("torch.__version__", "9.9"),
    ],
)
def test_another_machine_has_another_rate(monkeypatch, change):
    before = speed_test.file_of(Recipe(), CPU)
    assert speed_test.file_of(Recipe(hidden=(100,)), CPU) != before
    monkeypatch.setattr(f"core.training.speed_test.{change[0]}", change[1])
    assert speed_test.file_of(Recipe(), CPU) != before
