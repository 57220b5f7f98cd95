"""Runs shown on the Planes page: for each family one with two latent dimensions, or any other the visitor chooses."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core import runs
from core.recipes.family import FAMILIES, Family
from core.runs import Run
from ui.shared import address
from ui.shared.default_run import preferred
from ui.shared.image_choice import images_key

LATENT_DIM = 2
"""Latent dimensions of a model that can be shown."""


def slots() -> dict[str, Family]:
    """The families with a place on the page, in their order. Their keys are also the parameters of the address.

    A GAN has none: the page compares how models arrange images in the latent space, and a GAN does not encode any.
    """
    return {key: family for key, family in FAMILIES.items() if not family.adversarial}


def flat_runs() -> list[Run]:
    """The runs that can be shown, with weights and two latent dimensions, in the order of `default_run.preferred`."""
    known = slots()
    return preferred(
        run
        for run in runs.list_runs()
        if not run.error and run.has_weights and run.recipe.latent_dim == LATENT_DIM and run.recipe.family.key in known
    )


def first_runs(found: list[Run]) -> dict[str, Run]:
    """The run that each family begins with: the first that is found, on the images that most families have runs of."""
    families = Counter(images for images, _ in {(images_key(run), run.recipe.family.key) for run in found})
    order = [images_key(run) for run in found]
    best = max(families, key=lambda images: (families[images], -order.index(images)), default=None)
    first: dict[str, Run] = {}
    for run in sorted(found, key=lambda run: images_key(run) != best):  # stable: as found within each
        first.setdefault(run.recipe.family.key, run)
    return first


def settle(found: list[Run]) -> dict[str, Run | None]:
    """The run of each slot: as chosen before, else from the address, else the first one; None where there is none.

    The runs shown are written into the address.
    """
    usable, first, shown = {run.name: run for run in found}, first_runs(found), {}
    kept = st.session_state.setdefault("planes_kept", {})
    for slot in slots():
        box, wanted = f"planes_run_{slot}", address.get(slot)
        if st.session_state.get(box) not in usable:  # the first run of the page, or a run was deleted or renamed
            if wanted and wanted not in usable:
                address.warn(
                    "The address asks for a trained run with two latent dimensions that does not exist. You see "
                    "the page without it."
                )
            fallback = first[slot].name if slot in first else None
            st.session_state[box] = next((n for n in (wanted, kept.get(slot), fallback) if n in usable), None)
        name = kept[slot] = st.session_state[box]
        shown[slot] = usable.get(name)
        address.put(slot, name)
    return shown


def pick(slot: str, shown: Run, found: list[Run]) -> None:
    """The family's name and the box of runs that can be shown here, those of the slot's family first."""
    st.markdown(f"**{shown.recipe.family.name}**")
    family = {run.name: run.recipe.family for run in found}
    # persist_state: the choice is sent to the browser until the browser has answered. A slow browser may first draw the
    # box in a later run of the page, and would then report the first option as the choice.
    st.selectbox(
        "Trained model",
        sorted(family, key=lambda name: family[name].key != slot),
        key=f"planes_run_{slot}",
        label_visibility="collapsed",
        persist_state="page",
        format_func=lambda name: _option(name, family.get(name), slot),
        help=f"{shown.recipe.summary()}. You can choose any run with two latent dimensions, also to compare two of "
        "the same kind.",
    )


def data_name(run: Run) -> str:
    """The name of a run's images for the browser, where the planes of one data set share their legend."""
    return "|".join(map(str, images_key(run)))


def _option(name: str, family: Family | None, slot: str) -> str:
    return name if family is None or family.key == slot else f"{name} · {family.abbreviation}"
