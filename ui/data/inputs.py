"""Choices on the Data page: the data set, the path of a folder, and the shape of the images."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core import data
from core.data import celeba, loading
from core.data.celeba import Attributes
from core.data.drawn import DrawnSet
from core.data.picture_source import PictureSource
from core.data.preview import Proposal
from core.data.registry import CELEBA_ATTRIBUTES
from core.images.pixel_choices import FITS, GROUNDS, POLARITIES, PixelChoices
from core.images.shape import GREY_28, ImageShape
from core.recipes.recipe import fields
from ui.data import set_cards
from ui.shared import address, recipe_labels
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown

COLOURS = {1: "Grey", 3: "Colour"}
"""Channels and their names."""

_CHANNELS, _HEIGHT, _WIDTH = "data_channels", "data_height", "data_width"

_SHAPE_OF, _CHOSEN_FOR = "data_shape_of", "data_shape_chosen_for"
"""Session-state keys: the set that was shown last, its place and its usual shape; the set and the place for which the
visitor has chosen a shape."""

BEGUN = "data_begun"
"""Session-state key: the set that was kept or begun last, whose pictures are then scrolled into view."""

FOLDER = Parameter(
    "folder", "data_folder", lambda text: text if len(text) <= 1_000 else None, "", "a path of at most 1,000 characters"
)
"""Path of the visitor's own folder."""


ATTRIBUTE = Parameter(
    "attribute",
    "data_set_attribute",
    address.one_of(*CELEBA_ATTRIBUTES),
    celeba.USUAL,
    f"one of {', '.join(CELEBA_ATTRIBUTES)}",
)
"""Attribute that gives the classes of CelebA in the data folder."""


def _reader(field: str) -> Callable[[str], str | None]:
    """Reader of a pixel choice; None for a text that is not allowed."""

    def read(text: str) -> str | None:
        try:
            return str(getattr(PixelChoices(**{field: text}), field))
        except ValueError:
            return None

    return read


PIXEL_CHOICES = {
    field: Parameter(field, f"data_{field}", _reader(field), getattr(PixelChoices(), field), allowed)
    for field, allowed in (
        ("levels", "auto, each or two numbers such as 0 to 4095"),
        ("ground", ", ".join(GROUNDS)),
        ("polarity", ", ".join(POLARITIES)),
        ("fit", ", ".join(FITS)),
    )
}
"""Pixel choices of the visitor's own folder, by their names."""


def choose_set(status: dict[str, loading.Status]) -> str:
    """Draw the list of data sets; the name of the chosen one."""

    def caption(name: str) -> str:
        if name == "folder":
            return "files or drawings"
        absent = "your own copy" if data.SOURCES[name].pictures else "not downloaded"
        return status[name].size.split(" · ")[0] if status[name].ready else absent

    names = list(data.SOURCES)
    address.adopt(
        "set",
        "data_set",
        lambda text: text if text in names else None,
        names[0],
        f"The address names a set that does not exist. The sets are {', '.join(names)}.",
    )
    name = st.radio(
        "Set",
        names,
        key="data_set",
        format_func=lambda name: data.SOURCES[name].title,
        captions=[caption(name) for name in names],
        persist_state="session",
        width="stretch",
        help="Ready sets are on this machine; the others are downloaded once, CelebA apart.",
    )
    set_cards.pictures(names, [name for name in names if status[name].ready and data.SOURCES[name].images])
    address.put("set", name)
    source = data.SOURCES[name]
    st.caption(" ".join(filter(None, (source.about, source.terms))))
    return name


def choose_folder() -> None:
    """Draw the field for the path of a folder."""
    FOLDER.adopt()
    st.text_input(
        "Path of a folder or file",
        key="data_folder",
        persist_state="session",
        placeholder=r"C:\Users\me\Pictures or /home/me/leaves.zip",
        help="A folder, a zip archive, or an npz, npy or IDX file on the computer that runs the lab. Sub-folders "
        "become classes; any picture format is read; damaged files are skipped and listed.",
    )
    FOLDER.keep()


