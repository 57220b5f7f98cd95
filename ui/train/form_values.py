"""Values of the recipe form: how they are filled in, and how they follow a change of preset, speed or data set.

Each value is in session state under `key(field)`; that of `name` is the name of the preset, a fast or a classic one.
"""

from __future__ import annotations

from dataclasses import Field
from typing import Any

import streamlit as st

from core.data.registry import SOURCES
from core.images.shape import ImageShape
from core.recipes import adaptation, presets
from core.recipes.recipe import Recipe, RecipeError, applies, check, fields
from core.runs import Run, gan_source
from ui.shared import address
from ui.shared.recipe_labels import bounds, label
from ui.train import form_gan_source, form_like
from ui.train.state import FORM

FIRST = "mlp-vae-fast"
"""The preset at the first visit."""

LONGEST = 1_000
"""Characters of a field in the address, at most."""

KEPT_FIELDS = ("folder", *gan_source.PIXEL_FIELDS, "source", "latent_dim", "beta")
"""Fields that keep a visitor's value when they change the speed; the data set stays as well."""


BY_NUMBER = ("epochs", "batch_size", "precision")
"""Fields that depend on how many images there are."""

_SUGGESTED = "recipe_suggested"
"""Session-state key: what was proposed for the set that came from the Data page last, as widgets hold it."""

IMAGES = ("folder", *gan_source.PIXEL_FIELDS)
"""Fields that say which pictures of the visitor's own are meant, and their classes, beside the image shape."""


def key(name: str) -> str:
    """The session-state key of a field's widget."""
    return f"recipe_{name}"


def suited(name: str, dataset: str) -> Recipe:
    """A preset adapted to a data set: the small sets of every machine get a smaller model and more epochs."""
    return adaptation.adapted(presets.preset(name), dataset)


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
    """Fill the form before it is drawn: at the first visit, for `?recipe=` or `?like=` in the address, or from the Data
    page.

    Args:
        ready: data set → whether it is on this machine.
    """
    state, wanted = st.session_state, address.get("recipe")
    if key("name") not in state:
        fill(_preset_values(FIRST, ready))
    if wanted is not None and wanted != state.get("recipe_from_url"):
        if wanted in presets.PRESETS:
            form_like.leave()
            fill(_preset_values(wanted, ready))
        else:
            address.refuse(
                "recipe",
                f"The address names a recipe that does not exist. The recipes are {', '.join(presets.CLASSIC)}; the "
                f"fast version of one has {presets.FAST} behind its name, as in {FIRST}.",
            )
    if wanted in presets.PRESETS:
        state["recipe_from_url"] = wanted
    if source := form_gan_source.requested_source():
        recipe = source.recipe
        takes = wanted in presets.PRESETS and presets.preset(wanted).family.uses("source")
        name = wanted if wanted is not None and takes else adaptation.gan_for(recipe.shape)
        fill(base(name, recipe.dataset) | {"folder": recipe.folder, "source": source.name})
        _in_address(name, source=True)
    _fields_from_address(ready)
    if (chosen := state.pop("train_dataset", None)) in ready:
        _from_data_page(chosen)
    state["recipe_dataset_before"] = state[key("dataset")]
    form_gan_source.settle(values())


def _from_data_page(chosen: str) -> None:
    """Take over a set from the Data page, its image shape and its pixel choices: with the recipe made for it where the
    form still proposes one, and for a small set of one's own with enough epochs."""
    state = st.session_state
    folder, images = str(state.pop("train_folder", None) or ""), state.pop("train_images", 0)
    shape = state.pop("train_image_shape", None)
    before, state[key("dataset")] = state[key("dataset")], chosen
    made = _made_for(chosen, shape)
    another = (before, state.get(key("folder"), "")) != (chosen, folder)
    if _untouched(before, another) and made != state[key("name")]:
        fill(base(made, chosen))
        _in_address(made)
    else:
        _follow(before, chosen)
        if another and SOURCES[chosen].pictures:
            fill({name: base(state[key("name")], chosen)[name] for name in BY_NUMBER})
    few = _for_few(images) if SOURCES[chosen].pictures else {}
    proposed = {name: _as_widget(value) for name, value in base(state[key("name")], chosen).items()}
    fill({name: value for name, value in few.items() if state.get(key(name)) == proposed[name]})
    if attribute := state.pop("train_attribute", None):
        state[key("attribute")] = attribute
    if folder:
        state[key("folder")] = folder
    own_shape = {"image_shape": str(shape)} if shape else {}
    fill(own_shape | (state.pop("train_pixels", None) or {}))
    proposed |= few | own_shape
    state[_SUGGESTED] = {name: value for name, value in proposed.items() if name not in ("dataset", *IMAGES)}


def _made_for(chosen: str, shape: str | None) -> str:
    """Name of the recipe that was made for a set, and for pictures of one's own for their shape; else the first one."""
    if chosen == presets.preset(FIRST).dataset:
        return FIRST
    if SOURCES[chosen].pictures and shape:
        return adaptation.made_for_shape(ImageShape.from_text(shape)) or FIRST
    return adaptation.made_for(chosen, presets.preset(FIRST).model) or FIRST


def _untouched(before: str, another: bool) -> bool:
    """Whether the form holds what was proposed for the set before; for another set, epochs and batches aside."""
    state, asides = st.session_state, ("dataset", *IMAGES, *(BY_NUMBER if another else ()))
    first = {name: _as_widget(value) for name, value in base(FIRST, before).items()}
    return any(
        all(state.get(key(name)) == value for name, value in proposed.items() if name not in asides)
        for proposed in (first, state.get(_SUGGESTED, first))
    )


