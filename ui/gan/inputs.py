"""Inputs of the VAE → GAN page: the open tab, the GAN's run, the seed of its draws, and the start of a new GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import streamlit as st

from core import runs
from core.jobs.training_job import TrainingJob
from core.recipes.adaptation import adapted, gan_for
from core.recipes.presets import preset
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from core.runs.shown_weights import is_experiment_recipe
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import submit_training, training_jobs
from ui.shared.model_cache import LoadedModel
from ui.shared.owner import is_foreign

if TYPE_CHECKING:
    from core.models import GAN

MAX_SEED = 999_999

SEED = "gan_seed"
"""Session-state key of the seed."""

RUN_BOX, RUN_KEPT = "gan_run_box", "gan_run_kept"
"""Session-state keys of the box of GANs (`ui.shared.run_picker`): its choice, and the choice when the page was left."""

STARTED = "gan_started"
"""Session-state key: name of the GAN that this visitor has started here and that has no weights yet."""

TAB_BOX, TAB_KEPT = "gan_tab", "gan_tab_kept"
"""Session-state keys: title of the open tab, and its key for when the visitor comes back to the page."""


def seed() -> int:
    """The seed of everything drawn on this page: from the address at first, later as it was redrawn."""
    found = address.adopt(
        "seed",
        SEED,
        _parse_seed,
        1,
        f"The address has a seed that is not a whole number from 0 to {MAX_SEED:,}. You see the first draw.",
    )
    address.put("seed", str(found))
    return found


def _parse_seed(text: str) -> int | None:
    valid = text.isascii() and text.isdigit() and len(text) <= 7 and int(text) <= MAX_SEED
    return int(text) if valid else None


def redraw() -> None:
    """Choose another seed for everything drawn on the page."""
    st.session_state[SEED] = int(np.random.default_rng(st.session_state.get(SEED, 1)).integers(MAX_SEED + 1))


def is_adversarial(run: Run) -> bool:
    """Whether a run has a discriminator, as the models of this page have."""
    return run.recipe.family.adversarial


def gan_model(loaded: LoadedModel) -> GAN:
    """The model of an adversarial run."""
    return cast("GAN", loaded.model)


def source_name(run: Run) -> str:
    """The abbreviation of the source's kind of model, such as VAE; of a generator without a source, `Source`."""
    source = run.recipe.latent_family
    return source.abbreviation if source else "Source"


def recipe_from(source: Run) -> Recipe:
    """The recipe of a GAN that starts from this run's decoder."""
    recipe = preset(gan_for(source.recipe.shape)).with_(dataset=source.recipe.dataset, folder=source.recipe.folder)
    return adapted(recipe, recipe.dataset).with_(source=source.name)


def start(source: Run) -> None:
    """Queue a GAN that starts from this run's decoder, and turn to its training."""
    try:
        job = submit_training(recipe_from(source))
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)))
        return
    st.session_state[STARTED] = job.name
    st.session_state[TAB_BOX] = TITLES["train"]


def follow_started() -> None:
    """Turn to the GAN that this visitor has started, once it has weights. Call it before the box of GANs."""
    state = st.session_state
    if (name := state.get(STARTED)) is None:
        return
    run = next((run for run in runs.list_runs() if run.name == name), None)
    if run is None:
        state.pop(STARTED)
    elif run.has_weights:
        state.pop(STARTED)
        state[RUN_BOX] = name
        address.put("run", name)


def gans_in_training() -> list[TrainingJob]:
    """The GANs that train or wait, except those of experiments, which are shown beside the experiment."""
    return [
        job
        for job in training_jobs()
        if job.active and job.recipe.family.adversarial and not is_experiment_recipe(job.recipe)
    ]


def my_gans_in_training() -> list[TrainingJob]:
    """Those of `gans_in_training` that are not another visitor's."""
    return [job for job in gans_in_training() if not is_foreign(job)]


@dataclass(frozen=True)
class Tab:
    """A tab of the page.

    Attributes:
        key: in the address. hint: parameter of an older address that means this tab; empty for none.
    """

    key: str
    title: str
    hint: str = ""


TABS = (
    Tab("idea", "Idea", "part"),
    Tab("train", "Train"),
    Tab("compare", "Compare"),
    Tab("slow", "Slow motion", "walk"),
    Tab("quiz", "Quiz"),
    Tab("experiments", "Experiments", "experiment"),
    Tab("questions", "Questions", "question"),
)
TITLES = {tab.key: tab.title for tab in TABS}
_KEYS = {tab.title: tab.key for tab in TABS}

_TAB = address.Parameter(
    "tab", TAB_BOX, TITLES.get, "", f"it is one of {', '.join(TITLES)}", lambda title: _KEYS.get(title, "idea")
)


def adopt_tab() -> str:
    """The tab to open: as the address says, else as a link to a part of it says, else the one that was open last."""
    state = st.session_state
    hinted = next((tab.key for tab in TABS if tab.hint and address.get(tab.hint) is not None), None)
    if state.get(TAB_BOX) not in _KEYS:
        state[TAB_BOX] = TITLES[hinted or state.get(TAB_KEPT, "idea")]
    _TAB.adopt()
    return _KEYS[state[TAB_BOX]]


def keep_tab() -> str:
    """Write the open tab into the address. Call it after the tabs."""
    _TAB.keep()
    st.session_state[TAB_KEPT] = key = _KEYS.get(st.session_state.get(TAB_BOX, ""), "idea")
    return key
