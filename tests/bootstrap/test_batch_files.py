"""The double-click files of Windows, run by Wine's cmd with stand-ins for Python.

The stand-in does in miniature what lab.py does: it remembers a build in .venv, refuses when told to, and answers
with an exit code. So these tests show what belongs to the .bat files: which Python is found, in which folder it
runs, with which words, what becomes of its exit code, and whether the window stays open.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BATCH_FILES = ("build.bat", "launch.bat", "bootstrap/start.bat")

STAND_IN = r"""@echo off
echo %~n0 %* in %CD%>>"%LAB_RECORD%"
rem Asked whether it runs at all: -3 is the launcher's own word.
if "%1"=="-3" shift
if "%1"=="-c" exit /b 0
if defined LAB_FAIL (
    echo The packages could not be downloaded: check your internet connection.
    exit /b 1
)
if not exist .venv\built (
    mkdir .venv
    echo yes>.venv\built
    echo BUILT NOW
)
if "%2"=="launch" echo OPEN
exit /b 0
"""

# What the Microsoft Store puts under the name of Python: words and an exit code, but no Python.
STORE_STUB = r"""@echo off
echo Python was not found; run without arguments to install from the Microsoft Store.
exit /b 9009
"""

needs_wine = pytest.mark.skipif(
    not shutil.which("wine"), reason="Wine is missing: the .bat files were NOT run (apt-get install wine)"
)


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """The variables for a Wine of our own, ready to run cmd, and gone afterwards."""
    prefix = tmp_path_factory.mktemp("wine")
    env = {
        **os.environ,
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all,+err",  # what Wine reports of itself stands in the message of a test that fails
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no offer to download anything
        "LC_ALL": "C.UTF-8",
    }
    env.pop("DISPLAY", None)
    # -p keeps Wine's server between the tests: every start would take seconds. What stays in the background
    # must not hold a pipe of ours open, so nothing is captured here.
    quiet = {
        "env": env,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    subprocess.run(["wineserver", "-p"], **quiet, timeout=60, check=True)
    ready = subprocess.run(["wine", "cmd", "/c", "exit 7"], **quiet, timeout=120, check=False)
    assert ready.returncode == 7, "Wine is installed but cannot run cmd"
    yield env
    # -k ends the server of this prefix only, and with it all it runs.
    subprocess.run(["wineserver", "-k"], **quiet, timeout=60, check=False)


class Desk:
    """A folder with the .bat files, a PATH with stand-ins, and a double-click."""

    def __init__(self, folder: Path, wine: dict[str, str]):
        self.lab, self.path, self.record = folder / "lab", folder / "path", folder / "record.txt"
        (self.lab / "bootstrap").mkdir(parents=True)
        self.path.mkdir()
        for name in BATCH_FILES:
            shutil.copy(ROOT / name, self.lab / name)
        self.env = {**wine, "WINEPATH": windows(self.path), "LAB_RECORD": windows(self.record)}

    def python(self, name: str, text: str = STAND_IN) -> None:
        (self.path / f"{name}.bat").write_text(text, newline="\r\n")

    def double_click(self, name: str, **variables: str) -> subprocess.CompletedProcess:
        """Run a .bat from outside its folder; one key press waits for a `pause`.

        Wine itself sometimes ends with 1, beside busy processes and without a word, before it has run anything: it is
        started again then. Whichever way our files end with 1, they say something.
        """
        for _ in range(3):
            run = subprocess.run(
                ["wine", "cmd", "/c", f"lab\\{name}"],
                env={**self.env, **variables},
                cwd=self.lab.parent,
                input="\r\n",
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=60,
            )
            if run.returncode != 1 or run.stdout:
                break
        return run

    @property
    def calls(self) -> list[str]:
        return self.record.read_text(errors="replace").splitlines() if self.record.exists() else []


def windows(path: Path) -> str:
    """A path as Wine's programs see it."""
    return "Z:" + str(path).replace("/", "\\")


def stayed_open(run: subprocess.CompletedProcess) -> bool:
    return "Press" in run.stdout  # what `pause` says, in Wine and in Windows


@pytest.fixture
def desk(tmp_path, wine):
    return Desk(tmp_path / "Ünïcode Ordner (1)", wine)


@pytest.mark.parametrize("name", BATCH_FILES)
def test_line_ends(name):
    """Windows' cmd loses its way in a .bat without CRLF; a fresh clone gets them from .gitattributes."""
    text = (ROOT / name).read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 0
    text.decode("ascii")  # cmd reads .bat files in a code page that we cannot know
    assert "*.bat text eol=crlf" in (ROOT / ".gitattributes").read_text().splitlines()


@pytest.mark.slow
@needs_wine
def test_first_build_then_launch(desk):
    desk.python("py")
    built = desk.double_click("build.bat")
    assert built.returncode == 0
    assert "BUILT NOW" in built.stdout
    assert stayed_open(built), "after a build by double-click the window must stay to be read"
    assert (desk.lab / ".venv" / "built").exists(), "lab.py must run in the lab's own folder"

    opened = desk.double_click("launch.bat")
    assert opened.returncode == 0
    assert "OPEN" in opened.stdout
    assert "BUILT NOW" not in opened.stdout
    assert not stayed_open(opened), "a lab that was closed on purpose leaves no window"
    spoken = [call.split(" in ")[0].split() for call in desk.calls if "lab.py" in call]
    assert spoken == [["py", "-3", "lab.py", "build"], ["py", "-3", "lab.py", "launch"]]


@pytest.mark.slow
@needs_wine
def test_launch_first_builds(desk):
    desk.python("python")
    opened = desk.double_click("launch.bat")
    assert opened.returncode == 0
    assert opened.stdout.index("BUILT NOW") < opened.stdout.index("OPEN")
    assert desk.calls[-1].startswith("python lab.py launch")


@pytest.mark.slow
@needs_wine
@pytest.mark.parametrize("name", ["build.bat", "launch.bat"])
def test_python_missing(desk, name):
    run = desk.double_click(name)
    assert run.returncode == 1
    assert "needs Python 3.11 or newer, and no Python was found" in run.stdout
    assert "https://www.python.org/downloads/" in run.stdout
    assert stayed_open(run)


@pytest.mark.slow
@needs_wine
def test_store_stub_is_no_python(desk):
    desk.python("python", STORE_STUB)
    run = desk.double_click("launch.bat")
    assert run.returncode == 1
    assert "no Python was found" in run.stdout
    assert "Microsoft Store" not in run.stdout

    desk.python("python3")
    assert desk.double_click("launch.bat").returncode == 0
    assert desk.calls[-1].startswith("python3 lab.py launch")


@pytest.mark.slow
@needs_wine
@pytest.mark.parametrize("name", ["build.bat", "launch.bat"])
def test_install_failing(desk, name):
    desk.python("py")
    run = desk.double_click(name, LAB_FAIL="1")
    assert run.returncode == 1
    assert "check your internet connection" in run.stdout
    assert stayed_open(run)
    assert not (desk.lab / ".venv").exists()
