"""What the VAE → GAN page works with: a GAN's run, the seed of its draws, and the decoder a new GAN starts from."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.gan.experiments import is_experiment_recipe
from core.jobs import training_queue
from core.recipes.presets import for_digits, preset
from core.runs import Run, RunError
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import all_jobs
from ui.shared.recipe_labels import WORDS

MOST = 999_999
SEED = "gan_seed"


def seed() -> int:
    """The seed of everything drawn on this page: as chosen, else from the address, where it then stands."""
    wanted = st.query_params.get("seed")
    if SEED not in st.session_state:
        good = wanted is not None and wanted.isascii() and wanted.isdigit() and int(wanted[:7]) <= MOST
        if wanted is not None and not good:
            st.warning(
                f"The address asks for a seed that is no whole number from 0 to {MOST:,}. You see the first draw."
            )
        st.session_state[SEED] = int(wanted) if good else 1
    found = st.session_state[SEED]
    if wanted != str(found):
        st.query_params["seed"] = str(found)
    return found


def redraw() -> None:
    """Other z, for all that is drawn on the page."""
    st.session_state[SEED] = int(np.random.default_rng(st.session_state.get(SEED, 1)).integers(MOST + 1))


def is_gan(run: Run) -> bool:
    return run.recipe.model == "gan"


def choose_source(found: list[Run], key: str) -> Run:
    """A box with the runs that a generator can be taken from."""
    names = {run.name: run for run in found}
    name = st.selectbox(
        "Whose decoder",
        list(names),
        key=key,
        label_visibility="collapsed",
        format_func=lambda n: f"{n} · {WORDS[names[n].recipe.model]} · {names[n].recipe.dataset}" if n in names else n,
        help="The trained model whose decoder becomes the generator. It is copied: the run itself stays as it is.",
    )
    return names.get(name, found[0])


def start(source: Run) -> None:
    """Put a GAN that starts from this run's decoder into the queue."""
    recipe = preset("decoder-gan-fast")
    recipe = recipe.with_(dataset=source.recipe.dataset, folder=source.recipe.folder)
    recipe = for_digits(recipe) if recipe.dataset == "digits" else recipe
    try:
        training_queue.training_queue().submit(recipe.with_(source=source.name))
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)))


def training_jobs() -> list:
    """The GANs in training or in line; what an experiment trains is shown beside it."""
    return [
        job for job in all_jobs() if job.active and job.recipe.model == "gan" and not is_experiment_recipe(job.recipe)
    ]
