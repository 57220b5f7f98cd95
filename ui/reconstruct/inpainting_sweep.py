"""How the error on hidden pixels grows with the share that is hidden: a curve per model and way, made in the
background."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.evaluation.inpainting import FILLS
from core.jobs import inpainting_sweep
from core.jobs.inpainting_sweep import SEARCH, InpaintingSweepJob, SweepCurve
from core.runs import Run
from ui.components.charts.curves import curves
from ui.reconstruct.settings import Settings
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel

WORDS = {"zeros": "hole black", "mean": "hole mean", SEARCH: "search"}
DASHES: dict[str, Any] = {"zeros": [2, 3], "mean": [8, 4], SEARCH: False}


def sweep(models: list[tuple[Run, LoadedModel]], settings: Settings, images: ImageSet | None) -> None:
    """The section: a button, the progress, the curves."""
    st.subheader("The more is hidden", anchor=False)
    st.markdown(
        "Hides 10 to 90 % of the pixels of test images at random and measures how far off the **hidden** "
        "pixels are, per model and way: the experiment of the VAD paper (Zadeh et al. 2019)."
    )
    if images is None or not len(images.test_images):
        st.info("This needs the test images of the first model's data set.")
        return
    most = min(200, len(images.test_images))
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
            help="More images, steadier curves, longer wait.",
        )
        ways = [SweepCurve(str(run.path), how) for run, loaded in models for how in _hows(loaded, settings)]
        key = (
            tuple(loaded.name for _, loaded in models),
            tuple(ways),
            images.name,
            models[0][0].recipe.folder,
            count,
            settings.steps,
        )
        job = inpainting_sweep.find(key)
        visitor = st.session_state.setdefault("reconstruct_visitor", uuid.uuid4().hex)
        if job is None or not job.active:
            label = "Draw the curve" if job is None else "Go on" if job.state == "stopped" else "Try again"
            if job is None or job.state != "done":
                st.button(
                    label,
                    key="reconstruct_sweep",
                    type="primary",
                    icon=":material/ssid_chart:",
                    on_click=inpainting_sweep.start,
                    args=(key, visitor, ways, count, 0, settings.steps),
                    help="Runs behind the page; you can go on meanwhile.",
                )
    if job is None:
        st.caption(f"{len(ways)} curves, {count} images each. A few seconds per curve, more with convolutions.")
        return
    st.fragment(_watch, run_every=0.7 if job.active else None)(job, models, visitor)


def _hows(loaded: LoadedModel, settings: Settings) -> tuple[str, ...]:
    if loaded.model.encoder is None:
        return (SEARCH,)
    return (*FILLS, SEARCH) if settings.refine else FILLS


def _watch(job: InpaintingSweepJob, models: list[tuple[Run, LoadedModel]], visitor: str) -> None:
    """The curves as far as they are known; ticks while they grow."""
    before = st.session_state.get("reconstruct_sweep_seen")
    st.session_state["reconstruct_sweep_seen"] = job.active
    if before and not job.active:
        st.rerun()
    with st.container(height=44, border=False, key="reconstruct_sweep_status", vertical_alignment="center"):
        if job.active:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Stop",
                    key="reconstruct_sweep_stop",
                    on_click=job.leave,
                    args=(visitor,),
                    width=80,
                    help="Ends the sweep; the curves so far stay.",
                )
                st.progress(
                    job.part,
                    text="Waiting for another sweep to end …"
                    if job.state == "waiting"
                    else "Starting …"
                    if not job.part
                    else "Hiding more and more …",
                )
        elif job.state == "failed":
            st.warning(escape_markdown(job.message))
        elif job.state == "stopped":
            st.caption("Stopped. The curves show what was measured by then.")
        else:
            _download(job)
    curves(
        _chart(job, models),
        "reconstruct_sweep_chart",
        height=340,
        alt="Error on hidden pixels against the share hidden, a curve per model and way. " + _said(job),
    )
    st.caption(_said(job) or "Each curve is a mean over the images; the band holds the middle half of them.")


def _chart(job: InpaintingSweepJob, models: list[tuple[Run, LoadedModel]]) -> dict[str, Any]:
    palette = theme.RUN_COLOURS[theme.mode()]
    place = {str(run.path): number for number, (run, _) in enumerate(models)}
    drawn, legend = [], []
    for way, errors in zip(job.ways, job.errors, strict=True):
        style = {
            "name": _name(way),
            "colour": palette[place.get(way.run, 0) % len(palette)],
            "width": 2,
            "alpha": 1.0,
            "dash": DASHES[way.how],
        }
        legend.append(style)
        ps = sorted(errors)
        low, middle, high = (
            _short([f(errors[p]) for p in ps])
            for f in (lambda e: np.quantile(e, 0.25), np.mean, lambda e: np.quantile(e, 0.75))
        )
        drawn.append(
            style
            | {
                "x": [round(100 * p) for p in ps],
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


def _name(way: SweepCurve) -> str:
    return f"{way.run.replace(chr(92), '/').rsplit('/', 1)[-1]} · {WORDS[way.how]}"


def _said(job: InpaintingSweepJob) -> str:
    """The order at half of the pixels, in words."""
    there = [
        (float(errors[0.5].mean()), way) for way, errors in zip(job.ways, job.errors, strict=True) if 0.5 in errors
    ]
    if len(there) < 2:
        return ""
    there.sort(key=lambda pair: pair[0])
    (best, first), (worst, last) = there[0], there[-1]
    return (
        f"With half of the pixels hidden, {_name(first)} is closest ({format_sig(best)} per pixel), {_name(last)} "
        f"furthest ({format_sig(worst)}). The band holds the middle half of the images."
    )


def _short(values: list[float]) -> list[float]:
    return [float(f"{v:.4g}") for v in values]


def _download(job: InpaintingSweepJob) -> None:
    def table() -> str:
        out = io.StringIO()
        write = csv.writer(out)
        write.writerow(["run", "way", "hidden", "images", "mse_mean", "mse_std"])
        for way, errors in zip(job.ways, job.errors, strict=True):
            name = way.run.replace(chr(92), "/").rsplit("/", 1)[-1]
            write.writerows(
                [name, way.how, p, len(e), f"{e.mean():.6f}", f"{e.std():.6f}"] for p, e in sorted(errors.items())
            )
        return out.getvalue()

    st.download_button(
        "Curves (CSV)",
        key="reconstruct_csv",
        file_name="hidden-pixels.csv",
        mime="text/csv",
        data=table,
        on_click="ignore",
        help="Mean and standard deviation over the images.",
    )
