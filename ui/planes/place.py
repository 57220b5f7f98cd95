"""The plane of one run, computed once for each version of its weights: places of images, pictures, densities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.evaluation.inpainting import pixel_mse
from core.latent import aggregated, codec, planes, sampling
from core.latent.planes import Places
from core.runs import Run, RunError
from ui.components.latent import manifold
from ui.components.latent.plane_stage import LinkedImages
from ui.planes.inputs import OWN_SCALE, SCALE, class_shown, data_name
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import images_or_none

INSIDE = 0.7
"""Share of the distance from the middle of a plane to its edge within which an image is marked at first."""


NO_POINTS = np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class Plane:
    """A run with its model, its images (None where they are not on this machine), and what is drawn of them.

    Attributes:
        places: of training images; None without images. linked: the numbers of those that are linked. message: for the
            browser.
    """

    run: Run
    loaded: LoadedModel
    images: ImageSet | None
    places: Places | None
    linked: np.ndarray
    message: dict[str, Any]


FAR = 2.0
"""Ratio of the widest window to the narrowest one from which the visitor chooses between one scale and several."""

HALF = "planes_half"
"""Session-state key: half the side of all windows on the page where they have one scale, else None."""


def choose_scale(chosen: Sequence[Run]) -> bool:
    """Give all planes one scale, or each its own where one model lies far wider than another and the visitor has not
    asked for one scale; whether there is that choice."""
    halves = [half for run in chosen if (half := _half_or_none(run)) is not None]
    widest, narrowest = max(halves, default=1.0), min(halves, default=1.0)
    far, asked = widest > FAR * narrowest, SCALE.adopt()
    st.session_state[HALF] = None if far and asked == OWN_SCALE else widest
    if not far:
        address.put(SCALE.name, None)
    return far


def _half_or_none(run: Run) -> float | None:
    """Half the side of a run's own window; None where its weights cannot be used."""
    try:
        loaded = load(run)
    except RunError:
        return None
    images = images_or_none(run)
    return _placed(loaded.name, data_name(run), images is not None, _run=run, _loaded=loaded, _images=images)[2]


def plane_or_none(run: Run) -> Plane | None:
    """The plane of a run; None, with the reason on the page, where its weights cannot be used."""
    try:
        return plane_of(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # may contain text from a file
        return None


def plane_of(run: Run) -> Plane:
    """The plane of a run with its best weights.

    Raises:
        RunError: they are missing, damaged or do not fit.
    """
    loaded, images = load(run), images_or_none(run)
    there, label, half = images is not None, class_shown(run), st.session_state.get(HALF)
    return _plane(loaded.name, data_name(run), there, label, half, _run=run, _loaded=loaded, _images=images)


@st.cache_resource(max_entries=18, show_spinner="Encoding training images …")
def _placed(
    name: str, dataset: str, there: bool, _run: Run, _loaded: LoadedModel, _images: ImageSet | None
) -> tuple[Places | None, np.ndarray, float]:
    """(places of training images, None without images; centre and half the side of the plane's own window)."""
    found = None if _images is None else planes.places(_loaded.model, _run.recipe, _images)
    return found, *planes.window(NO_POINTS if found is None else found.mean)


@st.cache_resource(max_entries=24, show_spinner="Decoding the planes …")
def _plane(
    name: str,
    dataset: str,
    there: bool,
    label: int | None,
    shared: float | None,
    _run: Run,
    _loaded: LoadedModel,
    _images: ImageSet | None,
) -> Plane:
    """label: class of the pictures on the plane of a conditional model. shared: half the side of every plane's window;
    None for its own. One that has become wider since keeps its own."""
    model, nothing = _loaded.model, np.zeros(0, np.int64)
    found, centre, own = _placed(name, dataset, there, _run=_run, _loaded=_loaded, _images=_images)
    half = max(own, shared or 0.0)
    mean = NO_POINTS if found is None else found.mean
    count = min(len(mean), manifold.linked_for(_loaded.shape))
    linked = nothing if found is None else found.index[:count]
    recon = np.zeros((0, *_loaded.shape.picture), np.uint8)
    if _images is not None and count:
        recon = codec.decode(model, sampling.of_class(model, mean[:count], _images.train_labels[linked]))
    lattice = planes.lattice(centre, half, manifold.side_for(_loaded.shape))
    labels, errors, density = nothing, np.zeros(0), None
    if _images is not None and found is not None and len(mean):
        every = _images.train_labels[found.index]
        labels, errors = every[:count], pixel_mse(recon, _images.train_images[linked])
        density = planes.density(found.draws, every, centre, own)  # as fine as it can be
    message = manifold.message(
        slot=_run.name,
        name=_run.name,
        dataset=dataset,
        tiles=codec.decode(model, sampling.of_class(model, lattice, label or 0), chunk=64),
        centre=centre,
        half=half,
        own=own,
        index=linked,
        points=mean[:count],
        labels=labels,
        recon=recon,
        errors=errors,
        classes=() if _images is None else _images.classes,
        density=density,
        circles=aggregated.circles(None if found is None else found.draws),
    )
    return Plane(_run, _loaded, _images, found, linked, message)


def linked_images(shown: Sequence[Plane]) -> list[LinkedImages]:
    """The images of each data set that any of its planes links."""
    sets: dict[str, list[Plane]] = {}
    for plane in shown:
        if plane.images is not None:
            sets.setdefault(data_name(plane.run), []).append(plane)
    found = []
    for name, members in sets.items():
        index = np.unique(np.concatenate([plane.linked for plane in members]))
        images = members[0].images
        assert images is not None
        found.append(LinkedImages(name, index, images.train_images[index], _inside_all(members)))
    return found


def _inside_all(shown: Sequence[Plane]) -> int | None:
    """Number of the linked image that all models together reconstruct best, of those that lie well inside every plane,
    where their mark is seen whole; None where there is none."""
    errors: dict[int, list[float]] = {}
    for plane in shown:
        points = np.asarray(plane.message["points"]).reshape(-1, 2)
        away = np.abs(points - np.asarray(plane.message["centre"])).max(1)
        inside = away < INSIDE * plane.message["span"]
        for number, error in zip(plane.linked[inside], np.asarray(plane.message["errors"])[inside], strict=True):
            errors.setdefault(int(number), []).append(float(error))
    everywhere = [number for number, found in errors.items() if len(found) == len(shown)]
    return min(everywhere, key=lambda number: sum(errors[number]), default=None)
