"""A client without a browser that replays recorded messages, to measure only the server's side of a page.

A browser on the same two cores takes its own share of them, for drawing. In a classroom that share is another
machine's. The messages are recorded from a real Chromium and given new numbers.
"""

import itertools
import json
import threading
import time

from playwright.sync_api import Page
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect


def record(page: Page) -> list[BackMsg]:
    """The messages this page will send, collected as it sends them."""
    found: list[BackMsg] = []

    def keep(frame: bytes | str) -> None:
        message = BackMsg()
        message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
        found.append(message)

    page.on("websocket", lambda socket: socket.on("framesent", keep))
    return found


class Visitor:
    """Opens the recorded page in a session of its own, then asks for pictures at a steady rate."""

    def __init__(self, port: int, recorded: list[BackMsg]):
        self.move = next(m for m in reversed(recorded) if self._point(m) is not None)
        self.runs_done = 0
        self.socket = connect(f"ws://localhost:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.socket.send(recorded[0].SerializeToString())
        while self.runs_done == 0:
            time.sleep(0.05)
        self.numbers = itertools.count(int(time.time() * 1000))

    @staticmethod
    def _point(message: BackMsg):
        """The widget that carries the sliders' point, if this message moves one."""
        if not message.rerun_script.fragment_id:
            return None
        return next(
            (
                w
                for w in message.rerun_script.widget_states.widgets
                if w.id.endswith("_board") and '"at"' in w.json_value
            ),
            None,
        )

    def _read(self) -> None:
        for frame in self.socket:
            message = ForwardMsg()
            message.ParseFromString(frame)
            if message.WhichOneof("type") == "script_finished":
                self.runs_done += 1

    def storm(self, seconds: float, per_second: int = 20) -> float:
        """Ask at this rate; returns how many answers came per second."""
        first, began = self.runs_done, time.perf_counter()
        for i in range(int(seconds * per_second)):
            widget = self._point(self.move)
            value = json.loads(widget.json_value)
            value["at"]["seq"] = next(self.numbers)
            value["at"]["sigma_units"][0] = round(0.1 * (i % 40) - 2, 4)
            widget.json_value = json.dumps(value)
            self.socket.send(self.move.SerializeToString())
            time.sleep(max(0.0, began + (i + 1) / per_second - time.perf_counter()))
        return (self.runs_done - first) / (time.perf_counter() - began)

    def close(self) -> None:
        self.socket.close()
