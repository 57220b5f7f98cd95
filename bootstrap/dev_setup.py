"""Test command: install the developer packages and a browser, run pytest, return its exit code."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from bootstrap import environment
from bootstrap.launcher import take_turn
from bootstrap.lock import Lock
from bootstrap.paths import LabPaths, SetupError
from bootstrap.run_command import Runner, on_goodbye
from bootstrap.run_command import environment as variables

# The tests drive the browser that this variable names.
BROWSER = "LATENT_LAB_BROWSER"

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
)
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
)


def installed_browser() -> str | None:
    """A Chromium that is already on this machine."""
    named = os.environ.get(BROWSER)
    if named:
        return named
    for command in COMMANDS:
        found = shutil.which(command)
        if found:
            return found
    return next((path for path in map(os.path.expandvars, PLACES) if Path(path).is_file()), None)


def find_browser(home: LabPaths, run: Runner) -> str:
    """A Chromium, installed if need be; SetupError where none can be installed."""
    found = installed_browser()
    if not found and shutil.which("apt-get") and os.geteuid() == 0:  # Debian or Ubuntu, and we may
        run(["apt-get", "update"], note="Asking Debian's packages for a browser")
        run(
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
            note="Installing Chromium",
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )
        found = installed_browser()
    if not found:
        run([home.python, "-m", "playwright", "install", "chromium"], note="Getting Playwright's Chromium")
        path = run([home.python, "-c", PLAYWRIGHTS_OWN]).output.strip()
        found = path if Path(path).is_file() else None
    if not found:
        raise SetupError(
            "No browser for the tests could be found or installed: install Chromium or Chrome, then start"
            f' again, or run the rest with `python3 lab.py test -m "not browser"`. Details: {home.build_log}'
        )
    return found


def prepare(home: LabPaths, with_browser: bool = True) -> dict[str, str]:
    """Everything the tests need. Returns the variables they run with."""
    if environment.why_build(home, dev=True):
        turn = take_turn(home)
        if not isinstance(turn, Lock):
            raise SetupError(
                "The lab is open from this folder and its packages must change: close it, then start again."
            )
        try:
            environment.build(home, dev=True)
        finally:
            turn.release()
    return {BROWSER: find_browser(home, Runner(home.build_log))} if with_browser else {}


def pytest_arguments(arguments: list[str], quick: bool = False) -> list[str]:
    """The words of pytest's command line, with one parallel worker more than cores, at most four.

    The browser tests spend half of their time waiting: the worker more uses that time.
    """
    return [
        *("-n", str(min(4, (os.cpu_count() or 1) + 1))),
        # Of tests in a browser not even the modules are read.
        *(("-m", "not browser and not slow", "--ignore", "tests/browser") if quick else ()),
        *arguments,  # last, so that they win
    ]


def test(home: LabPaths, arguments: list[str], quick: bool = False, setup_only: bool = False) -> int:
    """Set up, run pytest with `arguments`, and end with its exit code; its summary is the last line.

    Args:
        quick: leave out the tests in a browser, which then need not be installed, and the slow ones.
    """
    extra = prepare(home, with_browser=not quick and "not browser" not in arguments)
    if setup_only:
        return 0
    sys.stdout.flush()
    command = [str(home.python), "-m", "pytest", *pytest_arguments(arguments, quick)]
    pytest = subprocess.Popen(command, cwd=home.root, env=variables(extra))
    # Ctrl+C reaches pytest by itself; it closes its browsers and sums up, and we wait for that.
    on_goodbye(lambda number, frame: number == signal.SIGINT or pytest.terminate())
    return pytest.wait()
