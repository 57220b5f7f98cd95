"""Downloads of the Interpolate page: the paths as a GIF, as a strip and as single frames."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.images import animation
from core.images.convert import shape_of
from core.latent.interpolation import InterpolationPath
from core.runs import Run
from ui.interpolate.views import NAMES

GAP, SCALE = 2, 6
"""Between the films of the GIF, in their pixels; enlargement of each pixel."""


def downloads(run: Run, found: dict[str, InterpolationPath]) -> None:
    """The popover; the files are made at the click."""
    about = "The paths as an animation or as pictures."
    with st.popover("Download", key="interpolate_download", icon=":material/download:", help=about):
        which = st.radio(
            "Which path",
            ["all", *found],
            key="interpolate_which",
            horizontal=True,
            persist_state="session",
            format_func=lambda name: NAMES.get(name, "All"),
            help="The paths in the files.",
        )
        films = {name: found[name].images for name in found if which in ("all", name)}
        shape = shape_of(next(iter(films.values())))
        name = f"{run.name}-path" + ("" if which == "all" else f"-{which}")
        st.download_button(
            "GIF",
            key="interpolate_gif",
            file_name=f"{name}.gif",
            mime="image/gif",
            on_click="ignore",
            data=lambda: _film(films),
            help="Plays forwards and backwards under the names of the paths, each pixel six times as large.",
        )
        st.download_button(
            "Strip (PNG)",
            key="interpolate_strip",
            file_name=f"{name}.png",
            mime="image/png",
            data=lambda: animation.strip(list(films.values()), 17, names=[NAMES[name] for name in films]),
            on_click="ignore",
            help="17 frames of each path under its name, twice as large.",
        )
        st.download_button(
            "Frames (ZIP)",
            key="interpolate_zip",
            file_name=f"{name}.zip",
            mime="application/zip",
            data=lambda: animation.zipped(films),
            on_click="ignore",
            help=f"{len(films[next(iter(films))])} PNG files of {shape} pixels for each path.",
        )


def _film(films: dict[str, np.ndarray]) -> bytes:
    """The GIF: all paths beside each other, each under its name."""
    width = next(iter(films.values())).shape[2] * SCALE
    line = animation.titles([NAMES[name] for name in films], width, GAP * SCALE)
    return animation.gif(animation.side_by_side(list(films.values()), GAP), SCALE, above=line)
