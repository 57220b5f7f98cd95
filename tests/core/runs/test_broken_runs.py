"""A run survives a killed process, a full disk and a spoilt folder, and one process at a time trains it."""

import contextlib
import errno
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from core import runs
from core.runs import Run, RunError, names, status, weights
from core.runs import run as runs_run
from core.system import paths
from core.training.loop import train
from tests.tiny_runs import drive, tiny

NURSERY = """
import os, sys
import torch
from core import data, runs
from core.training import loop
data.load("digits")
loop.SAVE_SECONDS = (0.0, 0.0)  # saved after every batch
os.fsync = lambda _: None  # it is a process that dies here, and not the disk
for line in sys.stdin:  # forked, so that torch is imported once and not for every victim
    child = os.fork()
    if child == 0:
        print(os.getpid(), flush=True)
        for event in loop.train(runs.open_run(sys.argv[1]), "cpu"):
            print(type(event).__name__, flush=True)
    os.waitpid(child, 0)
    print("buried", flush=True)
"""

MISUSED = """
import sys
from core import runs
run = runs.open_run(sys.argv[1])
with run.lock().acquire():
    print("held", flush=True)
    sys.stdin.read()
"""


def start(code: str, name: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, name],
        cwd=paths.ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


# Pulling the plug


@pytest.mark.slow
def test_a_training_killed_at_random_moments_always_leaves_a_run_that_loads_and_goes_on():
    if not hasattr(os, "fork"):
        pytest.skip("needs a system that can fork")
    rng, run = random.Random(0), runs.create(tiny(epochs=10_000, hidden=(64,)), "victim")
    nursery = start(NURSERY, "victim")
    for _ in range(10):
        nursery.stdin.write("\n")
        nursery.stdin.flush()
        victim = int(nursery.stdout.readline())
        for _ in range(rng.randint(3, 30)):  # a random number of events, most with a save; then at any instant
            assert nursery.stdout.readline().strip() in ("Started", "Report", "EpochEnd", "Batch")
        os.kill(victim, signal.SIGKILL)
        while nursery.stdout.readline() != "buried\n":
            pass
        again = runs.open_run("victim")
        assert again.status["state"] == "interrupted" and again.resumable and not again.locked()
        for which in ("best", "last"):
            model = weights.load_model(again, which)
            assert all(t.isfinite().all() for t in model.state_dict().values())
        steps = again.history()["step"]
        assert (np.diff(steps) > 0).all()
        assert weights.load(again.path / "resume.safetensors")[1]["steps"] >= 1
        assert all(again.frame(e).startswith(b"\x89PNG") for e in again.frames())
    end(nursery)
    saved = weights.load(run.path / "resume.safetensors")[1]["steps"]
    drive(run, stop_after=2)
    assert run.status["step"] == saved + 2


