"""Channel: the worker's end of its connection to the lab."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from core.jobs.messages import Command, Message


class Channel:
    """Messages to the lab, commands from the lab.

    Args:
        send: delivers a message; raises OSError when the lab is gone.
    """

    def __init__(self, send: Callable[[Message], None]):
        self._send = send
        self._sending = threading.Lock()
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._stop_requested = False
        self.closed = False

    def emit(self, message: Message) -> None:
        """Send a message to the lab. Once the lab is gone, nothing is sent, and `receive` returns None."""
        try:
            with self._sending:
                self._send(message)
        except OSError:
            self.deliver(None)

    def deliver(self, message: Message | None) -> None:
        """Put a message of the lab into the inbox; None means that the lab is gone."""
        self._inbox.put(message)

    def receive(self) -> Message | None:
        """Wait for the next message of the lab; None when the lab is gone."""
        if self.closed:
            return None
        message = self._inbox.get()
        self.closed = message is None
        return message

    @property
    def waiting(self) -> bool:
        """Whether a message waits to be received, or the lab is gone."""
        return self.closed or not self._inbox.empty()

    @property
    def stop_requested(self) -> bool:
        """Whether the lab has asked to stop, or is gone. For tasks that obey no other command."""
        while not self._stop_requested and self.waiting:
            message = self.receive()
            self._stop_requested = message is None or (isinstance(message, Command) and message.verb == "stop")
        return self._stop_requested

    def begin(self) -> None:
        """Forget the stop of the order before."""
        self._stop_requested = False
