"""What the Reconstruct page works with: models, an image and what is hidden of it; kept in the address where it has a
place there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core import runs
from core.data import ImageSet
from core.images import mask_spec, masks
from core.runs import Run
from ui.components.drawing.mask_brush import mask_brush, set_mask
from ui.reconstruct.settings import fill_choice
from ui.shared import image_choice
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import Pick
from ui.shared.run_picker import nothing_yet

MOST = 6
"""Models side by side."""

FAMILIES = ("ae", "vae", "ad", "vad")
BEAUTIES = {"digits": 12, "mnist": 61, "fashion-mnist": 0, "kmnist": 3}
"""The test image that a visitor meets first."""

BRUSH = "reconstruct_mask"
FIRST_HIDDEN = "half-bottom"
KINDS = {"half": "Half", "box": "Box", "random": "Random", "brush": "Brush"}
PRESETS = {
    "reconstruct_kind": "half",
    "reconstruct_side": "bottom",
    "reconstruct_rows": (8, 20),
    "reconstruct_columns": (8, 20),
    "reconstruct_p": 50,
}


def one_of_each(found: list[Run]) -> list[Run]:
    """The newest run of each family, on the data set that most families share; a plane of 2 dimensions only where
    there is nothing else."""
    sets: dict[tuple[str, str], dict[str, Run]] = {}
    for run in sorted(found, key=lambda run: run.recipe.latent_dim == 2):  # newest first stays so
        sets.setdefault((run.recipe.dataset, run.recipe.folder), {}).setdefault(run.recipe.model, run)
    best = max(sets.values(), key=len, default={})
    return [best[family] for family in FAMILIES if family in best]


def models() -> list[Run] | None:
    """The chosen runs, in the order of choice; None, with the next step on the page, where none can be chosen."""
    found = [run for run in runs.list_runs() if not run.error]
    usable = {run.name: run for run in found if run.has_weights}
    if not usable:
        nothing_yet("reconstruct", bool(found))
        return None
    box, asked = "reconstruct_runs", st.query_params.get("runs") or st.query_params.get("run")
    first = [run.name for run in one_of_each(list(usable.values()))]
    if asked is not None and asked != st.session_state.get("reconstruct_asked"):
        wanted = list(dict.fromkeys(name.strip() for name in asked.split(",")))
        there = [name for name in wanted if name in usable][:MOST]
        if len(there) < len(wanted):
            # Not echoed: an address bar is no place for others' words on our page.
            st.warning(
                "The address asks for a trained run that does not exist, or for more than "
                f"{MOST} at once. You see {'the others' if there else 'one model of each family'}."
            )
        st.session_state[box] = there or first
    else:
        kept = st.session_state.get(box, st.session_state.get("reconstruct_kept"))
        st.session_state[box] = first if kept is None else [name for name in kept if name in usable]
    chosen = st.multiselect(
        "Models",
        list(usable),
        key=box,
        max_selections=MOST,
        label_visibility="collapsed",
        placeholder="Choose models",
        format_func=lambda n: _label(usable, n),
        help=f"Up to {MOST} trained runs of any family, side by side. The page's address names them.",
    )
    st.session_state["reconstruct_kept"] = chosen
    text = ",".join(chosen)
    st.query_params.pop("run", None)
    if st.query_params.get("runs", "") != text:
        st.query_params["runs"] = text
    st.session_state["reconstruct_asked"] = text
    return [usable[name] for name in chosen]


def choose_first() -> None:
    """One model of each family again."""
    usable = [run for run in runs.list_runs() if not run.error and run.has_weights]
    st.session_state["reconstruct_runs"] = [run.name for run in one_of_each(usable)]


def _label(usable: dict[str, Run], name: str) -> str:
    return f"{name} · {usable[name].recipe.model.upper()}" if name in usable else name


def first_pick(images: ImageSet | None) -> Pick:
    """What a visitor meets first."""
    if images is None or not len(images.test_images):
        return Pick("seed", 1)
    number = BEAUTIES.get(images.name, 0)
    return Pick("test", number if number < len(images.test_images) else 0)


def another(here: dict[str, Pick], images: ImageSet, same: bool) -> Callable[[], None]:
    """A callback that draws another test image, of the same class if asked for."""

    def draw() -> None:
        label = image_choice.label_of(here["image"], images) if same else None
        pool = np.arange(len(images.test_images)) if label is None else image_choice.members(images, label)
        others = pool[pool != here["image"].number] if here["image"].kind == "test" else pool
        here["image"] = Pick("test", int(image_choice.next_rng("reconstruct").choice(others if len(others) else pool)))

    return draw


def read_hiding() -> None:
    """Take over what the address hides; call it before the switch is drawn."""
    asked = st.query_params.get("hide")
    if asked is None or asked == st.session_state.get("reconstruct_hide_wrote"):
        return
    try:
        text = mask_spec.normal(asked)
    except masks.MaskError:
        st.warning(
            f"The address asks to hide '{escape_markdown(asked[:40])}', which cannot be read. Use {mask_spec.ALLOWED}."
        )
        return
    if text:
        _hide(text)
        st.session_state["reconstruct_hiding"] = True
        kind = text.partition("-")[0]
        st.session_state["reconstruct_kind"] = kind if kind in KINDS else "brush"


def hide_switch() -> bool:
    """Whether part of the image is hidden."""
    return st.toggle(
        "Hide part of it",
        key="reconstruct_hiding",
        persist_state="session",
        help="Covers half, a box, random pixels or what you brush over. AD and VAD complete the image "
        "from what is visible; encoders get the hole filled.",
    )


def hide_panel(image: np.ndarray, filling: bool, mean: bool) -> np.ndarray:
    """The image under a brush, with presets above. Returns the mask, `bool` [28, 28], True visible.

    Args:
        filling: whether a chosen model has an encoder, whose hole must be filled. mean: whether there is a mean image.
    """
    for name, value in PRESETS.items():  # callbacks set these too, which a widget's own default would not bear
        st.session_state.setdefault(name, value)
    kind = st.segmented_control(
        "What to hide",
        list(KINDS),
        key="reconstruct_kind",
        required=True,
        format_func=KINDS.get,
        on_change=_apply,
        label_visibility="collapsed",
        persist_state="session",
        width="stretch",
        help="Where the mask begins; the brush changes any of them.",
    )
    if kind == "half":
        st.segmented_control(
            "Which half",
            masks.SIDES,
            key="reconstruct_side",
            required=True,
            format_func=str.capitalize,
            on_change=_apply,
            label_visibility="collapsed",
            persist_state="session",
            width="stretch",
            help="The half that is hidden.",
        )
    elif kind == "box":
        left, right = st.columns(2)
        left.slider(
            "Rows",
            0,
            masks.SIDE,
            key="reconstruct_rows",
            on_change=_apply,
            persist_state="session",
            help="Upper and lower edge of the box, in pixels.",
        )
        right.slider(
            "Columns",
            0,
            masks.SIDE,
            key="reconstruct_columns",
            on_change=_apply,
            persist_state="session",
            help="Left and right edge of the box, in pixels.",
        )
    elif kind == "random":
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.slider(
                "Hidden (%)",
                5,
                95,
                step=5,
                key="reconstruct_p",
                on_change=_apply,
                persist_state="session",
                help="Exactly this share of the 784 pixels.",
            )
            st.button(
                "Others",
                key="reconstruct_other_pixels",
                on_click=_others,
                icon=":material/casino:",
                help="Hides as many other pixels.",
            )
    visible = mask_brush(image, mask_spec.mask_of(FIRST_HIDDEN), key=BRUSH)
    if filling:
        fill_choice(mean)
    return visible


def write_hiding(visible: np.ndarray) -> None:
    """Put what is hidden into the address."""
    text = mask_spec.text_of(visible, st.session_state.get("reconstruct_hide", FIRST_HIDDEN))
    if text and st.query_params.get("hide") != text:
        st.query_params["hide"] = text
    elif not text:
        st.query_params.pop("hide", None)
    st.session_state["reconstruct_hide_wrote"] = text or None


def _hide(text: str) -> None:
    st.session_state["reconstruct_hide"] = text
    set_mask(BRUSH, mask_spec.mask_of(text))
    kind, _, rest = text.partition("-")
    state = st.session_state
    if kind == "half":
        state["reconstruct_side"] = rest
    elif kind == "box":
        top, left, height, width = map(int, rest.split("-"))
        state["reconstruct_rows"] = (top, min(masks.SIDE, top + height))
        state["reconstruct_columns"] = (left, min(masks.SIDE, left + width))
    elif kind == "random":
        share, seed = map(int, rest.split("-"))
        state["reconstruct_p"], state["reconstruct_seed"] = min(95, max(5, 5 * round(share / 5))), seed


def _apply() -> None:
    """A preset or its numbers have changed: the mask follows."""
    state, kind = st.session_state, st.session_state.get("reconstruct_kind")
    if kind == "half":
        text = f"half-{state.get('reconstruct_side') or 'bottom'}"
    elif kind == "box":
        (top, bottom), (left, right) = (state.get(f"reconstruct_{name}", (8, 20)) for name in ("rows", "columns"))
        text = f"box-{top}-{left}-{bottom - top}-{right - left}"
    elif kind == "random":
        text = f"random-{state.get('reconstruct_p', 50)}-{state.get('reconstruct_seed', 0)}"
    else:
        return
    state["reconstruct_hide"] = text
    set_mask(BRUSH, mask_spec.mask_of(text))


def _others() -> None:
    st.session_state["reconstruct_seed"] = (st.session_state.get("reconstruct_seed", 0) + 1) % 1_000_000
    _apply()
