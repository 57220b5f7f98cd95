"""The server's process, asked to end by a signal in the midst of a training: it saves and ends, as a real process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.sync.client import connect

from core import runs
from tests.bootstrap.fakes import ROOT

PAGE = """
import threading

import streamlit as st

from core.jobs.training_queue import training_queue
from tests.tiny_runs import tiny

queue = training_queue("cpu")
job = queue.job("cut off") or queue.submit(tiny(epochs=10_000), "cut off")
job.wait(lambda job: not job.active or job.snapshot().epoch >= 2)
print("It", job.state, flush=True)
threading.Thread(target=lambda: [print(end="", flush=True) for _ in iter(int, 1)], daemon=True).start()
st.text("A page of the lab has loaded PyTorch, and a thread of it writes to the log.")
"""

SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] if os.name == "posix" else []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        return place.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """The process of a server with a training, and a visitor who is there."""
    (tmp_path / "page.py").write_text(PAGE)
    port = free_port()
    command = [sys.executable, "-m", "bootstrap.server", "run", str(tmp_path / "page.py"), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)},
    )
    with contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        while "started" not in (line := process.stdout.readline()):
            assert line, "it ended"
        here = f"localhost:{port}"
        visit = connect(f"ws://{here}/_stcore/stream", origin=f"http://{here}", subprotocols=["streamlit"])
        stack.enter_context(visit)
        visit.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        while "It running" not in (line := process.stdout.readline()):
            assert line and "Uncaught" not in line and "It " not in line, line
        yield process


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_the_server_with_its_training_saved(server, name):
    server.send_signal(getattr(signal, name))
    said = server.stdout.read()
    assert server.wait(60) == 0, said
    assert "Fatal" not in said and "Traceback" not in said, said
    run = runs.open_run("cut off")
    assert run.resumable and run.status["epoch"] >= 2 and not run.locked()
