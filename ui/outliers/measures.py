"""ROC curves and AUROC on the Outliers page, beside other runs and a PCA baseline."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core import runs
from core.evaluation import outliers
from ui.charts.decimate import decimate
from ui.outliers import scores
from ui.outliers.inputs import Choice
from ui.outliers.scores import Pending, Result
from ui.outliers.views import STYLES, area_text, colour, title
from ui.shared.default_run import preferred
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import images_key
from ui.shared.run_picker import places_images

MAX_OTHER_RUNS = 5
"""Runs compared with the first one, at most."""


EASY = 0.995
"""AUROC from which a ROC curve is not drawn: it would run along the left and the upper edge."""


@st.fragment(key="outliers_measures")
def measures(result: Result, choice: Choice) -> None:
    """ROC curves of this run, and a table of the AUROC of this run, other runs and the baseline."""
    outlier_set = result.outlier_set
    st.subheader("How well the score separates outliers", anchor=False)
    left, right = st.columns([1, 1], gap="large")
    with left:
        found = outliers.results_by_kind(result.scores.by(choice.score), outlier_set, choice.quantile)
        found = [v for v in found if v.kind in outlier_set.outliers]
        drawn = [v for v in found if not v.auroc >= EASY]
        if len(drawn) < len(found):
            st.markdown(_easy([title(v.kind, outlier_set) for v in found if v not in drawn], alone=not drawn))
        if drawn:
            _roc(result, choice, drawn)
    with right:
        _table(result, choice)


def _easy(names: list[str], alone: bool) -> str:
    """Why the curves of these kinds are not drawn. alone: whether there are no others."""
    kinds = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    told = f"**{escape_markdown(kinds)}**: AUROC {EASY:g} or more. Nearly all are found without a false alarm"
    if alone:
        return f"{told}, so there is no curve to look at. Choose outliers that are more like the training images."
    return f"{told}, so {'their curves are' if len(names) > 1 else 'the curve is'} left out."


def _roc(result: Result, choice: Choice, drawn: list[outliers.KindResult]) -> None:
    """The ROC curves of some kinds of outliers with what they mean."""
    words = ", ".join(f"{title(v.kind, result.outlier_set)} {v.auroc:.2f}" for v in drawn)
    st.plotly_chart(
        roc_chart(result, choice, [v.kind for v in drawn]),
        key="outliers_roc",
        width="stretch",
        config={"displayModeBar": False},
        alt=f"ROC curves. Area under each: {words}.",
    )
    st.caption(
        "As the threshold falls, more outliers are found, and more test images become false alarms. The nearer a "
        "curve comes to the upper left corner, the better; the diagonal is guessing. The area under a curve is its "
        "AUROC. The ring marks the current threshold."
    )


def roc_chart(result: Result, choice: Choice, kinds: Sequence[str]) -> go.Figure:
    """A ROC curve for each of these kinds of outliers, with a ring at the current threshold."""
    outlier_set, values = result.outlier_set, result.scores.by(choice.score)
    inliers, threshold = (
        values[outlier_set.of("test")],
        outliers.decision_threshold(values[outlier_set.of("validation")], choice.quantile),
    )
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": colour("validation"), "width": 1},
    )
    for kind in kinds:
        outlier_values = values[outlier_set.of(kind)]
        x, y = decimate(*outliers.roc(inliers, outlier_values), most=200)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=f"{title(kind, outlier_set)} {outliers.auroc(inliers, outlier_values):.2f}",
            line={"color": colour(kind), "width": 2.5, "dash": STYLES[kind][2]},
            hovertemplate="%{x:.1%} false alarms, %{y:.1%} found<extra></extra>",
        )
        figure.add_scatter(
            x=[float((inliers > threshold).mean())],
            y=[float((outlier_values > threshold).mean())],
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            cliponaxis=False,
            marker={"symbol": "circle-open", "size": 11, "color": colour(kind), "line": {"width": 2}},
        )
    figure.update_layout(
        height=380,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="roc",
        legend={"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
    )
    figure.update_xaxes(
        title="False alarms (share of test images)",
        range=[-0.02, 1.02],
        tickformat=".0%",
        fixedrange=True,
        zeroline=False,
    )
    figure.update_yaxes(title="Outliers found", range=[-0.02, 1.02], tickformat=".0%", fixedrange=True, zeroline=False)
    return figure


def _table(result: Result, choice: Choice) -> None:
    run = result.run
    others = {
        other.name: other
        for other in preferred(runs.list_runs())
        if not other.error
        and other.has_weights
        and other.name != run.name
        and images_key(other) == images_key(run)
        and places_images(other)
    }
    compared = (
        st.multiselect(
            "Compare with",
            list(others),
            key=f"outliers_beside_{run.name}",
            max_selections=MAX_OTHER_RUNS,
            persist_state="session",
            placeholder="Other runs on these images",
            format_func=lambda name: f"{name} · {others[name].summary()}",
            help="The same images, scored by other models. A model without an encoder needs a search for each image, "
            "which takes longer.",
        )
        if others
        else []
    )
    columns = {_heading(run.name): _column(result, choice.score, choice)}
    waiting = []
    for name in compared:
        other = scores.scored(others[name], choice, beside=True)
        if isinstance(other, Result):
            columns[_heading(name)] = _column(other, choice.score, choice)
        elif isinstance(other, Pending):
            waiting.append(other)
        else:
            st.warning(escape_markdown(other))
    columns[f"PCA-{outliers.PCA_COMPONENTS}"] = _column(result, "baseline", choice)
    kinds = [title(kind, result.outlier_set) for kind in result.outlier_set.outliers]
    st.table(
        {"AUROC of": [*kinds, "False alarms"], **columns},
        hide_index=True,
        border="horizontal",
        alt="AUROC of each kind of outlier with its 95 % interval, by each model and by the PCA baseline",
    )
    st.caption(
        "In brackets: 95 % interval. "
        f"PCA-{outliers.PCA_COMPONENTS}: the reconstruction error from {outliers.PCA_COMPONENTS} principal components "
        "of the training images, without any network. A model that does not beat it has learned little that helps to "
        "find outliers. Noise, inverted and shuffled images are easy for nearly every model; another data set is the "
        "real test."
    )
    for pending in waiting:
        scores.show(pending, 210)


def _heading(name: str) -> str:
    """A run's name as the heading of a column."""
    return escape_markdown(name)


def _column(result: Result, score: str, choice: Choice) -> list[str]:
    """The AUROC of each kind of outlier, and the share of false alarms."""
    found = {v.kind: v for v in outliers.results_by_kind(result.scores.by(score), result.outlier_set, choice.quantile)}
    areas = [area_text(found[kind].auroc, found[kind].interval) for kind in result.outlier_set.outliers]
    return [*areas, f"{100 * found['test'].flagged:.1f} %"]
