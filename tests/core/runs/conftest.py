"""Fixtures of all tests of runs."""

import shutil

import pytest

from core.runs import Run
from core.system import paths
from tests.tiny_runs import tiny, trained


@pytest.fixture(scope="package")
def finished(tmp_path_factory):
    """A finished run of two epochs, which no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("finished")))
        return trained(tiny(epochs=2), "finished")


@pytest.fixture
def copy(finished):
    """A finished run's folder that a test may spoil."""
    folder = paths.runs_folder() / "copy"
    shutil.copytree(finished.path, folder)
    return Run(folder)
