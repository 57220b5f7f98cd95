"""The recipe of a run in the form: `?like=` in the address fills the form with all its settings, so that one can be
changed and the two runs compared.

As long as the form follows a run, the address holds its name and the fields that differ from it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import runs
from core.recipes import presets
from core.recipes.recipe import applies, fields
from core.runs import Run
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.recipe_labels import choice, label
from ui.train.state import FORM

NAME = "like"
"""Name of the address parameter, whose value is the name of a run."""

FOLLOWED = "recipe_like"
"""Session-state key: name of the run that the form follows, and its values as the widgets hold them."""

NAMED = 5
"""Changed fields that the line above the form names, at most."""


def requested(name: str) -> Run | None:
    """The run of that name, whose recipe a link asks for; None, with a message, if the form cannot be filled in so."""
    for run in runs.list_runs():
        if run.name == name and not run.error and preset_of(run):
            return run
    address.refuse(NAME, "The address names a run that does not exist. The form has the settings of a recipe instead.")
    return None


def preset_of(run: Run) -> str:
    """Name of the recipe that a run was begun with, else of the first one of its kind of model; empty for none."""
    recipe = run.recipe
    kin = (name for name in presets.PRESETS if presets.preset(name).model == recipe.model)
    return recipe.name if recipe.name in presets.PRESETS else next(kin, "")


def follow(run: Run, values: dict[str, Any]) -> None:
    """Remember which run the form follows, and its values."""
    st.session_state[FOLLOWED] = run.name, values


def leave() -> None:
    """The form follows no run any more."""
    run, _ = st.session_state.pop(FOLLOWED, ("", {}))
    if run and address.get(NAME) == run:
        address.drop(FORM, NAME)


def followed() -> tuple[str, dict[str, Any]]:
    """The run that the form follows, and its values as the widgets hold them; empty where it follows none."""
    found: tuple[str, dict[str, Any]] = st.session_state.get(FOLLOWED, ("", {}))
    return found


def note(now: dict[str, Any], filled_in: tuple[str, ...]) -> None:
    """A line above the form: the run it follows, and what has been changed.

    Args:
        now: the form's values. filled_in: names of the fields that are not the form's own.
    """
    name, before = followed()
    if not name:
        return
    changed = [
        f"{label(field.name)} {_words(field.name, before[field.name])} → {_words(field.name, now[field.name])}"
        for field in fields()
        if field.name not in (*filled_in, "name") and applies(field, now) and now[field.name] != before[field.name]
    ]
    run = escape_markdown(name)
    if not changed:
        st.caption(f"The settings of {run}. Change one of them, train, and compare the two runs.")
        return
    more = f", and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    st.caption(f"The settings of {run}, except: {escape_markdown(', '.join(changed[:NAMED]))}{more}.")


def _words(name: str, value: Any) -> str:
    """A value in words: numbers as the form shows them."""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return choice(name, value) if value not in ("", None) else "empty"
