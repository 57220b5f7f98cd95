"""Planes page: two-dimensional latent spaces of several models, and how q(z) fits the prior in each."""

from __future__ import annotations

import streamlit as st

from core.runs import Run
from ui.components.latent.plane_key import plane_key
from ui.planes import inputs, measures, missing, views
from ui.planes.explain import explain
from ui.planes.inputs import slots
from ui.planes.place import Plane, choose_scale, plane_or_none
from ui.shared import address
from ui.shared.image_choice import ImagesKey, images_key
from ui.shared.page import images_of, page_head, say_changes
from ui.shared.pointer import touch_or
from ui.shared.run_menu import runs_menu
from ui.shared.run_picker import damaged_runs


def page() -> None:
    """The whole page."""
    address.check_names((*slots(), "runs", *inputs.BROWSER_NAMES, "seed", "draw", "class", "scale"))
    found = inputs.flat_runs()
    chosen = inputs.settle(found)
    inputs.check_browser_names(chosen)
    absent = missing.missing_families(found)
    with page_head(
        "Planes",
        "Where does each model put the training images, and does that match the prior N(0, I)? "
        f"{touch_or('Tap', 'Point at')} one, and every plane marks it.",
        widths=(1, 5),
        terms=("prior",),
    ):
        toolbar = st.container(horizontal=True, gap="small", vertical_alignment="center")
    with toolbar:
        if found:
            inputs.picker(found)
            if chosen:
                runs_menu(chosen, "planes_menu_", page="planes")
            inputs.class_picker(chosen)
            plane_key(key="planes_key")
        missing.train_all_button(absent, primary=not found)
    inputs.keep(chosen)
    differ = choose_scale(chosen)
    shown = [plane for run in chosen if (plane := plane_or_none(run)) is not None]
    titles = inputs.titles(chosen)
    views.hero(shown, titles, absent, differ)
    if shown:
        measures.measures(shown, titles)
        views.samples(shown, titles)
        measures.histograms(shown, titles)
        explain(shown, titles)
    _data_sets(shown)
    damaged_runs()


def _data_sets(shown: list[Plane]) -> None:
    """What is missing of the runs' images, or has changed since the training."""
    sets: dict[ImagesKey, Run] = {images_key(plane.run): plane.run for plane in shown}
    present = {images_key(plane.run): plane.images for plane in shown if plane.images is not None}
    for number, (key, run) in enumerate(sets.items()):
        if key in present:
            say_changes(present[key], run)
        else:
            images_of(run, f"planes_data_{number}", "Until then its plane has no points and no figures.")
