"""The example of MNIST on a machine without its files: every page opens, and says what is missing where it matters."""

import shutil

import pytest

from core.recipes.examples import FIRST
from core.system import paths
from tests.pages.page_tools import open_page, text_of

NO_RUN_CHOSEN = ("app", "data", "planes", "train")
"""Pages on which no single run is chosen by the address."""

NEED_IMAGES = ("compare", "diffusion", "gan", "interpolate", "map", "outliers", "reconstruct")
"""Pages with parts that need images of a run's data set."""


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A lab with that example alone and no data."""
    shutil.copytree(paths.ROOT / "models_ckpt" / FIRST, tmp_path / "runs" / FIRST)
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "nothing"))


@pytest.mark.parametrize("page", sorted(file.stem for file in (paths.ROOT / "pages").glob("*.py")))
def test_each_page_opens_and_one_that_needs_images_says_how_to_get_them(page, classifier_in_training):
    if page == "home":  # links to the other pages, which only the app names
        page = "app"
    query = {} if page in NO_RUN_CHOSEN else {"name" if page == "run" else "run": FIRST}
    shown = open_page(page, **query)
    said = text_of(shown, "warning", "info", "error")
    assert ("MNIST is not on this machine" in said) == (page in NEED_IMAGES), said
    assert "damaged" not in said and "does not exist" not in said
