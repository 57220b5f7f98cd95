"""The form for a recipe, made from the recipe's own fields.

What most people change stands open, the rest is folded by group. Every label's help and every bound comes from
`core.recipes.recipe`; a new field there appears here by itself. What was typed survives leaving the page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st

from core import data
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import presets
from core.recipes.recipe import GROUPS, Recipe, RecipeError, fields
from ui.shared.formatting import escape_markdown
from ui.shared.recipe_labels import FOLDS, WORDS, bounds, in_words, label
from ui.train import form_gan_source, form_speed
from ui.train.form_gan_source import shown
from ui.train.form_values import FIRST, arrive, dataset_changed, key, use_preset, use_recipe, values

OPEN = ("name", "dataset", "folder", "latent_dim", "beta", "source", "generator", "adversarial", "epochs")
"""The fields in plain sight, in this order."""


def recipe_form(
    action: Callable[[Recipe | None], None] = lambda recipe: None,
    paces: SpeedEstimates | None = None,
    idle: bool = False,
) -> Recipe | None:
    """Draws the form; the recipe it describes, or None with the reason shown beside the fields.

    `action` draws what is done with the recipe; it stands below the open fields and above the folded ones, where it
    can be seen without scrolling. Reads `?recipe=` from the URL, and `train_dataset` and `train_folder` from the
    session, which the Data page sets.

    `paces`: of the device that would train it; where they are not known yet they are measured while all is `idle`.
    """
    ready = {name: status.ready for name, status in data.status().items()}
    arrive(ready)
    by_name = {f.name: f for f in fields()}
    with st.container(key="recipe_choice"):
        recipe, speed = st.columns([2, 3])
    with recipe:
        _field(by_name["name"], ready)
    with speed:
        compared = form_speed.choose(paces, idle)
    with st.container(gap=None):
        for line in filter(None, (compared, presets.ABOUT.get(st.session_state[key("name")]))):
            st.caption(line)
    columns = st.columns(2)
    for number, name in enumerate(n for n in OPEN[1:] if shown(by_name[n], values())):
        with columns[number % 2]:
            _field(by_name[name], ready)
    form_gan_source.note(values())
    below_open_fields = st.container()
    for group in GROUPS:
        rest = [f for f in fields() if f.metadata["group"] == group and f.name not in OPEN and shown(f, values())]
        if rest:
            with st.expander(FOLDS[group], key=f"fold_{group}"):
                for f in rest:
                    _field(f, ready)
                if group == "model":
                    form_gan_source.inherited(values())
    with below_open_fields:
        with st.container():  # a place of its own, or the button below would be made anew when a message comes or goes
            recipe = _checked(ready)
        action(recipe)
    return recipe


def _checked(ready: dict[str, bool]) -> Recipe | None:
    now = values()
    if not ready.get(now["dataset"], False):
        st.info(
            f"{WORDS[now['dataset']]} is not on this machine yet. Get it on the Data "
            "page, or choose digits, which are always here.",
            icon=":material/download:",
        )
        if st.button("Open the Data page", key="recipe_to_data", help="Download the images there, then come back."):
            st.switch_page("pages/data.py")
        return None
    if form_gan_source.lacking(now):
        st.info(
            f"There is no run on {WORDS[now['dataset']]} yet whose decoder could become the generator. Train "
            f"one first, such as the recipe {presets.classic_of(FIRST)}, or let the generator start from scratch.",
            icon=":material/info:",
        )
        st.button(
            f"Choose the recipe {presets.classic_of(FIRST)}",
            key="recipe_to_vae",
            on_click=use_recipe,
            args=(FIRST, now["dataset"]),
            help="Fills the form with it, on the same images.",
        )
        return None
    try:
        return Recipe.from_dict(now)
    except RecipeError as error:
        st.error(escape_markdown(in_words(str(error))), icon=":material/error:")
        return None


def _field(f: dataclasses.Field, ready: dict[str, bool]) -> None:
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
        st.selectbox(options=_pairs(), format_func=presets.classic_of, on_change=use_preset, args=(ready,), **common)
    elif f.name == "source":
        form_gan_source.choose(values(), **common)
    elif f.name == "dataset":
        st.selectbox(
            options=meta["choices"],
            on_change=dataset_changed,
            format_func=lambda name: WORDS[name] + ("" if ready[name] else " · not here yet"),
            **common,
        )
    elif meta["choices"]:
        st.selectbox(options=meta["choices"], format_func=lambda name: WORDS.get(name, name), **common)
    elif kind in ("int", "float"):
        # Without bounds: the browser would redden what is outside, keep it to itself and train with the value before.
        # And as a float even where it is whole: read as a whole number, 1e9 would become 1. The recipe judges both.
        step = 0.0001 if f.name.endswith("lr") else 0.1 if kind == "float" and meta["high"] < 1000 else 1.0
        st.number_input(value=None, step=step, format="%g", **common)
    else:
        hint = "200, or 400-200 for two layers" if kind.startswith("tuple") else "/home/you/pictures"
        st.text_input(placeholder=hint, **common)


def _pairs() -> list[str]:
    """One name of each pair of sisters: of the one in the form its own, of the others the fast one's."""
    own = st.session_state[key("name")]
    return [own if presets.classic_of(own) == name else presets.fast_of(name) or name for name in presets.CLASSIC]
