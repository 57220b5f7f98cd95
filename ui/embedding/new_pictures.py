"""New pictures on a finished map: drawn, uploaded, test images or samples, placed by the same encoder."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.embedding import inputs, neighbours, placing
from core.jobs import embedding as jobs_embedding
from core.latent import pca
from core.system import cache
from ui.components.embedding.map_view import Placed
from ui.embedding.board import EmbeddingView, ViewState
from ui.embedding.selection import model_of
from ui.shared import address, image_choice
from ui.shared.encode import encode
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick, note
from ui.shared.image_picker import choose
from ui.shared.searches import visitor, wait_for

MOST = 4
"""Pictures on a map at a time; a further one takes the place of the oldest."""

PARAMETER, BETWEEN = "placed", "~"
"""Name in the address, and what lies between the texts of two pictures."""

VOTES = 10
"""Nearest images whose classes are counted."""


def controls(view: EmbeddingView) -> None:
    """The button that opens the picker of images."""
    loaded = model_of(view)
    if loaded is None or view.run is None:
        return
    choose(
        "map_picker",
        view.subset.images,
        st.session_state.setdefault("map_new_pick", {}),
        loaded=loaded,
        label="Place a picture",
        use="Place it on the map",
        about="A test image that is on the map already is placed beside itself.",
        on_pick=lambda pick: _add(view, pick),
    )


def _add(view: EmbeddingView, pick: Pick) -> None:
    picks = _picks(view)
    picks[:] = [*picks, pick][-MOST:]


def _picks(view: EmbeddingView) -> list[Pick]:
    """The pictures that this visitor has placed on maps of the run, to read and to change."""
    assert view.run is not None
    every: dict[object, list[Pick]] = st.session_state.setdefault("map_placed", {})
    return every.setdefault(image_choice.images_key(view.run), [])


def read_address(view: EmbeddingView) -> None:
    """Take over the pictures that the address names; those that do not exist are left out with a message."""
    asked = address.get(PARAMETER)
    if view.run is None or asked is None or asked == st.session_state.get("map_placed_written"):
        return
    texts = asked.split(BETWEEN)[:MOST]
    found = [image_choice.parse(text, view.subset.images, view.run.recipe.shape) for text in texts]
    _picks(view)[:] = [pick for pick in found if pick is not None]
    if None in found:
        address.warn("The address names a picture on the map that does not exist. It is left out.")


def write_address(view: EmbeddingView) -> None:
    """Write the placed pictures into the address; one that is too large for it is left out."""
    texts = [text for pick in _picks(view) if (text := pick.text()) is not None] if view.run else []
    text = BETWEEN.join(texts) or None
    address.put(PARAMETER, text)
    st.session_state["map_placed_written"] = text


def placed(view: EmbeddingView, state: ViewState) -> list[Placed]:
    """The pictures with their places on a map; none while it is being computed. What they are near is said in a line
    each, with a button that takes them off the map."""
    loaded = model_of(view)
    picks = _picks(view) if view.run else []
    if loaded is None or not picks or state.state in ("forming", "left"):
        return []
    images = view.subset.images
    picks[:] = [pick for pick in picks if image_choice.exists(pick, images)]
    pictures = [np.asarray(image_choice.pixels(pick, images, loaded)) for pick in picks]
    new = np.stack(pictures)
    x = loaded.model.style(encode(loaded, new)) if view.settings.source == "latents" else inputs.pixels(new)
    near, distances = neighbours.of_new(view.x, x, placing.NEIGHBOURS)
    lines = [
        _votes(place, pick, row, view, images) for place, (pick, row) in enumerate(zip(picks, near, strict=True), 1)
    ]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="map_new"):
        st.caption("  \n".join(lines), width="stretch")
        st.button(
            "Remove",
            key="map_new_clear",
            on_click=picks.clear,
            help="Takes the new pictures off the map.",
        )
    xy = _places(view, state, x, near, distances)
    return [] if xy is None else [Placed(at, picture) for at, picture in zip(xy, pictures, strict=True)]


def _places(
    view: EmbeddingView, state: ViewState, x: np.ndarray, near: np.ndarray, distances: np.ndarray
) -> np.ndarray | None:
    """Positions [m, 2] on the map shown; None where they could not be computed, with the reason on the page."""
    if view.settings.method == "pca" or state.state in ("none", "failed"):
        return pca.fit(view.x, 2).transform(x)
    if view.settings.method == "umap":
        return placing.at_neighbours(state.xy, near)
    key = cache.digest(view.key, str(state.iteration), np.ascontiguousarray(x))
    with st.spinner("Placing the picture …"):
        job = jobs_embedding.place(key, np.asarray(state.xy, np.float64), near, distances, view.backend, visitor())
        wait_for([job], lambda: None)
    if job.found is None:
        st.warning(escape_markdown(job.message or "The picture could not be placed. Try it again."))
    return job.found


def _votes(place: int, pick: Pick, near: np.ndarray, view: EmbeddingView, images: ImageSet) -> str:
    """What a new picture's nearest images in the input are: `1: your drawing. 7 of its 10 nearest images are 3.`"""
    lead = f"**{place}**: {escape_markdown(note(pick, images))}."
    labels = view.subset.labels[near[:VOTES]]
    known = labels[labels >= 0]
    if not len(known):
        return lead
    most = int(np.bincount(known).argmax())
    where = "in z" if view.settings.source == "latents" else "in the pixels"
    name = escape_markdown(images.classes[most])
    return f"{lead} {int((labels == most).sum())} of its {len(labels)} nearest images {where} are **{name}**."
