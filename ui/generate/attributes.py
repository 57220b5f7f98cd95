"""Attributes of the Generate page: which have a slider, their directions, and how well these separate two groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.evaluation.separation import Separation, leave_pair_out, separation
from core.latent import attributes, directions
from core.latent.attributes import OTHERS, Attribute, Known
from core.latent.directions import AttributeDirection
from core.runs import Run
from ui.shared.address import Parameter
from ui.shared.encode import encode
from ui.shared.model_cache import LoadedModel
from ui.shared.run_buttons import run_key

MOST = 12
"""Sliders of attributes, at most."""

MOST_LATENTS = 2_000
"""Training images, and test images, whose latents attributes are computed from and measured on, at most."""

FIRST_PAIRS = 3
"""Pairs of classes that have a slider at first: those whose mean latents are nearest to each other."""

NONE = "none"
"""In the address: no attribute at all."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The direction of an attribute, and how well it separates its groups.

    Attributes:
        unseen: whether that is measured on test images rather than on training images kept apart. own: whether the
            groups are a visitor's own, measured by leaving out pairs.
    """

    direction: AttributeDirection
    separation: Separation
    unseen: bool
    own: bool = False


def parameter(run: Run, loaded: LoadedModel, images: ImageSet) -> Parameter[tuple[Attribute, ...]]:
    """The attributes with a slider, and their text in the address."""

    def read(text: str) -> tuple[Attribute, ...] | None:
        if text == NONE:
            return ()
        found = [attributes.parse(part, images) for part in text.split("_")[: MOST + 1]]
        there = tuple(dict.fromkeys(each for each in found if each is not None))
        return there if len(there) == len(found) <= MOST else None

    return Parameter(
        "attributes",
        run_key("generate_attributes", run),
        read,
        first_attributes(run, loaded, images),
        f"up to {MOST} attributes of this data set, such as c3-8 for class 3 → 8, separated by _",
        lambda chosen: "_".join(each.text() for each in chosen) or NONE,
    )


def first_attributes(run: Run, loaded: LoadedModel, images: ImageSet) -> tuple[Attribute, ...]:
    """Attributes at first: each factor of the images that has an order or a circle of values, else the pairs of classes
    that lie nearest to each other."""
    about = () if images.factors is None else images.factors.about
    by_factor = [
        Attribute("factor", factor=k)
        if factor.kind == "ordinal"
        else Attribute("factor", 0, len(factor.values) // 2, k)
        for k, factor in enumerate(about)
        if factor.kind != "categorical"
    ]
    return tuple(by_factor) or _nearest_pairs(loaded.name, _run=run, _loaded=loaded, _images=images)


@st.cache_data(max_entries=16, show_spinner=False)
def _nearest_pairs(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> tuple[Attribute, ...]:
    fit = known(_loaded.name, _run=_run, _loaded=_loaded, _images=_images).fit
    present = [k for k in range(len(_images.classes)) if (fit.labels == k).sum() >= attributes.LEAST_MEMBERS]
    means = {k: fit.z[fit.labels == k].mean(0) for k in present}
    pairs = [(float(np.linalg.norm(means[a] - means[b])), a, b) for a in present for b in present if a < b]
    return tuple(Attribute("class", a, b) for _, a, b in sorted(pairs)[:FIRST_PAIRS])


@st.cache_resource(max_entries=8, show_spinner="Encoding training and test images …")
def known(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> Known:
    """Latents from which attributes are computed, and those on which they are measured."""
    return attributes.known_latents(_loaded.model, _run.recipe, _images, MOST_LATENTS)


def measured(run: Run, loaded: LoadedModel, images: ImageSet, attribute: Attribute) -> Measured | None:
    """The direction of an attribute with its measure; None where a group has too few images, or both the same mean."""
    if attribute.kind == "images":
        groups = [list(group) for group in (attribute.images_a, attribute.images_b)]
        a, b = (
            loaded.model.style(encode(loaded, images.test_images[group], labels=images.test_labels[group].tolist()))
            for group in groups
        )
        found = directions.attribute(a, b, _cov(loaded))
        return None if found is None else Measured(found, leave_pair_out(a, b), unseen=False, own=True)
    return _measured(loaded.name, attribute, _run=run, _loaded=loaded, _images=images)


@st.cache_resource(max_entries=256, show_spinner=False)
def _measured(name: str, attribute: Attribute, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> Measured | None:
    latents, about = known(name, _run=_run, _loaded=_loaded, _images=_images), _about(_images)
    a, b = latents.fit.groups(attribute, about)
    if min(len(a), len(b)) < attributes.LEAST_MEMBERS:
        return None
    found = directions.attribute(a, b, _cov(_loaded))
    if found is None:
        return None
    return Measured(found, separation(found.unit, *latents.check.groups(attribute, about)), latents.unseen)


def _cov(loaded: LoadedModel) -> np.ndarray:
    """Covariance of the training latents without class weights, [d, d]."""
    d = len(loaded.axes.order)
    return np.asarray(loaded.model.latent_cov.detach().cpu().numpy()[:d, :d])


def _about(images: ImageSet) -> tuple:
    return () if images.factors is None else images.factors.about


def name(attribute: Attribute, images: ImageSet) -> str:
    """The attribute as the name of a slider: `3 → 8`, `scale, low → high`, `your images, 4 → 5`."""
    if attribute.kind == "images":
        return f"your images, {len(attribute.images_a)} → {len(attribute.images_b)}"
    if attribute.kind == "class":
        return f"{value_name(images.classes, attribute.a)} → {value_name(images.classes, attribute.b)}"
    factor = _about(images)[attribute.factor]
    if factor.kind == "ordinal":
        return f"{factor.name}, low → high"
    values = tuple(f"{value}{factor.symbol}" for value in factor.values)
    return f"{factor.name} {value_name(values, attribute.a)} → {value_name(values, attribute.b)}"


def value_name(values: tuple[str, ...], number: int) -> str:
    """A class or value by its number."""
    return "others" if number == OTHERS else values[number]


def note(found: Measured) -> str:
    """What stands beside the name: how far the groups are apart, and whether they are."""
    area, low = found.separation.area, found.separation.low
    apart = f"{found.direction.length:.1f} σ apart"
    if math.isnan(area):
        return f"{apart} · not measured"
    return f"{apart} · AUROC {area:.2f}" + (", may be chance" if low <= 0.5 else "")


def about(found: list[Measured]) -> str:
    """What the measure beside the sliders is, and what it was measured on."""
    said = "The AUROC says how well a direction tells its two groups apart."
    counts = [each.separation.a + each.separation.b for each in found if not each.own]
    if not counts:
        return said
    on = "test images" if all(each.unseen for each in found if not each.own) else "training images kept apart"
    few, many = min(counts), max(counts)
    return f"{said} Measured on {few:,}{'' if few == many else f' to {many:,}'} {on} for each."
