"""Tasks of the embedding worker: a map, the place of a new image on it, and the small maps that warn of misreadings.
Needs no torch."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from core.embedding import measures, pitfalls, placing, store, tsne
from core.embedding.settings import Settings
from core.embedding.tsne import State
from core.jobs.channel import Channel
from core.jobs.messages import Ended, MapMeasured, MapState, Order, Progress, SearchFound
from core.runs import RunError
from core.system import cache

INTERVAL = 0.15
"""Seconds between two reports of a map in the making: more often than a page looks, too seldom to cost anything."""


_KNOWN: tsne.Known = {}
"""Neighbours of the newest map: a visitor who stops it may continue it at once."""


def embed(order: Order, channel: Channel) -> Ended:
    """Compute a map x [n, d] → [n, 2] and its measures, and keep both in the cache. A stop keeps the map so far."""
    channel.emit(Progress(0.0, "searching"))
    settings, backend = Settings(**order.arguments["settings"]), order.arguments["backend"]
    x, labels, key = order.arrays["x"], order.arrays["labels"], order.arguments["key"]
    began = reported = time.monotonic()
    before = store.find_stage(key, settings) if settings.method == "tsne" else None
    seconds, searched = float(before.facts.get("seconds", 0.0)) if before else 0.0, 0.0
    first = before.state.iteration if before else 0

    def report(state: State) -> bool:
        nonlocal reported, searched
        now, forming = time.monotonic(), state.iteration > first
        if not forming:
            searched = now - began
        if now - reported >= INTERVAL or (forming and state.iteration == first + 1):
            reported = now
            if forming:
                channel.emit(_message(state, "forming", seconds + now - began, searched))
            else:
                if state.sampled:
                    channel.emit(_message(state, "searching", seconds + now - began, searched))
                channel.emit(Progress(state.searched, "searching"))
        return channel.stop_requested

    state = tsne.fit(x, settings, report, before.state if before else None, backend, _KNOWN)
    seconds += time.monotonic() - began
    finished = state.iteration >= settings.iterations if settings.method == "tsne" else state.searched == 1
    if not finished:
        if state.iteration:
            channel.emit(_message(state, "forming", seconds, searched))
        # At once, and unmeasured: the visitor waits for the stop. scikit-learn cannot continue a map that was stopped.
        return Ended(
            "stopped", _keep(key, settings, state, {"seconds": seconds}, False) if state.gains is not None else ""
        )
    channel.emit(_message(state, "measuring", seconds, searched))
    found, kept = (
        measures.measure(x, state.y, labels, order.arrays.get("pictures")),
        measures.kept(x, state.y, state.near),
    )
    channel.emit(MapMeasured(found, kept))
    return Ended("finished", _keep(key, settings, state, {"seconds": seconds, "measures": found}, True, kept))


def _keep(
    key: str, settings: Settings, state: State, facts: dict[str, Any], finished: bool, kept: np.ndarray | None = None
) -> str:
    """Keep a map in the cache; a sentence where that is not possible."""
    try:
        store.save(key, settings, state, facts, finished, kept)
    except OSError as error:
        return f"The map could not be kept ({error.strerror or error}): it will be computed again next time."
    return ""


def place(order: Order, channel: Channel) -> Ended:
    """Find the places of new images on a t-SNE map."""
    y, near, distances = (order.arrays[name] for name in ("y", "near", "distances"))
    if order.arguments["backend"] == "openTSNE":
        found = placing.on_tsne_map(y, near, distances)
    else:
        found = placing.at_neighbours(y, near)
    channel.emit(SearchFound({"y": np.ascontiguousarray(found, np.float32)}))
    return Ended("finished")


def compute_pitfalls(order: Order, channel: Channel) -> Ended:
    """Compute the small maps of `core.embedding.pitfalls` and keep them in the cache.

    Raises:
        RunError: the cache cannot be written to.
    """
    channel.emit(Progress(0.0))

    def report(done: int, total: int) -> bool:
        channel.emit(Progress(done / max(1, total)))
        return channel.stop_requested

    panels = pitfalls.compute(order.arrays["x"], order.arrays["labels"], order.arguments["backend"], report)
    if panels is None:
        return Ended("stopped")
    try:
        pitfalls.save(order.arguments["key"], panels)
    except OSError:
        raise RunError(cache.not_kept("The maps")) from None
    return Ended("finished")


def _message(state: State, phase: str, seconds: float, searched: float) -> MapState:
    trace = [[float(i), float(kl)] for i, kl in state.trace]
    return MapState(np.ascontiguousarray(state.y, np.float32), int(state.iteration), trace, phase, seconds, searched)
