"""Every benchmark starts as its table says, from the lab's folder and without further settings."""

import os
import subprocess
import sys

import pytest

from core import paths

SHARED = ("textbook.py", "trained.py", "visitor.py")
SCRIPTS = sorted(p.name for p in (paths.ROOT / "benchmarks").glob("*.py") if p.name not in SHARED)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_benchmark_starts_by_its_documented_command(script):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, f"benchmarks/{script}", "--help"], cwd=paths.ROOT, env=clean,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr
    assert script in (paths.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
