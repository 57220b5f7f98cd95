"""Values of the recipe form: how they are filled in, and how they follow a change of preset, speed or data set.

Each value is in session state under `key(field)`; that of `name` is the name of the preset, a fast or a classic one.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.recipes import presets
from core.recipes.recipe import Recipe, fields
from ui.shared import address
from ui.train import form_gan_source

FIRST = "mlp-vae-fast"
"""The preset at the first visit."""

KEPT_FIELDS = ("folder", "source", "latent_dim", "beta")
"""Fields that keep a visitor's value when they change the speed; the data set stays as well."""


def key(name: str) -> str:
    """The session-state key of a field's widget."""
    return f"recipe_{name}"


def suited(name: str, dataset: str) -> Recipe:
    """A preset adapted to the size of a data set: the digits get a smaller model and more epochs."""
    recipe = presets.preset(name)
    return presets.for_digits(recipe) if dataset == "digits" else recipe


def base(name: str, dataset: str) -> dict[str, Any]:
    """The values of a preset on a data set."""
    return suited(name, dataset).to_dict() | {"dataset": dataset, "name": name}


def fill(values: dict[str, Any]) -> None:
    """Put these values into the form (session state)."""
    for name, value in values.items():
        st.session_state[key(name)] = _as_widget(value)


def _as_widget(value: Any) -> Any:
    """A value as its widget holds it: widths of layers as text."""
    return "-".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def values() -> dict[str, Any]:
    """The form's value of every field: numbers and texts, widths of layers as text."""
    defaults = base(st.session_state[key("name")], st.session_state[key("dataset")])
    values = {f.name: st.session_state.get(key(f.name), defaults[f.name]) for f in fields()}
    values |= {name: defaults[name] for name in values if name in form_gan_source.filled_in(values)}
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in values.items()}


def arrive(ready: dict[str, bool]) -> None:
    """Fill the form before it is drawn: at the first visit, for `?recipe=` in the address, or from the Data page.

    Args:
        ready: data set → whether it is on this machine.
    """
    state, wanted = st.session_state, address.get("recipe")
    if key("name") not in state:
        fill(_preset_values(FIRST, ready))
    if wanted is not None and wanted != state.get("recipe_from_url"):
        if wanted in presets.PRESETS:
            fill(_preset_values(wanted, ready))
        else:
            address.warn(
                f"The address asks for a recipe that does not exist. The recipes are {', '.join(presets.PRESETS)}."
            )
    if wanted in presets.PRESETS:
        state["recipe_from_url"] = wanted
    if source := form_gan_source.requested_source():
        recipe = source.recipe
        takes = wanted in presets.PRESETS and presets.preset(wanted).family.uses("source")
        name = wanted if wanted is not None and takes else form_gan_source.PRESET
        fill(base(name, recipe.dataset) | {"folder": recipe.folder, "source": source.name})
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
    takes = recipe.family.uses("source")
    dataset = form_gan_source.images_with_sources(recipe.dataset) if takes else recipe.dataset
    return base(name, dataset if ready.get(dataset) else "digits")


def sister(name: str) -> dict[str, Any]:
    """The form's values after a change of speed.

    Args:
        name: the preset of the other speed.
    """
    state = st.session_state
    images = state[key("dataset")]
    old = base(state[key("name")], images)
    kept = {
        field: state[key(field)]
        for field in KEPT_FIELDS
        if key(field) in state and state[key(field)] != _as_widget(old[field])
    }
    return base(name, images) | kept


def use_sister(name: str) -> None:
    """Change the speed: fill the form with the preset of that name, but keep the visitor's own values."""
    fill(sister(name))
    _in_address(name, source=True)


def use_preset(ready: dict[str, bool]) -> None:
    """Fill the form with the preset that was chosen in the box."""
    name = st.session_state[key("name")]
    fill(_preset_values(name, ready))
    _in_address(name)


def _in_address(name: str, source: bool = False) -> None:
    """Write the recipe into the address, and remove the source there unless `source` says that it stays."""
    st.session_state["recipe_from_url"] = name
    address.put("recipe", name)
    if not source:
        address.put("source", None)


def use_recipe(name: str, dataset: str) -> None:
    """Fill the form with the preset of that name on these images."""
    folder = st.session_state.get(key("folder"), "")
    fill(base(name, dataset) | {"folder": folder})
    _in_address(name)


def dataset_changed() -> None:
    """Let the form follow the data set that was chosen in the box."""
    _follow(st.session_state["recipe_dataset_before"], st.session_state[key("dataset")])


def _follow(before: str, after: str) -> None:
    """Adapt the fields that depend on the size of a data set (epochs, batch, layers), except those changed by hand."""
    state = st.session_state
    old, new = base(state[key("name")], before), base(state[key("name")], after)
    fill({name: new[name] for name in new if name != "dataset" and state.get(key(name)) == _as_widget(old[name])})
