"""Quick start: what Streamlit does before its server answers and the lab's first page does not need is left out, or
done later.

Streamlit (seen in 1.67) builds a theme for Plotly's charts as soon as it is imported, which imports Plotly and builds
hundreds of its objects; and it reads the metadata of every installed package in search of components. Each is a seventh
of the time to the first answer. Home has no chart of Plotly, and the lab's components are its own.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

CHARTS = "plotly.graph_objects"


def import_streamlit() -> None:
    """Import Streamlit without Plotly; the theme for its charts is made when Plotly is first imported."""
    if CHARTS in sys.modules or "streamlit" in sys.modules:
        return
    sys.modules[CHARTS] = None  # type: ignore[assignment]  # Streamlit takes it for not installed
    try:
        importlib.import_module("streamlit")
    finally:
        del sys.modules[CHARTS]
    sys.meta_path.insert(0, ThemeOnImport())


class ThemeOnImport(MetaPathFinder):
    """Makes Streamlit's theme for Plotly right after Plotly's import, once: before any chart."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != CHARTS:
            return None
        # A new list: another thread may be on its way through the old one, and would miss a finder in it.
        sys.meta_path = [finder for finder in sys.meta_path if finder is not self]
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_theme(module: ModuleType) -> None:
            load(module)
            theme: Any = importlib.import_module("streamlit.elements.lib.streamlit_plotly_theme")
            theme.configure_streamlit_plotly_theme()

        spec.loader.exec_module = load_and_theme  # type: ignore[method-assign]
        return spec


def leave_packages_unread() -> None:
    """Do not search the installed packages for components. Another Streamlit, which does it elsewhere, may search."""
    with contextlib.suppress(ImportError, AttributeError):
        manager: Any = importlib.import_module("streamlit.components.v2.component_manager").BidiComponentManager
        assert manager.discover_and_register_components
        manager.discover_and_register_components = _nothing


def _nothing(*_: object, **__: object) -> None:
    return None
