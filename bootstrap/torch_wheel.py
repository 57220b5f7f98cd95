"""Choice of the PyTorch build for this machine: CPU, CUDA or ROCm.

The plain package index holds one build per system: for Windows one without CUDA, for Linux one with gigabytes
of CUDA. PyTorch's own index has one for each kind of machine, and uv knows how to choose there
(`--torch-backend=auto`). Where that index cannot be reached the plain one must do.
"""

import shutil
import sys
from dataclasses import dataclass

from bootstrap.paths import LabPaths
from bootstrap.run_command import Result, Runner

# Long enough for a slow school network, short enough that nobody without a way there waits.
TRY = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "8", "UV_HTTP_CONNECT_TIMEOUT": "5"}
LONGEST = 15.0


@dataclass(frozen=True)
class Choice:
    """The options for uv, and the reason in words."""

    options: tuple[str, ...]
    reason: str


def choose(home: LabPaths, run: Runner) -> Choice:
    """Ask uv, without installing, whether PyTorch's own index has a build for this machine."""
    answer = run(
        [
            home.uv,
            "pip",
            "install",
            "--python",
            home.python,
            "--dry-run",
            "--reinstall",
            "--no-deps",
            "--torch-backend=auto",
            "torch",
            "torchvision",
        ],
        env=TRY,
        timeout=LONGEST,
    )
    if answer.ok:
        return Choice(("--torch-backend=auto",), f"from PyTorch's own index, because {machine()}")
    return Choice((), f"from the plain package index, because {_why_not(answer)}{_loss()}")


def _why_not(answer: Result) -> str:
    if "no solution found" in answer.output.lower():
        return "PyTorch's own index has no build for this Python and machine"
    return "PyTorch's own index could not be reached"


def _loss() -> str:
    """What the build from the plain index lacks on this machine, and how to get the other build."""
    if sys.platform == "win32" and shutil.which("nvidia-smi"):
        return " (your NVIDIA GPU stays unused: delete .venv and build again on another network)"
    return ""


def machine() -> str:
    """What decides between the builds, in words."""
    if sys.platform == "darwin":
        return "Macs have one build for all"
    if shutil.which("nvidia-smi"):
        return "an NVIDIA GPU was found"
    if shutil.which("rocminfo"):
        return "an AMD GPU was found"
    return "no GPU was found"


def build_name(version: str) -> str:
    """`2.15.0+cu130` → `CUDA 13.0 build 2.15.0+cu130`; a version without a suffix does not tell its kind."""
    suffix = version.partition("+")[2]
    if suffix.startswith("cu") and suffix[2:].isdigit():
        return f"CUDA {suffix[2:-1]}.{suffix[-1]} build {version}"
    if suffix.startswith("rocm"):
        return f"ROCm {suffix[4:]} build {version}"
    if suffix == "cpu":
        return f"CPU build {version}"
    return f"build {version}"
