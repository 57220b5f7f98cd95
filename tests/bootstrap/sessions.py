"""A session of Streamlit's own without a browser: its script runs in its threads, and a test plays the browser.

with Session(script, tmp_path) as session:
    session.asks()                       # the whole page, as a browser does at first
    session.asks("part", click="add")    # a click on the button with key `add` in the fragment of that name
    session.state["clicks"]
"""

from __future__ import annotations

import asyncio
import sys
import textwrap
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from streamlit import runtime
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import app_session, state
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from bootstrap import rerun_guard

LONG = 60.0
"""Seconds after which a run that does not end fails the test."""


def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions be guarded as the lab's server does it, until the test has ended."""
    for place, name in (
        (AppSession, "request_rerun"),
        (AppSession, "_create_scriptrunner"),
        (AppSession, "_handle_scriptrunner_event_on_event_loop"),
        (app_session, "ScriptRunner"),
        (state, "SessionState"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    rerun_guard.guard()


class Session:
    """One visitor's session with one script.

    Args:
        script: text of the page; `import the_test` there gives it this object.
    Attributes:
        during: called in the script's thread with the name of each event of a run, once the server's loop has it.
        delivered: what the browser was sent.
    """

    def __init__(self, script: str, folder: Path):
        self._path = folder / "page.py"
        self._path.write_text(textwrap.dedent(script))
        self._loop = asyncio.new_event_loop()
        self._server = ThreadPoolExecutor(1)  # in a test's own thread Playwright may keep a loop running
        self._instance = patch.object(runtime, "get_instance", lambda: MagicMock())
        self.during: Callable[[str], None] = lambda event: None
        self.delivered: list[Any] = []

    def __enter__(self) -> Session:
        self._run(self._open())
        self._instance.start()
        sys.modules["the_test"] = self  # type: ignore[assignment]
        return self

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Let the server's loop run until this has ended."""
        self._server.submit(self._loop.run_until_complete, coroutine).result()

    async def _open(self) -> None:
        files = MemoryUploadedFileManager("/upload")
        self.app = AppSession(ScriptData(str(self._path), False), files, ScriptCache(), self._deliver, {})
        self.app.track_settling()
        heard = self.app._on_scriptrunner_event

        def hear(sender: Any, event: Any, **named: Any) -> None:
            heard(sender, event, **named)
            self.during(event.name)

        self.app._on_scriptrunner_event = hear  # type: ignore[method-assign]

    def _deliver(self) -> None:
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self.delivered += self.app.flush_browser_queue()
        self.app.on_flushed_messages_sent()

    def __exit__(self, *error: object) -> None:
        self._instance.stop()
        del sys.modules["the_test"]
        self._run(self._close())
        self._loop.close()
        self._server.shutdown()

    async def _close(self) -> None:
        self.app.shutdown()

    def widget(self, key: str) -> str:
        """Streamlit's name for the widget with that key."""
        return self.app.session_state._key_id_mapper.get_id_from_key(key)

    def message(self, fragment: str = "", click: str = "", tick: bool = False, **values: Any) -> ClientState:
        """A message of the browser: the fragment's name, a clicked button's key, and the values of widgets by key."""
        message = ClientState(fragment_id=self.fragment(fragment), is_auto_rerun=tick)
        for key, value in values.items():
            kind = "string_value" if isinstance(value, str) else "bool_value"
            message.widget_states.widgets.add(id=self.widget(key), **{kind: value})
        if click:
            message.widget_states.widgets.add(id=self.widget(click), trigger_value=True)
        return message

    def fragment(self, name: str) -> str:
        """Streamlit's name for a fragment with that key."""
        return self.app._fragment_storage.resolve_target(name)[0] if name else ""

    def send(self, *messages: ClientState) -> None:
        """The browser sends messages one upon the other, and waits until the script rests."""

        async def send() -> None:
            for message in messages:
                self.app.request_rerun(message)
            await asyncio.wait_for(self.app.wait_until_settled(), LONG)

        self._run(send())

    def meanwhile(self, message: ClientState) -> None:
        """Called in the script's thread: a message arrives at this moment, and the server's loop takes it up."""
        taken_up = threading.Event()

        def take_up() -> None:
            self.app.request_rerun(message)
            taken_up.set()

        self._loop.call_soon_threadsafe(take_up)
        assert taken_up.wait(LONG)

    def send_before_the_loop_hears(self, first: ClientState, then: Callable[[], ClientState]) -> None:
        """Send a message, and the next one when the script's thread has ended, before the server's loop has got to what
        that thread has to say."""

        async def send() -> None:
            self.app.request_rerun(first)
            thread = self.app._scriptrunner._script_thread
            thread.join(LONG)
            assert not thread.is_alive()
            self.app.request_rerun(then())
            await asyncio.wait_for(self.app.wait_until_settled(), LONG)

        self._run(send())

    def asks(self, fragment: str = "", **named: Any) -> None:
        """Send one message, see `message`, and wait until the script rests."""
        self.send(self.message(fragment, **named))

    @property
    def state(self) -> dict[str, Any]:
        """The page's session state."""
        return self.app.session_state.filtered_state
