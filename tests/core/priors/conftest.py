"""Runs with which the tests of learned priors begin."""

import pytest

from core.priors.settings import FlowSettings
from tests.tiny_runs import tiny, trained

QUICK = FlowSettings(steps=20, batch=32, width=16, blocks=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a tiny VAE, made once; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(folder))
        trained(tiny("mlp-vae", latent_dim=3), "vae")
    return folder


@pytest.fixture
def vae(made, tmp_path, monkeypatch):
    """That VAE, in a folder of the test's own."""
    import shutil

    from core import runs

    folder = tmp_path / "of-priors"
    shutil.copytree(made, folder)
    monkeypatch.setenv("LATENT_LAB_RUNS", str(folder))
    return runs.open_run("vae")
