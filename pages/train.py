"""Train: choose a recipe, watch it learn, keep what it learned."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.recipe import Recipe
from core.runs import RunError
from ui.jobs import all_jobs
from ui.jobs import boards as all_boards
from ui.recipe_form import recipe_form
from ui.train_live import ended as show_ended
from ui.train_live import live
from ui.train_runs import open_in_generate, runs_section
from ui.words import many, plain, three

WATCHED = "train_watched"  # in session state: the run this visitor saw training last; its end is shown to them
DEVICE = "train_device"
START = "Start training"


def main() -> None:
    boards, jobs = all_boards(), all_jobs()
    active = [job for job in jobs if job.active]
    watched = next((job for job in jobs if job.name == st.session_state.get(WATCHED)), None)
    ended = watched is not None and not watched.active and watched.state != "cancelled" and watched.run.path.is_dir()
    if ended:
        _outcome(watched, boards["auto"])
    if active:
        job = watched if watched in active and watched.position == 0 else active[0]
        if not ended:
            st.session_state[WATCHED] = job.name
        st.markdown(_heading(job))
        live(job)
        _others([other for other in active if other is not job])
        st.subheader("Train something else next", anchor=False)
        _form(boards, "Add to the queue")
    elif ended:
        show_ended(watched)
    else:
        st.session_state.pop(WATCHED, None)
        st.title("Train", anchor=False)
        st.markdown("Choose a model and watch it learn to redraw images and to invent new ones.")
        _form(boards, START)
    runs_section(boards["auto"], {job.name for job in active})
    boards["auto"].warm()


def _heading(job) -> str:
    return f"#### {plain(job.name)} · {plain(job.recipe.summary())}"


def _form(boards: dict, verb: str) -> None:
    form, aside = st.columns([3, 2], gap="large")
    with form:
        recipe_form(lambda recipe: _start(boards, verb, recipe))
    if verb == START:
        with aside:
            _trained_already()


def _start(boards: dict, verb: str, recipe: Recipe | None) -> None:
    device = "auto"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the run", key="train_name", placeholder="chosen for you", max_chars=60,
                             help="Leave it empty to have it named after the recipe and the images.")
        if len(boards) > 1:
            device = st.selectbox("Train on", list(boards), key=DEVICE, persist_state="session", width=140,
                                  help="auto takes the fastest this machine has.")
        start = st.button(verb, key="train_start", type="primary" if verb == START else "secondary",
                          icon=":material/play_arrow:", disabled=recipe is None,
                          help="It trains in the background: you may leave this page and come back.")
    if start and recipe is not None:
        _attempt(lambda: boards[device].submit(recipe, name=name.strip() or None))


def _attempt(submit) -> None:
    """Put a job in the queue and show it, or say why not."""
    try:
        job = submit()
    except (RunError, ValueError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.session_state[WATCHED] = job.name
    st.rerun()


def _trained_already() -> None:
    """What there is, beside the form: the two newest runs that learned something."""
    done = [run for run in runs.list_runs() if run.error is None and run.status["state"] in ("finished", "stopped")
            and run.status["epoch"] >= 1 and run.has_weights and run.frames()][:2]
    if not done:
        st.info("Nothing has been trained here yet. A first model on the digits takes about half a minute.")
        return
    st.markdown("**Trained already**")
    for run in done:
        st.image(run.frame(run.frames()[-1]), width="stretch",
                 alt=f"{run.name}: test images, their reconstructions, and samples from the prior")
        st.caption(f"{plain(run.name)}: best validation total {three(run.status.get('best_total'))} per image after "
                   f"{many(int(run.status['epoch']), 'epoch')}. Top row: test images, then their reconstructions, then "
                   "samples.")
        if st.button("Generate from it", key=f"best_{run.name}", icon=":material/draw:",
                     help="Move through its latent space."):
            open_in_generate(run.name)


def _others(waiting: list) -> None:
    """The rest of the queue, the same for every visitor."""
    for job in waiting:
        with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{job.name}"):
            place = f"**{job.position}. in the queue**" if job.position else f"**{job.state} on another device**"
            st.markdown(f"{place} · {plain(job.name)} · {plain(job.recipe.summary())}", width="stretch")
            st.button("Cancel", key=f"cancel_{job.name}", icon=":material/close:", on_click=job.cancel,
                      help="Take it out of the queue, or stop it where it runs.")


def _outcome(job, board) -> None:
    """How the visitor's run ended, and what to do next."""
    status = job.run.status
    st.markdown(_heading(job))
    best = (f"Best validation total: {three(status.get('best_total'))} per image, "
            f"after epoch {three(status.get('best_epoch'))}.")
    box, text = {
        "finished": (st.success, f"Finished. {job.message} {best}"),
        "stopped": (st.info, f"{job.message or 'Stopped.'} {best}"),
        "diverged": (st.warning, job.message),
    }.get(job.state, (st.error, job.message))
    box(plain(text))
    with st.container(horizontal=True, key="train_ended"):
        if job.state == "diverged":
            lower = float(job.snapshot().latest.get("lr", job.recipe.lr)) / 10
            if st.button(f"Go on from the last good epoch with learning rate {lower:.2g}", key="train_lower",
                         type="primary", icon=":material/restart_alt:", disabled=not job.run.resumable,
                         help="A tenth of the step size, from the last state that was saved."):
                _attempt(lambda: _resume_with(board, job.name, lower))
        elif job.state != "finished" and st.button(
                "Resume", key="train_resume", type="primary", icon=":material/play_arrow:",
                disabled=not job.run.resumable, help="Go on exactly where it stopped."):
            _attempt(lambda: board.resume(job.name))
        if st.button("Generate from it", key="train_generate", icon=":material/draw:", disabled=not job.run.has_weights,
                     type="primary" if job.state == "finished" else "secondary",
                     help="Make new images with this model."):
            open_in_generate(job.name)
        if st.button("Train another", key="train_another", icon=":material/add:", help="Back to the recipe."):
            del st.session_state[WATCHED]
            st.rerun()


def _resume_with(board, name: str, lr: float):
    job = board.resume(name)
    job.set(lr=lr)
    return job


main()
