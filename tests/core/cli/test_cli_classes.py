"""`sample --class` and `train` of a family that is told the class of an image."""

import numpy as np
import pytest
from PIL import Image

from core import runs
from core.latent import codec, sampling
from core.models import build
from core.runs import weights
from tests.core.cli.cli_tools import refused, tiles
from tests.tiny_runs import tiny as tiny_recipe


def made(preset: str, **changes) -> runs.Run:
    run = runs.create(tiny_recipe(preset, **changes), preset)
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    return run


@pytest.mark.parametrize("asked", ["7", "square"])
def test_samples_are_of_the_class_that_is_asked_for_with_the_styles_of_the_seed(empty_runs, call, tmp_path, asked):
    label, changes = {"7": (7, {}), "square": (0, {"dataset": "shapes", "image_shape": (3, 28, 28)})}[asked]
    model = weights.load_model(made("cvae", latent_dim=3, **changes))
    code, out, _ = call(f"sample cvae --n 6 --columns 3 --seed 3 --class {asked} --out new.png")
    assert code == 0 and f"6 new images of the class {asked}" in out
    z = sampling.draws(model, 6, 3)
    z[:, 3:] = np.eye(model.latent_dim - 3)[label]
    assert np.array_equal(tiles(tmp_path / "new.png", 3), codec.decode(model, z))


def test_a_class_that_there_is_not_is_refused_with_those_there_are(empty_runs, call):
    made("cvae")
    made("mlp-vae")
    refused(call("sample cvae --class 10"), "no class '10'. Its classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9")
    refused(call("sample cvae --class ten"), "no class 'ten'")
    refused(call("sample mlp-vae --class 3"), "is a VAE, which is not told the class.*Omit --class")


def test_pictures_without_classes_make_no_run(empty_runs, call, tmp_path):
    for k in range(12):
        Image.fromarray(np.full((12, 12), 20 * k, np.uint8)).save(tmp_path / f"{k}.png")
    told = call(f"train cvae --dataset folder --folder {tmp_path} --image-shape 1-12-12 --name told")
    refused(told, "told the class of every image, and these images have no classes")
    assert not runs.list_runs()


def test_the_number_of_classes_follows_the_images_whatever_is_asked_for(empty_runs, call):
    assert call("train cvae --digits --classes 3 --epochs 1 --train-images 64 --name told")[0] == 0
    assert runs.open_run("told").recipe.classes == 10
