"""A visitor's own picture, drawn or uploaded: fitted to the training images of a model, and its reconstruction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from core.data import ImageSet, statistics
from core.images import likeness, picture_files
from core.images.convert import ImageError
from core.images.framing import WHOLE, Framing
from core.latent import codec, mixture
from ui.components.drawing.draw import Answer
from ui.shared.encode import encode
from ui.shared.formatting import pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.still_image import still

LONGEST = 640
"""Longer side in pixels, at most, to which an uploaded picture is shrunk before it is prepared."""

SHOWN = 140
"""Screen pixels of the longer side of each picture shown."""

VOTES, COMPARED = 10, 600
"""Nearest training images whose classes are counted, and images among which they are looked for, at most."""

STEP_LABELS = {
    "light": "Even light, full contrast",
    "crop": "Crop and scale",
    "thickness": "Stroke thickness",
    "centre": "Centre",
}
INK_LABELS = {"auto": "Detect", "dark": "Dark on light", "light": "Light on dark"}


UNLIKE = {
    ("brightness", True): ("it is brighter than nearly all of them", "Draw it smaller or with a thinner brush."),
    ("brightness", False): ("it is darker than nearly all of them", "Draw it larger or with a thicker brush."),
    ("content", True): ("it fills more of the picture", "Draw it smaller or with a thinner brush."),
    ("content", False): ("it fills less of the picture", "Draw it larger or with a thicker brush."),
    ("edge", True): ("its edge is not as empty as theirs", "Keep away from the edge."),
    ("edge", False): ("its edge is emptier than theirs", "Draw up to the edge."),
    ("distance", True): ("none of them comes near it", "Draw what the model was trained on."),
}
"""What makes a picture unlike the training images (`core.images.likeness.unlike`), and what helps against it in a
drawing."""


@dataclass(frozen=True)
class Fitting:
    """What own pictures are fitted to: the framing of the set that a model was trained on."""

    loaded: LoadedModel
    images: ImageSet | None

    @property
    def framing(self) -> Framing:
        """The framing of the set."""
        return statistics.framing(self.loaded.recipe.dataset, self.loaded.shape, self.images)

    @property
    def possible(self) -> bool:
        """Whether pictures of the set lie alike, so that others can be fitted to them."""
        return self.framing.kind != WHOLE

    def drawing(self, drawn: np.ndarray) -> np.ndarray:
        """A drawing scaled and centred as the training images; its ink stays as the visitor chose it."""
        from core.images.prepare import prepare

        ink = "dark" if self.framing.ground >= 128 else "light"
        return prepare(drawn, self.loaded.shape, self.framing, ("crop", "centre"), ink).picture

    def unlike(self, picture: np.ndarray, drawn: bool) -> str:
        """Why a picture is unlike the training images and what to do, as two sentences; empty where it is like them.

        Args:
            picture: as it would be used, uint8. drawn: whether it was drawn here, not uploaded.
        """
        if self.images is None or len(self.images.train_images) < FEWEST or picture.shape != self.loaded.shape.picture:
            return ""
        found = likeness.unlike(picture, _usual(self.loaded.name, _images=self.images))
        if found is None:
            return ""
        reason, advice = UNLIKE[found]
        if not drawn:
            advice = (
                "Try other steps or another ink below, or a picture of what the model was trained on."
                if self.possible
                else "Try “Invert”, or a picture of what the model was trained on."
            )
        return f"Unlike the training images: {reason}. A poor reconstruction is to be expected. {advice}"


FEWEST = 50
"""Training images from which it is known what is usual among them."""


@st.cache_resource(max_entries=8, show_spinner=False)
def _usual(name: str, _images: ImageSet) -> likeness.Usual:
    return likeness.measure(_images.train_images)


def answer(loaded: LoadedModel, images: ImageSet | None, picture: np.ndarray) -> Answer:
    """A model's reconstruction of a picture, and in words the class of the training images nearest to its z."""
    z = encode(loaded, picture[None])
    return Answer(picture=codec.decode(loaded.model, z)[0], words=_nearest(loaded, images, z[0]))


def upload(key: str, fitting: Fitting, reconstructed: LoadedModel | None, use: Callable[[np.ndarray], None]) -> None:
    """The uploader and what is made of its file, before and after, with a switch for each step.

    Args:
        key: prefix of the widgets' keys. reconstructed: the model whose reconstruction is shown beside, if any.
        use: draws the button that takes the picture, uint8 in the model's shape.
    """
    shape = fitting.loaded.shape
    file = st.file_uploader(
        "Your own picture",
        key=f"{key}_file",
        max_upload_size=50,
        help=f"A photo, a scan or a screenshot. It is {'' if shape.colour else 'converted to grey and '}fitted into "
        f"{shape.height} × {shape.width} pixels. It stays on this computer.",
    )
    try:
        if file is not None:
            _made(key, file.file_id, file.getvalue(), fitting, reconstructed, use)
    except ImageError as error:
        st.error(f"This file {error}.")


