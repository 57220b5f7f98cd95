"""Figures of the Planes page: what the measures say, the table of all models, and histograms of z against the prior.

A job measures each model (`core.jobs.plane_measures`); the result is kept by the content of weights and images.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.evaluation import plane_measures
from core.evaluation.plane_measures import PlaneMeasures, findings, percent, two_digits
from core.jobs import plane_measures as jobs_plane_measures
from core.jobs.plane_measures import PlaneJob
from core.latent.planes import CONFIDENT_PROBABILITY, MIN_CLASS_SHARE
from ui.components.latent.plane_table import plane_table
from ui.planes.missing import training_of
from ui.planes.place import Plane
from ui.shared import address, glossary, theme
from ui.shared.formatting import escape_markdown, format_sig

TICK = 0.7
"""Seconds between two looks at the jobs."""

HEADINGS = (
    ("Model", "choose one to enlarge its plane"),
    (
        "Classes, N(0, I)",
        f"that {plane_measures.SAMPLES:,} samples cover, {100 * MIN_CLASS_SHARE:.0f} % or more confidently of each",
    ),
    ("Confident, N(0, I)", f"share of these samples with one class at {100 * CONFIDENT_PROBABILITY:.0f} % or more"),
    ("Confident, fitted", "the same, and classes, for z from the Gaussian fitted to μ"),
    ("Outside", "share of z outside the 99 % circle of N(0, I), where 1 % is expected"),
    ("MMD²", "distance of q(z) from N(0, I): 0 where they are the same, at most 2"),
    ("Spread of μ", "standard deviation along z₀ and z₁; N(0, I) has 1"),
    ("Spread of z", "the same of z ~ q(z | x), which adds σ"),
    ("Test error", "mean squared error per pixel, grey levels from 0 to 1"),
    ("Active units", "dimensions that carry information"),
)
"""Name and meaning of each column: first what samples of the prior are worth, then why."""


@dataclass(frozen=True)
class Status:
    """What there is of one plane's measures: the measures, or the job that computes them, or a reason for neither."""

    measures: PlaneMeasures | None = None
    job: PlaneJob | None = None
    reason: str = ""

    @property
    def active(self) -> bool:
        """Whether the measures are being computed."""
        return self.job is not None and self.job.active


def status_of(plane: Plane) -> Status:
    """The measures of a plane; their computation begins where there are none yet."""
    if plane.images is None:
        return Status(reason="its images are not on this computer")
    if training_of(plane.run) is not None:
        return Status(reason="it is being trained")
    path = plane_measures.file_of(plane.run, plane.images)
    if (found := _newest(path)) is not None:
        return Status(measures=found)
    job = jobs_plane_measures.start(plane.run, path)
    # It may have ended, and its file come into being, since we looked for it.
    if not job.active and (found := _newest(path)) is not None:
        return Status(measures=found)
    return Status(job=job)


def _newest(path: Path) -> PlaneMeasures | None:
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        return None
    return _load(str(path), version)


@st.cache_resource(max_entries=40, show_spinner=False)
def _load(path: str, version: int) -> PlaneMeasures | None:
    return plane_measures.load(Path(path))


def measures(shown: Sequence[Plane], titles: Mapping[str, str]) -> None:
    """The findings, the table and the progress of what is still being measured."""
    live = any(status_of(plane).active for plane in shown)
    with st.container(key="planes_measuring" if live else "planes_measured"):
        st.fragment(_measures, run_every=TICK if live else None)(shown, titles, live)


def _measures(shown: Sequence[Plane], titles: Mapping[str, str], live: bool) -> None:
    statuses = {plane.run.name: status_of(plane) for plane in shown}
    _findings(statuses, titles)
    _table(statuses, titles)
    if live and not any(status.active for status in statuses.values()):
        address.rerun()  # without a timer from now on
    _progress(list(statuses.values()))
    failed = [(name, status.job) for name, status in statuses.items() if status.job and not status.job.active]
    for name, job in failed:
        reason = job.message or "The measures were computed but could not be saved."
        st.warning(f"**{escape_markdown(titles[name])}**: {escape_markdown(reason)}")
    if failed:
        st.button(
            "Try again",
            key="planes_measure_again",
            on_click=_again,
            args=([plane for plane in shown if plane.run.name in dict(failed)],),
            help="Measures these planes again.",
        )
    for name, status in statuses.items():
        if status.reason:
            st.caption(f"{escape_markdown(titles[name])} is not measured: {status.reason}.")


def _findings(statuses: Mapping[str, Status], titles: Mapping[str, str]) -> None:
    """What the measures say once all are known: while some are missing, “closest” and “best” could still change."""
    known = [(escape_markdown(titles[name]), found) for name, status in statuses.items() if (found := status.measures)]
    if any(status.active for status in statuses.values()):
        if len(statuses) > 1:
            st.markdown(f"The models are compared here once all {len(statuses)} are measured.")
        return
    said = findings(known)
    if said and 1 < len(known) < len(statuses):
        said[0] = f"Of the {len(statuses)} models, {len(known)} are measured and compared here. {said[0]}"
    if said:
        st.markdown(f"{said[0]}\n\n{' '.join(said[1:])}".strip())  # the lesson has a paragraph of its own


def _again(planes: Sequence[Plane]) -> None:
    for plane in planes:
        if plane.images is not None:
            jobs_plane_measures.start(plane.run, plane_measures.file_of(plane.run, plane.images), again=True)


