"""Choosing the run that a page works with, the same on every page; the choice is part of the address."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core import runs
from core.gan.experiments import is_experiment_recipe
from core.runs import Run


def pick_run(
    key: str = "run",
    *,
    page: str = "",
    what: str = "trained run",
    fits: Callable[[Run], bool] = bool,
    unfit: str = "",
    nothing: Callable[[], None] | None = None,
    trials: str = "",
) -> Run | None:
    """A box with every run that has weights, newest first and those of experiments last; None, with the next step on
    the page, if there is none.

    The chosen name stands in the address as `?run=…` (`key` is the name of the parameter), so that a link leads
    to it; a name that does not exist is ignored with a message. The choice survives a change of page.

    Args:
        page: where some runs only will do, that page's name: it then remembers its choice apart from the others.
        what: what such a run is called. fits: whether a run will do. unfit: why another one will not, if the
            address asks for it. nothing: shown instead of the usual next step. trials: where experiments'
            runs are all there is, the box begins empty with these words in it; until one is chosen, None comes back.
    """
    found = [run for run in runs.list_runs() if not run.error and fits(run)]
    found.sort(key=lambda run: is_experiment_recipe(run.recipe))  # stable: the newest first among each
    usable = {run.name: run for run in found if run.has_weights}
    if not usable:
        nothing() if nothing else nothing_yet(key, bool(found))
        return None
    box, kept, wanted = f"{page}{key}_box", f"{page}{key}_kept", st.query_params.get(key)
    names, gone = list(usable), False
    choice = st.session_state.get(box)
    if choice not in usable:  # the first look, or the run was deleted or renamed since
        first = None if trials and is_experiment_recipe(next(iter(usable.values())).recipe) else next(iter(usable))
        choice = next((name for name in (wanted, st.session_state.get(kept)) if name in usable), first)
        if wanted and wanted not in usable:
            # Not echoed: an address bar is no place for others' words on our page.
            there = unfit and any(run.name == wanted for run in runs.list_runs())
            st.warning(
                f"{unfit if there else f'The address asks for a {what} that does not exist.'}"
                f"{' You see another one instead.' if choice else ''}"
            )
        if gone := box in st.session_state:
            st.session_state[box] = choice
    # The choice as the box's default, in every run of the page: a browser that is slow to draw the box may see a later
    # run of it than the first, and would take the first name for the choice.
    name = st.selectbox(
        "Trained model",
        names,
        key=box,
        label_visibility="collapsed",
        placeholder=trials or None,
        index=0 if gone else None if choice is None else names.index(choice),
        format_func=lambda n: f"{n} · {usable[n].recipe.summary()}" if n in usable else n,
        help="The run whose model you explore. The page's address names it, so that a link leads back to it.",
    )
    if name is None:
        st.query_params.pop(key, None)
        return None
    st.session_state[kept] = name
    if wanted != name:
        st.query_params[key] = name
    return usable[name]


def places_images(run: Run) -> bool:
    """Whether a run has a place for every image: not a GAN, which only generates."""
    return run.recipe.model != "gan"


NO_PLACE = "The address asks for a GAN. It generates images and has no place for those there are."


def damaged_runs() -> None:
    """A fold at the end of a page that names the folders which are no usable runs, and why; nothing if all are."""
    broken = [run for run in runs.list_runs() if run.error]
    if broken:
        with st.expander(f"{len(broken)} {'run' if len(broken) == 1 else 'runs'} cannot be used"):
            for run in broken:
                st.text(run.error)


def nothing_yet(key: str, some: bool) -> None:
    """What to do where there is no run with weights; `some`: runs there are."""
    st.info(
        "No run has weights yet. They appear after the first epoch of training."
        if some
        else "Nothing has been trained yet. Train a model first: on the digits it takes about fifteen seconds."
    )
    with st.container(horizontal=True):
        if st.button(
            "Train your first model",
            key=f"{key}_home",
            type="primary",
            help="Opens Home, where one button trains a small model.",
        ):
            st.switch_page("pages/home.py")
        if st.button("Choose what to train", key=f"{key}_train", help="Opens Train with all settings."):
            st.switch_page("pages/train.py")
