"""Sliders and picture of the Generate page, the buttons that choose a point, and the traversal sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import walks
from core.runs import Run
from ui.components.latent.latent_board import SliderSet, latent_board
from ui.components.latent.traversal import requested_slice, rows_for, steps_for, traversal
from ui.generate import classes, posterior, sampler
from ui.generate import sliders as slider_sets
from ui.generate.downloads import downloads
from ui.shared import address
from ui.shared.address import Parameter, number, whole
from ui.shared.encode import encode, encoding_method, latent_name
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick, label_of, note, parse, picks_of, pixels
from ui.shared.image_picker import choose
from ui.shared.latent_cursor import MAX_SIGMA, LatentCursor, Original, cursor_of, keep_steps, restore_steps
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_of, images_or_none
from ui.shared.pointer import touch_or

POINT, ORIGINAL, SAMPLE = "z", "from", "sample"
"""Address parameters: the point in σ, written by the browser; the image that it was encoded from; the seed where the
point is a sample of the image's posterior."""

READ = "generate_point_read"
"""Session-state key: whether the point in the address was read."""

NEXT_SEED = Parameter("next", "generate_seed", whole(0, 999_999), 1, "a whole number from 0 to 999,999")
"""Seed of the next click on Random, which counts up."""

MEASURES = {
    "KL": "their KL, the information they carry about an image",
    "the source's KL": "their KL in the source",
    "standard deviation": "the standard deviation of the training latents",
}
"""`LoadedModel.measure` → words."""


@st.fragment(key="board")
def board(run: Run, loaded: LoadedModel, span: float, sliders: SliderSet) -> None:
    """Sliders and picture. A key press waits for this fragment, so it decodes one picture and nothing else.

    Args:
        span: how far the sliders of single dimensions reach to either side, in σ. sliders: what they move along.
    """
    if st.session_state.pop(slider_sets.REMOVED, False):
        st.rerun()
    here, axes = cursor_of(loaded), loaded.axes
    original = here.original
    latent_board(
        key="generate_board",
        run=loaded.name,
        stamp=here.stamp,
        seq=here.seq,
        sigma_units=here.sigma_units,
        picture=loaded.pictures(np.asarray([here.sigma_units], np.float32))[0],
        order=axes.order.tolist(),
        weight=axes.weight.tolist(),
        dead=axes.dead.tolist(),
        prior=loaded.prior,
        measure=loaded.measure,
        on_move=lambda message: _moved(here, message),
        span=slider_sets.reach(sliders, span),
        sliders=sliders,
        on_remove=lambda number: slider_sets.remove(run, sliders, number),
        original=None if original is None else original.picture,
        note="" if original is None else original.note,
        parameter=POINT,
        kept=here.stamp > 0,
    )
    address.put(ORIGINAL, None if original is None else original.text)
    seed = None if original is None or original.text is None else original.sample
    address.put(SAMPLE, None if seed is None else str(seed))
    keep_steps(loaded, here)


def _moved(here: LatentCursor, message: dict[str, Any]) -> None:
    """Take up a message of the sliders; the buttons for undo and redo follow where one of them changes."""
    before = here.can_undo, here.can_redo
    here.handle_message(message)
    if (here.can_undo, here.can_redo) != before:
        st.rerun(["board", "steps"])  # no slider changes the class


def about_sliders(run: Run, loaded: LoadedModel, sliders: SliderSet) -> str:
    """What the sliders are, how they are ordered, and how to use them."""
    if sliders.directions is not None:
        order = slider_sets.about(run, loaded, sliders)
    elif not loaded.measure:
        order = (
            "This generator started from scratch: no image has a latent in it, so there are no directions between "
            "images, and no measure of how much each dimension matters."
        )
    elif loaded.adversarial and loaded.prior and loaded.model.variational:
        order = (
            "Sliders are ordered by their KL (the bar under each name) in the model whose decoder became this "
            "generator; a GAN itself has no KL."
        )
    else:
        order = f"Sliders are ordered by {MEASURES[loaded.measure]} (the bar under each name)."
    return order + (
        f" {touch_or('A double tap resets a slider.', 'Arrow keys move a slider, 0 or a double-click resets it.')} "
        f"{touch_or('Tap', 'Click')} a value to type a number."
    )


@st.fragment(key="sheet")
def sheet(loaded: LoadedModel, span: float, sliders: SliderSet) -> None:
    """The traversal sheet: a row of images for each slider, decoded slice by slice. Arguments as in `board`."""
    here, found = cursor_of(loaded), sliders.directions
    d, span = loaded.model.style_dim if found is None else len(found), slider_sets.reach(sliders, span)
    if not d:
        return
    st.subheader("One dimension at a time" if found is None else "One direction at a time", anchor=False)
    requested = requested_slice("generate_sheet", d)
    first, rows = requested or (0, d)
    order = loaded.axes.order if found is None else np.arange(d)
    tiles = None
    if requested:
        steps = steps_for(rows, loaded.shape)
        part = order[first : min(rows, first + rows_for(loaded.slice_size(), steps, loaded.shape))]
        point = np.asarray(here.sigma_units)
        swept = (
            walks.sweeps(point, part, -span, span, steps)
            if found is None
            else found.sweeps(point, part, -span, span, steps)
        )
        tiles = loaded.pictures(swept)
    elif d > 24:
        rows = 20
    traversal(
        key="generate_sheet",
        run=loaded.name,
        shape=loaded.shape,
        base=here.sigma_units,
        order=order.tolist(),
        dead=loaded.axes.dead.tolist(),
        rows=rows,
        span=span,
        first=first,
        tiles=tiles,
        on_request=_update_explanation,
        sliders=sliders,
    )