def no_folder() -> None:
    """The set is no folder: the address then names none either."""
    address.put(FOLDER.name, None)


def of_drawn(chosen: DrawnSet | None) -> tuple[str, ImageShape, PixelChoices]:
    """Path, image shape and pixel choices of a drawn set, which nobody has to choose; an empty path without a set."""
    no_folder()
    no_pixels()
    address.put("shape", None)
    return ("", GREY_28, PixelChoices()) if chosen is None else (str(chosen.place), chosen.shape, PixelChoices())


def choose_shape(name: str, place: str = "", proposal: Proposal | None = None) -> ImageShape:
    """Draw the choice of the image shape where the set has one; the shape.

    Args:
        place: where a set of the visitor's own lies. proposal: the shape that suits its pictures. It is taken unless
            the visitor, or the address, has chosen one for them.
    """
    source = data.SOURCES[name]
    if not source.any_shape:
        address.put("shape", None)
        return source.shape
    usual = proposal.shape if proposal else source.shape
    _from_address(source, usual, (name, place))
    _follow(name, place, usual, proposal is not None)
    state, (low, high) = st.session_state, source.sides
    shape = ImageShape(state[_CHANNELS], state[_HEIGHT], state[_WIDTH])
    with st.popover(
        f"Image shape: {shape}",
        icon=":material/aspect_ratio:",
        key="data_shape",
        help="Height × width in pixels, grey or colour. A model is trained on images of one shape.",
    ):
        st.segmented_control(
            "Channels",
            list(COLOURS),
            format_func=COLOURS.__getitem__,
            key=_CHANNELS,
            required=True,
            persist_state="session",
            on_change=_choose,
            args=((name, place),),
            help="Grey images have one channel, colour images three: red, green and blue.",
        )
        for label, key in (("Height (pixels)", _HEIGHT), ("Width (pixels)", _WIDTH)):
            st.number_input(
                label,
                low,
                high,
                key=key,
                persist_state="session",
                on_change=_choose,
                args=((name, place),),
                help=f"{low} to {high}. More pixels take longer to train on.",
            )
    address.put("shape", None if shape == usual else shape.text)
    return shape


def say_proposal(shape: ImageShape, proposal: Proposal) -> None:
    """Say which shape suits the pictures and why; where another is chosen, with a button that takes it."""
    if shape == proposal.shape:
        st.caption(f"{_in_words(shape)} are proposed: {proposal.reason}")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{_in_words(proposal.shape)} would suit these pictures: {proposal.reason}", width="content")
        st.button(
            "Use that",
            key="data_shape_proposed",
            type="tertiary",
            icon=":material/aspect_ratio:",
            on_click=_fill,
            args=(proposal.shape,),
            help="Takes the image shape that suits these pictures.",
        )


def _in_words(shape: ImageShape) -> str:
    """`Images of 64 × 64 pixels in colour`."""
    return f"Images of {shape.height} × {shape.width} pixels {'in colour' if shape.colour else 'in grey'}"


def keep_choice(before: str, after: str) -> None:
    """A set of the visitor's own lies somewhere else now: the shape that was chosen for it stays."""
    if st.session_state.get(_CHOSEN_FOR) == ("folder", before):
        _choose(("folder", after))
    if found := st.session_state.get(_SHAPE_OF):
        st.session_state[_SHAPE_OF] = (found[0], after if found[1] == before else found[1], found[2])


def no_pixels() -> None:
    """The set of no pictures of the visitor's own has no pixel choices: the address then names none either."""
    for parameter in PIXEL_CHOICES.values():
        address.put(parameter.name, None)


def choose_attribute_of_set() -> str:
    """Draw which attribute of CelebA in the data folder gives the classes; its name."""
    ATTRIBUTE.adopt()
    _attributes(CELEBA_ATTRIBUTES, key=ATTRIBUTE.box, persist_state="session")
    return ATTRIBUTE.keep()


def no_attribute() -> None:
    """No attribute is chosen in a box of its own for other sets: the address then names none either."""
    address.put(ATTRIBUTE.name, None)


