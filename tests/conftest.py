"""What tests of core share; the recipes they train are in tiny_runs.py."""

import atexit
import os

import pytest

from core import data


@atexit.register
def _last_word() -> None:
    """The test runner's summary is the last line. Triton's bindings, which torch loads, would list the objects they
    miss behind it, once Python is gone; by now every test has said what it had to say."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path):
    """No test sees or touches the lab's own runs: each starts with an empty folder, unless it arranges another."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def mnist() -> data.ImageSet:
    """The real MNIST, where it is at hand."""
    if not data.status()["mnist"].ready:
        pytest.skip("needs the real MNIST files: set LATENT_LAB_DATA to a folder that holds them")
    return data.load("mnist")
