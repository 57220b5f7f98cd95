"""The Train page: choose a recipe, watch the training, and go on with the runs there are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import runs
from core.jobs.training_job import TrainingJob
from core.jobs.training_queue import TrainingQueue
from core.recipes.recipe import Recipe, fields
from core.runs import Run, RunError
from ui.components.page.scroll_to import scroll_to, to_top
from ui.diagram.model import PART
from ui.diagram.one_step import STEP
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.default_run import preferred
from ui.shared.formatting import epoch, escape_markdown, pluralize
from ui.shared.jobs import ARRIVED, FOLLOWED, first_model_takes, queues, submit_training, training_jobs
from ui.shared.owner import is_mine, me
from ui.shared.page import open_page
from ui.shared.run_buttons import run_button
from ui.shared.run_facts import best_of
from ui.shared.run_menu import run_menu
from ui.shared.still_image import still_file
from ui.train import form_like, form_values
from ui.train.form import recipe_form
from ui.train.outcome import earlier, outcome, start_job, taken_out
from ui.train.state import DEVICE, NOTICE, TOP
from ui.training_view.view import ended as show_ended
from ui.training_view.view import live, others

START = "Start training"

_AT_FORM = "train_at_form"
"""Session-state key: the set for which the form was scrolled into view last."""

CALLED = Parameter(
    "called", "train_name", lambda text: text if len(text) <= 60 else None, "", "a name of at most 60 characters"
)
"""Name of the run to start."""


def show() -> None:
    """Draw the page."""
    address.check_names(
        ("recipe", form_like.NAME, "source", CALLED.name, PART, STEP, *(field.name for field in fields()))
    )
    by_device, jobs = queues(), training_jobs()
    active = [job for job in jobs if job.active]
    followed = _followed(jobs)
    unread = [
        job
        for job in jobs
        if job.name in followed and not job.active and job.state != "cancelled" and job.run.path.is_dir()
    ]
    # Containers keep their places when what is above the form changes, so that text being typed in it stays.
    above, below = st.container(key="train_above"), st.container(key="train_below")
    with above:
        for job in jobs:
            if job.state == "cancelled" and is_mine(job) and job.run.path.is_dir():
                taken_out(job, by_device["auto"])
        # While one trains, what has ended well is a line below it; otherwise the newest stands above its own pictures.
        lines = [job for job in unread if active and job.state in ("finished", "stopped")]
        newest = None if active or not unread else unread[0]
        earlier([job for job in unread if job not in lines and job is not newest][::-1], by_device["auto"])
        if newest is not None:
            outcome(newest, by_device["auto"], newest=True)
        if active:
            running = [job for job in active if job.position == 0]
            job = next((job for job in running if job.name in followed), active[0])
            st.session_state[FOLLOWED] = [*followed, *({job.name} - set(followed))]
            live(job)
            others(job)
            earlier(lines, by_device["auto"])
        elif newest is not None:
            show_ended(newest)
        else:
            _title()
    with below:
        if active or unread:
            st.subheader("Train something else next", anchor=False)
        _form(by_device, "Add to the queue" if active else START, first=not (active or unread), idle=not active)
    _scroll(to_form=bool(active or unread))
    by_device["auto"].warm()


def _scroll(to_form: bool) -> None:
    """Bring what begins into view: the form for a set that comes from the Data page, which stands below a run while
    there is one; else the top."""
    state = st.session_state
    if arrived := state.pop(ARRIVED, ""):
        state[_AT_FORM if to_form else TOP] = arrived
    to_top(state.get(TOP, ""))
    scroll_to("train_below", state.get(_AT_FORM, ""), key="train_to_form")


def _title() -> None:
    """The head of the page while nothing trains; beside it, the way to all runs."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title("Train", anchor=False, width="content")
        count = sum(1 for run in runs.list_runs() if not run.error)
        if count and st.button(
            f"All {pluralize(count, 'run')}" if count > 1 else "Your run",
            key="train_all_runs",
            icon=":material/table_rows:",
            help="The table of all runs: open one, or compare several.",
        ):
            open_page("run")
    st.markdown("Choose a model and watch it learn to reconstruct images and to generate new ones.")


def _followed(jobs: list[TrainingJob]) -> list[str]:
    """Names of the runs that this visitor started and whose end they have not closed yet."""
    followed = st.session_state.get(FOLLOWED, [])
    names = {job.name for job in jobs}
    st.session_state[FOLLOWED] = followed = [name for name in followed if name in names]
    return followed


