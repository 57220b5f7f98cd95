"""What the Generate page shows: the point and its picture, ways to choose a point, samples, planes, the depth."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.images import convert
from core.latent import walks
from core.latent.mixture import SAMPLERS
from core.runs import Run
from ui.components.latent.latent_board import SPAN, latent_board
from ui.components.latent.traversal import requested_slice, steps_for, traversal
from ui.generate import sampler as source
from ui.shared.encode import encode, encoding_method, latent_name
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick, note, picks_of, pixels
from ui.shared.image_picker import choose
from ui.shared.latent_cursor import LatentCursor, Original, cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_of


@st.fragment(key="board")
def board(held: LoadedModel) -> None:
    """Sliders and picture. This fragment decodes one picture and nothing else: it is what a key press waits for."""
    here, axes = cursor_of(held), held.axes
    original = here.original
    latent_board(
        key="generate_board",
        run=held.name,
        stamp=here.stamp,
        seq=here.seq,
        sigma_units=here.sigma_units,
        picture=held.pictures(np.asarray([here.sigma_units], np.float32))[0],
        order=axes.order,
        weight=axes.weight,
        dead=axes.dead,
        prior=held.prior,
        measure=held.measure,
        on_move=here.handle_message,
        original=None if original is None else original.picture,
        note="" if original is None else original.note,
    )


def about_sliders(held: LoadedModel) -> str:
    """How the sliders are ordered, and how to use them."""
    if not held.measure:
        order = "This generator began from scratch, so nobody knows how much each dimension matters."
    elif held.gan and held.prior:
        order = (
            "Sliders are ordered by their KL in the model whose decoder became this generator (the bar under each "
            "name); the GAN itself knows no KL."
        )
    else:
        order = "Sliders are ordered by how much they matter (the bar under each name)."
    return order + (
        " While you drag, you see pictures decoded in advance; when you let go, the exact one. Arrow keys "
        "move a slider, 0 or a double-click resets it."
    )


@st.fragment(key="sheet")
def sheet(held: LoadedModel) -> None:
    """The traversal sheet, a slice at a time."""
    here, axes, d = cursor_of(held), held.axes, held.model.latent_dim
    st.subheader("One dimension at a time", anchor=False)
    asked = requested_slice("generate_sheet", d)
    first, rows = asked or (0, d)
    tiles = None
    if asked:
        steps = steps_for(rows, held.shape)
        dims = axes.order[first : first + max(1, held.slice() // steps)]
        dims = dims[: rows - first]
        tiles = held.pictures(walks.sweeps(np.asarray(here.sigma_units), dims, -SPAN, SPAN, steps))
    elif d > 24:
        rows = 20
    traversal(
        key="generate_sheet",
        run=held.name,
        shape=held.shape,
        base=here.sigma_units,
        order=axes.order,
        dead=axes.dead,
        rows=rows,
        first=first,
        tiles=tiles,
        on_request=_depth_too,
    )


def _depth_too() -> None:
    """A new sheet means a new point: where the formula is unfolded, its numbers follow."""
    if st.session_state.get("generate_depth"):
        st.rerun(["sheet", "depth"])


def controls(run: Run, held: LoadedModel) -> None:
    """The ways to another point: random, zero, undo, redo, an image; and the downloads."""
    here, d = cursor_of(held), held.model.latent_dim
    st.session_state.setdefault("generate_seed", 1)

    def random() -> None:
        z, problem = source.draw(
            run,
            held,
            source.chosen(held, "point"),
            1,
            st.session_state.generate_seed,
            st.session_state.generate_temperature,
        )
        if problem:
            st.toast(escape_markdown(problem))
        here.move_to(held.axes.to_sigma_units(z)[0].tolist())
        st.session_state.generate_seed = (st.session_state.generate_seed + 1) % 1_000_000
        st.rerun(["board", "draw"])

    def zero() -> None:
        here.move_to([0.0] * d)
        st.rerun("board")

    def step(move) -> None:
        if not move():
            st.toast("There is no step to take in that direction.")
        st.rerun("board")

    with st.container(horizontal=True, gap="xsmall", key="generate_controls"):
        st.button(
            "Random",
            key="generate_random",
            type="primary",
            on_click=random,
            icon=":material/casino:",
            help=f"Draws a point from the {SAMPLERS[source.chosen(held, 'point')]}; Randomness chooses from what. "
            "The seed counts up, so that each click gives another point.",
        )
        st.button("Zero", key="generate_zero", on_click=zero, help="Goes to the centre: every dimension at 0 σ.")
        st.button(
            "Undo",
            key="generate_undo",
            on_click=step,
            args=(here.undo,),
            icon=":material/undo:",
            help="Back to the point before.",
        )
        st.button(
            "Redo",
            key="generate_redo",
            on_click=step,
            args=(here.redo,),
            icon=":material/redo:",
            help="Takes back an undo.",
        )
        _from_image(run, held, here)
        with st.popover("Randomness", help="What the Random button draws from, its seed and its temperature."):
            draw_settings(held)
        with st.popover("Download"):
            _downloads(run, held, here)


@st.fragment(key="draw")
def draw_settings(held: LoadedModel) -> None:
    """What the Random button draws from, its seed and temperature."""
    source.choose(held, "point")
    st.number_input(
        "Seed of the next draw",
        0,
        999_999,
        step=1,
        key="generate_seed",
        persist_state="session",
        help="The same seed gives the same point, on every machine.",
    )
    st.slider(
        "Temperature",
        0.0,
        2.0,
        1.0,
        0.05,
        key="generate_temperature",
        persist_state="session",
        help="Scales the draw: 1 as it is, below 1 safer and more alike, above 1 wilder.",
    )


def _from_image(run: Run, held: LoadedModel, here: LatentCursor) -> None:
    """Encodes a chosen image and goes where it lies."""

    def images() -> ImageSet | None:
        return images_of(run, "generate_data", "Until then you can draw or upload a picture.")

    what = "what the generator makes of the" if held.gan else "the reconstruction: the decoder at the"

    def go(pick: Pick) -> None:
        found = None if pick.kind != "test" else data.load(run.recipe.dataset, run.recipe.folder)
        picture = pixels(pick, found)
        u = held.axes.to_sigma_units(encode(held, picture[None]))[0]
        here.move_to(u.tolist(), Original.of(picture, f"Original: {note(pick, found)}"))

    choose(
        "generate_image",
        images,
        picks_of("generate", run),
        loaded=held,
        label="From an image",
        use="Go where it lies",
        samples=False,
        on_pick=go,
        about="Images the model never saw in training. The picture then shows "
        f"{what} {latent_name(held)} that {encoding_method(held).lower()} gives the image.",
    )


def _downloads(run: Run, held: LoadedModel, here: LatentCursor) -> None:
    """PNG files, made at the click from the point as it then is."""
    st.download_button(
        "This picture (280 × 280)",
        key="generate_png",
        file_name=f"{run.name}.png",
        mime="image/png",
        data=lambda: convert.png(held.pictures(np.asarray([here.sigma_units], np.float32))[0], scale=10),
        on_click="ignore",
        help="The picture of the current point, each pixel ten times as large.",
    )
    settings = source.grid_settings(held)
    st.download_button(
        "The grid of samples",
        key="generate_grid_png",
        file_name=f"{run.name}-samples.png",
        mime="image/png",
        on_click="ignore",
        help="The 64 samples shown below.",
        data=lambda: convert.png(convert.tile(source.grid(run, held, *settings)[0], 8), scale=3),
    )
