"""What stands in the recipe's form: how it is filled, and what follows when a recipe, its speed or its images change.

Every value lives in session state under `key(field)`; `name` is the preset's own name, of the fast sister or the
classic one.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.recipes import presets
from core.recipes.recipe import Recipe, fields
from ui.train import form_gan_source

FIRST = "mlp-vae-fast"
"""What a first visit begins with."""

BY_HAND = ("folder", "source", "latent_dim", "beta")
"""What a visitor chose for themselves stays when they choose the other sister; as do the images."""


def key(name: str) -> str:
    """The session-state key of a field's widget."""
    return f"recipe_{name}"


def suited(name: str, dataset: str) -> Recipe:
    """A preset as it suits the size of a data set: the digits get a smaller model and more epochs."""
    recipe = presets.preset(name)
    return presets.for_digits(recipe) if dataset == "digits" else recipe


def base(name: str, dataset: str) -> dict[str, Any]:
    """A preset's values on a data set."""
    return suited(name, dataset).to_dict() | {"dataset": dataset, "name": name}


def fill(values: dict[str, Any]) -> None:
    """Put these values into the form (session state)."""
    for name, value in values.items():
        st.session_state[key(name)] = _shown(value)


def _shown(value: Any) -> Any:
    """A value as its widget holds it: layers as text."""
    return "-".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def values() -> dict[str, Any]:
    """What the form says of every field, as numbers, texts and layers as text."""
    defaults = base(st.session_state[key("name")], st.session_state[key("dataset")])
    values = {f.name: st.session_state.get(key(f.name), defaults[f.name]) for f in fields()}
    values |= {name: defaults[name] for name in values if name in form_gan_source.filled_in(values)}
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in values.items()}


def arrive(ready: dict[str, bool]) -> None:
    """First visit, a link with `?recipe=`, or a set chosen on the Data page: fill the form before it is drawn."""
    state, wanted = st.session_state, st.query_params.get("recipe")
    if key("name") not in state:
        fill(_preset_values(FIRST, ready))
    if wanted is not None and wanted != state.get("recipe_from_url"):
        if wanted in presets.PRESETS:
            fill(_preset_values(wanted, ready))
        else:
            # Not echoed: an address bar is no place for others' words on our page.
            st.warning(
                f"The address asks for a recipe that does not exist. The recipes are {', '.join(presets.PRESETS)}.",
                icon=":material/link_off:",
            )
    if wanted in presets.PRESETS:
        state["recipe_from_url"] = wanted
    if source := form_gan_source.arrived():
        recipe = source.recipe
        name = wanted if wanted in presets.PRESETS and presets.preset(wanted).model == "gan" else form_gan_source.PRESET
        fill(base(name, recipe.dataset) | {"model": "gan", "folder": recipe.folder, "source": source.name})
        _in_address(name, source=True)
    if (chosen := state.pop("train_dataset", None)) in ready:
        before, state[key("dataset")] = state[key("dataset")], chosen
        _follow(before, chosen)
    if folder := state.pop("train_folder", None):
        state[key("folder")] = str(folder)
    if shape := state.pop("train_image_shape", None):
        state[key("image_shape")] = str(shape)
    state["recipe_dataset_before"] = state[key("dataset")]
    form_gan_source.settle(values())


def _preset_values(name: str, ready: dict[str, bool]) -> dict[str, Any]:
    recipe = presets.preset(name)
    dataset = recipe.dataset if recipe.model != "gan" else form_gan_source.images_with_sources(recipe.dataset)
    return base(name, dataset if ready.get(dataset) else "digits")


def sister(name: str) -> dict[str, Any]:
    """The form's values once `name`, a sister of the recipe in the form, is chosen in its place."""
    state = st.session_state
    images = state[key("dataset")]
    old = base(state[key("name")], images)
    kept = {
        field: state[key(field)] for field in BY_HAND if key(field) in state and state[key(field)] != _shown(old[field])
    }
    return base(name, images) | kept


def use_sister(name: str) -> None:
    """Choose the other speed: the form is filled anew, but for what was chosen by hand and would be meant again."""
    fill(sister(name))
    _in_address(name, source=True)


def use_preset(ready: dict[str, bool]) -> None:
    """Another recipe was chosen: all its own values."""
    name = st.session_state[key("name")]
    fill(_preset_values(name, ready))
    _in_address(name)


def _in_address(name: str, source: bool = False) -> None:
    """The recipe in the address; without its source, which was chosen for another one, unless that stays."""
    st.session_state["recipe_from_url"] = name
    st.query_params["recipe"] = name
    if not source:
        st.query_params.pop("source", None)


def use_recipe(name: str, dataset: str) -> None:
    """Fill the form with that recipe on these images."""
    folder = st.session_state.get(key("folder"), "")
    fill(base(name, dataset) | {"folder": folder})
    _in_address(name)


def dataset_changed() -> None:
    """Other images were chosen."""
    _follow(st.session_state["recipe_dataset_before"], st.session_state[key("dataset")])


def _follow(before: str, after: str) -> None:
    """What fits the size of a set (epochs, batch, layers) changes with it, except where it was changed by hand."""
    state = st.session_state
    old, new = base(state[key("name")], before), base(state[key("name")], after)
    fill({name: new[name] for name in new if name != "dataset" and state.get(key(name)) == _shown(old[name])})
