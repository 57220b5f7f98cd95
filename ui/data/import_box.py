"""Import of a large set of the visitor's own: what it takes, a button, then a progress bar."""

from __future__ import annotations

import streamlit as st

from core.data.folder import Import
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.jobs import image_import
from core.jobs.image_import import ImportJob
from ui.data.preview import preview
from ui.shared import address
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.owner import me
from ui.shared.run_buttons import job_button


def import_box(path: str, shape: ImageShape, pixels: PixelChoices, waiting: Import) -> None:
    """Draw the import of a set: start, progress, stop; also of one that another tab or visit started."""
    job = image_import.current(path, shape, pixels)
    if job and job.active:
        st.markdown(f"**Importing {pluralize(waiting.files, waiting.what)}.** You can leave this page in the meantime.")
        st.fragment(_running, run_every=0.5)(path, shape, pixels)
        return
    st.markdown(f"**{pluralize(waiting.files, waiting.what)}, {size(waiting.size)}, to import.**")
    st.caption(
        f"As images of {shape}, they take about {size(waiting.memory)} of "
        + (
            "the disk, twice as much while they are read. They would fill the memory, so trainings read them from the "
            "disk. "
            if waiting.mapped
            else "memory, and as much of the disk. "
        )
        + "They are read once; later they are there at once, until a file is added, removed or changed."
    )
    above = st.container()  # the button is seen without scrolling
    usable = preview(path, shape, pixels, key="import_preview")
    with above:
        _start(path, shape, pixels, job, usable)


def _start(path: str, shape: ImageShape, pixels: PixelChoices, job: ImportJob | None, usable: bool) -> None:
    """Draw the button that starts an import, and how the last one ended."""
    if job and job.state == "failed":
        st.error(escape_markdown(job.message), icon=":material/error:")
    elif job and job.state == "stopped":
        st.info("The import was stopped. Nothing was stored.", icon=":material/stop_circle:")
    if st.button(
        "Import",
        key="import_start",
        type="primary",
        icon=":material/download:",
        disabled=not usable,
        help="Reads all pictures. Choose shape, fit and inversion first."
        if usable
        else "None of the pictures tried can be read.",
    ):
        image_import.start(path, shape, pixels, me())
        address.rerun()


def size(count: int) -> str:
    """Bytes in words: `62 MB`, `1.8 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6)):,} MB"


def _running(path: str, shape: ImageShape, pixels: PixelChoices) -> None:
    job = image_import.current(path, shape, pixels)
    if job is None or not job.active:
        address.rerun()  # the whole page: it shows the set now, or the reason why not
    if job.state == "queued":
        st.progress(0.0, text="Waiting for another import")
    elif job.total:
        st.progress(job.progress, text=f"{job.done:,} of {job.total:,}")
    else:
        st.progress(0.0, text="Listing the files")
    job_button("Stop", "import_stop", job, job.stop, icon=":material/stop:", help="Nothing is stored then.")
