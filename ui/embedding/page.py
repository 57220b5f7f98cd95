"""Map page: thousands of images on a plane, by t-SNE or PCA of their latents or their pixels."""

from __future__ import annotations

import streamlit as st

from core.data import ImageSet
from core.embedding import inputs as embedding_inputs
from core.embedding import settings as embedding_settings
from core.embedding.settings import EmbeddingError
from core.jobs import embedding as jobs_embedding
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from ui.components.embedding.map_sheet import map_sheet
from ui.embedding import board, colours, inputs, new_pictures, raw_pixels
from ui.embedding.board import EmbeddingView
from ui.embedding.explain import explain
from ui.embedding.measures import measures
from ui.embedding.pitfalls import LESSON, pitfalls
from ui.embedding.selection import details, follow_link
from ui.embedding.subset import ImageSubset, subset_of
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import images_key
from ui.shared.page import images_of, page_head
from ui.shared.run_picker import NO_PLACE, damaged_runs, pick_run, places_images

NEEDS_IMAGES = "A map needs the images of the data set."

WITHOUT_MODEL = "map_without_model"
"""Key in the session state: raw pixels are shown since there is no model yet. The first model brings its latents."""


def page() -> None:
    """The whole page."""
    own = (colours.CLASS.name, new_pictures.PARAMETER, raw_pixels.SET.name, LESSON.name)
    address.check_names(("run", *inputs.PARAMETERS, *inputs.IN_BROWSER, *own))
    with page_head(
        "Map",
        "Each point is an image, and similar images lie close together. See which classes the model separates and "
        "which it confuses.",
        key="map_head",
    ) as head:
        run = pick_run("run", fits=places_images, unfit=NO_PLACE, images=True, here="map", head=head)
    images = raw_pixels.images() if run is None else images_of(run, "map_data", NEEDS_IMAGES, primary=True)
    if images is not None:
        _content(run, images)
    damaged_runs()


def _content(run: Run | None, images: ImageSet) -> None:
    """Everything below the head, for one trained run, or for the raw pixels where there is none."""
    jobs_embedding.warm()
    if run is not None and st.session_state.pop(WITHOUT_MODEL, False):
        st.session_state["map_source"] = "latents"
    inputs.read_address()
    if run is None:
        st.session_state["map_source"], st.session_state["map_second"] = "pixels", False
        st.session_state[WITHOUT_MODEL] = True
    backend = embedding_settings.default_backend()
    other = inputs.second_run(run) if run and st.session_state.get("map_second") else None
    recipes = _recipes_on_one_subset(images, run, other)
    count = embedding_inputs.count_available(images, *recipes)
    try:
        inputs.prepare("", count, backend)
        settings = inputs.settings_of("", count)
        subset = subset_of(images, settings.n, *recipes)
        first = board.view_of("", run, subset, settings, backend)
    except EmbeddingError as error:
        st.warning(escape_markdown(str(error)))
        return
    except RunError as error:
        board.broken(error)
        return
    follow_link(first)
    new_pictures.read_address(first)
    if run and st.session_state.get("map_second"):
        views, states = _two_maps(first, run, other, recipes, count)
    else:
        views, states = _one_map(first, count)
    second = views[1].run if len(views) > 1 else None
    inputs.write_address({view.suffix: view.settings for view in views}, second.name if second else None)
    new_pictures.write_address(first)
    for one in {view.subset.name: view.subset for view in views}.values():
        _send_pictures(one)
    if any(view.run and view.run.recipe.family.conditional and view.settings.source == "latents" for view in views):
        st.caption(
            "A model that is told the class need not keep it in z: its map is one of styles, on which the classes lie "
            "on top of each other."
        )
    pitfalls(views[0])
    explain(views[0], states[0])


def _state(view: EmbeddingView) -> board.ViewState:
    """The state of a map, after it was started where a click asked for that."""
    if st.session_state.pop(f"map_go{view.suffix}", False):
        view.start()
    return board.state_of(view)


def _problems(states: list[board.ViewState], backend: str) -> None:
    """Why a map could not be computed, and what the maps lack without openTSNE."""
    for state in states:
        if state.state == "failed":
            st.error(escape_markdown(state.note))
    if backend != "openTSNE":
        st.caption(
            "openTSNE is not installed on this computer, so scikit-learn computes the maps. It takes several times as "
            "long, shows nothing before the end, and a stopped map starts from the beginning."
        )


def _second_toggle() -> None:
    st.toggle(
        "Second map",
        key="map_second",
        persist_state="session",
        help="Shows another map beside this one: of another run, of the raw pixels, or with another perplexity.",
    )


