"""Sheets and charts of a data set: samples of every class, mean images, and images per class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.data import ImageSet
from core.data.factors import Factors
from core.data.statistics import DatasetStatistics
from core.images.convert import to_uint8
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.shared import theme
from ui.shared.formatting import format_sig, pluralize

COLUMNS, LINES = 12, 10
MOST_ROWS = 40
"""Classes on a sheet or chart, at most; a folder may have thousands."""

NO_CLASS = "No class"

UNEQUAL = 1.5
"""Images of the largest class over those of the smallest from which a set is called unbalanced."""


def lines(images: ImageSet) -> int:
    """Lines of pictures per class: a few classes share the height of ten lines."""
    return max(1, LINES // max(1, len(images.classes)))


def samples(images: ImageSet, seed: int) -> list[Row]:
    """Training images of every class, drawn at random from the seed; images without a class come last."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in [*range(min(MOST_ROWS, len(images.classes))), -1]:
        members = np.flatnonzero(images.train_labels == label)
        if len(members) == 0 and label < 0:
            continue
        picked = rng.permutation(members)[: COLUMNS * lines(images)]
        name = images.classes[label] if label >= 0 else NO_CLASS if images.classes else ""
        kind = f", class {name}" if label >= 0 else ""
        about = tuple(f"Training image {number:,}{kind}" for number in picked)
        rows.append(Row(name, pluralize(len(members), "image"), images.train_images[picked], about))
    return rows


def sample_sheet(images: ImageSet, seed: int, *, key: str) -> str:
    """Show `samples`; returns the caption to put below."""
    rows = samples(images, seed)
    class_sheet(rows, key=key, layout="rows" if images.classes else "wall", lines=lines(images))
    if not images.classes:
        return (
            f"{pluralize(len(rows[0].images), 'training image')}, drawn at random. They lie in no sub-folders and have "
            "no labels, so there are no classes."
        )
    count = len(images.classes)
    more = f" The first {MOST_ROWS} of {count:,} classes are shown." if count > MOST_ROWS else ""
    return (
        "Each row is a class, drawn at random from the training images. A latent space has to describe what varies "
        f"within a row.{more}"
    )


def factor_sheet(factors: Factors, *, key: str) -> None:
    """Show one image varied in each of its factors, a row for each."""
    rows = [
        Row(
            factor.name,
            pluralize(len(factor.values), "value"),
            pictures,
            tuple(f"{factor.name}, value {k + 1} of {len(pictures)}" for k in range(len(pictures))),
        )
        for factor, pictures in zip(factors.about, factors.sheet, strict=True)
    ]
    class_sheet(rows, key=key)


def attribute_sheet(images: ImageSet, *, key: str) -> str:
    """Show training photos with each of their attributes, a row for each; returns the caption to put below."""
    factors = images.factors
    assert factors is not None
    rows = []
    for column, factor in enumerate(factors.about):
        having = np.flatnonzero(factors.train[:, column] == factor.values.index("yes"))
        picked = having[np.linspace(0, len(having) - 1, min(COLUMNS, len(having))).astype(np.int64)]
        about = tuple(f"Training image {number:,}, {factor.name}" for number in picked)
        share = f"{format_sig(100 * len(having) / max(1, len(factors.train)))} %"
        rows.append(Row(factor.name, share, images.train_images[picked], about))
    class_sheet(rows, key=key)
    return (
        "Photos with each attribute, and its share of the training photos. The attributes travel with the photos as "
        "their factors, by which disentanglement is measured. They go together, as lipstick and earrings do: no latent "
        "space can separate them wholly."
    )


def mean_sheet(images: ImageSet, facts: DatasetStatistics, *, key: str) -> None:
    """Show the mean image of the whole set and of every class."""
    rows = [Row("All", "", to_uint8(facts.mean_image)[None], ("Mean of all training images",))]
    rows += [
        Row(name, "", to_uint8(facts.class_means[i])[None], (f"Mean of class {name}",))
        for i, name in enumerate(images.classes[:MOST_ROWS])
        if facts.train_counts[i]
    ]
    class_sheet(rows, key=key, layout="singles")


def balance_chart(images: ImageSet, facts: DatasetStatistics) -> go.Figure:
    """Images per class as horizontal bars: training solid, test lighter and hatched."""
    names = [_short(name) for name in images.classes[:MOST_ROWS]]
    counts = [facts.train_counts[:MOST_ROWS], facts.test_counts[:MOST_ROWS]]
    if any(facts.unlabelled):
        names.append(NO_CLASS)
        counts = [np.append(part, extra) for part, extra in zip(counts, facts.unlabelled, strict=True)]
    figure = go.Figure()
    places = list(range(len(names)))  # numbers, since two long names may be shortened to the same text
    for part, values in zip(("Training", "Test"), counts, strict=True):
        test = part == "Test"
        pattern = {"shape": "/", "fgcolor": theme.colour("real"), "bgcolor": "rgba(0,0,0,0)", "size": 5} if test else {}
        figure.add_bar(
            y=places,
            x=values,
            name=part,
            orientation="h",
            customdata=names,
            marker={
                "color": theme.colour("real"),
                "pattern": pattern,
                "opacity": 0.75 if test else 1.0,
                "line": {"width": 1 if test else 0, "color": theme.colour("real")},
            },
            hovertemplate=f"%{{customdata}}: %{{x:,}} {part.lower()} images<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=90 + 24 * max(3, len(names)),
        margin={"l": 0, "r": 8, "t": 30, "b": 40},
        bargap=0.3,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision="balance",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
    figure.update_yaxes(
        tickvals=places, ticktext=names, autorange="reversed", automargin=True, showgrid=False, fixedrange=True
    )
    figure.update_xaxes(title="Images", tickformat=",~d", rangemode="tozero", fixedrange=True)
    return figure


def is_balanced(facts: DatasetStatistics) -> bool:
    """Whether the largest class has less than one and a half times the images of the smallest, and none is without a
    class."""
    totals = facts.train_counts + facts.test_counts
    return bool(len(totals)) and not any(facts.unlabelled) and int(totals.max()) < UNEQUAL * max(int(totals.min()), 1)


def balance_caption(images: ImageSet, facts: DatasetStatistics) -> str:
    """What `balance_chart` shows, in one sentence with numbers."""
    totals = facts.train_counts + facts.test_counts
    if not len(totals):
        return ""
    low, high = int(totals.min()), int(totals.max())
    if low == high:
        return f"Every class has {low:,} images, training and test images together."
    most, least = _short(images.classes[int(totals.argmax())]), _short(images.classes[int(totals.argmin())])
    verdict = (
        "About balanced"
        if high < UNEQUAL * max(low, 1)
        else "Unbalanced: a model sees the large classes more often and reconstructs them better"
    )
    return (
        f"{verdict}: from {low:,} ({least}) to {high:,} ({most}) images per class, training and test images together."
    )


def _short(name: str, most: int = 18) -> str:
    """A folder's name as plain text for a chart: shortened, without characters that Plotly or Markdown interpret."""
    plain = "".join(c if c.isprintable() and c not in "<>&*_`[]$\\~|#" else " " for c in name)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
