"""Searches of the Reconstruct page: run with a progress bar and a Stop button; finished ones are cached with the model,
for all visitors."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
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
    from streamlit.delta_generator import DeltaGenerator

    from core.evaluation.search_trace import SearchTrace, TracedSearch

BAR_DELAY, BAR_INTERVAL = 0.3, 0.1
"""Seconds before the progress bar appears, and between two updates of it."""

UNFINISHED = "reconstruct_unfinished"
"""Key in the session state: searches that were stopped or interrupted, by the key of their request."""

STOPPED = "reconstruct_stopped"
"""Key in the session state: requests whose search the visitor has stopped."""


@dataclass(frozen=True)
class SearchRequest:
    """One way to encode the image with one model.

    Attributes:
        search: whether by a search, or by the encoder in one pass.
        image: uint8 [H, W] or [H, W, 3]. visible: bool [H, W]. fill: pixels of the hole for an encoder, like `image`.
        images: the data set, needed for the start at the nearest training image.
    """

    run: Run
    loaded: LoadedModel
    search: bool
    image: np.ndarray
    visible: np.ndarray
    fill: np.ndarray
    settings: Settings
    images: ImageSet | None = None

    @property
    def has_encoder(self) -> bool:
        """Whether the model has an encoder, which then also gives the search its start."""
        return self.loaded.model.encoder is not None

    def key(self) -> Hashable:
        """Everything that the result depends on, beside the model."""
        settings = self.settings
        return (
            self.search,
            self.image.tobytes(),
            np.packbits(self.visible).tobytes(),
            self.fill.tobytes() if self.has_encoder and not self.visible.all() else b"",
            (settings.steps, settings.lr, settings.restarts) if self.search else (),
            settings.start if self.search and not self.has_encoder else "",
        )

    def start(self) -> TracedSearch:
        """The search before its first step.

        Raises:
            ValueError: it cannot start at the place that the settings ask for.
        """
        from core.evaluation import search_trace

        settings, training = self.settings, None
        if settings.start == "nearest" and not self.has_encoder and self.images is not None:
            rows, _ = data.split(self.images, self.run.recipe.validation, self.run.recipe.train_images)
            training = self.images.train_images[rows]
        model = self.loaded.model
        code = search_trace.starting_code(model, self.image, self.visible, self.fill, settings.start, training)
        return search_trace.TracedSearch(
            model,
            self.image,
            self.visible,
            code,
            steps=settings.steps,
            lr=settings.lr,
            restarts=settings.restarts,
        )


Found = tuple[SearchRequest, "SearchTrace"]
"""A request with its result."""


def run_searches(requests: Sequence[SearchRequest], status: DeltaGenerator) -> list[Found]:
    """The requests with their results, from the cache or computed now; a request that cannot start is left out, with
    the reason on the page.

    A search that the visitor has stopped gives what it had found by then. A search that a click interrupted continues
    in the next run of the page.

    Args:
        status: an empty placeholder for the progress bar, and then for a summary.
    """
    keys = [(request.loaded.name, request.key()) for request in requests]
    unfinished = st.session_state[UNFINISHED] = {
        key: search for key, search in st.session_state.get(UNFINISHED, {}).items() if key in keys
    }
    stopped = st.session_state[STOPPED] = st.session_state.get(STOPPED, set()) & set(keys)
    to_search = [
        key
        for key, request in zip(keys, requests, strict=True)
        if request.search and request.loaded.traces.get(key[1]) is None
    ]
    progress, found = _Progress(status, to_search), []
    for key, request in zip(keys, requests, strict=True):
        trace = request.loaded.traces.get(key[1]) or (None if request.search else _encode(request, key[1]))
        if trace is None:
            try:
                search = unfinished.get(key) or unfinished.setdefault(key, request.start())
            except ValueError as error:
                st.warning(f"{escape_markdown(request.run.name)}: {error} Choose another start under Search.")
                continue
            for step in search:
                if key in stopped:
                    break
                progress.show(request.run.name, to_search.index(key) + step.step / step.total)
            trace = search.trace()
            if trace.ended:
                request.loaded.traces.keep(key[1], trace)
                unfinished.pop(key, None)
        found.append((request, trace))
    _summary(status, found)
    return found


def _encode(request: SearchRequest, key: Hashable) -> SearchTrace:
    """The encoder's result in one pass."""
    from core.evaluation import search_trace

    trace = search_trace.trace_encoder(request.loaded.model, request.image, request.visible, request.fill)
    request.loaded.traces.keep(key, trace)
    return trace


class _Progress:
    """A progress bar with a Stop button, shown from `BAR_DELAY` on."""

    def __init__(self, status: DeltaGenerator, keys: Sequence[Hashable]):
        self._status, self._keys = status, keys
        self._began, self._updated = time.monotonic(), 0.0
        self._bar: DeltaGenerator | None = None

    def show(self, name: str, searches: float) -> None:
        """Update the bar. name: of the run. searches: number done, with the fraction of the current one."""
        now = time.monotonic()
        if now - self._began <= BAR_DELAY or now - self._updated <= BAR_INTERVAL:
            return
        self._updated = now
        if self._bar is None:
            with self._status.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Stop",
                    key="reconstruct_stop",
                    on_click=_stop,
                    args=(self._keys,),
                    width=80,
                    help="Stops the searches and shows what they have found so far.",
                )
                self._bar = st.progress(0.0)
        self._bar.progress(min(1.0, searches / len(self._keys)), text=f"Searching with {escape_markdown(name)} …")


def _stop(keys: Sequence[Hashable]) -> None:
    st.session_state[STOPPED] = set(keys)


def _continue() -> None:
    st.session_state[STOPPED] = set()


def _summary(status: DeltaGenerator, found: Sequence[Found]) -> None:
    traces = [trace for request, trace in found if request.search]
    if any(not trace.ended for trace in traces):
        with status.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Continue", key="reconstruct_go_on", on_click=_continue, width=100, help="Continues the searches."
            )
            st.caption("Stopped. You see what had been found by then.")
    elif traces:
        milliseconds = 1000 * sum(trace.seconds for trace in traces)
        searches = pluralize(len(traces), "search", "searches")
        status.caption(f"{searches} in {milliseconds:,.0f} ms. Drag the scrubber to follow them.")
    else:
        status.caption("One pass of each encoder. “Refine” under Search shows what one pass misses.")
