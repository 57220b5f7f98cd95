"""The form for a recipe, made from the recipe's own fields.

What most people change stands open, the rest is folded by group. Every label's help and every bound comes from
`core.recipe`; a new field there appears here by itself. What was typed survives leaving the page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import streamlit as st

from core import data, presets
from core.recipe import GROUPS, Recipe, RecipeError, fields
from ui import recipe_source
from ui.recipe_source import shown
from ui.words import plain

OPEN = ("name", "dataset", "folder", "latent_dim", "beta", "source", "generator", "adversarial", "epochs")
"""The fields in plain sight, in this order."""

LABELS = {
    "name": "Start from", "dataset": "Images", "folder": "Your folder", "train_images": "Training images (0: all)",
    "validation": "Held-out images", "model": "Kind of model", "hidden": "Hidden layers", "latent_dim": "Latent size",
    "likelihood": "Reconstruction loss", "sigma": "σ of the Gaussian", "beta": "β, weight of the KL",
    "beta_warmup": "Warm-up of β", "lr": "Learning rate", "max_minutes": "Time limit in minutes (0: none)",
    "patience": "Patience in epochs (0: never)",
    "source": "Decoder from", "generator": "The generator starts", "adversarial": "What D and G play for",
    "d_channels": "Channels of the discriminator", "d_norm": "Normalisation in the discriminator",
    "d_lr": "Learning rate of the discriminator", "d_steps": "Steps of D for each step of G",
    "r1": "R1 penalty γ (0: none)", "gradient_penalty": "Gradient penalty λ",
    "ema": "Running average of G (0: none)", "freeze": "Does not learn", "round_images": "Images in a round (0: all)",
    "beta2": "Memory of squared gradients (Adam’s β₂)", "schedule": "Size of the steps",
    "latent_lr": "Learning rate of the latents", "latent_init": "Where the latents begin",
}
FOLDS = {"data": "How many images", "model": "The network", "loss": "The loss",
         "gan": "Generator and discriminator", "training": "How it learns",
         "stop": "When else to stop"}
WORDS = {"ae": "Autoencoder", "vae": "Variational autoencoder", "ad": "Auto-decoder",
         "vad": "Variational auto-decoder", "gan": "GAN: a decoder against a discriminator",
         "decoder": "As the trained decoder", "scratch": "From scratch, with random weights",
         "non-saturating": "Cross-entropy (non-saturating)", "hinge": "Hinge", "least-squares": "Least squares",
         "wgan-gp": "Wasserstein distance (WGAN-GP)", "none": "None", "spectral": "Spectral",
         "nothing": "Both learn", "generator": "The generator", "discriminator": "The discriminator",
         "pca": "Along the images' main directions", "small": "At random, near 0",
         "mlp": "Fully connected", "conv": "Convolutions", "patch": "Convolutions on patches",
         "relu": "ReLU", "silu": "SiLU",
         "constant": "The same throughout", "one-cycle": "Rising, then falling (one-cycle)",
         "bernoulli": "Bernoulli (cross-entropy)", "gaussian": "Gaussian, fixed σ",
         "gaussian-learned": "Gaussian, learned σ", "mse": "Squared error", "adam": "Adam",
         "sgd": "SGD"} | {name: source.title for name, source in data.SOURCES.items()}


def key(name: str) -> str:
    """The session-state key of a field's widget."""
    return f"recipe_{name}"


def recipe_form(action: Callable[[Recipe | None], None] = lambda recipe: None) -> Recipe | None:
    """Draws the form; the recipe it describes, or None with the reason shown beside the fields.

    `action` draws what is done with the recipe; it stands below the open fields and above the folded ones, where it
    can be seen without scrolling. Reads `?recipe=` from the URL, and `train_dataset` and `train_folder` from the
    session, which the Data page sets.
    """
    ready = {name: status.ready for name, status in data.status().items()}
    _arrive(ready)
    by_name = {f.name: f for f in fields()}
    _field(by_name["name"], ready)
    st.caption(presets.ABOUT.get(st.session_state[key("name")], ""))
    columns = st.columns(2)
    for number, name in enumerate(n for n in OPEN[1:] if shown(by_name[n], _values())):
        with columns[number % 2]:
            _field(by_name[name], ready)
    recipe_source.note(_values())
    below_open_fields = st.container()
    for group in GROUPS:
        rest = [f for f in fields() if f.metadata["group"] == group and f.name not in OPEN and shown(f, _values())]
        if rest:
            with st.expander(FOLDS[group], key=f"fold_{group}"):
                for f in rest:
                    _field(f, ready)
                if group == "model":
                    recipe_source.inherited(_values())
    with below_open_fields:
        with st.container():  # a place of its own, or the button below would be made anew when a message comes or goes
            recipe = _checked(ready)
        action(recipe)
    return recipe


def _checked(ready: dict[str, bool]) -> Recipe | None:
    values = _values()
    if not ready.get(values["dataset"], False):
        st.info(f"{WORDS[values['dataset']]} is not on this machine yet. Get it on the Data "
                "page, or choose digits, which are always here.", icon=":material/download:")
        if st.button("Open the Data page", key="recipe_to_data", help="Download the images there, then come back."):
            st.switch_page("pages/data.py")
        return None
    if recipe_source.lacking(values):
        st.info(f"There is no run on {WORDS[values['dataset']]} yet whose decoder could become the generator. Train "
                "one first, such as the recipe mlp-vae, or let the generator start from scratch.",
                icon=":material/info:")
        st.button("Choose the recipe mlp-vae", key="recipe_to_vae", on_click=_use_recipe,
                  args=("mlp-vae", values["dataset"]), help="Fills the form with it, on the same images.")
        return None
    try:
        return Recipe.from_dict(values)
    except RecipeError as error:
        st.error(plain(in_words(str(error))), icon=":material/error:")
        return None


