"""Histograms of the scores with the threshold, and the most and least unusual images, on the Outliers page."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation import outliers
from core.evaluation.outlier_images import KINDS, OutlierSet
from ui.charts.losses import unit as loss_unit
from ui.components.gallery.pairs import pairs
from ui.components.outliers.outlier_board import Row, outlier_board
from ui.outliers.inputs import QUANTILE, Choice, objective_name, scores_of
from ui.outliers.scores import Result
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.pointer import touch_or
from ui.shared.still_image import still

STYLES: dict[str, tuple[str | int, str, str]] = {
    "validation": ("muted", "hollow", "solid"),
    "test": ("real", "solid", "solid"),
    "left-out": (5, "lines", "longdash"),
    "other": (0, "rising", "solid"),
    "inverted": (1, "falling", "dash"),
    "shuffled": (3, "cross", "dashdot"),
    "noise": (4, "dots", "dot"),
}
"""For each kind of image: its colour (a role, or the number of a run colour), pattern of its bars, dash of its ROC
curve."""

SHOWN = 18
"""Images in the gallery."""


def colour(kind: str) -> str:
    """The colour of a kind of image in the visitor's theme."""
    found = STYLES[kind][0]
    return theme.colour(found) if isinstance(found, str) else theme.RUN_COLOURS[theme.mode()][found]


def title(kind: str, outlier_set: OutlierSet) -> str:
    """The heading of a kind of image."""
    if kind == "other":
        return data.SOURCES[outlier_set.other].title if outlier_set.other in data.SOURCES else "Other data set"
    return {
        "validation": "Validation",
        "test": "Test images",
        "left-out": "Classes left out",
        "inverted": "Inverted",
        "shuffled": "Shuffled",
        "noise": "Noise",
    }[kind]


LESS = {"corrected": "pixel entropy", "complexity": "PNG size"}
"""What scores subtract from the objective."""


def unit(result: Result, score: str) -> str:
    """Name and unit of a score, for axes."""
    recipe = result.run.recipe
    if score == "error":
        return "Squared error per pixel"
    name = objective_name(recipe)
    name = {"objective": name, "typicality": f"|{name} − its mean|"}.get(score) or f"{name} − {LESS[score]}"
    return f"{name} ({loss_unit(recipe.likelihood)} per image)"


def board(
    result: Result,
    choice: Choice,
    explained: Collection[str] = (),
    *,
    about: Collection[str] = (),
    repaired: bool = True,
) -> None:
    """Histograms of the scores. The visitor drags the threshold, and hovers to see the images at a score.

    Args:
        about: kinds of outliers that are compared with the test images, which the axis resolves; by default all kinds.
        explained: kinds of outliers whose low AUROC is explained elsewhere. repaired: whether the AUROC of the
            complexity-corrected score may be told beside that of the score that it corrects.
    """
    outlier_set, values = result.outlier_set, result.scores.by(choice.score)
    found = outliers.results_by_kind(values, outlier_set, choice.quantile)

    def moved(percent: float) -> None:
        st.session_state[QUANTILE] = percent

    beyond = outlier_board(
        key="outliers_board",
        about=("validation", "test", *about) if about else (),
        quantile=100 * choice.quantile,
        on_quantile=moved,
        muted=theme.colour("muted"),
        validation=values[outlier_set.of("validation")],
        title="Distribution of the scores; images right of the line are flagged",
        unit=unit(result, choice.score) + " · higher: more unusual",
        rows=[
            Row(
                v.kind,
                title(v.kind, outlier_set),
                colour(v.kind),
                STYLES[v.kind][1],
                values[rows := outlier_set.of(v.kind)],
                outlier_set.images[rows],
                result.scores.reconstructions[rows],
                v.auroc,
                v.interval,
            )
            for v in found
        ],
    )
    share = next(v.flagged for v in found if v.kind == "test")
    told = " Each image gets the class that explains it best." if result.run.recipe.family.conditional else ""
    names = escape_markdown(" and ".join(title(kind, outlier_set) for kind in ("test", *about)))
    ends = f"The axis spans the scores of {names}; numbers at its ends count the images beyond. " if beyond else ""
    st.caption(
        f"{ends}Rows are scaled separately. The threshold is a quantile of the scores of "
        f"{len(outlier_set.of('validation')):,} validation images, which were held out of training; with it "
        f"{100 * share:.1f} % of the test images are false alarms. AUROC: the probability that a random image of the "
        "row scores higher than a random test image, with its 95 % interval. 0.5 is guessing, 1 is perfect."
        f"{told}"
    )
    _below_half([v for v in found if v.kind not in explained], result, choice, repaired)


def area_text(area: float, interval: tuple[float, float]) -> str:
    """An AUROC with its interval; a dash where there is none."""
    return "–" if math.isnan(area) else f"{area:.2f} ({interval[0]:.2f}–{interval[1]:.2f})"


