"""Reconstruct page: one image encoded and decoded by several models, from all of its pixels or the visible ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data import ImageSet
from core.images import masks
from core.jobs import search
from core.recipes.family import FAMILIES
from core.runs import Run, RunError
from ui.reconstruct import completions, inputs, mask, settings
from ui.reconstruct.cards import cards
from ui.reconstruct.explain import explain
from ui.reconstruct.inpainting_sweep import sweep
from ui.shared import address, image_choice
from ui.shared.family_names import spelled_out
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import images_of, open_page, page_head
from ui.shared.run_picker import damaged_runs

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from ui.reconstruct.settings import Settings

BESIDE = (224, 880)
"""Widths of the hidden picture and of the models' answers beside it: on a laptop the screen pixels of both, so that a
picture of 28 pixels is 8 times as large and the answers of one model of each kind stand in one line."""


def page() -> None:
    """The whole page."""
    address.check_names(("run", "runs", "image", "hide", *settings.ALLOWED, *completions.NAMES))
    searched = " and ".join(spelled_out(f for f in FAMILIES.values() if not f.encoder and not f.adversarial))
    with page_head(
        "Reconstruct",
        "An encoder computes the latent vector of an image in one pass (amortisation). Without an encoder, as in the "
        f"{searched}, a search finds it. The search also works when part of the image is hidden.",
        key="reconstruct_head",
        terms=("latent", "amortisation"),
        widths=(1, 4),
    ):
        runs = inputs.choose_models()
    if runs:
        _content(runs)
    elif runs is not None:
        st.info("Choose at least one model above.")
        st.button(
            "One of each kind",
            key="reconstruct_each",
            type="primary",
            on_click=inputs.choose_first,
            help="Chooses the newest model of each kind.",
        )
    damaged_runs()


def _content(runs: list[Run]) -> None:
    """Everything below the head, for one chosen run or more."""
    models = _comparable(_load_all(runs))
    if not models:
        st.info("None of these models can be used. Choose another one above, or train one.")
        if st.button("Choose what to train", key="reconstruct_train", type="primary", help="Opens the Train page."):
            open_page("train")
        return
    if not st.session_state.setdefault("reconstruct_warm", False):
        st.session_state["reconstruct_warm"] = True
        search.warm()  # its process imports torch while the page is drawn
    run, loaded = models[0]
    shape = run.recipe.shape
    images = images_of(run, "reconstruct_data", "Until then you can draw or upload an image, or take a sample.")
    picks = image_choice.picks("reconstruct", run, images, {"image": inputs.first_pick(images)})
    mask.read_address(shape)
    settings.read_address()
    options, hides, status = _controls(models, images, picks)
    image, note = image_choice.pixels(picks["image"], images, loaded), image_choice.note(picks["image"], images)
    if hides:
        has_encoder = any(loaded.model.encoder is not None for _, loaded in models)
        mask.panel(shape, has_encoder=has_encoder, has_mean=images is not None)
        left, right = st.columns(BESIDE, gap="small")
        with left:
            visible = mask.brush(image)
    else:
        right, visible = st.container(), masks.whole(shape)
    mask.write_address(visible)
    with right:
        label = image_choice.label_of(picks["image"], images)
        found = cards(models, image, note, visible, options, images, status, label)
        inputs.offer_same_size([run for run, _ in models])
    several = st.container()  # filled last: its searches take longer than the rest of the page
    sweep(models, options, images)
    explain(found)
    if not visible.all():
        with several:
            completions.section(models, image, visible, options)


def _controls(
    models: list[tuple[Run, LoadedModel]], images: ImageSet | None, picks: dict[str, Pick]
) -> tuple[Settings, bool, DeltaGenerator]:
    """The row of controls. Returns the settings of the search, whether part of the image is hidden, and an empty
    placeholder for the progress."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="reconstruct_controls"):
        fastest = next((loaded for _, loaded in models if loaded.model.encoder is not None), models[0][1])
        choose("reconstruct_pick", images, picks, loaded=models[0][1], primary=True, answering=fastest)
        if images is not None and len(images.test_images) > 1:
            st.button(
                "Random",
                key="reconstruct_random",
                on_click=inputs.draw_another(picks, images, same_class=False),
                icon=":material/casino:",
                help="A random image of the test set.",
            )
            if image_choice.label_of(picks["image"], images) is not None:
                st.button(
                    "Same class",
                    key="reconstruct_same",
                    on_click=inputs.draw_another(picks, images, same_class=True),
                    help="Another test image of the same class.",
                )
        options = settings.popover([loaded for _, loaded in models])
        hides = mask.switch()
        with st.container(key="reconstruct_status", vertical_alignment="center"):
            status = st.empty()
    return options, hides, status


def _load_all(runs: list[Run]) -> list[tuple[Run, LoadedModel]]:
    """The models that can be loaded; for each of the others an error on the page."""
    models = []
    for run in runs:
        try:
            models.append((run, load(run)))
        except RunError as error:
            st.error(escape_markdown(str(error)))
    return models


def _comparable(models: list[tuple[Run, LoadedModel]]) -> list[tuple[Run, LoadedModel]]:
    """The models that take images of the first one's shape; a warning names the others."""
    if not models:
        return []
    shape = models[0][0].recipe.shape
    others = [run for run, _ in models if run.recipe.shape != shape]
    if others:
        names = ", ".join(f"{escape_markdown(run.name)} ({run.recipe.shape})" for run in others)
        st.warning(
            "Models with different image shapes cannot reconstruct the same image. You see the models with the shape "
            f"of the first one ({shape}); left out: {names}."
        )
    return [(run, loaded) for run, loaded in models if run.recipe.shape == shape]
