"""The example of MNIST on a machine without MNIST's files."""

import shutil

import pytest

from core.recipes.examples import FIRST
from core.system import paths
from tests.pages.page_tools import open_page


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A lab with that example alone and no data."""
    shutil.copytree(paths.ROOT / "models_ckpt" / FIRST, tmp_path / "runs" / FIRST)
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "nothing"))


@pytest.mark.parametrize("page", ["generate", "interpolate", "outliers"])
def test_each_page_opens_and_one_that_needs_images_says_how_to_get_them(page):
    shown = open_page(page, run=FIRST)
    assert not shown.exception
    said = " ".join(warning.value for warning in shown.warning)
    assert ("MNIST is not on this machine" in said) == (page != "generate")
