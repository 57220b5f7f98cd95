"""The same decoder with different samplers: samples of each, and their Fréchet distances, measured by a job."""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path

import numpy as np
import streamlit as st

from core.data import DataError, ImageSet
from core.evaluation import sampler_comparison
from core.evaluation.sampler_comparison import LATENTS, Comparison
from core.jobs import sampler_comparison as jobs_comparison
from core.jobs.sampler_comparison import SamplerJob
from core.priors import samplers
from core.priors.kinds import KINDS
from core.runs import Run, RunError
from core.runs.shown_weights import shown_weights
from ui.components.diffusion.latent_scatter import Scatter, latent_scatter
from ui.diffusion.plane import PlaneView
from ui.shared import address, glossary, theme
from ui.shared.formatting import escape_markdown, format_sig, with_error
from ui.shared.learned_priors import version_of
from ui.shared.model_cache import LoadedModel
from ui.shared.owner import me
from ui.shared.run_buttons import job_button, run_button, run_key
from ui.shared.samplers import heading
from ui.shared.still_image import still

TICK = 0.7
"""Seconds between two looks at the job."""

POINTS, SHOWN = 2_000, 600
"""Points of each sampler that are measured, and shown on its small plane."""

PICTURE = 30
"""Width of a sample in screen pixels, about."""


def _name(key: str, prior: bool) -> str:
    return "Training latents" if key == LATENTS else heading(key, prior)


def compare(run: Run, loaded: LoadedModel, images: ImageSet | None, view: PlaneView | None) -> None:
    """The section."""
    st.subheader("What the sampler changes", anchor=False)
    glossary.markdown(
        "The decoder is always the same; only where its latents are drawn from differs. “Training latents” decodes "
        "latents of training images: no sampler can do better than that with this decoder.",
        "latent",
        "prior",
    )
    if view is not None:
        _planes(run, loaded, view)
    if images is None:
        st.caption("The distances need the images of the run.")
        return
    path = sampler_comparison.file_of(run, images)
    found = _newest(path)
    if found is not None:
        _table(run, found, loaded.prior)
        return
    job = jobs_comparison.current(path)
    if job is not None and job.active:
        st.fragment(_progress, run_every=TICK)(job)
        return
    if job is not None:
        st.warning(escape_markdown(job.message or "The comparison was made but could not be kept."))
    run_button(
        "Measure the samplers",
        "compare_samplers",
        run,
        icon=":material/straighten:",
        on_click=_start,
        args=(run, path),
        help=f"Draws {sampler_comparison.SAMPLES:,} images from each sampler and compares them with the test images. "
        "In the background, about a minute.",
    )


def _start(run: Run, path: Path) -> None:
    jobs_comparison.start(run, path, me())


def _progress(job: SamplerJob) -> None:
    if not job.active:
        address.rerun()
    words = "Waiting for other work in the background." if job.position > 0 else "Drawing images and measuring them …"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(job.progress, text=words)
        job_button("Stop", "compare_stop", job, job.stop, help="Ends the measuring; nothing is kept of it.")


def _newest(path: Path) -> Comparison | None:
    try:
        version = os.stat(path).st_mtime_ns
    except OSError:
        return None
    return _load(str(path), version)


@st.cache_resource(max_entries=8, show_spinner=False)
def _load(path: str, version: int) -> Comparison | None:
    return sampler_comparison.load(Path(path))


def _planes(run: Run, loaded: LoadedModel, view: PlaneView) -> None:
    """A small plane for each sampler: how many of its points lie in holes, and how many latents it reaches."""
    found = {
        key: _points(loaded.name, _version(loaded, key), key, loaded) for key in samplers.offered(run, loaded.model)
    }
    points = {key: z for key, z in found.items() if z is not None}
    rows = np.random.default_rng(0).permutation(len(view.latents))[:POINTS]
    points[LATENTS] = view.latents[rows]
    colours = theme.colour("generated"), theme.colour("real")
    latent_scatter(
        key=f"diffusion_planes_{loaded.name}",
        planes=[
            Scatter(_name(key, loaded.prior), z[:SHOWN], view.note(z), colours[key == LATENTS])
            for key, z in points.items()
        ],
        density=view.density,
        window=view.window,
        latent=theme.colour("latent"),
    )
    st.caption(
        "Tinted: the density of the training latents; the line is round all but 1 % of them, and beyond it lie the "
        "holes. A good sampler hardly draws from holes and reaches all latents; a narrow one does the first alone."
    )


def _version(loaded: LoadedModel, key: str) -> int:
    return version_of(loaded, key) if key in KINDS else 0


@st.cache_data(max_entries=32, show_spinner=False)
def _points(name: str, version: int, key: str, _loaded: LoadedModel) -> np.ndarray | None:
    """Points of one sampler; None where it cannot be had."""
    run = _loaded.run
    try:
        z = samplers.for_run(run, _loaded.model, key, shown_weights(run)).draw(POINTS, 0)
        return np.ascontiguousarray(_loaded.model.style(z))
    except (DataError, RunError):
        return None


def _table(run: Run, found: Comparison, prior: bool) -> None:
    fitted = [row.frechet for key, row in found.rows.items() if key != LATENTS and key not in KINDS]
    best = min(fitted, default=math.nan)
    scale = max(1, round(PICTURE / next(iter(found.rows.values())).pictures.shape[2]))
    for key, row in found.rows.items():
        with st.container(key=f"diffusion_row_{key}"):
            left, right = st.columns([2, 5], vertical_alignment="center", gap="medium")
            with left:
                st.metric(
                    _name(key, prior),
                    format_sig(row.frechet),
                    help=f"Fréchet distance. KID {with_error(row.kid, row.kid_error)}. Precision {row.precision:.2f}, "
                    f"recall {row.recall:.2f}.",
                )
            with right:
                still(row.pictures, 12, scale, f"Samples of: {_name(key, prior)}")
    for key in found.learned:
        share = found.rows[key].frechet / best if best else math.nan
        st.markdown(
            f"{_name(key, prior)} comes to {format_sig(share)} of the best of the other samplers, "
            f"{format_sig(found.rows[key].frechet)} instead of {format_sig(best)}."
        )
    st.caption(
        f"Squared Fréchet distance of {found.samples:,} images to {found.reference:,} test images, in "
        f"{escape_markdown(found.yardstick)}; lower is better. Real training images have {format_sig(found.real)}. "
        "The fewer images there are, the larger it comes out; KID, in the help of each value, has no such bias."
    )
    st.download_button(
        "CSV",
        lambda: _csv(found),
        f"{run.name}-samplers.csv",
        "text/csv",
        key=run_key("diffusion_csv", run),
        icon=":material/download:",
        help="The distances with precision and recall, a row for each sampler.",
    )


def _csv(found: Comparison) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sampler", "frechet", "kid", "kid_error", "precision", "recall", "in_holes", "reached"])
    for key, row in found.rows.items():
        numbers = (row.frechet, row.kid, row.kid_error, row.precision, row.recall, row.holes, row.reached)
        writer.writerow([key, *("" if math.isnan(number) else f"{number:.4f}" for number in numbers)])
    return out.getvalue()
