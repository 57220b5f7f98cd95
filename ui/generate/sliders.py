"""What the sliders of the Generate page move along: principal directions, attributes, or single dimensions."""

from __future__ import annotations

import streamlit as st

from core.data import ImageSet
from core.latent import directions, mixture
from core.runs import Run
from ui.components.latent.latent_board import DIMENSIONS, SPAN, SliderSet
from ui.generate import attribute_picker, attributes
from ui.shared import address
from ui.shared.address import Parameter, one_of
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_of, images_or_none
from ui.shared.run_buttons import run_key

KINDS = {"principal": "Principal directions", "attributes": "Attributes", "raw": "Raw dimensions"}
"""Kinds of sliders, with their names."""

MANY = 32
"""Latent dimensions above which the page begins with principal directions: nobody tries that many one by one."""

REMOVED = "generate_attribute_removed"
"""Session-state key: whether a slider has just been removed, so that the page is to be drawn anew."""


def offered(loaded: LoadedModel) -> list[str]:
    """The kinds of sliders that a model can have."""
    model = loaded.model
    return [
        *(["principal"] if len(loaded.axes.order) > 1 and model.kl_known else []),
        *(["attributes"] if mixture.can_fit(model) else []),
        "raw",
    ]


def kind_of(run: Run, loaded: LoadedModel) -> Parameter[str]:
    """The choice of the kind, and its name in the address."""
    names = offered(loaded)
    first = "principal" if len(loaded.axes.order) > MANY and "principal" in names else "raw"
    return Parameter("sliders", run_key("generate_sliders", run), one_of(*names), first, " or ".join(names))


def choose(run: Run, loaded: LoadedModel) -> SliderSet:
    """Draw the choice of the kind, and for attributes the button that adds one; returns the sliders."""
    parameter, names = kind_of(run, loaded), offered(loaded)
    parameter.adopt()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="generate_sliders_row"):
        if len(names) > 1:
            st.segmented_control(
                "Sliders",
                names,
                key=parameter.box,
                required=True,
                persist_state="session",
                format_func=KINDS.__getitem__,
                label_visibility="collapsed",
                help="Principal directions: those along which the latents of the training images vary most, across all "
                "dimensions. Attributes: from the mean latent of one group of images to that of another. Raw "
                "dimensions: the numbers of z.",
            )
        kind = parameter.keep()
        images = images_or_none(run) if kind == "attributes" else None
        if images is not None:
            chosen = attributes.parameter(run, loaded, images)
            chosen.adopt()
            attribute_picker.draw(run, images, chosen.box)
            chosen.keep()
        else:
            address.put("attributes", None)
    if kind == "principal":
        return principal_sliders(loaded)
    if kind == "raw":
        return DIMENSIONS
    if images is None:
        images_of(run, "generate_attributes_data", "Attributes are computed from their latents.")
        return DIMENSIONS
    return attribute_sliders(run, loaded, images)


def reach(sliders: SliderSet, span: float) -> float:
    """How far the sliders reach to either side; `span`: of single dimensions, in σ. A direction's σ is that of the
    training latents along it, so that ± 3 σ holds nearly all of them."""
    return span if sliders.directions is None else SPAN


def principal_sliders(loaded: LoadedModel) -> SliderSet:
    """A slider for each principal direction."""
    found = _principal(loaded.name, _loaded=loaded)
    return SliderSet(
        "principal",
        found.directions,
        tuple(f"{ordinal(k + 1)} direction" for k in range(len(found.shares))),
        tuple(f"{percent(share)} of the variance" for share in found.shares),
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _principal(name: str, _loaded: LoadedModel) -> directions.Principal:
    return directions.principal(_loaded.model, _loaded.axes)


def attribute_sliders(run: Run, loaded: LoadedModel, images: ImageSet) -> SliderSet:
    """A slider for each chosen attribute that has a direction; the others are named with the reason."""
    chosen = st.session_state[attributes.parameter(run, loaded, images).box]
    there = []
    for attribute in chosen:
        found = attributes.measured(run, loaded, images, attribute)
        if found is not None:
            there.append((attribute, found))
            continue
        st.caption(
            f"“{escape_markdown(attributes.name(attribute, images))}” has no direction: one of its groups has too few "
            "images here, or both have the same mean latent."
        )
    return SliderSet(
        "_".join(["attributes", *(attribute.text() for attribute, _ in there)]),
        directions.attributes([found.direction for _, found in there], loaded.axes),
        tuple(attributes.name(attribute, images) for attribute, _ in there),
        tuple(attributes.note(found) for _, found in there),
        removable=True,
    )


def remove(run: Run, sliders: SliderSet, number: int) -> None:
    """Take one attribute's slider away; the page is then to be drawn anew (`REMOVED`)."""
    box = run_key("generate_attributes", run)
    text = sliders.name.split("_")[1:][number]
    st.session_state[box] = tuple(each for each in st.session_state.get(box, ()) if each.text() != text)
    st.session_state[REMOVED] = True


def about(run: Run, loaded: LoadedModel, sliders: SliderSet) -> str:
    """What the directions are and how to read them; empty for single dimensions."""
    if sliders.directions is None:
        return ""
    return _about_attributes(run, loaded, sliders) if sliders.removable else _about_principal(loaded)


def _about_principal(loaded: LoadedModel) -> str:
    found, d = _principal(loaded.name, _loaded=loaded), len(loaded.axes.order)
    count, held = len(found.shares), percent(float(found.shares.sum()))
    if not count:
        return "The latents of the training images do not vary: there are no principal directions."
    return (
        f"The sliders are the principal directions (PCA) of the training images’ mean latents: {count} of {d}, with "
        f"{held} of the variance. They are perpendicular: moving one keeps all others. σ is the spread of the latents "
        "along a direction, 0 their mean."
    )


def _about_attributes(run: Run, loaded: LoadedModel, sliders: SliderSet) -> str:
    images = images_or_none(run)
    if images is None or not sliders.names:
        return "There is no attribute yet: add one above."
    chosen = st.session_state[run_key("generate_attributes", run)]
    found = [each for attribute in chosen if (each := attributes.measured(run, loaded, images, attribute)) is not None]
    circle = (
        " No single direction can follow a circular factor, such as a hue, all the way round."
        if any(_circular(images, attribute) for attribute in chosen)
        else ""
    )
    told = " The class itself is chosen above: the style need not tell it." if loaded.conditional else ""
    return (
        "Each slider leads from the mean latent of one group of images to that of another; 0 is half-way. "
        f"{attributes.about(found)}{circle}{told} Directions that are not perpendicular move each other’s sliders."
    )


def _circular(images: ImageSet, attribute: attributes.Attribute) -> bool:
    if attribute.kind != "factor" or images.factors is None:
        return False
    return images.factors.about[attribute.factor].kind == "circular"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th … 21st."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def percent(share: float) -> str:
    """A share of 1 in percent: whole from 1 % on."""
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1f} %"