def _one_map(view: EmbeddingView, count: int) -> tuple[list[EmbeddingView], list[board.ViewState]]:
    """The map as high as the screen; beside it its controls, the selection and the measures."""
    state = _state(view)
    left, right = st.columns([5, 3], gap="medium")
    with right:
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_controls"):
            inputs.main_controls(count, with_model=view.run is not None)
            board.button(view, state)
        _problems([state], view.backend)
        board.newer_weights([view])
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="map_colours"):
            with st.container(width=220):
                colour = colours.choose(view)
            new_pictures.controls(view)
            board.downloads([(view, state)])
            if view.run is not None:
                _second_toggle()
        colours.wait(view, state, colour)
        placed = new_pictures.placed(view, state)
        details([view])
        measures([view], [state])
    with left:
        board.board(view, state, False, colours.values_of(view, state, colour), placed)
    return [view], [state]


def _two_maps(
    first: EmbeddingView, run: Run, other: Run | None, recipes: tuple[Recipe, ...], count: int
) -> tuple[list[EmbeddingView], list[board.ViewState]]:
    """Two maps side by side, each below its own controls; what both share above, the selection below."""
    inputs.prepare("2", count, first.backend)  # before the widgets of the first map, whose settings both share
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="map_colours"):
        with st.container(width=220):
            colour = colours.choose(first)
        new_pictures.controls(first)
        download = st.container(width="content")
        _second_toggle()
    left, right = st.columns(2, gap="medium")
    state = _state(first)
    with left, st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_controls"):
        inputs.main_controls(count)
        board.button(first, state)
    with right:
        second = _second_view(run, other, first.subset, count, first.backend)
    views = [first, *([second] if second else [])]
    states = [state, *([_state(second)] if second else [])]
    with download:
        board.downloads(list(zip(views, states, strict=True)))
    _problems(states, first.backend)
    board.newer_weights(views)
    colours.wait(first, state, colour)
    with left:
        board.board(first, state, True, colours.values_of(first, state, colour), new_pictures.placed(first, state))
    if second:
        with right:
            board.board(second, states[1], True, colours.values_of(second, states[1], colour))
            _say_images(first, second, run, other if len(recipes) > 1 else None)
    details(views)
    measures(views, states)
    return views, states


def _say_images(first: EmbeddingView, second: EmbeddingView, run: Run, same_subset: Run | None) -> None:
    """Which images the two maps show, where that is not plain.

    Args:
        same_subset: the second run, where its latents are shown of the same images.
    """
    if second.subset.name != first.subset.name:
        st.caption("The second map shows other images, so pointer and selection are not linked.")
    elif same_subset is not None and not same_subset.recipe.has_encoder and run.recipe.has_encoder:
        st.caption(
            f"Both maps show training images of {escape_markdown(same_subset.name)}. This model has no encoder: it "
            "has latents of its training images, and would need a search for any other image."
        )


def _recipes_on_one_subset(images: ImageSet, run: Run | None, other: Run | None) -> tuple[Recipe, ...]:
    """Recipes of the runs whose latents are shown for the same images: of both runs where that is possible, else of the
    first one."""
    if run is None:
        return ()
    if other is not None and (st.session_state.get("map_source2") or "latents") == "latents":
        both = (run.recipe, other.recipe)
        enough = embedding_inputs.count_available(images, *both) >= embedding_settings.MIN_IMAGES
        if images_key(other) == images_key(run) and enough:
            return both
    return (run.recipe,)


def _second_view(run: Run, other: Run | None, subset: ImageSubset, count: int, backend: str) -> EmbeddingView | None:
    """The second map with its row of controls; None, with the reason on the page, where it is not possible."""
    row = st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_controls2")
    with row:
        inputs.second_controls()
    try:
        images, settings = subset.images, inputs.settings_of("2", count)
        if settings.source == "latents" and other and not _has_latents(run, other, subset):
            if images_key(other) != images_key(run):
                if (found := images_of(other, "map_data2", NEEDS_IMAGES)) is None:
                    return None
                images = found
            settings = inputs.settings_of("2", embedding_inputs.count_available(images, other.recipe))
            subset = subset_of(images, settings.n, other.recipe)
        view = board.view_of("2", other, subset, settings, backend)
    except (RunError, EmbeddingError) as error:
        st.warning(escape_markdown(str(error)))
        return None
    with row:
        board.button(view, _state(view))
    return view


def _has_latents(run: Run, other: Run, subset: ImageSubset) -> bool:
    """Whether the other run has latents of the first run's images without a search."""
    return images_key(other) == images_key(run) and (
        other.recipe.has_encoder or embedding_inputs.table_rows(subset.images, subset.ids, other.recipe) is not None
    )


@st.fragment
def _send_pictures(subset: ImageSubset) -> None:
    """Sends the images to the browser when it asks for them."""
    map_sheet(
        key=f"map_sheet_{subset.name}",
        pool=subset.name,
        ids=subset.ids,
        tests=len(subset.images.test_images),
        images=lambda: subset.pictures,
    )
