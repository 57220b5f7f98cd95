"""The last moments of a run: cut off while it is scored, saved on a full disk, read while it is written."""

import errno
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from core import data, runs
from core.evaluation import metrics
from core.images import convert
from core.jobs.training_queue import TrainingQueue
from core.runs import status
from core.system import atomic_files, paths
from core.training import recorder, stopping
from core.training.autoencoder_trainer import AutoencoderTrainer
from core.training.events import EpochEnd
from core.training.loop import train
from tests.tiny_runs import contents, drive, tiny

pytestmark = pytest.mark.slow


def test_a_run_cut_off_in_its_final_scoring_can_be_resumed_to_its_end(monkeypatch):
    run = runs.create(tiny(epochs=2))
    with monkeypatch.context() as patch:
        patch.setattr(metrics, "evaluation_steps", lambda *a, **k: (_ for _ in ()).throw(SystemExit))  # as if killed
        with pytest.raises(SystemExit):
            for _ in train(run, "cpu"):
                pass
    assert run.status["state"] == "interrupted" and run.evaluation() is None and run.resumable
    board = TrainingQueue("cpu")
    try:
        job = board.resume(run.name)
        assert job.wait(lambda j: not j.active, 120)
    finally:
        board.close()
    assert job.state == "finished" and run.evaluation()["images"] == len(data.load("digits").test_images)


def test_a_full_disk_at_the_final_scoring_names_an_epoch_that_exists_and_is_resumable(monkeypatch):
    run = runs.create(tiny(epochs=2))
    with monkeypatch.context() as patch:

        def full(path, value, flush=True):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(recorder, "write_json", full)
        last = drive(run)[-1]
    assert last.state == "failed" and "Epoch 2 could not be saved" in last.message and "make room" in last.message
    assert drive(run)[-1].state == "finished" and run.evaluation() is not None


@pytest.mark.skipif(os.name != "posix", reason="Windows moves no folder in which a file is open")
@pytest.mark.parametrize("what", ["deleted", "moved", "replaced"])
def test_a_folder_that_is_taken_away_in_mid_training_ends_it_and_what_lies_there_now_stays_untouched(what, tmp_path):
    run, other = runs.create(tiny(epochs=4), "run"), runs.create(tiny(latent_dim=3), "other")
    for event in (events := train(run, "cpu")):
        if isinstance(event, EpochEnd):
            run.path.rename(tmp_path / "away")
            break
    if what == "deleted":
        shutil.rmtree(tmp_path / "away")
    elif what == "replaced":
        shutil.copytree(other.path, run.path)
    *_, last = events
    assert last.state == "failed" and "the run's folder was moved, deleted or replaced" in last.message
    assert run.path.exists() == (what == "replaced")
    if what == "replaced":
        assert contents(run.path) == contents(other.path)
    if what != "deleted":
        moved = runs.Run(tmp_path / "away")
        assert moved.status["state"] == "interrupted" and moved.resumable


def test_room_on_the_disk_is_advised_only_when_the_disk_is_full():
    assert "make room" in stopping.save_error(OSError(errno.ENOSPC, "full"), 1, saved=True)
    assert "make room" not in stopping.save_error(PermissionError(errno.EACCES, "denied"), 1, saved=True)


def test_an_update_never_wipes_a_status_that_could_not_be_read_just_now(monkeypatch):
    run = runs.create(tiny())
    run.update_status(state="stopped", epoch=7)
    before = (run.path / "status.json").read_bytes()

    def busy(*args, **kwargs):
        raise PermissionError(errno.EACCES, "in use")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", busy)
        with pytest.raises(OSError):
            status.update(run.path, epoch=8)
    assert (run.path / "status.json").read_bytes() == before


def test_on_windows_a_file_that_is_being_read_is_replaced_a_moment_later(monkeypatch, tmp_path):
    refusals = iter([PermissionError(errno.EACCES, "in use")] * 3)
    real = os.replace

    def replace(a, b):
        if (error := next(refusals, None)) is not None:
            raise error
        real(a, b)

    waited = []
    monkeypatch.setattr(atomic_files.os, "name", "nt")
    monkeypatch.setattr(atomic_files.os, "replace", replace)
    monkeypatch.setattr(atomic_files.time, "sleep", waited.append)
    source, target = str(tmp_path / "a"), str(tmp_path / "b")
    open(source, "w").close()
    atomic_files._replace(source, target)
    assert os.path.exists(target) and len(waited) == 3


def test_a_run_stopped_in_its_first_epoch_shows_what_it_learned_and_not_the_untrained_model():
    board = TrainingQueue("cpu")
    try:
        job = board.submit(tiny(epochs=50, batch_size=2))
        job.epoch()  # heard once it runs, or not at all: either way it is stopped in the middle of an epoch below
        assert job.wait(lambda j: j.snapshot().step > 3 or not j.active, 120)
        job.stop()
        assert job.wait(lambda j: not j.active, 120) and job.state == "stopped"
    finally:
        board.close()
    seen, run = job.snapshot(), job.run
    assert seen.epoch == run.status["epoch"] == seen.points["epoch"][-1]
    assert seen.latest["val_total"] == run.history()["val_total"][-1]
    assert seen.frames[-1] == int(np.ceil(seen.epoch)) > 0
    assert run.frame(seen.frames[-1]) != run.frame(0)


def test_a_step_says_how_many_images_it_held_a_short_last_batch_included():
    trainer = AutoencoderTrainer(tiny(batch_size=30, train_images=64), torch.device("cpu"))
    assert [trainer.step() for _ in range(trainer.batches)] == [30, 30, 4]


def test_the_latent_statistics_are_those_of_all_classes_of_a_sorted_folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, level in (("a", 20), ("b", 230)):
        (tmp_path / name).mkdir()
        for i in range(1_500):
            pixels = np.clip(rng.normal(level, 8, (28, 28)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i:04d}.png")
    recipe = tiny("deep-ae", dataset="folder", folder=str(tmp_path), train_images=0)
    trainer = AutoencoderTrainer(recipe, torch.device("cpu"))
    trainer.validate()
    with torch.inference_mode():
        mu = trainer.model.encode(convert.scale_bytes(trainer.train_images)).mean
    assert torch.allclose(trainer.model.latent_mean, mu.mean(0), atol=0.05 * float(mu.std()) + 1e-3)
    assert torch.allclose(trainer.model.latent_cov.diagonal(), mu.var(0), rtol=0.1, atol=1e-3)


def test_nothing_asks_a_gpu_for_double_precision():
    """Apple's GPUs have none: numbers come to the CPU first and are widened there."""
    for file in (paths.ROOT / "core").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert ".double().cpu(" not in text and ".double().to(" not in text, file


def test_a_full_disk_before_the_first_save_promises_no_saved_state():
    said = stopping.save_error(OSError(errno.ENOSPC, "No space left on device"), 1, saved=False)
    assert "starts from the beginning" in said and "make room" in said and "kept" not in said
