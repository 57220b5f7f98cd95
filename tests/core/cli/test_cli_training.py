"""`train` and `resume`: the flags are the recipe, the lines are the run, and nothing half-made stays behind."""

import errno
import os
import re
import shlex

import numpy as np
import pytest
from PIL import Image

from core import runs
from core.recipes.adaptation import for_digits, for_shapes
from core.recipes.presets import PRESETS, preset
from core.recipes.recipe import fields
from core.runs import weights
from tests.core.cli.cli_tools import TINY, parsed, refused


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_can_be_written_in_flags_and_read_back(name):
    wanted = for_digits(PRESETS[name]).with_(lr=3e-4, seed=7, patience=2)
    values = wanted.to_dict()
    flags = []
    for f in fields():
        if f.name != "name" and values[f.name] != "":
            text = ",".join(map(str, values[f.name])) if isinstance(values[f.name], list) else str(values[f.name])
            flags += ["--" + f.name.replace("_", "-"), text]
    assert parsed(f"train {name} " + shlex.join(flags)) == wanted


def test_without_flags_the_recipe_is_the_preset_itself():
    assert parsed("train plane-vae") == preset("plane-vae")
    assert parsed("train plane-vae --digits --beta 4") == for_digits(preset("plane-vae")).with_(beta=4)
    assert parsed("train plane-vae --shapes --beta 4") == for_shapes(preset("plane-vae")).with_(beta=4)


def test_a_folder_is_written_down_in_full_and_implies_its_data_set(tmp_path):
    recipe = parsed("train mlp-vae --folder pictures")
    assert (recipe.dataset, recipe.folder) == ("folder", str(tmp_path / "pictures"))


def test_a_flag_without_effect_is_named(capsys):
    parsed("train mlp-vae --sigma 0.5")
    assert "--sigma has no effect without --likelihood gaussian" in capsys.readouterr().err


def test_training_prints_a_line_an_epoch_and_leaves_a_finished_run(empty_runs, call):
    code, out, err = call(TINY)
    lines = out.splitlines()
    assert code == 0 and err == ""
    assert [line.split()[:2] for line in lines if line.startswith("epoch")] == [["epoch", f"{k}/2"] for k in range(3)]
    run = runs.open_run("mlp-vae-digits-1")
    assert run.status["state"] == "finished" and run.recipe.latent_dim == 3
    # The figures on the lines are the run's own.
    history = run.history()
    end = history["val_total"][~np.isnan(history["val_total"])][-1]
    last = next(line for line in lines if line.startswith("epoch 2/2"))
    assert f"validation {end:.2f} = " in last
    one_epoch = history["train_total"][(history["epoch"] > 1)]
    assert f"train {one_epoch.mean():.2f} " in last  # three batches: one bin, one row
    assert f"Test set: {run.evaluation()['total']:.2f} nats" in out


def test_a_run_resumed_from_the_shell_equals_one_trained_in_one_go(empty_runs, call):
    assert call(TINY + " --name parts")[0] == 0
    code, out, _ = call("resume parts --epochs 4 --device cpu")
    assert code == 0 and "epoch 3/4" in out and "epoch 2/4" not in out
    assert call(TINY.replace("--epochs 2", "--epochs 4") + " --name whole")[0] == 0
    ours, theirs = (weights.load(empty_runs / name / "last.safetensors")[0] for name in ("parts", "whole"))
    assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)
    assert runs.open_run("parts").status["epochs"] == 4


def test_a_run_made_and_never_begun_can_be_resumed(empty_runs, call):
    runs.create(parsed(TINY), "fresh")
    assert call("resume fresh")[0] == 0


def test_own_pictures_are_trained_on_and_what_is_no_picture_is_named(empty_runs, call, tmp_path):
    (tmp_path / "leaves").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
    for i, picture in enumerate(noise):
        Image.fromarray(picture).save(tmp_path / f"leaves/{i}.png")
    for i in range(7):
        (tmp_path / f"leaves/broken{i}.png").write_text("no picture")
    code, out, err = call("train mlp-vae --folder leaves --hidden 4 --epochs 1 --device cpu --name leaves")
    assert code == 0 and err.count("is not a picture") == 5 and "2 more files are skipped" in err
    assert runs.open_run("leaves").recipe.folder == str(tmp_path / "leaves")
    assert call("reconstruct leaves")[0] == 0


def test_a_loss_that_explodes_ends_in_a_sentence_and_exit_code_1(empty_runs, call):
    code, _, err = call(TINY + " --optimizer sgd --lr 10")
    assert code == 1 and re.fullmatch(r"The loss .* smaller learning rate.*\n", err)


def test_a_full_disk_in_mid_training_ends_in_a_sentence(empty_runs, call, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(weights, "save", full)
    code, _, err = call(TINY)
    assert code == 1 and "make room" in err and len(err.splitlines()) == 1


def test_running_out_of_memory_is_a_sentence(empty_runs, call, monkeypatch):
    from core.training.autoencoder_trainer import AutoencoderTrainer

    def hungry(self):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(AutoencoderTrainer, "step", hungry)
    code, _, err = call(TINY)
    assert code == 1 and "--batch-size" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("train nonsense", "no recipe 'nonsense'.*mlp-vae"),
        ("train mlp-vae --latent-dim 0", "latent_dim: '0' is not allowed.*1 to 512"),
        ("train mlp-vae --beta -1", "beta: '-1' is not allowed"),
        ("train mlp-vae --lr nan", "lr: 'nan' is not allowed"),
        ("train mlp-vae --hidden 12,x", "hidden: '12,x' is not a list of whole numbers"),
        ("train mlp-vae --dataset cats", "dataset: 'cats' is not allowed.*digits"),
        ("train mlp-vae --likelihood mse", "'mse' has no place in an ELBO"),
        ("train mlp-vae --digits --dataset mnist", "'mnist' contradicts --digits"),
        ("train mlp-vae --digits --device abacus", "'abacus' is not on this machine.*cpu"),
        ("train mlp-vae --digits --name a/b", "'a/b' cannot be a run's name"),
        ("train mlp-vae --folder not-there", "There is no folder"),
        ("train mlp-vae", "python -m core download mnist"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_run_exists(empty_runs, call, monkeypatch, tmp_path, line, pattern):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "no data"))
    refused(call(line), pattern)
    assert runs.list_runs() == []
