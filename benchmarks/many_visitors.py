"""Many visitors at once: `python benchmarks/many_visitors.py`.

Twenty visitors without a browser open a page each in the same second, on a server that has just started, then move on
to the next page together, and so on. The pages are in the order of the navigation; each visitor begins at another one.
Printed: seconds from the question to the end of the page's script (p50, p95, worst), for the first wave and for the
later ones, a line for each page, and the memory of the server with all its processes. `--alone` times one visitor on
the same server for comparison. Browsers would add their own drawing, which in a classroom other machines do.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bootstrap.door import COOKIE  # noqa: E402
from bootstrap.launcher import free_port, is_healthy  # noqa: E402
from ui.registry import HOME, PAGES  # noqa: E402

PATIENCE = 180.0  # seconds for one page
OPEN = ExitStack()
"""The visitors' connections, which end with the measurement."""


class Visitor:
    """A session of its own, which opens one page after another."""

    def __init__(self, port: int):
        self.socket = OPEN.enter_context(
            connect(
                f"ws://localhost:{port}/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                origin=f"http://localhost:{port}",  # type: ignore[arg-type]
                additional_headers={"Cookie": f"{COOKIE}={secrets.token_hex(16)}"},
                max_size=None,
            )
        )

    def open(self, page: str) -> float:
        """Ask for a page; seconds until its script has ended.

        Raises:
            TimeoutError: it did not end in time.
        """
        message = BackMsg()
        message.rerun_script.page_name = "" if page == HOME.key else page
        began = time.perf_counter()
        self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self.socket.recv(timeout=PATIENCE, decode=False))  # type: ignore[arg-type]
            # A page that leads to another one ends its script early and begins anew.
            if answer.WhichOneof("type") == "script_finished" and answer.script_finished == SUCCESS:
                return time.perf_counter() - began


SUCCESS = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


def serve(port: int, runs: Path, cache: Path) -> subprocess.Popen[bytes]:
    """The lab's server, as `lab.py` starts it. It ends when its standard input does."""
    words = ["run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen(
        [sys.executable, "-m", "bootstrap.server", *words],
        cwd=ROOT,
        env=os.environ | {"LATENT_LAB_RUNS": str(runs), "LATENT_LAB_CACHE": str(cache)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not is_healthy(port):
        if server.poll() is not None:
            sys.exit("The server ended while starting.")
        time.sleep(0.05)
    return server


def wave(visitors: list[Visitor], pages: list[str]) -> list[float]:
    """All visitors open a page in the same moment, each its own; seconds of each.

    Raises:
        TimeoutError, ConnectionClosed: one of them got no page.
    """
    together = threading.Barrier(len(visitors))

    def visit(visitor: Visitor, page: str) -> float:
        together.wait()
        return visitor.open(page)

    with ThreadPoolExecutor(len(visitors)) as threads:
        return list(threads.map(visit, visitors, pages))


def memory(process: int) -> float:
    """MB that a process and its children hold in memory (Linux), each shared page counted once."""
    family, parents = {process}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(") ")[2].split()[1])
        except (OSError, ValueError):
            continue
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for member in family:
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def line(name: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{name:28}{statistics.median(ordered):7.2f}{p95:8.2f}{ordered[-1]:8.2f}{len(ordered):7}"


def measure(count: int, waves: int, alone: bool) -> None:
    """Print the table of one server."""
    keys = [page.key for page in PAGES]
    port = free_port(None, 8601)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        for example in (ROOT / "models_ckpt").glob("example-*"):
            shutil.copytree(example, runs / example.name)
        server = serve(port, runs, Path(folder) / "cache")
        try:
            began = memory(server.pid)
            visitors = [Visitor(port) for _ in range(count)]
            by_wave, by_page = [], {key: [] for key in keys}  # type: ignore[var-annotated]
            for number in range(waves):
                pages = [keys[(k + number) % len(keys)] for k in range(count)]
                by_wave.append(wave(visitors, pages))
                for page, took in zip(pages, by_wave[-1], strict=True):
                    by_page[page].append(took)
            print(f"{'seconds':28}{'p50':>7}{'p95':>8}{'worst':>8}{'pages':>7}")
            print(line(f"first wave of {count}", by_wave[0]))
            if later := sum(by_wave[1:], []):
                print(line(f"{waves - 1} later waves of {count}", later))
            for key in (key for key in keys if by_page[key]):
                print(line(f"  {key}", by_page[key]))
            if alone:
                print(line("one visitor alone", [Visitor(port).open(key) for key in keys]))
            print(f"memory: {began:.0f} MB at the start, {memory(server.pid):.0f} MB with {count} visitors")
        finally:
            OPEN.close()
            assert server.stdin is not None
            server.stdin.close()
            server.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=20, help="at once (default: 20)")
    parser.add_argument("--waves", type=int, default=11, help="pages that each opens (default: 11, all)")
    parser.add_argument("--alone", action="store_true", help="time one visitor alone as well")
    arguments = parser.parse_args()
    measure(max(1, arguments.visitors), max(1, arguments.waves), arguments.alone)
