"""Download of a missing data set: a button, then a progress bar while the rest of the page stays usable."""

from __future__ import annotations

import streamlit as st

from core import data
from core.jobs import download
from ui.shared import address
from ui.shared.formatting import escape_markdown


def download_box(name: str, verb: str = "Download") -> None:
    """Draw the download of a set: start, progress, stop, resume; also of one that another tab or visit started."""
    job = download.current(name)
    if job and job.active:
        st.fragment(_running, run_every=0.5)(name)
        return
    if job and job.state == "failed":
        st.error(escape_markdown(job.message), icon=":material/cloud_off:")
    elif job and job.state == "stopped" and job.message:
        st.info(escape_markdown(job.message), icon=":material/pause:")
    verb = "Resume downloading" if job and job.state in ("failed", "stopped") else verb
    if st.button(
        f"{verb} {data.SOURCES[name].title}",
        key=f"download_{name}",
        type="primary",
        icon=":material/download:",
        width="stretch",
        help="Fetches the files from the addresses that torchvision lists and verifies them. You can leave this page "
        "in the meantime.",
    ):
        download.start(name)
        st.rerun()


def _running(name: str) -> None:
    job = download.current(name)
    if job is None or not job.active:
        address.rerun()  # the whole page: it shows the set now, or the reason why not
    if job.total:
        text = f"{job.done / 1e6:.1f} of {job.total / 1e6:.1f} MB"
        st.progress(min(1.0, job.done / job.total), text=f"Downloading {data.SOURCES[name].title}: {text}")
    else:
        st.progress(0.0, text=f"Downloading {data.SOURCES[name].title}: contacting the server")
    st.button(
        "Stop",
        key=f"stop_{name}",
        icon=":material/stop:",
        on_click=job.stop,
        help="What was downloaded is kept. You can resume later.",
    )
