"""Pictures of runs: a thumbnail for the table, and the same images and the same z of several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.images.convert import data_url, tile
from core.runs import Run, RunError, frames
from core.runs.shown_weights import shown_weights
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.still_image import still

THUMBNAILS, ACROSS = 6, 3
"""Samples in a thumbnail, and those of one line of it."""

SAMPLES = 2 * frames.COLUMNS
"""Samples of each run beside those of the others."""

MOST_THUMBNAILS = 200
"""Runs of the table that get a thumbnail, the newest ones: each is read from disk once."""

TILE = 60
"""Width of a picture side by side with others, at most, in screen pixels."""


@dataclass(frozen=True)
class Frame:
    """The newest frame of a run: uint8 pictures, [N, H, W] or [N, H, W, 3] each."""

    epoch: float
    originals: np.ndarray
    reconstructions: np.ndarray
    samples: np.ndarray


def newest(run: Run) -> Frame | None:
    """The newest frame of a run; None where it has none that can be read."""
    epochs = run.frames()
    return _frame(run, epochs[-1]) if epochs else None


def of_shown_weights(run: Run) -> Frame | None:
    """The frame of the weights that are shown of a run, or the nearest; None where there is none that can be read."""
    at = run.status.get("best_epoch") if shown_weights(run) == "best" else None
    epochs = run.frames()
    return _frame(run, _nearest(epochs, at)) if epochs else None


def _nearest(epochs: Sequence[float], at: float | None) -> float:
    """The epoch with pictures that is nearest to another, the later one of two; the last one for None."""
    return epochs[-1] if at is None else min(reversed(epochs), key=lambda each: abs(each - at))


def _frame(run: Run, epoch: float) -> Frame | None:
    try:
        originals, reconstructions, samples = frames.split(run.frame(epoch), run.recipe.shape)
    except (RunError, ValueError):
        return None
    count = frames.different(originals)
    return Frame(epoch, originals[:count], reconstructions[:count], samples)


def thumbnail(run: Run, at: float | None = None) -> str | None:
    """Some samples of a run in two lines, as a data URL; None where there are none.

    Args:
        at: the epoch to show, or the nearest that has pictures, the later one of two; None for the newest.
    """
    if not (epochs := run.frames()):
        return None
    return _thumbnail(str(run.path), _nearest(epochs, at), run.status.get("created"), _run=run)


@st.cache_data(max_entries=1_000, show_spinner=False)
def _thumbnail(path: str, epoch: float, created: float | None, _run: Run) -> str | None:
    frame = _frame(_run, epoch)
    return None if frame is None else data_url(tile(frame.samples[:THUMBNAILS], ACROSS))


def side_by_side(picked: Sequence[Run]) -> None:
    """Pictures of the chosen runs by the weights that are shown of them: each group of runs with the same test images
    below these images, with samples of runs with the same latent size from the same z."""
    found = [(run, frame) for run in picked if (frame := of_shown_weights(run)) is not None]
    if len(found) < 2:
        return
    groups = _with_equal_images(found)
    st.markdown("**The same images, reconstructed**" if len(groups) == 1 else "**Test images, reconstructed**")
    for group in groups:
        _line("Test images", group[0][1].originals)
        for run, frame in group:
            _line(f"**{escape_markdown(run.name)}**, epoch {frame.epoch}", frame.reconstructions)
    st.markdown("**The same z, decoded**")
    for group in _groups(found, lambda run, frame: run.recipe.latent_dim):
        dimensions = pluralize(group[0][0].recipe.latent_dim, "dimension")
        st.caption(f"{SAMPLES} samples from the same noise in {dimensions}: place by place, the same draw.")
        for run, frame in group:
            _line(f"**{escape_markdown(run.name)}**, epoch {frame.epoch}", frame.samples[:SAMPLES])


SAME = 2.0
"""Mean difference of grey levels below which images are the same: another version of a library enlarges them a little
differently."""


def _with_equal_images(found: Sequence[tuple[Run, Frame]]) -> list[list[tuple[Run, Frame]]]:
    """The runs in groups whose test images look the same, in their order."""
    groups: list[list[tuple[Run, Frame]]] = []
    for run, frame in found:
        images = frame.originals.astype(np.int16)
        for group in groups:
            first = group[0][1].originals
            if first.shape == images.shape and np.abs(first - images).mean() < SAME:
                group.append((run, frame))
                break
        else:
            groups.append([(run, frame)])
    return groups


def _groups(found, key) -> list[list[tuple[Run, Frame]]]:
    """The runs in groups with an equal key, in their order."""
    groups: dict = {}
    for run, frame in found:
        groups.setdefault(key(run, frame), []).append((run, frame))
    return list(groups.values())


def _line(name: str, pictures: np.ndarray) -> None:
    left, right = st.columns([2, 8], vertical_alignment="center")
    left.markdown(name)
    with right:
        scale = max(1, TILE // pictures.shape[2])
        still(pictures, columns=frames.COLUMNS, scale=scale, alt=f"{len(pictures)} pictures")
