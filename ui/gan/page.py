"""The VAE → GAN page: a trained decoder becomes the generator of a GAN."""

from __future__ import annotations

import streamlit as st

from core.runs import Run, RunError, gan_source
from ui.gan import before_after, diagram, empty_state, inputs
from ui.gan.experiments import experiments
from ui.gan.explain import how_it_works
from ui.gan.questions import questions
from ui.gan.quiz import quiz
from ui.gan.slow_motion import slow_motion
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import job_of
from ui.shared.model_cache import load
from ui.shared.page import images_of, open_page, page_head
from ui.shared.run_picker import damaged_runs, pick_run
from ui.training_view.gan_view import training


def show() -> None:
    """Draw the page."""
    address.check_names(("run", "seed", "part", "walk", "question", "experiment", "decoder"))
    with page_head(
        "From VAE to GAN",
        "A VAE's decoder is already a generator. See what it gains, and what it loses, when it learns from a "
        "discriminator.",
        key="gan_head",
    ):
        run = pick_run(
            "run",
            page="gan_",
            what="trained GAN",
            fits=inputs.is_adversarial,
            nothing=empty_state.no_gan,
            trials="Only experiments so far: choose one to look at",
        )
    if run:
        _explore(run)
    else:
        empty_state.empty()
        if gan_source.sources():  # experiments need a source and nothing else
            experiments()
        questions(None)
    damaged_runs()


def _explore(run: Run) -> None:
    """Everything below the head, for one GAN."""
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # the message can quote text from a file
        return
    images = images_of(run, "gan_data", "Without it, the parts of this page that need real images are missing.")
    seed = inputs.seed()
    diagram.pictures(run, loaded, images, seed)
    before_after.same_z(run, loaded, images, seed)
    before_after.metrics(run, loaded, images, seed)
    st.subheader("How the two learned", anchor=False)
    training(job_of(run.name), run, depth=False)
    if st.button(
        "Train another GAN",
        key="gan_another",
        icon=":material/add:",
        help="On the Train page: another decoder, another loss, other learning rates.",
    ):
        open_page("train", recipe=inputs.PRESET)
    slow_motion(run, loaded, images, seed)
    quiz(run)
    experiments()
    questions(run)
    how_it_works(run, loaded, images, seed)
