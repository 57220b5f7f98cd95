"""Worker process: `python -m core.jobs.worker KIND`, with KIND a key of `core.jobs.executor.WORKERS`.

The process carries out one order after the other (`core.jobs.tasks`). Threads in the page's own process would compete
with the page for the interpreter's lock; a process never does, and a crash stays outside. When standard input ends,
the lab is gone: a training is saved, and the process ends on every system.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from typing import BinaryIO

from core.jobs import tasks
from core.jobs.channel import Channel
from core.jobs.executor import WORKERS, WorkerKind
from core.jobs.messages import Message, Order, Ready, encode, read


def serve(channel: Channel, kind: WorkerKind) -> None:
    """Import what the tasks need, then carry out orders until the lab is gone."""
    channel.emit(Ready(_prepare(kind)))
    while (message := channel.receive()) is not None:
        if not isinstance(message, Order):
            continue  # a command for work that has just ended
        channel.begin()
        ended = tasks.run(message, channel)
        channel.emit(ended)
        if ended.leaving:
            return
        _free_gpu_memory()


def listen(channel: Channel, source: BinaryIO, leave_at_once: bool) -> None:
    """Deliver the lab's messages until standard input ends."""
    with contextlib.suppress(OSError, ValueError):
        while (message := read(source)) is not None:
            channel.deliver(message)
    if leave_at_once:
        os._exit(0)  # nothing here is worth saving
    channel.deliver(None)


def _prepare(kind: WorkerKind) -> list[str]:
    """Imports that take seconds, done before the first order; the devices, for a kind of worker that computes with
    torch."""
    for name in kind.imports:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "torch" not in kind.imports:
        return []
    from core.system import devices

    return devices.available()


def _free_gpu_memory() -> None:
    """Return the GPU memory of an order, for other programs."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def main(name: str) -> None:
    """Set up the streams and serve."""
    # Ctrl+C in the terminal reaches every process of the group, and closing the terminal sends SIGHUP; the lab decides
    # when this process ends.
    for signal_name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, signal_name):
            signal.signal(getattr(signal, signal_name), signal.SIG_IGN)
    kind = WORKERS[name]
    if kind.nice and hasattr(os, "nice") and os.environ.get("LATENT_LAB_PRIORITY") != "normal":
        os.nice(kind.nice)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints must not fall into the stream of messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(message: Message) -> None:
        out.write(encode(message))
        out.flush()

    channel = Channel(send)
    threading.Thread(target=listen, args=(channel, sys.stdin.buffer, kind.leave_at_once), daemon=True).start()
    serve(channel, kind)


if __name__ == "__main__":
    main(sys.argv[1])
