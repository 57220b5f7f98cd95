"""VAE → GAN: a trained decoder becomes the generator of a GAN."""

from __future__ import annotations

import streamlit as st

from core.runs import Run, RunError, gan_source
from ui.gan import before_after as parts
from ui.gan import diagram as flow
from ui.gan import empty_state as begin
from ui.gan import inputs as choice
from ui.gan.experiments import experiments
from ui.gan.explain import depth
from ui.gan.questions import questions
from ui.gan.quiz import quiz
from ui.gan.slow_motion import slow_motion
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import job_of
from ui.shared.model_cache import load
from ui.shared.page import images_of
from ui.shared.run_picker import damaged_runs, pick_run
from ui.training_view.gan_view import training


def page(run: Run) -> None:
    """Everything below the head, for one GAN."""
    try:
        held = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # it may quote a file's own words
        return
    images = images_of(run, "gan_data", "Until then you see what needs no real image.")
    seed = choice.seed()
    flow.pictures(run, held, images, seed)
    parts.same_z(run, held, images, seed)
    parts.won_and_lost(run, held, images, seed)
    st.subheader("How the two learned", anchor=False)
    training(job_of(run.name), run, depth=False)
    if st.button(
        "Train another GAN",
        key="gan_another",
        icon=":material/add:",
        help="On the Train page: another decoder, another loss, other learning rates.",
    ):
        st.switch_page("pages/train.py", query_params={"recipe": "decoder-gan-fast"})
    slow_motion(run, held, images, seed)
    quiz(run)
    experiments()
    questions(run)
    depth(run, held, images, seed)


with st.container(gap=None, key="gan_head"):  # the three pictures belong on the first screen of a laptop
    head, box = st.columns([1, 1], vertical_alignment="center")
    head.title("From VAE to GAN", anchor=False)
    with box:
        chosen = pick_run(
            "run",
            page="gan_",
            what="trained GAN",
            fits=choice.is_gan,
            nothing=begin.no_gan,
            trials="Only experiments so far: choose one to look at",
        )
    st.markdown(
        "A VAE's decoder already is a generator. See what it gains, and what it loses, when a discriminator "
        "becomes its teacher."
    )
if chosen:
    page(chosen)
else:
    begin.empty()
    if gan_source.sources():  # all that they need
        experiments()
    questions(None)
damaged_runs()
