"""The living diagram of a trained model: its networks layer by layer, with images, or a point z, running through it.

diagram(run, key="home_model")           # the best weights and the images of the run's film, on any page
follow_training(job)                     # the newest weights of a training, drawn anew after each epoch
follow_sliders(run, loaded)              # the decoder at the point of Generate's sliders
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import streamlit as st

from core.latent.axes import axes
from core.runs import Run, RunError, figures, frames
from ui.components.diagram.model_diagram import Group, model_diagram
from ui.diagram.drawing import DIMENSIONS, groups
from ui.shared import address, glossary, theme
from ui.shared.formatting import epoch, escape_markdown
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import images_or_none
from ui.shared.pointer import touch_or
from ui.shared.source_code import show_code

if TYPE_CHECKING:
    from core.latent.forward_pass import ForwardPass
    from core.models import GAN

IMAGES = 8
"""Images that can be sent through the model."""

SEED = 1
"""Of the noise ε."""

PART = "part"
"""Address parameter: the part that is explained."""

ROLES = ("encoder", "latent", "decoder", "discriminator", "real", "total")


@dataclass(frozen=True)
class Drawn:
    """A pass of images through a run's model, the order of its latent dimensions, the weights of its loss terms."""

    run: ForwardPass
    order: np.ndarray
    weights: dict[str, float]


def diagram(run: Run, key: str, parameter: str = "", which: str = "best") -> None:
    """The model of a run with the images of its film, and the part that was clicked explained below.

    Args:
        key: of the component. parameter: of the address that keeps the part; empty for none.
        which: weights, `best` or `last`.
    """
    try:
        drawn = drawn_of(run, which)
    except RunError as error:
        st.error(escape_markdown(str(error)))
        return
    _show(run, drawn, groups(run.recipe, drawn.run, drawn.order, drawn.weights), key, parameter)


def follow_training(run: Run, done: float, parameter: str) -> None:
    """The diagram with the newest saved weights of a training.

    Args:
        done: epochs that are done. parameter: as in `diagram`.
    """
    if not run.has_weights:
        st.caption("The diagram appears when the first weights have been saved, after the first epoch.")
        return
    diagram(run, f"diagram_{run.name}", parameter, "last")
    st.caption(f"With the weights saved last, at epoch {epoch(done)} or just before.")


@st.fragment(key="diagram")
def follow_sliders(run: Run, loaded: LoadedModel) -> None:
    """The decoder at the point of the page's sliders. z follows them; the layers follow when they have come to rest."""
    from core.latent import forward_pass

    here = np.asarray(cursor_of(loaded).sigma_units, np.float32)
    drawn = Drawn(forward_pass.of_latents(loaded.model, loaded.axes.to_z(here)[None]), loaded.axes.order, {})
    found = groups(run.recipe, drawn.run, drawn.order, drawn.weights, sliders=here)
    _show(run, drawn, found, "generate_diagram", PART, loaded.name, here.tolist())


def drawn_of(run: Run, which: str) -> Drawn:
    """What the diagram of a run shows, computed once for its weights.

    Raises:
        RunError: the weights are missing, damaged or do not fit.
    """
    return _computed(str(run.path), run.weights_version(), which)


@st.cache_data(max_entries=4, show_spinner=False)
def _computed(path: str, version: int, which: str) -> Drawn:
    from core.latent import codec, forward_pass, sampling
    from core.runs.weights import load_model

    run = Run(Path(path))
    recipe = run.recipe
    model = load(run).model if which == "best" else load_model(run, which)
    order, weights = axes(model).order, figures.weights_at(run)
    if model.latent_table is not None:
        images = images_or_none(run)
        known = None if images is None else codec.table_rows(model, recipe, images, IMAGES)
        if images is not None and known is not None and len(known[0]):
            shown, rows = known
            return Drawn(forward_pass.of_images(model, images.train_images[shown], SEED, rows), order, weights)
    pictures = _film_images(run)
    if pictures is not None and recipe.family.adversarial:
        return Drawn(forward_pass.of_gan(cast("GAN", model), recipe.adversarial, pictures, SEED), order, weights)
    if pictures is not None and model.encoder is not None:
        return Drawn(forward_pass.of_images(model, pictures, SEED), order, weights)
    return Drawn(forward_pass.of_latents(model, sampling.draws(model, 1, SEED)), order, weights)


def _film_images(run: Run) -> np.ndarray | None:
    """The first test images of the run's film: they are there without the data set; else those of the data set."""
    for number in run.frames()[-1:]:
        try:
            shown = frames.split(run.frame(number), run.recipe.shape)[0]
            return shown[: min(IMAGES, frames.different(shown))]
        except (RunError, ValueError):
            break
    images = images_or_none(run)
    if images is None:
        return None
    pool = images.test_images if len(images.test_images) else images.train_images
    return pool[:IMAGES] if len(pool) else None


def _show(
    run: Run,
    drawn: Drawn,
    found: Sequence[Group],
    key: str,
    parameter: str,
    follows: str = "",
    place: Sequence[float] = (),
) -> None:
    """The component, and the explanation of the chosen part."""
    state, keys = st.session_state, [node.key for group in found for node in group.nodes]
    part, at = _part(key, keys, parameter), state.get(f"{key}_at", 0)

    def pick(clicked: str, image: int) -> None:
        same = state.get(f"{key}_part") == clicked and state.get(f"{key}_at", 0) == image
        state[f"{key}_part"], state[f"{key}_at"] = "" if same else clicked, image

    images = drawn.run.images
    at = at if images is not None and at < len(images) else 0
    model_diagram(
        found,
        key=key,
        images=images,
        colours={role: theme.colour(role) for role in ROLES},
        chosen=part,
        at=at,
        on_pick=pick,
        follows=follows,
        dims=drawn.order[:DIMENSIONS].tolist(),
        place=place,
    )
    if part:
        _explain(part, run, drawn, at)
    else:
        st.caption(f"{touch_or('Tap', 'Click')} any part to see what it does.{_which(drawn)}")


def _which(drawn: Drawn) -> str:
    """Which images run through, as a further sentence."""
    if drawn.run.images is None:
        return ""
    if drawn.run.rows is not None:
        return " The images are training images, since only those have a row in the table."
    return " The images are test images."


def _part(key: str, keys: Sequence[str], parameter: str) -> str:
    """The chosen part: from the address at first, later the one that was clicked; empty for none."""
    box = f"{key}_part"
    read: Callable[[str], str | None] = lambda text: text if text in keys else None  # noqa: E731
    if not parameter:
        chosen = st.session_state.get(box, "")
        return chosen if chosen in keys else ""
    complaint = "The address names a part of the diagram that does not exist. None is chosen."
    chosen = address.adopt(parameter, box, read, "", complaint)
    chosen = chosen if chosen in keys else ""
    address.put(parameter, chosen or None)
    return chosen


def _explain(part: str, run: Run, drawn: Drawn, at: int) -> None:
    from ui.diagram import parts

    scene = parts.Scene(run.recipe, run.recipe.family.model_class(), drawn.run, at, int(drawn.order[0]), drawn.weights)
    found = parts.explain(part, scene)
    if found is None:
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        words = glossary.mark(found.words, *("latent", "posterior", "σ", "likelihood", "logit", "reparameterisation"))
        st.markdown(f"**{found.title}.** {words}", unsafe_allow_html=True)
        for formula in found.formulas:
            st.latex(formula)
    with right, st.container(height=340, border=False, key="diagram_code"):
        for code in found.code:
            show_code([code])
