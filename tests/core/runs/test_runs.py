"""The names of runs, and what a run says of itself."""

import json
import os
import threading
import time
import unicodedata

import pytest

from core import runs
from core.data import uploads
from core.recipes.recipe import RecipeError
from core.runs import RunError, weights
from core.runs import run as runs_run
from core.system.atomic_files import write_json
from tests.core.data.test_uploads import File
from tests.tiny_runs import drive, tiny

# Names


@pytest.mark.parametrize(
    "name", ["a", "My VAE (β - 2) +1", "größe", "数字", "run_1.2", "x" * 60, " spaces around ", "1"]
)
def test_ordinary_names_in_any_alphabet_are_taken_as_they_are(name):
    run = runs.create(tiny(), name)
    assert run.name == name.strip() == runs.open_run(name).name
    assert run.path.parent == runs_run.paths.runs_folder()


BAD = [
    "",
    " ",
    ".",
    "..",
    "../up",
    "a/b",
    "a\\b",
    "/etc",
    "C:x",
    "a:b",
    ".hidden",
    "-flag",
    "x" * 61,
    "con",
    "CON",
    "nul.txt",
    "COM1",
    "lpt9.tar.gz",
    "aux .txt",
    "dot.",
    "a\nb",
    "a\x00b",
    "a\tb",
    "<b>",
    "what?",
    "star*",
    'quo"te',
    "pi|pe",
    "a%2fb",
]


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_names_that_no_folder_can_have_or_that_lead_elsewhere_are_refused(name, copy):
    for use in (lambda: runs.create(tiny(), name), lambda: copy.rename(name), lambda: runs.open_run(name)):
        with pytest.raises(RunError, match="cannot be a run's name. Use up to 60 letters"):
            use()
    assert os.listdir(runs_run.paths.runs_folder()) == ["copy"]


@pytest.mark.parametrize("name", ["हिन्दी", "ภาษาไทยที่", "தமிழ்", "বাংলা", "می‌خواهم", "עִבְרִית", "Tiếng Việt", "日本語"])
def test_names_in_any_script_are_taken_in_composed_form(name):
    for form in ("NFC", "NFD"):
        given = unicodedata.normalize(form, name)
        run = runs.create(tiny(), given)
        assert run.name == unicodedata.normalize("NFC", name) and runs.open_run(given).path == run.path
        run.delete()


def test_a_folder_that_another_system_named_in_decomposed_form_is_opened_by_its_name(copy):
    decomposed = unicodedata.normalize("NFD", "été")
    copy.path.rename(copy.path.with_name(decomposed))
    assert runs.open_run(decomposed).name == decomposed


@pytest.mark.parametrize("name", ["con", "COM¹", "lpt³.txt", "aux .tar"])
def test_a_name_that_windows_reserves_is_refused_with_the_reason(name):
    with pytest.raises(RunError, match="Windows reserves it"):
        runs.valid_name(name)


@pytest.mark.parametrize("name", ["\u200dabc", "a\u200cb", "ab\u200d", "\u0301a", "a\u202eb", "a\ud800", "☺", "a☺"])
def test_invisible_and_loose_characters_are_refused(name):
    with pytest.raises(RunError, match="cannot be a run's name"):
        runs.valid_name(name)


@pytest.mark.parametrize(
    "word",
    [
        "हिन्दी",
        "\u0301\u0301",
        "../../evil",
        "..",
        "/",
        "",
        "x" * 500,
        "a/b\\c",
        "con",
        "nul.x",
        "-",
        "großer Name!",
        "\x00",
        "\n",
    ],
)
def test_a_foreign_recipes_name_cannot_lead_out_of_the_folder(word):
    run = runs.create(tiny().with_(name=word))
    assert run.path.parent == runs_run.paths.runs_folder() and run.name.endswith("-digits-1")
    assert runs.open_run(run.name).recipe.name == word
    assert len(os.listdir(runs_run.paths.runs_folder())) == 1


