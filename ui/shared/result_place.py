"""Place of a page's results, which never holds those of another choice.

While a script runs, the browser keeps what the run before it drew, dimmed. On a busy machine the numbers of one run
then stand for seconds under the name of another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

WAITING = '<div class="result-waiting" role="status">{text}</div>'


class ResultPlace:
    """A place below the controls. Make it before anything that takes time, and fill it with `filled`.

    Args:
        key: in the session state, of what the results there belong to.
        wanted: what the visitor has chosen, as far as it changes the results; called again when they are drawn.
        text: stands there in place of results of another choice, fixed and without markup.
    """

    def __init__(self, key: str, wanted: Callable[[], Hashable], text: str):
        self._key, self._wanted = key, wanted
        self._former = st.session_state.get(key) != wanted()
        # One element in place of the whole block: a block of the same type would inherit the children of the old one.
        self._place: DeltaGenerator = st.empty() if self._former else st.container()
        if self._former:
            self._place.html(WAITING.format(text=text))

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Draw the results; the block may end early."""
        with self._place.container() if self._former else self._place:
            yield
        st.session_state[self._key] = self._wanted()
