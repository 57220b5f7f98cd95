"""Outliers page: how well a model's scores separate images unlike its training data from test images."""

from __future__ import annotations

import streamlit as st

from core.data import ImageSet
from core.recipes import examples
from core.runs import Run
from ui.outliers import classes, inputs, measures, prediction, scores, steps, views
from ui.outliers.downloads import scores_csv
from ui.outliers.explain import explain
from ui.outliers.inputs import Choice, choice_key
from ui.outliers.scores import Pending, Result
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.page import images_of, page_head
from ui.shared.result_place import ResultPlace
from ui.shared.run_buttons import run_key
from ui.shared.run_picker import NO_PLACE, damaged_runs, pick_run, places_images


def page() -> None:
    """The whole page."""
    address.check_names(("run", "score", "other", "n", "q", "step"))
    steps.adopt()
    with page_head(
        "Outliers",
        "A model should reconstruct images like its training data well and others badly. Mix its test images with "
        "outliers and see whether its score separates them.",
        key="outliers_head",
    ) as head:
        run = pick_run(
            "run", fits=places_images, unfit=NO_PLACE, images=True, best=examples.WITHOUT_8, here="outliers", head=head
        )
    if run is not None:
        _content(run)
    damaged_runs()


def _content(run: Run) -> None:
    """Everything below the head, for one trained run."""
    path, controls = st.container(), st.container()
    place = ResultPlace(
        "outliers_drawn",
        lambda: (run.name, choice_key(run), st.session_state.get(steps.BOX)),
        "Getting the images and their scores …",
    )
    with controls:
        images = images_of(
            run,
            "outliers_data",
            "Without these images there is nothing to compare outliers with.",
            primary=True,
            icon=":material/photo_library:",
            hint="Or choose another model above.",
        )
        if images is not None:
            choice = inputs.controls(run)
            steps.leave_if_changed(run, choice.score, choice.other)
    with path:
        steps.path()
    result = scores.scored(run, choice) if images is not None else None
    if isinstance(result, Pending) and steps.question(result) is None:
        result = scores.waited(result)
    with place.filled():
        if images is not None and result is not None:
            _results(result, choice, images)


def _results(result: Result | Pending | str, choice: Choice, images: ImageSet) -> None:
    """The question of the chosen step, or the progress of the scoring, or the results."""
    if isinstance(result, str):
        st.error(escape_markdown(result), icon=":material/broken_image:")
        return
    if step := steps.question(result):
        prediction.ask(step, result)
        return
    if isinstance(result, Pending):
        scores.show(result, 420)
        return
    if not result.kept:
        st.warning(
            "The cache folder cannot be written to, so these scores are kept only until the lab is closed. Free some "
            "space there, or choose another folder with LATENT_LAB_CACHE.",
            icon=":material/folder_off:",
        )
    steps.finding(result, choice)
    views.board(
        result,
        choice,
        steps.explained(),
        about=steps.about(result),
        repaired=steps.repair_predicted(result),
    )
    _download(result, choice, images)
    views.gallery(result, choice, images)
    measures.measures(result, choice)
    classes.classes(result, choice, images)
    explain(result, choice)


def _download(result: Result, choice: Choice, images: ImageSet) -> None:
    st.download_button(
        "Scores as CSV",
        lambda: scores_csv(result, choice, images),
        f"{result.run.name}-outliers.csv",
        "text/csv",
        key=run_key("outliers_csv", result.run),
        on_click="ignore",
        icon=":material/download:",
        help="A row for each image: its kind, class and scores, and whether it is flagged at the threshold.",
    )
