"""Choice of models and of the first image on the Reconstruct page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core import runs
from core.data import ImageSet
from core.recipes.family import FAMILIES
from core.runs import Run
from ui.shared import address, image_choice
from ui.shared.default_run import newer_than_kept, preferred
from ui.shared.image_choice import ImagesKey, Pick, images_key
from ui.shared.owner import is_mine
from ui.shared.run_menu import runs_menu
from ui.shared.run_picker import nothing_yet, places_images

MAX_MODELS = 6
"""Models side by side, at most."""

FIRST_IMAGES = {"digits": 12, "mnist": 61, "fashion-mnist": 0, "kmnist": 3}
"""Number of the test image shown at first, for each data set."""


KEPT = "reconstruct_kept"
"""Session-state key: names of the runs shown when the page was left."""


def one_of_each(found: list[Run]) -> list[Run]:
    """The best run of each family that encodes images (`default_run.preferred`), in the families' order, at most
    `MAX_MODELS`.

    All are of the images of the visitor's newest run, else of those that most families have runs of. A run with two
    latent dimensions, which reconstructs poorly, is taken only where its family has no other.
    """
    sets: dict[ImagesKey, dict[str, Run]] = {}
    ordered = [run for run in preferred(found, images=True) if places_images(run)]
    for run in sorted(ordered, key=lambda run: run.recipe.latent_dim == 2):  # stable: the best first
        sets.setdefault(images_key(run), {}).setdefault(run.recipe.family.key, run)
    if ordered and is_mine(ordered[0]):
        best = sets[images_key(ordered[0])]
    else:
        best = max(sets.values(), key=len, default={})
    families = [key for key, family in FAMILIES.items() if not family.adversarial]
    return [best[key] for key in families if key in best][:MAX_MODELS]


def of_one_size(found: list[Run]) -> list[Run]:
    """Runs that differ by their family alone, with the same latent size, network, likelihood and β: the best of each
    family, in the families' order; at most `MAX_MODELS`, and none where there are not two.

    Of several such sets the one with most families is taken, then the one with the larger latent size.

    Args:
        found: runs of the same images.
    """
    sets: dict[tuple[Any, ...], dict[str, Run]] = {}
    for run in filter(places_images, preferred(found, images=True)):
        recipe = run.recipe
        network = recipe.channels if recipe.network != "mlp" else (), recipe.hidden, recipe.linear_path
        beta = recipe.beta if recipe.family.uses("beta") else 1.0
        budget = (recipe.latent_dim, recipe.network, network, recipe.likelihood, beta)
        sets.setdefault(budget, {}).setdefault(recipe.family.key, run)
    best = max(sets.items(), key=lambda item: (len(item[1]), item[0][0]), default=((), {}))[1]
    return [best[key] for key in FAMILIES if key in best][:MAX_MODELS] if len(best) > 1 else []


def choose_models() -> list[Run] | None:
    """The chosen runs, in the order of choice; None, with the next step on the page, where no run has weights.

    The names stand in the address as `?runs=a,b`; a link may also ask for a single `?run=a`.
    """
    found = preferred((run for run in runs.list_runs() if not run.error), images=True)
    usable = {run.name: run for run in found if run.has_weights}
    if not usable:
        nothing_yet("reconstruct", bool(found))
        return None
    box, asked = "reconstruct_runs", address.get("runs") or address.get("run")
    first = [run.name for run in one_of_each(list(usable.values()))] or list(usable)[:1]
    if asked is not None and asked != st.session_state.get("reconstruct_asked"):
        wanted = list(dict.fromkeys(name.strip() for name in asked.split(",")))
        existing = [name for name in wanted if name in usable][:MAX_MODELS]
        if len(existing) < len(wanted):
            address.warn(
                "The address names a trained run that does not exist, or more than "
                f"{MAX_MODELS} at once. You see {'the others' if existing else 'one model of each kind'}."
            )
        st.session_state[box] = existing or first
    else:
        kept = st.session_state.get(box)
        if kept is None:  # the page is opened anew
            newer = newer_than_kept(filter(places_images, usable.values()), KEPT)
            kept = None if newer else st.session_state.get(KEPT)
        st.session_state[box] = first if kept is None else [name for name in kept if name in usable]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="reconstruct_box_line"):
        chosen = st.multiselect(
            "Models",
            list(usable),
            key=box,
            max_selections=MAX_MODELS,
            label_visibility="collapsed",
            placeholder="Choose models",
            format_func=lambda name: _label(usable, name),
            help=f"Up to {MAX_MODELS} trained runs of any kind, side by side. Their names are part of the page's "
            "address.",
        )
        if chosen:
            runs_menu([usable[name] for name in chosen], "reconstruct_menu_", page="reconstruct")
    st.session_state[KEPT] = chosen
    text = ",".join(chosen)
    address.put("run", None)
    if st.query_params.get("runs", "") != text:
        st.query_params["runs"] = text
    st.session_state["reconstruct_asked"] = text
    return [usable[name] for name in chosen]


def offer_same_size(chosen: list[Run]) -> None:
    """A line with a button that chooses models which differ by their kind alone; where they are shown, the way back."""
    usable = [run for run in runs.list_runs() if not run.error and run.has_weights]
    same = [run for run in usable if images_key(run) == images_key(chosen[0])]
    kinds, alike = ([run.name for run in found] for found in (one_of_each(same), of_one_size(same)))
    if not alike or set(kinds) == set(alike):
        return
    shown = {run.name for run in chosen} == set(alike)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="reconstruct_same_size"):
        st.caption(
            "These models have the same latent size, network, likelihood and β: they differ by their kind alone."
            if shown
            else "Models may also differ in latent size, network, likelihood and β.",
            width="content",
        )
        st.button(
            "Best of each kind" if shown else "Same size",
            key="reconstruct_kinds" if shown else "reconstruct_alike",
            icon=":material/star:" if shown else ":material/balance:",
            on_click=_choose,
            args=(kinds if shown else alike,),
            help="Chooses the best model of each kind, whatever its size."
            if shown
            else "Chooses models that differ by their kind alone.",
        )


def _choose(names: list[str]) -> None:
    st.session_state["reconstruct_runs"] = names


def choose_first() -> None:
    """Choose one model of each family again."""
    usable = [run for run in runs.list_runs() if not run.error and run.has_weights]
    st.session_state["reconstruct_runs"] = [run.name for run in one_of_each(usable)]


def first_pick(images: ImageSet | None) -> Pick:
    """The image shown at first: a chosen test image, or a sample of the model where there are no test images."""
    if images is None or not len(images.test_images):
        return Pick("seed", 1)
    number = FIRST_IMAGES.get(images.name, 0)
    return Pick("test", number if number < len(images.test_images) else 0)


def draw_another(picks: dict[str, Pick], images: ImageSet, *, same_class: bool) -> Callable[[], None]:
    """A callback that chooses another random test image, of any class or of the same one."""

    def draw() -> None:
        label = image_choice.label_of(picks["image"], images) if same_class else None
        numbers = np.arange(len(images.test_images)) if label is None else image_choice.members(images, label)
        others = numbers[numbers != picks["image"].number] if picks["image"].kind == "test" else numbers
        rng = image_choice.next_rng("reconstruct")
        picks["image"] = Pick("test", int(rng.choice(others if len(others) else numbers)))

    return draw


def _label(usable: dict[str, Run], name: str) -> str:
    return f"{name} · {usable[name].recipe.family.abbreviation}" if name in usable else name
