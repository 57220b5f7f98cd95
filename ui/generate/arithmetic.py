"""Latent arithmetic on the Generate page: a − b + c with three images that the visitor picks."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images.convert import data_url
from core.latent import walks
from core.runs import Run
from ui.components.page.scroll_to import to_top
from ui.generate import classes
from ui.shared import address, image_choice
from ui.shared.encode import encode, encoding_method, latent_name
from ui.shared.formatting import format_sig
from ui.shared.image_choice import Pick, label_of, members, note, pixels
from ui.shared.image_picker import choose
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel
from ui.shared.page import images_or_none

NAMES = ("a", "b", "c")
"""The three images, which are also the parameters of the address."""

PAGE = "generate_arithmetic"
"""Prefix of the section's entries in the session state."""

OPENED = "generate_arithmetic_opened"
"""Session-state key: which result was opened last, where the page then begins at its top."""

SIGNS = ("−", "+", "=")

LARGE, SMALL = 112, 64
"""Screen pixels of a picture, and of its reconstruction, along the longer side, at most."""

STEPS = {0.0: "c", 0.25: "c + ¼ (a − b)", 0.5: "c + ½ (a − b)", 0.75: "c + ¾ (a − b)", 1.0: "c + a − b"}
"""Points on the way from c to the result, with their names."""


@st.fragment(key="arithmetic")
def section(run: Run, loaded: LoadedModel) -> None:
    """The three images, the result, and the way from c to it."""
    fold = st.expander(
        "Latent arithmetic: a − b + c",
        expanded=any(address.get(name) is not None for name in NAMES),
        key="generate_arithmetic",
        icon=":material/calculate:",
        on_change="rerun",
    )
    if not fold.open:
        address.write(PAGE, dict.fromkeys(NAMES))
        return
    with fold:
        images = images_or_none(run)
        picks = image_choice.picks(PAGE, run, images, first_picks(images))
        pictures = np.stack([pixels(picks[name], images, loaded) for name in NAMES])
        z = encode(loaded, pictures, labels=[label_of(picks[name], images) for name in NAMES])
        way = walks.analogy(z[0], z[1], z[2], np.array(list(STEPS)), len(loaded.axes.order))
        decoded = loaded.pictures(loaded.axes.to_sigma_units(np.concatenate([z, way])))
        st.markdown(
            "What makes a differ from b is a direction: a − b. Add it to c, and c changes in the same way, as far as "
            "this direction means the same there."
        )
        _equation(loaded, images, picks, pictures, decoded)
        _way(decoded[3:])
        _measures(loaded, z)
        point = loaded.axes.to_sigma_units(way[-1]).tolist()
        st.button(
            "Open the result in the sliders",
            key="generate_arithmetic_open",
            on_click=lambda: _open(loaded, point),
            icon=":material/tune:",
            help="Moves the point above to a − b + c. Undo leads back.",
        )
        to_top(st.session_state.get(OPENED, ""), key="generate_arithmetic_top")


def _open(loaded: LoadedModel, point: list[float]) -> None:
    cursor_of(loaded).move_to(point)
    st.session_state[OPENED] = f"{loaded.name} {cursor_of(loaded).stamp}"
    st.rerun([*classes.parts(loaded), "arithmetic"])


def _equation(
    loaded: LoadedModel,
    images: ImageSet | None,
    picks: dict[str, Pick],
    pictures: np.ndarray,
    decoded: np.ndarray,
) -> None:
    """The images with their buttons and reconstructions, the signs between them, and the result."""
    in_pixels = np.clip(pictures[0].astype(int) - pictures[1] + pictures[2], 0, 255).astype(np.uint8)
    with st.container(horizontal=True, gap="small", key="generate_arithmetic_row"):
        for k, name in enumerate(NAMES):
            with st.container(key=f"generate_arithmetic_{name}", width="content", gap="xsmall"):
                words = note(picks[name], images)
                st.html(_card(f"{name}: {words}", pictures[k], decoded[k], "its reconstruction"))
                choose(
                    f"generate_arithmetic_pick_{name}",
                    images,
                    picks,
                    name,
                    loaded=loaded,
                    label=f"Choose {name}",
                    use=f"Use it as {name}",
                    icon=None,
                )
            st.html(f'<span class="arithmetic-sign">{SIGNS[k]}</span>', width="content")
        with st.container(key="generate_arithmetic_result", width="content", gap="xsmall"):
            st.html(_card("a − b + c", decoded[-1], in_pixels, "the same with pixels"))


def _card(words: str, picture: np.ndarray, small: np.ndarray, below: str) -> str:
    """A picture with its words, and a small one beside them."""
    return (
        f'<figure class="arithmetic-card">{_image(picture, LARGE, words)}<figcaption>{html.escape(words)}</figcaption>'
        f"<div>{_image(small, SMALL, below)}<span>{html.escape(below)}</span></div></figure>"
    )


def _image(picture: np.ndarray, side: int, alt: str) -> str:
    """A picture enlarged by a whole number, or shrunk where it is larger than its place."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    scale = side // longest if side >= longest else side / longest
    return (
        f'<img class="picture" src="{data_url(picture)}" alt="{html.escape(alt, quote=True)}" '
        f'width="{round(width * scale)}" height="{round(height * scale)}">'
    )


def _way(decoded: np.ndarray) -> None:
    """The pictures from c to the result, with the name of each point."""
    cards = "".join(
        f"<figure>{_image(picture, LARGE, name)}<figcaption>{name}</figcaption></figure>"
        for picture, name in zip(decoded, STEPS.values(), strict=True)
    )
    st.html(f'<div class="arithmetic-way">{cards}</div>')


def _measures(loaded: LoadedModel, z: np.ndarray) -> None:
    """How long the step is, and where the latent vectors come from."""
    d = len(loaded.axes.order)
    length = float(np.linalg.norm(z[0, :d] - z[1, :d]))
    kept = " The class stays that of c: only the style is computed with." if d < loaded.model.latent_dim else ""
    st.caption(
        f"{encoding_method(loaded)} gives each image its {latent_name(loaded)}; the pictures below the images show "
        f"what is left of them. ‖a − b‖ = {format_sig(length)}.{kept}"
    )


def first_picks(images: ImageSet | None) -> dict[str, Pick]:
    """Images at first: typical ones of two classes, and another of the second class, which a − b turns into the first;
    three samples of the model without the data set."""
    if images is None:
        return {name: Pick("seed", k + 1) for k, name in enumerate(NAMES)}
    two = [k for k in range(len(images.classes)) if len(members(images, k)) > 1][:2]
    if len(two) < 2:
        return {name: Pick("test", min(k, len(images.test_images) - 1)) for k, name in enumerate(NAMES)}
    (a, *_), (b, *others) = (by_typicality(images, k) for k in two)
    return {"a": Pick("test", a), "b": Pick("test", b), "c": Pick("test", others[len(others) // 2])}


def by_typicality(images: ImageSet, label: int, most: int = 200) -> list[int]:
    """Numbers of the first test images of a class, those nearest to their mean first."""
    first = members(images, label)[:most]
    levels = images.test_images[first].reshape(len(first), -1).astype(np.float32)
    away = np.square(levels - levels.mean(0)).sum(1)
    return [int(k) for k in first[np.argsort(away, kind="stable")]]
