"""The importance-weighted bound of runs against the number of samples, measured by jobs when it is opened."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.evaluation import bound
from core.evaluation.bound import Bound
from core.jobs import bound as jobs_bound
from core.jobs.bound import BoundJob
from core.recipes.family import unlike_bound
from core.recipes.likelihoods import caveat
from core.runs import Run, RunError, figures
from ui.charts import by_count
from ui.shared import glossary
from ui.shared.formatting import escape_markdown
from ui.shared.page import images_or_none
from ui.shared.run_colours import by_name

TICK = 0.7
"""Seconds between two looks at the jobs."""

DASHES = ("solid", "dash", "dot", "dashdot")


def bound_fold(runs: Sequence[Run]) -> None:
    """The fold; jobs begin when it is opened. runs: models with Gaussian posteriors."""
    fold = st.expander(
        "How tight is the −ELBO? The bound on −log p(x) with more samples",
        key="runs_bound_fold",
        icon=":material/compress:",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        samples = _choice(runs)
        waits = any(isinstance(_of(run, samples), BoundJob) for run in runs)
        st.fragment(_content, run_every=TICK if waits else None)(runs, samples, waits)


def _choice(runs: Sequence[Run]) -> int:
    """The number of samples: at first the largest that was measured of one of these runs, else the smallest."""
    known = max((found.k[-1] for run in runs if (found := bound.best_known(run)) is not None), default=0)
    chosen = st.segmented_control(
        "Samples of z for each image",
        bound.LEVELS,
        default=known if known in bound.LEVELS else bound.LEVELS[0],
        required=True,
        key=f"runs_bound_samples_{'_'.join(run.name for run in runs)}",
        format_func="{:,}".format,
        help="More samples come closer to log p(x) and take longer: 5,000 of a network with convolutions some minutes.",
    )
    return int(chosen)


def _of(run: Run, samples: int) -> Bound | BoundJob | str:
    """A run's bound, the job that measures it, or why there is neither."""
    images = images_or_none(run)
    if images is None or not len(images.test_images):
        return "its images are not on this computer"
    try:
        path = bound.file_of(run, samples)
    except RunError:
        return "it has no weights yet"
    if (found := bound.load(path)) is not None:
        return found
    job = jobs_bound.start(run, path, samples)
    if job.active:
        return job
    why = job.message.rstrip(".") or "there is no bound of its present weights"
    return bound.load(path) or f"{why[0].lower()}{why[1:]}"


def _content(runs: Sequence[Run], samples: int, waited: bool) -> None:
    states = {run.name: _of(run, samples) for run in runs}
    jobs = [state for state in states.values() if isinstance(state, BoundJob)]
    if waited and not jobs:
        st.rerun()  # without a timer from now on
    found = {name: state for name, state in states.items() if isinstance(state, Bound)}
    if jobs:
        share = (len(found) + sum(job.progress or 0.0 for job in jobs)) / len(states)
        st.progress(min(1.0, share), text="Drawing samples of z for test images …")
    for name, state in states.items():
        if isinstance(state, str):
            st.caption(f"{escape_markdown(name)} is left out: {escape_markdown(state)}.")
    if found:
        st.plotly_chart(
            chart(found, by_name(run for run in runs if run.name in found)),
            key="runs_bound",
            width="stretch",
            config={"displayModeBar": False},
            alt=f"Bound on −log p(x) against the number of samples. {_words(found)}",
        )
        note = caveat(run.recipe.likelihood for run in runs if run.name in found)
        told = [run.recipe.family for run in runs if run.name in found]
        unlike = next(filter(None, (unlike_bound(family, told) for family in told)), "")
        caption = " ".join(filter(None, (_caption(found, note), unlike)))
        glossary.caption(caption, "importance-weighted bound", "Bernoulli")


def chart(found: dict[str, Bound], colours: dict[str, str]) -> go.Figure:
    """The bound of each run, in its colour, against the number of samples, on a logarithmic axis."""
    figure = go.Figure()
    for number, (name, one) in enumerate(found.items()):
        figure.add_scatter(
            x=one.k,
            y=one.values,
            error_y={"array": one.errors, "thickness": 1, "width": 3},
            name=name,
            mode="lines+markers",
            line={"color": colours[name], "dash": DASHES[number % len(DASHES)]},
            hovertemplate="k = %{x:,}: %{y:.2f} nats<extra></extra>",
        )
    ticks = [k for k in max(found.values(), key=lambda one: len(one.k)).k if k.bit_length() % 2 or k < 64]
    by_count.lay_out(figure, "Samples k per image", ticks)
    figure.update_yaxes(title=f"Bound ({figures.NATS})")
    return figure


def _words(found: dict[str, Bound]) -> str:
    return " ".join(
        f"{name}: {one.values[0]:.1f} nats with one sample, {one.values[-1]:.1f} ± {one.errors[-1]:.1f} with "
        f"{one.k[-1]:,}, {one.values[0] - one.values[-1]:.1f} less."
        for name, one in found.items()
    )


def _caption(found: dict[str, Bound], note: str) -> str:
    images = min(one.images for one in found.values())
    return (
        f"{escape_markdown(_words(found))} Mean over {images} test images, ± its standard error over them. With one "
        "sample the importance-weighted bound is the −ELBO; with more it falls towards −log p(x). A long fall means "
        "that the posterior fits badly, not that the model does. Compare runs of the same images and the same "
        f"reconstruction loss. {note}"
    ).rstrip()
