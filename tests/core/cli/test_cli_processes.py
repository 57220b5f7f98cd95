"""The command line as a process of its own: pipes, terminals, signals, and how fast it answers."""

import os
import signal
import subprocess
import sys

import pytest

from core import runs
from core.system import paths
from tests.core.cli.cli_tools import TINY, words

pytestmark = pytest.mark.slow

LONG = TINY.replace("--epochs 2", "--epochs 10000")


@pytest.fixture
def start(tmp_path):
    """Start `python -m core …` with stdout and stderr in pipes; whatever still runs at the end is killed."""
    started = []

    def run(line: str, **options) -> subprocess.Popen:
        # A job in the background ignores Ctrl+C, and hands that on; these tests press it.
        if os.name != "nt":
            options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"} | options
        environment = os.environ | {"PYTHONPATH": str(paths.ROOT), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": ""}
        process = subprocess.Popen([sys.executable, "-m", "core", *words(line)], env=environment, **options)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(stream, word: str) -> str:
    """What a process writes up to the line with that word."""
    seen = ""
    for line in stream:
        seen += line
        if word in line:
            return seen
    raise AssertionError(f"'{word}' never came: {seen}")


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for one process on Windows")
def test_ctrl_c_stops_and_saves_and_a_terminal_sees_a_bar_when_it_goes_on(empty_runs, start):
    process = start(LONG + " --name long")
    piped = read_until(process.stdout, "epoch     3/10000")
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "" and "\r" not in piped + rest
    assert rest.endswith("Stopped and saved. Continue with: python -m core resume long\n")
    run = runs.open_run("long")
    done = int(run.status["epoch"])
    assert run.status["state"] == "stopped" and run.resumable and run.has_weights and done >= 3

    screen, terminal = os.openpty()
    process = start(f"resume long --epochs {done + 2}", stdout=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(screen, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(screen)
    assert process.wait(timeout=60) == 0, process.stderr.read()
    assert b"\r" in shown.replace(b"\r\n", b"\n") and b"images/s" in shown and b"val " in shown
    assert b"Finished:" in shown and runs.open_run("long").status["epoch"] == done + 2


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
def test_a_reader_who_has_seen_enough_ends_training_quietly_and_saved(empty_runs, start):
    process = start(LONG + " --name long")
    read_until(process.stdout, "epoch     1/10000")
    process.stdout.close()
    assert process.wait(timeout=60) == 141 and process.stderr.read() == ""
    assert runs.open_run("long").status["state"] == "stopped" and runs.open_run("long").resumable


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
@pytest.mark.parametrize("line", ["list", "--help"])
def test_output_that_nobody_reads_is_no_error_message(start, line):
    read, write = os.pipe()
    os.close(read)
    process = start(line, stdout=write)
    os.close(write)
    assert process.wait(timeout=60) == 141 and process.stderr.read() == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_onto_a_full_disk_is_a_sentence(start):
    with open("/dev/full", "w") as full:
        process = start("recipes", stdout=full)
    assert process.wait(timeout=60) == 1
    assert "No space left" in process.stderr.read()


def test_looking_things_up_never_waits_for_torch(start):
    """Not even the commands' help: imports are counted, since seconds depend on the machine."""
    check = (
        "import sys; from core.cli import main; "
        "[main(line.split()) for line in ('list', 'recipes', '--help', 'train --help', 'sample nobody')]; "
        "print([m for m in ('torch', 'sklearn', 'streamlit', 'plotly', 'tqdm') if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(paths.ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_python_without_the_lab_s_packages_is_told_what_to_do():
    environment = os.environ | {"PYTHONPATH": str(paths.ROOT)}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "core", "list"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and "is not installed for this Python" in done.stderr
    assert len(done.stderr.splitlines()) == 1
