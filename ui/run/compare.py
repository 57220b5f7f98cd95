"""Comparison of runs: overlaid curves, results, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.recipes.family import SYMBOLS, unlike_bound
from core.recipes.recipe import Recipe, fields
from core.runs import Run, figures
from core.runs.comparison import histories_csv
from core.runs.shown_weights import shown_evaluation
from ui.charts import gan, losses
from ui.components.charts.curves import curves
from ui.run.bound import bound_fold
from ui.run.figures import COUNTS
from ui.run.pictures import side_by_side
from ui.run.recipe_table import differences, text_of
from ui.shared.formatting import duration, epoch, escape_markdown, format_sig
from ui.shared.recipe_labels import label
from ui.shared.run_colours import by_name
from ui.shared.run_facts import amount
from ui.training_view.controls import view, view_options


def compare(picked: list[Run]) -> None:
    """Pictures, curves and results of these runs; the curves of GANs apart, since they have other losses."""
    if len({run.recipe.source_of_images for run in picked}) > 1:
        st.info(
            "These runs were trained on different images: look at how each one learned and at its pictures. Losses and "
            "test figures are of each run's own images and cannot be compared.",
            icon=":material/difference:",
        )
    side_by_side(picked)
    if models := [run for run in picked if not run.recipe.family.adversarial]:
        _models(models)
    if gans := [run for run in picked if run.recipe.family.adversarial]:
        _gans(gans)


@st.fragment
def _models(picked: list[Run]) -> None:
    names = losses.common_names(run.recipe.family for run in picked)
    bounded = [run for run in picked if losses.has_elbo(run.recipe)]
    if bounded:
        names = {losses.ELBO: figures.NEGATIVE_ELBO} | names
    apart = _apart(picked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        term = st.segmented_control(
            "Curve",
            list(names),
            default=_comparable(names, apart, len(bounded) == len(picked)),
            required=True,
            key="runs_term",
            format_func=names.__getitem__,
            persist_state="session",
            help="The term of the loss to compare. −ELBO: reconstruction + KL at weight 1.",
        )
        with st.popover("View", icon=":material/visibility:", key="runs_view", help="How the curves are drawn."):
            view_options("runs")
        _download(picked, "runs_csv")
    histories = {run.name: losses.with_elbo(run.history(), run.recipe) for run in picked}
    units = " or ".join(sorted({losses.unit(run.recipe.likelihood) for run in picked}))
    curves(
        losses.overlay_chart(
            histories, term, names[term], unit=units, changes=_changes(picked), colours=by_name(picked), **view("runs")
        ),
        key="runs_overlay",
        height=360,
        alt=f"{names[term]} of {', '.join(histories)}.",
    )
    st.caption(f"One colour and number per run. Lower is better. {_about(term, apart, picked)}".strip())
    _table(_results(picked), "Results of the chosen runs and the settings in which they differ.")
    if with_weights := [run for run in picked if run.recipe.variational and run.has_weights]:
        bound_fold(with_weights)


def _comparable(names: dict[str, str], apart: str, bounded: bool) -> str:
    """The curve to begin with: one on the same scale for all runs.

    Args:
        names: of the curves. apart: as of `_apart`. bounded: whether all runs have an ELBO.
    """
    if bounded:
        return losses.ELBO
    return next(name for name in names if name != losses.ELBO and (name != "total" or not apart))


def _about(term: str, apart: str, picked: Sequence[Run]) -> str:
    """What is to be said of a curve: whether the runs can be compared by it."""
    if term == losses.ELBO:
        bounded = [run.recipe.family for run in picked if losses.has_elbo(run.recipe)]
        without = "The other runs have no posterior and therefore none." if len(bounded) < len(picked) else ""
        unlike = next(filter(None, (unlike_bound(family, bounded) for family in bounded)), "")
        about = "The −ELBO is reconstruction + KL at weight 1, whatever β was."
        return " ".join(filter(None, (about, without, unlike)))
    if term == "total" and apart:
        return f"The totals of these runs cannot be compared: they differ in {apart}."
    return ""


def _download(picked: list[Run], key: str) -> None:
    """The button for the curves of all these runs in one table."""
    st.download_button(
        "Download CSV",
        lambda: histories_csv(picked, {run.name: _different_settings(run, picked) for run in picked}),
        "comparison.csv",
        "text/csv",
        key=key,
        on_click="ignore",
        icon=":material/download:",
        help="The curves of all chosen runs in one table, with the settings in which they differ.",
    )


def _weight(name: str, recipe: Recipe) -> float | None:
    return float(recipe.value(name)) if name in recipe.family.weights else None


def _apart(picked: list[Run]) -> str:
    """In what runs differ that puts their totals on different scales: `the images and β`; empty if in nothing."""
    scales: dict[str, Callable[[Recipe], Any]] = {
        "the images": lambda recipe: recipe.source_of_images,
        "the likelihood": lambda recipe: recipe.likelihood,
        "the loss": lambda recipe: [term.title for term in recipe.family.terms],
        **{SYMBOLS.get(name, name): partial(_weight, name) for run in picked for name in run.recipe.family.weights},
        "the number of importance samples": lambda recipe: recipe.draws_per_image,
    }
    found = [name for name, of in scales.items() if any(of(run.recipe) != of(picked[0].recipe) for run in picked)]
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


@st.fragment
def _gans(picked: list[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.segmented_control(
            "Curve of the GANs",
            list(gan.COLUMNS),
            default="val_frechet",
            required=True,
            key="runs_gan_term",
            format_func=gan.COLUMNS.__getitem__,
            persist_state="session",
            help="The curve to compare.",
        )
        with st.popover("View", icon=":material/visibility:", key="runs_gan_view", help="How the curves are drawn."):
            view_options("runs_gan")
        _download(picked, "runs_gan_csv")
    histories = {run.name: run.history() for run in picked}
    curves(
        gan.overlay_chart(histories, column, changes=_changes(picked), colours=by_name(picked), **view("runs_gan")),
        key="runs_gan_overlay",
        height=360,
        alt=f"{gan.COLUMNS[column]} of {', '.join(histories)}.",
    )
    st.caption(
        "One colour, line style and number per run. Fréchet distances can be compared only for the same images. Losses "
        "can hardly be compared: each is measured against another opponent."
    )
    _table(
        _gan_results(picked),
        "Results of the chosen GANs, before and after, and the settings in which they differ.",
    )


def _table(results: list[dict[str, str]], alt: str) -> None:
    """A column for each run and a line for each figure that one of them has: nothing has to be scrolled sideways, and
    what is to be compared stands side by side."""
    results = [_with_images_first(row) for row in results]
    names = [name for name in results[0] if name != "Run" and any(row[name] != "–" for row in results)]
    st.table(
        [{"": name, **{escape_markdown(row["Run"]): escape_markdown(row[name]) for row in results}} for name in names],
        border="horizontal",
        hide_index=True,
        alt=alt,
    )


def _gan_results(picked: list[Run]) -> list[dict]:
    """One row per GAN: its figures on the test set beside those of the decoder it started from."""
    rows = []
    for run in picked:
        test = shown_evaluation(run) or {}
        before = test.get("before") or {}
        rows.append(
            {
                "Run": run.name,
                "Epochs": f"{epoch(run.status['epoch'])} of {run.epochs:,}",
                "Best Fréchet distance": _cell(figures.best(run)),
                "in epoch": epoch(run.status.get("best_epoch")),
                "Last Fréchet distance": _cell(figures.last(run)),
                "Tested weights, of epoch": epoch(test.get("epoch")),
                "Test Fréchet distance": format_sig(test.get("frechet")),
                "before": format_sig(before.get("frechet")),
                "Sharpness": format_sig(test.get("sharpness")),
                "sharpness before": format_sig(before.get("sharpness")),
                "Classes covered": format_sig(test.get("modes")),
                "Test MSE per pixel": format_sig(test.get("mse")),
                "MSE before": format_sig(before.get("mse")),
                "Time": duration(run.status["seconds"]),
            }
            | _different_settings(run, picked)
        )
    return rows


def _different_settings(run: Run, picked: list[Run]) -> dict[str, str]:
    """This run's values of the settings in which the chosen runs differ, the settings that were changed while one of
    them trained included; – where a setting has no effect."""
    changed = {change["field"] for one in picked for change in one.status["changes"]}
    names = [f.name for f in fields() if f.name in {*differences([one.recipe for one in picked]), *changed}]
    return {label(name): _with_changes(name, run) for name in names if name != "epochs"}


def _with_images_first(row: dict[str, str]) -> dict[str, str]:
    """A run's column with what it was trained on at its head, where that is not the same for all."""
    images = label("dataset")
    return {name: row[name] for name in ("Run", images) if name in row} | row


