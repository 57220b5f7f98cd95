"""Four steps through outlier detection on the Outliers page: easy, plausible, paradox, repair.

A step chooses a run, a score and the outliers, and lets the visitor predict the AUROC; its finding is computed from
the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import data, runs
from core.evaluation import outliers
from core.runs import Run
from ui.outliers import prediction
from ui.outliers.inputs import COMPLAINTS, NO_OTHER, Choice, scores_of
from ui.outliers.scores import Pending, Result
from ui.outliers.views import area_text
from ui.shared import address
from ui.shared.default_run import preferred
from ui.shared.formatting import escape_markdown
from ui.shared.run_picker import places_images, set_run

BOX = "outliers_step"
"""Key in the session state: the chosen step, or None."""

TITLES = {"easy": "1 Easy", "plausible": "2 Plausible", "paradox": "3 Paradox", "repair": "4 Repair"}

CLOTHES, DIGITS = "fashion-mnist", "mnist"
"""Data sets of the paradox: a model of the first finds images of the second more typical than its own."""

MISSING = {
    "easy": "This step needs a model that encodes images. Train one first.",
    "plausible": "This step needs a model that was trained without some classes, and its images. Train one with "
    "“Classes to leave out” set.",
    "paradox": "This step needs a model of FashionMNIST with the Bernoulli likelihood, and the images of FashionMNIST "
    "and MNIST. Download both on the Data page, then train a VAE on FashionMNIST.",
}
MISSING["repair"] = MISSING["paradox"]


@dataclass(frozen=True)
class Plan:
    """What a step chooses: a run, a score, and the other data set or `NO_OTHER`."""

    run: Run
    score: str
    other: str


def adopt() -> None:
    """Carry out the step that the address names, when the page is opened. Call it before the controls are drawn."""
    if BOX in st.session_state:
        return
    asked = address.get("step")
    st.session_state[BOX] = asked if asked in TITLES else None
    if asked is not None and asked not in TITLES:
        address.refuse("step", f"The address names a step that does not exist. Allowed: {', '.join(TITLES)}.")
    elif asked is not None and not {"run", "score", "other"} & set(st.query_params):
        found = plan(asked)
        if found is not None:
            address.put("run", found.run.name)
            _set(found)


def path() -> None:
    """The steps, as one row of buttons."""
    st.segmented_control(
        "Outlier detection in four steps",
        list(TITLES),
        key=BOX,
        label_visibility="collapsed",
        persist_state="session",
        format_func=TITLES.__getitem__,
        on_change=_carry_out,
        help="Each step chooses a model, a score and outliers, and says what to look at.",
    )
    step = st.session_state[BOX]
    address.put("step", step)
    if step and plan(step) is None:
        st.info(MISSING[step], icon=":material/info:")


def leave_if_changed(run: Run, score: str, other: str) -> None:
    """End the step where the visitor has chosen something else. Call it before `path`."""
    step = st.session_state.get(BOX)
    found = plan(step) if step else None
    if found and (found.run.name, found.score, found.other) != (run.name, score, other or NO_OTHER):
        st.session_state[BOX] = None


def plan(step: str) -> Plan | None:
    """What a step chooses; None where the model or the images are missing."""
    ready = {name for name, status in data.status().items() if status.ready}
    usable = [
        run
        for run in preferred((run for run in runs.list_runs() if not run.error and places_images(run)), images=True)
        if run.has_weights and (run.recipe.dataset in ready or run.recipe.dataset == "folder")
    ]
    if step == "easy":
        found = [run for run in usable if not run.recipe.without_classes and run.recipe.has_encoder]
        return Plan(found[0], "error", NO_OTHER) if found else None
    if step == "plausible":
        found = [run for run in usable if run.recipe.without_classes]
        return Plan(found[0], "error", NO_OTHER) if found else None
    clothes = [run for run in usable if run.recipe.dataset == CLOTHES and "corrected" in scores_of(run.recipe)]
    found = [run for run in clothes if run.recipe.variational] or clothes
    if not found or DIGITS not in ready:
        return None
    return Plan(found[0], "objective" if step == "paradox" else "corrected", DIGITS)


def _carry_out() -> None:
    """Set the controls as the chosen step wants them."""
    step = st.session_state[BOX]
    found = plan(step) if step else None
    if found is None:
        return
    st.session_state.pop(COMPLAINTS, None)
    set_run(found.run.name)
    _set(found)


def _set(found: Plan) -> None:
    st.session_state["outliers_score"] = found.score
    st.session_state[f"outliers_other_{found.run.recipe.dataset}"] = found.other


def question(result: Result | Pending) -> str | None:
    """The chosen step where its question is to be answered before the scores are shown; meanwhile the images are
    scored. None where there is nothing to predict, or the visitor has predicted it."""
    step: str | None = st.session_state.get(BOX)
    return step if step and plan(step) is not None and not prediction.made(step, result) else None


def finding(result: Result, choice: Choice) -> None:
    """What was predicted for the chosen step, what the scores say, and what to look at."""
    step = st.session_state.get(BOX)
    if not step or plan(step) is None:
        return
    text = {"easy": _easy, "plausible": _plausible, "paradox": _paradox, "repair": _repair}[step](result, choice)
    said = prediction.verdict(step, result, choice)
    if text:
        st.info(f"{said}\n\n{text}" if said else text, icon=":material/school:")


def explained() -> tuple[str, ...]:
    """The kinds of outliers whose low AUROC the finding of the chosen step explains."""
    step = st.session_state.get(BOX)
    return ("other",) if step == "paradox" and plan(step) is not None else ()


def about(result: Result) -> tuple[str, ...]:
    """The kinds of outliers that the chosen step compares with the test images; empty for all."""
    step = st.session_state.get(BOX)
    return prediction.kinds_of(step, result.outlier_set) if step in ("plausible", "paradox", "repair") else ()


def repair_predicted(result: Result) -> bool:
    """Whether the AUROC of the corrected score can be told: there is no prediction of it to make, or it was made."""
    found = plan("repair")
    return found is None or found.run.name != result.run.name or prediction.made("repair", result)


def _found(result: Result, score: str, choice: Choice) -> dict[str, outliers.KindResult]:
    values = result.scores.by(score)
    return {v.kind: v for v in outliers.results_by_kind(values, result.outlier_set, choice.quantile)}


def _easy(result: Result, choice: Choice) -> str:
    kinds = result.outlier_set.outliers
    lowest, plain = (
        min(_found(result, score, choice)[kind].auroc for kind in kinds) for score in (choice.score, "baseline")
    )
    return (
        "Noise, shuffled pixels and inverted images are unlike anything in the training data. Compare their "
        f"histograms with that of the test images. The lowest AUROC of the three is {lowest:.2f}. PCA, without any "
        f"network, reaches {plain:.2f}, so such outliers say little about how good a model is."
    )


def _plausible(result: Result, choice: Choice) -> str:
    found = _found(result, choice.score, choice)
    if "left-out" not in found:
        return ""
    own, names = found["left-out"], escape_markdown(result.run.recipe.without_classes)
    plain = _found(result, "baseline", choice)["left-out"].auroc
    return (
        f"The model was trained without the class {names}, but these images are made of the same strokes as the "
        f"others. Look how far the two histograms overlap. The AUROC is {area_text(own.auroc, own.interval)}, that of "
        f"PCA {plain:.2f}. The threshold flags {100 * own.flagged:.0f} % of the left-out images and "
        f"{100 * found['test'].flagged:.0f} % of the test images."
    )


def _paradox(result: Result, choice: Choice) -> str:
    found = _found(result, choice.score, choice)
    if "other" not in found:
        return ""
    own = found["other"]
    why = outliers.why_typical(choice.score, "other", result.scores, result.outlier_set)
    return (
        "The model was trained on clothes, and the outliers are handwritten digits. Look on which side of the test "
        f"images they lie. The AUROC is {area_text(own.auroc, own.interval)}. "
        + (
            f"By its likelihood the model finds digits *more* typical than clothes{f', because {why}' if why else ''}."
            if own.interval[1] < 0.5
            else "This model does not show the paradox."
        )
    )


def _repair(result: Result, choice: Choice) -> str:
    before, after = (_found(result, score, choice) for score in ("objective", "corrected"))
    if "other" not in after:
        return ""
    own = after["other"]
    return (
        "Model and images are the same as before. From each score the entropy of the image’s own pixels is subtracted, "
        "the least value that any decoder could reach. Look where the digits lie now. The AUROC was "
        f"{before['other'].auroc:.2f} and is now {area_text(own.auroc, own.interval)}.\n\n{_others(result, choice)}"
    )


def _others(result: Result, choice: Choice) -> str:
    """What two other published repairs do on the same images, as measured."""
    typical, minus = (_found(result, score, choice) for score in ("typicality", "complexity"))
    test, other = (-result.scores.size[result.outlier_set.of(kind)] for kind in ("test", "other"))
    return (
        "Two other repairs on the same images: *Typicality* (Nalisnick et al. 2019) comes to "
        f"{area_text(typical['other'].auroc, typical['other'].interval)}, *Minus PNG size* (Serrà et al. 2020) to "
        f"{area_text(minus['other'].auroc, minus['other'].interval)}. Of the second, the file size alone, without any "
        f"model, reaches {outliers.auroc(test, other):.2f}; and for noise the score has an AUROC of "
        f"{minus['noise'].auroc:.2f}, since noise does not compress. One number against one set proves no repair."
    )
