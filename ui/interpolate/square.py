"""A square of four images on the Interpolate page: A and B above, two others below, and all their mixtures."""

from __future__ import annotations

from collections import ChainMap

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import codec, interpolation
from core.latent.interpolation import Endpoint
from core.runs import Run
from ui.components.latent.square import side_for, square
from ui.interpolate.views import ends_of
from ui.shared.image_choice import Pick, exists, label_of, note, picks_of
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel


@st.fragment
def four(
    run: Run, loaded: LoadedModel, images: ImageSet | None, here: dict[str, Pick], ends: dict[str, Endpoint]
) -> None:
    """The square, once it is asked for."""
    st.subheader("Between four images")
    if not st.toggle(
        "Decode a square",
        key="interpolate_square_on",
        persist_state="session",
        help=f"Decodes {side_for(loaded.shape) ** 2:,} images; takes from a tenth of a second to a few.",
    ):
        st.caption("A and B with two more images at the corners of a square, and every mixture of the four inside.")
        return
    own = picks_of("interpolate_square", run)

    def others() -> None:
        st.session_state["interpolate_corners"] = st.session_state.get("interpolate_corners", 0) + 1
        own.clear()

    for name in [name for name, pick in own.items() if not exists(pick, images)]:
        del own[name]
    lower = ChainMap(own, _lower(here, images, st.session_state.get("interpolate_corners", 0)))
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
            on_click=others,
            help="Draws two other images for the lower corners.",
        )
    chosen = {**here, **{name: lower[name] for name in "cd"}}
    corners = list({**ends, **ends_of({name: lower[name] for name in "cd"}, loaded, images)}.values())
    tiles = _tiles(loaded.name, np.stack([end.z for end in corners]), _loaded=loaded)
    square(
        key="interpolate_square",
        tiles=tiles,
        corners=np.stack([end.image for end in corners]),
        notes=[note(pick, images) for pick in chosen.values()],
    )
    st.caption(
        "Move over the square: each point mixes the four latent vectors, the nearer corner the more, and is "
        "decoded. Its edges are straight lines. The corners show what the model makes of the originals."
    )


@st.cache_data(max_entries=4, show_spinner="Decoding the square …")
def _tiles(name: str, corners: np.ndarray, _loaded: LoadedModel) -> np.ndarray:
    return codec.decode(_loaded.model, interpolation.corner_grid(corners, side_for(_loaded.shape)), chunk=64)


def _lower(here: dict[str, Pick], images: ImageSet | None, draw: int) -> dict[str, Pick]:
    """C and D: test images of classes that A and B are not, where there are such."""
    if images is None:
        return {"c": Pick("seed", 3 + 2 * draw), "d": Pick("seed", 4 + 2 * draw)}
    taken = [label_of(pick, images) for pick in here.values()]
    others = np.flatnonzero(~np.isin(images.test_labels, [k for k in taken if k is not None]))
    pool = others if len(others) else np.arange(len(images.test_images))
    rng = np.random.default_rng(draw)
    c = int(rng.choice(pool))
    rest = pool[images.test_labels[pool] != images.test_labels[c]]
    return {"c": Pick("test", c), "d": Pick("test", int(rng.choice(rest if len(rest) else pool)))}
