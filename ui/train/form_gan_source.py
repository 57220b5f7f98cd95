"""The source of a GAN's generator in the recipe form: the runs that can be it, and the fields that follow from it."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from core import data, runs
from core.recipes.family import FAMILIES
from core.recipes.recipe import applies
from core.runs import Run, gan_source
from ui.shared import address
from ui.shared.default_run import preferred_sources
from ui.shared.formatting import escape_markdown

FROM_IMAGES = ("classes",)
"""Fields that are filled in from the images when a run is made."""

KEY = "recipe_source"
"""Session-state key of the select box, equal to `form_values.key("source")`."""

USABLE = "recipe_source_usable"
"""Session-state key: the images and the runs on them that can be the source, read once each time the form is drawn."""

ADOPTED = "recipe_source_adopted"
"""Session-state key: the source in the address that the form last adopted."""


def has_source(values: dict[str, Any]) -> bool:
    """Whether the kind of model in the form starts from the decoder of another run."""
    return FAMILIES[values["model"]].uses("source")


def shown(f: dataclasses.Field, values: dict[str, Any]) -> bool:
    """Whether a field is part of the form: it applies, and neither images nor source fill it in."""
    return f.name not in filled_in(values) and applies(f, values)


def filled_in(values: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields that are filled in from the images or the source and therefore not part of the form."""
    if not has_source(values):
        return FROM_IMAGES
    own = values["generator"] == "scratch" and source_of(values) is None
    return (*FROM_IMAGES, "source_model", *(() if own else (*gan_source.INHERITED, *gan_source.PIXEL_FIELDS)))


def usable(values: dict[str, Any]) -> list[Run]:
    """Runs on these images whose decoder can become the generator."""
    images = values["dataset"], values["folder"]
    if st.session_state.get(USABLE, (None,))[0] != images:
        st.session_state[USABLE] = images, preferred_sources(*images)
    return st.session_state[USABLE][1]


def source_of(values: dict[str, Any]) -> Run | None:
    """The run named in these values, else the first one that can be the source."""
    found = usable(values)
    return next((run for run in found if run.name == values["source"]), found[0] if found else None)


def lacking(values: dict[str, Any]) -> bool:
    """Whether the generator is to start as a trained decoder and there is none."""
    return has_source(values) and values["generator"] == "decoder" and not usable(values)


def settle(values: dict[str, Any]) -> None:
    """Clear the source if its run is gone or was trained on other images; the newest usable run counts instead."""
    st.session_state.pop(USABLE, None)
    if values["source"] and values["source"] not in [run.name for run in usable(values)]:
        st.session_state[KEY] = ""
        address.put("source", None)


def choose(values: dict[str, Any], **common: Any) -> None:
    """The select box of usable runs. `common`: arguments that all widgets of the form have."""
    found = {run.name: run for run in usable(values)}
    newest = f"The newest that fits: {next(iter(found))}" if found else "None on these images yet"
    st.selectbox(
        options=["", *found],
        on_change=_chosen,
        format_func=lambda name: newest if name not in found else f"{name} · {found[name].summary()}",
        **common,
    )


def note(values: dict[str, Any]) -> None:
    """A caption below the open fields: what the generator starts as."""
    if not has_source(values) or lacking(values):
        return
    source = source_of(values)
    if source is None:
        st.caption(
            "There is no run on these images: the generator is the network described below, with random weights, and "
            "there is no decoder to compare it with."
        )
    elif values["generator"] == "decoder":
        st.caption(
            f"The generator starts as a copy of the decoder of {escape_markdown(source.name)}; that run stays as it is."
        )
    else:
        st.caption(
            f"The generator has the layers of the decoder of {escape_markdown(source.name)}, with random weights; "
            "the two are compared."
        )


def inherited(values: dict[str, Any]) -> None:
    """A caption in place of the fields that the source fills in."""
    if has_source(values) and (source := source_of(values)):
        st.caption(
            f"Layers, latent size and reconstruction loss are those of {escape_markdown(source.name)}: "
            f"{escape_markdown(source.summary())}."
        )


def requested_source() -> Run | None:
    """The run that the address newly asks for with `?source=`; None, with a message, if it cannot be the source."""
    wanted = address.get("source")
    if wanted is None or wanted == st.session_state.get(ADOPTED):
        return None
    st.session_state[ADOPTED] = wanted
    for run in runs.list_runs():
        if run.name == wanted and not run.error and _is_usable(run):
            return run
    found = next((run for run in runs.list_runs() if run.name == wanted and not run.error), None)
    if found and (reason := gan_source.refusal(found.recipe)):
        address.refuse(
            "source",
            f"The decoder of {escape_markdown(wanted)} cannot become a GAN’s generator: {reason}. Choose one of those "
            "in the form.",
        )
        return None
    address.refuse(
        "source",
        "The address names the decoder of a run that does not exist or has no weights yet. Choose one of those in the "
        "form.",
    )
    return None


def _is_usable(run: Run) -> bool:
    return run.name in [source.name for source in gan_source.sources(run.recipe.dataset, run.recipe.folder)]


def images_with_sources(first: str) -> str:
    """The first data set with a run that can be a source, beginning with `first`; `first` if there is none."""
    return next((name for name in (first, *data.SOURCES) if name != "folder" and gan_source.sources(name)), first)


def request(name: str) -> None:
    """Let the form adopt that run as the source, as a link with `?source=` does."""
    st.session_state.pop(ADOPTED, None)
    address.put("source", name)


def follow(name: str) -> None:
    """Write the source that the form was filled in with into the address; an empty name removes it there."""
    st.session_state[ADOPTED] = name or None
    address.put("source", name or None)


def _chosen() -> None:
    follow(st.session_state[KEY])
