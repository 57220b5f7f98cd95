"""Train: choose a recipe, watch it learn, keep what it learned."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.recipes.recipe import Recipe
from core.runs import RunError
from ui.components.page.to_top import to_top
from ui.shared.formatting import epoch, escape_markdown, format_sig, pluralize
from ui.shared.jobs import all_jobs
from ui.shared.jobs import boards as all_boards
from ui.train.form import recipe_form
from ui.train.run_table import TOP, best_of, open_in_generate, runs_section
from ui.training_view.controls import heading
from ui.training_view.view import ended as show_ended
from ui.training_view.view import live, others

WATCHED = "train_watched"  # in session state: a run that another page started; its end is shown to this visitor
MINE = "train_mine"  # all such runs
SAID = "train_said"  # what to say about the job that was put in the queue a moment ago
DEVICE = "train_device"
START = "Start training"


def main() -> None:
    boards, jobs = all_boards(), all_jobs()
    active = [job for job in jobs if job.active]
    mine = _mine(jobs)
    unread = [
        job
        for job in jobs
        if job.name in mine and not job.active and job.state != "cancelled" and job.run.path.is_dir()
    ]
    # Containers keep their places while what is above the form changes: what is being typed there stays.
    above, below = st.container(key="train_above"), st.container(key="train_below")
    with above:
        for job in unread[::-1]:  # the oldest first, so that the newest stands above its own pictures
            _outcome(job, boards["auto"], newest=job is unread[0])
        if active:
            running = [job for job in active if job.position == 0]
            job = next((job for job in running if job.name in mine), active[0])
            st.session_state[MINE] = [*mine, *({job.name} - set(mine))]
            live(job)
            others(job)
        elif unread:
            show_ended(unread[0])
        else:
            st.title("Train", anchor=False)
            st.markdown("Choose a model and watch it learn to redraw images and to invent new ones.")
    with below:
        if active or unread:
            st.subheader("Train something else next", anchor=False)
        _form(boards, "Add to the queue" if active else START, first=not (active or unread), idle=not active)
    runs_section(boards["auto"], {job.name: job.position for job in active})
    to_top(st.session_state.get(TOP, ""))
    boards["auto"].warm()


def _mine(jobs: list) -> list[str]:
    """Names of the runs this visitor started or saw in training and whose end they have not closed yet."""
    mine = st.session_state.get(MINE, [])
    if watched := st.session_state.pop(WATCHED, None):
        mine = [*mine, *({watched} - set(mine))]
    known = {job.name for job in jobs}
    st.session_state[MINE] = mine = [name for name in mine if name in known]
    return mine


def _form(boards: dict, verb: str, first: bool, idle: bool) -> None:
    """`first`: the form is what the page is about, not what comes after a run that is shown above it. `idle`: nothing
    is trained or waits."""
    if SAID in st.session_state:
        if said := st.session_state.pop(SAID):
            st.toast(said, icon=":material/playlist_add_check:")
        st.session_state["train_name"] = ""
    form, aside = st.columns([3, 2], gap="large")
    with form:
        board = boards.get(st.session_state.get(DEVICE, "auto"), boards["auto"])
        recipe_form(lambda recipe: _start(boards, verb, recipe, first), board.paces, idle)
    if first:
        with aside:
            _trained_already()


def _start(boards: dict, verb: str, recipe: Recipe | None, first: bool) -> None:
    device = "auto"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the run",
            key="train_name",
            placeholder="chosen for you",
            max_chars=60,
            help="Leave it empty to have it named after the recipe and the images.",
        )
        if len(boards) > 1:
            device = st.selectbox(
                "Train on",
                list(boards),
                key=DEVICE,
                persist_state="session",
                width=140,
                help="auto takes the fastest this machine has.",
            )
        start = st.button(
            verb,
            key="train_start",
            type="primary" if first else "secondary",
            icon=":material/play_arrow:",
            disabled=recipe is None,
            help="It trains in the background: you may leave this page and come back.",
        )
    if start and recipe is not None:
        _attempt(lambda: boards[device].submit(recipe, name=name.strip() or None))


def _attempt(submit) -> None:
    """Put a job in the queue and show it, or say why not."""
    try:
        job = submit()
    except (RunError, ValueError) as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    st.session_state[MINE] = [*st.session_state.get(MINE, ()), job.name]
    st.session_state[SAID] = ""
    if job.position > 0:
        st.session_state[SAID] = (
            f"**{escape_markdown(job.name)}** waits in the queue: {pluralize(job.position, 'job')} before it."
        )
    else:
        st.session_state[TOP] = f"{job.name} {job.id}"
    st.rerun()


def _trained_already() -> None:
    """What there is, beside the form: the two newest runs that learned something."""
    done = [
        run
        for run in runs.list_runs()
        if run.error is None
        and run.status["state"] in ("finished", "stopped")
        and run.status["epoch"] >= 1
        and run.has_weights
        and run.frames()
    ][:2]
    if not done:
        st.info("Nothing has been trained here yet. A first model on the digits takes about fifteen seconds.")
        return
    st.markdown("**Trained already**")
    for run in done:
        st.image(
            run.frame(run.frames()[-1]),
            width="stretch",
            alt=f"{run.name}: test images, what the model makes of them, and samples",
        )
        made = "encoded and generated again" if run.recipe.model == "gan" else "their reconstructions"
        st.caption(
            f"{escape_markdown(run.name)}: {best_of(run)} after {_epochs(run.status['epoch'])}. Top row: test images, "
            f"then {made}, then samples."
        )
        if st.button(
            "Generate from it", key=f"best_{run.name}", icon=":material/draw:", help="Move through its latent space."
        ):
            open_in_generate(run.name)


def _epochs(done: float) -> str:
    return pluralize(1, "epoch") if done == 1 else f"{epoch(done)} epochs"


def _outcome(job, board, newest: bool) -> None:
    """How one of the visitor's runs ended, and what to do next; the newest has its pictures below."""
    status = job.run.status
    if newest:
        st.markdown(heading(job))
    best = best_of(job.run)
    best = f"{best[0].upper()}{best[1:]}, after epoch {epoch(status.get('best_epoch'))}.{_against(job.run)}"
    box, text = {
        "finished": (st.success, f"Finished. {job.message} {best}"),
        "stopped": (st.info, f"{job.message or 'Stopped.'} {best}"),
        "diverged": (st.warning, job.message),
    }.get(job.state, (st.error, job.message))
    box(escape_markdown(text) if newest else f"**{escape_markdown(job.name)}** · {escape_markdown(text)}")
    mark = "" if newest else f"_{job.name}"
    main = "primary" if newest else "secondary"
    with st.container(horizontal=True, key=f"train_ended{mark}"):
        if job.state == "diverged":
            lower = float(job.snapshot().latest.get("lr", job.recipe.lr)) / 10
            if st.button(
                f"Go on from the last good epoch with learning rate {lower:.2g}",
                key=f"train_lower{mark}",
                type=main,
                icon=":material/restart_alt:",
                disabled=not job.run.resumable,
                help="A tenth of the step size, from the last state that was saved.",
            ):
                _attempt(lambda: _resume_with(board, job.name, lower))
        elif job.state != "finished" and st.button(
            "Resume",
            key=f"train_resume{mark}",
            type=main,
            icon=":material/play_arrow:",
            disabled=not job.run.resumable,
            help="Go on exactly where it stopped.",
        ):
            _attempt(lambda: board.resume(job.name))
        if st.button(
            "Generate from it",
            key=f"train_generate{mark}",
            icon=":material/draw:",
            disabled=not job.run.has_weights,
            type=main if job.state == "finished" else "secondary",
            help="Make new images with this model.",
        ):
            open_in_generate(job.name)
        if newest and st.button(
            "Train another", key="train_another", icon=":material/add:", help="Back to the recipe."
        ):
            st.session_state[MINE] = []
            st.rerun()
        if not newest and st.button(
            "Close",
            key=f"train_close{mark}",
            icon=":material/close:",
            help="Take this message away. The run stays in the list below.",
        ):
            st.session_state[MINE] = [name for name in st.session_state[MINE] if name != job.name]
            st.rerun()


def _against(run) -> str:
    """How a GAN's generator compares with the decoder it came from, once it has been measured on the test set."""
    found = run.evaluation() if run.recipe.model == "gan" else None
    if not found or not (before := found.get("before")):
        return ""
    return (
        f" On the test images: Fréchet distance {format_sig(before['frechet'])} for the decoder before, "
        f"{format_sig(found['frechet'])} for the generator now; sharpness {format_sig(before['sharpness'])} and "
        f"{format_sig(found['sharpness'])}, where 1 is as sharp as real images."
    )


def _resume_with(board, name: str, lr: float):
    job = board.resume(name)
    job.set(lr=lr)
    return job


main()
