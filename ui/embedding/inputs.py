"""Settings of the Map page's one or two maps, kept from page to page and in the address."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from core import runs
from core.embedding import settings as embedding_settings
from core.embedding.settings import EmbeddingError, Settings
from core.runs import Run
from ui.shared import address
from ui.shared.default_run import preferred
from ui.shared.formatting import escape_markdown
from ui.shared.run_picker import places_images

SOURCES = {"latents": "Latents", "pixels": "Raw pixels"}
METHODS = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}
STARTS = {"pca": "the PCA map", "random": "random positions"}

MAX_ITERATIONS = 5_000

SHARED = ("n", "iterations", "start", "pca_first")
"""Settings that both maps share; each map has its own values of the others."""

OWN = ("source", "method", "perplexity", "seed")
IN_BROWSER = ("picks", "lasso", "show")
"""Names in the address that the map itself reads and writes: selected images, lasso, classes that are shown alone."""

PARAMETERS = (*OWN, *SHARED, *(f"{name}2" for name in OWN), "run2")


FORMS = {
    "picks": re.compile(r"(train)?\d{1,9}(,(train)?\d{1,9})?"),
    "lasso": re.compile(r"shown|-?\d+(\.\d+)?(,-?\d+(\.\d+)?){5,}"),
    "show": re.compile(r"\d{1,5}(,\d{1,5})*"),
}
"""Form of each text that the map in the browser writes."""


def read_address() -> None:
    """Take over what the address asks for; a bad value is left out with a message."""
    asked = address.requested("map", *PARAMETERS)
    for name, text in asked.items():
        if name == "run2":
            st.session_state["map_run2"] = text
            continue
        field = name.removesuffix("2")
        try:
            value = {"0": False, "1": True}.get(text, text) if field == "pca_first" else text
            st.session_state[f"map_{name}"] = _for_widget(field, embedding_settings.check(field, value))
        except EmbeddingError as error:
            address.warn(f"The address has a setting that is not possible. {escape_markdown(str(error))}")
    if any(name.endswith("2") for name in asked):
        st.session_state["map_second"] = True
    for name, form in FORMS.items():
        chosen = address.get(name)
        if chosen is not None and not (len(chosen) <= 2_000 and form.fullmatch(chosen)):
            address.refuse(name, f"The address has a selection that is not possible ({name}). It is left out.")


def write_address(chosen: dict[str, Settings], run2: str | None) -> None:
    """Write the settings of the maps into the address. chosen: by suffix, "" and "2". run2: name of the second run."""
    texts: dict[str, str | None] = dict.fromkeys(PARAMETERS)
    for suffix, settings in chosen.items():
        for name in OWN if suffix else (*OWN, *SHARED):
            value = getattr(settings, name)
            texts[f"{name}{suffix}"] = str(int(value)) if isinstance(value, (bool, float)) else str(value)
    if "2" in chosen:
        texts["run2"] = run2
    address.write("map", texts)


def prepare(suffix: str, count: int, backend: str) -> None:
    """Give every setting a value before its widget is drawn. Values that `count` images do not allow are lowered, with
    a message."""
    state, most = st.session_state, min(embedding_settings.MAX_IMAGES, count)
    state.setdefault("map_n", 2_000 if most >= 10_000 else 1_000)
    state.setdefault("map_iterations", embedding_settings.default_iterations(backend, min(state["map_n"], most)))
    for name in (*(f"{own}{suffix}" for own in OWN), "start", "pca_first"):
        state.setdefault(f"map_{name}", _for_widget(field := name.removesuffix("2"), getattr(Settings(), field)))
    state["map_n"] = max(embedding_settings.MIN_IMAGES, min(state["map_n"], most))
    limit, key = int(embedding_settings.max_perplexity(state["map_n"])), f"map_perplexity{suffix}"
    if state[key] > limit:
        st.warning(
            f"A perplexity of {state[key]} needs more than {state['map_n']:,} images, because t-SNE uses three times "
            f"as many neighbours of each. You see the map with {limit}."
        )
        state[key] = limit
    for name in ("source", "method"):  # a segmented control can be clicked empty
        state[f"map_{name}{suffix}"] = state[f"map_{name}{suffix}"] or getattr(Settings(), name)


def settings_of(suffix: str, count: int) -> Settings:
    """The settings as the widgets are set.

    Raises:
        EmbeddingError: `count` images are too few for them.
    """
    state = st.session_state
    values = {name: state[f"map_{name}{suffix}"] for name in OWN} | {name: state[f"map_{name}"] for name in SHARED}
    return Settings(**values).fitted_to(count)


def main_controls(count: int, with_model: bool = True) -> None:
    """Source (where there is a model) and method of the first map, and a popover with its other settings."""
    if with_model:
        _source("")
    _method("")
    state, most = st.session_state, min(embedding_settings.MAX_IMAGES, count)
    label = f"{state['map_n']:,} images"
    if state["map_method"] == "tsne":
        label += f", perplexity {state['map_perplexity']}"
    elif state["map_method"] == "umap":
        label += f", {state['map_perplexity']} neighbours"
    with st.popover(label, icon=":material/settings:", help="Number of images, perplexity, iterations, seed, start."):
        if not embedding_settings.umap_installed():
            st.caption(embedding_settings.NO_UMAP)
        st.number_input(
            "Images",
            embedding_settings.MIN_IMAGES,
            most,
            step=500,
            key="map_n",
            persist_state="session",
            on_change=_iterations_by_size,
            help="Number of images on the map: test images first, every class in proportion.",
        )
        _numbers("")
        st.number_input(
            "Iterations",
            50,
            MAX_ITERATIONS,
            step=50,
            key="map_iterations",
            persist_state="session",
            help=Settings.__dataclass_fields__["iterations"].metadata["help"] + " With too few, the map has not "
            "converged.",
        )
        st.radio(
            "Start from",
            list(STARTS),
            format_func=STARTS.__getitem__,
            key="map_start",
            horizontal=True,
            persist_state="session",
            help="From the PCA map, the large-scale shape is kept and the seed hardly matters. From random positions, "
            "each seed leads to another map.",
        )
        st.checkbox(
            "PCA first",
            key="map_pca_first",
            persist_state="session",
            help=Settings.__dataclass_fields__["pca_first"].metadata["help"],
        )


def _iterations_by_size() -> None:
    """Larger maps need more iterations: their number follows the size unless the visitor has chosen one."""
    state, backend = st.session_state, embedding_settings.default_backend()
    sizes = (embedding_settings.MIN_IMAGES, embedding_settings.MAX_IMAGES)
    usual = {embedding_settings.default_iterations(backend, n) for n in sizes}
    if state["map_iterations"] in usual:
        state["map_iterations"] = embedding_settings.default_iterations(backend, state["map_n"])


def second_run(first: Run) -> Run | None:
    """The run of the second map; None where there is none to choose. Call it before the controls."""
    usable, state = _usable(), st.session_state
    if state.get("map_run2") not in usable:
        if state.get("map_run2"):
            address.warn("The address names a second run that does not exist. You see another one.")
        others = [name for name in usable if name != first.name]
        state["map_run2"] = next(iter(others or usable), None)
    return usable.get(state["map_run2"])


def second_controls() -> None:
    """Run, source, method, perplexity and seed of the second map."""
    state = st.session_state
    if (usable := _usable()) and state["map_source2"] == "latents":
        st.selectbox(
            "Run of the second map",
            list(usable),
            key="map_run2",
            label_visibility="collapsed",
            width=260,
            persist_state="session",
            help="The run whose latents the second map shows.",
        )
    _source("2")
    _method("2")
    with st.popover(
        f"Perplexity {state['map_perplexity2']}",
        icon=":material/settings:",
        help="Perplexity and seed of the second map.",
    ):
        _numbers("2")


def _usable() -> dict[str, Run]:
    found = (run for run in runs.list_runs() if not run.error and run.has_weights and places_images(run))
    return {run.name: run for run in preferred(found, images=True)}


def _source(suffix: str) -> None:
    which = "second" if suffix else "first"
    st.segmented_control(
        "Map of",
        list(SOURCES),
        format_func=SOURCES.__getitem__,
        key=f"map_source{suffix}",
        label_visibility="collapsed",
        persist_state="session",
        help=f"The input of the {which} map: the run's latents of the images, or the pixels of the images, without any "
        "model.",
    )


def _method(suffix: str) -> None:
    st.segmented_control(
        "Method",
        [name for name in METHODS if name != "umap" or embedding_settings.umap_installed()],
        format_func=METHODS.__getitem__,
        key=f"map_method{suffix}",
        label_visibility="collapsed",
        persist_state="session",
        help="t-SNE and UMAP keep neighbours together and take a while. PCA is a linear projection, computed at once; "
        "it keeps large distances and loses most small ones.",
    )


def _numbers(suffix: str) -> None:
    limit = int(min(500, embedding_settings.max_perplexity(st.session_state["map_n"])))
    st.number_input(
        "Perplexity",
        2,
        limit,
        step=5,
        key=f"map_perplexity{suffix}",
        persist_state="session",
        help="Roughly the number of neighbours that count for each image (UMAP: exactly their number). Small values "
        "give many islands, large ones the overall shape. 5 to 50 is usual; compare several.",
    )
    st.number_input(
        "Seed",
        0,
        2**31 - 1,
        step=1,
        key=f"map_seed{suffix}",
        persist_state="session",
        help="The same seed and settings give the same map. The seed determines random starting positions.",
    )


def _for_widget(field: str, value: Any) -> Any:
    return round(value) if field == "perplexity" else value
