"""The one place where an image is chosen: a test image from the gallery, drawn, uploaded, or invented by the model."""

from __future__ import annotations

import math
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.convert import ImageError, from_file
from core.latent import codec, sampling
from ui.components.drawing.draw import draw, set_drawing
from ui.components.gallery.gallery import gallery
from ui.components.page.make_room import make_room
from ui.shared import image_choice
from ui.shared.encode import encode
from ui.shared.image_choice import Pick, note
from ui.shared.model_cache import LoadedModel
from ui.shared.still_image import still

PAGE = 24
"""Thumbnails at once."""

WIDTH = 600
"""Screen pixels: the picker keeps its width whatever it shows, and the thumbnails fill three rows."""

SOURCES = {"test": "Test images", "drawn": "Draw", "file": "Upload", "seed": "Invent"}


@dataclass(frozen=True)
class _Picker:
    """What all parts of an open picker need to know."""

    key: str
    images: ImageSet | None
    here: MutableMapping[str, Pick]
    slot: str
    held: LoadedModel | None
    use: str
    about: str
    answers: bool
    on_pick: Callable[[Pick], None] | None

    def take(self, pick: Pick) -> None:
        """Chosen: the picker closes, since the pictures behind it are what matters now."""
        self.here[self.slot] = pick
        st.session_state[self.key] = False
        st.session_state[f"{self.key}_taken"] = True
        if self.on_pick:
            self.on_pick(pick)

    def answer(self, picture: np.ndarray) -> np.ndarray:
        """The model's reconstruction at the mean μ, `uint8` [28, 28]."""
        return codec.decode(self.held.model, encode(self.held, picture[None]))[0]


def choose(
    key: str,
    images: ImageSet | Callable[[], ImageSet | None] | None,
    here: MutableMapping[str, Pick],
    slot: str = "image",
    *,
    held: LoadedModel | None = None,
    label: str = "Choose an image",
    use: str = "Use it",
    about: str = "",
    primary: bool = False,
    invent: bool = True,
    answers: bool = True,
    on_pick: Callable[[Pick], None] | None = None,
) -> Pick | None:
    """A button that opens the picker; what is picked there is in `here[slot]` before the page runs again.

    Args:
        key: of the button; the widgets of the picker begin with it.
        images: the data set whose test images can be clicked, or None; a function is asked only once the picker is
            open, and what it says on the page stands in the picker.
        here: this visitor's choices, as `image_choice.picks` keeps them.
        held: the model that invents pictures and answers drawings; None: it does neither.
        label: of the button. use: of the button that takes a drawn or uploaded picture. about: a line below the
            gallery.
        invent: whether the model may invent. answers: whether its reconstruction stands beside an own picture.
        on_pick: called with the new pick before the page runs again.
    Returns:
        The pick of now; None if there is none yet.
    """
    box = st.popover(
        label,
        key=key,
        on_change="rerun",
        icon=":material/image:",
        type="primary" if primary else "secondary",
        help="Click a thumbnail, draw, or bring your own picture"
        + (", or let the model invent one." if invent and held else "."),
    )
    if box.open:
        with box, st.container(width=WIDTH):
            found = images() if callable(images) else images
            picker = _Picker(key, found, here, slot, held, use, about, answers and held is not None, on_pick)
            _open(
                picker,
                [
                    source
                    for source in SOURCES
                    if (source != "test" or found is not None) and (source != "seed" or (invent and held is not None))
                ],
            )
            make_room(f"{key}_room")
    return here.get(slot)


@st.fragment
def _open(picker: _Picker, sources: list[str]) -> None:
    """A stroke, another class or another page redraw this part alone; a choice redraws the page."""
    if st.session_state.pop(f"{picker.key}_taken", False):
        st.rerun()
    name = f"{picker.key}_source"
    if st.session_state.get(name) not in sources:
        st.session_state[name] = sources[0]
    source = st.segmented_control(
        "Where from",
        sources,
        key=name,
        required=True,
        format_func=SOURCES.get,
        persist_state="session",
        label_visibility="collapsed",
        help="Where the image comes from.",
    )
    {"test": _gallery, "drawn": _drawing, "file": _upload, "seed": _invented}[source](picker)


