"""Where a GAN's generator comes from, in the recipe's form: which runs can be its source, and what it takes of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from core import data, runs
from core.recipes.recipe import Recipe, applies
from core.runs import Run, gan_source
from ui.shared.formatting import escape_markdown

PRESET = "decoder-gan-fast"
"""The recipe that a link or a button with nothing but a source means."""

KEY = "recipe_source"
"""Session-state key of the box, as `form_values.key` makes it."""

FOUND = "recipe_source_found"
"""Session-state key: the images and the runs that fit them; looked for once each time the form is drawn."""

ASKED = "recipe_source_asked"
"""Session-state key: the source that the address named when it was last taken up."""


def shown(f: dataclasses.Field, values: dict[str, Any]) -> bool:
    """Whether a field stands in the form: it matters and nothing else fills it in."""
    return f.name not in filled_in(values) and applies(f, values)


def filled_in(values: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields that come from the source, which the form therefore leaves alone."""
    if values["model"] != "gan":
        return ()
    own = values["generator"] == "scratch" and source_of(values) is None
    return ("source_model", *(() if own else gan_source.INHERITED))


def usable(values: dict[str, Any]) -> list[Run]:
    """The runs on these images whose decoder can become the generator."""
    images = values["dataset"], values["folder"]
    if st.session_state.get(FOUND, (None,))[0] != images:
        st.session_state[FOUND] = images, gan_source.sources(*images)
    return st.session_state[FOUND][1]


def source_of(values: dict[str, Any]) -> Run | None:
    """The run that these values mean: the named one, else the first that fits."""
    found = usable(values)
    return next((run for run in found if run.name == values["source"]), found[0] if found else None)


def lacking(values: dict[str, Any]) -> bool:
    """Whether the generator is to start as a decoder that there is not."""
    return values["model"] == "gan" and values["generator"] == "decoder" and not usable(values)


def settle(values: dict[str, Any]) -> None:
    """A source that is gone, or was trained on other images than are chosen now, gives way to the newest that fits."""
    st.session_state.pop(FOUND, None)
    if values["source"] and values["source"] not in [run.name for run in usable(values)]:
        st.session_state[KEY] = ""
        st.query_params.pop("source", None)


def choose(values: dict[str, Any], **common: Any) -> None:
    """The box with the runs that fit."""
    found = {run.name: run for run in usable(values)}
    newest = f"The newest that fits: {next(iter(found))}" if found else "None on these images yet"
    st.selectbox(
        options=["", *found],
        on_change=_named,
        format_func=lambda name: newest if name not in found else f"{name} · {found[name].recipe.summary()}",
        **common,
    )


def note(values: dict[str, Any]) -> None:
    """What follows from the choice, under the open fields of a GAN."""
    if values["model"] != "gan" or lacking(values):
        return
    source = source_of(values)
    if source is None:
        st.caption(
            "No run on these images: the generator is the network below, with random weights, and there is "
            "no decoder to compare it with."
        )
    elif values["generator"] == "decoder":
        st.caption(
            f"The generator begins as a copy of the decoder of {escape_markdown(source.name)}; that run stays as it is."
        )
    else:
        st.caption(
            f"The generator is the same network as the decoder of {escape_markdown(source.name)}, with random weights; "
            "the two are compared."
        )


def inherited(values: dict[str, Any]) -> None:
    """In place of the fields that the source decides."""
    if values["model"] == "gan" and (source := source_of(values)):
        st.caption(
            f"Layers, latent size and reconstruction loss as in {escape_markdown(source.name)}: "
            f"{escape_markdown(source.recipe.summary())}."
        )


def arrived() -> Run | None:
    """The run that the address names with `?source=`, when it is first met; a bad name is ignored with a message."""
    asked = st.query_params.get("source")
    if asked is None or asked == st.session_state.get(ASKED):
        return None
    st.session_state[ASKED] = asked
    for run in runs.list_runs():
        if run.name == asked and not run.error and _fits(run):
            return run
    st.query_params.pop("source", None)
    # Not echoed: an address bar is no place for others' words on our page.
    st.warning(
        "The address asks for a decoder of a run that does not exist, or whose decoder cannot become a "
        "generator. Choose one of those in the form.",
        icon=":material/link_off:",
    )
    return None


def _fits(run: Run) -> bool:
    recipe: Recipe = run.recipe
    return run.name in [source.name for source in gan_source.sources(recipe.dataset, recipe.folder)]


def images_with_sources(first: str) -> str:
    """These images if a run on them can be a source, else the first others of which that is so, else these."""
    return next((name for name in (first, *data.SOURCES) if name != "folder" and gan_source.sources(name)), first)


def ask(name: str) -> None:
    """Let the form take that run as the source, as a link with `?source=` does."""
    st.session_state.pop(ASKED, None)
    st.query_params["source"] = name


def _named() -> None:
    st.session_state[ASKED] = name = st.session_state[KEY]
    if name:
        st.query_params["source"] = name
    else:
        st.query_params.pop("source", None)
