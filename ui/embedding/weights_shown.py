"""The weights that a map is of.

A run that is being trained has other weights every few seconds. A map that was begun stays with the weights that it was
begun with, so that the click that began it shows its result; its visitor is told, and may go on to the newest ones.
"""

from __future__ import annotations

import streamlit as st

from core.embedding.settings import Settings
from core.runs import Run
from ui.shared.run_buttons import Identity, identity

BEGUN = "map_weights"
"""Key in the session state: digest of the weights of each map that was begun, by run and settings."""


def begun(run: Run, settings: Settings) -> str | None:
    """Digest of the weights that this visitor's map of the run was begun with; None where none was."""
    return _kept().get(_key(run, settings))


def keep(run: Run, settings: Settings, digest: str) -> None:
    """Note that a map was begun with these weights."""
    _kept()[_key(run, settings)] = digest


def let_go(run: Run, settings: Settings) -> None:
    """Go on to the newest weights."""
    _kept().pop(_key(run, settings), None)


def _key(run: Run, settings: Settings) -> tuple[Identity, Settings]:
    return identity(run), settings.with_(iterations=Settings().iterations)  # more iterations continue the same map


def _kept() -> dict[tuple[Identity, Settings], str]:
    found: dict[tuple[Identity, Settings], str] = st.session_state.setdefault(BEGUN, {})
    return found
