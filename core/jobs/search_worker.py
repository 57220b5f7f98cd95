"""Task of the search worker: latent searches with a run's decoder."""

from __future__ import annotations

import dataclasses
import time
from collections import OrderedDict
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import data
from core.evaluation import completions, search_trace
from core.evaluation.search_trace import SearchTrace, TracedSearch
from core.jobs.channel import Channel
from core.jobs.messages import Ended, Order, Progress, SearchFound
from core.latent import codec
from core.models import LatentModel
from core.runs import Run, RunError, weights
from core.runs.images import images_of
from core.runs.shown_weights import shown_weights
from core.system.progress import Steps

KEPT = 8
"""Stopped searches that this process can continue. One that is forgotten begins anew and comes to the same result."""

REPORT_SECONDS = 0.05
"""Least time between two reports of progress."""

_stopped: OrderedDict[str, TracedSearch | Steps[float, SearchFound]] = OrderedDict()


def search(order: Order, channel: Channel) -> Ended:
    """Search for the latents of the order's images; when stopped, send what was found and keep the search.

    Raises:
        RunError: the run is missing or damaged, its weights have changed since the page loaded them, or the search
            cannot start where the settings ask for.
        DataError: the images of the run are missing.
    """
    torch.set_num_threads(1)  # as the page does: the times of encoder and search can be compared
    key = order.arguments["key"]
    channel.emit(Progress(0.0))
    work = _stopped.pop(key, None) or _begin(order)
    reported = time.monotonic()
    for step in work:
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            channel.emit(Progress(step if isinstance(step, float) else step.step / step.total))
        if channel.stop_requested:
            _stopped[key] = work
            while len(_stopped) > KEPT:
                _stopped.popitem(last=False)
            if isinstance(work, TracedSearch):
                channel.emit(message_of(work.trace()))
            return Ended("stopped")
    if isinstance(work, TracedSearch):
        channel.emit(message_of(work.trace()))
    else:
        assert work.result is not None
        channel.emit(work.result)
    return Ended("finished")


def message_of(trace: SearchTrace) -> SearchFound:
    """A trace as a message: its arrays and its single values by the names of the fields."""
    values = {field.name: getattr(trace, field.name) for field in dataclasses.fields(trace)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    return SearchFound(arrays, {name: value for name, value in values.items() if name not in arrays})


def trace_of(found: SearchFound) -> SearchTrace:
    """The trace in a message of `message_of`."""
    values: dict[str, Any] = found.arrays | found.facts
    return SearchTrace(**values)


def _begin(order: Order) -> TracedSearch | Steps[float, SearchFound]:
    run, arrays = Run(Path(order.arguments["run"])), order.arrays
    model = _model(str(run.path), order.arguments["version"])
    if "completions" in order.arguments:
        return Steps(_completed(model, arrays["image"], arrays["visible"], **order.arguments["completions"]))
    if "trace" not in order.arguments:
        return Steps(_encoded(model, arrays["images"]))
    return _traced(run, model, arrays, order.arguments["trace"], order.arguments.get("label"))


def _encoded(model: LatentModel, images: np.ndarray) -> Generator[float, None, SearchFound]:
    posterior = yield from codec.encoding_progress(model, images)
    found = {"z": posterior.mean.cpu().numpy()}
    if posterior.logvar is not None:
        found["sigma"] = (0.5 * posterior.logvar).exp().cpu().numpy()
    return SearchFound(found)


def _completed(
    model: LatentModel, image: np.ndarray, visible: np.ndarray, steps: int, seed: int
) -> Generator[float, None, SearchFound]:
    made = yield from completions.complete(model, image, visible, steps=steps, seed=seed)
    return SearchFound({"pictures": made.pictures, "visible_mse": made.visible_mse})


def _traced(
    run: Run, model: LatentModel, arrays: dict[str, np.ndarray], settings: dict[str, Any], label: int | None
) -> TracedSearch:
    image, visible, fill = (arrays[name] for name in ("image", "visible", "fill"))
    training, rows, places = None, None, None
    if settings["start"] == "nearest" and (table := model.latent_table) is not None:
        images, recipe = images_of(run), run.recipe
        rows, length = data.table_rows(images, recipe.validation, recipe.train_images)
        if images.ordered and length == len(table):
            training = images.train_images
            places, _ = data.split(images, recipe.validation, recipe.train_images)
    try:
        code = search_trace.starting_code(model, image, visible, fill, settings["start"], training, rows, places, label)
    except ValueError as error:
        raise RunError(f"{error} Choose another start under Search.") from None
    options = {name: settings[name] for name in ("steps", "lr", "restarts")}
    return TracedSearch(model, image, visible, code, **options)


@lru_cache(maxsize=6)
def _model(path: str, version: int) -> LatentModel:
    """The model of a run with the weights that pages show, from memory while they stay the same.

    Raises:
        RunError: they are missing or damaged, or no longer those of that version.
    """
    run = Run(Path(path))
    if run.weights_version() != version:
        raise RunError(f"The weights of '{run.name}' have just changed. Search again to use the new ones.")
    return weights.load_model(run, shown_weights(run))
