"""Fixtures of all tests of pages."""

import os
from pathlib import Path

import pytest

from core.jobs import classifier, plane_measures, search
from core.jobs.executor import LocalExecutor, ThreadExecution

DATA = os.environ.get("LATENT_LAB_DATA")


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test an empty folder of data sets: only the digits, which need no files, are there."""
    if os.environ.get("LATENT_LAB_DATA") == DATA:  # no fixture of wider scope has arranged another
        monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True)
def quick_searches(brief_searches: None) -> None:
    """Pages place the training images of an untrained run, which has no latent table, by short searches."""


@pytest.fixture(autouse=True)
def no_processes(request):
    """Nothing that a page starts in the background runs on its own, unless the module has a queue of its own."""
    if "lab" not in request.fixturenames:
        request.getfixturevalue("executor")


class Training:
    """A training of a classifier, or a measuring of a plane, that never ends."""

    state, active, progress, message = "running", True, 0.5, ""


@pytest.fixture(autouse=True)
def searches_in_threads(monkeypatch):
    """Carry out latent searches in this process: a process of their own would import torch for each test."""
    submit = LocalExecutor.submit
    monkeypatch.setattr(
        LocalExecutor,
        "submit",
        lambda self, order: ThreadExecution(order) if order.task == "search" else submit(self, order),
    )
    monkeypatch.setattr(search, "warm", lambda: None)


@pytest.fixture
def classifier_in_training(monkeypatch):
    """Report every classifier as being trained, and every plane as being measured: the real work would go on in its own
    process after the test."""
    monkeypatch.setattr(classifier, "ClassifierJob", Training)
    monkeypatch.setattr(classifier, "start", lambda *_, **__: Training())
    monkeypatch.setattr(plane_measures, "start", lambda *_, **__: Training())
