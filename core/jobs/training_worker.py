"""The process that does the arithmetic: `python -m core.jobs.training_worker`, started and fed by
`jobs/training_queue.py`.

Commands come in as one JSON object a line on standard input, events go out the same way on standard output. A thread
in the page's own process would starve the page of the interpreter's lock; here a page is never starved, a stop always
stops, and a crash stays outside. When standard input ends, the lab is gone, however it went: the process saves and
leaves, so nothing is left behind on any system.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any, TextIO

import torch

from core import runs
from core.data import DataError
from core.recipes.recipe import Recipe
from core.runs import RunError
from core.system import devices
from core.system.devices import DeviceError
from core.training import speed_test
from core.training.events import Alone, Batch, Control, EpochEnd, Event, Finished, Pulse
from core.training.loop import train

Message = dict[str, Any]


class TrainingWorker:
    """Trains one run after the other and obeys between two batches."""

    def __init__(self, out: TextIO):
        self.out = out
        self.inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def say(self, kind: str, **facts: Any) -> None:
        """One event for the lab."""
        try:
            self.out.write(json.dumps({"event": kind, **facts}) + "\n")
            self.out.flush()
        except OSError:  # nobody listens any more
            self.inbox.put({"do": "exit"})

    def listen(self) -> None:
        """Read commands until standard input ends."""
        for line in sys.stdin:
            self.inbox.put(json.loads(line))
        self.inbox.put({"do": "exit"})

    def serve(self) -> None:
        """Wait for runs to train, until told to leave."""
        threading.Thread(target=self.listen, daemon=True).start()
        self.say("ready", devices=devices.available(), pid=os.getpid())
        torch.optim.Adam([torch.zeros(1)])  # the first optimiser imports for seconds: better now than before a batch
        while (message := self.inbox.get())["do"] != "exit":
            if message["do"] == "probe":
                self.probe(message)
                continue
            if message["do"] != "train":
                continue  # a command for a run that has just ended
            try:
                if not self.work(message):
                    return
            except (RunError, DataError, DeviceError) as error:
                self.say("finished", state="failed", message=str(error))
            except Exception as error:
                # The page shows one sentence; whoever looks for the cause finds it in the log.
                traceback.print_exc()
                self.say("finished", state="failed", message=f"Training failed: {type(error).__name__}: {error}")
                if isinstance(error, RuntimeError) and "CUDA" in str(error):
                    return  # after such an error a process can no longer use the GPU; the lab starts a new one
            _give_memory_back()

    def probe(self, order: Message) -> None:
        """Try how quickly a recipe trains here; left at once when anything else is asked for."""
        rate = None
        try:
            rate = speed_test.speed_of(
                Recipe.from_dict(order["recipe"]), devices.choose(order["device"]), lambda: not self.inbox.empty()
            )
        except Exception:  # too large for the memory, most likely: the training itself would say so
            traceback.print_exc()
        _give_memory_back()
        self.say("pace", images_per_second=rate, left=rate is None and not self.inbox.empty())

    def work(self, order: Message) -> bool:
        """Train one run. Returns False when the lab has gone."""
        run, control = runs.open_run(order["run"]), Control()
        # What is left to do before the next pause: "batch", "epoch", one player's step "alone", or "all" there is.
        until, last = "all", None
        events = train(run, order["device"], control)
        for event in events:
            if isinstance(event, Finished):
                last = event  # told once the run is let go: whoever hears of the end may resume or delete it at once
                continue
            if not isinstance(event, (Batch, Pulse)):
                self.tell(event)
            epoch_done = isinstance(event, EpochEnd) and event.epoch > 0  # epoch 0 is the untrained model
            reached = {
                "batch": isinstance(event, Batch),
                "epoch": epoch_done,
                "alone": isinstance(event, Alone),
                "all": False,
            }
            paused = not control.stop and reached[until]
            if paused:
                self.say("paused")
            while paused or not self.inbox.empty():
                message = self.inbox.get()
                match message["do"]:
                    case "exit":
                        events.close()
                        return False
                    case "pause" if not control.stop:
                        # After one more batch, whose report shows the page where exactly training holds.
                        until, control.report = "batch", True
                    case "resume" | "step" | "epoch":
                        until = {"resume": "all", "step": "batch", "epoch": "epoch"}[message["do"]]
                        control.report = until == "batch"
                        paused = False
                        self.say("resumed")
                    case "d_step" | "g_step":
                        until, control.alone, paused = "alone", message["do"][0], False
                        self.say("resumed")
                    case "set":
                        control.lr = message.get("lr", control.lr)
                        control.beta = message.get("beta", control.beta)
                    case "stop":
                        control.stop, paused = True, False
        if last is not None:
            self.tell(last)
        return True

    def tell(self, event: Event) -> None:
        """An event of the training loop, under its own name."""
        facts = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        self.say(type(event).__name__.lower(), **facts)


def _give_memory_back() -> None:
    """Other programs want the memory of a run that has ended."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def main() -> None:
    """Set the streams apart and serve."""
    # Ctrl+C in the terminal reaches every process of the group; the lab decides when this one ends.
    # The same holds for a terminal that is closed: standard input ends then, and the run is saved.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # A stray print, from whichever library, must not fall into the stream of events.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    TrainingWorker(out).serve()


if __name__ == "__main__":
    main()
