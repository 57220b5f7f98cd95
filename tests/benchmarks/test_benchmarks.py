"""Every benchmark starts as its table says, from the lab's folder and without further settings."""

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from core.system import devices, paths

SHARED = ("textbook.py", "common.py", "replay_client.py")
SCRIPTS = sorted(p.name for p in (paths.ROOT / "benchmarks").glob("*.py") if p.name not in SHARED)


HELP = """
import contextlib, io, json, os, runpy, sys, traceback

folder, *scripts = sys.argv[1:]
path, modules, environment, answers = sys.path[1:], set(sys.modules), dict(os.environ), {}
for script in scripts:
    # The lab's packages must be found anew, on the path that the script arranges; their modules, like the libraries,
    # need not be executed again.
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None))
        of_the_lab = file.startswith(os.getcwd()) and ".venv" not in file and "." not in name
        if name not in modules and (of_the_lab or file.startswith(folder)):
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [folder, *path]
    sys.argv[:] = [script, "--help"]
    printed, code = io.StringIO(), 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            runpy.run_path(os.path.join(folder, script), run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
    answers[script] = code, printed.getvalue()
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[int, str]]:
    """Exit code and output of every script with `--help`, all run by one interpreter: torch is imported once."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-c", HELP, str(paths.ROOT / "benchmarks"), *SCRIPTS]
    done = subprocess.run(command, cwd=paths.ROOT, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_each_benchmark_starts_by_its_documented_command(script, answers):
    code, printed = answers[script]
    assert code == 0 and "usage" in printed, printed
    assert script in (paths.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def bench(monkeypatch):
    """`time_to_quality.py` where every second and every figure is told beforehand."""
    monkeypatch.syspath_prepend(paths.ROOT / "benchmarks")
    for name, value in devices.openmp_environment().items():  # the script would leave them to all tests that follow
        monkeypatch.setenv(name, value)
    bench = importlib.import_module("time_to_quality")
    monkeypatch.setattr(bench.sample_quality, "for_dataset", lambda images: None)
    monkeypatch.setattr(bench.data, "load", lambda name: None)

    def tell(figures: dict[str, list[float | None]], paces: list[float]) -> None:
        beats = iter(paces)
        monkeypatch.setattr(
            bench, "Pace", lambda recipe, seconds: SimpleNamespace(time=lambda: next(beats), close=lambda: None)
        )

        def lab(recipe, source=""):
            figure = figures[recipe.name][recipe.seed]
            if figure is None:
                raise RuntimeError(f"{recipe.name}, seed {recipe.seed}: diverged. It exploded.")
            return 10.0, {"figure": figure, "sure": 0.5, "modes": 10, "frechet": 20.0}

        monkeypatch.setattr(bench, "lab", lab)

    bench.tell = tell
    return bench


def compared(bench, capsys, **how) -> list[str]:
    bench.compare("mlp-vae", argparse.Namespace(**{"short": False, "whole": False, "seeds": [0, 1, 2]} | how))
    return capsys.readouterr().out.splitlines()


def test_a_ratio_is_that_of_a_seed_and_the_pace_around_it_and_a_seed_that_misses_is_counted(bench, capsys):
    bench.tell({"mlp-vae": [100.0, 101.0, 102.0], "mlp-vae-fast": [99.0, 101.5, 100.0]}, [90, 110, 180, 220, 120, 120])
    said = compared(bench, capsys)[-1]
    assert said.startswith(
        "mlp-vae: target 101 nats (100–102, n = 3) after 120 s; fast 100 (99–101.5) after 10.0 s: "
        "reached (1 of 3 seeds missed it), 12.0× (10.0–20.0), n = 3"
    )


def test_worse_in_the_median_is_not_reached(bench, capsys):
    bench.tell({"mlp-vae": [100.0] * 3, "mlp-vae-fast": [99.0, 100.5, 101.0]}, [100] * 6)
    assert "NOT reached (2 of 3 seeds missed it), 10.0×" in compared(bench, capsys)[-1]


def test_a_seed_that_diverges_is_named_and_left_out(bench, capsys):
    bench.tell({"mlp-vae": [100.0] * 3, "mlp-vae-fast": [99.0, None, 99.5]}, [100] * 6)
    said = compared(bench, capsys)
    assert "  mlp-vae-fast, seed 1: diverged. It exploded." in said and "reached, 10.0× (10.0–10.0), n = 2" in said[-1]
    bench.tell({"mlp-vae": [100.0] * 3, "mlp-vae-fast": [None] * 3}, [100] * 6)
    assert compared(bench, capsys)[-1] == "mlp-vae: no seed came to its end"


def test_in_short_a_pair_has_a_target_that_was_measured_before(bench, monkeypatch, capsys):
    assert set(bench.TARGETS) <= set(bench.PAIRS)
    monkeypatch.setattr(sys, "argv", ["time_to_quality.py", "wae", "--short"])
    with contextlib.suppress(SystemExit):
        bench.main()
    assert "whose target was measured before, not for wae" in capsys.readouterr().err
    bench.tell({"mlp-vae-fast": [bench.TARGETS["mlp-vae"]]}, [50, 70])
    said = compared(bench, capsys, short=True, seeds=[0])
    assert "(measured before) after 60 s" in said[-1] and ": reached, 6.0×" in said[-1] and len(said) == 2


def test_the_tutorials_loop_is_run_to_its_end_for_vaes_only(bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["time_to_quality.py", "deep-ae", "--whole"])
    with contextlib.suppress(SystemExit):
        bench.main()
    assert "--whole is for VAEs only, not for deep-ae" in capsys.readouterr().err