def _form(by_device: dict[str, TrainingQueue], verb: str, first: bool, idle: bool) -> None:
    """The recipe form, and beside it what is trained already.

    Args:
        verb: label of the button that starts. first: whether the form is what the page is about, not what follows
            below a run. idle: whether nothing trains or waits.
    """
    if NOTICE in st.session_state:
        if notice := st.session_state.pop(NOTICE):
            st.toast(notice, icon=":material/playlist_add_check:")
        st.session_state["train_name"] = ""
    form, aside = st.columns([3, 2], gap="large") if first else (st.container(), None)
    folded = st.container()
    with form:
        queue = by_device.get(st.session_state.get(DEVICE, "auto"), by_device["auto"])
        recipe_form(lambda recipe: _start(by_device, verb, recipe, first), queue.speeds, idle, folded)
    if aside is not None:
        with aside:
            _trained_already(form_values.values())


def _start(by_device: dict[str, TrainingQueue], verb: str, recipe: Recipe | None, first: bool) -> None:
    """Name, device and button of a new run."""
    device = "auto"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        CALLED.adopt()
        name = st.text_input(
            "Name of the run",
            key="train_name",
            placeholder="chosen for you",
            max_chars=60,
            help="Empty: the run is named after the recipe and the images.",
        )
        CALLED.keep()
        if len(by_device) > 1:
            device = st.selectbox(
                "Train on",
                list(by_device),
                key=DEVICE,
                persist_state="session",
                width=140,
                help="auto takes the fastest device of this machine.",
            )
        start = st.button(
            verb,
            key="train_start",
            type="primary" if first else "secondary",
            icon=":material/play_arrow:",
            disabled=recipe is None,
            help="The training runs in the background: you can leave this page and come back.",
        )
    if start and recipe is not None:
        start_job(lambda: submit_training(recipe, name=name.strip() or None, device=device))


def _trained_already(now: dict[str, Any]) -> None:
    """What comes out: the trained run that is most like the form's recipe, of several an example, which is trained to
    its end, else this visitor's newest.

    Args:
        now: the form's values.
    """
    done = [
        run
        for run in preferred(runs.list_runs())
        if run.error is None
        and run.status["state"] in ("finished", "stopped")
        and run.status["epoch"] >= 1
        and run.has_weights
        and run.frames()
    ]
    if not done:
        st.info(f"Nothing has been trained here yet. A first model on the digits takes {first_model_takes()}.")
        return
    nearest = max(done, key=lambda run: (_likeness(run, now), run.example))
    st.markdown(f"**{_aside_title(nearest, now)}**")
    _trained(nearest)


ALIKE = 2
"""Of `_likeness`: the same kind of model on the same images."""


def _likeness(run: Run, now: dict[str, Any]) -> int:
    """In how many of two things a run is what the form would train: its kind of model, its images."""
    images = run.recipe.dataset == now["dataset"] and run.recipe.folder in ("", now["folder"])
    return (run.recipe.model == now["model"]) + images


def _aside_title(run: Run, now: dict[str, Any]) -> str:
    """What the run beside the form is to the form's recipe, and whose it is."""
    alike = _likeness(run, now) == ALIKE
    if run.example:
        return "What such a model can do" if alike else "What a trained model can do"
    whose = {"": "A run", me(): "Your run"}.get(run.owner, "Another visitor's run")
    return f"{whose} of this model on these images" if alike else f"{whose}, trained already"


def _trained(run: Run) -> None:
    """The newest picture of a run, its result, and the way to it."""
    copies = "the same images encoded and generated again" if run.recipe.family.adversarial else "reconstructions"
    try:
        picture = run.frame(run.frames()[-1])
    except RunError as error:  # damaged: it costs its picture, not the page
        st.caption(escape_markdown(str(error)))
    else:
        still_file(picture, alt=f"{run.name}: test images, {copies}, and samples")
    count = run.status["epoch"]
    epochs = pluralize(1, "epoch") if count == 1 else f"{epoch(count)} epochs"
    st.caption(
        f"{escape_markdown(run.name)}: {best_of(run)} after {epochs}. Rows from the top: test images, {copies}, "
        "samples."
    )
    with st.container(horizontal=True):
        if run_button("Generate images", "best", run, icon=":material/tune:", help="Move through its latent space."):
            open_page("generate", run=run.name)
        run_menu(run, "aside_menu_")
