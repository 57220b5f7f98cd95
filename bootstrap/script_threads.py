"""Script threads of a session: one at a time touches its widgets, and no click gets lost between two of them.

Streamlit (seen in 1.67) runs a page's script in a thread. When the whole page is asked for, that thread is told to
stop and a second one begins at once, while the first goes on to its next call of Streamlit. Both write to the state of
the same widgets, each under a lock of its own. On a busy machine that has traps:

- The first thread may have taken up a click without having called back for it yet, or be in the midst of the callback.
  It stops there: the click is gone, or half done.
- The first thread may reset or replace what the second has just heard from the browser, a click among it.
- A fragment that was asked for may be gone when its turn comes. It is passed over, and so is `if st.button(…)` in it.
- A thread that has ended hands its last messages to the server's loop. If the next fragment is asked for before the
  loop has got to them, they are thrown away: a part of the page stays as it was, or no longer ticks.

So here the threads of a session share a lock, and one that was told to stop does nothing more under it; a callback that
has begun is carried through; clicks that were taken up and not heard go on to the thread that follows
(`Requests.left`); a click for a fragment that has gone goes to the whole page; and the last messages of a thread that
has ended by itself count.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import replace
from typing import Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import (
    ScriptRequest,
    ScriptRequests,
    ScriptRequestType,
    _coalesce_widget_states,
)
from streamlit.runtime.state.safe_session_state import SafeSessionState

from bootstrap.rerun_guard import CLICKS


def guard() -> None:
    """Let the sessions of this process run their scripts in such threads, once."""
    from streamlit.runtime import app_session

    if app_session.ScriptRunner is Runner:
        return
    setattr(app_session, "ScriptRunner", Runner)  # noqa: B010
    create, take_up = AppSession._create_scriptrunner, AppSession._handle_scriptrunner_event_on_event_loop

    @functools.wraps(create)
    def create_scriptrunner(session: Any, initial_rerun_data: Any) -> None:
        # Another one stands there still only where it has ended by itself: one told to stop is forgotten first.
        session.ended_scriptrunner = session._scriptrunner
        create(session, initial_rerun_data)

    @functools.wraps(take_up)
    def handle_event(session: Any, sender: Any, event: Any, *values: Any, **named: Any) -> None:
        now, ended = session._scriptrunner, getattr(session, "ended_scriptrunner", None)
        late = sender is not None and sender is ended and sender is not now and event is not ScriptRunnerEvent.SHUTDOWN
        session._scriptrunner = sender if late else now
        try:
            take_up(session, sender, event, *values, **named)
        finally:
            if late:
                session._scriptrunner = now

    setattr(AppSession, "_create_scriptrunner", create_scriptrunner)  # noqa: B010
    setattr(AppSession, "_handle_scriptrunner_event_on_event_loop", handle_event)  # noqa: B010


class Requests(ScriptRequests):
    """What a thread of a script is asked for.

    Attributes:
        unheard: widget states that the thread has taken up without having called back for them.
        left: widget states that waited or were unheard when the thread was told to stop.
    """

    def __init__(self, fragments: Any) -> None:
        super().__init__()
        self._lock = threading.RLock()  # type: ignore[assignment]
        self._fragments = fragments
        self.unheard: Any = None
        self.left: Any = None

    def request_stop(self) -> None:
        """Tell the thread to stop, and note what it leaves."""
        with self._lock:
            if self._state is not ScriptRequestType.STOP:
                waiting = self._rerun_data.widget_states if self._state is ScriptRequestType.RERUN else None
                self.left, self.unheard = _coalesce_widget_states(self.unheard, waiting), None
            super().request_stop()

    def on_scriptrunner_ready(self) -> ScriptRequest:
        """What is to be run first or next."""
        with self._lock:
            return self._taken_up(super().on_scriptrunner_ready())

    def on_scriptrunner_yield(self) -> ScriptRequest | None:
        """What the run in progress has to give way to; None: nothing."""
        if self._state is ScriptRequestType.CONTINUE:
            return None  # as at almost every call of Streamlit
        with self._lock:
            request = super().on_scriptrunner_yield()
            return request and self._taken_up(request)

    def _taken_up(self, request: ScriptRequest) -> ScriptRequest:
        if request.type is not ScriptRequestType.RERUN:
            return request
        data = request.rerun_data
        self.unheard = states = _coalesce_widget_states(self.unheard, data.widget_states)
        data = replace(data, widget_states=states)
        if _clicks(states) and not all(map(self._fragments.contains, data.fragment_id_queue)):
            data = replace(data, fragment_id_queue=[], is_fragment_scoped_rerun=False)
        return ScriptRequest(ScriptRequestType.RERUN, data)

    def hear(self) -> None:
        """Called by the thread before it calls back. Raises StopException where it was told to stop meanwhile: then the
        thread that follows does it."""
        with self._lock:
            if self.stopped:
                raise StopException
            self.unheard = None

    @property
    def stopped(self) -> bool:
        """Whether the thread was told to stop, or has ended."""
        return self._state is ScriptRequestType.STOP


def _clicks(states: Any) -> bool:
    return states is not None and any(widget.WhichOneof("value") in CLICKS for widget in states.widgets)


class Runner(ScriptRunner):
    """Streamlit's thread of a script, which shares a lock with the others of its session."""

    calls_back = False
    """Whether callbacks are being called: they are not interrupted."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._requests: Requests = Requests(named["fragment_storage"])
        self._requests.request_rerun(named["initial_rerun_data"])
        self._session_state: State = State(named["session_state"], self)

    def _maybe_handle_execution_control_request(self) -> None:
        if not (self.calls_back and self._is_in_script_thread()):
            super()._maybe_handle_execution_control_request()

    @property
    def outdated(self) -> bool:
        """Whether the thread that asks is this one, runs the script, and was told to stop."""
        return self._execing and not self.calls_back and self._requests.stopped and self._is_in_script_thread()


class State(SafeSessionState):
    """A thread's access to the state of its session."""

    _runner: Runner

    def __init__(self, state: Any, runner: Runner) -> None:
        super().__init__(state, runner._maybe_handle_execution_control_request)
        object.__setattr__(self, "_runner", runner)
        object.__setattr__(self, "_lock", _Turn(getattr(state, "turn", None) or threading.RLock(), runner))

    def on_script_will_rerun(self, fresh_widget_states: Any, **named: Any) -> None:
        """Take over what the browser has sent, and call back for what has changed."""
        self._yield_callback()
        with self._lock:
            self._runner._requests.hear()
            self._runner.calls_back = True
            try:
                self._state.on_script_will_rerun(fresh_widget_states, **named)
            finally:
                self._runner.calls_back = False

    def on_script_finished(self, widget_ids_this_run: frozenset[str], **named: Any) -> None:
        """Clean up after a run, unless another thread has begun meanwhile."""
        with self._lock:
            if not self._runner._requests.stopped:
                self._state.on_script_finished(widget_ids_this_run, **named)


class _Turn:
    """The lock of a session's state, which lets no thread in that was told to stop while it waited."""

    def __init__(self, lock: Any, runner: Runner) -> None:
        self._lock, self._runner = lock, runner

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._runner.outdated:
            self._lock.release()
            raise StopException

    def __exit__(self, *error: object) -> None:
        self._lock.release()
