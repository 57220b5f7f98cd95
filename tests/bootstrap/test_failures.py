"""The real lab.py on bad days: each ends in one sentence and an exit code, never in a traceback."""

import errno
import os
import subprocess
import sys

import pytest

from bootstrap import cli, dev_setup, environment, launcher
from bootstrap.paths import SetupError
from bootstrap.run_command import Result
from tests.bootstrap.fakes import make_home


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "Ünïcode Ordner (1)")


def lab(home, *words, **variables):
    """Run lab.py, and hold its error to one sentence."""
    run = subprocess.run(
        [sys.executable, home.root / "lab.py", *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert "Traceback" not in run.stdout + run.stderr
    assert run.stderr.count("\n") <= 1
    return run


@pytest.mark.slow
def test_no_network(home):
    """The real thing: a real environment, real pip, and an index that nobody answers for."""
    nowhere = "http://127.0.0.1:9/simple"
    run = lab(
        home, "build", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=nowhere, PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS=""
    )
    assert run.returncode == 1
    assert run.stderr.startswith("The packages could not be downloaded: check your internet connection")
    assert str(home.build_log) in run.stderr
    assert "127.0.0.1" in home.build_log.read_text(encoding="utf-8")
    assert environment.why_build(home) == "An earlier set-up was interrupted"


@pytest.mark.parametrize("name", ["app.py", "requirements.txt"])
def test_incomplete_folder(home, name):
    (home.root / name).unlink()
    run = lab(home, "build")
    assert run.returncode == 1
    assert run.stderr.startswith(f"{name} is missing from {home.root}")


def test_nothing_can_be_written(home):
    home.logs.rmdir()
    home.logs.write_text("a file where a folder must be")
    run = lab(home, "build")
    assert run.returncode == 1
    assert run.stderr.startswith(f"Nothing can be written in {home.logs}")


@pytest.mark.skipif(os.name == "nt", reason="the sign that no path may hold is another one on Windows")
def test_path_that_python_cannot_work_in(tmp_path):
    run = lab(make_home(tmp_path / "a:b"), "build")
    assert run.returncode == 1
    assert "rename or move the folder" in run.stderr


def in_process(home, monkeypatch, capsys, error):
    """What is said when a build meets `error`."""

    def fail(home):
        raise error

    monkeypatch.setattr(environment, "build", fail)
    monkeypatch.setattr(cli, "on_goodbye", lambda handler: None)
    code = cli.run(["build"], root=home.root)
    return code, capsys.readouterr().err


def test_disk_full(home, monkeypatch, capsys):
    code, err = in_process(home, monkeypatch, capsys, OSError(errno.ENOSPC, "No space left on device"))
    assert code == 1
    assert err == "The disk is full: free about 8 GB on the disk that holds this folder, then start again.\n"


def test_no_permission(home, monkeypatch, capsys):
    code, err = in_process(home, monkeypatch, capsys, PermissionError(errno.EACCES, "denied", "/some/file"))
    assert code == 1
    assert err.startswith("Writing was refused (/some/file)")


def test_ctrl_c_while_building(home, monkeypatch, capsys):
    assert in_process(home, monkeypatch, capsys, KeyboardInterrupt()) == (130, "")


def test_what_nobody_foresaw(home, monkeypatch, capsys):
    code, err = in_process(home, monkeypatch, capsys, ZeroDivisionError("odd"))
    assert code == 1
    assert err.startswith("Something unexpected went wrong (ZeroDivisionError: odd): start again.")
    assert "Traceback" in home.build_log.read_text(encoding="utf-8"), "whoever helps finds it in the log"


class Installer:
    """Stands in for commands.Runner where a browser is looked for; `brings` one at a given command."""

    def __init__(self, brings=None):
        self.brings, self.ran = brings, []

    def __call__(self, command, **options):
        words = " ".join(map(str, command))
        self.ran.append(words)
        if self.brings and self.brings[0] in words:
            self.brings[1]()
        return Result(0, "")


@pytest.fixture
def bare(monkeypatch):
    """A machine without a browser and without apt-get."""
    monkeypatch.setattr(dev_setup, "installed_browser", lambda: None)
    monkeypatch.setattr(dev_setup.shutil, "which", lambda name: None)
    return monkeypatch


def test_browser_that_is_there(home, monkeypatch):
    monkeypatch.setenv(dev_setup.BROWSER, "/opt/my-chromium")
    installer = Installer()
    assert dev_setup.find_browser(home, installer) == "/opt/my-chromium"
    assert installer.ran == []


def test_browser_from_debian(home, bare):
    bare.setattr(dev_setup.shutil, "which", lambda name: name)
    bare.setattr(dev_setup.os, "geteuid", lambda: 0, raising=False)

    def arrives():
        bare.setattr(dev_setup, "installed_browser", lambda: "/usr/bin/chromium")

    installer = Installer(("install -y --no-install-recommends chromium", arrives))
    assert dev_setup.find_browser(home, installer) == "/usr/bin/chromium"
    assert [words.split()[:2] for words in installer.ran] == [["apt-get", "update"], ["apt-get", "install"]]


def test_no_browser_anywhere(home, bare):
    installer = Installer()
    with pytest.raises(SetupError, match="No browser for the tests could be found or installed"):
        dev_setup.find_browser(home, installer)
    assert "playwright install chromium" in installer.ran[0]


@pytest.mark.slow
def test_test_command_passes_pytests_verdict_on(home, monkeypatch):
    """The exit code is pytest's own, and the arguments reach it."""
    monkeypatch.setattr(dev_setup, "prepare", lambda home, with_browser: {"LATENT_LAB_BROWSER": str(with_browser)})
    monkeypatch.setattr(dev_setup, "on_goodbye", lambda handler: None)
    monkeypatch.setattr(type(home), "python", sys.executable)
    checks = home.root / "test_it.py"
    checks.write_text("import os\ndef test_it(): assert os.environ['LATENT_LAB_BROWSER'] == 'True'\n")
    assert dev_setup.test(home, ["-q", "-n0", "-p", "no:cacheprovider", str(checks)]) == 0
    assert dev_setup.test(home, ["-q", "-n0", "-p", "no:cacheprovider", "-m", "not browser", str(checks)]) == 1


def test_waiting_for_another_window(home, monkeypatch):
    """While another process holds the lock we wait; when it lets go it is our turn."""
    answers = iter([False, False, True])
    monkeypatch.setattr(launcher.Lock, "acquire", lambda self: next(answers))
    monkeypatch.setattr(launcher.time, "sleep", lambda seconds: None)
    said = []
    assert isinstance(launcher.take_turn(home, said.append), launcher.Lock)
    assert len(said) == 1, "said once, not at every look"
