"""Below the pictures of a run: its figures, its recipe against its preset, where it comes from, and its files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from core.recipes.likelihoods import caveat
from core.runs import Run
from core.runs import figures as run_figures
from core.runs.export import FILES, RESUME
from ui.run import recipe_table
from ui.run.bound import bound_fold
from ui.run.figures import figures
from ui.run.lineage import history_lines, relatives
from ui.shared import glossary
from ui.shared.formatting import escape_markdown, file_size, pluralize
from ui.shared.page import open_page
from ui.shared.run_buttons import run_button, run_key

MEANINGS = {
    "recipe.json": "the recipe: model, data, training",
    "images.safetensors": "digests of its images, by which they are recognised",
    "status.json": "state of the training",
    "history.csv": "the loss curves",
    "kl.csv": "the KL of every latent dimension after every epoch",
    "classes.csv": "the share of each class among the generated images",
    "evaluation.json": "figures on the test set",
    "classifier.safetensors": "the classifier that measured its pictures",
    "best.safetensors": "weights with the best validation",
    "last.safetensors": "weights of the last epoch",
    RESUME: "everything that is needed to continue the training",
}
"""What is in each file of a run."""


def details(run: Run, training: bool) -> None:
    """All sections. training: whether it trains or waits now, so that its files still change."""
    left, right = st.columns(2, gap="large")
    with left:
        _figures(run)
    with right:
        _recipe(run)
        _lineage(run)
    _files(run, training)


def _figures(run: Run) -> None:
    st.subheader("Figures", anchor=False)
    found = list(figures(run))
    _table([figure.row() for figure in found], "The figures of this run with their units.")
    glossary.meanings(
        [text for figure in found for text in (figure.name, figure.unit)],
        *("ELBO", "KL", "nats", "active unit", "Fréchet distance", "KID", "precision", "recall", "density", "coverage"),
        *("MIG", "DCI disentanglement", "importance-weighted bound"),
    )
    keys = {figure.key for figure in run_figures.of_test(run)}
    if keys & {"negative_elbo", "log_likelihood"} and (note := caveat([run.recipe.likelihood])):
        glossary.caption(note, "Bernoulli")
    if keys & set(run_figures.DISENTANGLEMENT):
        glossary.caption(run_figures.UNIDENTIFIED, "disentanglement")
    st.caption(
        "All of them can be computed again from the files below. The test images are never trained on; the weights "
        "with the best validation are measured."
    )
    if run.recipe.variational and run.has_weights:
        bound_fold([run])


def _recipe(run: Run) -> None:
    st.subheader("Recipe", anchor=False)
    rows, name = recipe_table.against_preset(run.recipe), escape_markdown(run.recipe.name)
    if rows is None:
        st.caption(f"The lab has no preset named {name}, so there is nothing to compare the recipe with.")
    elif not rows:
        st.caption(f"Exactly the preset {name}, on these images.")
    else:
        st.caption(f"The preset {name}, with these changes:")
        _table(rows, "The settings that differ from the preset.")
    with st.expander("All settings", key="run_all_settings"):
        _table(recipe_table.every_setting(run.recipe), "Every setting of this run with its meaning.")


def _table(rows: list[dict[str, str]], alt: str) -> None:
    """A table whose texts are broken into lines where they are long, instead of cut off."""
    shown = [{name: escape_markdown(text) for name, text in row.items()} for row in rows]
    st.table(shown, border="horizontal", hide_index=True, alt=alt)


def _lineage(run: Run) -> None:
    lines, others = history_lines(run), relatives(run)
    if not lines and not others:
        return
    st.subheader("Lineage", anchor=False)
    for line in lines:
        st.markdown(line)
    for other in others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{other.relation} **{escape_markdown(other.name)}**", width="content")
            if other.run is None:
                st.caption("deleted or renamed since")
            elif run_button("Open", "open_relative", other.run, help="The page of that run."):
                open_page("run", name=other.name)


def _files(run: Run, training: bool) -> None:
    st.subheader("Files", anchor=False)
    present = [name for name in (*FILES, RESUME) if _size(run.path / name) is not None]
    frames = run.frames()
    st.caption(
        f"{pluralize(len(present), 'file')} and {pluralize(len(frames), 'picture')} in the folder of the run. The zip "
        "among the actions above holds them all, except for the state that is needed to continue."
    )
    with st.container(horizontal=True, key="run_files"):
        for name in present:
            file = run.path / name
            st.download_button(
                f"{name} · {file_size(_size(file) or 0)}",
                partial(_bytes, file),
                f"{run.name}-{name}",
                key=run_key(f"file_{name}", run),
                on_click="ignore",
                icon=":material/download:",
                disabled=training,
                help=_help(name),
            )


def _help(name: str) -> str:
    meaning = MEANINGS.get(name, "a file of the run")
    return f"{meaning[0].upper()}{meaning[1:]}."


def _size(file: Path) -> int | None:
    """Bytes of a regular file; None where there is none."""
    return file.stat().st_size if file.is_file() and not file.is_symlink() else None


def _bytes(file: Path) -> bytes:
    return file.read_bytes()
