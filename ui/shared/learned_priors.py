"""Learned priors on the pages, from memory while run and prior stay as they are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.priors import store
from core.priors.kinds import KINDS, LearnedPrior
from core.runs import RunError
from ui.shared.model_cache import LoadedModel


def version_of(loaded: LoadedModel, kind: str) -> int:
    """A number that changes whenever the file of the learned prior does; 0 without one."""
    try:
        return store.file_of(loaded.run, KINDS[kind]).stat().st_mtime_ns
    except OSError:
        return 0


def learned_prior(loaded: LoadedModel, kind: str) -> tuple[Any, str]:
    """The learned prior of a model and an empty text; or None and the reason, a sentence that is not escaped."""
    try:
        return _learned(loaded.name, kind, version_of(loaded, kind), _loaded=loaded), ""
    except RunError as error:
        return None, str(error)


@st.cache_resource(max_entries=8, show_spinner="Loading the learned prior …")
def _learned(name: str, kind: str, version: int, _loaded: LoadedModel) -> LearnedPrior:
    return store.load(_loaded.run, KINDS[kind], _loaded.model)