def test_a_run_on_pictures_of_ones_own_carries_the_name_of_their_set(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_SETS", str(tmp_path / "sets"))
    (tmp_path / "leaves of oaks").mkdir()
    (tmp_path / "old.photos.zip").write_bytes(b"")
    named = uploads.receive([File("1.png", bytes(67))], 1_000).keep("fruit (mine)", "")
    for folder, expected in (
        (named.source, "fruit-mine"),
        (tmp_path / "leaves of oaks", "leaves-of-oaks"),
        (tmp_path / "old.photos.zip", "old-photos"),
        (f'"{tmp_path}/gone/葉.npy"', "葉"),
        ("/", "pictures"),
    ):
        made = runs.create(tiny().with_(dataset="folder", folder=str(folder)))
        assert made.name == f"{tiny().name}-{expected}-1"


def test_a_taken_name_is_refused_and_a_number_is_found_without_one():
    runs.create(tiny(), "mine")
    with pytest.raises(RunError, match="There is a run 'mine' already"):
        runs.create(tiny(), "mine")
    assert [runs.create(tiny()).name for _ in range(3)] == [f"mlp-vae-digits-{i}" for i in (1, 2, 3)]


def test_many_visitors_at_once_get_a_run_each():
    found = []
    threads = [threading.Thread(target=lambda: found.append(runs.create(tiny()).name)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 16 == len(runs.list_runs())


def test_a_renamed_run_is_the_same_run(copy):
    before = copy.csv()
    again = copy.rename("better name")
    assert again.name == "better name" and again.csv() == before and weights.load_model(again)
    assert [r.name for r in runs.list_runs()] == ["better name"]
    assert again.rename("better name").name == "better name"


def test_renaming_onto_another_run_changes_neither(copy):
    other = runs.create(tiny(), "other")
    with pytest.raises(RunError, match="There is a run 'other' already"):
        copy.rename("other")
    assert not other.has_weights and copy.has_weights


def test_opening_what_is_not_there_says_so():
    with pytest.raises(RunError, match="There is no run 'gone'"):
        runs.open_run("gone")
    assert runs.list_runs() == []


def test_what_python_caches_beside_the_runs_is_no_run():
    run = runs.create(tiny())
    (run.path.parent / "__pycache__").mkdir()
    assert [found.name for found in runs.list_runs()] == [run.name]


def test_runs_are_listed_newest_first():
    for i, name in enumerate(["old", "new", "middle"]):
        run = runs.create(tiny(), name)
        run.update_status(created=[1.0, 3.0, 2.0][i])
    assert [r.name for r in runs.list_runs()] == ["new", "middle", "old"]


# What a run says of itself


def test_a_new_run_says_what_it_is_before_it_was_trained():
    before = time.time()
    run = runs.create(tiny(), "fresh")
    assert run.status["state"] == "new" and before <= run.status["created"] <= time.time()
    assert not run.has_weights and run.resumable and run.frames() == [] and run.evaluation() is None
    assert run.kl_per_dim().tolist() == [0, 0] and len(run.history()["step"]) == 0
    assert run.csv().strip().split(",")[0] == "step" and run.epochs == 2 and run.weights_version() == 0


def test_a_recipe_in_a_run_is_the_recipe_that_was_asked_for(finished):
    assert finished.recipe == tiny(epochs=2) and json.loads((finished.path / "recipe.json").read_text())["epochs"] == 2


def test_the_version_of_the_weights_changes_when_they_do(copy):
    before = copy.weights_version()
    copy.update_status(epochs=3)
    assert copy.weights_version() == before
    drive(copy)
    assert copy.weights_version() != before


def test_a_recipe_error_stays_a_recipe_error_for_those_who_make_recipes():
    with pytest.raises(RecipeError):
        tiny(latent_dim=0)


def test_a_status_keeps_what_it_is_not_told_to_change(copy):
    write_json(copy.path / "status.json", {"state": "finished", "created": 5.0, "somebody_elses": [1]})
    copy.update_status(message="hello")
    assert json.loads((copy.path / "status.json").read_text()) == {
        "state": "finished",
        "created": 5.0,
        "somebody_elses": [1],
        "message": "hello",
    }
