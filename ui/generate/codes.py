"""Generate for families of codes: the image with its grid of codes, and the codebook to choose others from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.latent import codebook
from core.runs import Run
from ui.components.latent.code_grid import code_grid
from ui.generate import board
from ui.generate.board import NEXT_SEED, ORIGINAL, POINT
from ui.generate.downloads import downloads_of_codes
from ui.shared import address
from ui.shared.image_choice import parse
from ui.shared.latent_cursor import LatentCursor, cursor_of, keep_steps, restore_steps
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_or_none
from ui.shared.pointer import touch_or
from ui.shared.source_code import show_code

CODES = "codes"
"""Address parameter: the codes, written by the browser."""

MOST_IN_ADDRESS = 400
"""Cells whose codes stand in the address; more would make it longer than some programs take."""

READ = "generate_codes_read"
"""Session-state key: whether the codes in the address were read."""


def explore(run: Run, loaded: LoadedModel, first: Callable[[], list[float]]) -> None:
    """Buttons, picture with its codes, and codebook. `first`: the point at which the page opens, in σ."""
    here = cursor_of(loaded, first)
    _from_address(run, loaded, here)
    _controls(run, loaded, here)
    grid(loaded)


def codes_of(loaded: LoadedModel) -> np.ndarray:
    """The codes at the page's point, int64 [rows, columns]."""
    z = loaded.axes.to_z(np.asarray(cursor_of(loaded).sigma_units, np.float32))
    return codebook.of_latents(loaded.model, z[None])[0]


def about(loaded: LoadedModel) -> str:
    """What the grid is, in two sentences."""
    (rows, columns), size = loaded.recipe.grid, int(loaded.recipe.value("codebook_size"))
    bits, cells = math.log2(size), rows * columns
    return (
        f"This image is {rows} × {columns} codes, each one of {size}: {cells} × {bits:.3g} = {cells * bits:,.0f} bits; "
        f"its pixels take {8 * loaded.shape.values:,}. {touch_or('Tap', 'Click')} a cell, then another code for it."
    )


@st.fragment(key="board")
def grid(loaded: LoadedModel) -> None:
    """The picture with its grid of codes, and the codebook."""
    here, original = cursor_of(loaded), cursor_of(loaded).original
    codes = codes_of(loaded)
    book, shares = _codebook(loaded.name, _loaded=loaded)
    code_grid(
        key="generate_codes",
        run=loaded.name,
        stamp=here.stamp,
        seq=here.seq,
        codes=codes,
        picture=loaded.pictures(np.asarray([here.sigma_units], np.float32))[0],
        book=book,
        order=np.argsort(-shares, kind="stable").tolist(),
        shares=shares.tolist(),
        on_change=lambda message: _changed(loaded, here, message),
        original=None if original is None else original.picture,
        note="" if original is None else original.note,
        parameter=CODES if codes.size <= MOST_IN_ADDRESS else "",
        kept=here.stamp > 0,
    )
    address.put(ORIGINAL, None if original is None else original.text)
    keep_steps(loaded, here)


@st.cache_data(max_entries=8, show_spinner=False)
def _codebook(name: str, _loaded: LoadedModel) -> tuple[np.ndarray, np.ndarray]:
    return codebook.pictures(_loaded.model), codebook.shares(_loaded.model)


def take_up(loaded: LoadedModel, here: LatentCursor, message: dict[str, Any]) -> None:
    """Take up a message of the grid; one that holds no codes of this model is ignored."""
    codes = codebook.checked(message.get("codes"), loaded.recipe.grid, int(loaded.recipe.value("codebook_size")))
    if codes is None:
        return
    point = _sigma_units(loaded, codes)
    here.handle_message({"seq": message.get("seq"), "sigma_units": point, "dim": -1})


def _changed(loaded: LoadedModel, here: LatentCursor, message: dict[str, Any]) -> None:
    """As `take_up`; what else shows the codes follows."""
    before = here.can_undo, here.can_redo
    take_up(loaded, here, message)
    changed = ["steps"] if (here.can_undo, here.can_redo) != before else []
    changed += ["diagram"] if st.session_state.get("generate_model") else []
    if changed:
        st.rerun(["board", *changed])


def _sigma_units(loaded: LoadedModel, codes: np.ndarray) -> list[float]:
    """The point of codes [rows, columns], in σ."""
    point: list[float] = loaded.axes.to_sigma_units(codebook.to_latents(loaded.model, codes[None]))[0].tolist()
    return point


def _controls(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    """Buttons: random codes, undo and redo, download, an image to encode."""
    NEXT_SEED.adopt()

    def random() -> None:
        here.move_to(board.next_draw(run, loaded))
        st.rerun(["board", "steps"])

    with st.container(horizontal=True, gap="xsmall", key="generate_controls"):
        st.button(
            "Random",
            key="generate_random",
            type="primary",
            on_click=random,
            icon=":material/casino:",
            help="Draws all codes in the way and at the temperature that stand under “Random samples”, other "
            "ones each time.",
        )
        board.undo_and_redo(here, ["board", "steps"])
        with st.popover(
            "Download", icon=":material/download:", help="The picture in view, its codes and the samples, as files."
        ):
            downloads_of_codes(run, loaded)
        board.from_image(run, loaded, here)  # last: it opens beside the picture, not over it


def _from_address(run: Run, loaded: LoadedModel, here: LatentCursor) -> None:
    """Begin with the codes that the address asks for: once in a visit, since the browser writes them from then on."""
    address.put(POINT, None)  # a link to sliders, which this model does not have
    if st.session_state.get(READ) == loaded.name:
        return
    asked, image = address.get(CODES), address.get(ORIGINAL)
    if asked is None:
        address.put(ORIGINAL, None)
        st.session_state[READ] = loaded.name
        return
    (rows, columns), size = loaded.recipe.grid, int(loaded.recipe.value("codebook_size"))
    codes = codebook.from_text(asked, loaded.recipe.grid, size)
    if codes is None:
        address.refuse(
            CODES,
            f"The address names codes that this model does not have: {rows * columns} numbers from 0 to {size - 1} in "
            "base 36, separated by _.",
        )
    else:
        images = images_or_none(run) if image is not None else None
        pick = None if image is None else parse(image, images, run.recipe.shape)
        if image is not None and pick is None:
            address.refuse(ORIGINAL, "The address names an original image that does not exist. The codes are there.")
        here.begin_at(_sigma_units(loaded, codes), None if pick is None else board.original_of(pick, images))
        restore_steps(loaded, here)
    st.session_state[READ] = loaded.name


@st.fragment(key="depth")
def how_it_works(run: Run, loaded: LoadedModel) -> None:
    """Quantisation and decoding as formulas, and the code that runs."""
    fold = st.expander("How it works", key="generate_depth", on_change="rerun")
    if not fold.open:
        return
    with fold:
        from core.models.base import bodies

        dims, size = int(loaded.recipe.value("codebook_dim")), int(loaded.recipe.value("codebook_size"))
        st.markdown(
            "The encoder makes a vector of each cell of the grid. The nearest entry of the codebook takes its place, "
            "and the decoder gets to see nothing but the grid of entries. To generate is to choose the codes."
        )
        st.latex(
            r"k_i = \arg\min_k \lVert z_i - e_k \rVert, \qquad \hat{x} = \mathrm{decode}(e_{k_1}, \dots, e_{k_n}), "
            rf"\qquad e_k \in \mathbb{{R}}^{{{dims}}}, \; k \le {size}"
        )
        model: Any = type(loaded.model)
        show_code([model.codes, model.of_codes, model.decode, bodies(run.recipe)[1]], "The code that runs")
