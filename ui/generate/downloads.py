"""Downloads of the Generate page: the picture and its z, the traversal sheet, the plane and the grid of samples."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.images import convert
from core.latent import codebook, walks
from core.latent.planes import PlaneAxes
from core.runs import Run
from core.runs.class_names import class_names
from ui.components.latent.latent_board import DIMENSIONS, SHOWN, SliderSet
from ui.components.latent.plane import side_for
from ui.generate import sampler, views
from ui.generate.sliders import reach
from ui.shared.latent_cursor import LatentCursor, cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.run_buttons import run_key

SCALE = 10
"""Enlargement of a downloaded picture."""

STEPS, ACROSS = 13, 25
"""Pictures in a row of the downloaded sheet, and along a side of the downloaded plane."""


def downloads(run: Run, loaded: LoadedModel, span: float) -> None:
    """Download buttons; each file is made at the click, from the point where the sliders then are.

    Args:
        span: how far sheet and plane reach to either side, in σ.
    """
    here, d = cursor_of(loaded), loaded.model.style_dim
    shown = views.for_files()
    shown.update(plane=views.chosen_plane(loaded) if d > 1 else None, samples=sampler.settings(loaded))
    side = min(ACROSS, side_for(loaded.shape))
    _picture_button(run, loaded, here)
    _button(
        "The point z (CSV)",
        run_key("generate_csv", run),
        f"{run.name}-z.csv",
        lambda: point_csv(loaded, here, class_names(run)),
        f"The {loaded.model.style_dim} numbers of the current point"
        + (" and the weights of the classes" if loaded.conditional else "")
        + ": in units of σ, as on the sliders, and as the decoder takes them.",
    )
    _button(
        "The sheet of traversals",
        run_key("generate_sheet_png", run),
        f"{run.name}-traversals.png",
        lambda: sheet_png(loaded, here, SHOWN, span, shown.get("sliders", DIMENSIONS)),
        f"A row for each of up to {SHOWN} sliders in their order, {STEPS} images from end to end.",
    )
    if d >= 2:
        _button(
            "The plane",
            run_key("generate_plane_png", run),
            f"{run.name}-plane.png",
            lambda: plane_png(loaded, shown["plane"], here, side, span),
            f"{side} × {side} images of the plane shown below, through the current point, ±{span:g} σ.",
        )
    _samples_button(run, loaded)


def downloads_of_codes(run: Run, loaded: LoadedModel) -> None:
    """Download buttons of a model whose images are grids of codes, which has no sliders."""
    here = cursor_of(loaded)
    views.for_files().update(samples=sampler.settings(loaded))
    _picture_button(run, loaded, here)
    _button(
        "The codes (CSV)",
        run_key("generate_csv", run),
        f"{run.name}-codes.csv",
        lambda: codes_csv(loaded, here),
        "The current grid of codes, row by row.",
    )
    _samples_button(run, loaded)


def _picture_button(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    _button(
        f"This picture ({SCALE * loaded.shape.height} × {SCALE * loaded.shape.width})",
        run_key("generate_png", run),
        f"{run.name}.png",
        lambda: convert.png(loaded.pictures(np.asarray([here.sigma_units], np.float32))[0], scale=SCALE),
        f"The image at the current point, each pixel enlarged {SCALE} times.",
    )


def _samples_button(run: Run, loaded: LoadedModel) -> None:
    shown = views.for_files()
    _button(
        "The grid of samples",
        run_key("generate_grid_png", run),
        f"{run.name}-samples.png",
        lambda: convert.png(convert.tile(sampler.grid(run, loaded, *shown["samples"])[0], 8), scale=3),
        f"The {sampler.SAMPLES} samples shown below.",
    )


def _button(label: str, key: str, name: str, make: Callable[[], bytes], about: str) -> None:
    kind = "text/csv" if name.endswith(".csv") else "image/png"
    st.download_button(label, key=key, file_name=name, mime=kind, data=make, on_click="ignore", help=about)


def point_csv(loaded: LoadedModel, here: LatentCursor, names: tuple[str, ...] = ()) -> bytes:
    """The point as a table: dimension, σ from the centre, value of z; then the weights of the classes of these names,
    where the model has some."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["dimension", "sigma_units", "z"])
    z = loaded.axes.to_z(here.sigma_units)
    dimensions = [*range(loaded.model.style_dim), *(f"class {name}" for name in names)]
    table.writerows([k, f"{u:.6g}", f"{x:.6g}"] for k, u, x in zip(dimensions, here.sigma_units, z, strict=True))
    return text.getvalue().encode()


def codes_csv(loaded: LoadedModel, here: LatentCursor) -> bytes:
    """The codes of the point as a table, a line for each row of the grid."""
    z = loaded.axes.to_z(np.asarray(here.sigma_units, np.float32))
    text = io.StringIO()
    csv.writer(text).writerows(codebook.of_latents(loaded.model, z[None])[0].tolist())
    return text.getvalue().encode()


def sheet_png(
    loaded: LoadedModel, here: LatentCursor, rows: int, span: float, sliders: SliderSet = DIMENSIONS
) -> bytes:
    """The traversals of the first `rows` sliders through the point. span: of single dimensions, in σ."""
    point, found, span = np.asarray(here.sigma_units), sliders.directions, reach(sliders, span)
    if found is None or not len(found):
        points = walks.sweeps(point, loaded.axes.order[:rows], -span, span, STEPS)
    else:
        points = found.sweeps(point, np.arange(min(rows, len(found))), -span, span, STEPS)
    return convert.png(convert.tile(loaded.pictures(points), STEPS), scale=2)


def plane_png(loaded: LoadedModel, pair: PlaneAxes, here: LatentCursor, side: int, span: float) -> bytes:
    """The plane along two directions, through the point."""
    points = pair.grid(np.asarray(here.sigma_units), span, side)
    return convert.png(convert.tile(loaded.pictures(points), side))
