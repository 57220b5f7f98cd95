"""Job that downloads a data set. It outlives the page that started it, and all visitors share it."""

from __future__ import annotations

import threading
from typing import ClassVar

from core.data import loading
from core.data.download import DownloadError, Stopped, download
from core.jobs.channel import Channel
from core.jobs.job import Job
from core.jobs.messages import Ended, Message, Order, Transferred
from core.jobs.queue import DOWNLOAD, job_queue


class DownloadJob(Job):
    """Download of one data set.

    Attributes:
        name: the data set. done, total: bytes so far, and in all (0 while unknown).
    """

    kind: ClassVar[str] = "download"
    error_message: ClassVar[str] = "The download ended unexpectedly ({reason})."

    def __init__(self, name: str):
        super().__init__(_key(name), DOWNLOAD)
        self.name, self.done, self.total = name, 0, 0

    def order(self) -> Order:
        return Order("download", "thread", {"name": self.name})

    @property
    def title(self) -> str:
        return f"Download of {self.name}"

    @property
    def progress(self) -> float:
        return min(1.0, self.done / self.total) if self.total else super().progress

    def on_event(self, event: Message) -> None:
        if isinstance(event, Transferred):
            self.done, self.total = event.done, event.total
            self._share = self.done / self.total if self.total else 0.0


class _Stop(threading.Event):
    """Event that is set once the lab has asked to stop."""

    def __init__(self, channel: Channel):
        super().__init__()
        self._channel = channel

    def is_set(self) -> bool:
        return self._channel.stop_requested


def fetch(order: Order, channel: Channel) -> Ended:
    """Task of a download: fetch the files of a data set; a stop keeps what is there."""
    channel.emit(Transferred(0, 0))
    try:
        download(order.arguments["name"], lambda done, total: channel.emit(Transferred(done, total)), _Stop(channel))
    except Stopped as stopped:
        return Ended("stopped", str(stopped))
    except DownloadError as error:
        return Ended("failed", str(error))
    return Ended("finished")


def start(name: str) -> DownloadJob:
    """Start or continue a download; an active one is joined."""
    return job_queue().submit(DownloadJob(name))


def current(name: str) -> DownloadJob | None:
    """The newest download of that data set since the lab was opened."""
    return job_queue().find(DownloadJob, _key(name))


def _key(name: str) -> str:
    return f"{name} in {loading.folder_of(name)}"
