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
from ui.planes.inputs import class_shown, data_name
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import images_or_none

INSIDE = 0.7
"""Share of the distance from the middle of a plane to its edge within which an image is marked at first."""


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
    there, label = images is not None, class_shown(run)
    return _plane(loaded.name, data_name(run), there, label, _run=run, _loaded=loaded, _images=images)


@st.cache_resource(max_entries=18, show_spinner="Decoding the planes …")
def _plane(
    name: str, dataset: str, there: bool, label: int | None, _run: Run, _loaded: LoadedModel, _images: ImageSet | None
) -> Plane:
    """label: class of the pictures on the plane of a conditional model."""
    model = _loaded.model
    nothing, no_points = np.zeros(0, np.int64), np.zeros((0, 2), np.float32)
    found = None if _images is None else planes.places(model, _run.recipe, _images)
    mean = no_points if found is None else found.mean
    centre, half = planes.window(mean)
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
        density = planes.density(found.draws, every, centre, half)
    message = manifold.message(
        slot=_run.name,
        name=_run.name,
        dataset=dataset,
        tiles=codec.decode(model, sampling.of_class(model, lattice, label or 0), chunk=64),
        centre=centre,
        half=half,
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
