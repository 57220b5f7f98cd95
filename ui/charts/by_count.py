"""Charts of a measure against a number of things, such as samples or images, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go


def lay_out(figure: go.Figure, title: str, counts: Sequence[int]) -> None:
    """Lay out a figure: its legend above it, and the given numbers as the ticks of the axis, which has that title."""
    figure.update_layout(
        height=320,
        margin={"l": 0, "r": 8, "t": 30, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title=title, type="log", tickvals=counts, ticktext=[f"{n:,}" for n in counts])
