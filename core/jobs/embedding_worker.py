"""The process that forms maps: `python -m core.jobs.embedding_worker`, started and fed by `jobs/embedding_queue.py`.

An order comes in as one JSON object a line on standard input, followed by the bytes of its arrays; events go out as
JSON lines. No torch is imported here: latents come ready. When standard input ends the lab is gone, and so is this
process.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO, TextIO

import numpy as np

from core.embedding import measures, pitfalls, store, tsne
from core.embedding.settings import Settings
from core.embedding.tsne import State

PAUSE = 0.15
"""Seconds between two pictures of a forming map: more than a page would ask for, few enough to cost nothing."""


class EmbeddingWorker:
    """Makes one order after the other; a stop is obeyed at the next look."""

    def __init__(self, out: TextIO, source: BinaryIO):
        self.out, self.source = out, source
        self.inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.told = 0.0

    def say(self, event: str, **facts: Any) -> None:
        """One event for the lab."""
        try:
            self.out.write(json.dumps({"event": event, **facts}) + "\n")
            self.out.flush()
        except OSError:
            os._exit(0)  # nobody listens any more

    def listen(self) -> None:
        """Read orders until standard input ends; then there is nobody left to work for."""
        for line in self.source:
            order = json.loads(line)
            if order["do"] == "stop":
                self.stop.set()
                continue
            for name, (kind, shape) in order["arrays"].items():
                count = int(np.prod(shape)) * np.dtype(kind).itemsize
                order[name] = np.frombuffer(self.source.read(count), kind).reshape(shape)
            self.stop.clear()
            self.inbox.put(order)
        os._exit(0)

    def serve(self) -> None:
        """Wait for orders. Ends with the process."""
        threading.Thread(target=self.listen, daemon=True).start()
        with contextlib.suppress(ImportError):
            import openTSNE  # noqa: F401  (a second and more, better spent before the first order)
        import sklearn.manifold  # noqa: F401

        self.say("ready")
        while True:
            order = self.inbox.get()
            try:
                {"map": self.map, "lessons": self.lessons}[order["do"]](order)
            except Exception as error:
                # The page shows one sentence; whoever looks for the cause finds it in the log.
                traceback.print_exc()
                self.say("failed", message=f"The map could not be made ({type(error).__name__}: {error}).")

    def map(self, order: dict[str, Any]) -> None:
        """One map with its measures, kept in the cache."""
        settings, by, began = Settings(**order["settings"]), order["by"], time.monotonic()
        x, labels, name = order["x"], order["labels"], order["key"]
        before = store.find_stage(name, settings) if settings.method == "tsne" else None
        seconds = float(before.facts.get("seconds", 0.0)) if before else 0.0

        def look(state: State) -> bool:
            now = time.monotonic()
            if now - self.told >= PAUSE:
                self.told = now
                self.say("step", **_packed(state))
            return self.stop.is_set()

        state = tsne.fit(x, settings, look, before.state if before else None, by)
        seconds += time.monotonic() - began
        finished = settings.method == "pca" or state.iteration >= settings.iterations
        self.say("formed", finished=finished, seconds=seconds, **_packed(state))
        facts = {"seconds": seconds, "measures": measures.measure(x, state.y, labels)}
        note = ""
        if finished or state.update is not None:  # what scikit-learn was stopped in is no stage of anything
            try:
                store.save(name, settings, state, facts, finished)
            except OSError as error:
                note = f"The map could not be kept ({error.strerror or error}): it will be formed anew next time."
        self.say("ended", measures=facts["measures"], note=note)

    def lessons(self, order: dict[str, Any]) -> None:
        """The small maps that warn."""

        def tell(done: int, whole: int) -> bool:
            self.say("part", done=done, whole=whole)
            return self.stop.is_set()

        panels = pitfalls.compute(order["x"], order["labels"], order["by"], tell)
        if panels is not None:
            pitfalls.save(order["key"], panels)
        self.say("formed", finished=panels is not None, seconds=0.0)
        self.say("ended", measures=None, note="")


def _packed(state: State) -> dict[str, Any]:
    text = base64.b64encode(np.ascontiguousarray(state.y, np.float32)).decode("ascii")
    return {"y": text, "iteration": state.iteration, "trace": state.trace}


def main() -> None:
    """Set the streams apart and serve."""
    for name in ("SIGINT", "SIGHUP"):  # the lab decides when this process ends
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # a page that answers, and a model in training, come first
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # A stray print, from whichever library, must not fall into the stream of events.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    EmbeddingWorker(out, sys.stdin.buffer).serve()


if __name__ == "__main__":
    main()
