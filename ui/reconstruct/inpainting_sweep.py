"""Section of the Reconstruct page: error on hidden pixels against the share of hidden pixels, measured in the
background."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.evaluation.inpainting import FILLS
from core.jobs import inpainting_sweep
from core.jobs.inpainting_sweep import BASELINE, SEARCH, InpaintingSweepJob, SweepCurve
from core.runs import Run
from ui.components.charts.curves import curves
from ui.reconstruct.settings import Settings
from ui.shared import address, theme
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel
from ui.shared.run_buttons import job_button
from ui.shared.run_colours import colours_of

METHODS = {"zeros": "hole black", "mean": "hole mean", SEARCH: "search"}
NO_MODEL = "linear interpolation, no model"
DASHES: dict[str, Any] = {"zeros": [2, 3], "mean": [8, 4], SEARCH: False, BASELINE: [1, 2]}
MAX_IMAGES = 200


def sweep(models: Sequence[tuple[Run, LoadedModel]], settings: Settings, images: ImageSet | None) -> None:
    """The section: a button, the progress, the curves."""
    st.subheader("Error against the share of hidden pixels", anchor=False)
    st.markdown(
        "Hides 10 to 90 % of the pixels of test images at random and measures the error on the **hidden** pixels, for "
        "each model and method. This is the experiment of the VAD paper (Zadeh et al. 2019). The dotted grey curve "
        "uses no model: it interpolates the visible pixels."
    )
    if images is None or not len(images.test_images):
        st.info("This needs the test images of the first model's data set.")
        return
    most = min(MAX_IMAGES, len(images.test_images))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        count = st.number_input(
            "Test images",
            1,
            most,
            min(50, most),
            10,
            key="reconstruct_count",
            width=140,
            persist_state="session",
            help="With more images the curves are smoother and take longer.",
        )
        ways = [SweepCurve(str(run.path), how) for run, loaded in models for how in _methods(loaded, settings)]
        ways.append(SweepCurve(str(models[0][0].path), BASELINE))
        plain = (tuple(ways), models[0][0].recipe.source_of_images, count, settings.steps)
        newest = (tuple(loaded.name for _, loaded in models), *plain)
        key = _begun_with(plain, newest)
        job = inpainting_sweep.find(key)
        _start_button(job, key, plain, ways, count, settings)
    if key != newest:
        _offer_newest()
    if job is None:
        st.caption(
            f"Draws {len(ways)} curves, each a mean over {count} images: for an encoder one with the hole black and "
            "one with the mean image in it, one for each search, and one without a model. A curve takes a few seconds, "
            "or longer for convolutional models."
        )
        return
    st.fragment(_results, run_every=0.7 if job.active else None)(job, models)


BEGUN = "reconstruct_sweep_begun"
"""Key in the session state: what the sweep that was begun was of without the models' weights, and its key with them."""


def _begun_with(plain: Hashable, newest: Hashable) -> Hashable:
    """Key of the sweep to show: of the one that was begun, although a model has other weights by now because it is
    being trained; otherwise of one with the newest weights."""
    begun_plain, key = st.session_state.get(BEGUN, (None, newest))
    job = inpainting_sweep.find(key) if begun_plain == plain else None
    return key if job is not None and (job.active or job.state == "finished") else newest


def _offer_newest() -> None:
    """A line where a model was trained further since the sweep was begun, and the way to its newest weights."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("A model has been trained further since these curves were begun.", width="stretch")
        st.button(
            "Use the newest weights",
            key="reconstruct_sweep_newest",
            on_click=lambda: st.session_state.pop(BEGUN, None),
            help="Lets you draw the curves anew, with the models as they are now.",
        )


def _start_button(
    job: InpaintingSweepJob | None,
    key: Hashable,
    plain: Hashable,
    ways: list[SweepCurve],
    count: int,
    settings: Settings,
) -> None:
    """The button that starts the sweep, or starts it again after a stop or a failure."""
    if job is not None and (job.active or job.state == "finished"):
        return

    def start() -> None:
        st.session_state[BEGUN] = (plain, key)
        inpainting_sweep.start(key, _visitor(), ways, count, 0, settings.steps)

    st.button(
        "Draw the curves" if job is None else "Continue" if job.state in ("stopped", "cancelled") else "Try again",
        key="reconstruct_sweep",
        type="primary",
        icon=":material/ssid_chart:",
        on_click=start,
        help="Runs in the background. You can keep working on this page or leave it.",
    )


def _visitor() -> str:
    """An identifier of this browser session: a visitor's Stop must not stop the sweep that others wait for."""
    return st.session_state.setdefault("reconstruct_visitor", uuid.uuid4().hex)


def _methods(loaded: LoadedModel, settings: Settings) -> tuple[str, ...]:
    if loaded.model.encoder is None:
        return (SEARCH,)
    return (*FILLS, SEARCH) if settings.refine else FILLS


def _results(job: InpaintingSweepJob, models: Sequence[tuple[Run, LoadedModel]]) -> None:
    """The progress and the curves measured so far; redrawn while the sweep runs."""
    was_active = st.session_state.get("reconstruct_sweep_seen")
    st.session_state["reconstruct_sweep_seen"] = job.active
    if was_active and not job.active:
        address.rerun()
    with st.container(key="reconstruct_sweep_status", vertical_alignment="center"):
        _status(job)
    summary = _summary(job)
    curves(
        _chart(job, models),
        "reconstruct_sweep_chart",
        height=340,
        alt="Error on hidden pixels against the share of hidden pixels, a curve per model and method. " + summary,
    )
    st.caption(summary or "Each curve is a mean over the images; the band holds the middle half of them.")


