"""A run that was broken off goes on as if it never had been: weights, optimiser, order, noise, curves, bit by bit."""

import csv
import io

import pytest
import torch

from core import runs
from core.runs import Run, RunError, weights
from core.runs import run as runs_run
from core.system import devices
from core.training import loop
from core.training.events import Batch, Control, EpochEnd, Finished, Report
from core.training.loop import train
from tests.tiny_runs import drive, tiny, trained

pytestmark = pytest.mark.slow

# A batch of 4 over 98 images: 25 batches, the last one short, in bins of 8, 8 and 9.
RECIPE = tiny(epochs=4, train_images=98, batch_size=4, beta=2.0, beta_warmup=3.0)


def curve(run: Run) -> list[dict]:
    """The history without the clock, and without the extra validation that a stop within an epoch makes."""
    rows = []
    for row in csv.DictReader(io.StringIO(run.csv())):
        at_end = float(row["epoch"]).is_integer()
        if at_end or row["train_total"]:
            rows.append({k: v for k, v in row.items() if k != "seconds" and (at_end or not k.startswith("val_"))})
    return rows


def facts_without_clock(run: Run, file: str) -> dict:
    return {k: v for k, v in weights.load(run.path / file)[1].items() if k != "seconds"}


def assert_same(one: Run, two: Run, best: bool = True) -> None:
    assert curve(one) == curve(two)
    for file in ("last", "resume", *(["best"] if best else [])):
        first, second = (weights.load(run.path / f"{file}.safetensors")[0] for run in (one, two))
        assert first.keys() == second.keys()
        different = [name for name in first if not torch.equal(first[name], second[name])]
        assert not different, f"{file}: {different}"
    if best:
        assert facts_without_clock(one, "resume.safetensors") == facts_without_clock(two, "resume.safetensors")
        assert facts_without_clock(one, "best.safetensors") == facts_without_clock(two, "best.safetensors")
        assert [one.frame(e) for e in one.frames()] == [two.frame(e) for e in two.frames()]
        assert one.evaluation() == two.evaluation()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("whole")))
        return trained(RECIPE)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(whole):
    assert_same(whole, trained(RECIPE))
    other = trained(RECIPE.with_(seed=1))
    assert curve(other) != curve(whole)


@pytest.mark.parametrize(
    "how", [{}, {"optimizer": "sgd"}, {"schedule": "one-cycle", "beta2": 0.9}, {"precision": "mixed"}], ids=str
)
@pytest.mark.parametrize("epochs", [1, 3])
def test_k_epochs_and_the_rest_are_bit_equal_to_all_at_once(how, epochs, monkeypatch):
    monkeypatch.setattr(devices, "has_bfloat16", lambda device: True)
    recipe = RECIPE.with_(**how)
    broken = runs.create(recipe)
    assert drive(broken, stop_after=25 * epochs)[-1].state == "stopped"
    drive(broken)
    assert_same(trained(recipe), broken)


@pytest.mark.parametrize("batches", [1, 7, 8, 9, 24, 26, 60, 99])
def test_a_stop_in_mid_epoch_changes_nothing_that_comes_later(whole, batches):
    broken = runs.create(RECIPE)
    drive(broken, stop_after=batches)
    assert broken.status["step"] == batches
    assert drive(broken)[-1].state == "finished"
    # Validated in mid-epoch, weights may be the best there that no epoch's end ever saw.
    assert_same(whole, broken, best=batches % 25 == 0)


def test_many_stops_are_no_worse_than_one(whole):
    broken = runs.create(RECIPE)
    while drive(broken, stop_after=13)[-1].state != "finished":
        pass
    assert_same(whole, broken, best=False)


@pytest.mark.parametrize("kind", [Batch, Report, EpochEnd])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_generator_closed_after_any_event_goes_on_exactly(whole, kind, nth):
    broken = runs.create(RECIPE)
    events = train(broken, "cpu")
    seen = 0
    while seen < nth:
        seen += isinstance(next(events), kind)
    events.close()
    assert broken.status["state"] == "stopped" and not broken.locked()
    assert drive(broken)[-1].state == "finished"
    assert_same(whole, broken, best=kind is not Batch)


def test_a_generator_closed_after_the_last_report_leaves_a_finished_run(whole):
    run = runs.create(RECIPE)
    events = train(run, "cpu")
    next(e for e in events if isinstance(e, Report) and e.epoch == RECIPE.epochs)
    events.close()
    assert run.status["state"] == "finished"
    assert_same(whole, run)


