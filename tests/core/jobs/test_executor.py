"""Child processes: warm ones are reused, dead ones explained, idle ones ended, and error output stays bounded."""

import os
import signal
import threading
from dataclasses import replace

import pytest

from core.jobs import child_process, executor
from core.jobs.executor import WORKERS, Crashed, LocalExecutor
from core.jobs.messages import Command, Ended, Order

NOTHING = Order("no such task", "embedding")  # fails in the worker, whose imports are the quickest


@pytest.fixture
def local():
    local = LocalExecutor()
    yield local
    local.close()


def carried_out(local, order=NOTHING) -> tuple[int, object]:
    """The id of the process that took the order, and the outcome."""
    execution = local.submit(order)
    (process_id,) = local.processes()
    assert list(execution.events()) == []
    return process_id, execution.result()


def test_a_warm_process_takes_the_next_order_and_another_folder_has_another_process(local, monkeypatch, tmp_path):
    local.prepare("embedding")
    first, outcome = carried_out(local)
    assert isinstance(outcome, Ended) and outcome.state == "failed" and outcome.unexpected
    assert "no such task" in outcome.message
    assert carried_out(local)[0] == first and local.processes() == []
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "elsewhere"))
    second, _ = carried_out(local)
    assert second != first, "a process keeps the folders it was started with"


def test_a_killed_process_is_explained_and_the_next_order_has_a_new_one(local):
    execution = local.submit(NOTHING)
    (process_id,) = local.processes()
    os.kill(process_id, getattr(signal, "SIGSTOP", signal.SIGTERM))  # it answers nothing any more
    execution.kill()
    assert list(execution.events()) == [] and isinstance(execution.result(), Crashed)
    execution.command(Command("stop"))  # ignored
    assert carried_out(local)[0] != process_id


def test_an_idle_process_ends_after_its_time(local, monkeypatch):
    monkeypatch.setitem(executor.WORKERS, "embedding", replace(WORKERS["embedding"], idle_seconds=0.01))
    ended = threading.Event()
    real = child_process.ChildProcess.kill
    monkeypatch.setattr(child_process.ChildProcess, "kill", lambda self: (real(self), ended.set()))
    process_id, _ = carried_out(local)
    assert ended.wait(60)
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_of_what_a_process_writes_to_its_error_output_the_last_lines_are_kept(monkeypatch, caplog):
    code = "import sys; [print('line', i, file=sys.stderr) for i in range(5000)]; sys.exit(3)"
    real = child_process.subprocess.Popen
    monkeypatch.setattr(child_process.subprocess, "Popen", lambda args, **more: real([args[0], "-c", code], **more))
    child = child_process.ChildProcess("embedding", {})
    assert child.receive() is None
    assert child.reason_of_end() == "ended unexpectedly (code 3: line 4999)"
    assert len(child.errors) == child_process.ERROR_LINES and "line 4999" in caplog.text


def test_nothing_is_started_once_the_lab_is_closing(local):
    local.close()
    with pytest.raises(OSError, match="closing"):
        local.submit(NOTHING)
