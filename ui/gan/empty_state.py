"""The VAE → GAN page before there is a GAN: choose a decoder, look at it, start; or train a VAE first."""

from __future__ import annotations

import streamlit as st

from core.jobs import training_queue
from core.jobs.training_job import TrainingJob
from core.recipes.presets import first_model
from core.runs import RunError, gan_source
from ui.gan import diagram as flow
from ui.gan import inputs as choice
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import all_jobs
from ui.shared.model_cache import load
from ui.shared.page import images_of


def no_gan() -> None:
    """What stands in place of the box of runs."""
    st.caption("No GAN has been trained yet.", text_alignment="right")


def empty() -> None:
    """The page without a GAN: its first two pictures live, and the button that makes the third."""
    jobs = choice.training_jobs()
    found = gan_source.sources()
    if not found:
        _no_source()
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="gan_start_row"):
        source = choice.choose_source(found, "gan_source")
        st.button(
            "Train a GAN from this decoder",
            key="gan_start",
            type="primary",
            icon=":material/play_arrow:",
            on_click=choice.start,
            args=(source,),
            disabled=bool(jobs),
            help="Copies the decoder as the generator, puts a small discriminator against it and trains both in "
            "the background. Every setting is on the Train page.",
        )
    if jobs:
        st.fragment(_forming, run_every=0.7)(jobs[0])
    try:
        held = load(source)
    except RunError as error:
        st.error(escape_markdown(str(error)))
        return
    images = images_of(source, "gan_data", "Until then you see what needs no real image.")
    flow.pictures(source, held, images, choice.seed())


def _no_source() -> None:
    job = next((job for job in all_jobs() if job.active and job.recipe.model != "gan"), None)
    if job is not None:
        st.info("A model is being trained. Its decoder can become the generator after its first epoch.")
        st.fragment(_forming, run_every=0.7)(job)
        return
    st.info(
        "A GAN of this lab begins with a trained decoder, and none is here yet. Train a VAE first: on the digits "
        "it takes about fifteen seconds."
    )
    with st.container(horizontal=True):
        st.button(
            "Train a VAE",
            key="gan_first",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_first,
            help="A small variational autoencoder learns handwritten digits.",
        )
        if st.button("Choose what to train", key="gan_train", help="Opens Train with all settings."):
            st.switch_page("pages/train.py")


def _first() -> None:
    try:
        training_queue.training_queue().submit(first_model())
    except RunError as error:
        st.error(escape_markdown(str(error)))


def _forming(job: TrainingJob) -> None:
    """Ticks while a first run trains; the page is drawn anew once there is something to show."""
    if not job.active or job.run.has_weights:
        st.rerun()
    seen = job.snapshot()
    if job.position > 0:
        part, text = 0.0, f"Waiting: {job.position} before it. It starts by itself."
    else:
        part = min(1.0, seen.epoch / seen.epochs)
        text = f"{escape_markdown(job.name)}: epoch {int(seen.epoch)} of {seen.epochs}" if seen.step else "Starting …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(part, text=text)
        if st.button("Stop", key="gan_stop", help="Ends the training, or leaves the queue."):
            job.stop()
