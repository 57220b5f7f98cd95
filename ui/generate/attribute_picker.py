"""The popover in which a visitor adds an attribute: two classes, a factor, or two groups of test images."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent.attributes import LEAST_MEMBERS, MOST_IMAGES, OTHERS, Attribute
from core.runs import Run
from ui.components.gallery.gallery import gallery
from ui.components.page.make_room import make_room
from ui.generate import attributes
from ui.shared import image_choice
from ui.shared.image_choice import Pick, note
from ui.shared.image_picker import THUMBNAILS, WIDTH
from ui.shared.run_buttons import run_key

KINDS = {"class": "Classes", "factor": "Factors", "images": "Your images"}

BOX = "generate_attribute"
"""Key of the popover, and prefix of those of its widgets."""


def draw(run: Run, images: ImageSet, box: str) -> None:
    """Draw the button that opens the popover. box: session-state key of the chosen attributes, a tuple."""
    held = st.popover(
        "Add an attribute",
        key=BOX,
        on_change="rerun",
        icon=":material/add:",
        help="Two classes, a factor of the images, or two groups of images that you pick.",
    )
    if held.open:
        with held, st.container(width=WIDTH):
            _open(run, images, box)
            make_room(f"{BOX}_room")


@st.fragment
def _open(run: Run, images: ImageSet, box: str) -> None:
    """The open popover. A choice within it reruns this fragment; an attribute that is added reruns the page."""
    if st.session_state.pop(f"{BOX}_taken", False):
        st.rerun()
    factors = () if images.factors is None else images.factors.about
    kinds = [*(["class"] if len(images.classes) > 1 else []), *(["factor"] if factors else []), "images"]
    if st.session_state.get(f"{BOX}_kind") not in kinds:
        st.session_state[f"{BOX}_kind"] = kinds[0]
    kind = st.segmented_control(
        "Kind",
        kinds,
        key=f"{BOX}_kind",
        required=True,
        format_func=KINDS.__getitem__,
        label_visibility="collapsed",
        help="What the two groups of images have in common.",
    )
    if kind == "class":
        _add(box, _of_classes(images))
    elif kind == "factor":
        _add(box, _of_factor(images))
    else:
        _add(box, _of_images(run, images))


def _add(box: str, attribute: Attribute | str) -> None:
    """The button that adds an attribute; disabled where something else is to be done first, which the text says."""
    full = len(st.session_state.get(box, ())) >= attributes.MOST
    if full:
        attribute = f"There are {attributes.MOST} sliders already. Remove one first."

    def add() -> None:
        if isinstance(attribute, Attribute):
            held = st.session_state.get(box, ())
            st.session_state[box] = tuple(dict.fromkeys((*held, attribute)))
            st.session_state[BOX], st.session_state[f"{BOX}_taken"] = False, True

    st.button(
        "Add the slider",
        key=f"{BOX}_add",
        type="primary",
        disabled=isinstance(attribute, str),
        on_click=add,
        help=attribute
        if isinstance(attribute, str)
        else "From the mean latent of the first group to that of the second.",
    )


def _of_classes(images: ImageSet) -> Attribute | str:
    return _two(f"{BOX}_class_{images.name}", images.classes, "class", 0)


def _of_factor(images: ImageSet) -> Attribute | str:
    about = () if images.factors is None else images.factors.about
    number = st.selectbox(
        "Factor",
        range(len(about)),
        key=f"{BOX}_factor_{images.name}",
        format_func=lambda k: about[k].name,
        width=220,
        help="A known cause of the images, whose value is known for each of them.",
    )
    factor = about[number]
    if factor.kind == "ordinal":
        st.caption("From the images in the lowest third of its values to those in the highest third.")
        return Attribute("factor", factor=number)
    if factor.kind == "circular":
        st.caption(
            "The values form a circle, which no single direction can follow: a slider leads from one part of it, a "
            "sixth to either side of the value, to another part."
        )
    values = tuple(f"{value}{factor.symbol}" for value in factor.known)
    return _two(f"{BOX}_value_{images.name}_{number}", values, "factor", number)


def _two(key: str, values: tuple[str, ...], kind: str, factor: int) -> Attribute | str:
    """Two boxes for the values of both groups."""
    with st.container(horizontal=True, gap="small"):
        a = st.selectbox(
            "From",
            [*range(len(values)), OTHERS],
            key=f"{key}_from",
            format_func=lambda k: "All others" if k == OTHERS else values[k],
            width=200,
            help="The first group: the low end of the slider.",
        )
        b = st.selectbox(
            "To",
            range(len(values)),
            index=len(values) // 2,
            key=f"{key}_to",
            format_func=values.__getitem__,
            width=200,
            help="The second group: the high end of the slider.",
        )
    if a == b:
        return "Choose two different groups."
    return Attribute("class", a, b) if kind == "class" else Attribute("factor", a, b, factor)


def _of_images(run: Run, images: ImageSet) -> Attribute | str:
    """A gallery whose images are put into group A or B with a click, and taken out with another."""
    groups: dict[str, list[int]] = st.session_state.setdefault(run_key(f"{BOX}_groups", run), {"A": [], "B": []})
    for members in groups.values():
        members[:] = [number for number in members if number < len(images.test_images)]
    into, shown = _page_of_images(images, list(groups))

    def toggle(place: int) -> None:
        number, members = int(shown[place]), groups[into]
        for others in groups.values():
            if number in others and others is not members:
                others.remove(number)
        if number in members:
            members.remove(number)
        elif len(members) < MOST_IMAGES:
            members.append(number)

    gallery(
        images.test_images[shown],
        [note(Pick("test", int(k)), images) for k in shown],
        f"{BOX}_gallery",
        name=f"Test images, to be put into group {into}",
        on_pick=toggle,
    )
    for group, members in groups.items():
        _members(images, group, members)
    missing = [group for group, members in groups.items() if not members]
    if missing:
        return f"Put images into group {' and '.join(missing)} first."
    return Attribute("images", images_a=tuple(groups["A"]), images_b=tuple(groups["B"]))


def _page_of_images(images: ImageSet, groups: list[str]) -> tuple[str, np.ndarray]:
    """The group that a click puts an image into, and numbers of the test images on the chosen page of the chosen
    class."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        into = st.segmented_control(
            "Put into group",
            groups,
            key=f"{BOX}_into",
            required=True,
            default=groups[0],
            help="Which group the next image goes into. The slider leads from the mean latent of group A to that of "
            "group B.",
        )
        names = ["All classes", *images.classes]
        kind = st.selectbox(
            "Class",
            range(len(names)),
            key=f"{BOX}_shown_{images.name}",
            format_func=lambda k: names[k],
            width=170,
            help="Show only images of this class.",
        )
        index = np.arange(len(images.test_images)) if kind == 0 else image_choice.members(images, kind - 1)
        last = max(1, -(-len(index) // THUMBNAILS))
        st.session_state[f"{BOX}_page"] = min(st.session_state.get(f"{BOX}_page", 1), last)
        page = st.number_input("Page", 1, last, key=f"{BOX}_page", width=130, help=f"{THUMBNAILS} images on each page.")
    return into or groups[0], index[(page - 1) * THUMBNAILS : page * THUMBNAILS]


def _members(images: ImageSet, group: str, members: list[int]) -> None:
    """The images of a group, of which a click takes one out."""
    few = f", at least {LEAST_MEMBERS} to measure the direction" if 0 < len(members) < LEAST_MEMBERS else ""
    st.caption(f"Group {group}: {len(members)} of up to {MOST_IMAGES} images{few}" + ("" if members else ", none yet"))
    if members:
        gallery(
            images.test_images[members],
            [f"{note(Pick('test', k), images)}: take it out of group {group}" for k in members],
            f"{BOX}_members_{group}",
            name=f"Images of group {group}, to be taken out",
            on_pick=lambda place: members.pop(place),
        )
