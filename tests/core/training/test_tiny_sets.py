"""Sets of one picture, of two, of equal and of black ones are trained on and scored like any other."""

import math

import numpy as np
import pytest
from PIL import Image

from core import cli, data, runs
from core.recipes.presets import preset
from core.training.loop import train

DIGITS = data.load("digits").train_images[:, ::2, ::2]
SETS = {
    "one picture": (DIGITS[:1], ""),
    "two pictures": (DIGITS[:2], ""),
    "six equal ones": (np.repeat(DIGITS[:1], 6, 0), ""),
    "black ones in two classes": (np.zeros((6, 14, 14), np.uint8), "ab"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_table_an_encoder_and_a_gan_train_and_are_scored(name, tmp_path, capsys):
    pictures, classes = SETS[name]
    for i, picture in enumerate(pictures):
        place = tmp_path / "set" / (classes[i % 2] if classes else "")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{i}.png")
    common = {"dataset": "folder", "folder": str(tmp_path / "set"), "image_shape": (1, 14, 14), "epochs": 1}
    for family in ("plane-vae", "plane-vad", "decoder-gan-fast"):
        source = {"source": "plane-vae"} if family == "decoder-gan-fast" else {"hidden": (8,)}
        run = runs.create(preset(family).with_(**common, **source), family)
        list(train(run, "cpu"))
        figures = run.evaluation()
        assert run.status["state"] == "finished" and figures["images"] >= 1
        assert math.isfinite(figures["frechet" if run.recipe.family.adversarial else "total"])
    assert cli.main(["outliers", "plane-vae", "--n", "2"]) == 0 and "nan" not in capsys.readouterr().out
