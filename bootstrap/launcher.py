"""Launcher: find a free port, start the server, wait until it answers, open the browser, and end every process at
the end."""

import contextlib
import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from bootstrap.door import listening_problem
from bootstrap.lock import Lock
from bootstrap.paths import LabPaths, SetupError
from bootstrap.run_command import environment, on_goodbye

FIRST_PORT = 8501
PORTS_TRIED = 50
PATIENCE = 90.0  # seconds for a first start on a cold, slow disk
POLL = 0.05
SERVER_GRACE = 20.0  # seconds for the server to end by itself; longer than it grants itself (serve.GRACE)
REST_GRACE = 10.0  # seconds for what the server leaves behind: a worker that saves what it trains
ADDRESS = "STREAMLIT_SERVER_ADDRESS"  # wins over the lab's own setting, and would be followed without a word
TAKEN = "is not available"  # Streamlit's words for a port that somebody took between our look and its start


def address(port: int) -> str:
    return f"http://localhost:{port}"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now, on both addresses of localhost."""
    return all(_can_bind(*place, port) for place in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")))


def _can_bind(family: int, host: str, port: int) -> bool:
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return True  # a machine without this family: nobody can be there
    with probe:
        if os.name == "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif sys.platform == "linux":
            # A server that ended a moment ago leaves its port waiting; Linux lets the next one have it.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRNOTAVAIL
        except OverflowError:
            return False
    return True


def free_port(wanted: int | None, start: int = FIRST_PORT) -> int:
    """The wanted port, or the first free one from `start` upward; SetupError where there is none."""
    if wanted is not None:
        if is_free(wanted):
            return wanted
        raise SetupError(f"Port {wanted} is taken or not allowed: choose another with --port, or leave --port away.")
    for port in range(start, start + PORTS_TRIED):
        if is_free(port):
            return port
    raise SetupError(
        f"No port from {start} to {start + PORTS_TRIED - 1} is free: close some programs, then start again."
    )


def is_healthy(port: int) -> bool:
    """Whether a Streamlit server answers on this port. Asked directly: a proxy must not come between."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def running_port(home: LabPaths) -> int | None:
    """The port that the holder of this folder's lock serves on, once it answers."""
    try:
        port = int(json.loads(home.running.read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return port if is_healthy(port) else None


def take_turn(home: LabPaths, say=print) -> Lock | int:
    """The lock of this folder, or the port of the lab that another window already serves.

    Another window may also be in the middle of a build or a start: then wait for what comes of it.
    """
    lock, told = Lock(home.lock), False
    while not lock.acquire():
        port = running_port(home)
        if port:
            return port
        if not told:
            say("Another window is setting up or starting the lab from this folder: waiting for it.")
            told = True
        time.sleep(0.2)
    home.running.unlink(missing_ok=True)
    return lock


def open_browser(port: int) -> None:
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):  # the address is on the screen anyway
        webbrowser.open(address(port))


class Server:
    """The server's process. It ends when our end of its standard input closes: see server.py."""

    def __init__(self, home: LabPaths, port: int):
        self.port, self.log = port, home.server_log(port)
        # A group of its own: Ctrl+C reaches only the launcher, which ends the server and whatever it started.
        group = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
        )
        streamlit = ["run", "app.py", "--server.port", str(port), "--server.headless", "true"]
        with open(self.log, "w+b"), open(self.log, "a+b") as log:  # emptied, then appended to: limits.py cuts it
            self.process = subprocess.Popen(
                [str(home.python), "-m", "bootstrap.server", *streamlit],
                cwd=home.root,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment({"PYTHONUNBUFFERED": "1"}),
                **group,
            )

    def wait_until_healthy(self) -> bool:
        """True once it answers, False if it ends before that; SetupError if neither happens."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if is_healthy(self.port):
                return True
            time.sleep(POLL)
        raise SetupError(f"The lab did not answer within {PATIENCE:.0f} s: start again. Details: {self.log}")

    def last_words(self, lines: int = 12) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).strip()

    def stop(self) -> None:
        """Stop the server: ask first, kill after a grace period, then kill what is left of its process group."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=SERVER_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.name != "nt":
            sweep(self.process.pid, REST_GRACE)


def sweep(group: int, patience: float) -> None:
    """Wait until a process group is empty, then kill what is left of it; return at once if it is empty."""
    deadline = time.monotonic() + patience
    while _anybody(group) and time.monotonic() < deadline:
        time.sleep(POLL)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody was left
        os.killpg(group, signal.SIGKILL)


def _anybody(group: int) -> bool:
    """Whether a process of this group still runs. One that ended and that nobody collects does not count."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if sys.platform != "linux":
        return True
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, _, its_group = stat.read_text(errors="replace").rpartition(") ")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def start(home: LabPaths, wanted: int | None) -> Server:
    """A server that answers. Where its port is taken at the last moment, the next one is tried."""
    first = FIRST_PORT
    if ADDRESS in os.environ and (problem := listening_problem(os.environ[ADDRESS], f"The variable {ADDRESS}")):
        raise SetupError(problem)
    while True:
        port = free_port(wanted, first)
        server = Server(home, port)
        try:
            home.running.write_text(json.dumps({"port": port, "pid": server.process.pid}), encoding="utf-8")
            if server.wait_until_healthy():
                return server
        except BaseException:
            server.stop()
            raise
        words = server.last_words()
        server.stop()
        if TAKEN not in words:
            raise SetupError(
                f"The lab's server ended while starting. Details: {server.log}. The last lines of its log:\n{words}"
            )
        if wanted is not None:
            free_port(wanted)
            raise SetupError(f"Port {wanted} was taken while the lab started: choose another with --port.")
        first = port + 1


def launch(home: LabPaths, port: int | None, browser: bool, say=print) -> int:
    """Serve until Ctrl+C, a closed terminal or the server's own end. The caller holds the folder's lock."""
    server = None
    try:
        server = start(home, port)
        say(f"Latent Lab is open at {address(server.port)}  (Ctrl+C to stop)")
        if browser:
            open_browser(server.port)
        while server.process.poll() is None:
            # Windows hears Ctrl+C only between waits, so these are short.
            try:
                server.process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
        raise SetupError(
            f"The lab's server ended by itself (code {server.process.returncode}). Details: {server.log}. Its"
            f" last words:\n{server.last_words()}"
        )
    except KeyboardInterrupt:
        say("Latent Lab is closing …")
        return 0
    finally:
        # A second Ctrl+C must not interrupt the cleaning up.
        on_goodbye(signal.SIG_IGN)
        if server:
            server.stop()
        home.running.unlink(missing_ok=True)
