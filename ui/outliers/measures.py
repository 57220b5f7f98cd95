"""The measurements of the Outliers page: ROC curves, AUROC beside the baseline and other runs, classes, the depth."""

from __future__ import annotations

import inspect
import math

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import runs
from core.data import ImageSet
from core.evaluation import outliers
from core.runs import Run
from core.system import cache
from ui.charts.decimate import decimate
from ui.outliers import scores as results
from ui.outliers.inputs import Choice, objective
from ui.outliers.scores import Pending, Result
from ui.outliers.views import STYLES, colour, title, unit
from ui.shared.formatting import escape_markdown, format_sig, pluralize

MOST = 5
"""Runs laid beside the first one, at most."""


@st.fragment(key="outliers_measures")
def measures(result: Result, choice: Choice) -> None:
    """ROC curves of this run, and the AUROC of this and other runs beside the baseline."""
    bag = result.bag
    st.subheader("How well the score tells them apart", anchor=False)
    left, right = st.columns([1, 1], gap="large")
    with left:
        found = outliers.results_by_kind(result.scored.by(choice.score), bag, choice.quantile)
        words = ", ".join(f"{title(v.kind, bag)} {v.auroc:.3f}" for v in found if v.kind in bag.outliers)
        st.plotly_chart(
            roc_chart(result, choice),
            key="outliers_roc",
            width="stretch",
            config={"displayModeBar": False},
            alt=f"ROC curves. Area under each: {words}.",
        )
        st.caption(
            "Move the threshold from high to low: how many outliers are found, at the price of how many false "
            "alarms among the test images. The nearer to the upper left corner the better; the diagonal is "
            "guessing, and the area under a curve is its AUROC. The ring is the threshold of now."
        )
    with right:
        _table(result, choice)


def roc_chart(result: Result, choice: Choice) -> go.Figure:
    """A curve for each kind of outlier, with a ring where the threshold is."""
    bag, values = result.bag, result.scored.by(choice.score)
    inliers, line = values[bag.of("test")], outliers.decision_threshold(values[bag.of("validation")], choice.quantile)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": colour("validation"), "width": 1},
    )
    for kind in bag.outliers:
        strange = values[bag.of(kind)]
        x, y = decimate(*outliers.roc(inliers, strange), most=200)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=f"{title(kind, bag)} {outliers.auroc(inliers, strange):.3f}",
            line={"color": colour(kind), "width": 2.5, "dash": STYLES[kind][2]},
            hovertemplate="%{x:.1%} false alarms, %{y:.1%} found<extra></extra>",
        )
        figure.add_scatter(
            x=[float((inliers > line).mean())],
            y=[float((strange > line).mean())],
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
        for other in runs.list_runs()
        if not other.error and other.has_weights and other.name != run.name and _same_images(other, run)
    }
    picked = (
        st.multiselect(
            "Beside it",
            list(others),
            key=f"outliers_beside_{run.name}",
            max_selections=MOST,
            persist_state="session",
            placeholder="Other runs on these images",
            format_func=lambda name: f"{name} · {others[name].recipe.summary()}",
            help="The same bag, scored by other models. An auto-decoder searches for each image's "
            "place, which takes a while.",
        )
        if others
        else []
    )
    rows = [_row(run.name, result, choice.score, choice)]
    waiting = []
    for name in picked:
        other = results.scored(others[name], choice)
        if isinstance(other, Result):
            rows.append(_row(name, other, choice.score, choice))
        elif isinstance(other, Pending):
            waiting.append(other)
        else:
            st.warning(escape_markdown(other))
    rows.append(_row(f"PCA-{outliers.PCA_COMPONENTS} baseline", result, "baseline", choice))
    st.dataframe(
        rows,
        hide_index=True,
        key="outliers_table",
        width="stretch",
        alt="AUROC of each kind of outlier, by each model and by the PCA baseline",
        column_config={"AUROC by": st.column_config.TextColumn(width=128)}
        | {
            title(kind, result.bag): st.column_config.NumberColumn(format="%.3f", width=108 if kind == "other" else 72)
            for kind in result.bag.outliers
        },
    )
    st.caption(
        f"PCA-{outliers.PCA_COMPONENTS}: the error that is left when an image is drawn from {outliers.PCA_COMPONENTS} "
        "principal components of the training images. It has learned nothing about shapes, so a model that does "
        "not beat it has little to say about outliers. Noise, inverted and shuffled images are easy for nearly "
        "every model; another data set is the test that counts."
    )
    for pending in waiting:
        results.show(pending, 210)


