"""Tasks of the training worker: train a run, and measure the training speed of a recipe."""

from __future__ import annotations

from core import runs
from core.jobs.channel import Channel
from core.jobs.messages import Command, Ended, Order, Paused, Progress, Resumed, SpeedMeasured
from core.recipes.recipe import Recipe
from core.system import devices
from core.training import speed_test
from core.training.events import Batch, Control, EpochEnd, Event, Finished, SinglePlayerStep
from core.training.loop import train

CLOSED = "The lab was closed. What was trained is saved: you can resume the run."


def train_run(order: Order, channel: Channel) -> Ended:
    """Train a run; commands are obeyed between two batches.

    Raises:
        RunError, DataError, DeviceError: see `core.training.loop.train`.
    """
    driver = _Driver(channel)
    events = train(runs.open_run(order.arguments["run"]), order.device, driver.control)
    # The end is reported after the generator has released the run: a visitor may resume or delete it at once.
    last: Finished | None = None
    for event in events:
        if isinstance(event, Finished):
            last = event
            continue
        if not isinstance(event, Batch):
            channel.emit(event)
        if not driver.obey(event):
            events.close()  # saves
            return Ended("stopped", CLOSED)
    assert last is not None
    return Ended(last.state, last.message)


class _Driver:
    """Commands of the lab, translated into the controls of the training loop and into pauses."""

    def __init__(self, channel: Channel):
        self.channel, self.control = channel, Control()
        self.until = "all"  # work before the next pause: a batch, an epoch, a single-player step, or all
        self.paused = False

    def obey(self, event: Event) -> bool:
        """Take up the commands that have come, and wait while the training is paused; False when the lab is gone."""
        reached = {
            "batch": isinstance(event, Batch),
            "epoch": isinstance(event, EpochEnd) and event.epoch > 0,  # epoch 0 is the untrained model
            "single player": isinstance(event, SinglePlayerStep),
            "all": False,
        }
        self.paused = not self.control.stop and reached[self.until]
        if self.paused:
            self.channel.emit(Paused())
        while self.paused or self.channel.waiting:
            message = self.channel.receive()
            if message is None:
                return False
            if isinstance(message, Command):
                self._take_up(message)
        return True

    def _take_up(self, command: Command) -> None:
        match command.verb:
            case "pause" if not self.control.stop:
                # After one more batch, whose report shows the page where exactly the training holds.
                self.until, self.control.report = "batch", True
            case "resume" | "step" | "epoch":
                self.until = {"resume": "all", "step": "batch", "epoch": "epoch"}[command.verb]
                self.control.report = self.until == "batch"
                self._continue()
            case "d_step" | "g_step":
                self.until, self.control.single_player = "single player", command.verb[0]
                self._continue()
            case "change":
                self.control.changes |= command.values
            case "stop":
                self.control.stop, self.paused = True, False

    def _continue(self) -> None:
        self.paused = False
        self.channel.emit(Resumed())


def measure_speed(order: Order, channel: Channel) -> Ended:
    """Measure how many images a second this machine trains of a recipe; a stop is obeyed between two batches.

    Raises:
        RecipeError, DeviceError: the recipe or device is not valid.
    """
    channel.emit(Progress(0.0))
    recipe = Recipe.from_dict(order.arguments["recipe"])
    rate = speed_test.speed_of(recipe, devices.choose(order.device), lambda: channel.stop_requested)
    if rate is None:
        return Ended("stopped")
    channel.emit(SpeedMeasured(rate))
    return Ended("finished")
