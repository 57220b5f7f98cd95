"""The button that brings in a run from a zip file, as the lab downloads it."""

from __future__ import annotations

import streamlit as st

from core.runs import RunError, unpack
from ui.shared.formatting import escape_markdown
from ui.shared.owner import me
from ui.shared.page import open_page

LARGEST = 500
"""Megabytes of a zip file, at most."""


def bring_in() -> None:
    """The popover with the file picker; a run that was unpacked is opened."""
    with st.popover("Import a run", icon=":material/upload:", help="Adds a run from a zip file."):
        file = st.file_uploader(
            "Zip file of a run",
            type="zip",
            max_upload_size=LARGEST,
            key="run_zip",
            help="The file that “Download zip” downloads. Only the files of a run are unpacked, and no code is run.",
        )
        if st.button(
            "Import",
            key="run_unpack",
            type="primary",
            disabled=file is None,
            help="Adds it to the runs of this lab." if file else "Choose a file first.",
        ):
            _unpack(file.getvalue() if file else b"")


def _unpack(content: bytes) -> None:
    try:
        run = unpack.unpack(content, me())
    except RunError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
    else:
        open_page("run", name=run.name)
