"""The line of a run: its name, what it is most used for, and the menu of everything that can be done with it."""

from __future__ import annotations

import streamlit as st

from core.runs import Run
from ui.shared.formatting import escape_markdown
from ui.shared.page import open_page
from ui.shared.run_buttons import run_button, run_key
from ui.shared.run_menu import NO_WEIGHTS, run_menu


def actions(run: Run, training: bool, *, opened: bool) -> None:
    """One line for a run, and below it its message or what is wrong with it.

    Args:
        training: whether it trains or waits now.
        opened: whether this is the run's own page, which has its name as title.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=run_key("line", run)):
        if not opened:
            st.markdown(f"**{escape_markdown(run.name)}**", width="content")
        if run.error is None:
            if not opened and run_button(
                "Open", "line_open", run, icon=":material/open_in_full:", help="Its curves, film, figures and files."
            ):
                open_page("run", name=run.name)
            if run_button(
                "Generate images",
                "line_generate",
                run,
                icon=":material/tune:",
                type="primary" if opened and not training else "secondary",
                disabled=not run.has_weights,
                help="Make new images with this model." if run.has_weights else NO_WEIGHTS,
            ):
                open_page("generate", run=run.name)
        run_menu(run, page="" if opened else "table", opened=opened)
    if run.error:
        st.error(escape_markdown(run.error), icon=":material/broken_image:")
    elif run.status["message"] and not training:
        st.caption(escape_markdown(run.status["message"]))