def _update_explanation() -> None:
    """Redraw the open explanation with the sheet: a new sheet means a new point, whose numbers stand there."""
    if st.session_state.get("generate_depth"):
        st.rerun(["sheet", "depth"])


def next_draw(run: Run, loaded: LoadedModel) -> list[float]:
    """A point in σ drawn by the chosen sampler from the next seed, which counts up; a toast says if another sampler had
    to be used."""
    _, temperature, source = sampler.settings(loaded)
    z, problem = sampler.draw(run, loaded, source, 1, st.session_state.generate_seed, temperature)
    if problem:
        st.toast(escape_markdown(problem))
    st.session_state.generate_seed = (st.session_state.generate_seed + 1) % 1_000_000
    point: list[float] = loaded.axes.to_sigma_units(z)[0].tolist()
    return point


def controls(run: Run, loaded: LoadedModel, span: float) -> None:
    """Buttons that move the point (random, zero, undo, redo, an image) and the downloads. `span`: as in `board`."""
    here, parts = cursor_of(loaded), classes.parts(loaded)
    _from_address(run, loaded, here)
    NEXT_SEED.adopt()

    def random() -> None:
        here.move_to(classes.of_same_class(loaded, here, next_draw(run, loaded)))
        st.rerun(parts)

    def zero() -> None:
        here.move_to(classes.of_same_class(loaded, here, [0.0] * loaded.model.latent_dim))
        st.rerun(parts)

    with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom", key="generate_controls"):
        st.button(
            "Random",
            key="generate_random",
            type="primary",
            on_click=random,
            icon=":material/casino:",
            help="Draws a point from the distribution and at the temperature that stand under “Random samples”, "
            "another one each time.",
        )
        st.button("Zero", key="generate_zero", on_click=zero, help="Moves to the centre: 0 σ in every dimension.")
        undo_and_redo(here, parts)
        with st.popover(
            "Download", icon=":material/download:", help="The picture in view and what the sliders lead to, as files."
        ):
            downloads(run, loaded, span)
        from_image(run, loaded, here)  # last of the buttons: it opens beside the picture, not over it
        classes.choose(run, loaded)


@st.fragment(key="steps")
def undo_and_redo(here: LatentCursor, parts: list[str]) -> None:
    """The two buttons, each usable only while there is a step in its direction. parts: as of `classes.parts`."""
    NEXT_SEED.keep()

    def step(move: Callable[[], bool]) -> None:
        move()
        st.rerun(parts)

    with st.container(key="generate_history"):  # the row's own gaps: lab.css
        st.button(
            "Undo",
            key="generate_undo",
            on_click=step,
            args=(here.undo,),
            icon=":material/undo:",
            disabled=not here.can_undo,
            help="Goes back to the previous point.",
        )
        st.button(
            "Redo",
            key="generate_redo",
            on_click=step,
            args=(here.redo,),
            icon=":material/redo:",
            disabled=not here.can_redo,
            help="Reverses an undo.",
        )


def from_image(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    """The button that encodes a chosen image and moves to its latent vector."""

    def test_images() -> ImageSet | None:
        return images_of(run, "generate_data", "Without it you can still draw or upload a picture.")

    what = "the generator’s image of the" if loaded.adversarial else "the reconstruction, decoded from the"

    def go(pick: Pick) -> None:
        images = images_or_none(run) if pick.kind == "test" else None
        picture = pixels(pick, images)
        labels = [label_of(pick, images)]
        sigma_units = loaded.axes.to_sigma_units(encode(loaded, picture[None], labels=labels))[0]
        here.move_to(sigma_units.tolist(), original_of(pick, images))

    choose(
        "generate_image",
        test_images,
        picks_of("generate", run),
        loaded=loaded,
        label="From an image",
        use="Use this image",
        samples=False,
        on_pick=go,
        about="Images the model never saw in training. The picture then shows "
        f"{what} {latent_name(loaded)} that {encoding_method(loaded).lower()} gives the image.",
    )


def original_of(pick: Pick, images: ImageSet | None, sample: int | None = None) -> Original:
    """The image of a choice, to be shown beside what it was encoded into. sample: seed, where that is a sample."""
    label = label_of(pick, images)
    return Original.of(pixels(pick, images), f"Original: {note(pick, images)}", pick.text(), sample, label)


def _from_address(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    """Begin at the point that the address asks for: once in a visit, since the browser writes it from then on."""
    if st.session_state.setdefault(READ, False):
        return
    _begin(run, loaded, here)
    st.session_state[READ] = True  # only now: a script that is interrupted before begins again


def _begin(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    """Begin at the point in the address, with the steps of before a reload; or say why not."""
    asked, image = address.get(POINT), address.get(ORIGINAL)
    if asked is None:
        address.put(ORIGINAL, None)
        address.put(SAMPLE, None)
        return
    point = [number(-MAX_SIGMA, MAX_SIGMA)(text) for text in asked.split("_")]
    if len(point) != len(here.sigma_units) or None in point:
        address.refuse(
            POINT,
            f"The address names a point that this model does not have: {len(here.sigma_units)} numbers from "
            f"{-MAX_SIGMA:g} to {MAX_SIGMA:g} (σ), separated by _.",
        )
        return
    images = images_or_none(run) if image is not None else None
    pick = None if image is None else parse(image, images, run.recipe.shape)
    if image is not None and pick is None:
        address.refuse(ORIGINAL, "The address names an original image that does not exist. The point z is there.")
    seed = address.get(SAMPLE)
    sample = None if seed is None else posterior.SEEDS(seed)
    if seed is not None and sample is None:
        address.refuse(SAMPLE, "The address names a sample that does not exist. The point z is there.")
    here.begin_at([x for x in point if x is not None], None if pick is None else original_of(pick, images, sample))
    restore_steps(loaded, here)