def _with_changes(name: str, run: Run) -> str:
    """A setting's value, followed by those it was changed to during the training: `4 → 20`."""
    later = [f"{change['new']:g}" for change in run.status["changes"] if change["field"] == name]
    return " → ".join([text_of(name, run.recipe), *later])


def _changes(picked: list[Run]) -> dict[str, list[dict]]:
    return {run.name: run.status["changes"] for run in picked}


def _results(picked: list[Run]) -> list[dict]:
    """One row per run: its results, then the settings in which the chosen runs differ."""
    rows = []
    in_bits = any(run.recipe.bits_per_dim(0.0) is not None for run in picked)
    for run in picked:
        status = run.status
        test, of_epoch = figures.by_key(figures.of_test(run)), (run.evaluation() or {}).get("epoch")
        rows.append(
            {
                "Run": run.name,
                "Epochs": f"{epoch(status['epoch'])} of {run.epochs:,}",
                "Best validation total": _cell(figures.best(run)),
                "Tested weights, of epoch": epoch(of_epoch),
                "Test total": _cell(test.get("total", test.get("negative_elbo"))),
                "Test −ELBO": _cell(test.get("negative_elbo")),
                "Test reconstruction": _cell(test.get("recon")),
                "Test KL": _cell(test.get("kl")),
                "Active units": _cell(test.get("active_units")),
                **({"Test bits per dimension": _cell(test.get("bits_per_dim"))} if in_bits else {}),
                "Test MSE per pixel": _cell(test.get("mse")),
                "Time": duration(status["seconds"]),
                "Images/s": format_sig(status.get("images_per_second")),
                "Parameters": format_sig(status.get("parameters")),
            }
            | _different_settings(run, picked)
        )
    return rows


def _cell(figure: figures.Figure | None) -> str:
    """A figure with its unit, and with its weights where it is an objective: units and β differ from row to row."""
    if figure is None:
        return "–"
    unit = figure.unit.removesuffix(" per image").removeprefix("per pixel").removeprefix("bits")
    weights = figure.name[figure.name.index("(") :] if figure.key.endswith("total") and "(" in figure.name else ""
    value = f"{figure.value:g}" if figure.key in COUNTS else amount(figure)
    return " ".join(filter(None, (value, unit, weights)))
