"""Compare page: runs on the same images side by side, by one evaluation."""

from __future__ import annotations

import streamlit as st

from core import runs
from ui.compare import augmentation, inputs, pictures, table
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.page import images_of, page_head
from ui.shared.run_menu import runs_menu
from ui.shared.run_picker import damaged_runs, nothing_yet


def page() -> None:
    """The whole page."""
    address.check_names(("runs", "draw", "k", "sort", "seeds", augmentation.NAME))
    found = inputs.usable_runs()
    with page_head(
        "Compare",
        "How do models differ? Runs on the same images, measured in the same way: pictures side by side, and a table.",
        widths=(1, 3),
    ):
        toolbar = st.container(horizontal=True, gap="small", vertical_alignment="center")
    if not found:
        nothing_yet("compare", bool(runs.list_runs()))
        damaged_runs()
        return
    now = inputs.settle(found)
    with toolbar:
        inputs.picker(found, now)
        runs_menu(now.runs, "compare_menu_", page="compare")  # on a phone beside the button before it
        asked = inputs.sampler(now)
        k = inputs.bound_samples(now)
    for sentence in now.left_out:
        st.caption(f":material/link_off: {escape_markdown(sentence)}")
    inputs.keep(now)
    images = images_of(now.runs[0], "compare_data", "Until then you see what the runs’ own files say.")
    statuses = table.table(now.runs, images, asked, k)
    pictures.reconstructions(statuses)
    pictures.samples(statuses, asked, table.samples_words(statuses))
    augmentation.section(now.runs, images, asked)
    table.explanations(statuses, images, k)
    damaged_runs()
