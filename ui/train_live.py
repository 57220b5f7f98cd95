"""What the Train page shows of one job: controls, progress, curves, film, KL per dimension, the formula.

Fragments tick once a second or two while the job is active. The job is a plain object with a lock of its own; the
fragments only ask it.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.recipe import RecipeError
from ui import charts
from ui.components.bars import bars
from ui.components.curves import curves
from ui.components.film import film
from ui.jobs import all_jobs
from ui.recipe_form import in_words
from ui.train_depth import how_it_works
from ui.words import duration, epoch, many, plain, three

TICK = 1.0
"""Seconds between two looks at a running job."""

ANSWER = 0.7
"""Seconds a click waits for the worker, which answers between two batches."""

STARTING = "Starting: the worker process loads PyTorch and the images. This takes about three seconds."
WAITING = {"queued": STARTING, "starting": STARTING, "stopping": "Stopping: saving the weights."}


def live(job) -> None:
    """The whole view of an active job, alive until it ends; then the page is run again once."""
    was_active = job.active

    def head() -> None:
        if was_active and not job.active:
            st.rerun()
        st.markdown(heading(job))  # in here, since a β that is changed in mid-run stands in it
        _controls(job)
        _progress(job, job.snapshot())

    st.fragment(head, run_every=TICK if was_active else None)()
    _pictures(job)


def others(shown) -> None:
    """The rest of the queue, the same for every visitor, alive like the job that is shown: whoever comes or leaves is
    seen without a click."""

    def queue() -> None:
        if not shown.active:
            st.rerun()
        for job in all_jobs():
            if not job.active or job.name == shown.name:
                continue
            with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{job.name}"):
                place = f"**{job.position}. in the queue**" if job.position else f"**{job.state} on another device**"
                st.markdown(f"{place} · {plain(job.name)} · {plain(job.recipe.summary())}", width="stretch")
                if st.button("Cancel", key=f"cancel_{job.name}", icon=":material/close:",
                             help="Take it out of the queue, or stop it where it runs."):
                    job.cancel()
                    st.rerun()  # the list of runs below is to know it too

    st.fragment(queue, run_every=TICK)()


def heading(job) -> str:
    """The run's name and recipe, with β as it went if it was changed in mid-run."""
    summary, went = job.recipe.summary(), [c["new"] for c in job.snapshot().changes if c["field"] == "beta"]
    return f"#### {plain(job.name)} · {plain(' → '.join([summary, *(f'{beta:g}' for beta in went)]))}"


def ended(job) -> None:
    """The same view of a job that has ended."""
    _progress(job, job.snapshot())
    _pictures(job)


def _pictures(job) -> None:
    """Curves beside the film, then KL per dimension and the depth: each a fragment of its own, so that the film can
    ask for a frame without the curves being drawn anew, and a button answers without waiting for either."""
    every = TICK if job.active else None
    left, right = st.columns([9, 16], gap="medium")
    with left:
        st.fragment(_curves, run_every=every)(job)
    with right:
        st.fragment(_film, run_every=2 * TICK if job.active else None)(job)
    st.fragment(_depth, run_every=2 * TICK if job.active else None)(job)


def _film(job) -> None:
    film(job.snapshot().frames, job.run.frame, key="train_film", run=f"{job.name} {job.run.status.get('created')}")


def _depth(job) -> None:
    shot = job.snapshot()
    _per_dimension(job, shot)
    how_it_works(job.recipe, shot.points)


def _controls(job) -> None:
    """Pause, step, epoch, stop. Each acts within a batch; the click waits a moment so that its effect is seen."""
    can = job.state in ("running", "paused")
    step = job.snapshot().step
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train_controls"):
        if job.state == "paused":
            st.button("Resume", key="train_toggle", icon=":material/play_arrow:", type="primary", on_click=_act,
                      args=(job, job.resume, lambda j: j.state != "paused"), help="Go on from exactly here.")
        else:
            st.button("Pause", key="train_toggle", icon=":material/pause:", type="primary", disabled=not can,
                      on_click=_act, args=(job, job.pause, lambda j: j.state != "running"),
                      help="Hold after this batch; nothing is lost.")
        st.button("Step", key="train_step", icon=":material/skip_next:", disabled=not can, on_click=_act,
                  args=(job, job.step, lambda j: j.state == "paused" and j.snapshot().step > step),
                  help="Train on one batch, then pause.")
        st.button("Epoch", key="train_epoch", icon=":material/redo:", disabled=not can, on_click=_act,
                  args=(job, job.epoch, lambda j: j.state != "paused"),
                  help="Train to the end of one epoch, then pause.")
        if job.state == "queued":
            st.button("Cancel", key="train_cancel", icon=":material/close:", on_click=_act,
                      args=(job, job.cancel, lambda j: not j.active), help="Take this job out of the queue.")
        else:
            st.button("Stop", key="train_stop", icon=":material/stop:", disabled=job.state == "stopping",
                      on_click=_act, args=(job, job.stop, lambda j: not j.active),
                      help="End this run and keep its weights. You can resume it later.")
        with st.popover("Learning rate, β", icon=":material/tune:", disabled=not can, key="train_tune",
                        help="Change them while it trains; each change leaves a mark on the curves."):
            _tuning(job)
        with st.popover("View", icon=":material/visibility:", key="train_view", help="How the curves are drawn."):
            view_options("live")


