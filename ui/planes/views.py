"""Parts of the Planes page: the enlarged plane, the small ones beside it, and the samples of every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.latent.codec import decode
from core.priors.samplers import SAMPLERS
from core.runs import Run
from ui.components.latent.draws import draws
from ui.components.latent.manifold import manifold
from ui.components.latent.plane_peek import plane_peek
from ui.components.latent.plane_stage import plane_stage
from ui.planes import missing
from ui.planes.inputs import first_large, scale_switch, slots
from ui.planes.missing import training_of
from ui.planes.place import Plane, linked_images, plane_or_none
from ui.shared import address, samplers
from ui.shared.family_names import spelled_out
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel
from ui.shared.pointer import touch_or

SAMPLES = 20
"""Samples shown of each model."""

MOST_LESSONS = 3
"""Examples whose lessons stand beside the planes, at most; those of more stand where the runs are chosen."""

OLD_NAMES = {"own": "gaussian"}
"""Samplers as older addresses name them."""


def hero(shown: Sequence[Plane], titles: Mapping[str, str], absent: Sequence[str], differ: bool) -> None:
    """The enlarged plane, and beside it the linked image and the small planes.

    Args:
        titles: of the runs by name. absent: families of which no run can be shown, each with a place to train one.
        differ: whether their windows differ so much that their scale can be chosen.
    """
    left, right = st.columns([566, 530], gap="medium")
    with left:
        if shown:
            runs = [plane.run for plane in shown]
            plane_stage(
                key="planes_stage",
                slots=[run.name for run in runs],
                first=first_large(runs),
                sets=linked_images(shown),
            )
    with right:
        if shown:
            plane_peek(key="planes_peek")
        lines = "planes_grid" if len(shown) + len(absent) > 3 else "planes_line"
        with st.grid(3, min_column_width=150, gap="xsmall", key=lines):
            for number, plane in enumerate(shown, 1):
                run, live = plane.run, training_of(plane.run) is not None
                with st.container(gap="xxsmall"):
                    st.fragment(_small, run_every=2.0 if live else None)(run, titles[run.name], number, live)
            for slot in absent:
                with st.container(gap="xxsmall"):
                    missing.placeholder(slot)
        if differ:
            scale_switch()
        there = {plane.run.recipe.family.key for plane in shown} | set(absent)
        named = ", ".join(spelled_out(family for key, family in slots().items() if key in there))
        if named:
            st.caption(f"{named[0].upper()}{named[1:]}.")
        lessons = [plane.run for plane in shown if plane.run.lesson]
        for run in lessons if len(lessons) <= MOST_LESSONS else []:
            st.caption(f":material/school: **{escape_markdown(titles[run.name])}**: {escape_markdown(run.lesson)}")


def _small(run: Run, title: str, number: int, live: bool) -> None:
    """A small plane; redrawn every two seconds while the run is being trained."""
    plane = plane_or_none(run)
    if plane is None:
        return
    manifold(key=f"planes_map_{run.name}", data=plane.message, title=title, number=number)
    if not live:
        return
    job = training_of(run)
    if job is None:
        st.rerun()
    seen = job.snapshot()
    st.progress(min(1.0, seen.epoch / seen.epochs), text=f"Epoch {int(seen.epoch)} of {seen.epochs}")


def sample_settings(choices: Sequence[str]) -> tuple[int, str]:
    """(seed, sampler) of the samples: as this visitor set them, else from the address.

    Args:
        choices: keys of the samplers that a model on the page has.
    """
    state = st.session_state
    if "planes_seed" not in state:
        text, source = address.get("seed") or "1", address.get("draw") or "prior"
        source = OLD_NAMES.get(source, source)
        valid_seed = text.isascii() and text.isdigit() and len(text) <= 6
        if not valid_seed or source not in choices:
            address.warn(
                "The address names samples that do not exist. Allowed: seed from 0 to 999999, draw "
                f"{' or '.join(choices)}. You see the default."
            )
        state["planes_seed"] = int(text) if valid_seed else 1
        state["planes_source"] = source
    if state["planes_source"] not in choices:
        state["planes_source"] = "prior"
    return state["planes_seed"], state["planes_source"]


def samples(shown: Sequence[Plane], titles: Mapping[str, str]) -> None:
    """Samples of every model from the same noise, with what they are drawn from."""
    st.markdown("#### Samples")
    found = {key for plane in shown for key in samplers.offered(plane.loaded)}
    choices = [key for key in SAMPLERS if key in found]
    _sample_tools([plane.run.name for plane in shown], choices)
    with st.grid(6, min_column_width=150, gap="small", key="planes_samples_grid"):
        for plane in shown:
            with st.container(gap="xxsmall"):
                st.markdown(f":small[**{escape_markdown(titles[plane.run.name])}**]")
                st.fragment(_samples, key=f"planes_draws_{plane.run.name}")(plane.run, choices)


@st.fragment(key="planes_toolbar")
def _sample_tools(names: list[str], choices: list[str]) -> None:
    """The button that draws new samples from every model, and the choice of their distribution."""

    def redraw() -> None:
        st.rerun(["planes_toolbar", *(f"planes_draws_{name}" for name in names)])

    def next_seed() -> None:
        st.session_state["planes_seed"] = (st.session_state["planes_seed"] + 1) % 1_000_000
        redraw()

    def change_distribution() -> None:
        st.session_state["planes_source"] = st.session_state["planes_from"]
        redraw()

    seed, source = sample_settings(choices)
    address.put("seed", str(seed))
    address.put("draw", source)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(
            "Sample the prior" if source == "prior" else "Sample each",
            key="planes_sample",
            type="primary",
            on_click=next_seed,
            icon=":material/casino:",
            help="Draws the same noise for every model and decodes it. The seed rises by one each time.",
        )
        st.session_state["planes_from"] = source
        st.segmented_control(
            "Draw from",
            choices,
            key="planes_from",
            required=True,
            on_change=change_distribution,
            format_func=lambda key: "N(0, I)" if key == "prior" else samplers.heading(key),
            label_visibility="collapsed",
            help="N(0, I): the prior, also for models that were trained without one. The others are each model’s own: "
            "the Gaussian with the mean and the covariance of its training latents, a mixture fitted to them, a prior "
            "that was learned from them.",
        )
        st.caption(f"Seed {seed}. {touch_or('Tap', 'Point at')} a sample to see where it lies on its plane.")


def _samples(run: Run, choices: list[str]) -> None:
    plane = plane_or_none(run)
    if plane is None:
        return
    seed, source = sample_settings(choices)
    vectors, problem = samplers.draw(plane.loaded, source, SAMPLES, seed)
    if vectors is None:
        st.caption(escape_markdown(problem))
        return
    z, tiles = plane.loaded.model.style(vectors), _decoded(plane.loaded.name, vectors, _loaded=plane.loaded)
    draws(
        key=f"planes_samples_{run.name}",
        slot=run.name,
        tiles=tiles,
        z=z,
        about=f"{SAMPLES} samples of {run.name} from {'N(0, I)' if source == 'prior' else f'the {SAMPLERS[source]}'}.",
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _decoded(name: str, vectors: np.ndarray, _loaded: LoadedModel) -> np.ndarray:
    return decode(_loaded.model, vectors, chunk=256)
