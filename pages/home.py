"""Home: what the lab is, the first thing to do, and what is running now."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.jobs import training_queue
from core.jobs.training_job import TrainingJob
from core.recipes.presets import first_model
from core.runs import Run, RunError, frames
from ui.shared.formatting import duration, escape_markdown, format_sig
from ui.shared.jobs import all_jobs, job_of
from ui.shared.still_image import still

FIRST = "first"  # in the address: the run that this visitor's button started, so that a reload finds it again
ROW = 3  # rooms side by side


def main() -> None:
    job = job_of(st.query_params.get(FIRST, ""))
    words, pictures = st.columns([5, 6], gap="large")
    with words:
        st.title("Latent Lab", anchor=False)
        st.markdown(
            "A few numbers in, a picture out. Here you train models that learn such a **latent space** from images, "
            "watch them learn, and move through what they found."
        )
        _first_model(job)
    with pictures:
        _pictures(job)
    _running_now()
    _rooms()


def _first_model(job: TrainingJob | None) -> None:
    if job is not None and job.active:
        _progress(job.name)
        return
    if job is not None and job.state == "finished":
        st.success("Your first model is trained. It now draws digits that nobody ever wrote.", icon=":material/check:")
        with st.container(horizontal=True):
            if st.button(
                "Generate from it",
                type="primary",
                key="home_generate",
                icon=":material/tune:",
                help="A slider for each number of its latent space.",
            ):
                _open_generator(job.name)
            if st.button("See how it learned", key="home_watch", help="Its loss curves and pictures, epoch by epoch."):
                st.session_state["train_watched"] = job.name
                st.switch_page("pages/train.py")
        return
    if job is not None and job.message:
        st.warning(escape_markdown(job.message))
    with st.container(horizontal=True):
        if st.button(
            "Train your first model",
            type="primary",
            key="home_train",
            icon=":material/play_arrow:",
            help="A small variational autoencoder learns 1,320 handwritten digits. It takes about "
            "fifteen seconds and needs no network.",
        ):
            try:
                started = training_queue.training_queue().submit(first_model())
            except RunError as error:
                st.error(escape_markdown(str(error)))
            else:
                st.query_params[FIRST] = started.name
                st.rerun()
        if _example() is not None and st.button(
            "Play with a trained one",
            key="home_play",
            icon=":material/tune:",
            help="Move the sliders of a model that came with the lab.",
        ):
            _open_generator(_example().name)
    st.caption("About fifteen seconds, on this computer, without a network.")


@st.fragment(run_every=0.7)
def _progress(name: str) -> None:
    """Ticks while the first model trains; the page is drawn anew once it ends."""
    job = job_of(name)
    if job is None or not job.active:
        st.rerun()
    seen = job.snapshot()
    if job.position > 0:
        label = f"Waiting: {job.position} before yours. It starts by itself."
    elif job.state in ("queued", "starting"):
        label = "Starting the training process, about three seconds …"
    else:
        left = f" · {duration(seen.seconds_left)} left" if seen.seconds_left is not None else ""
        loss = f" · loss {format_sig(seen.latest['val_total'])} nats" if "val_total" in seen.latest else ""
        label = f"Epoch {int(seen.epoch)} of {seen.epochs}{loss}{left}"
    st.progress(min(1.0, seen.epoch / seen.epochs), text=label)
    if st.button("Stop", key="home_stop", help="Ends the training; what it learned so far is kept."):
        job.stop()
    st.caption("The picture shows what it invents from fixed random numbers, after each epoch.")


def _pictures(job: TrainingJob | None) -> None:
    """The hero: what the first model draws now, or what an example drew."""
    if job is not None and (job.active or job.state == "finished"):
        _growing(job.name)
        return
    run = _example()
    if run is None:
        st.info("No trained model is here yet. The first one appears after the button on this page.")
        return
    _invented(run, run.frames()[-1])


def _growing(name: str) -> None:
    active = (job := job_of(name)) is not None and job.active
    st.fragment(_newest_picture, run_every=0.7 if active else None)(name)


def _newest_picture(name: str) -> None:
    job = job_of(name)
    taken = job.snapshot().frames if job else []
    if taken:
        _invented(job.run, taken[-1])
    elif (run := _example()) is not None:  # until the first picture of its own: nothing jumps, nothing is black
        _invented(run, run.frames()[-1])


def _invented(run: Run, epoch: int) -> None:
    try:
        _, _, samples = frames.split(run.frame(epoch))
    except (RunError, ValueError) as error:
        st.info(escape_markdown(str(error)))
        return
    still(samples, columns=8, scale=2, alt=f"48 images invented by the model {run.name} after epoch {epoch}")
    st.caption(
        f"Invented, not copied: 48 random points of a latent space, decoded by {escape_markdown(run.name)} after epoch "
        f"{epoch}."
    )


def _example() -> Run | None:
    """The best-looking trained run there is: an example of the lab first, else the newest."""
    ready = [run for run in runs.list_runs() if not run.error and run.has_weights and run.frames()]
    wanted = ("example-conv-vae", "example-mlp-vae")
    return next((run for name in wanted for run in ready if run.name == name), ready[0] if ready else None)


def _open_generator(name: str) -> None:
    st.session_state["run"] = name
    st.switch_page("pages/generate.py", query_params={"run": name})


def _running_now() -> None:
    if _other_jobs():
        _others()


def _other_jobs() -> list[TrainingJob]:
    return [job for job in all_jobs() if job.active and job.name != st.query_params.get(FIRST)]


@st.fragment(run_every=1.0)
def _others() -> None:
    """Ticks while anything trains or waits; the page is drawn anew once nothing does."""
    jobs = _other_jobs()
    if not jobs:
        st.rerun()
    st.subheader("Running now", anchor=False)
    for job in jobs[:5]:
        with st.container(horizontal=True, vertical_alignment="center"):
            seen = job.snapshot()
            place = "running" if job.position == 0 else f"in line, {job.position} before it"
            st.markdown(
                f"**{escape_markdown(job.name)}** · {escape_markdown(job.recipe.summary())} · {place}"
                + (f" · epoch {int(seen.epoch)} of {seen.epochs}" if job.position == 0 else "")
            )
            if st.button("Watch", key=f"home_watch_{job.name}", help="Opens its live curves."):
                st.session_state["train_watched"] = job.name
                st.switch_page("pages/train.py")


def _rooms() -> None:
    st.space("small")
    rooms = (
        ("data", "Data", ":material/photo_library:", "Look at the images a model learns from, or bring your own."),
        ("train", "Train", ":material/show_chart:", "Choose a model, watch it learn, stop, change, go on."),
        ("generate", "Generate", ":material/tune:", "Move one slider per latent dimension; the picture follows."),
        ("reconstruct", "Reconstruct", ":material/healing:", "Find an image's place in several models; hide a part."),
        ("interpolate", "Interpolate", ":material/route:", "Walk from one image to another and see what lies between."),
        ("gan", "VAE → GAN", ":material/swords:", "Give a decoder a new teacher; see what it gains and loses."),
        ("planes", "Planes", ":material/adjust:", "Four kinds of model side by side, each latent space on one plane."),
        ("map", "Map", ":material/scatter_plot:", "Thousands of images at once, each beside those that are like it."),
        ("outliers", "Outliers", ":material/troubleshoot:", "See whether a model knows what it has never learned."),
    )
    for first in range(0, len(rooms), ROW):
        for column, (page, title, icon, about) in zip(st.columns(ROW), rooms[first : first + ROW], strict=True):
            with column.container(border=True, height="stretch"):
                st.page_link(f"pages/{page}.py", label=f"**{title}**", icon=icon)
                st.markdown(about)


main()
