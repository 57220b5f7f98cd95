"""Job that reads a visitor's folder or archive of pictures and keeps the set in the cache.

It outlives the page that started it. What is stopped or fails leaves nothing behind: the set is kept whole or not at
all.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from core import data
from core.data import DataError, import_cache, sources
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.jobs.channel import Channel
from core.jobs.job import Job
from core.jobs.messages import Ended, Message, Order, Transferred
from core.jobs.queue import IMPORT, job_queue
from core.system import cache


class ImportJob(Job):
    """Import of one set.

    Attributes:
        folder: path of the folder or archive. done, total: files so far, and in all (0 while unknown).
    """

    kind: ClassVar[str] = "import"
    error_message: ClassVar[str] = "The import ended unexpectedly ({reason})."

    def __init__(self, folder: str, shape: ImageShape, pixels: PixelChoices, owner: str = ""):
        super().__init__(_key(folder, shape, pixels), IMPORT, owner)
        self.folder, self.done, self.total = folder, 0, 0
        self._shape, self._pixels = shape, pixels

    def order(self) -> Order:
        return Order(
            "import_images",
            "importing",
            {"folder": self.folder, "shape": list(self._shape.chw), "pixels": asdict(self._pixels)},
        )

    @property
    def title(self) -> str:
        return f"Import of {self.folder}"

    def on_event(self, event: Message) -> None:
        if isinstance(event, Transferred):
            self.done, self.total = event.done, event.total
            self._share = min(1.0, self.done / self.total) if self.total else 0.0


class _Stopped(Exception):
    """The visitor no longer wants the set."""


def import_images(order: Order, channel: Channel) -> Ended:
    """Task of an import: read the pictures and keep them.

    Raises:
        DataError: no usable picture, too many, or the cache folder cannot be written to.
    """
    shape, pixels = ImageShape.of(order.arguments["shape"]), PixelChoices(**order.arguments["pixels"])
    path = order.arguments["folder"]

    def watch(done: int, total: int) -> None:
        if channel.stop_requested:
            raise _Stopped
        channel.emit(Transferred(done, total))

    channel.emit(Transferred(0, 0))
    try:
        data.load("folder", path, shape, pixels, watch)
    except _Stopped:
        return Ended("stopped")
    source, _ = sources.find_whole(path)
    if not import_cache.file_of(source.place, source.mark, shape, pixels).is_file():
        raise DataError(cache.not_kept("The images"))
    return Ended("finished")


def start(folder: str, shape: ImageShape, pixels: PixelChoices, owner: str = "") -> ImportJob:
    """Start an import; an active one of the same set is joined."""
    return job_queue().submit(ImportJob(folder, shape, pixels, owner))


def current(folder: str, shape: ImageShape, pixels: PixelChoices) -> ImportJob | None:
    """The newest import of that set since the lab was opened."""
    return job_queue().find(ImportJob, _key(folder, shape, pixels))


def _key(folder: str, shape: ImageShape, pixels: PixelChoices) -> str:
    return cache.digest(folder, f"{shape.chw} {pixels}")
