"""Experiments in one click: predict, let both arms train, and see what was measured beside the prediction."""

from __future__ import annotations

import itertools

import streamlit as st

from core.gan import experiments as lab
from core.gan.experiments import EXPERIMENTS, Arm, Experiment
from core.jobs import training_queue
from core.recipes.presets import first_model
from core.runs import Run, RunError, gan_source
from ui.gan.experiment_result import BLANK, COLUMNS, SCALE, predictions, result, samples
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.jobs import all_jobs, job_of
from ui.shared.still_image import still

TICK = 1.0
QUERY = "experiment"


def experiments() -> None:
    """The section: one experiment at a time, from a trained decoder of the visitor's choice."""
    st.fragment(_section)()


def _section() -> None:
    st.subheader("Experiments", anchor=False)
    st.markdown(
        "What happens if one of the two is too strong, too fast, or stands still? Predict first; then one "
        "button trains both sides, and you see what was measured beside what you thought."
    )
    found = gan_source.sources()
    if not found:
        _nothing_yet()
        return
    source = _source(found)
    titles, wanted = {e.key: e.title for e in EXPERIMENTS}, st.query_params.get(QUERY)
    if "gan_experiment" not in st.session_state:
        if wanted is not None and wanted not in titles:
            st.warning("The address asks for an experiment that does not exist. You see the first one.")
        st.session_state["gan_experiment"] = wanted if wanted in titles else EXPERIMENTS[0].key
    chosen = st.segmented_control(
        "Experiment",
        list(titles),
        key="gan_experiment",
        required=True,
        persist_state="session",
        format_func=titles.get,
        label_visibility="collapsed",
        help="What is set up. Each takes seconds to a minute on the digits. The page's address names it.",
    )
    if wanted is not None or chosen != EXPERIMENTS[0].key:
        st.query_params[QUERY] = chosen
    experiment = next(e for e in EXPERIMENTS if e.key == chosen)
    with st.container(border=True, key="gan_experiment_box"):
        _experiment(experiment, source)


def _nothing_yet() -> None:
    """Without a trained decoder: one button that trains one."""
    job = next((job for job in all_jobs() if job.active and job.recipe.model == "vae"), None)
    if job is not None:
        st.fragment(_first, run_every=TICK)(job)
        return
    st.info(
        "The experiments begin with a trained decoder, and there is none yet. A small VAE on the digits takes "
        "about fifteen seconds."
    )
    if st.button(
        "Train a VAE on the digits",
        key="gan_experiments_vae",
        type="primary",
        icon=":material/play_arrow:",
        help="Puts it into the queue; the experiments open as soon as it has weights.",
    ):
        _attempt([first_model()])


def _first(job) -> None:
    if not job.active or gan_source.sources():
        st.rerun()
    st.progress(min(1.0, job.snapshot().epoch / job.epochs), text=f"{escape_markdown(job.name)} is being trained …")


def _source(found: list[Run]) -> Run:
    names = {run.name: run for run in found}
    usual = lab.default_source(found)
    if st.session_state.get("gan_lab_source") not in names:
        st.session_state["gan_lab_source"] = usual.name
    name = st.selectbox(
        "Generators start from the decoder of",
        list(names),
        key="gan_lab_source",
        persist_state="session",
        width=560,
        format_func=lambda n: f"{n} · {names[n].recipe.summary()}" if n in names else n,
        help="Any trained model but a GAN. On the digits each training takes seconds to a minute; "
        "with convolutions or on a larger set it takes minutes.",
    )
    return names[name]


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
            help="Your prediction. It stays beside what is measured.",
        )
        if choice is not None:
            predictions()[experiment.key] = {"choice": choice, "said": experiment.choices[choice]}
    if jobs:
        st.fragment(_watch, run_every=TICK)(experiment, source)
    elif pair is None:
        _begin(experiment, source, choice is not None)
    elif choice is None:
        st.caption("It has been run here before. Predict, and you see what came of it.")
    else:
        result(experiment, source, pair)
        done = {first.recipe.seed for first, _ in lab.finished_pairs(experiment, source)}
        seed = next(seed for seed in itertools.count() if seed not in done)
        st.button(
            "Run it again",
            key=f"gan_again_{experiment.key}",
            icon=":material/replay:",
            on_click=_attempt,
            args=(lab.missing_recipes(experiment, source, seed),),
            help="Both trainings with other random numbers: was it luck?",
        )