def in_words(sentence: str) -> str:
    """The error with the form's label in place of the field's name, and its words in place of the recipe's."""
    name, colon, rest = sentence.partition(":")
    known = colon and any(f.name == name for f in fields())
    for value, word in WORDS.items():
        rest = rest.replace(f"'{value}'", f"'{word}'")
    return f"{label(name)}:{rest.replace('None', 'An empty field')}" if known else sentence


def bounds(f: dataclasses.Field) -> str:
    """What a number may be, as the end of its help."""
    low, high = f.metadata["low"], f.metadata["high"]
    return "" if str(f.type) not in ("int", "float") else f" From {low:g} to {high:,.6g}."


def label(name: str) -> str:
    """A field's name in plain words."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def _field(f: dataclasses.Field, ready: dict[str, bool]) -> None:
    """One widget for one field; its value lives in session state under `key(name)`."""
    meta, kind = f.metadata, str(f.type)
    unit = f" ({meta['unit']})" if meta["unit"] and meta["unit"] not in label(f.name).lower() else ""
    common = {"label": label(f.name) + unit, "key": key(f.name), "help": meta["help"] + bounds(f),
              "persist_state": "session"}
    if f.name == "name":
        st.selectbox(options=list(presets.PRESETS), on_change=_use_preset, args=(ready,), **common)
    elif f.name == "source":
        recipe_source.choose(_values(), **common)
    elif f.name == "dataset":
        st.selectbox(options=meta["choices"], on_change=_dataset_changed, format_func=lambda name: WORDS[name]
                     + ("" if ready[name] else " · not here yet"), **common)
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


def base(name: str, dataset: str) -> dict[str, Any]:
    """A preset's values on another data set: the digits get a smaller model and more epochs."""
    recipe = presets.preset(name)
    if dataset == "digits":
        recipe = presets.for_digits(recipe)
    return recipe.to_dict() | {"dataset": dataset, "name": name}


def fill(values: dict[str, Any]) -> None:
    """Put these values into the form (session state)."""
    for name, value in values.items():
        st.session_state[key(name)] = _shown(value)


def _shown(value: Any) -> Any:
    """A value as its widget holds it: layers as text."""
    return "-".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _values() -> dict[str, Any]:
    defaults = base(st.session_state[key("name")], st.session_state[key("dataset")])
    values = {f.name: st.session_state.get(key(f.name), defaults[f.name]) for f in fields()}
    values |= {name: defaults[name] for name in values if name in recipe_source.filled_in(values)}
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in values.items()}


def _arrive(ready: dict[str, bool]) -> None:
    """First visit, a link with `?recipe=`, or a set chosen on the Data page: fill the form before it is drawn."""
    state, wanted = st.session_state, st.query_params.get("recipe")
    if key("name") not in state:
        fill(_preset_values("mlp-vae", ready))
    if wanted is not None and wanted != state.get("recipe_from_url"):
        if wanted in presets.PRESETS:
            fill(_preset_values(wanted, ready))
        else:
            # Not echoed: an address bar is no place for others' words on our page.
            st.warning("The address asks for a recipe that does not exist. The recipes are "
                       f"{', '.join(presets.PRESETS)}.", icon=":material/link_off:")
    if wanted in presets.PRESETS:
        state["recipe_from_url"] = wanted
    if source := recipe_source.arrived():
        recipe = source.recipe
        name = wanted if wanted in presets.PRESETS and presets.preset(wanted).model == "gan" else recipe_source.PRESET
        fill(base(name, recipe.dataset) | {"model": "gan", "folder": recipe.folder, "source": source.name})
        state["recipe_from_url"] = name
        st.query_params["recipe"] = name
    if (chosen := state.pop("train_dataset", None)) in ready:
        before, state[key("dataset")] = state[key("dataset")], chosen
        _follow(before, chosen)
    if folder := state.pop("train_folder", None):
        state[key("folder")] = str(folder)
    state["recipe_dataset_before"] = state[key("dataset")]
    recipe_source.settle(_values())


def _preset_values(name: str, ready: dict[str, bool]) -> dict[str, Any]:
    recipe = presets.preset(name)
    dataset = recipe.dataset if recipe.model != "gan" else recipe_source.images_with_sources(recipe.dataset)
    return base(name, dataset if ready.get(dataset) else "digits")


def _use_preset(ready: dict[str, bool]) -> None:
    name = st.session_state[key("name")]
    fill(_preset_values(name, ready))
    _in_address(name)


def _in_address(name: str) -> None:
    """The recipe in the address, without a source: that was chosen for another one."""
    st.session_state["recipe_from_url"] = name
    st.query_params["recipe"] = name
    st.query_params.pop("source", None)


def _use_recipe(name: str, dataset: str) -> None:
    folder = st.session_state.get(key("folder"), "")
    fill(base(name, dataset) | {"folder": folder})
    _in_address(name)


def _dataset_changed() -> None:
    _follow(st.session_state["recipe_dataset_before"], st.session_state[key("dataset")])


def _follow(before: str, after: str) -> None:
    """What fits the size of a set (epochs, batch, layers) changes with it, except where it was changed by hand."""
    state = st.session_state
    old, new = base(state[key("name")], before), base(state[key("name")], after)
    fill({name: new[name] for name in new if name != "dataset" and state.get(key(name)) == _shown(old[name])})