def test_a_full_disk_ends_training_with_a_sentence_and_keeps_the_state_before(monkeypatch):
    from core.training import loop

    run = runs.create(tiny(epochs=50))
    drive(run, stop_after=8)
    events = train(run, "cpu")
    for _ in range(4):
        next(events)
    files = {p.name: p.read_bytes() for p in run.path.iterdir() if p.suffix == ".safetensors"}
    real = os.fsync

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(loop, "SAVE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr("core.system.atomic_files.os.fsync", full)
    last = list(events)[-1]
    monkeypatch.setattr("core.system.atomic_files.os.fsync", real)
    assert last.state == "failed" and "could not be saved (No space left on device)" in last.message
    assert "make room on the disk, then resume" in last.message
    assert {p.name: p.read_bytes() for p in run.path.iterdir() if p.suffix == ".safetensors"} == files
    assert not list(run.path.rglob("*.tmp")) and not run.locked() and run.resumable
    assert drive(run, stop_after=1)[-1].state == "stopped"


def test_a_status_that_cannot_be_written_either_is_no_traceback(monkeypatch):
    run = runs.create(tiny(epochs=50))
    events = train(run, "cpu")
    next(events)
    monkeypatch.setattr(
        "core.system.atomic_files.os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    assert list(events)[-1].state == "failed"


def test_a_really_full_disk_keeps_the_run_as_it_was(monkeypatch, tmp_path):
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs root and mount, to make a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        monkeypatch.setenv("LATENT_LAB_RUNS", str(disk))
        run = runs.create(tiny(epochs=3))
        drive(run, stop_after=5)
        before = (run.path / "resume.safetensors").read_bytes()
        with open(disk / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        with pytest.raises(
            RunError, match="cannot be written to .No space left on device.. Free some space, then resume it"
        ):
            drive(run)
        with pytest.raises(RunError, match="could not be created.*Free some space"):
            runs.create(tiny(), "another")
        assert [r.name for r in runs.list_runs()] == [run.name]
        assert (run.path / "resume.safetensors").read_bytes() == before and not list(run.path.rglob("*.tmp"))
        (disk / "filler").unlink()
        assert drive(run)[-1].state == "finished"
    finally:
        subprocess.run(["umount", disk], check=True)


# Foreign and damaged folders


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "recipe.json is missing"),
        ("", "cannot be read as JSON"),
        ('{"model": "vae"', "cannot be read as JSON"),
        ("[1, 2]", "set of named fields"),
        ('{"model": "gpt"}', "model: 'gpt' is not allowed. Choose one of ae, vae"),
        ('{"learning_rate": 1}', "learning_rate: there is no such field"),
        ('{"lr": "fast"}', "lr: 'fast' is not a number"),
        ('{"hidden": [99999999]}', "hidden: "),
        ('{"epochs": ' + "9" * 6000 + "}", "cannot be read as JSON"),
        ("[" * 200_000, "cannot be read as JSON"),
        (" " * 2_000_000, "larger than"),
    ],
    ids=lambda c: repr(c)[:20],
)
def test_a_foreign_or_damaged_recipe_is_said_and_can_be_deleted(copy, content, words):
    (copy.path / "recipe.json").unlink()
    if content is not None:
        (copy.path / "recipe.json").write_text(content)
    found = runs.list_runs()
    assert [r.name for r in found] == ["copy"] and not found[0].resumable
    assert found[0].error.startswith("'copy' is not a usable run: ") and words in found[0].error
    for use in (
        lambda: runs.open_run("copy"),
        lambda: found[0].recipe,
        lambda: weights.load_model(found[0]),
        lambda: drive(found[0]),
        lambda: found[0].kl_per_dim(),
    ):
        with pytest.raises(RunError):
            use()
    assert found[0].status["state"] and found[0].frames() and found[0].csv()
    found[0].delete()
    assert runs.list_runs() == []


RUBBISH = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b"\xff\xfe",
    b'"state"',
    b'{"state": 7, "epoch": "many", "step": null, "seconds": [], "changes": 3, "created": "yesterday"}',
    b'{"state": "dreaming", "epoch": NaN, "created": Infinity, "epochs": "x", "message": {}}',
    b'{"changes": [1, {"step": 1}, {"step": "x", "epoch": 0, "field": "lr", "old": 1, "new": 2}], "epochs": true}',
    b'{"best_total": "low", "images_per_second": [], "device": 5, "threads": {}, "state": null}',
]


@pytest.mark.parametrize("content", RUBBISH, ids=lambda c: repr(c)[:24])
def test_a_damaged_status_takes_nothing_down(copy, content):
    other = runs.create(tiny(), "other")
    (copy.path / "status.json").write_bytes(content)
    assert {r.name for r in runs.list_runs()} == {"copy", "other"}
    seen = copy.status
    assert seen["state"] in status.STATES and isinstance(seen["message"], str) and isinstance(seen["changes"], list)
    assert all(math.isfinite(seen[k]) for k in ("epoch", "step", "seconds"))
    assert copy.epochs == 2 and copy.resumable
    copy.update_status(epochs=3)
    assert copy.status["epochs"] == 3
    assert drive(copy)[-1].state == "finished"
    assert other.status["state"] == "new"


@pytest.mark.parametrize("content", [b"", b"\x00" * 500, b"epoch,z0,z1\n1,2\n", b"epoch,z0,z1\nx,y,z\n", b"a,b\n1,2\n"])
def test_damaged_tables_are_empty_ones(copy, content):
    (copy.path / "kl.csv").write_bytes(content)
    (copy.path / "history.csv").write_bytes(content)
    assert copy.kl_per_dim().tolist() == [0, 0] and len(copy.history()["step"]) <= 1
    assert isinstance(copy.csv(), str)


def test_bytes_that_are_no_text_do_not_stop_a_download(copy):
    (copy.path / "history.csv").write_bytes(b"step\n\xff\xfe\n")
    assert copy.csv().startswith("step")


def test_a_damaged_evaluation_is_none(copy):
    assert copy.evaluation()["images"] == 297
    (copy.path / "evaluation.json").write_text('{"recon": ')
    assert copy.evaluation() is None


