"""Square of four images on the Interpolate page: A and B above, C and D below, and all their mixtures between them."""

from __future__ import annotations

from collections import ChainMap

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import codec, interpolation
from core.latent.interpolation import Endpoint
from core.runs import Run
from ui.components.latent.square import side_for, square
from ui.interpolate.paths import endpoints
from ui.shared.image_choice import Pick, exists, label_of, note, picks_of
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel


@st.fragment
def square_section(
    run: Run, loaded: LoadedModel, images: ImageSet | None, picks: dict[str, Pick], ends: dict[str, Endpoint]
) -> None:
    """The section; the square is decoded only where its switch is on."""
    side = side_for(run.recipe.shape)
    st.subheader("Between four images")
    if not st.toggle(
        "Decode a square",
        key="interpolate_square_on",
        persist_state="session",
        help=f"Decodes {side * side:,} pictures; takes from a tenth of a second to a few seconds.",
    ):
        st.caption("A and B with two more images at the corners of a square, and all mixtures of the four inside.")
        return
    own = picks_of("interpolate_square", run)

    def redraw() -> None:
        st.session_state["interpolate_corners"] = st.session_state.get("interpolate_corners", 0) + 1
        own.clear()

    for name in [name for name, pick in own.items() if not exists(pick, images)]:
        del own[name]
    lower = ChainMap(own, _lower_picks(picks, images, st.session_state.get("interpolate_corners", 0)))
    with st.container(horizontal=True, gap="xsmall"):
        for name in "cd":
            choose(
                f"interpolate_pick_{name}",
                images,
                lower,
                name,
                loaded=loaded,
                label=f"Choose {name.upper()}",
                use=f"Use it as {name.upper()}",
            )
        st.button(
            "Other C and D",
            key="interpolate_others",
            icon=":material/casino:",
            on_click=redraw,
            help="Draws two other images for the lower corners.",
        )
    chosen = {**picks, **{name: lower[name] for name in "cd"}}
    corners = list({**ends, **endpoints({name: lower[name] for name in "cd"}, loaded, images)}.values())
    tiles = _tiles(loaded.name, np.stack([end.z for end in corners]), side, _loaded=loaded)
    square(
        key="interpolate_square",
        tiles=tiles,
        corners=np.stack([end.image for end in corners]),
        notes=[note(pick, images) for pick in chosen.values()],
    )
    st.caption(
        "Move over the square: each point is decoded from a mixture of the four latent vectors, in which the nearer "
        "corners weigh more. The edges are straight lines. The corners show the reconstructions of the originals."
    )


@st.cache_data(max_entries=4, show_spinner="Decoding the square …")
def _tiles(name: str, corners: np.ndarray, side: int, _loaded: LoadedModel) -> np.ndarray:
    return codec.decode(_loaded.model, interpolation.corner_grid(corners, side), chunk=64)


def _lower_picks(picks: dict[str, Pick], images: ImageSet | None, seed: int) -> dict[str, Pick]:
    """C and D: random test images, of other classes than A, B and each other where there are such."""
    if images is None:
        return {"c": Pick("seed", 3 + 2 * seed), "d": Pick("seed", 4 + 2 * seed)}
    taken = [label for pick in picks.values() if (label := label_of(pick, images)) is not None]
    others = np.flatnonzero(~np.isin(images.test_labels, taken))
    numbers = others if len(others) else np.arange(len(images.test_images))
    rng = np.random.default_rng(seed)
    c = int(rng.choice(numbers))
    rest = numbers[images.test_labels[numbers] != images.test_labels[c]]
    return {"c": Pick("test", c), "d": Pick("test", int(rng.choice(rest if len(rest) else numbers)))}
