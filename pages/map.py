"""Map: many images at once, each where its neighbours are."""

from __future__ import annotations

import streamlit as st

from core.data import ImageSet
from core.embedding import inputs
from core.embedding import settings as embedding_settings
from core.embedding.settings import EmbeddingError
from core.jobs import embedding as jobs_embedding
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from ui.components.embedding.map_sheet import map_sheet
from ui.embedding import board as parts
from ui.embedding import inputs as choice
from ui.embedding.explain import depth
from ui.embedding.measures import measures
from ui.embedding.pitfalls import lessons
from ui.embedding.selection import details, leave
from ui.shared.formatting import escape_markdown
from ui.shared.run_picker import NO_PLACE, damaged_runs, pick_run, places_images


def page(run: Run) -> None:
    """Everything below the head, for one trained run."""
    jobs_embedding.warm()
    choice.adopt_address()
    if (images := parts.images_of(run)) is None:
        return
    by = embedding_settings.default_backend()
    other = choice.second_run(run) if st.session_state.get("map_second") else None
    recipes = shown_together(images, run, other)
    count = inputs.count_available(images, *recipes)
    try:
        choice.prepare("", count, by)
        settings = choice.settings_of("", count)
    except EmbeddingError as error:
        st.warning(escape_markdown(str(error)))
        return
    pool = parts.pool_of(images, settings.n, *recipes)
    try:
        slots = [parts.slot("", run, pool, settings, by)]
    except RunError as error:
        parts.broken(error)
        return
    leave(slots[0])
    row = st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_controls")
    second = None
    if st.session_state.get("map_second"):
        second = second_slot(run, other, pool, count, by)
        slots += [second] if second else []
    for slot in slots:
        if st.session_state.pop(f"map_go{slot.suffix}", False):
            slot.start()
    now = [parts.shown(slot) for slot in slots]
    with row:
        choice.main_controls(count)
        parts.button(slots[0], now[0])
        parts.downloads(list(zip(slots, now, strict=True)))
        st.toggle(
            "Second map",
            key="map_second",
            persist_state="session",
            help="Another map beside this one: of another run, of the raw pixels, or with another perplexity.",
        )
    choice.write_address({slot.suffix: slot.settings for slot in slots}, other.name if second and other else None)
    failed = [shown.note for shown in now if shown.state == "failed"]
    for note in failed:
        st.error(escape_markdown(note))
    if by != "openTSNE":
        st.caption(
            "openTSNE is not installed on this computer, so scikit-learn forms the maps: it takes several "
            "times as long, shows nothing before the end, and a stopped map begins anew."
        )
    left, right = st.columns([1, 1] if second else [3, 2], gap="medium" if second else "large")
    with left:
        parts.board(slots[0], now[0])
    with right:
        if second:
            parts.board(slots[1], now[1])
            if second.pool.name != pool.name:
                st.caption("The second map shows other images, so pointer and selection are not linked.")
            elif len(recipes) > 1 and other.recipe.decoder_only and not run.recipe.decoder_only:
                st.caption(
                    f"Both maps show images that {escape_markdown(other.name)} was trained on. It has no encoder: it "
                    "knows where these lie, and would have to search a while for the place of any other image."
                )
        else:
            details(slots)
    if second:
        details(slots)
    for one in {slot.pool.name: slot.pool for slot in slots}.values():
        pictures(one)
    measures(slots, now)
    lessons(slots[0])
    depth(slots[0], now[0])


def shown_together(images: ImageSet, run: Run, other: Run | None) -> tuple[Recipe, ...]:
    """Recipes of the runs whose latents are to be seen of the same images: of one, or of both where that can be."""
    both = (run.recipe, other.recipe) if other else (run.recipe,)
    latents = (st.session_state.get("map_source2") or "latents") == "latents"
    alike = other is not None and latents and _data_of(other) == _data_of(run)
    return both if alike and inputs.count_available(images, *both) >= embedding_settings.MIN_IMAGES else both[:1]


def second_slot(
    run: Run, other: Run | None, pool: parts.ImageSubset, count: int, by: str
) -> parts.EmbeddingView | None:
    """The second map with its row of controls; None, with the reason on the page, where it cannot be had."""
    row = st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_controls2")
    choice.prepare("2", count, by)
    with row:
        choice.second_controls()
    try:
        images, settings = pool.images, choice.settings_of("2", count)
        if settings.source == "latents" and other and not _placed(run, other, pool):
            if _data_of(other) != _data_of(run) and (images := parts.images_of(other)) is None:
                return None
            settings = choice.settings_of("2", inputs.count_available(images, other.recipe))
            pool = parts.pool_of(images, settings.n, other.recipe)
        slot = parts.slot("2", other, pool, settings, by)
    except (RunError, EmbeddingError) as error:
        st.warning(escape_markdown(str(error)))
        return None
    with row:
        parts.button(slot, parts.shown(slot))
    return slot


def _placed(run: Run, other: Run, pool: parts.ImageSubset) -> bool:
    """Whether the other run says where the first one's images lie, without a search."""
    return _data_of(other) == _data_of(run) and (
        not other.recipe.decoder_only or inputs.table_rows(pool.images, pool.ids, other.recipe) is not None
    )


def _data_of(run: Run) -> tuple[str, str]:
    return run.recipe.dataset, run.recipe.folder


@st.fragment
def pictures(pool: parts.ImageSubset) -> None:
    """Hands the images to the browser when it asks for them."""
    map_sheet(
        key=f"map_sheet_{pool.name}",
        pool=pool.name,
        ids=pool.ids,
        tests=len(pool.images.test_images),
        images=lambda: pool.pictures,
    )


with st.container(gap=None, key="map_head"):  # the map belongs on the first screen of a laptop
    head, box = st.columns([1, 1], vertical_alignment="center")
    head.title("Map", anchor=False)
    with box:
        chosen = pick_run("run", fits=places_images, unfit=NO_PLACE)
    st.markdown(
        "Every image is a point, and images that are alike lie together. See which kinds the model tells "
        "apart, and which it takes for the same."
    )
if chosen:
    page(chosen)
damaged_runs()
