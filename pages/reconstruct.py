"""Reconstruct: find the place of one image in several models, from all of it or from what is visible."""

from __future__ import annotations

import streamlit as st

from core.images import masks
from core.runs import Run, RunError
from ui.reconstruct import cards as parts
from ui.reconstruct import inputs as choice
from ui.reconstruct import settings as search
from ui.reconstruct.explain import depth
from ui.reconstruct.inpainting_sweep import sweep
from ui.shared import image_choice
from ui.shared.formatting import escape_markdown
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel, load
from ui.shared.run_picker import damaged_runs


def load_all(runs: list[Run]) -> list[tuple[Run, LoadedModel]]:
    """The models that can be loaded; of the others it says why not."""
    found = []
    for run in runs:
        try:
            found.append((run, load(run)))
        except RunError as error:
            st.error(escape_markdown(str(error)))
    return found


def page(runs: list[Run]) -> None:
    """Everything below the head, for one run or more."""
    models = load_all(runs)
    if not models:
        st.info("None of these models can be used. Choose another one above, or train one.")
        if st.button("Choose what to train", key="reconstruct_train", type="primary", help="Opens Train."):
            st.switch_page("pages/train.py")
        return
    run, loaded = models[0]
    images = image_choice.images_of(run, "reconstruct_data", "Until then, draw, upload or invent an image.")
    here = image_choice.picks("reconstruct", run, images, {"image": choice.first_pick(images)})
    choice.read_hiding()
    search.read()
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="reconstruct_controls"):
        choose("reconstruct_pick", images, here, loaded=loaded, primary=True, reconstruct=False)
        if images is not None and len(images.test_images) > 1:
            st.button(
                "Random",
                key="reconstruct_random",
                on_click=choice.another(here, images, False),
                icon=":material/casino:",
                help="Any image of the test set.",
            )
            if image_choice.label_of(here["image"], images) is not None:
                st.button(
                    "Same class",
                    key="reconstruct_same",
                    on_click=choice.another(here, images, True),
                    help="Another image of the same class.",
                )
        settings = search.options([h for _, h in models])
        hides = choice.hide_switch()
        with st.container(height=44, border=False, key="reconstruct_status", vertical_alignment="center"):
            status = st.empty()
    image, note = image_choice.pixels(here["image"], images, loaded), image_choice.note(here["image"], images)
    if hides:
        left, right = st.columns([32, 86], gap="medium")
        with left:
            visible = choice.hide_panel(image, any(h.model.encoder is not None for _, h in models), images is not None)
        choice.write_hiding(visible)
    else:
        right, visible = st.container(), masks.whole()
        choice.write_hiding(visible)
    with right:
        found = parts.hero(models, image, note, visible, settings, images, status)
    sweep(models, settings, images)
    depth(found)


with st.container(gap=None, key="reconstruct_head"):  # pictures and scrubber belong on the first screen of a laptop
    head, box = st.columns([1, 2], vertical_alignment="center")
    head.title("Reconstruct", anchor=False)
    with box:
        chosen = choice.models()
    st.markdown(
        "An encoder says in one pass where an image lies. Without one the place is searched for, which works "
        "even when part of the image is hidden."
    )
if chosen:
    page(chosen)
elif chosen is not None:
    st.info("Choose at least one model above.")
    st.button(
        "One of each family",
        key="reconstruct_each",
        type="primary",
        on_click=choice.choose_first,
        help="Chooses the newest model of each family.",
    )
damaged_runs()
