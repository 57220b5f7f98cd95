"""Progress of a training in a line, for every tab of the VAE → GAN page."""

from __future__ import annotations

import streamlit as st

from core.jobs.training_job import TrainingJob
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import training_bar, waits
from ui.shared.run_buttons import job_button

WITHOUT_WEIGHTS = "gan_without_weights"
"""Session-state key: number of the job whose run had no weights when the page was drawn last."""


def follow(job: TrainingJob) -> None:
    """Draw the whole page again once the job's run has its first weights, or the job has ended."""
    state, weights = st.session_state, job.run.has_weights
    came = weights and state.get(WITHOUT_WEIGHTS) == job.id
    state[WITHOUT_WEIGHTS] = None if weights else job.id
    if came or not job.active:
        st.rerun()


def progress(job: TrainingJob) -> None:
    """Bar and Stop button; the page is drawn again once the run has weights or has ended."""
    follow(job)
    shot = job.snapshot()
    if job.position > 0:
        part, text = 0.0, f"Waiting: {waits(job)}. It starts automatically."
    else:
        text = f"epoch {int(shot.epoch)} of {shot.epochs}" if shot.step else "starting …"
        part, text = training_bar(job, text)
        text = f"{escape_markdown(job.name)}: {text[0].lower()}{text[1:]}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(part, text=text)
        job_button("Stop", "gan_stop", job, job.stop, help="Ends the training, or leaves the queue.")
