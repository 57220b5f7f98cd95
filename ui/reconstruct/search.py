"""Runs the searches that the Reconstruct page shows: with progress and a stop, kept for everybody who asks the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.runs import Run
from ui.reconstruct.settings import Settings
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel

if TYPE_CHECKING:
    from core.evaluation.search_trace import SearchTrace

KEPT = 256
"""Ways that are remembered, about 60 kB each."""

PATIENCE, TICK = 0.3, 0.1
"""Seconds before the progress shows itself, and between two looks at it."""


class Store:
    """The newest `KEPT` results of all visitors."""

    def __init__(self):
        self._lock, self._found = threading.Lock(), OrderedDict()

    def get(self, key: Hashable) -> SearchTrace | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Hashable, found: SearchTrace) -> None:
        with self._lock:
            self._found[key] = found
            while len(self._found) > KEPT:
                self._found.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _store() -> Store:
    return Store()


@dataclass(frozen=True)
class SearchRequest:
    """One way to one image's place in one model: what is to be found. `search`: by descent, or in one pass."""

    run: Run
    loaded: LoadedModel
    search: bool
    image: np.ndarray
    visible: np.ndarray
    fill: np.ndarray
    settings: Settings
    images: ImageSet | None = None

    @property
    def encoder(self) -> bool:
        return self.loaded.model.encoder is not None

    def key(self) -> Hashable:
        """Everything the result depends on."""
        content = (self.loaded.name, self.search, self.image.tobytes(), np.packbits(self.visible).tobytes())
        if self.encoder:
            content += (self.fill.tobytes() if not self.visible.all() else b"",)
        how = self.settings
        if self.search:
            content += (how.steps, how.lr, how.restarts) + (() if self.encoder else (how.start,))
        return content

    def begin(self):
        """The search, ready to walk.

        Raises:
            ValueError: it cannot start where it should.
        """
        from core.evaluation import search_trace as found

        how, training = self.settings, None
        if how.start == "nearest" and not self.encoder and self.images is not None:
            trained, _ = data.split(self.images, self.run.recipe.validation, self.run.recipe.train_images)
            training = self.images.train_images[trained]
        code = found.starting_code(self.loaded.model, self.image, self.visible, self.fill, how.start, training)
        return found.TracedSearch(
            self.loaded.model, self.image, self.visible, code, steps=how.steps, lr=how.lr, restarts=how.restarts
        )


def resolve(wishes: list[SearchRequest], slot) -> list[SearchTrace | None]:
    """The result of each wish, from memory or found now; None where a sentence on the page says why not. `slot`: an
    empty place for the progress and a summary.

    A search that the visitor stopped is answered by how far it came. One that another click cut off goes on.
    """
    from core.evaluation import search_trace as found

    state, store = st.session_state, _store()
    keys = [wish.key() for wish in wishes]
    searches = state["reconstruct_under_way"] = {
        k: s for k, s in state.get("reconstruct_under_way", {}).items() if k in keys
    }
    stopped = state["reconstruct_stopped"] = state.get("reconstruct_stopped", set()) & set(keys)
    results, began, shown, bar = [], time.monotonic(), 0.0, None
    missing = [k for k, wish in zip(keys, wishes, strict=True) if wish.search and store.get(k) is None]
    for key, wish in zip(keys, wishes, strict=True):
        result = store.get(key)
        if result is None and not wish.search:
            result = found.trace_encoder(wish.loaded.model, wish.image, wish.visible, wish.fill)
            store.put(key, result)
        if result is None:
            try:
                search = searches.get(key) or searches.setdefault(key, wish.begin())
            except ValueError as error:
                st.warning(f"{escape_markdown(wish.run.name)}: {error} Choose another start under Search.")
                results.append(None)
                continue
            for look in search:
                if key in stopped:
                    break
                now = time.monotonic()
                if now - began > PATIENCE and now - shown > TICK:
                    shown = now
                    bar = bar or _bar(slot, missing)
                    bar.progress(
                        min(1.0, (missing.index(key) + look.step / look.total) / len(missing)),
                        text=f"Searching in {escape_markdown(wish.run.name)} …",
                    )
            result = search.trace()
            if result.ended:
                store.put(key, result)
                searches.pop(key, None)
        results.append(result)
    _summary(slot, wishes, results)
    return results


def _bar(slot, missing: list[Hashable]):
    with slot.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stop",
            key="reconstruct_stop",
            on_click=_stop,
            args=(missing,),
            width=80,
            help="Ends the searches; what they found so far is shown.",
        )
        return st.progress(0.0)


def _stop(keys: list[Hashable]) -> None:
    st.session_state["reconstruct_stopped"] = set(keys)


def _go_on() -> None:
    st.session_state["reconstruct_stopped"] = set()


def _summary(slot, wishes: list[SearchRequest], results: list[SearchTrace | None]) -> None:
    searched = [r for w, r in zip(wishes, results, strict=True) if w.search and r is not None]
    if any(not r.ended for r in searched):
        with slot.container(horizontal=True, vertical_alignment="center"):
            st.button("Go on", key="reconstruct_go_on", on_click=_go_on, width=90, help="Continues where it stopped.")
            st.caption("Stopped: what had been found by then.")
    elif searched:
        took = f"{1000 * sum(r.seconds for r in searched):,.0f} ms"
        slot.caption(f"{pluralize(len(searched), 'search', 'searches')}, {took}: drag the scrubber to watch.")
    else:
        slot.caption("One pass each. “Refine” under Search shows what that leaves on the table.")
