"""Fixtures of the browser tests: the lab, started by its own command, and a page in a real Chromium.

`lab` is one server for all browser tests of a worker, with its own folder of runs that begins with the shipped
examples. `page` is a browser tab that fails its test on any console error and on any request to another host. All tests
of a worker share it and the browser's cache, so that the scripts of Streamlit are loaded and compiled once.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from bootstrap import launcher
from bootstrap.paths import LabPaths
from tests.browser.browser_tools import LEFT_OPEN, SCRIPT_RUNS, act_when_settled, sent_by, widen
from tests.tiny_runs import keep_in_cache

ROOT = Path(__file__).resolve().parents[2]
BROWSER = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt --no-maglev --no-flush-bytecode",  # scripts run for seconds: compiling them well costs more
]
STARTING = Path(tempfile.gettempdir()) / f"latent-lab-tests-{zlib.crc32(str(ROOT).encode()):08x}.lock"
SIZE: ViewportSize = {"width": 1280, "height": 720}
PATIENCE = 120_000  # ms to wait for what a page shows or does; on an idle machine a second or two
OPENED = re.compile(r"(?:Latent Lab is open at|URL:) +http://localhost:(\d+)")  # not: "is already open at"


class Lab:
    """A running lab. `url` ends without a slash; `runs` is its folder of runs."""

    def __init__(self, runs: Path, log: Path, data: Path | None = None):
        self.runs, self.log = runs, log
        environment = os.environ | {
            "LATENT_LAB_RUNS": str(runs),
            "LATENT_LAB_CACHE": str(log / "cache"),
            "LATENT_LAB_SETS": str(log / "sets"),
            "PYTHONUNBUFFERED": "1",
        }
        if data is not None:
            environment["LATENT_LAB_DATA"] = str(data)
        self._said: list[str] = []
        self._open = threading.Event()
        with FileLock(STARTING):  # a parallel worker starts its lab before or after, so that one of them is the first
            self.process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            threading.Thread(target=self._listen, daemon=True).start()
            assert self._open.wait(120), "The lab did not open:\n" + self.log_text()

    def _command(self) -> list[str]:
        if Path(sys.prefix) == ROOT / ".venv" and launcher.running_port(LabPaths(ROOT)) is None:
            return [sys.executable, "lab.py", "launch", "--no-browser", "--port", str(free_port())]
        # Outside the lab's own environment, or where somebody has this folder's lab open, whose runs are none of the
        # tests' business: what the launcher starts, without the launcher.
        return [
            sys.executable,
            "-m",
            "bootstrap.server",
            "run",
            "app.py",
            "--server.port",
            str(free_port()),
            "--server.headless",
            "true",
        ]

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._said.append(line)
            if found := OPENED.search(line):
                self.url = f"http://localhost:{found[1]}"
                self._open.set()
        self._open.set()

    def log_text(self) -> str:
        """Everything the lab and its server printed so far."""
        server = ROOT / "logs" / f"server-{self.url.rsplit(':', 1)[1]}.log" if hasattr(self, "url") else None
        return "".join(self._said) + (server.read_text() if server and server.is_file() else "")

    def healthy(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/_stcore/health") as answer:
            return answer.status == 200

    def close(self) -> None:
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(40)  # the launcher's own waits come first
        except subprocess.TimeoutExpired:
            self.process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def lab(tmp_path_factory, digits_classifier):
    runs = tmp_path_factory.mktemp("runs")
    for example in (ROOT / "models_ckpt").glob("example-*"):
        shutil.copytree(example, runs / example.name)
    log = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_CACHE", str(log / "cache"))
        keep_in_cache(digits_classifier)
    lab = Lab(runs, log)
    yield lab
    lab.close()
    told = lab.log_text()
    assert "Traceback" not in told and "Warning" not in told, told


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    if not BROWSER:
        pytest.skip("No Chromium on this machine: `python3 lab.py test` installs one.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """The context of all tabs: their common cache."""
    window = chromium.new_context(viewport=SIZE)
    window.set_default_timeout(PATIENCE)
    window.add_init_script(path=SCRIPT_RUNS)
    with pytest.MonkeyPatch.context() as patch:
        act_when_settled(patch)
        yield window
    window.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Note whether the next test goes on where this one ends."""
    follows = nextitem is not None and nextitem.path == item.path
    item.stash[LEFT_OPEN] = follows and nextitem.get_closest_marker("goes_on") is not None


@pytest.fixture
def page(window: BrowserContext, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of 1280 × 720 pixels without cookies and storage.

    It is the same tab for all tests, since a new one compiles Streamlit's scripts once more, half of a test's work. A
    test that leaves behind what cannot be undone closes it. A page stays open for a test that is marked `goes_on`,
    which saves loading it again; it is then as large and as light as at first.
    """
    page = window.pages[0] if window.pages else window.new_page()
    sent_by(page)  # listens from now on
    trouble: list[str] = []
    listeners = {
        "console": lambda m: trouble.append(_told(m)) if m.type == "error" and not seeking(m) else None,
        "pageerror": lambda error: trouble.append(f"script: {error}"),
        "request": lambda r: None if ours(r.url, lab.url) else trouble.append(f"request to {r.url}"),
        "websocket": lambda w: None if ours(w.url, lab.url) else trouble.append(f"socket to {w.url}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    failed = request.session.testsfailed
    yield page
    for tab in window.pages:
        if tab is not page or request.session.testsfailed > failed:
            tab.close()
    if not page.is_closed():
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        page.unroute_all()
        page.mouse.move(0, 0)
        widen(page, SIZE)
        page.emulate_media(color_scheme="null")
    if page.is_closed() or not request.node.stash[LEFT_OPEN]:
        _empty(window, page, lab)
    assert not trouble, json.dumps(trouble, indent=1)


def _empty(window: BrowserContext, page: Page, lab: Lab) -> None:
    """Leave the tab without a page of the lab, as large as at first, and the browser without cookies and storage."""
    if not page.is_closed():
        page.goto(f"{lab.url}/_stcore/health")  # ends the visitor's session; with the origin the process stays
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.emulate_media(media="null", reduced_motion="null", forced_colors="null")
    window.clear_cookies()
    window.clear_permissions()


def ours(url: str, lab: str) -> bool:
    host = lab.split("//")[1]
    return url.split(":", 1)[0] in ("data", "blob", "about") or f"//{host}/" in url + "/"


def _told(message: ConsoleMessage) -> str:
    return f"console: {message.text} ({message.location.get('url', '')})"


def seeking(message) -> bool:
    """Opened at /train, Streamlit looks for its server at /train/_stcore first, then at /_stcore: its own, harmless."""
    return "404" in message.text and "/_stcore/" in message.location.get("url", "")
