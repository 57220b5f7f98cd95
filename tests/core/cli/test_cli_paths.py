"""The command line takes paths in every writing, and says how a folder of pictures was read."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import cli, runs
from core.cli import common, training


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for i in range(6):
        path = tmp_path / "Bilder été" / "train" / "a" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 12), 40 * i * 4, np.uint16)).save(path)
    return tmp_path


def recipe_of(folder: str):
    parser = cli.build_parser()
    return training.read_recipe(parser.parse_args(["train", "mlp-vae", "--digits", f"--folder={folder}"]))


@pytest.mark.parametrize(
    "way", ["~/Bilder été", "'~/Bilder été'", "Bilder été", "{0}", "“{0}”", "$HOME/Bilder été", "{1}", "{2}"]
)
def test_a_folder_is_kept_as_an_absolute_path_however_it_was_given(home, way):
    path = home / "Bilder été"
    text = way.format(path, path.as_uri(), unicodedata.normalize("NFD", str(path)))
    recipe = recipe_of(text)
    assert recipe.dataset == "folder" and Path(recipe.folder).samefile(path) and os.path.isabs(recipe.folder)


def test_a_run_and_an_output_file_may_be_given_by_path(home, tiny):
    assert common.find(str(tiny / "tiny")).name == "tiny"
    assert common.find(f"'{tiny / 'tiny'}/'").name == "tiny"
    assert common.output_file("~/new.png", "x.png", force=False) == home / "new.png"


def test_a_training_on_a_folder_says_how_it_was_read(home, empty_runs, call):
    (home / "Bilder été" / "clip.mov").write_bytes(b"\0\0\0\x18ftypqt  ")
    line = "train mlp-vae --digits --epochs 1 --hidden 8 --image-shape 1-12-12 --latent-dim 2 --device cpu --name own"
    code, _, err = call(f"{line} --folder='~/Bilder été'")
    assert code == 0, err
    assert "6 pictures with more than 8 bits a pixel: their values 0 to 1023 become black to white" in err
    assert "clip.mov is a film (save its frames as pictures first) and is skipped" in err
    assert runs.open_run("own").recipe.folder == str(home / "Bilder été")