def _row(name: str, result: Result, score: str, choice: Choice) -> dict:
    found = {v.kind: v for v in outliers.results_by_kind(result.scored.by(score), result.bag, choice.quantile)}
    return (
        {"AUROC by": name}
        | {title(kind, result.bag): found[kind].auroc for kind in result.bag.outliers}
        | {"False alarms": f"{100 * found['test'].flagged:.1f} %"}
    )


def _same_images(one: Run, other: Run) -> bool:
    return (one.recipe.dataset, one.recipe.folder) == (other.recipe.dataset, other.recipe.folder)


@st.fragment(key="outliers_classes_part")
def classes(result: Result, choice: Choice, images: ImageSet) -> None:
    """How each class of the data set scores: which one the model finds hardest."""
    bag, values = result.bag, result.scored.by(choice.score)
    test = bag.of("test")
    labels, line = bag.label[test], outliers.decision_threshold(values[bag.of("validation")], choice.quantile)
    present = [k for k in range(len(images.classes)) if (labels == k).any()]
    if len(present) < 2:
        return
    st.subheader("Class by class", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    found = values[test]
    order = sorted(present, key=lambda k: float(np.median(found[labels == k])))
    names = {k: _plot_words(images.classes[k]) for k in order}
    with left:
        figure = go.Figure()
        for place, k in enumerate(order):
            figure.add_box(
                x=found[labels == k],
                y=[place] * int((labels == k).sum()),
                name=names[k],
                orientation="h",
                marker={"color": colour("test"), "size": 4},
                line={"width": 1.5},
                boxpoints="outliers",
                showlegend=False,
                hoverinfo="x",
            )
        figure.add_vline(x=line, line={"color": colour("validation"), "width": 2, "dash": "dash"})
        figure.update_layout(
            height=90 + 30 * len(order),
            margin={"l": 0, "r": 8, "t": 8, "b": 0},
            bargap=0.3,
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            uirevision="classes",
        )
        figure.update_yaxes(
            tickvals=list(range(len(order))),
            ticktext=[names[k] for k in order],
            automargin=True,
            fixedrange=True,
            showgrid=False,
        )
        figure.update_xaxes(title=unit(result, choice.score), fixedrange=True, **_axis(found))
        st.plotly_chart(
            figure,
            key="outliers_classes",
            width="stretch",
            config={"displayModeBar": False},
            alt=f"Scores of the test images by class, from {names[order[0]]}, the least unusual, to "
            f"{names[order[-1]]}, the most.",
        )
    with right:
        alone = _alone(images) if st.session_state.get("outliers_alone") else None
        st.dataframe(
            [
                {
                    "Class": images.classes[k],
                    "Test images": int((labels == k).sum()),
                    "Median score": format_sig(float(np.median(found[labels == k]))),
                    "Flagged": f"{100 * float((found[labels == k] > line).mean()):.1f} %",
                    "AUROC": outliers.auroc(found[labels != k], found[labels == k]),
                }
                | ({} if alone is None else {"PCA alone": float(alone[k])})
                for k in reversed(order)
            ],
            hide_index=True,
            key="outliers_class_table",
            width="stretch",
            column_config={
                "AUROC": st.column_config.NumberColumn(
                    format="%.3f", help="How often an image of this class scores higher than one of another."
                ),
                "PCA alone": st.column_config.NumberColumn(format="%.3f"),
            },
            alt="Each class with its median score, the share that is flagged, and its AUROC against the other classes",
        )
        st.caption(
            "A box holds the middle half of a class, the line in it is the median; the dashed line is the "
            "threshold. A class with a high score is not rare but hard: many strokes, or shapes that vary. Such "
            "images are flagged although nothing is wrong with them, which is what a per-pixel score cannot "
            "tell apart."
        )
        st.toggle(
            "One class at a time",
            key="outliers_alone",
            persist_state="session",
            help="The one-class task: PCA is fitted to the training images of one class alone. How well does its "
            "residual tell the test images of all other classes? A few seconds, once.",
        )
        if alone is not None:
            st.caption(
                f"PCA alone: {outliers.PCA_COMPONENTS} components of one class's training images; AUROC of its own "
                f"test images against all others'. Mean over the classes: **{np.nanmean(alone):.3f}**."
            )


@st.cache_data(max_entries=4, show_spinner="Fitting PCA to one class after the other …")
def _of_one_class(key: str, _images: ImageSet) -> np.ndarray:
    return outliers.one_class(_images, most=2_000)


def _alone(images: ImageSet) -> np.ndarray:
    return _of_one_class(cache.digest(images.name, images.train_images.tobytes(), images.test_images.tobytes()), images)


def _axis(values: np.ndarray) -> dict:
    """A logarithmic axis with marks at 1, 2 and 5 where the values span more than a decade or so."""
    if values.min() <= 0 or values.max() <= 15 * values.min():
        return {}
    powers = range(math.floor(math.log10(values.min())), math.ceil(math.log10(values.max())) + 1)
    marks = [m * 10.0**power for power in powers for m in (1, 2, 5)]
    return {"type": "log", "tickvals": marks, "ticktext": [f"{mark:g}" for mark in marks]}


def _plot_words(name: str, most: int = 18) -> str:
    plain_name = "".join(c if c.isprintable() and c not in "<>&" else " " for c in name)
    return plain_name if len(plain_name) <= most else plain_name[: most - 1] + "…"


def depth(result: Result, choice: Choice) -> None:
    """The formulas with the numbers of now, and the code that ran."""
    fold = st.expander("How it works", key="outliers_depth", on_change="rerun", icon=":material/functions:")
    if not fold.open:
        return
    bag, recipe, values = result.bag, result.run.recipe, result.scored.by(choice.score)
    loaded, test = values[bag.of("validation")], values[bag.of("test")]
    line, name = outliers.decision_threshold(loaded, choice.quantile), objective(recipe)
    with fold:
        st.markdown(
            "A model learned to describe one kind of image with a few numbers. What it cannot describe well "
            "is, by its own account, unusual. The **reconstruction error** asks for nothing more than that:"
        )
        st.latex(r"s(x) = \frac{1}{784}\,\lVert x - \mathrm{decode}(\mu(x)) \rVert^2")
        st.markdown(
            {
                "Negative ELBO": f"The **negative ELBO** is an upper bound on −log p(x): how many nats the model "
                f"needs to describe x. z is sampled, not set to μ; {outliers.EPSILON_DRAWS} draws are averaged:",
                "Objective": "The **objective** is what training minimised, at the point z that the search "
                f"found, with the β of training ({recipe.beta:g}):",
                "Training loss": "The **training loss** is the reconstruction alone, summed over the pixels:",
            }[name]
        )
        st.latex(
            {
                "Negative ELBO": r"s(x) = \mathbb{E}_{q(z|x)}\left[-\log p(x \mid z)\right] + "
                r"\mathrm{KL}\left(q(z \mid x)\,\Vert\,\mathcal{N}(0, I)\right) \;\ge\; -\log p(x)",
                "Objective": r"s(x) = -\log p(x \mid z) + \tfrac{\beta}{2} \lVert z \rVert^2",
                "Training loss": r"s(x) = -\log p(x \mid z)",
            }[name]
        )
        where = (
            "The encoder answers for any image, also for those it has never learned to read."
            if not recipe.decoder_only
            else "Without an encoder each image is placed by the same search as in training, with the decoder frozen."
        )
        st.markdown(
            f"{where} The **threshold** t is the smallest score that at least {100 * choice.quantile:g} % of "
            f"the {pluralize(len(loaded), 'validation image')} do not exceed. An image is flagged if s(x) > t:"
        )
        spread = math.sqrt(choice.quantile * (1 - choice.quantile) / len(loaded))
        st.latex(
            rf"t = {format_sig(line)} \qquad \text{{false alarms}} = {100 * float((test > line).mean()):.1f}\,\% \;"
            rf"\text{{(expected }} {100 * (1 - choice.quantile):.1f} \pm {100 * spread:.1f}\,\%)"
        )
        st.markdown(
            "**AUROC** needs no threshold. It counts, over all pairs of an outlier and a test image, how often "
            "the outlier scores higher (ties count half), which is the area under the ROC curve:"
        )
        st.latex(
            r"\mathrm{AUROC} = \frac{1}{m\,n} \sum_{i=1}^{m} \sum_{j=1}^{n} \left(\mathbb{1}[s(o_i) > s(x_j)] + "
            r"\tfrac{1}{2}\,\mathbb{1}[s(o_i) = s(x_j)]\right)"
        )
        st.markdown(
            "Do not read a likelihood as a verdict. A simple image is cheap to describe whatever it shows, so "
            "models can give a higher likelihood to a plain image of another set than to their own (Nalisnick "
            "et al. 2019). Look at the least unusual outliers above: what do they have in common?"
        )
        st.caption("The code that ran:")
        st.code(
            "\n".join(
                inspect.getsource(f) for f in (outliers.decision_threshold, outliers.auroc, outliers.scoring_steps)
            ),
            language="python",
        )
