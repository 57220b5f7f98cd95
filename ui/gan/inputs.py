"""Inputs of the VAE → GAN page: the GAN's run, the seed of its draws, and the source of a new GAN."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import streamlit as st

from core.gan.experiments import is_experiment_recipe
from core.jobs.training_job import TrainingJob
from core.recipes.presets import for_digits, preset
from core.runs import Run, RunError
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import submit_training, training_jobs
from ui.shared.model_cache import LoadedModel
from ui.shared.recipe_labels import choice

if TYPE_CHECKING:
    from core.models import GAN

PRESET = "decoder-gan-fast"
"""Preset of a GAN that is started from this page."""

MAX_SEED = 999_999

SEED = "gan_seed"
"""Session-state key of the seed."""


def seed() -> int:
    """The seed of everything drawn on this page: from the address at first, later as it was redrawn."""
    found = address.adopt(
        "seed",
        SEED,
        _parse_seed,
        1,
        f"The address asks for a seed that is no whole number from 0 to {MAX_SEED:,}. You see the first draw.",
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


def weights_of(run: Run) -> str:
    """Which weights of a run its model has, for captions."""
    best = run.status.get("best_epoch")
    best = None if run.status.get("best_total") is None else best
    return "the newest weights" if best is None else f"the weights of epoch {best:g}, the best round"


def choose_source(found: list[Run], key: str) -> Run:
    """The select box of runs whose decoder can become a generator."""
    by_name = {run.name: run for run in found}

    def words(name: str) -> str:
        recipe = by_name[name].recipe if name in by_name else None
        return f"{name} · {recipe.family.name} · {choice('dataset', recipe.dataset)}" if recipe else name

    name = st.selectbox(
        "Whose decoder",
        list(by_name),
        key=key,
        label_visibility="collapsed",
        format_func=words,
        help="The trained model whose decoder becomes the generator. It is copied: the run itself stays as it is.",
    )
    return by_name.get(name, found[0])


def start(source: Run) -> None:
    """Queue a GAN that starts from this run's decoder."""
    recipe = preset(PRESET)
    recipe = recipe.with_(dataset=source.recipe.dataset, folder=source.recipe.folder)
    recipe = for_digits(recipe) if recipe.dataset == "digits" else recipe
    try:
        submit_training(recipe.with_(source=source.name))
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)))


def gans_in_training() -> list[TrainingJob]:
    """The GANs that train or wait, except those of experiments, which are shown beside the experiment."""
    return [
        job
        for job in training_jobs()
        if job.active and job.recipe.family.adversarial and not is_experiment_recipe(job.recipe)
    ]
