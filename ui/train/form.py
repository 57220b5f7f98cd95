"""The form for a recipe, generated from the fields of `core.recipes.recipe`.

The fields that most people change stand open, the rest is folded by group. Help texts, bounds and choices come from the
fields, so that a new one, also one that a family declares, appears without a change here. Values survive leaving the
page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import data
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import presets
from core.recipes.recipe import Recipe, RecipeError, fields
from core.recipes.recipe_fields import GROUPS
from ui.shared.dial import STEPS, dial
from ui.shared.formatting import escape_markdown
from ui.shared.page import data_page_button
from ui.shared.recipe_labels import FOLDS, bounds, choice, field_of, in_words, label
from ui.train import form_gan_source, form_like, form_speed
from ui.train.form_gan_source import shown
from ui.train.form_values import FIRST, arrive, dataset_changed, keep_fields, key, use_preset, use_recipe, values

OPEN = ("name", "dataset", "folder", "attribute", "epochs", "latent_dim", "beta", "source", "generator", "adversarial")
"""The fields that are not folded, in this order."""

ACROSS = 3
"""Fields beside each other in a fold."""

PLACEHOLDERS = {
    "folder": "path of a folder or a zip archive of pictures",
    "levels": "auto, each, or 0 to 4095",
    "without_classes": "none; or names, such as 8",
    "image_shape": "1-28-28, or 3-32-32 for colour",
}
"""Examples in empty text fields, where they are no widths of layers."""


def recipe_form(
    action: Callable[[Recipe | None], None] = lambda recipe: None,
    estimates: SpeedEstimates | None = None,
    idle: bool = False,
    folded: DeltaGenerator | None = None,
) -> Recipe | None:
    """Draw the form; the recipe it describes, or None with the reason shown at the field.

    Reads `?recipe=` and `?like=` from the address, and from the session `train_dataset` and `train_folder`, set by the
    Data page.

    Args:
        action: draws what is done with the recipe, below the open fields and above the folded ones, where it can be
            seen without scrolling.
        estimates: training speeds of the device that would train it; unknown ones are measured while the lab is idle.
        idle: whether nothing trains or waits. folded: where the folded fields stand, by default below the others.
    """
    ready = {name: status.ready for name, status in data.status().items()}
    arrive(ready)
    form_like.note(values(), form_gan_source.filled_in(values()))
    by_name, wrong = {f.name: f for f in fields()}, _complaint()
    with st.container(key="recipe_choice"):
        box, speed = st.columns([2, 3])
    with box:
        _field(by_name["name"], ready, wrong)
    with speed:
        compared = form_speed.choose(estimates, idle)
    with st.container(gap=None):
        for line in filter(None, (compared, presets.ABOUT.get(st.session_state[key("name")]))):
            st.caption(line)
    with st.container(key="recipe_open"):
        _grid([by_name[name] for name in OPEN[1:] if shown(by_name[name], values())], 2, ready, wrong)
    form_gan_source.note(values())
    below_open_fields = st.container()
    with folded or st.container():
        _folds(ready, wrong)
    with below_open_fields:
        with st.container():  # of its own, so that a message that comes or goes does not recreate the button below
            recipe = _checked(ready)
        action(recipe)
    keep_fields(ready)
    return recipe


def _folds(ready: dict[str, bool], wrong: tuple[str, str]) -> None:
    """The fields that few people change, a fold for each group."""
    for group in GROUPS:
        rest = [f for f in fields() if f.metadata["group"] == group and f.name not in OPEN and shown(f, values())]
        if rest:
            with st.expander(FOLDS[group], key=f"fold_{group}"):
                _grid(rest, ACROSS, ready, wrong)
                if group == "model":
                    form_gan_source.inherited(values())


def _grid(some: list[dataclasses.Field], across: int, ready: dict[str, bool], wrong: tuple[str, str]) -> None:
    """Fields in lines, so that those of a line begin at one height and a phone shows them in their order."""
    for first in range(0, len(some), across):
        for place, f in zip(st.columns(across, gap="medium"), some[first : first + across], strict=False):
            with place:
                _field(f, ready, wrong)


def _checked(ready: dict[str, bool]) -> Recipe | None:
    now = values()
    if not ready.get(now["dataset"], False):
        get = (
            "The Data page says where its files belong"
            if data.SOURCES[now["dataset"]].pictures
            else "Download it on the Data page"
        )
        st.info(
            f"{choice('dataset', now['dataset'])} is not on this machine yet. {get}, or choose Digits, which come with "
            "the lab.",
            icon=":material/download:",
        )
        data_page_button("recipe_to_data")
        return None
    if form_gan_source.lacking(now):
        images, advised = choice("dataset", now["dataset"]), presets.classic_of(FIRST)
        st.info(
            f"There is no run on {images} yet whose decoder could become the generator. Train one first, such as the "
            f"recipe {advised}, or let the generator start from scratch.",
            icon=":material/info:",
        )
        st.button(
            f"Choose the recipe {advised}",
            key="recipe_to_vae",
            on_click=use_recipe,
            args=(FIRST, now["dataset"]),
            help="Fills in the form with that recipe, on the same images.",
        )
        return None
    try:
        return Recipe.from_dict(now)
    except RecipeError as error:
        name = field_of(str(error))
        if name not in OPEN:  # an open field has the sentence below itself, of one in a fold this says where it is
            fold = next((FOLDS[f.metadata["group"]] for f in fields() if f.name == name), "")
            if fold:
                st.warning(f"Correct “{label(name)}” in the section “{fold}” below.", icon=":material/error:")
            else:
                st.error(escape_markdown(in_words(str(error))), icon=":material/error:")
        return None


def _complaint() -> tuple[str, str]:
    """The field that keeps the form from being a recipe, and the reason in the form's words; empty for none."""
    try:
        Recipe.from_dict(values())
    except RecipeError as error:
        return field_of(str(error)), in_words(str(error))
    return "", ""


