"""What can be done with one run: open it on other pages, continue, download, rename or delete it."""

from __future__ import annotations

import streamlit as st

from core.jobs.training_queue import TrainingQueue
from core.runs import Run
from core.runs.export import to_zip
from ui.run.dialogs import DIALOGS
from ui.shared.formatting import escape_markdown
from ui.shared.page import open_page
from ui.shared.run_buttons import identity, run_button, run_key


def actions(run: Run, queue: TrainingQueue, training: bool, *, opened: bool) -> None:
    """One line for a run: its name, the pages that lead on, and a menu with the rest.

    Args:
        queue: takes a run that is continued. training: whether it trains or waits now.
        opened: whether this is the run's own page, which has its name as title.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=run_key("actions", run)):
        if not opened:
            st.markdown(f"**{escape_markdown(run.name)}**", width="content")
        if run.error is None:
            if not opened and run_button(
                "Open", "open", run, icon=":material/open_in_full:", help="Its curves, film, figures and files."
            ):
                open_page("run", name=run.name)
            _pages(run, main=opened and not training)
            if run_button(
                "Continue",
                "continue",
                run,
                icon=":material/play_arrow:",
                disabled=training or not run.resumable,
                help="Train it for more epochs." if run.resumable else "It has no saved state to continue from.",
            ):
                DIALOGS["continue"](run, queue, identity(run))
        with st.popover(
            "More", icon=":material/more_horiz:", key=run_key("more", run), help="Download, rename, delete."
        ):
            _more(run, queue, training)
    if run.error:
        st.error(escape_markdown(run.error), icon=":material/broken_image:")
    elif run.status["message"] and not training:
        st.caption(escape_markdown(run.status["message"]))


def _pages(run: Run, main: bool) -> None:
    """Buttons that open other pages with this run. main: whether the first is the page's primary action."""
    if run_button(
        "Generate from it",
        "generate",
        run,
        icon=":material/draw:",
        type="primary" if main else "secondary",
        disabled=not run.has_weights,
        help="Make new images with this model.",
    ):
        open_page("generate", run=run.name)
    if not run.recipe.family.adversarial and run_button(
        "Reconstruct",
        "reconstruct",
        run,
        icon=":material/healing:",
        disabled=not run.has_weights,
        help="Encode images with it, alone or beside others.",
    ):
        open_page("reconstruct", runs=run.name)
    if run.recipe.family.adversarial and run_button(
        "VAE → GAN", "gan", run, icon=":material/swords:", disabled=not run.has_weights, help="Look into its training."
    ):
        open_page("gan", run=run.name)
    if run.recipe.family.generator_source and run_button(
        "Make it a GAN",
        "gan",
        run,
        icon=":material/swords:",
        disabled=not run.has_weights,
        help="Opens Train with the form filled in: this run's decoder becomes the generator of a GAN.",
    ):
        open_page("train", source=run.name)


def _more(run: Run, queue: TrainingQueue, training: bool) -> None:
    """The menu: downloads, a new name, deletion."""
    if run.error is None:
        _downloads(run, training)
        if run_button(
            "Rename",
            "rename",
            run,
            icon=":material/edit:",
            disabled=training,
            width="stretch",
            help="Give it another name.",
        ):
            DIALOGS["rename"](run, queue, identity(run))
    if run_button(
        "Delete",
        "delete",
        run,
        icon=":material/delete:",
        disabled=training,
        width="stretch",
        help="Removes it for good, after a question. A run that is training must be stopped first.",
    ):
        DIALOGS["delete"](run, queue, identity(run))


def _downloads(run: Run, training: bool) -> None:
    """Download buttons: the history as CSV, the whole run as a zip file."""
    st.download_button(
        "Curves (CSV)",
        run.csv,
        f"{run.name}.csv",
        "text/csv",
        key=run_key("csv", run),
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
        help="Its history: all losses, one row per measurement.",
    )
    st.download_button(
        "Run (zip)",
        lambda: to_zip(run),
        f"{run.name}.zip",
        "application/zip",
        key=run_key("zip", run),
        on_click="ignore",
        icon=":material/folder_zip:",
        disabled=training,
        width="stretch",
        help="The whole run as a zip file: recipe, curves, weights, pictures, and how to load them.",
    )
