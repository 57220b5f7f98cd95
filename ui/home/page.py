"""The Home page: what the lab is, the visitor's newest model or a button that trains a first one, the running jobs, all
pages by what they are for, and the model whose pictures are shown, drawn as it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from core import data, runs
from core.jobs.job import Job
from core.jobs.queue import all_jobs
from core.jobs.speed_estimates import SpeedTestJob
from core.jobs.training_job import TrainingJob
from core.jobs.training_queue import training_queue
from core.recipes.adaptation import first_model
from core.runs import Run, RunError
from ui.home.first_picture import INTRO, TITLE, example, own_run, samples
from ui.registry import GROUPS, PAGES
from ui.shared import address
from ui.shared.formatting import duration, escape_markdown, format_sig
from ui.shared.jobs import first_model_takes, job_of, submit_training, training_bar, training_jobs, waits
from ui.shared.owner import me
from ui.shared.page import open_page
from ui.shared.run_buttons import job_button, run_button
from ui.shared.run_menu import run_menu
from ui.shared.torch_there import has_torch

FIRST = "first"
"""Address parameter: name of the run that this visitor's button started, so that a reload finds it again."""

PART = "part"
"""Address parameter: the part of the model's drawing that is explained, as on all pages (`ui.diagram.model.PART`)."""

FIRST_MODEL = "A small variational autoencoder (VAE) learns 1,320 handwritten digits."

TICK = 0.7
"""Seconds between two updates while the first model trains."""


def show() -> None:
    """Draw the page."""
    address.check_names([FIRST, PART])
    job = _first_job()
    own = None if job is not None and job.state != "cancelled" else own_run()
    with st.container(key="home_top"):
        with st.container(key="home_words"):
            st.title(TITLE, anchor=False)
            st.markdown(INTRO)
        with st.container(key="home_pictures"):
            _pictures(job, own)
        with st.container(key="home_actions"):
            if own is not None:
                _own_model(own)
            else:
                _first_model(job)
            _next_steps(job, own)
            if own is not None:
                _another()
    if _other_jobs() or _background_jobs():
        _running_now()
    _pages()
    _inside(job, own)


def _first_job() -> TrainingJob | None:
    """The training that this visitor's button started; None, with a message, where its run is gone."""
    name = address.get(FIRST)
    if name is None:
        return None
    job = job_of(name)
    if job is not None and (job.active or job.run.path.is_dir()):
        return job
    if any(run.name == name and not run.error for run in runs.list_runs()):
        address.put(FIRST, None)
        open_page("run", name=name)  # it was trained before the lab was last opened
    address.refuse(FIRST, "The address names a first model that does not exist, or that was deleted. Train another.")
    return None


def _first_model(job: TrainingJob | None) -> None:
    """The first thing to do: train a model, or what comes of the training that this visitor started."""
    if job is not None and job.active:
        _progress(job.name)
    elif job is not None and job.state == "finished":
        _trained(job)
    elif job is None or job.state == "cancelled":
        _first_buttons()
    else:
        _ended_early(job)


def _ended_early(job: TrainingJob) -> None:
    """What can be done after the training was stopped or failed."""
    box = st.info if job.state == "stopped" else st.warning
    box(escape_markdown(job.message or "The training has ended."), icon=":material/pause_circle:")
    with st.container(horizontal=True):
        if run_button(
            "Resume",
            "home_resume",
            job.run,
            type="primary",
            icon=":material/play_arrow:",
            disabled=not job.run.resumable,
            help="Continues exactly where it stopped.",
        ):
            _submit(lambda: training_queue().resume(job.name, owner=me()))
        if run_button(
            "See how it learned", "home_watch", job.run, help="Its loss curves and pictures, epoch by epoch."
        ):
            open_page("run", name=job.name)
        if st.button("Train another", key="home_another", help="Begins a new model from the start."):
            _submit(lambda: submit_training(first_model()))
        run_menu(job.run, "home_menu_")


def _train_first(label: str, kind: Literal["primary", "tertiary"], cost: str) -> None:
    """The button that trains the first model. cost: a sentence on what it takes."""
    help_text = f"{FIRST_MODEL} {cost}"
    if st.button(label, type=kind, key="home_train", icon=":material/play_arrow:", help=help_text):
        _submit(lambda: submit_training(first_model()))


