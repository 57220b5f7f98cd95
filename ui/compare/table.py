"""The table of the Compare page: a row for each run, with its progress, and the table as a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation import comparison, comparison_export, comparison_measures
from core.evaluation.comparison import Cell, Entry, Row
from core.evaluation.comparison_measures import BY_KEY, Measure
from core.evaluation.comparison_samples import SHOWN_SAMPLES, Samples
from core.recipes.likelihoods import caveat
from core.runs import Run
from core.runs.figures import UNIDENTIFIED
from ui.compare import inputs
from ui.compare.status import Status, status_of
from ui.components.comparison.comparison_table import Heading, TableCell, TableRow, comparison_table
from ui.shared import address, glossary
from ui.shared.formatting import duration, escape_markdown, format_sig, pluralize
from ui.shared.run_facts import weights_of

TICK = 0.7
"""Seconds between two looks at the jobs."""

FORMATS = {
    "CSV": (comparison_export.to_csv, "csv", "csv"),
    "Markdown": (comparison_export.to_markdown, "md", "markdown"),
    "LaTeX": (comparison_export.to_latex, "tex", "latex"),
}
"""Forms of the table as a file: the function, the ending, and the language for its colours."""

DIRECTIONS = {"lower": "Lower is better.", "higher": "Higher is better.", "": ""}


def table(runs: Sequence[Run], images: ImageSet | None, asked: str, k: int) -> list[Status]:
    """The table, which follows the jobs, and the state of the runs when the page was drawn.

    Args:
        images: of all the runs. asked, k: the sampler and the samples of the bound, as of `status_of`.
    """
    statuses = [status_of(run, images, asked, k) for run in runs]
    live = any(status.active for status in statuses)
    with st.container(key="compare_measuring" if live else "compare_measured"):
        st.fragment(_table, run_every=TICK if live else None)(runs, images, asked, k, [one.version for one in statuses])
    return statuses


def _table(runs: Sequence[Run], images: ImageSet | None, asked: str, k: int, drawn: list[tuple[bool, ...]]) -> None:
    statuses, measures = [status_of(run, images, asked, k) for run in runs], comparison_measures.measures(k)
    if [status.version for status in statuses] != drawn:
        address.rerun()  # pictures, and the timer, belong to the page
    entries = [status.entry() for status in statuses]
    with st.container(horizontal=True, vertical_alignment="center", key="compare_bar"):
        by_seed = inputs.by_seed(entries)
        key, falling = inputs.sorted_by()
        rows = comparison.rows(entries, by_seed)
        rows = comparison.sort(rows, key, falling) if key else rows
        _export(rows, measures)
        _progress(statuses)
    _show(rows, measures, statuses, key, falling)
    _caption(entries, by_seed)
    _failed(statuses, images, asked, k)


def _show(
    rows: Sequence[Row], measures: Sequence[Measure], statuses: Sequence[Status], key: str, falling: bool
) -> None:
    shown = columns(rows, measures)
    best = {measure.key: comparison.best(rows, measure) for measure in shown}
    order = "descending" if falling else "ascending"
    samples = next((status.samples for status in statuses if status.samples is not None), None)
    told = {status.run.name: f"{status.run.summary()}. It shows {weights_of(status.run)}." for status in statuses}
    lines = [
        TableRow(
            row.name,
            told.get(row.name, ", ".join(entry.name for entry in row.entries)),
            tuple(
                _cell(row.cell(measure), measure, row is best[measure.key], comparison.unranked(row, rows, measure))
                for measure in shown
            ),
        )
        for row in rows
    ]
    names = Heading(inputs.NAME, "Run", sorted=order if key == inputs.NAME else "")
    comparison_table(
        key="compare_table",
        headings=[names, *(_heading(measure, order if key == measure.key else "") for measure in shown)],
        rows=lines if samples is None else [*lines, _reference(samples, shown)],
        on_sort=inputs.sort_by,
    )


def columns(rows: Sequence[Row], measures: Sequence[Measure]) -> list[Measure]:
    """The measures that some row has a value of, or will have."""
    return [measure for measure in measures if any(_expected(row.cell(measure)) for row in rows)]


def _expected(cell: Cell) -> bool:
    return cell.value is not None or cell.pending


def _heading(measure: Measure, order: str) -> Heading:
    parts = (measure.about, DIRECTIONS[measure.better], measure.noise)
    return Heading(measure.key, measure.name, measure.unit, measure.better, " ".join(filter(None, parts)), order)


def _cell(cell: Cell, measure: Measure, best: bool, unranked: str) -> TableCell:
    if cell.value is None:
        return TableCell(cell.text(measure), about=cell.reason or "It is being measured.")
    about = ". ".join(filter(None, (f"n = {cell.n:,}" if cell.n else "", unranked)))
    return TableCell(cell.text(measure), cell.spread_text(measure), about, best)


def _reference(samples: Samples, shown: Sequence[Measure]) -> TableRow:
    """What real images have: the floor of the Fréchet distance, and all classes."""
    real = {"frechet": None if samples.real is None else BY_KEY["frechet"].text(samples.real)}
    real |= {"modes": str(samples.classes) if samples.classes else None}
    return TableRow(
        "Real images",
        "Training images in place of samples, as many as there are of both: no model is expected to get below their "
        "Fréchet distance.",
        tuple(TableCell(real.get(measure.key) or "") for measure in shown),
        reference=True,
    )


def _caption(entries: Sequence[Entry], by_seed: bool) -> None:
    spread = "± of a run is a standard error over test images or samples"
    spread += ", of several seeds their standard deviation" if by_seed else ""
    seeds = "" if by_seed else " Only several runs tell how much another seed would change."
    glossary.caption(
        f"Choose a heading to sort; ↓ lower or ↑ higher is better. {spread}. Marked: better than every other run by "
        f"more than {comparison.ERRORS:g} standard errors of the difference, image by image where both were tested on "
        f"the same ones.{seeds}",
        "Fréchet distance",
    )


def explanations(statuses: Sequence[Status], images: ImageSet | None, k: int) -> None:
    """What every measure means on these images, None where they are not here, and why values are missing."""
    rows = comparison.rows([status.entry() for status in statuses])
    features = next((status.samples.features for status in statuses if status.samples is not None), "")
    with st.expander("What the measures mean, and why some are missing", icon=":material/help:"):
        for measure in comparison_measures.measures(k):
            parts = [measure.about, DIRECTIONS[measure.better], measure.noise]
            if measure.key == "frechet" and features:
                parts.append(f"Features: {features}.")
            parts.append(_note(measure, rows))
            parts.append(_used(measure, statuses, images))
            unit = f" ({measure.unit})" if measure.unit else ""
            missing = _missing(rows, measure)
            st.markdown(f"**{measure.name}**{unit}: {' '.join(filter(None, parts))}{missing}")


def _used(measure: Measure, statuses: Sequence[Status], images: ImageSet | None) -> str:
    """How many of these images a measure of latents is learned from and tested on; empty for others."""
    if images is None or measure.key not in ("probe", "neighbours"):
        return ""
    recipes = [status.run.recipe for status in statuses]
    counts = {len(data.split(images, recipe.validation, recipe.train_images)[0]) for recipe in recipes}
    learned = sorted({min(count, comparison_measures.LATENTS) for count in counts})
    tested = min(comparison_measures.IMAGES, len(images.test_images))
    return f"Here: {' or '.join(f'{n:,}' for n in learned)} training images and {tested:,} test images."


def _note(measure: Measure, rows: Sequence[Row]) -> str:
    """What a measure's values must not be taken for; empty where there is nothing to say."""
    if measure.key in ("negative_elbo", "bound"):
        return caveat(row.recipe.likelihood for row in rows if row.cell(measure).value is not None)
    return UNIDENTIFIED if measure.key == "mig" else ""


