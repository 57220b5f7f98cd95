"""The VAE → diffusion page: a flow turns noise into latents of a trained model, as latent diffusion models do."""

from __future__ import annotations

import streamlit as st

from core.runs import Run, RunError
from ui.diffusion import inputs, learn
from ui.diffusion.board import board
from ui.diffusion.compare import compare
from ui.diffusion.explain import how_it_works
from ui.diffusion.plane import plane_view
from ui.diffusion.questions import questions
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.learned_priors import learned_prior
from ui.shared.model_cache import load
from ui.shared.page import images_of, page_head
from ui.shared.run_picker import damaged_runs, pick_run

BEST = "example-plane-ae"
"""Example with which the page begins: its holes can be seen."""


def show() -> None:
    """Draw the page."""
    address.check_names(inputs.NAMES)
    with page_head(
        "From VAE to diffusion",
        "A decoder draws well only where training latents lie. A flow learns the way there from noise, as in latent "
        "diffusion.",
        key="diffusion_head",
        terms=("latent", "flow"),
    ) as head:
        run = pick_run(
            "run",
            page="diffusion_",
            here="diffusion",
            head=head,
            what="model with latents of training images",
            fits=inputs.fits,
            unfit="The address names a GAN, which is trained to turn noise itself into images. You see another run.",
            best=BEST,
        )
    if run is not None:
        _content(run)
    damaged_runs()


def _content(run: Run) -> None:
    """Everything below the head, for one trained run."""
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # may contain text from a file
        return
    view = plane_view(run, loaded)
    job = learn.current(run)
    if job is not None:
        learn.live(run, loaded, view, job)
        how_it_works()
        return
    flow, problem = learned_prior(loaded, "flow")
    if flow is None:
        images = images_of(run, "diffusion_data", "A flow is learned from their latents.")
        learn.offer(run)
        compare(run, loaded, images, view)
        questions()
        how_it_works()
        return
    images = images_of(run, "diffusion_data", "Until then the samplers cannot be compared.")
    board(run, loaded, flow, images.classes if images is not None else (), view)
    learn.again(run)
    compare(run, loaded, images, view)
    questions()
    how_it_works()
