"""Cards of the Reconstruct page: for each model its reconstructions, losses and the path of z during the search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation import inpainting
from core.images.convert import shape_of
from core.latent import codec, mixture, pca
from core.runs import Run, figures
from core.runs.class_names import class_names
from ui.charts.losses import unit
from ui.components.reconstruct.reconstruct import Card, Lane, reconstruct
from ui.reconstruct import findings
from ui.reconstruct.search import Found, SearchRequest, run_searches
from ui.reconstruct.settings import Settings
from ui.shared import glossary
from ui.shared.formatting import pluralize
from ui.shared.image_choice import images_key
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_or_none
from ui.shared.run_colours import colours_of

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.evaluation.search_trace import SearchTrace
    from core.models import LatentModel

CLOUD_POINTS = 600
"""Training latents shown under a path, at most."""


def cards(
    models: Sequence[tuple[Run, LoadedModel]],
    image: np.ndarray,
    note: str,
    visible: np.ndarray,
    settings: Settings,
    images: ImageSet | None,
    status: DeltaGenerator,
    label: int | None = None,
) -> list[Found]:
    """Encode the image with every model and draw the cards. Returns the requests with their results.

    Args:
        image: uint8 [H, W] or [H, W, 3]. note: its caption. visible: bool [H, W].
        images: the data set of the first run, if it is available. status: an empty placeholder for the progress.
        label: class of the image in that data set, None where it has none.
    """
    fill = inpainting.fill_image(settings.fill if images is not None else "zeros", images, shape_of(image))
    requests = [
        SearchRequest(run, loaded, search, image, visible, fill, settings, _label_for(run, models[0][0], label))
        for run, loaded in models
        for search in _methods(loaded, settings)
    ]
    found = run_searches(requests, status)
    colours, (lines, won) = colours_of(run for run, _ in models), findings.closest(found)
    drawn = [
        _card(
            run,
            loaded,
            [found[row] for row in rows],
            colours[str(run.path)],
            [won.get(row, []) for row in rows],
            images,
        )
        for run, loaded in models
        if (rows := [row for row, (request, _) in enumerate(found) if request.loaded is loaded])
    ]
    if drawn:
        reconstruct(
            key="reconstruct_hero",
            image=image,
            note=note,
            visible=visible,
            cards=drawn,
            best=lines,
        )
    if any(np.isfinite(trace.bound) for _, trace in found):
        told = any(request.run.recipe.family.conditional for request, _ in found)
        glossary.caption(
            "Figures of a VAE, in nats: the importance-weighted bound is closer to −log p(x) than the −ELBO, and no "
            "model can get below the entropy floor."
            + (" For a model that is told the class y, −log p(x | y) takes the place of −log p(x)." if told else ""),
            "ELBO",
            "nats",
            "importance-weighted bound",
            "entropy floor",
        )
    return found


def _card(
    run: Run,
    loaded: LoadedModel,
    found: Sequence[Found],
    colour: str,
    won: Sequence[Sequence[str]],
    images: ImageSet | None,
) -> Card:
    recipe, (mean, axes, share) = run.recipe, _axes(loaded.name, _loaded=loaded)
    cloud, labels, classes = _cloud(run, loaded)
    what = objective_of(run, found[0][1])
    lanes = [
        Lane(
            way=_method(request),
            took=_cost(request, trace),
            colour=colour,
            dash=() if request.search else (2, 3),
            pictures=trace.pictures,
            objective=trace.objective,
            elbo=trace.negative_elbo if recipe.variational and what != figures.NEGATIVE_ELBO else None,
            mse=trace.mse,
            hidden=None if request.visible.all() else trace.hidden_mse,
            path=pca.project(trace.z, mean, axes),
            hatched=request.search,
            sees=request.image
            if request.search
            else inpainting.fill_holes(request.image, request.visible, request.fill),
            best=tuple("objective" if name == "elbo" and what == figures.NEGATIVE_ELBO else name for name in names),
        )
        for (request, trace), names in zip(found, won, strict=True)
    ]
    request, trace = found[-1]
    below = [findings.gap(recipe, found), findings.bound(recipe, found)]
    if request.search:
        below[:1] = [below[0] or findings.descent(recipe, trace), findings.climb(trace)]
    about = f"{recipe.family.abbreviation} · {recipe.latent_size}"
    if recipe.family.uses("beta"):
        about += f" · β {found[0][1].beta:g}"
    if recipe.family.conditional:
        about += _class_told(run, loaded, found[0])
    if images is None or recipe.dataset != images.name:
        about += f" · trained on {data.SOURCES[recipe.dataset].title}"
    return Card(
        run.name,
        about,
        what,
        unit(recipe.likelihood),
        lanes,
        cloud,
        labels,
        share,
        " ".join(filter(None, below)),
        classes,
        _moved(trace, loaded.model) if request.search else "",
    )


def _label_for(run: Run, first: Run, label: int | None) -> int | None:
    """The image's class as a model is told it: its own, where the model has the classes of the image's set; −1, for
    the class that explains the image best, where it is not known. None for a model that is told no class."""
    if not run.recipe.family.conditional:
        return None
    return label if label is not None and images_key(run) == images_key(first) else -1


def _class_told(run: Run, loaded: LoadedModel, found: Found) -> str:
    """The class that a model was told with the image, and whether it is known or the best one, for the card."""
    request, trace = found
    name = class_names(run)[int(trace.z[-1][loaded.model.style_dim :].argmax())]
    return f" · class {name}, {'which explains it best' if request.label == -1 else 'its own'}"


def _moved(trace: SearchTrace, model: LatentModel) -> str:
    """How far the search moves z, of a conditional family without its class."""
    d = model.style_dim
    return findings.moved(model.style(trace.z), model.latent_cov.cpu().numpy()[:d, :d])


def _filled(request: SearchRequest) -> np.ndarray:
    """The image as the encoder gets it."""
    return inpainting.fill_holes(request.image, request.visible, request.fill)


def _methods(loaded: LoadedModel, settings: Settings) -> tuple[bool, ...]:
    """The ways to encode with this model, each as whether it is a search."""
    if loaded.model.encoder is None:
        return (True,)
    return (False, True) if settings.refine else (False,)


def _method(request: SearchRequest) -> str:
    if not request.search:
        return "Encoder, one pass"
    if not request.has_encoder:
        return "Search"
    return "Refined by search" if request.visible.all() else "Search from there"


def _cost(request: SearchRequest, trace: SearchTrace) -> str:
    milliseconds = 1000 * trace.seconds
    time = f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:,.0f} ms"
    return f"{time} · {pluralize(trace.steps, 'step') if request.search else 'no steps'}"


def objective_of(run: Run, trace: SearchTrace) -> str:
    """Name of what a search minimises: that of the training, of which a GAN's is its source's."""
    source = run.recipe.latent_family
    if run.recipe.family.adversarial:
        return source.objective_name if source is not None and len(source.terms) < 2 else "Objective"
    if not run.recipe.variational and all(term.name != "kl" for term in run.recipe.family.terms):
        return "Reconstruction loss"  # other terms, such as the commitment of codes, are no matter of one image's z
    return figures.objective_name(run.recipe, figures.weights_at(run) | {"beta": trace.beta})


@st.cache_data(max_entries=16, show_spinner=False)
def _axes(name: str, _loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray, float]:
    """(mean of the training latents, their two principal directions, share of the variance along these): across the
    latent dimensions, not the weights of classes."""
    model, d = _loaded.model, _loaded.model.style_dim
    vectors, _, share = pca.principal_directions(model.latent_cov.cpu().numpy()[:d, :d])
    return model.latent_mean.cpu().numpy(), np.pad(vectors, ((0, model.latent_dim - d), (0, 0))), share


def _cloud(run: Run, loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray, Sequence[str]]:
    """Training latents in the plane [n, 2], their classes [n] and the classes' names; empty where the run's own data
    set is missing, or where each latent would have to be searched for."""
    if mixture.can_fit(loaded.model) and (images := images_or_none(run)) is not None:
        return *_cloud_of(loaded.name, _run=run, _loaded=loaded, _images=images), images.classes
    return np.zeros((0, 2), np.float32), np.zeros(0, np.int64), ()


@st.cache_data(max_entries=16, show_spinner="Encoding training images …")
def _cloud_of(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    rows, z = codec.training_latents(_loaded.model, _run.recipe, _images, CLOUD_POINTS)
    mean, axes, _ = _axes(name, _loaded=_loaded)
    return pca.project(z, mean, axes), _images.train_labels[rows]
