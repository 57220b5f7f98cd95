"""A machine in miniature for the start-up tests: real but empty environments, and packages in name only."""

import shutil
import sys
import venv
from pathlib import Path

from bootstrap.paths import LabPaths
from bootstrap.run_command import Result

ROOT = Path(__file__).resolve().parents[2]

OFFLINE = (
    "error: Failed to fetch: https://index.example/torch/\n  cause: dns error\n"
    "  cause: failed to lookup address information: Name or service not known\n"
)
PIP_OFFLINE = (
    "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection: "
    "[Errno -2] Name or service not known'\nERROR: No matching distribution found for uv\n"
)


def make_home(folder: Path) -> LabPaths:
    """A lab's folder with the real start-up and a short list of packages."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "lab.py", folder)
    shutil.copytree(ROOT / "bootstrap", folder / "bootstrap", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app.py").write_text("")
    (folder / "requirements.txt").write_text("# what it needs\ntorch>=2.15  # arithmetic\nnumpy>=2.4\n")
    (folder / "requirements-dev.txt").write_text("-r requirements.txt\npytest>=9.2\n")
    home = LabPaths(folder)
    home.logs.mkdir()
    return home


def empty_venv(home: LabPaths) -> None:
    """A real environment without pip: made in a tenth of a second."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(home.venv)


def site_packages(home: LabPaths) -> Path:
    return home.venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


class Machine:
    """Stands in for commands.Runner. `broken` maps a step to what it prints when it fails."""

    def __init__(self, home: LabPaths, torch: str = "2.15.0+cpu", **broken: str):
        self.home, self.torch, self.broken = home, torch, broken
        self.steps: list[str] = []
        self.commands: list[list[str]] = []

    def __call__(self, command, *, note="", env=None, timeout=None) -> Result:
        words = [str(word) for word in command]
        step = self._step(words)
        self.steps.append(step)
        self.commands.append(words)
        if step in self.broken:
            return Result(1, self.broken[step])
        return getattr(self, "_" + step)(words)

    def _step(self, words: list[str]) -> str:
        if words[1:3] == ["-m", "venv"]:
            return "venv"
        if words[1:] == ["-m", "pip", "--version"]:
            return "has_pip"
        if words[-1] == "uv":
            return "get_uv"
        if words[0] == str(self.home.uv):
            return "choose" if "--dry-run" in words else "uv_install"
        return "pip_install"

    def _venv(self, words) -> Result:
        empty_venv(self.home)
        (site_packages(self.home) / "pip").mkdir()
        return Result(0, "")

    def _has_pip(self, words) -> Result:
        return Result(0 if (site_packages(self.home) / "pip").exists() else 1, "")

    def _get_uv(self, words) -> Result:
        self.home.uv.touch()
        return Result(0, "")

    def _choose(self, words) -> Result:
        return Result(0, "Would install 2 packages")

    def _uv_install(self, words) -> Result:
        for list_file in words[words.index("-r") + 1 :: 2]:
            for line in Path(list_file).read_text().splitlines():
                if line[:1].isalpha():
                    self._put(line.partition(">")[0])
        return Result(0, "")

    _pip_install = _uv_install

    def _put(self, name: str) -> None:
        folder = site_packages(self.home) / f"{name}-1.dist-info"
        folder.mkdir(exist_ok=True)
        version = self.torch if name == "torch" else "9.9"
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
