"""What the Outliers page shows of the scores: histograms with the threshold, and the images themselves."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import data
from core.data import ImageSet
from core.evaluation import outliers
from core.evaluation.outlier_images import KINDS, OutlierSet
from ui.components.gallery.pairs import pairs
from ui.components.outliers.outlier_board import Row, outlier_board
from ui.outliers.inputs import QUANTILE, Choice, objective
from ui.outliers.scores import Result
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.still_image import still

STYLES = {  # kind: (run colour or role, pattern of its bars, dash of its ROC curve)
    "validation": ("muted", "hollow", "solid"),
    "test": ("real", "solid", "solid"),
    "other": (0, "rising", "solid"),
    "inverted": (1, "falling", "dash"),
    "shuffled": (3, "cross", "dashdot"),
    "noise": (4, "dots", "dot"),
}
SHOWN = 18
"""Images of a gallery."""


def colour(kind: str) -> str:
    """The colour of a kind in the visitor's theme."""
    found = STYLES[kind][0]
    return theme.colour(found) if isinstance(found, str) else theme.RUN_COLOURS[theme.mode()][found]


def title(kind: str, bag: OutlierSet) -> str:
    """What a kind of image is called."""
    if kind == "other":
        return data.SOURCES[bag.other].title if bag.other in data.SOURCES else "Another set"
    return {
        "validation": "Validation",
        "test": "Test images",
        "inverted": "Inverted",
        "shuffled": "Shuffled",
        "noise": "Noise",
    }[kind]


def unit(result: Result, score: str) -> str:
    """What a score is, with its unit, for axes."""
    recipe = result.run.recipe
    if score != "objective":
        return "Squared error per pixel"
    return f"{objective(recipe)} ({'squared error' if recipe.likelihood == 'mse' else 'nats'} per image)"


def board(result: Result, choice: Choice) -> None:
    """The histograms: drag the threshold, hover to see who lies there."""
    bag, values = result.bag, result.scored.by(choice.score)
    found = outliers.results_by_kind(values, bag, choice.quantile)

    def moved(percent: float) -> None:
        st.session_state[QUANTILE] = percent

    outlier_board(
        key="outliers_board",
        quantile=100 * choice.quantile,
        on_quantile=moved,
        muted=theme.colour("muted"),
        validation=values[bag.of("validation")],
        title="How the scores are spread; right of the line is flagged",
        unit=unit(result, choice.score) + " · further right: more unusual",
        rows=[
            Row(
                v.kind,
                title(v.kind, bag),
                colour(v.kind),
                STYLES[v.kind][1],
                values[rows := bag.of(v.kind)],
                bag.images[rows],
                result.scored.reconstructions[rows],
                v.auroc,
            )
            for v in found
        ],
    )
    share = next(v.flagged for v in found if v.kind == "test")
    st.caption(
        f"Each row has a height of its own. The threshold is set by validation images alone, "
        f"{len(bag.of('validation')):,} that were held out of training; with it {100 * share:.1f} % of the test "
        "images are false alarms. AUROC: take one image of the row and one test image at random; how often does "
        "the first score higher? 0.5 is guessing, 1 is always."
    )


@st.fragment(key="outliers_gallery")
def gallery(result: Result, choice: Choice, images: ImageSet) -> None:
    """The most and least unusual images of the bag or of one kind, and the one that was clicked."""
    bag, values = result.bag, result.scored.by(choice.score)
    line = outliers.decision_threshold(values[bag.of("validation")], choice.quantile)
    st.subheader("Who stands out, and who slips through", anchor=False)
    kinds = ["test", "outliers", *bag.outliers]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.session_state.setdefault("outliers_kind", "test")
        if st.session_state["outliers_kind"] not in kinds:
            st.session_state["outliers_kind"] = "test"
        kind = st.selectbox(
            "Images",
            kinds,
            key="outliers_kind",
            width=220,
            persist_state="session",
            format_func=lambda k: "All outliers" if k == "outliers" else title(k, bag),
            help="Which images of the bag to look at.",
        )
        order = st.segmented_control(
            "Order",
            ["most", "least"],
            default="most",
            required=True,
            key="outliers_order",
            format_func={"most": "Most unusual", "least": "Least unusual"}.get,
            persist_state="session",
            help="Least unusual outliers are those that slip through.",
        )
    pool = np.concatenate([bag.of(k) for k in (bag.outliers if kind == "outliers" else (kind,))])
    ranked = pool[np.argsort(-values[pool] if order == "most" else values[pool], kind="stable")][:SHOWN]
    place = f"outliers_place_{kind}_{order}"
    chosen = min(st.session_state.get(place, 0), len(ranked) - 1)

    def pick(k: int) -> None:
        st.session_state[place] = k

    left, right = st.columns([5, 3], gap="large")
    with left:
        notes = [(_short(k, bag, images), format_sig(values[k]), bool(values[k] > line)) for k in ranked]
        pairs(
            bag.images[ranked],
            result.scored.reconstructions[ranked],
            notes,
            "outliers_pairs",
            chosen=chosen,
            on_pick=pick,
            name=f"{'Most' if order == 'most' else 'Least'} unusual images with their reconstructions",
        )
        st.caption("▲ flagged by the threshold. Click one to look closer.")
    with right:
        _detail(int(ranked[chosen]), result, choice, images, line)


def _detail(k: int, result: Result, choice: Choice, images: ImageSet, line: float) -> None:
    bag, scored = result.bag, result.scored
    image, copy = bag.images[k], scored.reconstructions[k]
    away = np.abs(image.astype(int) - copy).astype(np.uint8)
    st.markdown(f"**{escape_markdown(_long(k, bag, images))}**")
    still(
        np.stack([image, copy, away]),
        columns=3,
        scale=4,
        alt=f"{_long(k, bag, images)}; its reconstruction; and how far they are apart, pixel by pixel",
    )
    st.caption("The image, its reconstruction, and how far they are apart: bright where the model is wrong.")
    names = {
        "error": unit(result, "error"),
        "objective": unit(result, "objective"),
        "baseline": f"PCA-{outliers.PCA_COMPONENTS} residual",
    }
    test = bag.of("test")
    st.dataframe(
        [
            {
                "Score": names[score],
                "Value": format_sig(scored.by(score)[k]),
                "Above": f"{100 * float((scored.by(score)[test] < scored.by(score)[k]).mean()):.0f} %",
            }
            for score in names
        ],
        hide_index=True,
        key="outliers_detail",
        width="stretch",
        column_config={"Above": st.column_config.TextColumn(help="Share of test images that score lower.")},
        alt="The scores of this image, and the share of test images that score lower",
    )
    flagged = scored.by(choice.score)[k] > line
    st.caption(f"{'Flagged' if flagged else 'Not flagged'}: the threshold lies at {format_sig(line)}.")


def _short(k: int, bag: OutlierSet, images: ImageSet) -> str:
    kind, label = list(KINDS)[bag.kind[k]], int(bag.label[k])
    known = 0 <= label < len(images.classes)
    return images.classes[label] if known else title(kind, bag)


def _long(k: int, bag: OutlierSet, images: ImageSet) -> str:
    kind, label, number = list(KINDS)[bag.kind[k]], int(bag.label[k]), int(bag.number[k])
    if kind == "test":
        return f"Test image {number}" + (f", class {images.classes[label]}" if 0 <= label < len(images.classes) else "")
    return {
        "other": f"Test image {number} of {title('other', bag)}",
        "inverted": f"Test image {number}, inverted",
        "shuffled": f"Test image {number}, its pixels shuffled",
        "noise": f"Noise {number}",
    }[kind]
