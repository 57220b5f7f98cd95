"""`list`, `recipes`, `export`, `rename`, `delete`: the folders, and what is refused when they are damaged."""

import pickle
import shlex
import zipfile
from pathlib import Path

import pytest

from core import runs
from core.recipes.adaptation import for_digits
from core.recipes.presets import PRESETS, preset
from core.runs import export
from core.training.speed_test import SpeedTrial
from tests.core.cli.cli_tools import TINY, parsed, refused


def test_the_list_shows_what_there_is_and_why_a_run_is_damaged(empty_runs, call):
    assert "There are no runs yet" in call("list")[1]
    runs.create(parsed(TINY), "a run (1)")
    broken = runs.create(parsed(TINY), "broken")
    (broken.path / "recipe.json").write_text('{"name":')
    odd = runs.create(parsed(TINY), "odd")
    (odd.path / "status.json").write_text('{"epoch": "many", "best_total": [], "epochs": 7}')
    code, out, err = call("list")
    assert code == 0 and err == ""
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "VAE · digits · 16 · 3-d" in lines["a run (1)"] and "0/2" in lines["a run (1)"]
    assert "recipe.json cannot be read" in lines["broken"] and "0/7" in lines["odd"]


def test_recipes_are_told_in_a_line_each_or_as_the_flags_that_make_them(call):
    out = call("recipes")[1]
    assert [line.split()[0] for line in out.splitlines()] == list(PRESETS)
    flags = " ".join(call("recipes conv-vae")[1].splitlines()[1:])
    assert parsed("train mlp-vae " + flags).with_(name="conv-vae") == preset("conv-vae")


def test_a_recipe_tells_how_long_it_trains_on_this_machine(call, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    asked = []
    monkeypatch.setattr(
        "core.training.speed_test.measure", lambda recipe, *_: asked.append(recipe) or SpeedTrial(1_000.0, quiet=True)
    )
    flags = call("recipes plane-vae")[1]
    for again in range(2):
        code, out, err = call("recipes plane-vae --time --device cpu")
        assert code == 0 and err == "" and len(asked) == 1, f"kept since the first time ({again})"
        *lines, last = out.splitlines()
        assert lines == flags.splitlines()
        # 50 epochs of 59,000 images and 1,000 held out, which count for three quarters: 2,990 s.
        assert last == "Training takes about 50 min on this machine (CPU): 50 epochs at 1,000 images a second."
    assert "about 3 min" in call("recipes plane-vae --time --digits --device cpu")[1]
    assert asked[1] == for_digits(preset("plane-vae"))
    assert "12 epochs at 1,000 images" in call("recipes decoder-gan-fast --time --device cpu")[1]
    refused(call("recipes --time"), "Name a recipe")
    refused(call("recipes plane-vae --time --device abacus"), "'abacus' is not on this machine")


def test_an_exported_run_can_be_unpacked_elsewhere_and_makes_the_same_pictures(tiny, call, tmp_path, monkeypatch):
    assert call("export tiny")[0] == 0 and call("sample tiny --out here.png")[0] == 0
    with zipfile.ZipFile(tmp_path / "tiny.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        archive.extractall(tmp_path / "elsewhere")
    kept = {f"tiny/{name}" for name in (*export.FILES, "README.txt", *(f"frames/{k:04d}.png" for k in range(3)))}
    assert names == kept - {"tiny/classifier.safetensors", "tiny/classes.csv"}, "which only a GAN has"
    assert 'runs.open_run("tiny")' in (tmp_path / "elsewhere/tiny/README.txt").read_text()
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "elsewhere"))
    assert call("sample tiny --out there.png")[0] == 0
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()
    refused(call("resume tiny --epochs 3"), "no saved state to resume from")
    refused(call("export tiny --resume-state --out again.zip"), "no saved state")


def test_with_its_state_an_exported_run_trains_on_elsewhere(tiny, call, tmp_path, monkeypatch):
    assert call("export tiny --resume-state --out full.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "full.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "elsewhere"))
    code, out, _ = call("resume tiny --epochs 3")
    assert code == 0 and "epoch 3/3" in out


def test_a_run_in_training_is_left_alone(empty_runs, call):
    run = runs.create(parsed(TINY), "busy")
    with run.lock():
        for line in ("resume busy", "export busy", "rename busy idle", "delete busy --yes"):
            refused(call(line), "'busy' is .*training")
    assert run.path.is_dir()


def test_runs_are_renamed_and_deleted_only_when_meant(empty_runs, call):
    runs.create(parsed(TINY), "first")
    (runs.create(parsed(TINY), "broken").path / "recipe.json").unlink()
    assert call("rename first second")[0] == 0 and [run.name for run in runs.list_runs()] == ["broken", "second"]
    refused(call("rename second broken"), "There is a run 'broken' already")
    refused(call("delete second broken"), "Nothing was deleted. Add --yes to delete 'second', 'broken'", code=2)
    refused(call("delete second ghost --yes"), "There is no run 'ghost'")
    assert len(runs.list_runs()) == 2, "a misspelt name deletes nothing"
    assert call("delete second broken --yes")[0] == 0 and runs.list_runs() == []


def test_a_run_may_be_named_by_its_path_as_a_shell_completes_it(tiny, call):
    assert call(f"export {shlex.quote(str(tiny / 'tiny'))}/")[0] == 0


class Malicious:
    def __reduce__(self):
        return Path.touch, (Path("owned"),)


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (pickle.dumps(Malicious()), "damaged or no safetensors file"),
        (b"", "damaged or no safetensors file"),
        (None, "'tiny' has no weights yet"),
    ],
)
def test_weights_that_cannot_be_trusted_are_refused_in_a_sentence(tiny, empty_runs, call, tmp_path, content, pattern):
    run = empty_runs / "tiny"
    run.mkdir(parents=True)
    (run / "recipe.json").write_bytes((tiny / "tiny/recipe.json").read_bytes())
    if content is not None:
        (run / "best.safetensors").write_bytes(content)
    refused(call("sample tiny"), pattern)
    assert not (tmp_path / "owned").exists() and not list(tmp_path.glob("*.png"))


def test_weights_of_another_architecture_are_refused_by_name(tiny, empty_runs, call):
    run = runs.create(parsed(TINY + " --latent-dim 4"), "other")
    (run.path / "best.safetensors").write_bytes((tiny / "tiny/best.safetensors").read_bytes())
    refused(call("sample other"), "do not fit its recipe: '.*' is ")
