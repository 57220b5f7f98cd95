"""Charts: the data of every line and bar chart that is redrawn while a model trains.

Two ways of drawing, chosen by measurement (`benchmarks/live_charts.py`, `benchmarks/README.md`):

- Charts that do not change (ROC curves, scores by class, statistics of a data set, answers to questions) are Plotly's.
- Charts that change twice a second, or follow a pointer inside a component, are drawn on a canvas by the lab. An update
  may take at most 30 ms on the server and 30 ms in the browser; the same loss curves as a Plotly chart took 2.2 times
  the time on the server and 3.9 times the time in the browser, more than 30 ms each even at their quickest, and
  Streamlit builds a Plotly chart anew whenever its points change, which flickers.

The canvas charts, `ui.components.charts.curves` and `.bars` and the plots of the interpolation, reconstruction and
outlier components, share axes, ticks, scales, grid lines, levels and cursors (`axes.js`, `plot.js` in `shared`).

`losses` and `gan` choose the curves and their styles, `decimate` reduces and smooths them; the colours of both ways are
those of `ui.shared.theme`.
"""
