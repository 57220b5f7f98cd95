"""The index of runs reads each recipe once, however often pages list runs, and notices every change."""

import os
import time

import pytest

from core import runs
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.runs import gan_source
from core.runs import run as run_module
from core.system import parsed_files
from core.system.parsed_files import ParsedFiles


@pytest.fixture
def parsed_recipes(monkeypatch):
    """Paths of the recipe files that are parsed, in order."""
    parsed = []

    def parse(path):
        parsed.append(path)
        return run_module._parse_recipe(path)

    monkeypatch.setattr(run_module, "_recipes", ParsedFiles(parse))
    return parsed


def aged(path, seconds: float = 60.0) -> None:
    """Give the file an older time, so that its signature is trusted."""
    then = time.time_ns() - int(seconds * 1e9) | 1
    os.utime(path, ns=(then, then))


def ask_everything() -> list[str]:
    """What one run of the GAN page asks."""
    for run in runs.list_runs():
        assert run.error is None and run.recipe.summary()
    return [*(run.name for run in gan_source.sources()), *(run.name for run in runs.damaged_runs())]


def test_a_rerun_reads_no_recipe_that_has_not_changed(parsed_recipes):
    made = [runs.create(for_digits(preset(name))) for name in ("mlp-vae", "deep-ae", "auto-decoder")]
    for run in made:
        aged(run.path / "recipe.json")
    parsed_recipes.clear()
    ask_everything()
    assert sorted(parsed_recipes) == sorted(run.path / "recipe.json" for run in made), "each once"
    parsed_recipes.clear()
    for _ in range(3):
        ask_everything()
        runs.open_run(made[0].name)
    assert parsed_recipes == []
    changed = made[1].path / "recipe.json"
    changed.write_text(changed.read_text())
    aged(changed, 30)
    ask_everything()
    assert parsed_recipes == [changed]


def test_what_changes_in_the_folder_is_seen_at_once(parsed_recipes):
    one, two = (runs.create(for_digits(preset("mlp-vae")), name) for name in ("one", "two"))
    for run in (one, two):
        aged(run.path / "recipe.json")
    assert [run.name for run in runs.list_runs()] == ["two", "one"]
    (one.path / "recipe.json").write_text("{")
    assert [run.name for run in runs.damaged_runs()] == ["one"]
    two.rename("three")
    assert {run.name for run in runs.list_runs()} == {"one", "three"}
    one.delete()
    assert [run.name for run in runs.list_runs()] == ["three"] and not runs.damaged_runs()
    runs.open_run("three").update_status(message="changed")
    assert runs.list_runs()[0].status["message"] == "changed"
    runs.open_run("three").update_status(message="CHANGED")
    assert runs.list_runs()[0].status["message"] == "CHANGED"


def test_a_status_that_is_changed_by_its_reader_does_not_change_for_others():
    run = runs.create(for_digits(preset("mlp-vae")))
    change = {"step": 1, "epoch": 0.5, "field": "lr", "old": 1, "new": 2}
    run.update_status(changes=[change])
    aged(run.path / "status.json")
    run.status["changes"].append("mine")
    run.status["state"] = "mine"
    assert run.status["changes"] == [change] and run.status["state"] == "new"


def test_two_changes_within_one_tick_of_the_clock_are_told_apart(tmp_path):
    """The time and size of a file are the same before and after: a signature that is too young is not trusted."""
    path = tmp_path / "file"
    files = ParsedFiles(lambda p: p.read_text())
    now = time.time_ns()
    for text in ("one", "two"):
        path.write_text(text)
        os.utime(path, ns=(now, now))
        assert files.get(path) == text
    coarse = (now // 1_000_000_000) * 1_000_000_000
    for text in ("one", "two"):
        path.write_text(text)
        os.utime(path, ns=(coarse, coarse))
        assert files.get(path) == text
    assert parsed_files.SETTLED < parsed_files.SETTLED_ON_COARSE_CLOCKS


def test_only_so_many_files_are_kept_and_errors_are_not(tmp_path):
    read = []
    files = ParsedFiles(lambda p: read.append(p.name) or p.read_text(), most=2)
    for name in "abc":
        (tmp_path / name).write_text(name)
        aged(tmp_path / name)
        files.get(tmp_path / name)
    files.get(tmp_path / "c")
    files.get(tmp_path / "a")
    assert read == ["a", "b", "c", "a"]
    with pytest.raises(OSError):
        files.get(tmp_path / "missing")
    (tmp_path / "missing").write_text("there")
    assert files.get(tmp_path / "missing") == "there"


def test_the_version_of_weights_tells_nanoseconds_apart():
    run = runs.create(for_digits(preset("mlp-vae")))
    assert run.weights_version() == 0
    file = run.path / "best.safetensors"
    file.write_bytes(b"")
    seen = set()
    for nanosecond in (1, 2, 3):  # as floats, these three times of 2026 are one number
        os.utime(file, ns=(1_780_000_000_000_000_000 + nanosecond,) * 2)
        seen.add(run.weights_version())
    assert len(seen) == 3