def _made(
    key: str,
    name: str,
    data: bytes,
    fitting: Fitting,
    reconstructed: LoadedModel | None,
    use: Callable[[np.ndarray], None],
) -> None:
    """The part below the uploader. name: of this upload, for the mark that was chosen in it; the others as above."""
    shape, images = fitting.loaded.shape, fitting.images
    pixels = images.pixels if images is not None else None
    if not fitting.possible:
        own = picture_files.from_file(data, shape, pixels)
        invert = st.checkbox("Invert", key=f"{key}_invert", help="Swaps dark and light.")
        own = 255 - own if invert else own
        _show(key, [(own, f"{shape.height} × {shape.width} pixels")], images, reconstructed)
        _warn(fitting.unlike(own, drawn=False))
        use(own)
        return
    from core.images.prepare import STEPS, prepare

    source = picture_files.large(data, LONGEST, shape.colour, pixels)
    pictures, controls = st.container(), st.container()
    with controls:
        steps, ink = _choices(key, STEPS[fitting.framing.kind])
    place = f"{key}_mark_{name}"
    mark = st.session_state.get(place)
    made = prepare(source, shape, fitting.framing, steps, ink, None if mark is None else mark - 1)
    with pictures:
        if not made.found:
            st.warning("Nothing stands out from the ground of this picture. Choose one with more contrast.")
            return
        _show(key, [(_framed(source, made.box), "before"), (made.picture, "after")], images, reconstructed)
        st.caption(f"{'. '.join(made.did)}." if made.did else "Shrunk as a whole.")
        _warn(fitting.unlike(made.picture, drawn=False))
        use(made.picture)
    if made.marks > 1 and "crop" in steps:
        with controls:
            st.session_state[place] = made.mark + 1
            st.segmented_control(
                f"Use one of the {made.marks} marks found",
                range(1, made.marks + 1),
                key=place,
                required=True,
                help="Marks that lie apart on the ground, such as the digits on a sheet, line by line.",
            )


def _warn(sentence: str) -> None:
    if sentence:
        st.warning(sentence, icon=":material/compare:")


def _choices(key: str, possible: tuple[str, ...]) -> tuple[list[str], str]:
    """The steps to take, and whether the content is darker than its ground, as the visitor chooses them."""
    with st.container(horizontal=True, gap="small"):
        ink = st.selectbox(
            "Ink",
            list(INK_LABELS),
            key=f"{key}_ink",
            width=150,
            format_func=INK_LABELS.__getitem__,
            persist_state="session",
            help="Whether the stroke is darker or lighter than the paper. It is inverted where the training images are "
            "the other way round.",
        )
        steps = st.pills(
            "Fitted to the training images",
            possible,
            default=None if f"{key}_steps" in st.session_state else possible,
            key=f"{key}_steps",
            selection_mode="multi",
            format_func=STEP_LABELS.__getitem__,
            persist_state="session",
            help="Each step makes the picture more like those that the model was trained on. Switch one off to see "
            "what it does.",
        )
    return list(steps), str(ink)


def _framed(source: np.ndarray, box: tuple[float, float, float, float] | None) -> np.ndarray:
    """The picture, smaller, with an orange frame round what was cropped to: uint8 [h, w, 3]."""
    scale = 2 * SHOWN / max(source.shape[:2])
    picture = Image.fromarray(source).convert("RGB")
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    shown = np.array(picture.resize(size, Image.Resampling.BICUBIC))
    if box is not None:
        height, width = shown.shape[:2]
        top, bottom = (min(height, max(0, round(edge * height) + more)) for edge, more in ((box[0], -4), (box[2], 4)))
        left, right = (min(width, max(0, round(edge * width) + more)) for edge, more in ((box[1], -4), (box[3], 4)))
        inside = shown[top + 3 : bottom - 3, left + 3 : right - 3].copy()
        shown[top:bottom, left:right] = (230, 120, 20)
        shown[top + 3 : bottom - 3, left + 3 : right - 3] = inside
    return shown


def _show(
    key: str, pictures: list[tuple[np.ndarray, str]], images: ImageSet | None, reconstructed: LoadedModel | None
) -> None:
    """Pictures side by side with a caption each, and last the reconstruction of the last one."""
    words = ""
    if reconstructed is not None:
        answered = answer(reconstructed, images, pictures[-1][0])
        if answered.picture is not None:
            pictures = [*pictures, (answered.picture, "reconstruction")]
        words = answered.words
    with st.container(horizontal=True, gap="small", key=f"{key}_pictures"):
        for picture, caption in pictures:
            longer = max(picture.shape[:2])
            scale = max(1, SHOWN // longer)
            fine = longer > SHOWN
            with st.container(
                width=min(SHOWN, picture.shape[1] * SHOWN // longer if fine else picture.shape[1] * scale)
            ):
                still(picture[None], columns=1, scale=None if fine else scale, alt=f"Your picture, {caption}")
                st.caption(caption)
    if words:
        st.markdown(words)


def _nearest(loaded: LoadedModel, images: ImageSet | None, z: np.ndarray) -> str:
    """The class of most of the training images nearest to z: `8 of the 10 nearest training images in z: class 3.`"""
    if images is None or not mixture.can_fit(loaded.model) or not np.isfinite(z).all():
        return ""
    latents, labels = _training(loaded.name, _loaded=loaded, _images=images)
    if len(latents) < VOTES or (labels < 0).any():
        return ""
    near = np.argsort(np.square(latents - z).sum(1), kind="stable")[:VOTES]
    counts = np.bincount(labels[near], minlength=len(images.classes))
    most = int(counts.argmax())
    return f"Class {images.classes[most]}: {counts[most]} of the {pluralize(VOTES, 'nearest training image')} in z"


@st.cache_data(max_entries=16, show_spinner=False)
def _training(name: str, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    rows, z = codec.training_latents(_loaded.model, _loaded.recipe, _images, COMPARED)
    return z, _images.train_labels[rows]
