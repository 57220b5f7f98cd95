"""Every page opens for a set of one picture, and for one of black ones: with results, or a sentence."""

import numpy as np
import pytest
from PIL import Image

from core import data, runs
from core.runs import images
from tests.pages.page_tools import open_page, untrained
from tests.tiny_gans import gan_run

DIGITS = data.load("digits").train_images
SETS = {"one": (DIGITS[:1], ""), "black": (np.zeros((12, 28, 28), np.uint8), "ab")}
OF_LATENTS = ("compare", "generate", "interpolate", "reconstruct", "map", "outliers", "planes", "train")


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("family", ["plane-vad", "gan"])
def test_every_page_opens(name, family, tmp_path, classifier_in_training):
    pictures, classes = SETS[name]
    for i, picture in enumerate(pictures):
        place = tmp_path / "set" / (classes[i % len(classes)] if classes else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{i}.png")
    changes = {"dataset": "folder", "folder": str(tmp_path / "set")}
    run = gan_run("run", **changes) if family == "gan" else untrained("run", family, digits=False, **changes)
    images.store(run, data.load("folder", str(tmp_path / "set")))
    for page in ("compare", "gan", "generate", "interpolate") if family == "gan" else OF_LATENTS:
        opened = open_page(page, run=run.name)
        assert not opened.exception, page
    assert runs.open_run("run").has_weights
