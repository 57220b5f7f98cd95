"""The select box of runs, the same on every page; the chosen run is part of the address."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import runs
from core.runs import Run
from core.runs.shown_weights import is_experiment_recipe
from ui.shared import address
from ui.shared.default_run import newer_than_kept, preferred
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.jobs import first_model_takes
from ui.shared.owner import is_foreign, label
from ui.shared.page import open_page
from ui.shared.run_menu import run_menu

_SET = "_set"
"""End of the session-state key that says that the page itself has chosen the run (`set_run`)."""


def set_run(name: str, key: str = "run", page: str = "") -> None:
    """Choose a run in the box of `pick_run` from another control's callback, before the box is drawn again."""
    box = f"{page}{key}_box"
    st.session_state[box], st.session_state[f"{box}{_SET}"] = name, True


def pick_run(
    key: str = "run",
    *,
    page: str = "",
    what: str = "trained run",
    fits: Callable[[Run], bool] = bool,
    unfit: str = "",
    nothing: Callable[[], None] | None = None,
    trials: str = "",
    empty: str = "",
    images: bool = False,
    best: str = "",
    here: str = "",
    head: DeltaGenerator | None = None,
) -> Run | None:
    """The chosen run, of all runs with weights in the order of `default_run.preferred`. None, with the next step on
    the page, if there are none.

    The chosen name is in the address as `?run=…`, so that a link leads to it; a name that does not exist is ignored
    with a message. The choice survives a change of page, until the visitor has trained something newer.

    Args:
        key: name of the address parameter.
        page: name of a page that only some runs suit; it then remembers its choice apart from the other pages.
        what: such a run, in words. fits: whether a run suits the page. unfit: why a run does not, shown if the address
            asks for one that does not. nothing: draws what replaces the box where there is no run.
        trials: placeholder of the box where only runs of experiments suit; it then begins empty, and None is returned
            until one is chosen. empty: placeholder of a box that begins empty whatever there is.
        images, best: whether the page needs the run's images, and the example that suits it best
            (`default_run.preferred`). here: key of the page, which the menu of the run does not offer.
        head: of the page (`page_head`), where the lesson of an example is shown.
    """
    found = preferred((run for run in runs.list_runs() if not run.error and fits(run)), images, best)
    usable = {run.name: run for run in found if run.has_weights}
    if not usable:
        nothing() if nothing else nothing_yet(key, bool(found))
        return None
    box, kept, wanted = f"{page}{key}_box", f"{page}{key}_kept", address.get(key)
    names, gone = list(usable), bool(st.session_state.pop(f"{box}{_SET}", False))
    choice = st.session_state.get(box)
    if choice not in usable:  # the first visit, or the run was deleted or renamed since
        top = next(iter(usable.values()))
        first = None if empty or (trials and is_experiment_recipe(top.recipe)) else top.name
        newer = newer_than_kept(usable.values(), kept)
        before = newer.name if newer and kept in st.session_state else st.session_state.get(kept)
        choice = next((name for name in (wanted, before) if name in usable), first)
        if wanted and wanted not in usable:
            shown = " You see another one instead." if choice else ""
            address.warn(_missing(wanted, what, unfit, fits, st.session_state.get(box) == wanted) + shown)
        if gone := box in st.session_state:
            st.session_state[box] = choice
    name = _box(usable, box, None if choice is None else 0 if gone else names.index(choice), empty or trials, here)
    if name is None:
        address.put(key, None)
        return None
    st.session_state[kept] = name
    address.put(key, name)
    if head is not None and usable[name].lesson:
        lesson_line(usable[name], head)
    return usable[name]


def lesson_line(run: Run, place: DeltaGenerator) -> None:
    """What an example teaches, in one line: in a box of runs it would be cut off."""
    place.caption(f":material/school: {escape_markdown(run.lesson)}")


def _box(usable: dict[str, Run], key: str, index: int | None, placeholder: str, here: str) -> str | None:
    """The box with these runs, and beside it the menu of the chosen one; returns its name.

    `index` is passed in every run of the page: a slow browser can mount the box from a later run than the first, and
    would then report the first option as the choice.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}_line"):
        name = st.selectbox(
            "Trained model",
            list(usable),
            key=key,
            label_visibility="collapsed",
            placeholder=placeholder or None,
            index=index,
            format_func=lambda n: option(usable[n]) if n in usable else n,
            help="The run whose model you explore. It is part of the page's address, so that a link leads back to it.",
        )
        if name is not None:
            run_menu(usable[name], "box_menu_", page=here)
    return name


def _missing(wanted: str, what: str, unfit: str, fits: Callable[[Run], bool], shown_before: bool) -> str:
    """Why the run of that name cannot be chosen. shown_before: whether it was the visitor's choice until now."""
    run = next((run for run in runs.list_runs() if run.name == wanted), None)
    if run is None and shown_before:
        return f"The run “{escape_markdown(wanted)}” was deleted or renamed."
    if run is None:
        return f"The address names a {what} that does not exist."
    if run.error:
        return "The address names a run that is damaged and cannot be used."
    if not fits(run):
        return unfit or f"The run in the address is not a {what}."
    return "The address names a run that has no weights yet: they come with the first epoch of its training."


def option(run: Run) -> str:
    """A run as an option of a box: its name, its recipe, and whose it is where it is another visitor's."""
    parts = (run.name, run.summary(), label(run.owner) if is_foreign(run) else "")
    return " · ".join(part for part in parts if part)


def places_images(run: Run) -> bool:
    """Whether a run's model encodes images: not a generator trained against a discriminator."""
    return not run.recipe.family.adversarial


NO_PLACE = "The address names a GAN, which generates images and does not encode any."


def damaged_runs() -> None:
    """A fold at the end of a page that lists folders which are not usable runs, with the reasons."""
    broken = [run for run in runs.list_runs() if run.error]
    if broken:
        with st.expander(f"{pluralize(len(broken), 'run')} cannot be used"):
            for run in broken:
                st.text(run.error)


def nothing_yet(key: str, some: bool) -> None:
    """The next step where no run has weights. `some`: whether there are runs."""
    st.info(
        "No run has weights yet. They appear after the first epoch of training."
        if some
        else f"Nothing has been trained yet. Train a model first: on the digits it takes {first_model_takes()}."
    )
    with st.container(horizontal=True):
        if st.button(
            "Train your first model",
            key=f"{key}_home",
            type="primary",
            help="Opens Home, where one button trains a small model.",
        ):
            open_page("home")
        if st.button("Choose what to train", key=f"{key}_train", help="Opens Train with all settings."):
            open_page("train")
