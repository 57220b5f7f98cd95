"""Image picker: a popover in which a visitor clicks a test image, draws or uploads a picture, or takes a sample of the
model."""

from __future__ import annotations

import math
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.shape import ImageShape
from core.latent import codec, sampling
from ui.components.drawing.draw import Answer, draw, set_drawing
from ui.components.gallery.gallery import gallery
from ui.components.page.make_room import make_room
from ui.shared import image_choice, own_picture
from ui.shared.image_choice import Pick, note
from ui.shared.model_cache import LoadedModel
from ui.shared.own_picture import Fitting

THUMBNAILS = 24
"""Thumbnails on one page of the gallery."""

WIDTH = 600
"""Screen pixels: the picker keeps this width on all tabs, and the thumbnails fill three rows."""

TABS = {"test": "Test images", "drawn": "Draw", "file": "Upload", "seed": "Samples"}


@dataclass(frozen=True)
class _Picker:
    """Arguments shared by all parts of an open picker; see `choose`."""

    key: str
    images: ImageSet | None
    chosen: MutableMapping[str, Pick]
    name: str
    loaded: LoadedModel
    answering: LoadedModel
    use: str
    about: str
    reconstructs: bool
    on_pick: Callable[[Pick], None] | None

    @property
    def shape(self) -> ImageShape:
        """Shape of the images that can be chosen: the model's."""
        return self.loaded.shape

    def take(self, pick: Pick) -> None:
        """Record the choice and close the picker."""
        self.chosen[self.name] = pick
        st.session_state[self.key] = False
        st.session_state[f"{self.key}_taken"] = True
        if self.on_pick:
            self.on_pick(pick)

    @property
    def fitting(self) -> Fitting:
        """What own pictures are fitted to."""
        return Fitting(self.loaded, self.images)

    def answer(self, drawn: np.ndarray, fits: bool) -> Answer:
        """What stands beside a drawing. fits: whether it is scaled and centred first."""
        used = self.fitting.drawing(drawn) if fits else drawn
        answered = own_picture.answer(self.answering, self.images, used) if self.reconstructs else Answer()
        return replace(answered, fitted=used if fits else None)


def choose(
    key: str,
    images: ImageSet | Callable[[], ImageSet | None] | None,
    chosen: MutableMapping[str, Pick],
    name: str = "image",
    *,
    loaded: LoadedModel,
    label: str = "Choose an image",
    use: str = "Use it",
    about: str = "",
    primary: bool = False,
    icon: str | None = ":material/image:",
    samples: bool = True,
    reconstruct: bool = True,
    answering: LoadedModel | None = None,
    on_pick: Callable[[Pick], None] | None = None,
) -> Pick | None:
    """Draw the button that opens the picker. A choice is in `chosen[name]` before the page runs again.

    Args:
        key: of the button, and prefix of the keys of the picker's widgets.
        images: the data set whose test images can be clicked, or None. A function is called only once the picker is
            open, so that its messages appear inside.
        chosen: this visitor's choices, as `image_choice.picks` returns them.
        loaded: the model that gives samples and reconstructions, and the shape of drawn and uploaded pictures.
        label: of the button. use: of the button that takes a drawn or uploaded picture. about: a line below the
            gallery.
        icon: of the button. samples: whether samples of the model can be chosen.
        reconstruct: whether the model's reconstruction is shown beside a visitor's own picture.
        answering: the model that reconstructs it, if that is not `loaded`.
        on_pick: called with the new choice before the page runs again.
    Returns:
        The current choice; None where there is none yet.
    """
    box = st.popover(
        label,
        key=key,
        on_change="rerun",
        icon=icon,
        type="primary" if primary else "secondary",
        help="Choose a test image, draw or upload your own picture"
        + (", or take a sample of the model." if samples else "."),
    )
    if box.open:
        with box, st.container(width=WIDTH):
            found = images() if callable(images) else images
            picker = _Picker(key, found, chosen, name, loaded, answering or loaded, use, about, reconstruct, on_pick)
            _open(
                picker,
                [
                    source
                    for source in TABS
                    if (source != "test" or found is not None) and (source != "seed" or samples)
                ],
            )
            make_room(f"{key}_room")
    return chosen.get(name)


@st.fragment
def _open(picker: _Picker, sources: list[str]) -> None:
    """The open picker. A stroke, another class or another tab reruns this fragment; a choice reruns the page."""
    if st.session_state.pop(f"{picker.key}_taken", False):
        st.rerun()
    name = f"{picker.key}_source"
    if st.session_state.get(name) not in sources:
        st.session_state[name] = sources[0]
    source = st.segmented_control(
        "Source",
        sources,
        key=name,
        required=True,
        format_func=TABS.__getitem__,
        persist_state="session",
        label_visibility="collapsed",
        help="Where to take the image from.",
    )
    {"test": _gallery, "drawn": _drawing, "file": _upload, "seed": _samples}[source or sources[0]](picker)


