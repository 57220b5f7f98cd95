"""Square of four images on the Interpolate page: A and B above, C and D below, and all their mixtures between them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.latent import codec, interpolation
from core.latent.interpolation import Endpoint
from core.runs import Run
from ui.components.latent.square import side_for, square
from ui.interpolate.paths import endpoints
from ui.shared import address
from ui.shared.address import Parameter, whole
from ui.shared.image_choice import Pick, exists, label_of, note, parse, picks_of
from ui.shared.image_picker import choose
from ui.shared.model_cache import LoadedModel
from ui.shared.pointer import touch_or

PAGE = "interpolate_square"
"""Name under which `ui.shared.address` remembers the parameters `c` and `d`."""

SQUARE = Parameter(
    "square", "interpolate_square_on", {"0": False, "1": True}.get, False, "0 or 1", lambda on: str(int(on))
)
CORNERS = Parameter("corners", "interpolate_corners", whole(0, 999), 0, "a whole number from 0 to 999")
"""Whether the square is decoded, and the seed of the images that the lab draws for its lower corners."""


def _from_address(own: MutableMapping[str, Pick], run: Run, images: ImageSet | None) -> None:
    """Take over the corners that the address asks for."""
    SQUARE.adopt()
    CORNERS.adopt()
    for name, text in address.requested(PAGE, *"cd").items():
        if pick := parse(text, images, run.recipe.shape):
            own[name] = pick
        else:
            address.refuse(name, f"The address names an image {name.upper()} that does not exist.")


@st.fragment
def square_section(
    run: Run, loaded: LoadedModel, images: ImageSet | None, picks: dict[str, Pick], ends: dict[str, Endpoint]
) -> None:
    """The section; the square is decoded only where its switch is on."""
    side = side_for(run.recipe.shape)
    st.subheader("Between four images", anchor=False)
    own = picks_of("interpolate_square", run)
    _from_address(own, run, images)
    on = st.toggle(
        "Decode a square",
        key="interpolate_square_on",
        persist_state="session",
        help=f"Decodes {side * side:,} pictures; takes from a tenth of a second to a few seconds.",
    )
    SQUARE.keep()
    if not on:
        address.write(PAGE, dict.fromkeys("cd"))
        address.put(CORNERS.name, None)
        st.caption("A and B with two more images at the corners of a square, and all mixtures of the four inside.")
        return

    def redraw() -> None:
        st.session_state[CORNERS.box] = (st.session_state.get(CORNERS.box, 0) + 1) % 1_000
        own.clear()

    for name in [name for name, pick in own.items() if not exists(pick, images)]:
        del own[name]
    lower = ChainMap(own, _lower_picks(picks, images, CORNERS.keep()))
    address.write(PAGE, {name: own[name].text() if name in own else None for name in "cd"})
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
            "New C and D",
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
        f"{touch_or('Slide a finger', 'Move')} over the square: each point is decoded from a mixture of the four "
        "latent vectors, in which the nearer "
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
