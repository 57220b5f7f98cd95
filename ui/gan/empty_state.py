"""The VAE → GAN page without a GAN: choose a trained decoder and start, or train a VAE first."""

from __future__ import annotations

import streamlit as st

from core.jobs.training_job import TrainingJob
from core.recipes.presets import first_model
from core.runs import RunError
from ui.gan import diagram, inputs
from ui.shared.default_run import preferred_sources
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import submit_training, training_jobs, waits
from ui.shared.model_cache import load
from ui.shared.page import images_of, open_page
from ui.shared.run_buttons import job_button, run_button


def no_gan() -> None:
    """The text in place of the box of runs."""
    st.caption("No GAN has been trained yet.", text_alignment="right")


def empty() -> None:
    """The page without a GAN: the source's part of the diagram, and the button that trains a GAN."""
    jobs = inputs.gans_in_training()
    found = preferred_sources()
    if not found:
        _no_source()
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="gan_start_row"):
        source = inputs.choose_source(found, "gan_source")
        run_button(
            "Train a GAN from this decoder",
            "gan_start",
            source,
            type="primary",
            icon=":material/play_arrow:",
            on_click=inputs.start,
            args=(source,),
            disabled=bool(jobs),
            help="Copies the decoder as the generator, adds a small discriminator and trains both in the background. "
            "All settings are on the Train page.",
        )
    if jobs:
        st.fragment(_progress, run_every=0.7)(jobs[0])
    try:
        loaded = load(source)
    except RunError as error:
        st.error(escape_markdown(str(error)))
        return
    images = images_of(source, "gan_data", "Without it, the parts of this page that need real images are missing.")
    diagram.pictures(source, loaded, images, inputs.seed())


def _no_source() -> None:
    job = next((job for job in training_jobs() if job.active and job.recipe.family.generator_source), None)
    if job is not None:
        st.info("A model is being trained. Its decoder can become the generator after its first epoch.")
        st.fragment(_progress, run_every=0.7)(job)
        return
    st.info(
        "A GAN of this lab starts from a trained decoder, and there is none yet. Train a VAE first: on the digits it "
        "takes about fifteen seconds."
    )
    with st.container(horizontal=True):
        st.button(
            "Train a VAE",
            key="gan_first",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_train_first,
            help="A small variational autoencoder learns handwritten digits.",
        )
        if st.button("Choose what to train", key="gan_train", help="Opens Train with all settings."):
            open_page("train")


def _train_first() -> None:
    """Queue the lab's first model."""
    try:
        submit_training(first_model())
    except RunError as error:
        st.error(escape_markdown(str(error)))


def _progress(job: TrainingJob) -> None:
    """Progress of a training; the page is drawn again once the run has weights or has ended."""
    if not job.active or job.run.has_weights:
        st.rerun()
    shot = job.snapshot()
    if job.position > 0:
        part, text = 0.0, f"Waiting: {waits(job)}. It starts by itself."
    else:
        part = min(1.0, shot.epoch / shot.epochs)
        text = f"{escape_markdown(job.name)}: epoch {int(shot.epoch)} of {shot.epochs}" if shot.step else "Starting …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(part, text=text)
        job_button("Stop", "gan_stop", job, job.stop, help="Ends the training, or leaves the queue.")
