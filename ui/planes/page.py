"""Planes page: two-dimensional latent spaces of several kinds of model, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import data
from core.runs import Run
from ui.components.latent.plane_key import plane_key
from ui.planes import inputs, missing, views
from ui.planes.explain import explain
from ui.planes.inputs import slots
from ui.shared import address
from ui.shared.classifier import classifier_of, training
from ui.shared.image_choice import ImagesKey, images_key
from ui.shared.page import images_of, images_or_none, page_head, say_changes
from ui.shared.pointer import touch_or
from ui.shared.run_picker import damaged_runs

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def page() -> None:
    """The whole page."""
    address.check_names((*slots(), "seed", "draw"))
    with page_head(
        "Planes",
        "Kinds of model side by side, each with only two latent dimensions. "
        f"{touch_or('Slide a finger', 'Move')} over one plane, and all models decode the same z.",
        widths=(1, 2),
    ):
        toolbar = st.container(horizontal=True, gap="small", vertical_alignment="center")
    runs = inputs.flat_runs()
    chosen = inputs.settle(runs)
    shown = {slot: run for slot, run in chosen.items() if run is not None}
    with toolbar:
        if shown:
            views.toolbar(list(shown))
        missing.train_all_button(chosen, primary=not shown)
    if shown:
        _legend(shown)
    below = _grid(runs, chosen)
    if shown:
        _measures(shown, below)
        explain([loaded for run in shown.values() if (loaded := views.loaded_or_none(run)) is not None])
    damaged_runs()


def _legend(shown: dict[str, Run]) -> None:
    """Classes of each data set with their colours, and switches for what lies over the planes."""
    classes, titles = {}, {}
    for run in shown.values():
        images = images_or_none(run)
        if images is not None and len(images.classes) > 1:
            name = inputs.data_name(run)
            classes[name], titles[name] = images.classes, data.SOURCES[run.recipe.dataset].title
    plane_key(key="planes_key", classes=classes, titles=titles)


def _grid(runs: list[Run], chosen: dict[str, Run | None]) -> dict[str, DeltaGenerator]:
    """The planes with their samples. Returns the container below each plane, which is filled last: its figures take
    longer than the pictures."""
    below = {}
    with st.grid(4, min_column_width=252, gap="small", key="planes_grid"):
        for slot, run in chosen.items():
            with st.container(gap="xsmall"):
                if run is None:
                    missing.placeholder(slot)
                    continue
                inputs.pick(slot, run, runs)
                views.picture(slot, run)
                below[slot] = st.container(gap="xxsmall")
    return below


def _measures(shown: dict[str, Run], below: dict[str, DeltaGenerator]) -> None:
    """Figures below each plane, a caption for all, and what is still missing: a data set or its classifier."""
    sets: dict[ImagesKey, Run] = {images_key(run): run for run in shown.values()}
    images = {key: images_or_none(run) for key, run in sets.items()}
    statuses = {key: classifier_of(run, images[key]) for key, run in sets.items()}
    for slot, run in shown.items():
        key = images_key(run)
        with below[slot]:
            views.figures(run, images[key], statuses[key])
    views.caption(list(shown.values()), [(found, statuses[key]) for key, found in images.items() if found is not None])
    for number, (key, run) in enumerate(sets.items()):
        found, job = images[key], statuses[key].job
        if found is None:
            images_of(run, f"planes_data_{number}", "Until then its plane has no points and no figures.")
            continue
        say_changes(found, run)
        if job is not None:
            training(run, found, job, key=f"planes_retry_{number}")