def _progress(statuses: Sequence[Status]) -> None:
    jobs = [status.job for status in statuses if status.job is not None and status.job.active]
    if not jobs:
        return
    known, count = len(statuses) - len(jobs), len(statuses)
    st.progress(
        min(1.0, (known + sum(job.progress for job in jobs)) / count),
        text=f"Measuring: {known} of {count} models done. The first time, a small classifier is trained as well.",
    )


def _table(statuses: Mapping[str, Status], titles: Mapping[str, str]) -> None:
    rows = [(name, titles[name], _cells(status)) for name, status in statuses.items()]
    known = [status.measures for status in statuses.values() if status.measures is not None]
    real = [found.real for found in known if found.real is not None]
    confident = f"{percent(real[0])} of real images" if real else "–"
    classes = next((f"{found.prior.of} of {found.prior.of}" for found in known if found.prior is not None), "–")
    plane_table(
        key="planes_table",
        headings=HEADINGS,
        rows=rows,
        reference=("To compare with", (classes, confident, confident, "1.0 %", "0", "1 · 1", "1 · 1", "0", "2 of 2")),
        regions={
            name: status.measures.regions
            for name, status in statuses.items()
            if status.measures is not None and status.measures.regions is not None
        },
    )
    if known:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Measured on up to {max(found.latents for found in known):,} training images of each model, one "
                "z ~ q(z | x) per image. MMD² is an unbiased estimate and can fall just below 0.",
                width="stretch",
            )
            st.download_button(
                "CSV",
                partial(_csv, rows),
                "planes.csv",
                "text/csv",
                key="planes_csv",
                on_click="ignore",
                help="The table as a file.",
            )


def _cells(status: Status) -> list[str]:
    found = status.measures
    if found is None:
        return ["…" if status.job is not None and status.job.active else "–"] * (len(HEADINGS) - 1)
    error = "–" if found.error is None else format_sig(found.error)
    return [
        "–" if found.prior is None else f"{found.prior.classes} of {found.prior.of}",
        "–" if found.prior is None else percent(found.prior.sure),
        "–" if found.fitted is None else f"{percent(found.fitted.sure)} · {found.fitted.classes} of {found.fitted.of}",
        percent(found.outside),
        two_digits(found.mmd),
        " · ".join(map(three_digits, found.spread)),
        " · ".join(map(three_digits, found.total_spread)),
        error if found.held_out == "test" or found.error is None else f"{error} (validation)",
        f"{found.active} of {len(found.spread)}",
    ]


def three_digits(value: float) -> str:
    """A spread with three significant digits; a dash for NaN."""
    return "–" if np.isnan(value) else format_sig(value)


def _csv(rows: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Run", *(name for name, _ in HEADINGS)])
    for run, title, cells in rows:
        writer.writerow([run, title, *cells])
    return text.getvalue()


def histograms(shown: Sequence[Plane], titles: Mapping[str, str]) -> None:
    """Histograms of each latent dimension against the density of the prior."""
    drawn = [plane for plane in shown if plane.places is not None and len(plane.places.mean)]
    if not drawn:
        return
    st.markdown("#### Aggregated posterior q(z), dimension by dimension")
    glossary.caption(
        "Filled: z drawn from the posterior q(z | x) of each training image. Line: the means μ, where there is a σ. "
        "Dashed: the prior N(0, 1). Where the dashed curve is high and nothing is filled, samples from the prior come "
        "from places that the decoder was never trained on.",
        "posterior",
        "σ",
    )
    with st.grid(3, min_column_width=300, gap="small", key="planes_histograms"):
        for plane in drawn:
            with st.container(gap="xxsmall"):
                st.markdown(f":small[**{escape_markdown(titles[plane.run.name])}**]")
                st.plotly_chart(
                    _histogram(plane),
                    key=f"planes_histogram_{plane.run.name}",
                    config={"displayModeBar": False},
                    alt=f"Histograms of z0 and z1 of {plane.run.name} against the density of N(0, 1)",
                )


BINS = 48


def _histogram(plane: Plane) -> go.Figure:
    places = plane.places
    assert places is not None
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.08)
    centre, half = np.asarray(plane.message["centre"]), plane.message["span"]
    for k in range(2):
        edges = np.linspace(centre[k] - half, centre[k] + half, BINS + 1)
        middle = (edges[1:] + edges[:-1]) / 2
        density, _ = np.histogram(places.draws[:, k], edges, density=True)
        figure.add_bar(
            x=middle,
            y=density,
            width=np.diff(edges),
            marker={"color": theme.colour("kl"), "line": {"width": 0}},
            name="z ~ q(z | x)",
            opacity=0.75,
            row=1,
            col=k + 1,
        )
        if places.sigma is not None:
            means, _ = np.histogram(places.mean[:, k], edges, density=True)
            figure.add_scatter(
                x=middle,
                y=means,
                mode="lines",
                name="μ",
                row=1,
                col=k + 1,
                line={"shape": "hvh", "width": 1.5, "color": theme.colour("reconstruction")},
            )
        x = np.linspace(centre[k] - half, centre[k] + half, 301)
        figure.add_scatter(
            x=x,
            y=np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi),
            mode="lines",
            name="N(0, 1)",
            row=1,
            col=k + 1,
            line={"dash": "dash", "width": 2, "color": theme.colour("total")},
        )
        figure.update_xaxes(title_text=f"z{'₀₁'[k]}", title_standoff=2, row=1, col=k + 1)
    figure.update_yaxes(showticklabels=False, showgrid=False)
    figure.update_layout(height=170, margin={"l": 4, "r": 4, "t": 4, "b": 34}, showlegend=False, bargap=0)
    return figure
