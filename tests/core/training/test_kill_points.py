"""A run killed before any step on the file system is either not there or can be resumed, and then ends as the unbroken
run does.

A kill before a step leaves what the folder holds at that moment. So the folder is copied before every step of one
unbroken training, and each of the different copies is resumed.
"""

import builtins
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from core import runs
from core.evaluation import classifier, sample_quality
from core.recipes.images import load_images
from core.runs import Run, status, weights
from core.system import paths
from core.training import gan_trainer, loop, recorder
from tests.tiny_runs import contents, drive, search_briefly, tiny, trained

pytestmark = pytest.mark.slow

STEPS = ("rename", "replace", "mkdir", "unlink", "rmdir", "fsync", "remove")
"""Functions of `os` that change a file system; opening a file to write or append is one more."""


@contextlib.contextmanager
def before_each_step(call: Callable[[str], None]) -> Iterator[None]:
    """Call a function with the name of each step on the file system before it is taken."""
    busy = False

    def told(name: str) -> None:
        nonlocal busy
        if not busy:
            busy = True
            try:
                call(name)
            finally:
                busy = False

    def wrap(name: str, real: Callable) -> Callable:
        def step(*args, **options):
            told(name)
            return real(*args, **options)

        return step

    real_open = builtins.open

    def opened(file, mode="r", *args, **options):
        if {"w", "a", "x", "+"} & set(mode):
            told("open")
        found = real_open(file, mode, *args, **options)
        return HalfWritten(found, told) if mode == "ab" else found

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        patch.setattr(builtins, "open", opened)
        yield


class HalfWritten:
    """A file to append to, whose writing is a step in whose middle half of the bytes are there."""

    def __init__(self, file, told):
        self.file, self.told = file, told

    def write(self, data: bytes) -> int:
        half = len(data) // 2
        self.file.write(data[:half])
        self.file.flush()
        self.told("write")
        return half + self.file.write(data[half:])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Saves after every epoch, short searches, no scoring on the test set, no waiting for the disk."""

    def scored(*args, **options):
        yield 1.0
        return {"images": 1}

    monkeypatch.setattr(loop, "SAVE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(
        recorder.RunRecorder, "save_cost", property(lambda self: 0.0, lambda self, value: None), raising=False
    )
    monkeypatch.setattr(recorder.test_set, "evaluation_steps", scored)
    search_briefly(monkeypatch)
    monkeypatch.setattr(status, "LOCK_WAIT", 0.0)  # one process: nobody else looks at the lock
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # it is a process that dies here, and not the disk


def recipe_of(family: str):
    small = {"image_shape": (1, 8, 8), "hidden": (4,), "train_images": 16, "batch_size": 16, "epochs": 1}
    if family == "gan":
        return tiny("decoder-gan", source="source", d_channels=(2,), round_images=16, ema=0.9, d_lr=3e-4, **small)
    presets = {"ae": "deep-ae", "vae": "mlp-vae", "ad": "auto-decoder", "vad": "variational-auto-decoder"}
    return tiny(presets[family], **small)


def curves(run: Run) -> dict[str, np.ndarray]:
    return {name: column for name, column in run.history().items() if name != "seconds"}


def assert_alike(run: Run, whole: Run, where: str) -> None:
    """Equal to the last bit in weights, states and every column of the curves but the clock's."""
    for file in ("best", "last", "resume"):
        one, two = (weights.load(r.path / f"{file}.safetensors")[0] for r in (run, whole))
        assert one.keys() == two.keys(), (where, file)
        for name, tensor in one.items():
            assert torch.equal(tensor, two[name]), (where, file, name)
    ours, theirs = curves(run), curves(whole)
    for name, column in theirs.items():
        assert np.array_equal(ours[name], column, equal_nan=True), (where, name)
    assert run.frames() == whole.frames() and run.status["state"] == "finished", where
    assert run.status["best_total"] == whole.status["best_total"], where


@pytest.mark.parametrize("family", ["ae", "vae", "ad", "vad", "gan"])
def test_a_run_killed_before_any_step_is_not_there_or_ends_as_the_unbroken_one(family, monkeypatch, tmp_path):
    folder, copies = paths.runs_folder(), {}
    if family == "gan":
        trained(recipe_of("vae"), "source")
        monkeypatch.setattr(classifier, "has_classes", lambda images: False)  # principal components, quickly fitted
        kept = sample_quality.SampleQuality(load_images(recipe_of("gan")).train_images[:64], None)
        monkeypatch.setattr(gan_trainer.sample_quality, "for_dataset", lambda images: kept)
        monkeypatch.setattr(gan_trainer, "ROUND_SAMPLES", 32)
    recipe = recipe_of(family)

    def copy(step: str) -> None:
        if not folder.is_dir():
            return
        state = tuple(sorted((name, digest) for name, digest in contents(folder).items() if "source/" not in name))
        if state not in copies:
            place = tmp_path / "copies" / f"{len(copies):03d}-{step}"
            shutil.copytree(folder, place)
            copies[state] = place

    with before_each_step(copy):
        run = runs.create(recipe, "run")
        drive(run)
    whole = Run(folder / "run")
    assert whole.status["state"] == "finished"
    assert len(copies) > 20
    resumed = 0
    for place in copies.values():
        monkeypatch.setenv("LATENT_LAB_RUNS", str(place))
        found = [run for run in runs.list_runs() if run.name != "source"]
        if not found:  # killed while it was made
            continue
        assert [run.name for run in found] == ["run"] and found[0].error is None, place.name
        if found[0].status["state"] != "finished":
            assert found[0].resumable, place.name
            drive(found[0])
            resumed += 1
        assert_alike(found[0], whole, place.name)
        assert not list(found[0].path.rglob(".*.tmp")), place.name
    assert resumed > 15
