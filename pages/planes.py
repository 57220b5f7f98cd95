"""Planes: the latent spaces of all families side by side, where two dimensions are all there is."""

from __future__ import annotations

import streamlit as st

from core import data
from core.runs import Run
from ui.components.latent.plane_key import plane_key
from ui.planes import inputs as choice
from ui.planes import views as parts
from ui.shared.classifier import classifier_of, training
from ui.shared.image_choice import images_of
from ui.shared.run_picker import damaged_runs


def images_here(run: Run) -> data.ImageSet | None:
    """The run's data set, or None where it cannot be had."""
    try:
        return data.load(run.recipe.dataset, run.recipe.folder)
    except data.DataError:
        return None


def grid(found: list[Run], shown: dict[str, Run | None]) -> dict[str, object]:
    """The planes with their samples; what is measured comes below, once all pictures are there."""
    below = {}
    with st.grid(4, min_column_width=252, gap="small", key="planes_grid"):
        for slot, run in shown.items():
            with st.container(gap="xsmall"):
                if run is None:
                    choice.missing(slot)
                    continue
                choice.pick(slot, run, found)
                parts.picture(slot, run)
                below[slot] = st.container(gap="xxsmall")
    return below


def measured(shown: dict[str, Run], below: dict[str, object]) -> None:
    """Figures below each plane, what there is to see, and what the classifier or a data set still needs."""
    sets = {(run.recipe.dataset, run.recipe.folder): run for run in shown.values()}
    here = {place: images_here(run) for place, run in sets.items()}
    classifiers = {place: classifier_of(sets[place], images) for place, images in here.items()}
    for slot, run in shown.items():
        place = (run.recipe.dataset, run.recipe.folder)
        with below[slot]:
            parts.figures(run, here[place], classifiers[place])
    parts.explain([(here[place], classifiers[place]) for place in sets if here[place] is not None])
    for number, (place, run) in enumerate(sets.items()):
        if here[place] is None:
            images_of(run, f"planes_data_{number}", "Until then its plane has no points and no figures.")
        elif (job := classifiers[place].job) is not None:
            training(run, here[place], job, key=f"planes_retry_{number}")


flat = choice.flat_runs()
with st.container(gap=None):  # the planes belong on the first screen of a laptop
    head, tools = st.columns([1, 2], vertical_alignment="center")
    head.title("Planes", anchor=False)
    st.markdown(
        "Four ways to learn a latent space, with two numbers each: everything a model knows lies on one plane. "
        "Move over one, and all show the picture of the same z."
    )
chosen = choice.settle(flat)
trained = {slot: run for slot, run in chosen.items() if run is not None}
with tools, st.container(horizontal=True, gap="small", vertical_alignment="center"):
    if trained:
        parts.toolbar(list(trained))
    if len(lacking := choice.lacking(chosen)) > 1:
        st.button(
            f"Train the {len(lacking)} that are missing",
            key="planes_train_all",
            on_click=choice.train,
            args=(lacking,),
            type="secondary" if trained else "primary",
            icon=":material/play_arrow:",
            help="Puts their recipes into the queue, on the digits; one after the other, about a minute each.",
        )
if trained:
    classes = {
        f"{run.recipe.dataset}|{run.recipe.folder}": images.classes
        for run in trained.values()
        if (images := images_here(run)) is not None and len(images.classes) > 1
    }
    plane_key(
        key="planes_key",
        classes=classes,
        titles={place: data.SOURCES[place.split("|", 1)[0]].title for place in classes},
    )
places = grid(flat, chosen)
if trained:
    measured(trained, places)
    parts.depth([loaded for run in trained.values() if (loaded := parts.loaded_or_none(run)) is not None])
damaged_runs()