def _act(job, action, seen) -> None:
    """Do it, and wait a moment for the worker's answer: short enough not to annoy, long enough to show the effect."""
    action()
    job.wait(seen, ANSWER)


def _tuning(job) -> None:
    points = job.snapshot().points
    lr_key, beta_key = f"tune_lr_{job.id}", f"tune_beta_{job.id}"
    st.number_input("New learning rate", step=1e-4, format="%g", key=lr_key,
                    value=None, placeholder=f"now {latest(points, 'lr', job.recipe.lr):g}",
                    on_change=_set, args=(job, "lr", lr_key), help="The new size of a step, from the next batch on.")
    if job.recipe.model != "ae":
        st.number_input("New β", step=0.1, format="%g", key=beta_key, value=None,
                        placeholder=f"now {latest(points, 'beta', job.recipe.beta):g}",
                        on_change=_set, args=(job, "beta", beta_key),
                        help="The new weight of the prior's term, from the next batch on.")
    for key in (lr_key, beta_key):
        if refused := st.session_state.get(f"{key}_refused"):
            st.error(plain(refused), icon=":material/error:")
    st.caption("Takes effect at the next batch and leaves a mark on the curves.")


def _set(job, field: str, key: str) -> None:
    value = st.session_state[key]
    st.session_state.pop(f"{key}_refused", None)
    if value is not None:
        try:
            job.set(**{field: value})
        except RecipeError as error:
            st.session_state[f"{key}_refused"] = in_words(str(error))


def view_options(scope: str) -> None:
    """Axis, logarithm and smoothing of the curves; read back with `view(scope)`."""
    st.segmented_control("Horizontal axis", list(charts.X_AXES), default="epoch", required=True,
                         format_func=charts.X_AXES.get, key=f"{scope}_x", persist_state="session",
                         help="Epochs and steps compare learning, seconds compare cost.")
    st.toggle("Logarithmic", key=f"{scope}_log", persist_state="session",
              help="Equal distances mean equal ratios: late progress becomes visible.")
    st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key=f"{scope}_smooth", persist_state="session",
              help="Weight of a moving average over the training curves; the raw curve stays behind it, faint.")


def view(scope: str) -> dict:
    """The choices of `view_options` as arguments of the charts."""
    state = st.session_state
    return {"x": state.get(f"{scope}_x") or "epoch", "log": bool(state.get(f"{scope}_log")),
            "smoothing": float(state.get(f"{scope}_smooth") or 0.0)}


def _progress(job, shot) -> None:
    if job.state in WAITING:
        ahead = job.position if job.state == "queued" else 0
        text = f"Waiting in the queue: {many(ahead, 'job')} before it." if ahead else WAITING[job.state]
        st.progress(0.0 if job.state != "stopping" else min(1.0, shot.epoch / shot.epochs), text=text)
        return
    points = shot.points
    paused = job.state == "paused"
    # Held still, the count of steps shows that one was taken: on a large set it is a hundredth of an epoch or less.
    parts = [f"Epoch {epoch(shot.epoch)} of {shot.epochs}" + (f", step {shot.step:,}" if paused else ""),
             f"total {three(latest(points, 'train_total'))}, validation {three(latest(points, 'val_total'))} "
             + ("per image" if job.recipe.likelihood == "mse" else "nats")]
    if job.state == "running" and shot.images_per_second:
        parts.append(f"{three(shot.images_per_second)} images/s")
    if job.state == "running" and shot.seconds_left is not None:
        parts.append(f"{duration(shot.seconds_left)} left")
    if shot.device:
        parts.append(f"on {plain(shot.device)}")
    lead = "**Paused** · " if paused else ""
    st.progress(min(1.0, max(0.0, shot.epoch / max(1, shot.epochs))), text=lead + " · ".join(parts))


def _curves(job) -> None:
    shot = job.snapshot()
    chart = charts.loss_chart(shot.points, changes=shot.changes, with_kl=job.recipe.model != "ae",
                              prior=charts.PRIORS.get(job.recipe.model, "KL"),
                              unit=charts.unit(job.recipe.likelihood), **view("live"))
    curves(chart, key="train_curves", height=364,
           alt=f"Loss curves of {job.name}: newest total {three(latest(shot.points, 'train_total'))} in training, "
               f"{three(latest(shot.points, 'val_total'))} in validation.")
    caption = {"ae": charts.AE_CAPTION, "ad": charts.AD_CAPTION}.get(job.recipe.model, charts.LOSS_CAPTION)
    st.caption(charts.AWAY_CAPTION if chart["ranAway"] else caption)


def _per_dimension(job, shot) -> None:
    kl = shot.kl_per_dim
    if not job.recipe.variational or kl is None or not len(kl) or not np.any(kl):
        return
    st.subheader("What each latent dimension carries", anchor=False)
    bars(charts.kl_bars(kl), key="train_kl", alt=charts.kl_caption(kl))
    st.caption(charts.kl_caption(kl))


def latest(points: dict[str, np.ndarray], column: str, otherwise: float = float("nan")) -> float:
    """The newest number in a column that is one."""
    values = np.asarray(points.get(column, ()), float)
    values = values[np.isfinite(values)]
    return float(values[-1]) if len(values) else otherwise