@pytest.mark.parametrize(
    "changes, state",
    [
        ({"epochs": 1}, "finished"),
        ({"epochs": 50, "lr": 10.0}, "diverged"),
        ({"epochs": 100, "patience": 1, "train_images": 16, "lr": 0.05}, "finished"),
    ],
)
def test_a_generator_left_at_its_last_event_stays_as_it_ended(changes, state):
    run = runs.create(tiny(**changes))
    events = train(run, "cpu")
    last = next(event for event in events if isinstance(event, Finished))
    before = run.status
    events.close()
    assert run.status == before and (before["state"], before["message"]) == (state, last.message)
    assert not run.locked()


def test_a_closed_generator_whose_disk_is_full_keeps_the_state_before(monkeypatch):
    run = runs.create(RECIPE)
    drive(run, stop_after=25)
    events = train(run, "cpu")
    for _ in range(5):
        next(events)
    before = (run.path / "resume.safetensors").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "write_atomic", full)
    events.close()
    assert (run.path / "resume.safetensors").read_bytes() == before and not run.locked()


def test_a_finished_run_trains_on_when_more_epochs_are_asked_for(whole):
    short = trained(RECIPE.with_(epochs=2))
    with pytest.raises(RunError, match="has finished its 2 epochs. Resume it with more"):
        drive(short)
    assert short.status["state"] == "finished"
    short.update_status(epochs=4)
    drive(short)
    assert_same(whole, short)


def test_rows_written_after_the_saved_state_are_made_anew(whole):
    broken = runs.create(RECIPE)
    drive(broken, stop_after=50)
    kept = (broken.path / "resume.safetensors").read_bytes()
    drive(broken, stop_after=30)  # two epochs further, and then the power fails before the state is saved
    (broken.path / "resume.safetensors").write_bytes(kept)
    drive(broken)
    assert_same(whole, broken, best=False)
    assert broken.frames() == [0, 1, 2, 3, 4]


def test_saves_within_an_epoch_are_as_good_as_those_between(whole, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", (0.0, 0.0))
    broken = runs.create(RECIPE)
    events = train(broken, "cpu")
    for _ in range(45):
        event = next(events)
    assert not isinstance(event, EpochEnd)
    # What a crash leaves: the files as they are now.
    crashed = runs.create(RECIPE)
    for file in ("resume.safetensors", "best.safetensors", "last.safetensors", "history.csv", "kl.csv", "status.json"):
        (crashed.path / file).write_bytes((broken.path / file).read_bytes())
    events.close()
    assert crashed.status["state"] == "interrupted" and crashed.resumable
    drive(crashed)
    assert_same(whole, crashed, best=False)


def test_a_changed_rate_and_beta_survive_a_stop():
    run, control, batches = runs.create(RECIPE), Control(), 0
    for event in train(run, "cpu", control):
        batches += isinstance(event, Batch)
        if batches == 10:
            control.changes |= {"lr": 5e-4, "beta": 7.0}
        control.stop = batches >= 20
    drive(run)
    h = run.history()
    assert h["lr"][-1] == 5e-4 and h["beta"][-1] == 7.0
    assert len(run.status["changes"]) == 2


def test_the_clock_and_the_speed_go_on_where_they_were():
    run = runs.create(RECIPE)
    drive(run, stop_after=30)
    before = run.status["seconds"]
    drive(run)
    assert run.status["seconds"] > before > 0
    assert (torch.tensor(run.history()["seconds"]).diff() >= 0).all()


def test_a_run_killed_before_its_first_save_begins_anew(whole):
    run = runs.create(RECIPE)
    run.update_status(state="running", step=0)
    assert run.status["state"] == "interrupted" and run.resumable
    drive(run)
    assert_same(whole, run)


def test_a_run_whose_images_have_changed_is_not_continued(whole):
    import shutil

    target = runs_run.paths.runs_folder() / "moved"
    shutil.copytree(whole.path, target)
    run = Run(target)
    run.update_status(epochs=9)
    recipe = (target / "recipe.json").read_text()
    (target / "recipe.json").write_text(recipe.replace('"train_images": 98', '"train_images": 60'))
    with pytest.raises(RunError, match="cannot be resumed.*images may have changed"):
        drive(Run(target))
