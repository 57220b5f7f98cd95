"""Samples of a model of codes: random codes beside those of a prior that is learned over the codes, here, as a job."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from core.jobs import prior as jobs_prior
from core.jobs.prior import PriorJob
from core.latent import mixture
from core.priors import store
from core.priors.kinds import TRANSFORMER
from core.runs import Run, RunError
from ui.charts import losses as charts
from ui.components.charts.curves import curves
from ui.generate import sampler
from ui.generate.views import SAMPLE, for_files
from ui.shared import address, glossary, theme
from ui.shared.formatting import duration, escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.owner import me
from ui.shared.run_buttons import run_key
from ui.shared.still_image import still

TICK = 1.0
"""Seconds between two looks at the job."""


def samples(run: Run, loaded: LoadedModel) -> None:
    """Random codes on the left, the learned prior on the right, drawn with the same seed and temperature."""
    st.subheader("Random samples", anchor=False)
    parameters = (sampler.SEED, sampler.GRID_TEMPERATURE)
    for parameter in parameters:
        parameter.adopt()
    with st.container(horizontal=True, vertical_alignment="bottom", key="generate_code_samples"):
        st.number_input(
            "Seed",
            0,
            999_999,
            step=1,
            width=140,
            key="generate_grid_seed",
            persist_state="session",
            help=f"The same seed draws the same {sampler.SAMPLES} grids of codes.",
        )
        st.slider(
            "Temperature",
            0.0,
            2.0,
            step=0.05,
            width=280,
            key="generate_grid_temperature",
            persist_state="session",
            help="Of the learned prior. 1: codes as probable as it has learned. Lower: the probable ones more often, "
            "so that samples are more typical and more alike; 0: always the most probable one.",
        )
    for parameter in parameters:
        parameter.keep()
    address.put("draw", None)  # a link to another model's choice
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Random codes**")
        _grid(run, loaded, mixture.default_sampler(loaded.model))
        glossary.caption(
            "Each cell gets a code by itself, as often as training images use it. Neighbours do not fit together: a "
            "model of codes knows how to draw an image, but not which codes make one. That is what a prior is for.",
            "prior",
        )
    with right:
        st.markdown("**Learned prior**")
        _learned(run, loaded)


def _grid(run: Run, loaded: LoadedModel, source: str) -> None:
    """64 samples of one distribution."""
    seed, temperature, _ = sampler.settings(loaded)
    for_files()["samples"] = sampler.settings(loaded)
    pictures, problem = sampler.grid(run, loaded, seed, temperature, source)
    _show(loaded, pictures, f"{sampler.SAMPLES} samples of {sampler.title(loaded, source)} with seed {seed}")
    if problem:
        st.warning(escape_markdown(problem))


def _show(loaded: LoadedModel, pictures: np.ndarray, alt: str) -> None:
    still(pictures, columns=8, scale=max(1, SAMPLE // loaded.shape.width), alt=alt)


def _learned(run: Run, loaded: LoadedModel) -> None:
    """The samples of the learned prior, the job that learns it, or the button that starts one."""
    job = jobs_prior.current(run, TRANSFORMER)
    if job is not None and job.active:
        st.fragment(_progress, run_every=TICK)(job, loaded)
        return
    if job is not None and job.message and job.state in ("failed", "stopped"):
        st.warning(escape_markdown(job.message))
    usable = TRANSFORMER in store.usable(run)
    if usable:
        _grid(run, loaded, TRANSFORMER.key)
        _facts(run)
    elif TRANSFORMER in store.kept(run):
        st.warning(escape_markdown(store.problem(run, TRANSFORMER)))
    else:
        st.markdown(f"{TRANSFORMER.sentence} It takes a minute or two, and you watch its samples meanwhile.")
    st.button(
        "Learn it again" if usable else "Learn the prior",
        key=run_key("generate_learn_prior", run),
        type="secondary" if usable else "primary",
        icon=":material/school:",
        on_click=_start,
        args=(run,),
        help="The training images become grids of codes; then the transformer learns to predict each code from those "
        "before it. The model itself stays as it is.",
    )
    if problem := st.session_state.pop("generate_prior_problem", ""):
        st.error(escape_markdown(problem))


def _facts(run: Run) -> None:
    """What the prior costs and has learned, in one sentence each."""
    facts = store.facts(run, TRANSFORMER)
    if facts is None or not facts.losses:
        return
    nats, cells = facts.losses[-1][1], math.prod(run.recipe.grid)
    even = math.log(run.recipe.value("codebook_size"))
    glossary.caption(
        "A transformer draws the codes row by row, each one given those before it. Learned in "
        f"{duration(facts.seconds)} from the codes of {facts.images:,} training images: {nats:.2f} nats per code, "
        f"where equally probable codes would take {even:.2f}; {cells * nats / math.log(2):,.0f} bits an image.",
        "nats",
    )


def _start(run: Run) -> None:
    try:
        jobs_prior.start(run, TRANSFORMER, TRANSFORMER.settings(), me())
    except RunError as error:
        st.session_state["generate_prior_problem"] = str(error)


def _progress(job: PriorJob, loaded: LoadedModel) -> None:
    """Newest samples, loss and a Stop button of a prior that is being learned."""
    if not job.active:
        st.rerun()
    if job.state == "queued":
        st.progress(0.0, text=f"Waiting: {pluralize(job.position, 'job')} before it …")
    elif not job.step:
        st.progress(job.progress, text="Training images become codes …")
    else:
        left = job.seconds_left
        text = f"Step {job.step:,}" + (f", about {duration(left)} left" if left else "")
        st.progress(job.progress, text=text)
    if job.pictures is not None:
        _show(loaded, job.pictures, f"Samples of the prior after {job.shown_step} steps")
        st.caption(f"Samples after {job.shown_step:,} steps.")
    if len(job.losses) > 1:
        curves(
            _curve(job.losses),
            key="generate_prior_loss",
            height=180,
            alt=f"Loss of the prior: {job.losses[-1][1]:.2f} nats per code after {job.step:,} steps.",
        )
    st.button(
        "Stop",
        key=run_key("generate_stop_prior", job.run),
        icon=":material/stop:",
        on_click=job.stop,
        help="The prior is kept as it is then.",
    )


def _curve(losses: list[tuple[float, float]]) -> dict[str, Any]:
    """The loss against the steps, as data for `curves`."""
    steps, values = (np.asarray(column) for column in zip(*losses, strict=True))
    style = {"name": "loss", "colour": theme.colour("latent"), "width": 1.6, "alpha": 1.0, "dash": False, "label": ""}
    drawn = charts.series({"step": steps, "loss": values}, "step", "loss", style | {"until": None}, 0.0)
    shown = charts.panel("Cross-entropy (nats per code)", 1.0, drawn, log=False)
    return {"panels": [shown], "legend": [], "marks": [], **charts.frame("step")}
