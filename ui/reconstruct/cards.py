"""The hero of the Reconstruct page: one card per model, with what was found and how."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation import inpainting
from core.latent import codec, mixture, pca
from core.runs import Run
from ui.charts.losses import unit
from ui.components.reconstruct.reconstruct import Card, Lane, reconstruct
from ui.reconstruct.search import SearchRequest, resolve
from ui.reconstruct.settings import Settings
from ui.shared import theme
from ui.shared.formatting import format_sig, pluralize
from ui.shared.model_cache import LoadedModel

CLOUD = 600
"""Training latents under a path, at most."""

OBJECTIVE = {"ae": "Error", "vae": "−ELBO", "ad": "Objective", "vad": "−ELBO", "gan": "Objective"}


def fill_of(settings: Settings, images: ImageSet | None) -> np.ndarray:
    """What stands in a hole for an encoder, `uint8` [28, 28]."""
    return inpainting.fill_image(settings.fill if images is not None else "zeros", images)


def hero(
    models: list[tuple[Run, LoadedModel]],
    image: np.ndarray,
    note: str,
    visible: np.ndarray,
    settings: Settings,
    images: ImageSet | None,
    status,
) -> list[tuple[SearchRequest, object]]:
    """Everything that was found, as cards, with the progress in `status`; returns each wish with its result."""
    fill = fill_of(settings, images)
    wishes = [
        SearchRequest(run, loaded, search, image, visible, fill, settings, images)
        for run, loaded in models
        for search in _ways(loaded, settings)
    ]
    found = [(wish, result) for wish, result in zip(wishes, resolve(wishes, status), strict=True) if result is not None]
    cards = [
        _card(number, run, loaded, [(w, r) for w, r in found if w.loaded is loaded], images)
        for number, (run, loaded) in enumerate(models)
        if any(w.loaded is loaded for w, _ in found)
    ]
    if cards:
        reconstruct(
            key="reconstruct_hero",
            image=image,
            note=note,
            visible=visible,
            cards=cards,
            classes=images.classes if images is not None else (),
        )
    return found


def _card(number: int, run: Run, loaded: LoadedModel, found: list, images: ImageSet | None) -> Card:
    recipe, (mean, axes, share) = run.recipe, _axes(loaded.name, _loaded=loaded)
    cloud, labels = _cloud(loaded.name, _run=run, _loaded=loaded, _images=images)
    palette = theme.RUN_COLOURS[theme.mode()]
    lanes = [
        Lane(
            way=_way(wish),
            took=_took(wish, result),
            colour=palette[number % len(palette)],
            dash=() if wish.search else (2, 3),
            pictures=result.pictures,
            objective=result.objective,
            mse=result.mse,
            hidden=None if wish.visible.all() else result.hidden_mse,
            path=pca.project(result.z, mean, axes),
            hatched=wish.search,
            sees=wish.image if wish.search else inpainting.fill_holes(wish.image, wish.visible, wish.fill),
        )
        for wish, result in found
    ]
    beta = f" · β {recipe.beta:g}" if recipe.model not in ("ae", "gan") else ""
    about = f"{recipe.model.upper()} · {recipe.latent_dim}-d{beta}"
    if images is None or recipe.dataset != images.name:
        about += f" · learned {data.SOURCES[recipe.dataset].title}"
    return Card(
        run.name,
        about,
        OBJECTIVE[recipe.model],
        unit(recipe.likelihood),
        lanes,
        cloud,
        labels,
        share,
        _gap(recipe, found),
    )


def _ways(loaded: LoadedModel, settings: Settings) -> tuple[bool, ...]:
    """Whether to search, for each way to go in this model."""
    return (True,) if loaded.model.encoder is None else (False, True) if settings.refine else (False,)


def _way(wish: SearchRequest) -> str:
    if not wish.search:
        return "Encoder, one pass"
    if not wish.encoder:
        return "Search"
    return "Refined by search" if wish.visible.all() else "Search from there"


def _took(wish: SearchRequest, result) -> str:
    milliseconds = 1000 * result.seconds
    time = f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:,.0f} ms"
    return f"{time} · {pluralize(result.steps, 'step') if wish.search else 'no steps'}"


def _gap(recipe, found: list) -> str:
    """What the encoder's one pass leaves on the table, in one sentence."""
    if len(found) < 2 or found[0][0].search:
        return ""
    (wish, once), (_, refined) = found
    gap = f"{format_sig(max(0.0, float(once.objective[-1] - refined.objective[-1])))} {unit(recipe.likelihood)}"
    if not wish.visible.all():
        return f"On the visible pixels the search gains {gap} over the encoder, which takes the filled hole for real."
    if recipe.model == "gan":
        return f"The search gains {gap}: the encoder learned for the decoder before, not for what G became."
    return f"Amortisation gap {gap}: what this image pays because one encoder must serve them all."


@st.cache_data(max_entries=16, show_spinner=False)
def _axes(name: str, _loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray, float]:
    """(mean, the two main directions of the model's latents, the share of variance they hold)."""
    mean, cov = (part.cpu().numpy() for part in (_loaded.model.latent_mean, _loaded.model.latent_cov))
    vectors, _, share = pca.principal_directions(cov)
    return mean, vectors, share


def _cloud(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet | None) -> tuple[np.ndarray, np.ndarray]:
    """Latents of training images in the plane [n, 2] and their classes [n]; none without the run's own data."""
    recipe = _run.recipe
    if not mixture.can_fit(_loaded.model):
        return np.zeros((0, 2), np.float32), np.zeros(0, np.int64)  # each would have to be searched
    if _images is None or _images.name != recipe.dataset:
        try:
            _images = data.load(recipe.dataset, recipe.folder)
        except data.DataError:
            return np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    return _cloud_of(name, _run=_run, _loaded=_loaded, _images=_images)


@st.cache_data(max_entries=16, show_spinner="Placing training images …")
def _cloud_of(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    rows, z = codec.training_latents(_loaded.model, _run.recipe, _images, CLOUD)
    mean, axes, _ = _axes(name, _loaded=_loaded)
    return pca.project(z, mean, axes), _images.train_labels[rows]