def _for_few(images: int) -> dict[str, Any]:
    """What the form's preset has instead for so few images of one's own, as widgets hold it; empty where these are many
    or of unknown number."""
    old = suited(st.session_state[key("name")], st.session_state[key("dataset")])
    new = adaptation.for_few(old, images) if images else old
    return {name: _as_widget(new.value(name)) for name in adaptation.FOR_FEW if new.value(name) != old.value(name)}


def _fields_from_address(ready: dict[str, bool]) -> None:
    """Take over the fields that the address newly asks for, the data set first, as if the visitor had set them."""
    asked = address.requested(FORM, form_like.NAME, *(field.name for field in _own_fields()))
    if form_like.NAME in asked and (run := form_like.requested(asked[form_like.NAME])) is not None:
        _fill_like(run)
    for field in sorted(_own_fields(), key=lambda field: field.name != "dataset"):
        if field.name not in asked:
            continue
        value = read_field(field, asked[field.name])
        if value is None or (field.name == "dataset" and value not in ready):
            allowed = (
                bounds(field).strip().replace("From ", "Allowed: ")
                or f"Allowed: {', '.join(map(str, field.metadata['choices'] or ()))}."
            )
            complaint = f"The address has a value for “{label(field.name)}” that is not possible."
            address.refuse(field.name, f"{complaint} {allowed}")
        elif field.name == "dataset":
            before, st.session_state[key("dataset")] = st.session_state[key("dataset")], value
            _follow(before, value)
        else:
            st.session_state[key(field.name)] = value


def _fill_like(run: Run) -> None:
    """Fill the form with the recipe of a run, which it then follows."""
    recipe, state = run.recipe, st.session_state
    whole = recipe.to_dict() | {"name": form_like.preset_of(run)}
    fill(whole)
    form_like.follow(run, {name: _as_widget(value) for name, value in whole.items()})
    state["recipe_from_url"] = None
    address.put("recipe", None)
    form_gan_source.follow(recipe.source)


def keep_fields(ready: dict[str, bool]) -> None:
    """Write the recipe, or the run that the form follows, and the fields that differ from it into the address. Call it
    after the form was drawn.

    Args:
        ready: data set → whether it is on this machine.
    """
    now, preset = values(), base(st.session_state[key("name")], st.session_state[key("dataset")])
    filled_in = form_gan_source.filled_in(now)
    images = _preset_dataset(st.session_state[key("name")], ready)
    run, usual = form_like.followed()
    usual = usual or {name: _as_widget(value) for name, value in preset.items()} | {"dataset": images}
    texts: dict[str, str | None] = {form_like.NAME: run or None}
    for field in _own_fields():
        same = now[field.name] == usual[field.name] or field.name in filled_in or not applies(field, now)
        texts[field.name] = None if same or now[field.name] is None else _as_text(now[field.name])
    if not run and any(text is not None for text in texts.values()) and address.get("recipe") is None:
        _in_address(st.session_state[key("name")], source=True)
    address.write(FORM, texts)


def _preset_dataset(name: str, ready: dict[str, bool]) -> str:
    """The images that the form takes for a preset: its own, or where these are not on this machine the digits, of a
    preset in colour the shapes."""
    recipe = presets.preset(name)
    takes = recipe.family.uses("source")
    images = form_gan_source.images_with_sources(recipe.dataset) if takes else recipe.dataset
    return images if ready.get(images) else "shapes" if recipe.shape.colour else "digits"


def _own_fields() -> list[Field[Any]]:
    """The fields that stand in the address under their own names."""
    return [field for field in fields() if field.name not in ("name", "source", "source_model", "model")]


def read_field(field: Field[Any], text: str) -> Any:
    """The value of a recipe's field from its text, as its widget holds it; None where the text is not allowed."""
    try:
        value = check(field, text[: LONGEST + 1])
        if field.name == "image_shape":
            ImageShape.of(value)
    except (RecipeError, ValueError):
        return None
    if len(text) > LONGEST:
        return None
    return float(value) if str(field.type) == "int" else _as_widget(value)


def _as_text(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _preset_values(name: str, ready: dict[str, bool]) -> dict[str, Any]:
    return base(name, _preset_dataset(name, ready))


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
    """Write the recipe into the address; the form follows no run any more. Remove the source there unless `source` says
    that it stays."""
    form_like.leave()
    st.session_state["recipe_from_url"] = name
    address.put("recipe", name)
    if not source:
        address.put("source", None)


def use_recipe(name: str, dataset: str) -> None:
    """Fill the form with the preset of that name on these images."""
    kept = {field: st.session_state[key(field)] for field in IMAGES if key(field) in st.session_state}
    fill(base(name, dataset) | kept)
    _in_address(name)


def dataset_changed() -> None:
    """Let the form follow the data set that was chosen in the box."""
    _follow(st.session_state["recipe_dataset_before"], st.session_state[key("dataset")])


def _follow(before: str, after: str) -> None:
    """Adapt the fields that depend on the size of a data set (epochs, batch, layers), except those changed by hand,
    which hold neither the preset's value nor the one that was proposed for the set before."""
    state = st.session_state
    old, new = base(state[key("name")], before), base(state[key("name")], after)
    usual = {name: [_as_widget(value)] for name, value in old.items() if name != "dataset"}
    proposed = state.get(_SUGGESTED, {})
    if proposed.get("name") == state[key("name")]:
        for name in adaptation.FOR_FEW:
            usual[name].append(proposed[name])
    fill({name: new[name] for name, values in usual.items() if state.get(key(name)) in values})
