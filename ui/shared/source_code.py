"""Source code on the pages: the text of functions and classes that run, and the files they stand in."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import streamlit as st

from core.recipes.family import Family
from core.system import paths


def file_of(part: Any) -> str:
    """The file of a function, method or class: from the root of the project, `core/models/vae.py`; the name alone for
    a family in a folder of the user's own."""
    file = inspect.getsourcefile(inspect.unwrap(part))
    if file is None:
        raise TypeError(f"{part!r} has no source file.")
    path, root = Path(file).resolve(), paths.ROOT.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def source_of(*parts: Any) -> str:
    """The source of functions, methods and classes, one after the other."""
    return "\n".join(dedent(inspect.getsource(part)) for part in parts)


def show_code(parts: Sequence[Any], title: str = "") -> None:
    """Source code with a caption that names its files.

    Args:
        title: what the code does; the files follow in brackets. Without it the caption is the files alone.
    """
    files = ", ".join(f"`{file}`" for file in dict.fromkeys(map(file_of, parts)))
    st.caption(f"{title} ({files}):" if title else files)
    st.code(source_of(*parts), language="python")


def loss_code(family: Family) -> list[Any]:
    """The methods that compute a family's loss. Imports torch."""
    model = family.model_class()
    return [getattr(model, name) for name in family.code if hasattr(model, name)]