def _missing(rows: Sequence[Row], measure: Measure) -> str:
    """Why runs have no value of a measure, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if reason := row.cell(measure).reason:
            reasons.setdefault(reason, []).append(row.name)
    parts = [f"{escape_markdown(', '.join(names))}: {escape_markdown(reason)}" for reason, names in reasons.items()]
    return f" *Missing.* {' '.join(parts)}" if parts else ""


def _export(rows: Sequence[Row], measures: Sequence[Measure]) -> None:
    with st.popover("Export", icon=":material/download:", key="compare_export", help="CSV, Markdown or LaTeX."):
        chosen = st.segmented_control(
            "Format",
            list(FORMATS),
            default="CSV",
            required=True,
            key="compare_format",
            label_visibility="collapsed",
            help="CSV has all digits and errors; Markdown and LaTeX (booktabs) show the table as it stands here.",
        )
        write, ending, language = FORMATS[chosen or "CSV"]
        st.download_button(
            f"Download {chosen}",
            partial(write, rows, measures),
            f"comparison.{ending}",
            key="compare_download",
            on_click="ignore",
            icon=":material/download:",
            help="The table in the order of the page.",
        )
        st.code(write(rows, measures), language=language, height=240)


def _progress(statuses: Sequence[Status]) -> None:
    active = [status for status in statuses if status.active]
    if not active:
        return
    done = sum(status.complete for status in statuses)
    share = (done + sum(status.job.progress for status in active if status.job)) / len(statuses)
    count = f"Measuring: {done} of {pluralize(len(statuses), 'run')} done."
    st.progress(min(1.0, share), text=escape_markdown(" ".join([count, *_now(active)])), width=300)
    if st.button("Stop", key="compare_stop", icon=":material/stop:", help="Ends measuring; what is done is kept."):
        for status in active:
            if status.job is not None:
                status.job.stop()


def _now(active: Sequence[Status]) -> list[str]:
    """What is measured now: run, part of the work and time left, a sentence each."""
    found = []
    for job in (status.job for status in active if status.job is not None and status.job.state == "running"):
        part = f", {job.phase[0].lower()}{job.phase[1:]}" if job.phase else ""
        left = "" if job.seconds_left is None else f", {duration(job.seconds_left)} left"
        found.append(f"Now {job.run.name}{part}{left}.")
    return found or ["Waiting for its turn."]


def _failed(statuses: Sequence[Status], images: ImageSet | None, asked: str, k: int) -> None:
    """One line for each run that could not be measured, and a button that tries again."""
    ended = [status for status in statuses if status.job is not None and not status.job.active and not status.complete]
    for status in statuses:
        if status.reason:
            st.caption(f"**{escape_markdown(status.run.name)}** is not measured: {escape_markdown(status.reason)}.")
    for status in ended:
        if status.job is not None and status.job.state not in ("stopped", "cancelled"):
            reason = status.job.message or "It was measured, but the result could not be saved."
            st.warning(f"**{escape_markdown(status.run.name)}**: {escape_markdown(reason)}")
    if ended:
        st.button(
            "Measure",
            key="compare_again",
            icon=":material/play_arrow:",
            on_click=_again,
            args=([status.run for status in ended], images, asked, k),
            help="Measures the runs that are not measured yet.",
        )


def _again(runs: Sequence[Run], images: ImageSet | None, asked: str, k: int) -> None:
    for run in runs:
        status_of(run, images, asked, k, again=True)


def samples_words(statuses: Sequence[Status]) -> str:
    """How the samples were drawn, for the caption below them."""
    found = next((status.samples for status in statuses if status.samples is not None), None)
    if found is None:
        return ""
    real = "" if found.real is None else f" Real training images have the Fréchet distance {format_sig(found.real)}."
    return f"The first {SHOWN_SAMPLES} of those that are measured, place by place from the same noise.{real}"