def _field(f: dataclasses.Field, ready: dict[str, bool], wrong: tuple[str, str]) -> None:
    """One field with, below it, what is wrong with its value: `wrong` is the form's `_complaint`."""
    with st.container():  # of its own, so that a message that comes or goes does not move the fields' places
        _widget(f, ready)
        if wrong[0] == f.name:
            st.error(escape_markdown(wrong[1]), icon=":material/error:")


def _widget(f: dataclasses.Field, ready: dict[str, bool]) -> None:
    """One widget for one field; its value lives in session state under `key(name)`."""
    meta, kind = f.metadata, str(f.type)
    unit = f" ({meta['unit']})" if meta["unit"] and meta["unit"] not in label(f.name).lower() else ""
    common = {
        "label": label(f.name) + unit,
        "key": key(f.name),
        "help": meta["help"] + bounds(f),
        "persist_state": "session",
    }
    if f.name == "name":
        st.selectbox(options=_pairs(), format_func=presets.title, on_change=use_preset, args=(ready,), **common)
    elif f.name == "source":
        form_gan_source.choose(values(), **common)
    elif f.name == "dataset":
        st.selectbox(
            options=meta["choices"],
            on_change=dataset_changed,
            format_func=lambda name: choice("dataset", name) + ("" if ready[name] else _absent(name)),
            **common,
        )
    elif meta["choices"]:
        st.selectbox(options=meta["choices"], format_func=lambda value: choice(f.name, value), **common)
    elif kind in ("int", "float"):
        step = 0.0001 if f.name.endswith("lr") else 0.1 if kind == "float" and meta["high"] < 1000 else 1.0
        if f.name in STEPS:
            dial(f.name, step=step, **common)
        else:  # without bounds and as a float also for whole numbers: see `dial`
            st.number_input(value=None, step=step, format="%g", **common)
    else:
        st.text_input(placeholder=PLACEHOLDERS.get(f.name, "200, or 400-200 for two layers"), **common)


def _absent(name: str) -> str:
    """What stands behind the title of a set that is not on this machine."""
    return " · your own copy" if data.SOURCES[name].pictures else " · not downloaded"


def _pairs() -> list[str]:
    """One preset of each pair, fast and classic: the one in the form, of the other pairs the fast one."""
    own = st.session_state[key("name")]
    return [own if presets.classic_of(own) == name else presets.fast_of(name) or name for name in presets.CLASSIC]
