"""Sets that visitors draw themselves: which one, its classes and copies, and the surface to draw the next picture on.

Several visitors may draw into one set; what the others keep appears within seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import streamlit as st

from core.data import DataError, drawn
from core.data.drawn import Copies, Drawing, DrawnSet
from core.images.convert import ImageError, from_png
from core.images.shape import GREY_28, ImageShape
from ui.components.drawing.draw import draw, drawing, set_drawing
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.data.deletion import delete_button
from ui.data.inputs import BEGUN
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.owner import VISITORS, label, me

NEW = "-"
"""In place of a name, which begins with a letter or a digit: the form for a new set."""

NAME = Parameter("drawn", "drawn_name", lambda text: text if len(text) <= 60 else None, "", "the name of a drawn set")
"""The drawn set that is shown; empty: the pictures are not drawn ones."""

FILES, DRAWN = "From files", "Drawn here"

SHAPES = (GREY_28, ImageShape(3, 32, 32), ImageShape(1, 64, 64), ImageShape(3, 64, 64))
"""Shapes that a new set can have."""

EACH = (0, 2, 5, 10, 20)
"""Copies of each training drawing that can be chosen."""

SHOWN = 30
"""Newest drawings of each class that are shown, at most."""

LOOK_EVERY = 4.0
"""Seconds after which the page looks for drawings of others."""

_WAY, _PROBLEM, _TAKEN, _CHANGED = "drawn_way", "drawn_problem", "drawn_taken", "drawn_changed"


def choose_way() -> bool:
    """Draw the choice between files and a drawn set; whether it is a drawn one."""
    if NAME.adopt():
        st.session_state[_WAY] = DRAWN
    st.session_state.setdefault(_WAY, FILES)
    st.segmented_control(
        "Where they come from",
        [FILES, DRAWN],
        key=_WAY,
        required=True,
        persist_state="session",
        on_change=_turn,
        width="stretch",
        help="Files: a folder, an archive or an upload. Drawn: you draw every picture on this page, class by class.",
    )
    NAME.keep()
    return bool(st.session_state[_WAY] == DRAWN)


def _turn() -> None:
    """Begin with the first set there is, or with the form for a new one."""
    _forget()
    sets = drawn.sets()
    first = sets[0].name if sets else NEW
    st.session_state[NAME.box] = first if st.session_state[_WAY] == DRAWN else ""


def none() -> None:
    """No drawn set: the address then names none either."""
    address.put(NAME.name, None)


def choose() -> DrawnSet | None:
    """Draw the list of drawn sets, and what can be changed about the chosen one; None while there is none to show."""
    sets, state = {one.name: one for one in drawn.sets()}, st.session_state
    if not state.get(NAME.box):
        _turn()
    if state[NAME.box] not in (*sets, NEW):
        address.refuse(NAME.name, "The drawn set of that name is not in this lab, or not any more.")
        state[NAME.box] = next(iter(sets), NEW)
    name = st.selectbox(
        "Drawn set",
        [*sets, NEW],
        key=NAME.box,
        format_func=lambda name: "Begin a new set …" if name == NEW else name,
        on_change=_forget,
        persist_state="session",
        help="Everyone who opens this lab can draw into any of its sets.",
    )
    NAME.keep()
    if name == NEW:
        return None
    chosen = sets[str(name)]
    whose = label(chosen.owner)
    st.caption(
        f"{chosen.shape} · {pluralize(len(chosen.classes), 'class', 'classes')}"
        + (f" · begun by {whose}" if whose else "")
    )
    _change(chosen)
    return chosen


def _say() -> None:
    """What was wrong with the last click, and the way on where there is one."""
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape_markdown(problem), icon=":material/error:")
    if (taken := st.session_state.get(_TAKEN)) and drawn.named(taken):
        st.button(
            f"Draw into “{escape_markdown(taken)}”",
            key="drawn_open",
            on_click=_open,
            args=(taken,),
            icon=":material/brush:",
            help="Opens the set that has this name. Its drawings stay.",
        )


def _forget() -> None:
    """Say no more what was wrong with an earlier click."""
    st.session_state.pop(_PROBLEM, None)
    st.session_state.pop(_TAKEN, None)


def _try(action: Callable[[], None]) -> None:
    """Do what a click asks for; a refusal is said at the next run of the page."""
    _forget()
    try:
        action()
    except DataError as error:
        st.session_state[_PROBLEM] = str(error)


def _open(name: str) -> None:
    _forget()
    st.session_state[NAME.box] = name


def _begin() -> None:
    """The form for a new set."""
    with st.form("drawn_new", border=False, clear_on_submit=False):
        st.text_input(
            "Name of the set", key="drawn_new_name", max_chars=60, placeholder="Signs", help="A folder gets this name."
        )
        st.text_input(
            "Classes",
            key="drawn_new_classes",
            placeholder="circle, cross",
            help="What the pictures show, with commas between. More can be added later.",
        )
        st.selectbox(
            "Image shape",
            SHAPES,
            key="drawn_new_shape",
            format_func=lambda shape: str(shape) if shape.colour else f"{shape}, grey",
            help="All pictures of a set have one shape. A colour set has a pen with nine colours.",
        )
        st.form_submit_button(
            "Begin the set",
            key="drawn_begin",
            type="primary",
            icon=":material/brush:",
            on_click=_create,
            help="Then draw the first picture.",
        )


def _create() -> None:
    state = st.session_state
    name = state["drawn_new_name"]

    def create() -> None:
        if taken := drawn.named(name):
            state[_TAKEN] = taken.name
        made = drawn.create(name, drawn.class_names(state["drawn_new_classes"]), state["drawn_new_shape"], me())
        state[NAME.box] = state[BEGUN] = made.name

    _try(create)


def _change(chosen: DrawnSet) -> None:
    """Classes and copies of the set, and its end."""
    key, foreign = chosen.name, chosen.owner not in ("", me())
    with st.popover(
        "Classes and copies",
        icon=":material/tune:",
        width="stretch",
        key="drawn_change",
        help="Add classes, let training see shifted, thinner and thicker copies of each drawing, or delete the set.",
    ):
        if foreign:
            st.caption(f"{label(chosen.owner).capitalize()} began this set. What you change here changes for everyone.")
        st.text_input(
            "More classes",
            key=f"drawn_more_{key}",
            placeholder="square, star",
            help="Names with commas between. Classes that are there stay.",
        )
        st.button(
            "Add them",
            key=f"drawn_add_{key}",
            on_click=_try,
            args=(partial(_add_classes, chosen),),
            help="Adds these classes to the set.",
        )
        _choose_copies(chosen)
        delete_button("drawn_delete", key, chosen.owner, partial(_deleted, chosen), partial(_contents, chosen))


def _add_classes(chosen: DrawnSet) -> None:
    box = f"drawn_more_{chosen.name}"  # read here: what was typed last may have come with the click
    drawn.add_classes(chosen, drawn.class_names(st.session_state[box]))
    st.session_state[box] = ""


def _choose_copies(chosen: DrawnSet) -> None:
    copies, key = chosen.copies, chosen.name
    boxes = {name: f"drawn_{name}_{key}" for name in ("each", "shift", "thickness")}
    for name, box in boxes.items():
        st.session_state[box] = getattr(copies, name)

    def change() -> None:
        drawn.set_copies(chosen, Copies(**{name: st.session_state[box] for name, box in boxes.items()}))

    st.select_slider(
        "Copies of each training drawing",
        sorted({*EACH, copies.each}),
        key=boxes["each"],
        on_change=_try,
        args=(change,),
        help="A model needs hundreds of pictures. Copies that differ a little stand in for drawings that nobody made. "
        "Test drawings have none.",
    )
    for name, words, help in (
        ("shift", "Shifted", "Each copy is moved by up to 2 of 28 pixels, up or down and left or right."),
        ("thickness", "Thinner or thicker", "The strokes of each copy are a little thinner or thicker."),
    ):
        st.checkbox(words, key=boxes[name], on_change=_try, args=(change,), disabled=not copies.each, help=help)


def _contents(chosen: DrawnSet) -> str:
    """What would be deleted with the set: its drawings, and how many visitors made them."""
    count, visitors = _count(drawn.drawings(chosen))
    return f" with {pluralize(count, 'drawing')} by {pluralize(visitors, 'visitor')}" if count else ""


def _deleted(chosen: DrawnSet) -> None:
    drawn.delete(chosen)
    _turn()


def _count(found: list[Drawing]) -> tuple[int, int]:
    """Number of drawings, and of the visitors who drew them."""
    return len(found), len({one.by for one in found})


def board(chosen: DrawnSet | None, notes: Sequence[str]) -> None:
    """The surface for the next drawing, and below it the drawings of every class, newest first.

    Args:
        notes: on the images, sentences.
    """
    _say()
    if chosen is None:
        with st.container(border=True):
            st.markdown("**Draw a set of your own.** Name it and its classes, then draw picture after picture.")
            st.caption(
                "With twenty pictures of two classes a model can begin to learn. Shifted, thinner and thicker copies "
                "make more of them. Everyone who opens this lab can draw into the same set."
            )
            _begin()
        return
    found = drawn.drawings(chosen)
    st.fragment(_surface)(chosen, sum(one.by == me() for one in found))
    rows = [_row(name, [one for one in found if one.label == name]) for name in chosen.classes]
    class_sheet([row for row in rows if len(row.images)], key="drawn_sheet", lines=2)
    count, visitors = _count(found)
    if count:
        by = f" by {visitors} visitors" if visitors > 1 else ""
        st.caption(
            f"{pluralize(count, 'drawing')}{by}, the newest first. {' '.join(notes)}",
            help=VISITORS if visitors > 1 else None,
        )
    st.fragment(_look, run_every=LOOK_EVERY)(chosen, found)


def _row(name: str, found: list[Drawing]) -> Row:
    pictures = []
    for one in found[::-1][:SHOWN]:
        try:
            pictures.append(from_png(one.file.read_bytes()))
        except (OSError, ImageError):  # taken back meanwhile, or damaged: then listed among the skipped files
            continue
    alike = [picture for picture in pictures if picture.shape == pictures[0].shape]
    images = np.stack(alike) if alike else np.empty((0, *GREY_28.picture), np.uint8)
    return Row(name, pluralize(len(found), "drawing"), images)


def _surface(chosen: DrawnSet, mine: int) -> None:
    if st.session_state.pop(_CHANGED, False):
        address.rerun()  # the whole page: its sheet, its numbers and its button follow
    key, box = f"drawn_surface_{chosen.name}", f"drawn_class_{chosen.name}"
    if st.session_state.get(box) not in chosen.classes:
        st.session_state[box] = chosen.classes[0]
    st.pills(
        "Draw a picture of the class",
        chosen.classes,
        key=box,
        required=True,
        persist_state="session",
        help="The class of the picture that you draw now.",
    )
    name = st.session_state[box]
    picture = draw(key=key, shape=chosen.shape, label=f"Drawing of the class {name}")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            f"Keep as “{escape_markdown(name)}”",
            key="drawn_keep",
            type="primary",
            icon=":material/check:",
            disabled=not picture.any(),
            on_click=_keep,
            args=(chosen, name, key),
            help="Adds the picture to the set and clears the surface for the next one.",
        )
        st.button(
            "Take back my last one",
            key="drawn_back",
            icon=":material/undo:",
            disabled=not mine,
            on_click=_try,
            args=(partial(_take_back, chosen),),
            help="Removes the picture that you kept last from the set. Pictures of others stay.",
        )


def _keep(chosen: DrawnSet, name: str, key: str) -> None:
    picture = drawing(key, chosen.shape)
    if not picture.any():  # a second click on what is kept already
        return

    def keep() -> None:
        drawn.add(chosen, name, picture, me())
        set_drawing(key, np.zeros_like(picture))

    _try(keep)
    st.session_state[_CHANGED] = True


def _take_back(chosen: DrawnSet) -> None:
    drawn.take_back(chosen, me())
    st.session_state[_CHANGED] = True


def _look(chosen: DrawnSet, shown: list[Drawing]) -> None:
    """Draw the page anew once others have changed the set."""
    if drawn.of(chosen.place) != chosen or drawn.drawings(chosen) != shown:
        address.rerun()
