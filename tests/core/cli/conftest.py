"""Folders of runs for the command line, and a way to call it."""

import pytest

from core import cli
from tests.core.cli.cli_tools import TINY, words


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with a trained VAE in it, made once."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(folder))
        assert cli.main(words(TINY + " --name tiny")) == 0
    return folder


@pytest.fixture
def tiny(trained, monkeypatch):
    """The folder of runs holds one run, `tiny`: a VAE, to be read only."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(trained))
    return trained


@pytest.fixture
def empty_runs(tmp_path, monkeypatch):
    """The folder of runs is empty, for tests that change something."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    """Output files land in a folder of their own, which is not the lab's; no test sees the lab's own runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "none"))


@pytest.fixture
def call(capsys):
    """Run a command line; returns (exit code, stdout, stderr)."""

    def run(line: str):
        capsys.readouterr()
        code = cli.main(words(line))
        out = capsys.readouterr()
        return code, out.out, out.err

    return run