def _gallery(picker: _Picker) -> None:
    images, key = picker.images, picker.key
    if images is None:
        return

    def random(among: np.ndarray) -> None:
        picker.take(Pick("test", int(image_choice.next_rng(key).choice(among))))

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        names = ["All classes", *images.classes]
        kind = st.selectbox(
            "Class",
            range(len(names)),
            key=f"{key}_class_{images.name}",
            width=170,
            format_func=lambda k: names[k],
            persist_state="session",
            help="Show only images of this class.",
        )
        index = np.arange(len(images.test_images)) if kind == 0 else image_choice.members(images, kind - 1)
        last = max(1, math.ceil(len(index) / THUMBNAILS))
        st.session_state[f"{key}_page"] = min(st.session_state.get(f"{key}_page", 1), last)
        page = st.number_input(
            "Page",
            1,
            last,
            key=f"{key}_page",
            width=130,
            persist_state="session",
            help=f"{THUMBNAILS} images on each of {last} pages.",
        )
        st.button(
            "Random",
            key=f"{key}_random",
            on_click=lambda: random(index),
            icon=":material/casino:",
            disabled=not len(index),
            help="Choose a random image of the class shown.",
        )
    shown = index[(page - 1) * THUMBNAILS : page * THUMBNAILS]
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
    key, box = f"{picker.key}_drawing", f"{picker.key}_fit"
    possible = picker.fitting.possible
    fits = possible and st.session_state.get(box) is not False
    drawn = draw(
        key=key,
        shape=picker.shape,
        answer=(lambda picture: picker.answer(picture, fits)) if fits or picker.reconstructs else None,
    )
    now, own = picker.chosen.get(picker.name), picker.fitting.drawing(drawn) if fits and drawn.any() else drawn
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            picker.use,
            key=f"{picker.key}_use_drawing",
            type="primary",
            disabled=not drawn.any(),
            on_click=picker.take,
            args=(Pick.own("drawn", own),),
            help="Use your drawing." if drawn.any() else "Draw something first.",
        )
        if now and image_choice.exists(now, picker.images):
            st.button(
                "Draw on the current image",
                key=f"{picker.key}_start",
                on_click=lambda: set_drawing(key, image_choice.pixels(now, picker.images, picker.loaded)),
                help="Copies the current image into the drawing area. Undo brings your drawing back.",
            )
        if possible:
            st.session_state.setdefault(box, True)
            st.checkbox(
                "Scale and centre",
                key=box,
                persist_state="session",
                help="Like the training images. A drawing of another size or place is unlike all that the model was "
                "trained on.",
            )
    if unlike := picker.fitting.unlike(own, drawn=True) if drawn.any() else "":
        st.caption(f":material/compare: {unlike}")


def _upload(picker: _Picker) -> None:
    def use(own: np.ndarray) -> None:
        st.button(
            picker.use,
            key=f"{picker.key}_use_file",
            type="primary",
            on_click=picker.take,
            args=(Pick.own("file", own),),
            help="Use your picture.",
        )

    own_picture.upload(picker.key, picker.fitting, picker.answering if picker.reconstructs else None, use)


def _samples(picker: _Picker) -> None:
    first = st.number_input(
        "First seed",
        0,
        999_999 - THUMBNAILS,
        1,
        step=THUMBNAILS,
        key=f"{picker.key}_seed",
        width=170,
        persist_state="session",
        help="The same seed gives the same sample.",
    )
    seeds = range(first, first + THUMBNAILS)
    gallery(
        _thumbnails(picker.loaded.name, first, _loaded=picker.loaded),
        [note(Pick("seed", seed), None) for seed in seeds],
        f"{picker.key}_samples",
        name="Samples of the model",
        on_pick=lambda place: picker.take(Pick("seed", seeds[place])),
    )
    st.caption("Decoded draws from the prior, or from the Gaussian fitted to the latents where the model has no prior.")


@st.cache_data(max_entries=16, show_spinner=False)
def _thumbnails(name: str, first: int, _loaded: LoadedModel) -> np.ndarray:
    noise = [sampling.prior(1, _loaded.model.latent_dim, seed) for seed in range(first, first + THUMBNAILS)]
    return codec.decode(_loaded.model, sampling.sample_latents(_loaded.model, np.concatenate(noise)))