def _status(job: InpaintingSweepJob) -> None:
    if job.active:
        with st.container(horizontal=True, vertical_alignment="center"):
            job_button(
                "Stop",
                "reconstruct_sweep_stop",
                job,
                job.leave,
                (_visitor(),),
                width=80,
                help="Stops the sweep; the curves measured so far stay.",
            )
            waiting = "Waiting for another computation to end …"
            st.progress(
                job.progress, text=waiting if job.state == "queued" else "Measuring …" if job.progress else "Starting …"
            )
    elif job.state == "failed":
        st.warning(escape_markdown(job.message))
    elif job.state in ("stopped", "cancelled"):
        st.caption("Stopped. The curves show what had been measured by then.")
    else:
        _download(job)


def _chart(job: InpaintingSweepJob, models: Sequence[tuple[Run, LoadedModel]]) -> dict[str, Any]:
    palette = colours_of(run for run, _ in models)
    drawn, legend = [], []
    for way, errors in zip(job.curves, job.errors, strict=True):
        style = {
            "name": _name(way),
            "colour": theme.colour("muted") if way.how == BASELINE else palette.get(way.run, theme.colour("total")),
            "width": 2,
            "alpha": 1.0,
            "dash": DASHES[way.how],
        }
        legend.append(style)
        shares = sorted(errors)
        low, middle, high = (
            _rounded([f(errors[p]) for p in shares])
            for f in (lambda e: np.quantile(e, 0.25), np.mean, lambda e: np.quantile(e, 0.75))
        )
        drawn.append(
            style
            | {
                "x": [round(100 * p) for p in shares],
                "y": middle,
                "low": low,
                "high": high,
                "label": "per pixel",
                "until": None,
            }
        )
    top = max((v for curve in drawn for v in (*curve["high"], *curve["y"])), default=1.0)
    return {
        "panels": [
            {"title": "MSE of hidden pixels", "share": 1.0, "log": False, "curves": drawn, "range": [0.0, 1.05 * top]}
        ],
        "legend": legend,
        "marks": [],
        "xTitle": "Hidden pixels (%)",
        "revision": "sweep",
        "muted": theme.colour("muted"),
    }


def _run_name(way: SweepCurve) -> str:
    return way.run.replace("\\", "/").rsplit("/", 1)[-1]


def _name(way: SweepCurve) -> str:
    return NO_MODEL if way.how == BASELINE else f"{_run_name(way)} · {METHODS[way.how]}"


def _summary(job: InpaintingSweepJob) -> str:
    """The best and the worst curve with half of the pixels hidden, in words; empty before two are measured there."""
    at_half = [
        (float(errors[0.5].mean()), way) for way, errors in zip(job.curves, job.errors, strict=True) if 0.5 in errors
    ]
    if len(at_half) < 2:
        return ""
    at_half.sort(key=lambda pair: pair[0])
    (best, first), (worst, last) = at_half[0], at_half[-1]
    return (
        f"With half of the pixels hidden, {_name(first)} is closest ({format_sig(best)} per pixel) and {_name(last)} "
        f"furthest ({format_sig(worst)}). {_crossings(job)}The band holds the middle half of the images."
    )


def _crossings(job: InpaintingSweepJob) -> str:
    """Which curve is lowest over which shares, where that changes; empty while it does not."""
    shares = sorted(set.intersection(*(set(errors) for errors in job.errors if errors)) if any(job.errors) else ())
    measured = [(way, errors) for way, errors in zip(job.curves, job.errors, strict=True) if errors]
    if len(measured) < 2 or not shares:
        return ""
    lowest = [min(measured, key=lambda pair: float(pair[1][p].mean()))[0] for p in shares]
    spans = [(name, list(group)) for name, group in groupby(range(len(shares)), key=lambda k: _name(lowest[k]))]
    if len(spans) < 2:
        return f"{spans[0][0]} is lowest at every share. "
    parts = [
        f"{name} from {100 * shares[rows[0]]:.0f} to {100 * shares[rows[-1]]:.0f} %"
        if len(rows) > 1
        else f"{name} at {100 * shares[rows[0]]:.0f} %"
        for name, rows in spans
    ]
    return f"The curves cross; the lowest is {', then '.join(parts)} hidden. "


def _rounded(values: list[float]) -> list[float]:
    return [float(f"{v:.4g}") for v in values]


def _download(job: InpaintingSweepJob) -> None:
    def table() -> str:
        out = io.StringIO()
        write = csv.writer(out)
        write.writerow(["run", "way", "hidden", "images", "mse_mean", "mse_std", "mse_q25", "mse_median", "mse_q75"])
        for way, errors in zip(job.curves, job.errors, strict=True):
            write.writerows(
                [
                    "" if way.how == BASELINE else _run_name(way),
                    way.how,
                    p,
                    len(e),
                    *(f"{v:.6f}" for v in (e.mean(), e.std(), *np.quantile(e, (0.25, 0.5, 0.75)))),
                ]
                for p, e in sorted(errors.items())
            )
        return out.getvalue()

    st.download_button(
        "Curves (CSV)",
        key="reconstruct_csv",
        file_name="hidden-pixels.csv",
        mime="text/csv",
        data=table,
        on_click="ignore",
        help="Mean, standard deviation and quartiles over the images, squared error per hidden pixel.",
    )
