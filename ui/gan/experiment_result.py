"""What came of an experiment: pictures before and after, figures and curves of both trainings beside the prediction."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.gan import experiments as lab
from core.gan.experiments import Arm, Experiment
from core.runs import Run, RunError, frames
from ui.charts import gan
from ui.components.charts.curves import curves
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.still_image import still

PREDICTIONS = "gan_predictions"
"""In session state: key of the experiment → {"choice", "said", and once it is measured "measured", "came", "seed",
"source"}; for the report."""

COLUMNS, SCALE = 8, 2
"""Samples in a row, and screen pixels per pixel."""

BLANK = np.zeros((24, 28, 28), np.uint8)


def predictions() -> dict[str, dict]:
    """What this visitor predicted, and what came of it."""
    return st.session_state.setdefault(PREDICTIONS, {})


def result(experiment: Experiment, source: Run, pair: tuple[Run, Run]) -> None:
    """The prediction beside what was measured, then pictures, figures and curves of both arms."""
    guess, came = predictions()[experiment.key], lab.outcome(experiment, *pair)
    right, measured = guess["choice"] == came, experiment.choices[came]
    guess |= {"measured": measured, "came": right, "seed": pair[0].recipe.seed, "source": source.name}
    if right:
        st.success(f"Measured as you predicted: **{measured}.**", icon=":material/check:")
    else:
        st.warning(f"You predicted: {guess['said']}. Measured: **{measured}.**", icon=":material/priority_high:")
    st.markdown(experiment.look)
    for arm, run, place in zip(experiment.arms, pair, st.columns(2, gap="large"), strict=True):
        with place:
            _before_and_after(arm, run)
    st.caption(
        "Fréchet distance: between real and generated images, in the features of our own small classifier; "
        "lower is closer. Sharpness and diversity: real images have 1."
    )
    histories = {arm.name: run.history() for arm, run in zip(experiment.arms, pair, strict=True)}
    for column, place in zip(experiment.shown, st.columns(2, gap="large"), strict=True):
        with place:
            curves(
                gan.overlay_chart(histories, column, x="step", smoothing=0.9),
                f"gan_curves_{experiment.key}_{column}",
                height=200,
                alt=f"{gan.COLUMNS[column]} over the steps of G, a curve for each training.",
            )
    st.caption(
        _often(experiment, source)
        + "Kept as "
        + " and ".join(escape_markdown(run.name) for run in pair)
        + "; the box at the top of the page opens them."
    )


def _before_and_after(arm: Arm, run: Run) -> None:
    st.markdown(f"**{arm.name}**")
    start, end = lab.measures_of_run(run, end=False), lab.measures_of_run(run)
    shots = run.frames()
    for epoch, word in ((shots[0], "Before"), (shots[-1], "After")) if shots else ():
        st.caption(word if epoch == 0 else f"{word} {pluralize(epoch, 'round')}")
        still(samples(run, epoch), COLUMNS, SCALE, f"{arm.name}, {word.lower()}: 24 pictures that G makes")
    lines = ["| | before | after |", "|---|---:|---:|"]
    for name, say in FIGURES.items():
        lines.append(f"| {name} | {say(start)} | {say(end)} |")
    st.markdown("\n".join(lines))


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"


FIGURES = {
    "Classes covered": lambda f: f"{f.modes:.0f} of {f.classes}" if f.classes else "–",
    "Fréchet distance": lambda f: format_sig(f.frechet),
    "Sharpness": lambda f: format_sig(f.sharpness),
    "Diversity": lambda f: format_sig(f.diversity),
    "D right on real images": lambda f: _percent(f.d_real),
    "D right on generated ones": lambda f: _percent(f.d_fake),
}


def _often(experiment: Experiment, source: Run) -> str:
    """What came of all seeds there are, once there are several."""
    every = lab.finished_pairs(experiment, source)
    if len(every) < 2:
        return ""
    came = [lab.outcome(experiment, *pair) for pair in every]
    said = ", ".join(f"{came.count(k)} × “{experiment.choices[k]}”" for k in sorted(set(came)))
    return f"All {len(every)} times you have run it: {said}. "


def samples(run: Run, epoch: int) -> np.ndarray:
    """24 samples of a frame; black where it cannot be read."""
    try:
        return frames.split(run.frame(epoch))[2][:24]
    except (RunError, ValueError):
        return BLANK