def _begin(experiment: Experiment, source: Run, predicted: bool) -> None:
    wanted = lab.missing_recipes(experiment, source, 0)
    failed = [job for recipe in wanted if (job := _job_of(recipe)) is not None and job.message]
    for job in failed:
        st.warning(escape_markdown(job.message))
    st.button(
        "Run the experiment",
        key=f"gan_run_{experiment.key}",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not predicted,
        on_click=_attempt,
        args=(wanted,),
        help="Puts both trainings into the queue; you may leave this page meanwhile."
        if predicted
        else "Predict first: choose an answer above.",
    )
    rounds = pluralize(sum(recipe.epochs for recipe in wanted), "round")
    st.caption(
        f"Two trainings, {rounds} in all. What comes of them appears here."
        if len(wanted) > 1
        else f"One training of {rounds}; the other is there already from another experiment."
    )


def _job_of(recipe):
    """The newest job with that recipe since the lab was opened."""
    return next((job for job in all_jobs() if job.recipe == recipe), None)


def _jobs(experiment: Experiment, source: Run) -> list:
    """The jobs of this experiment that run or wait."""
    found = [
        job
        for arm in experiment.arms
        for run in lab.runs_of(arm, source)
        if (job := job_of(run.name)) is not None and job.active
    ]
    return sorted(found, key=lambda job: job.position)


def _attempt(recipes: list) -> None:
    """Put recipes into the queue, in order."""
    for recipe in recipes:
        try:
            training_queue.training_queue().submit(recipe)
        except (RunError, ValueError) as error:
            st.error(escape_markdown(str(error)))
            return


def _watch(experiment: Experiment, source: Run) -> None:
    """The trainings as they go; ticks until both have ended."""
    jobs = _jobs(experiment, source)
    if not jobs:
        st.rerun()
    for arm, place in zip(experiment.arms, st.columns(2, gap="large"), strict=True):
        with place:
            job = next((job for job in jobs if job.recipe.name == lab.recipe_name(arm)), None)
            _arm(arm, job, next(iter(lab.runs_of(arm, source)), None) if job is None else job.run)
    with st.container(horizontal=True):
        if st.button(
            "Stop",
            key=f"gan_stop_{experiment.key}",
            icon=":material/stop:",
            help="Ends these trainings, or takes them out of the queue.",
        ):
            for job in reversed(jobs):
                job.stop()


def _arm(arm: Arm, job, run: Run | None) -> None:
    """One of the trainings: in the queue or at work, or what it was when it ended."""
    if job is None:
        st.progress(1.0 if run else 0.0, text=f"{arm.name}: {'done' if run else 'not yet'}")
        shots, latest = run.frames() if run else [], {}
    else:
        seen = job.snapshot()
        waits = f"{job.position} before it" if job.position else "starting …"
        st.progress(
            min(1.0, seen.epoch / seen.epochs),
            text=f"{arm.name}: " + (f"round {int(seen.epoch)} of {seen.epochs}" if seen.step else waits),
        )
        shots, latest = seen.frames, seen.latest
    still(samples(run, max(shots)) if shots else BLANK, COLUMNS, SCALE, f"{arm.name}: what G makes now")
    st.caption(_now(latest) or ("" if job is None else "The first pictures come in a moment."))


def _now(latest: dict[str, float]) -> str:
    said = {"D right on real": latest.get("d_real"), "on generated": latest.get("d_fake")}
    parts = [f"{name} {100 * value:.0f} %" for name, value in said.items() if value is not None]
    modes = latest.get("val_modes")
    return " · ".join([*parts, *([f"{modes:.0f} classes covered"] if modes is not None else [])])
