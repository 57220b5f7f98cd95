"""VAE → GAN: a trained decoder becomes the generator of a GAN."""

from __future__ import annotations

import streamlit as st

from core import lineage
from core.runs import Run, RunError
from ui import gan_begin as begin
from ui import gan_choice as choice
from ui import gan_flow as flow
from ui import gan_parts as parts
from ui.gan_depth import depth
from ui.gan_experiments import experiments
from ui.gan_live import training
from ui.gan_questions import questions
from ui.gan_quiz import quiz
from ui.gan_slow import slow_motion
from ui.image_choice import images_of
from ui.jobs import job_of
from ui.loaded import load
from ui.run_picker import damaged_runs, pick_run
from ui.words import plain


def page(run: Run) -> None:
    """Everything below the head, for one GAN."""
    try:
        held = load(run)
    except RunError as error:
        st.error(plain(str(error)))  # it may quote a file's own words
        return
    images = images_of(run, "gan_data", "Until then you see what needs no real image.")
    seed = choice.seed()
    flow.pictures(run, held, images, seed)
    parts.same_z(run, held, images, seed)
    parts.won_and_lost(run, held, images, seed)
    st.subheader("How the two learned", anchor=False)
    training(job_of(run.name), run, depth=False)
    if st.button("Train another GAN", key="gan_another", icon=":material/add:",
                 help="On the Train page: another decoder, another loss, other learning rates."):
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
        chosen = pick_run("run", page="gan_", what="trained GAN", fits=choice.is_gan, nothing=begin.no_gan,
                          trials="Only experiments so far: choose one to look at")
    st.markdown("A VAE's decoder already is a generator. See what it gains, and what it loses, when a discriminator "
                "becomes its teacher.")
if chosen:
    page(chosen)
else:
    begin.empty()
    if lineage.sources():  # all that they need
        experiments()
    questions(None)
damaged_runs()