def _submit(queue: Callable[[], TrainingJob]) -> None:
    """Queue this visitor's first model, and put it into the address; or say why it cannot be queued."""
    try:
        started = queue()
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)))
    else:
        address.put(FIRST, started.name)
        st.rerun()


def _trained(job: TrainingJob) -> None:
    st.success("Your first model is trained. It can now generate new digits.", icon=":material/check:")
    _open_buttons(job.run)


def _own_model(run: Run) -> None:
    """The visitor's newest model, and what can be done with it."""
    st.markdown(f"**Your newest model:** {escape_markdown(run.name)} · {escape_markdown(run.summary())}")
    _open_buttons(run)


def _another() -> None:
    """The first model, for a visitor who has trained one already: an offer below others."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _train_first("Train a small VAE on digits", "tertiary", "It needs no internet connection.")
        st.caption(first_model_takes())


def _open_buttons(run: Run) -> None:
    """The buttons of the visitor's own model: what it generates, how it learned, and everything else."""
    with st.container(horizontal=True):
        if run_button(
            "Generate images",
            "home_generate",
            run,
            type="primary",
            icon=":material/tune:",
            help="Opens Generate: a slider for each dimension of its latent space.",
        ):
            open_page("generate", run=run.name)
        if run_button("See how it learned", "home_watch", run, help="Its loss curves and pictures, epoch by epoch."):
            open_page("run", name=run.name)
        run_menu(run, "home_menu_")


CHANGE = ("train", "like", "Change one setting, such as β or the latent size, and compare the runs")
BEFORE = (
    ("generate", "run", "Move the sliders of its latent space and watch the picture"),
    ("run", "name", "See how {} learned, epoch by epoch"),
    CHANGE,
)
AFTER = (
    ("interpolate", "run", "Turn one image into another, step by step"),
    ("map", "run", "See which images lie close together on a map of its latent space"),
    CHANGE,
)
"""Links below the buttons, before the visitor has a model and after it: page, its parameter for the run, text."""


def _next_steps(job: TrainingJob | None, own: Run | None) -> None:
    """What to do next with the visitor's own model, or with an example instead."""
    mine = own or (job.run if job is not None and job.state == "finished" else None)
    run = mine or example()
    if run is None or (job is not None and job.active):
        return
    with st.container(gap="xxsmall", key="home_next"):
        st.markdown("**Then try this**")
        for key, parameter, text in AFTER if mine else BEFORE:
            if key == "map" and run.recipe.family.adversarial:
                continue  # it has no encoder, and nothing to put on a map
            page = next(page for page in PAGES if page.key == key)
            query = {parameter: run.name} if key != "train" or _has_images(run) else None
            label = text.format(escape_markdown(run.name))
            st.page_link(page.script, label=label, icon=page.icon, query_params=query)


def _has_images(run: Run) -> bool:
    """Whether a recipe like that of the run can be trained: its images are on this machine."""
    return data.status()[run.recipe.dataset].ready


def _first_buttons() -> None:
    trained, takes = example(), first_model_takes()
    with st.container(horizontal=True):
        _train_first("Train your first model", "primary", f"It takes {takes}.")
        if trained is not None and run_button(
            "Try a trained model",
            "home_play",
            trained,
            icon=":material/tune:",
            help="Move the sliders of a model that is already trained.",
        ):
            open_page("generate", run=trained.name)
        if trained is not None:
            run_menu(trained, "home_menu_")
    st.caption(f"Training takes {takes} and needs no internet connection.")


@st.fragment(run_every=TICK)
def _progress(name: str) -> None:
    """Progress of the first model's training; the page is drawn again once it has ended."""
    job = job_of(name)
    if job is None or not job.active:
        st.rerun()
    shot = job.snapshot()
    if job.position > 0:
        label = f"In the queue: {waits(job, 'yours')}. Yours starts automatically."
    elif job.state in ("queued", "starting"):
        label = "Starting the training process, about three seconds …"
    else:
        left = f" · {duration(shot.seconds_left)} left" if shot.seconds_left is not None else ""
        loss = f" · loss {format_sig(shot.latest['val_total'])} nats" if "val_total" in shot.latest else ""
        label = f"Epoch {int(shot.epoch)} of {shot.epochs}{loss}{left}"
    part, label = training_bar(job, label)
    st.progress(part, text=label)
    job_button("Stop", "home_stop", job, job.stop, help="Ends the training and keeps the model as it is.")
    st.caption(
        "The picture shows what the model generates, after each epoch, from the same random latent vectors."
        if shot.frames
        else "Its first pictures come after the first epoch. Until then you see those of another model."
    )


