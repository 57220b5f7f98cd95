"""Tasks of the embedding worker: a t-SNE or PCA map, and the small maps that warn of misreadings. Needs no torch."""

from __future__ import annotations

import time

import numpy as np

from core.embedding import measures, pitfalls, store, tsne
from core.embedding.settings import Settings
from core.embedding.tsne import State
from core.jobs.channel import Channel
from core.jobs.messages import Ended, MapMeasured, MapState, Order, Progress

INTERVAL = 0.15
"""Seconds between two reports of a map in the making: more often than a page looks, too seldom to cost anything."""


def embed(order: Order, channel: Channel) -> Ended:
    """Compute a map x [n, d] → [n, 2] and its measures, and keep both in the cache. A stop keeps the map so far."""
    channel.emit(Progress(0.0, "forming"))
    settings, backend = Settings(**order.arguments["settings"]), order.arguments["backend"]
    x, labels, key = order.arrays["x"], order.arrays["labels"], order.arguments["key"]
    began = reported = time.monotonic()
    before = store.find_stage(key, settings) if settings.method == "tsne" else None
    seconds = float(before.facts.get("seconds", 0.0)) if before else 0.0

    def report(state: State) -> bool:
        nonlocal reported
        now = time.monotonic()
        if now - reported >= INTERVAL:
            reported = now
            channel.emit(_message(state, "forming", seconds + now - began))
        return channel.stop_requested

    state = tsne.fit(x, settings, report, before.state if before else None, backend)
    seconds += time.monotonic() - began
    finished = settings.method == "pca" or state.iteration >= settings.iterations
    channel.emit(_message(state, "measuring", seconds))
    found = measures.measure(x, state.y, labels)
    channel.emit(MapMeasured(found))
    note = ""
    if finished or state.update is not None:  # scikit-learn cannot continue a map that was stopped
        try:
            store.save(key, settings, state, {"seconds": seconds, "measures": found}, finished)
        except OSError as error:
            note = f"The map could not be kept ({error.strerror or error}): it will be computed again next time."
    return Ended("finished" if finished else "stopped", note)


def compute_pitfalls(order: Order, channel: Channel) -> Ended:
    """Compute the small maps of `core.embedding.pitfalls` and keep them in the cache."""
    channel.emit(Progress(0.0))

    def report(done: int, total: int) -> bool:
        channel.emit(Progress(done / max(1, total)))
        return channel.stop_requested

    panels = pitfalls.compute(order.arrays["x"], order.arrays["labels"], order.arguments["backend"], report)
    if panels is None:
        return Ended("stopped")
    pitfalls.save(order.arguments["key"], panels)
    return Ended("finished")


def _message(state: State, phase: str, seconds: float) -> MapState:
    trace = [[float(i), float(kl)] for i, kl in state.trace]
    return MapState(np.ascontiguousarray(state.y, np.float32), int(state.iteration), trace, phase, seconds)
