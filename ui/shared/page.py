"""Pieces of a page that every page has: its head, links to other pages, and the images of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import data
from core.data import ImageSet
from core.runs import Run
from core.runs.images import images_of as images_of_run
from ui import registry
from ui.shared import glossary
from ui.shared.formatting import escape_markdown


@contextmanager
def page_head(
    title: str, intro: str, *, key: str | None = None, widths: Sequence[int] = (1, 1), terms: Sequence[str] = ()
) -> Iterator[DeltaGenerator]:
    """The head of a page: its title, beside it what the block draws (such as the box of runs), below both the intro.
    It yields itself, so that the block can add a line below the intro.

    It has no gaps, so that pictures and controls stand on the first screen of a laptop.

    Args:
        intro: what can be learned here, one or two sentences. key: of the container, for styles.
        widths: of the columns of title and block, as `st.columns` takes them.
        terms: of the glossary, to be marked in the intro.
    """
    head = st.container(gap=None, key=key or "page_head")
    with head:
        left, right = st.columns(list(widths), vertical_alignment="center")
        left.title(title, anchor=False)
        glossary.markdown(intro, *terms)
    with right:
        yield head


def open_page(key: str, **query: str) -> None:
    """Switch to another page of the registry.

    Args:
        query: parameters of its address.
    """
    st.switch_page(registry.script(key), query_params=query or None)


def images_or_none(run: Run) -> ImageSet | None:
    """The data set that a run was trained on; None where it is not on this machine."""
    try:
        return images_of_run(run)
    except data.DataError:
        return None


def images_of(
    run: Run, key: str, consequence: str, *, primary: bool = False, icon: str | None = None, hint: str = ""
) -> ImageSet | None:
    """The data set that a run was trained on; None, with the reason and the next step on the page, where it is missing.

    Images that are missing, changed or new since the training are said on the page.

    Args:
        key: of the button that opens the Data page.
        consequence: what can, or cannot, be done without the images, one sentence.
        primary: whether that button is the page's primary action. icon: of the message. hint: beside the button.
    """
    try:
        images = images_of_run(run)
    except data.DataError as error:
        st.warning(f"{escape_markdown(str(error))} {consequence}", icon=icon)
        with st.container(horizontal=True):
            data_page_button(key, primary=primary)
            if hint:
                st.caption(hint)
        return None
    say_changes(images)
    return images


def say_changes(images: ImageSet, run: Run | None = None) -> None:
    """What has changed among a run's images since it was trained: a warning, or a caption where that is not known.

    Args:
        run: to be named, where the page shows several.
    """
    if images.changed:
        show = st.warning if images.ordered else st.caption
        show(escape_markdown(f"{run.name}: {images.changed}" if run else images.changed))


def data_page_button(key: str, *, primary: bool = False) -> None:
    """A button that opens the Data page."""
    if st.button(
        "Open the Data page",
        key=key,
        type="primary" if primary else "secondary",
        help="Lists the data sets and downloads missing ones.",
    ):
        open_page("data")