def _gallery(picker: _Picker) -> None:
    images, key = picker.images, picker.key

    def random(among: np.ndarray) -> None:
        picker.take(Pick("test", int(image_choice.draws(key).choice(among))))

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        names = ["All classes", *images.classes]
        kind = st.selectbox(
            "Class",
            range(len(names)),
            key=f"{key}_class_{images.name}",
            width=170,
            format_func=lambda k: names[k],
            persist_state="session",
            help="Shows only images of this class.",
        )
        index = np.arange(len(images.test_images)) if kind == 0 else image_choice.members(images, kind - 1)
        last = max(1, math.ceil(len(index) / PAGE))
        st.session_state[f"{key}_page"] = min(st.session_state.get(f"{key}_page", 1), last)
        page = st.number_input(
            "Page",
            1,
            last,
            key=f"{key}_page",
            width=130,
            persist_state="session",
            help=f"{PAGE} images each; {last} pages.",
        )
        st.button(
            "Random",
            key=f"{key}_random",
            on_click=lambda: random(index),
            icon=":material/casino:",
            disabled=not len(index),
            help="Takes any image of this class, or of all.",
        )
    shown = index[(page - 1) * PAGE : page * PAGE]
    gallery(
        images.test_images[shown],
        [note(Pick("test", int(k)), images) for k in shown],
        f"{key}_gallery",
        name="Images of the test set",
        on_pick=lambda place: picker.take(Pick("test", int(shown[place]))),
    )
    if picker.about:
        st.caption(picker.about)


def _drawing(picker: _Picker) -> None:
    key = f"{picker.key}_drawing"
    drawn = draw(key=key, answer=picker.answer if picker.answers else None)
    now = picker.here.get(picker.slot)
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            picker.use,
            key=f"{picker.key}_use_drawing",
            type="primary",
            disabled=not drawn.any(),
            on_click=picker.take,
            args=(Pick("drawn", pixels=drawn.tobytes()),),
            help="Takes your drawing." if drawn.any() else "Draw something first.",
        )
        if now and image_choice.there(now, picker.images) and (now.kind != "seed" or picker.held):
            st.button(
                "Start from the image chosen now",
                key=f"{picker.key}_start",
                on_click=lambda: set_drawing(key, image_choice.pixels(now, picker.images, picker.held)),
                help="Puts that image on the surface, to change it. Undo brings your drawing back.",
            )


def _upload(picker: _Picker) -> None:
    file = st.file_uploader(
        "Your own picture",
        key=f"{picker.key}_file",
        max_upload_size=50,
        help="Any picture; it is turned to grey and fitted into 28 × 28 pixels. It stays on this "
        "computer and is gone after a reload.",
    )
    invert = st.checkbox(
        "Swap black and white",
        key=f"{picker.key}_invert",
        help="For ink on paper, where the model learned light on dark.",
    )
    if file is None:
        return
    try:
        own = from_file(file.getvalue())
    except ImageError as error:
        st.error(f"This file {error}.")
        return
    own = 255 - own if invert else own
    shown, words = [own], "Your picture in 28 × 28 pixels"
    if picker.answers:
        shown, words = [own, picker.answer(own)], f"{words}, and what the model makes of it"
    still(np.stack(shown), columns=2, scale=5, alt=words)
    st.caption(f"{words}.")
    st.button(
        picker.use,
        key=f"{picker.key}_use_file",
        type="primary",
        on_click=picker.take,
        args=(Pick("file", pixels=own.tobytes()),),
        help="Takes your picture.",
    )


def _invented(picker: _Picker) -> None:
    first = st.number_input(
        "First seed",
        0,
        999_999 - PAGE,
        1,
        step=PAGE,
        key=f"{picker.key}_seed",
        width=170,
        persist_state="session",
        help="The same seed gives the same invented picture.",
    )
    seeds = range(first, first + PAGE)
    gallery(
        _thumbnails(picker.held.name, first, _held=picker.held),
        [note(Pick("seed", seed), None) for seed in seeds],
        f"{picker.key}_inventions",
        name="Pictures invented by the model",
        on_pick=lambda place: picker.take(Pick("seed", seeds[place])),
    )
    st.caption("Draws of the model's prior (of a model without one: of the Gaussian fitted to its latents), decoded.")


@st.cache_data(max_entries=16, show_spinner=False)
def _thumbnails(name: str, first: int, _held: LoadedModel) -> np.ndarray:
    noise = [sampling.prior(1, _held.model.latent_dim, seed) for seed in range(first, first + PAGE)]
    return codec.decode(_held.model, sampling.sample_latents(_held.model, np.concatenate(noise)))
