"""Experiments: predict, train both arms at one click, and compare the measurement with the prediction."""

from __future__ import annotations

import itertools

import streamlit as st

from core.gan import experiments as lab
from core.gan.experiments import EXPERIMENTS, Arm, Experiment
from core.images.shape import ImageShape
from core.jobs.training_job import TrainingJob
from core.recipes.recipe import Recipe
from core.runs import Run, RunError
from ui.gan.experiment_result import COLUMNS, SCALE, blank, result, samples
from ui.gan.results import copy_box, predictions
from ui.shared import address
from ui.shared.foreign import asks
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.jobs import job_of, measuring, submit_training, takes, training_bar, training_jobs, waits
from ui.shared.run_buttons import job_button, run_button
from ui.shared.still_image import still

TICK = 1.0
QUERY = "experiment"


def experiments(source: Run | None) -> None:
    """The tab: one experiment at a time, starting from the decoder of the run in the head of the page."""
    if source is None:
        st.info("The experiments start from a trained decoder, and there is none yet.")
        return
    st.fragment(_section)(source)


def _section(source: Run) -> None:
    titles, first = {e.key: e.title for e in EXPERIMENTS}, EXPERIMENTS[0].key
    complaint = "The address names an experiment that does not exist. You see the first one."
    address.adopt(QUERY, "gan_experiment", lambda text: text if text in titles else None, first, complaint)
    chosen = st.segmented_control(
        "Experiment",
        list(titles),
        key="gan_experiment",
        required=True,
        persist_state="session",
        format_func=titles.__getitem__,
        label_visibility="collapsed",
        help="Predict, then train both variants with one button. The page's address names the experiment.",
    )
    address.put(QUERY, chosen)
    experiment = next(e for e in EXPERIMENTS if e.key == chosen)
    with st.container(border=True, key="gan_experiment_box"):
        _experiment(experiment, source)
    copy_box("experiments")


def _experiment(experiment: Experiment, source: Run) -> None:
    pair, jobs = next(iter(lab.finished_pairs(experiment, source)), None), _jobs(experiment, source)
    guess = predictions().get(experiment.key)
    st.markdown(experiment.setup)
    if guess is not None and (pair is not None or jobs):
        choice = guess["choice"]
        st.markdown(
            "\n".join(
                [
                    experiment.question,
                    "",
                    *(
                        f"- **{text}** (your prediction)" if k == choice else f"- {text}"
                        for k, text in enumerate(experiment.choices)
                    ),
                ]
            )
        )
    else:
        choice = st.radio(
            experiment.question,
            range(len(experiment.choices)),
            key=f"gan_predict_{experiment.key}",
            index=guess["choice"] if guess else None,
            format_func=lambda k: experiment.choices[k],
            help="Your prediction is shown beside the measurement.",
        )
        if choice is not None:
            predictions()[experiment.key] = {"choice": choice, "said": experiment.choices[choice]}
    if jobs:
        st.fragment(_watch, run_every=TICK)(experiment, source)
    elif pair is None:
        _begin(experiment, source, choice is not None)
    elif choice is None:
        st.caption("This experiment was run before. Make your prediction to see its result.")
    else:
        result(experiment, source, pair)
        done = {first.recipe.seed for first, _ in lab.finished_pairs(experiment, source)}
        seed = next(seed for seed in itertools.count() if seed not in done)
        run_button(
            "Run it again",
            f"gan_again_{experiment.key}",
            source,
            icon=":material/replay:",
            on_click=_submit,
            args=(lab.missing_recipes(experiment, source, seed),),
            help="Repeats both trainings with another seed, to see whether the result depends on chance.",
        )


def _begin(experiment: Experiment, source: Run, predicted: bool) -> None:
    wanted = lab.missing_recipes(experiment, source, 0)
    failed = [job for recipe in wanted if (job := _job_of(recipe)) is not None and job.message]
    for job in failed:
        st.warning(escape_markdown(job.message))
    run_button(
        "Run the experiment",
        f"gan_run_{experiment.key}",
        source,
        type="primary",
        icon=":material/play_arrow:",
        disabled=not predicted,
        on_click=_submit,
        args=(wanted,),
        help="Adds both trainings to the queue." if predicted else "Predict first: choose an answer above.",
    )
    if not predicted:
        st.caption("Choose an answer first. Then both trainings can be started.")
    takes(wanted, measure=True)
    st.fragment(_length, run_every=1.0 if measuring() else None)(wanted, source)