def _below_half(found: list[outliers.KindResult], result: Result, choice: Choice, repaired: bool) -> None:
    """A message for each kind of outlier that scores lower than the test images, with the reason and the remedy."""
    recipe = result.run.recipe
    for v in found:
        if not v.auroc < 0.5:
            continue
        why = outliers.why_typical(choice.score, v.kind, result.scores, result.outlier_set)
        remedy = ""
        if choice.score == "objective" and "corrected" in scores_of(recipe):
            corrected = outliers.results_by_kind(result.scores.corrected, result.outlier_set, choice.quantile)
            then = next(c.auroc for c in corrected if c.kind == v.kind)
            told = f"; its AUROC is {then:.2f}" if repaired else ""
            remedy = f" The complexity-corrected score subtracts the entropy of the pixels{told}."
        name = title(v.kind, result.outlier_set)
        area = area_text(v.auroc, v.interval)
        st.warning(
            f"**{name}: AUROC {area}, below 0.5.** The model finds these images *more* typical "
            f"than its own test images{f', because {why}' if why else ''}.{remedy}",
            icon=":material/swap_horiz:",
        )


@st.fragment(key="outliers_gallery")
def gallery(result: Result, choice: Choice, images: ImageSet) -> None:
    """The most or least unusual images of one kind or of all outliers, and details of the selected one."""
    outlier_set, values = result.outlier_set, result.scores.by(choice.score)
    threshold = outliers.decision_threshold(values[outlier_set.of("validation")], choice.quantile)
    st.subheader("Most and least unusual images", anchor=False)
    kinds = ["test", "outliers", *outlier_set.outliers]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="outliers_sorting"):
        st.session_state.setdefault("outliers_kind", "test")
        if st.session_state["outliers_kind"] not in kinds:
            st.session_state["outliers_kind"] = "test"
        kind = st.selectbox(
            "Images",
            kinds,
            key="outliers_kind",
            width=220,
            persist_state="session",
            format_func=lambda k: "All outliers" if k == "outliers" else title(k, outlier_set),
            help="The kind of images to show.",
        )
        order = st.segmented_control(
            "Order",
            ["most", "least"],
            default="most",
            required=True,
            key="outliers_order",
            format_func={"most": "Most unusual", "least": "Least unusual"}.__getitem__,
            persist_state="session",
            help="The least unusual outliers are those the score misses.",
        )
    pool = np.concatenate([outlier_set.of(k) for k in (outlier_set.outliers if kind == "outliers" else (kind,))])
    ranked = pool[np.argsort(-values[pool] if order == "most" else values[pool], kind="stable")][:SHOWN]
    place = f"outliers_place_{kind}_{order}"
    chosen = min(st.session_state.get(place, 0), len(ranked) - 1)

    def pick(k: int) -> None:
        st.session_state[place] = k

    left, right = st.columns([5, 3], gap="large")
    with left:
        notes = [(_short(k, outlier_set, images), format_sig(values[k]), bool(values[k] > threshold)) for k in ranked]
        pairs(
            outlier_set.images[ranked],
            result.scores.reconstructions[ranked],
            notes,
            "outliers_pairs",
            chosen=chosen,
            on_pick=pick,
            name=f"{'Most' if order == 'most' else 'Least'} unusual images with their reconstructions",
        )
        st.caption(f"▲: flagged by the threshold. {touch_or('Tap', 'Click')} an image to see its details.")
    with right:
        _detail(int(ranked[chosen]), result, choice, images, threshold)


def _detail(k: int, result: Result, choice: Choice, images: ImageSet, threshold: float) -> None:
    outlier_set, scores = result.outlier_set, result.scores
    image, reconstruction = outlier_set.images[k], scores.reconstructions[k]
    difference = np.abs(image.astype(int) - reconstruction).astype(np.uint8)
    st.markdown(f"**{escape_markdown(_long(k, outlier_set, images))}**")
    still(
        np.stack([image, reconstruction, difference]),
        columns=3,
        scale=4,
        alt=f"{_long(k, outlier_set, images)}; its reconstruction; and their absolute difference, pixel by pixel",
    )
    st.caption("The image, its reconstruction, and their absolute difference: bright where the model is wrong.")
    names = {score: unit(result, score) for score in scores_of(result.run.recipe)}
    names["baseline"] = f"PCA-{outliers.PCA_COMPONENTS} residual"
    test = outlier_set.of("test")
    st.table(
        [
            {
                "Score": names[score],
                "Value": format_sig(scores.by(score)[k]),
                "Test images below": f"{100 * float((scores.by(score)[test] < scores.by(score)[k]).mean()):.0f} %",
            }
            for score in names
        ],
        hide_index=True,
        border="horizontal",
        alt="The scores of this image, and the share of test images that score lower",
    )
    flagged = scores.by(choice.score)[k] > threshold
    st.caption(f"{'Flagged' if flagged else 'Not flagged'}: the threshold is {format_sig(threshold)}.")


def _short(k: int, outlier_set: OutlierSet, images: ImageSet) -> str:
    kind, label = list(KINDS)[outlier_set.kind[k]], int(outlier_set.label[k])
    return images.classes[label] if 0 <= label < len(images.classes) else title(kind, outlier_set)


def _long(k: int, outlier_set: OutlierSet, images: ImageSet) -> str:
    kind, label, number = list(KINDS)[outlier_set.kind[k]], int(outlier_set.label[k]), int(outlier_set.number[k])
    if kind == "test":
        return f"Test image {number}" + (f", class {images.classes[label]}" if 0 <= label < len(images.classes) else "")
    if kind == "left-out":
        return f"An image of class {images.classes[label]}, which the model was trained without"
    return {
        "other": f"Test image {number} of {title('other', outlier_set)}",
        "inverted": f"Test image {number}, inverted",
        "shuffled": f"Test image {number}, its pixels shuffled",
        "noise": f"Noise image {number}",
    }[kind]
