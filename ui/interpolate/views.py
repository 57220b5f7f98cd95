"""Pictures, strips and curves along the paths of the Interpolate page, with one scrubber for all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import codec, interpolation
from core.latent.interpolation import Endpoint, InterpolationPath
from core.runs import Run
from ui.components.playback.path import Panel, Strip, path
from ui.shared import address, theme
from ui.shared.address import number
from ui.shared.classifier import ClassifierStatus, classifier_of, training
from ui.shared.formatting import format_sig
from ui.shared.image_choice import Pick, label_of, note
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.page import open_page

if TYPE_CHECKING:
    from core.evaluation.classifier import Classifier

MAX_NEIGHBOURS = 5_000
"""Training images among which the nearest latent is searched, at most."""

NAMES = {"lerp": "Line (lerp)", "slerp": "Arc (slerp)", "blend": "Pixel blend", "lab": "CIELAB blend"}
DASHES: dict[str, tuple[int, ...]] = {"lerp": (), "slerp": (8, 3), "blend": (2, 3), "lab": (8, 3, 2, 3)}

POSITION = "t"
"""Address parameter: where the scrubber is, 0 at A and 1 at B."""

LINK = "interpolate_go"
"""Key in the session state: whether the visitor has clicked “Generate here”."""


def hero(
    run: Run,
    loaded: LoadedModel,
    images: ImageSet | None,
    picks: dict[str, Pick],
    ends: dict[str, Endpoint],
    found: dict[str, InterpolationPath],
) -> None:
    """Large pictures, strips and curves of the paths, and a caption below."""
    status = classifier_of(run, images)
    classifier = status.classifier
    probabilities = (
        None if classifier is None else {name: classifier.probabilities(found[name].images) for name in found}
    )
    line, arc, lab = theme.RUN_COLOURS[theme.mode()][:3]
    colours = {"lerp": line, "slerp": arc, "blend": theme.colour("muted"), "lab": lab}

    def generate_here(name: str, frame: int) -> None:
        cursor_of(loaded).move_to(loaded.axes.to_sigma_units(found[name].z[frame]).tolist())
        st.session_state[LINK] = True

    path(
        key="interpolate_path",
        ends=(ends["a"].image, ends["b"].image),
        on_go=generate_here,
        t=_position(),
        notes=(note(picks["a"], images), note(picks["b"], images)),
        panels=_panels(run, loaded, images, picks, found, probabilities, status),
        strips=[
            Strip(
                name,
                NAMES[name],
                colours[name],
                DASHES[name],
                found[name].images,
                _class_notes(images, None if probabilities is None else probabilities[name]),
                name in ("lerp", "slerp"),
            )
            for name in found
        ],
    )
    if st.session_state.pop(LINK, False):
        open_page("generate", run=run.name)
    _caption(classifier)
    if images is not None and status.job is not None:
        training(run, images, status.job, key="interpolate_retry")


def _position() -> float | None:
    """The position t that the address asks for; None for the middle. The browser writes it."""
    asked = address.get(POSITION)
    found = None if asked is None else number(0, 1)(asked)
    if asked is not None and found is None:
        address.refuse(POSITION, "The address names a position t that is not on the path: a number from 0 to 1.")
    return found


def _class_notes(images: ImageSet | None, probabilities: np.ndarray | None) -> list[str]:
    """The most likely class of each frame with its probability; empty without a classifier."""
    if images is None or probabilities is None:
        return []
    return [f"{images.classes[row.argmax()]} · {100 * row.max():.0f} %" for row in probabilities]


def _panels(
    run: Run,
    loaded: LoadedModel,
    images: ImageSet | None,
    picks: dict[str, Pick],
    found: dict[str, InterpolationPath],
    probabilities: dict[str, np.ndarray] | None,
    status: ClassifierStatus,
) -> list[Panel]:
    """The charts: distance to the training latents, density under the prior, and probabilities of the classes."""
    panels = []
    if images is not None:
        latents, usual = _training_latents(loaded.name, _run=run, _loaded=loaded, _images=images)
        panels.append(
            Panel(
                "Distance to the nearest latent (units of z)",
                np.array([interpolation.nearest_distance(_style(loaded, found[name]), latents) for name in found]),
                (usual, "median between training images"),
            )
        )
    panels.append(_density_panel(loaded, found))
    if not status.possible or images is None:
        return panels
    classes = {end: label_of(picks[end], images) for end in "ab"}
    if probabilities is not None:  # the class that the classifier gives to an endpoint without one
        for end, k in (("a", 0), ("b", -1)):
            if classes[end] is None:
                classes[end] = int(probabilities["blend"][k].argmax())
    for label in dict.fromkeys(classes.values()):  # one panel if both endpoints are of one class
        name = "the class of an endpoint" if label is None else f"“{images.classes[label]}”"
        panels.append(
            Panel(
                f"Classifier: probability of {name} (%)",
                span=(0, 100),
                values=None
                if probabilities is None
                else np.array([100 * probabilities[method][:, label] for method in found]),
                waiting="This curve appears once the classifier is trained.",
            )
        )
    return panels


def _style(loaded: LoadedModel, path: InterpolationPath) -> np.ndarray:
    """The points of a path without class weights, [N, d]."""
    return loaded.model.style(path.z)


def _density_panel(loaded: LoadedModel, found: dict[str, InterpolationPath]) -> Panel:
    """The log prior, or the Mahalanobis distance under the fitted Gaussian for a model without a prior."""
    if loaded.prior:
        d = loaded.model.style_dim
        return Panel(
            "Log prior log p(z) (nats)",
            np.array([interpolation.log_priors(_style(loaded, found[name])) for name in found]),
            (-0.5 * d * (1 + math.log(2 * math.pi)), "mean over draws from the prior"),
        )
    mean, cov = (loaded.model.latent_mean.cpu().numpy(), loaded.model.latent_cov.cpu().numpy())
    distances = [interpolation.mahalanobis(found[name].z, mean, cov) for name in found]
    return Panel(
        "Distance from the mean of the latents (σ of the fitted Gaussian)",
        np.array([row for row, _ in distances]),
        (math.sqrt(distances[0][1]), "typical of draws from it"),
    )


@st.cache_data(max_entries=4, show_spinner="Encoding training images …")
def _training_latents(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, float]:
    """(μ of training images [M, d], the median distance from one of them to its nearest neighbour)."""
    latents = _loaded.model.style(codec.training_latents(_loaded.model, _run.recipe, _images, MAX_NEIGHBOURS)[1])
    if len(latents) < 2:
        return latents, 0.0
    few = latents[np.linspace(0, len(latents) - 1, min(len(latents), 500)).astype(int)]
    return latents, float(np.median(interpolation.nearest_distance(few, latents, skip_self=True)))


def _caption(classifier: Classifier | None) -> None:
    text = "Halfway, the pixel blend shows two images at once. In a smooth latent space line and arc show one."
    if classifier is not None and classifier.tested:
        text += (
            f" The classifier is right on {format_sig(100 * classifier.accuracy)} % of {classifier.tested:,} test "
            "images; it names a class even for a picture that shows none."
        )
    st.caption(text)