def _length(wanted: list[Recipe], source: Run) -> None:
    """How many trainings an experiment needs from that decoder, and how long they take where that is known."""
    rounds, long = pluralize(sum(recipe.epochs for recipe in wanted), "epoch"), takes(wanted)
    what = (
        f"Two trainings from the decoder of {escape_markdown(source.name)}, {rounds} in all"
        if len(wanted) > 1
        else f"One training of {rounds}; the other variant was trained for another experiment"
    )
    st.caption(f"{what}{f': {long}' if long else ''}. The result appears here; you can leave the page in the meantime.")


def _job_of(recipe: Recipe) -> TrainingJob | None:
    """The newest job with that recipe since the lab was opened."""
    return next((job for job in training_jobs() if job.recipe == recipe), None)


def _jobs(experiment: Experiment, source: Run) -> list[TrainingJob]:
    """The jobs of this experiment that train or wait."""
    found = [
        job
        for arm in experiment.arms
        for run in lab.runs_of(arm, source)
        if (job := job_of(run.name)) is not None and job.active
    ]
    return sorted(found, key=lambda job: job.position)


def _submit(recipes: list[Recipe]) -> None:
    """Queue recipes in order, or show why one cannot be queued."""
    for recipe in recipes:
        try:
            submit_training(recipe)
        except (RunError, ValueError) as error:
            st.error(escape_markdown(str(error)))
            return


def _watch(experiment: Experiment, source: Run) -> None:
    """Progress of the trainings, updated until both have ended."""
    jobs = _jobs(experiment, source)
    if not jobs:
        st.rerun()
    for arm, place in zip(experiment.arms, st.columns(2, gap="large"), strict=True):
        with place:
            job = next((job for job in jobs if job.recipe.name == lab.recipe_name(arm)), None)
            run = next(iter(lab.runs_of(arm, source)), None) if job is None else job.run
            _arm(arm, job, run, source.recipe.shape)
    with st.container(horizontal=True):
        job_button(
            "Stop",
            f"gan_stop_{experiment.key}",
            next((job for job in jobs if asks(job)), jobs[0]),  # one question, should some be another visitor's
            _stop,
            (jobs,),
            icon=":material/stop:",
            help="Stops these trainings, or takes them out of the queue.",
        )


def _stop(jobs: list[TrainingJob]) -> None:
    for job in reversed(jobs):
        job.stop()


def _arm(arm: Arm, job: TrainingJob | None, run: Run | None, shape: ImageShape) -> None:
    """One of the trainings: waiting, running or ended, with its newest samples."""
    if job is None:
        st.progress(1.0 if run else 0.0, text=f"{arm.name}: {'done' if run else 'not yet'}")
        shots, latest, coming = run.frames() if run else [], {}, ""
    else:
        shot = job.snapshot()
        state = waits(job) if job.position else "starting …"
        part, text = training_bar(job, f"epoch {int(shot.epoch)} of {shot.epochs}" if shot.step else state)
        st.progress(part, text=f"{arm.name}: {text[0].lower()}{text[1:]}")
        shots, latest = shot.frames, shot.latest
        coming = (
            "Its images appear here when its turn comes." if job.position else "The first images appear in a moment."
        )
    shown = samples(run, max(shots)) if run and shots else blank(shape)
    still(shown, COLUMNS, SCALE, f"{arm.name}: newest samples of G")
    st.caption(_now(latest) or coming)


def _now(latest: dict[str, float]) -> str:
    """The newest measures in a line; empty before there are any."""
    accuracies = {"D right on real": latest.get("d_real"), "on generated": latest.get("d_fake")}
    parts = [f"{name} {100 * value:.0f} %" for name, value in accuracies.items() if value is not None]
    modes = latest.get("val_modes")
    return " · ".join([*parts, *([f"{modes:.0f} classes covered"] if modes is not None else [])])