def test_strange_files_among_the_frames_are_no_frames(copy):
    for name in ("0².png", "12.png", "0001.jpg", "0003.png.tmp", "-001.png", "00a1.png"):
        (copy.path / "frames" / name).write_bytes(b"")
    assert copy.frames() == [0, 1, 2]
    with pytest.raises(RunError, match="has no picture of epoch 9"):
        copy.frame(9)


def test_files_and_dead_links_among_the_runs_are_no_runs(copy, tmp_path):
    folder = runs_run.paths.runs_folder()
    (folder / "notes.txt").write_text("hello")
    (folder / ".hidden").mkdir()
    (folder / "dead").symlink_to(tmp_path / "nowhere")
    (folder / "file-link").symlink_to(folder / "notes.txt")
    assert [r.name for r in runs.list_runs()] == ["copy"]


def test_deleting_a_linked_run_removes_the_link_and_not_what_it_points_at(finished):
    folder = runs_run.paths.runs_folder()
    folder.mkdir()
    (folder / "linked").symlink_to(finished.path)
    linked = runs.open_run("linked")
    assert linked.has_weights
    linked.delete()
    assert os.listdir(folder) == [] and finished.has_weights


def test_a_runs_folder_that_is_a_file_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "file"))
    assert runs.list_runs() == []
    for name in (None, "mine"):
        with pytest.raises(RunError, match="could not be created in.*LATENT_LAB_RUNS"):
            runs.create(tiny(), name)


def test_a_folder_that_may_not_be_written_is_a_sentence(monkeypatch, copy):
    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(names.os, "mkdir", denied)
    with pytest.raises(RunError, match=r"could not be created.*Permission denied.*of your own with LATENT_LAB_RUNS\."):
        runs.create(tiny())
    monkeypatch.setattr(Path, "rename", denied)
    with pytest.raises(RunError, match="could not be renamed .Permission denied.. (Copy it|See that its folder)"):
        copy.rename("other")
    with pytest.raises(RunError, match="could not be deleted .Permission denied.. See that you may change"):
        copy.delete()

    class Denied:
        acquire = denied

        def release(self):
            pass

    monkeypatch.setattr(status, "lock", lambda _: Denied())
    assert not copy.locked()
    with pytest.raises(RunError, match="'copy' cannot be written to .Permission denied"):
        next(train(copy, "cpu"))
    assert copy.status["state"] == "finished" and weights.load_model(copy)


def test_half_a_run_is_not_left_where_the_disk_is_full(monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys.modules["core.runs.create"], "write_json", full)
    with pytest.raises(RunError, match="No space left on device. Free some space|No space left"):
        runs.create(tiny(), "mine")
    assert runs.list_runs() == []


# One trainer a run


def test_a_run_that_another_process_trains_is_left_alone(copy):
    holder = start(MISUSED, "copy")
    try:
        assert holder.stdout.readline() == "held\n"
        copy.update_status(state="running")
        assert copy.locked() and copy.status["state"] == "running"
        with pytest.raises(RunError, match="is training now. Stop it first, then delete it"):
            copy.delete()
        with pytest.raises(RunError, match="is training now. Stop it first, then rename it"):
            copy.rename("other")
        with pytest.raises(RunError, match="is being trained already"):
            drive(copy)
    finally:
        end(holder)
    assert not copy.locked() and copy.status["state"] == "interrupted"
    assert "You can resume it" in copy.status["message"]
    copy.delete()


def test_two_generators_cannot_train_one_run():
    run = runs.create(tiny())
    first = train(run, "cpu")
    next(first)
    with pytest.raises(RunError, match="is being trained already"):
        next(train(run, "cpu"))
    first.close()
    assert drive(run)[-1].state == "finished"


def test_asking_who_trains_does_not_keep_a_trainer_out(copy):
    copy.update_status(state="running", epochs=300)
    (copy.path / ".lock").touch()
    stop, answers, errors = threading.Event(), set(), []

    def ask():
        try:
            while not stop.is_set():
                answers.add(Run(copy.path).status["state"])
        except Exception as error:
            errors.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(20):
            with copy.lock().acquire(timeout=60, poll_interval=0.01):  # seconds, for a busy machine
                assert Run(copy.path).status["state"] == "running"
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert errors == [] and answers <= {"running", "interrupted"}
    assert Run(copy.path).status["state"] == "interrupted" and not copy.locked()


def test_a_generator_closed_by_another_thread_lets_the_run_go():
    run = runs.create(tiny())
    events = train(run, "cpu")
    next(events)
    closer = threading.Thread(target=events.close)
    closer.start()
    closer.join()
    assert not run.locked() and run.status["state"] == "stopped"