def _attributes(names: Sequence[str], **options: Any) -> None:
    st.selectbox(
        "Classes",
        names,
        format_func=celeba.words,
        label_visibility="collapsed",
        width=200,
        help="The attribute by which these faces are divided into two classes.",
        **options,
    )


def choose_attribute(faces: PictureSource | None) -> None:
    """Draw which attribute of CelebA's photos gives the classes, where the source is one of such photos."""
    if not isinstance(faces, Attributes) or not faces.names:
        return
    box = "data_attribute"
    st.session_state[box] = faces.chosen

    def change() -> None:
        st.session_state[FOLDER.box] = str(faces.files.place / st.session_state[box])

    _attributes(faces.names, key=box, on_change=change)


def choose_pixels() -> PixelChoices:
    """Draw how pictures of the visitor's own become images: fit, inversion, ground and levels; the choices."""
    for parameter in PIXEL_CHOICES.values():
        parameter.adopt()
    with st.popover(
        "Fit, background and inversion",
        icon=":material/crop:",
        key="data_pixels",
        help="One choice for the whole set, which a run keeps: how pictures of other proportions become the image "
        "shape, dark on light or light on dark, background of transparent pictures, range of deep ones.",
    ):
        helps = {f.name: f.metadata["help"] for f in fields() if f.name in PIXEL_CHOICES}
        for field, options in (("fit", FITS), ("polarity", POLARITIES), ("ground", GROUNDS)):
            st.selectbox(
                recipe_labels.label(field),
                options,
                key=PIXEL_CHOICES[field].box,
                format_func=partial(recipe_labels.choice, field),
                persist_state="session",
                help=helps[field],
            )
        box = PIXEL_CHOICES["levels"].box
        st.text_input(recipe_labels.label("levels"), key=box, persist_state="session", help=helps["levels"])
    chosen = {field: parameter.keep() for field, parameter in PIXEL_CHOICES.items()}
    try:
        return PixelChoices(**chosen)
    except ValueError as error:
        st.error(escape_markdown(recipe_labels.in_words(str(error))), icon=":material/error:")
        return PixelChoices(**{name: value for name, value in chosen.items() if name != "levels"})


def _from_address(source: data.Source, usual: ImageShape, chosen_for: tuple[str, str]) -> None:
    """Fill the widgets at the first visit: as the address asks, or with the usual shape of the set."""
    if _CHANNELS in st.session_state:
        return
    text, shape = address.get("shape"), None
    if text is not None:
        with contextlib.suppress(ValueError):
            shape = ImageShape.from_text(text)
    if text is not None and (shape is None or source.refusal(shape)):
        shape, (low, high) = None, source.sides
        address.warn(
            "The address has an image shape that is not possible. Write channels, height and width, such as "
            f"3-32-32: 1 or 3 channels, sides of {low} to {high} pixels."
        )
    if shape is not None:
        _choose(chosen_for)
    _fill(shape or usual)


def _follow(name: str, place: str, usual: ImageShape, proposed: bool) -> None:
    """Let the widgets follow a change of the set: to what is proposed for it, or to its own shape where they hold that
    of the last set, or one that it cannot have."""
    state = st.session_state
    before, state[_SHAPE_OF] = state.get(_SHAPE_OF), (name, place, usual)
    if before in (None, (name, place, usual)):
        return
    shape = ImageShape(state[_CHANNELS], state[_HEIGHT], state[_WIDTH])
    kept = state.get(_CHOSEN_FOR) in ((name, place), (name, ""))
    if kept:  # chosen before the pictures were, or for them
        _choose((name, place))
    if data.SOURCES[name].refusal(shape) or not kept and (proposed or shape == before[2]):
        state.pop(_CHOSEN_FOR, None)
        _fill(usual)


def _choose(chosen_for: tuple[str, str]) -> None:
    """Note that the visitor has chosen the shape for that set."""
    st.session_state[_CHOSEN_FOR] = chosen_for


def _fill(shape: ImageShape) -> None:
    st.session_state[_CHANNELS], st.session_state[_HEIGHT], st.session_state[_WIDTH] = shape.chw
