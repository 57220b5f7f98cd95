"""The test command: what it hands to pytest, and what the shared conftest makes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import dev_setup
from bootstrap.cli import parser
from tests.bootstrap.fakes import ROOT

WRITER = """
import atexit, os, pathlib
def test_writes():
    atexit.register(os.write, 2, b"a library's last words\\n")
    {statement}
"""
OWN_RUNS = "pathlib.Path(os.environ['LATENT_LAB_RUNS']).mkdir(parents=True)"


def test_arguments_of_the_developer_win_over_the_parallel_workers_and_the_quick_selection(monkeypatch):
    monkeypatch.setattr(dev_setup.os, "cpu_count", lambda: 2)
    words = dev_setup.pytest_arguments(["-n0", "-m", "slow"], quick=True)
    left_out = ["-m", "not browser and not slow", "--ignore", "tests/browser"]
    assert words == ["-n", "3", *left_out, "-n0", "-m", "slow"]
    monkeypatch.setattr(dev_setup.os, "cpu_count", lambda: 16)
    assert dev_setup.pytest_arguments(["-q"]) == ["-n", "4", "-q"]


@pytest.mark.parametrize(("words", "quick"), [(["test"], False), (["test", "--quick", "-x"], True)])
def test_quick_needs_no_browser(words, quick, monkeypatch, tmp_path):
    prepared, started = [], []
    monkeypatch.setattr(dev_setup, "prepare", lambda home, with_browser: prepared.append(with_browser) or {})
    monkeypatch.setattr(dev_setup, "on_goodbye", lambda handler: None)

    class Pytest:
        def __init__(self, command, **how):
            started.append(command)

        def wait(self):
            return 5

    monkeypatch.setattr(dev_setup.subprocess, "Popen", Pytest)
    options, rest = parser().parse_known_args(words)
    home = type("Home", (), {"python": "python", "root": tmp_path})
    assert dev_setup.test(home, rest, options.quick, options.setup_only) == 5
    assert prepared == [not quick] and started[0][-len(rest) or None :] == (rest or started[0])
    assert ("not browser and not slow" in started[0]) == quick


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the real pytest settings and conftest, an example run, and no tests yet."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("core", "tests/fixtures"):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    run = tmp_path / "models_ckpt" / "example-run"
    run.mkdir(parents=True)
    (run / "recipe.json").write_text("{}")
    return tmp_path


def run_pytest(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LATENT_LAB_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, cwd=checkout, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )


@pytest.mark.slow
def test_a_session_that_changes_the_labs_own_folders_fails_and_the_summary_is_the_last_line(checkout):
    statements = (
        "pathlib.Path('models_ckpt/example-run/recipe.json').write_text('{ }')",
        "pathlib.Path('cache').mkdir(); pathlib.Path('cache/map').touch()",
        OWN_RUNS,
    )
    for k, statement in enumerate(statements):
        (checkout / "tests" / f"test_writer_{k}.py").write_text(WRITER.format(statement=statement))
    done = run_pytest(checkout, "-n", "2")
    assert done.returncode == 1, done.stdout
    assert "3 passed" in done.stdout.splitlines()[-1], done.stdout
    assert "a library's last words" in done.stdout, "what a worker prints at its end is not thrown away"
    named = done.stdout.split("the lab's own folders have changed", 1)[1].splitlines()
    paths = [line.strip() for line in named if line.startswith("  ")]
    assert paths == ["cache/map", "models_ckpt/example-run/recipe.json"]


@pytest.mark.slow
def test_files_go_to_workers_whole_and_browser_tests_by_the_half(checkout):
    tell = "import os\n\n\ndef test_{0}():\n    print('ran by', os.environ['PYTEST_XDIST_WORKER'], __name__)\n"
    for name in ("browser/test_a", "browser/test_b", "browser/test_x", "browser/test_z", "test_c", "test_d"):
        file = checkout / "tests" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(tell.format(k) for k in range(3)))
    (checkout / "tests" / "test_writer.py").write_text(WRITER.format(statement=OWN_RUNS))
    done = run_pytest(checkout, "-n", "2", "-rP")
    assert done.returncode == 0, "a session that writes where tests may write passes\n" + done.stdout
    places: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("ran by"):
            _, _, worker, module = line.split()
            places.setdefault(module.split(".")[-1], set()).add(worker)
    assert set(places) == {"test_a", "test_b", "test_x", "test_z", "test_c", "test_d"}
    assert all(len(workers) == 1 for workers in places.values())
    assert places["test_a"] == places["test_b"] != places["test_x"] == places["test_z"]
