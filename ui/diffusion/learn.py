"""Learning a flow on the page: the button that starts it, its progress with live samples, and what there is of it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.images.shape import GREY_28
from core.jobs import prior as jobs_prior
from core.jobs.prior import PriorJob
from core.priors import store
from core.priors.events import ENCODING
from core.priors.kinds import FLOW
from core.priors.settings import FlowSettings
from core.runs import Run, RunError
from ui.charts import losses
from ui.components.charts.curves import curves
from ui.components.diffusion.latent_scatter import Scatter, latent_scatter
from ui.diffusion.plane import PlaneView
from ui.shared import address, theme
from ui.shared.formatting import duration, escape_markdown
from ui.shared.model_cache import LoadedModel
from ui.shared.owner import me
from ui.shared.run_buttons import job_button, run_button
from ui.shared.still_image import still

TICK = 0.7
"""Seconds between two looks at the job."""

FAILED = "diffusion_failed"
"""Session-state key: why the flow of a run could not be started, by the run's name."""

COLUMNS, SCALE = 8, 2


def current(run: Run) -> PriorJob | None:
    """The job that learns the run's flow, if it has not ended."""
    job = jobs_prior.current(run, FLOW)
    return job if job is not None and job.active else None


def offer(run: Run) -> None:
    """Where the run has no flow that can be drawn from: what one is, and the button that learns one."""
    found, problem = store.facts(run, FLOW), store.problem(run, FLOW)
    if found is not None or (problem and store.kept(run)):
        st.warning(escape_markdown(problem))
    else:
        st.markdown(
            "This model has no flow yet. A flow is a small network, learned after the model on the latents of its "
            "training images: it tells at each point and time in which direction noise has to move to become a latent."
        )
    _button(run, "Learn its flow", primary=True)
    _ended(run)


def again(run: Run) -> None:
    """In one line what the run's flow was learned from, with a button to learn it anew."""
    if (found := store.facts(run, FLOW)) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="diffusion_facts"):
        st.caption(
            f"Flow of {escape_markdown(run.name)}: {found.steps:,} steps on the latents of {found.images:,} training "
            f"images, {duration(found.seconds)}.",
            width="stretch",
        )
        _button(run, "Learn it again", primary=False)
    _ended(run)


def live(run: Run, loaded: LoadedModel, view: PlaneView | None, job: PriorJob) -> None:
    """Progress of a flow that is being learned: its loss, and samples with the weights so far."""
    st.fragment(_live, run_every=TICK)(run, loaded, view, job)


def _live(run: Run, loaded: LoadedModel, view: PlaneView | None, job: PriorJob) -> None:
    if not job.active:
        address.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(*_bar(job))
        job_button("Stop", "diffusion_stop", job, job.stop, help="Ends the learning and keeps the flow as it is then.")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Loss**")
        curves(_chart(job), "diffusion_loss", alt="Loss of the flow by step", height=280)
        st.caption(
            "Mean squared error of the velocity, per dimension. Pale: of each batch; strong: its running mean. It "
            "levels out far above 0: through each point pass the lines of many pairs of noise and image, and only "
            "their mean can be learned."
        )
    with right:
        st.markdown("**Samples**" + (f" after {job.shown_step:,} learning steps" if job.pictures is not None else ""))
        if job.pictures is None:
            st.caption("The first samples come with the first steps.")
        elif job.points is not None and view is not None:
            latent_scatter(
                key="diffusion_live",
                planes=[Scatter("Flow", job.points, view.note(job.points), theme.colour("generated"))],
                density=view.density,
                window=view.window,
                latent=theme.colour("latent"),
                most=420,
            )
        else:
            scale = max(1, round(SCALE * GREY_28.width / loaded.shape.width))  # about as large as digits
            still(job.pictures, COLUMNS, scale, f"{len(job.pictures)} samples of the flow so far")


def _bar(job: PriorJob) -> tuple[float, str]:
    if job.position > 0:
        return 0.0, "Waiting for other work in the background. It starts automatically."
    if job.phase == ENCODING:
        return job.progress, "Encoding the training images …"
    if not job.step:
        return 0.0, "Starting …"
    left = "" if job.seconds_left is None else f", {duration(job.seconds_left)} left"
    return job.progress, f"Learning step {job.step:,} of {job.settings.steps:,}{left}"


def _chart(job: PriorJob) -> dict:
    steps, values = (np.array([pair[k] for pair in job.losses]) for k in (0, 1))
    style = {"name": "Loss", "colour": theme.colour("total"), "width": 1.6, "alpha": 1.0, "dash": False}
    drawn = losses.series({"step": steps, "loss": values}, "step", "loss", style | {"label": "training"}, 0.8)
    panel = losses.panel("Loss", 1.0, drawn, False)
    return {"panels": [panel], "legend": [], "marks": [], **losses.frame("step")}


def _button(run: Run, label: str, primary: bool) -> None:
    run_button(
        label,
        "learn_flow",
        run,
        type="primary" if primary else "secondary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(run,),
        help=f"Trains a network of {FlowSettings().blocks} blocks for {FlowSettings().steps:,} steps, in the "
        "background, one or two minutes. It is kept with the run and becomes one of its samplers on Generate as well.",
    )


def _start(run: Run) -> None:
    failed = st.session_state.setdefault(FAILED, {})
    failed.pop(run.name, None)
    try:
        jobs_prior.start(run, FLOW, FlowSettings(), me())
    except RunError as error:
        failed[run.name] = str(error)


def _ended(run: Run) -> None:
    """Why the flow could not be learned, if it could not."""
    job = jobs_prior.current(run, FLOW)
    reason = st.session_state.get(FAILED, {}).get(run.name, "")
    if not reason and job is not None and job.state in ("failed", "stopped"):
        reason = job.message
    if reason:
        st.warning(escape_markdown(reason))