def _pictures(job: TrainingJob | None, own: Run | None) -> None:
    """Samples of the first model while it trains and afterwards; else those of the visitor's newest model, or of an
    example."""
    if job is not None and job.state != "cancelled":
        st.fragment(_newest_samples, run_every=TICK if job.active else None)(job.name)
        return
    if own is not None:
        _samples(own, own.frames()[-1])
        return
    run = example()
    if run is None:
        st.info("There is no trained model yet. Train your first one, and its pictures appear here.")
        return
    _samples(run, run.frames()[-1])


def _newest_samples(name: str) -> None:
    job = job_of(name)
    epochs = job.snapshot().frames if job else []
    if job is not None and epochs:
        _samples(job.run, epochs[-1])
    elif (run := example()) is not None:  # until its own first picture, so that the page neither jumps nor is empty
        _samples(run, run.frames()[-1])


def _samples(run: Run, epoch: float) -> None:
    """The samples in a run's frame of that epoch."""
    try:
        sheet, caption = samples(run, epoch)
    except (RunError, ValueError) as error:
        st.info(escape_markdown(str(error)))
        return
    st.html(sheet)
    st.caption(escape_markdown(caption))


def _background_jobs() -> list[Job]:
    """Jobs of other kinds that run or wait: maps, scores, downloads."""
    return [job for job in all_jobs() if job.active and not isinstance(job, (TrainingJob, SpeedTestJob))]


def _other_jobs() -> list[TrainingJob]:
    return [job for job in training_jobs() if job.active and job.name != address.get(FIRST)]


@st.fragment(run_every=1.0)
def _running_now() -> None:
    """The jobs that train or wait, once a second; the page is drawn again once there are none."""
    jobs, background = _other_jobs(), _background_jobs()
    if not jobs and not background:
        st.rerun()
    st.subheader("Running now", anchor=False)
    for job in jobs[:5]:
        with st.container(horizontal=True, vertical_alignment="center"):
            shot = job.snapshot()
            place = f"in the queue, {waits(job)}" if job.position else "running"
            st.markdown(
                f"**{escape_markdown(job.name)}** · {escape_markdown(job.recipe.summary(shot.changes))} · {place}"
                + ("" if job.position else f" · epoch {int(shot.epoch)} of {shot.epochs}")
            )
            if run_button("Watch", "home_running", job.run, help="Opens its loss curves as they grow."):
                open_page("run", name=job.name)

    for work in background[:5]:
        place = f"in the queue, {work.position} before it" if work.position > 0 else f"{100 * work.progress:.0f} % done"
        st.markdown(f"{escape_markdown(work.title)} · {place}")


def _pages() -> None:
    """All pages but this one, by what they are for."""
    st.space("xxsmall")
    for column, group in zip(st.columns(len(GROUPS)), GROUPS, strict=True):
        with column.container(gap="xxsmall", key=f"home_group_{GROUPS.index(group)}"):
            st.markdown(f"**{group}**")
            for page in (page for page in PAGES if page.group == group):
                with st.container(gap=None, key=f"card_{page.key}"):
                    st.page_link(page.script, label=f"**{page.title}**", icon=page.icon)
                    st.caption(page.sentence)


def _inside(job: TrainingJob | None, own: Run | None) -> None:
    """The model whose pictures are shown, drawn as it runs. It needs torch, which is imported after the first page."""
    run = own or (job.run if job is not None and job.state == "finished" else example())
    if run is not None:
        # Ticks until torch is there; then the page is drawn once more, without ticks.
        st.fragment(_model, run_every=None if has_torch() else 1.0)(run, has_torch())


def _model(run: Run, drawn: bool) -> None:
    if not has_torch():
        st.caption("The model is drawn here in a moment.")
        return
    if not drawn:
        st.rerun()
    from ui.diagram.model import diagram, drawn_of

    try:
        drawn_of(run, "best")
    except RunError:
        return  # its own page says what is wrong
    st.space("xxsmall")
    st.markdown(f"**Inside {escape_markdown(run.name)}, layer by layer**")
    diagram(run, "home_model", PART)
