"""Cost of one update of the live loss curves, as a canvas and as a Plotly chart: `python benchmarks/live_charts.py`.

The same chart, made from a history of 5,000 steps: four terms of a VAE, in training (with the raw curve behind the
smoothed one) and in validation, 500 points a curve. Server: processor time from the history to the JSON text of the
message. Browser: from the parsed message to the drawn picture, in headless Chromium on an empty page; Plotly with its
own script and `Plotly.react`, which keeps a zoom. Both charts get a message with new points in each round, in turn.

Needs the packages of requirements-dev.txt and a Chromium (named by LATENT_LAB_BROWSER, or `chromium` on the PATH).
"""

import argparse
import base64
import json
import logging
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import plotly
import plotly.graph_objects as go
import plotly.io as pio
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
logging.disable(logging.WARNING)  # Streamlit's, outside a page

from core.recipes.family import FAMILIES  # noqa: E402
from core.runs.history import columns  # noqa: E402
from ui.charts import losses  # noqa: E402
from ui.components import base  # noqa: E402
from ui.components.charts import curves  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE = (680, 364)
SKELETON = """<div id="canvas" style="width: 680px"><figure class="lab chart curves"><div class="legend"></div>
<div class="plot"><canvas style="width: 680px"></canvas><div class="tip" hidden></div></div></figure></div>
<div id="plotly" style="width: 680px"></div>"""
DRAW = {
    "canvas": """async (text) => {
        const parentElement = document.getElementById("canvas"), wait = window.requestAnimationFrame, frames = [];
        window.requestAnimationFrame = (draw) => frames.push(draw); // the wait for the next frame is not measured
        const data = JSON.parse(text), start = performance.now();
        window.curves.default({ data, parentElement });
        for (const draw of frames) draw(performance.now());
        parentElement.querySelector("canvas").getContext("2d").getImageData(0, 0, 1, 1); // waits for the drawing
        window.requestAnimationFrame = wait;
        return performance.now() - start;
    }""",
    "plotly": """async (text) => {
        const figure = JSON.parse(text), start = performance.now();
        await Plotly.react("plotly", figure.data, figure.layout, { responsive: false });
        document.getElementById("plotly").getBoundingClientRect();
        return performance.now() - start;
    }""",
}
# Draws at once what would wait for the next frame: the wait is the screen's, not the chart's.
AT_ONCE = (
    """() => { window.waited = 0; window.requestAnimationFrame = (draw) => { draw(performance.now()); return 1; }; }"""
)


def history(steps: int, seed: int) -> dict[str, np.ndarray]:
    """A made-up VAE history with noise, validated every hundredth step."""
    rng, t = np.random.default_rng(seed), np.arange(1, steps + 1)
    points = {column: np.full(steps, np.nan) for column in columns("vae")}
    points |= {"step": t, "epoch": t / 100, "seconds": t * 0.01}
    recon = 80 + 400 * np.exp(-t / 50) + rng.normal(0, 3, steps)
    kl = 25 * (1 - np.exp(-t / 100)) + rng.normal(0, 1, steps)
    for part, there in (("train", np.full(steps, True)), ("val", t % 100 == 0)):
        for term, y in (("recon", recon), ("kl", kl), ("weighted_kl", 2 * kl), ("total", recon + 2 * kl)):
            points[f"{part}_{term}"] = np.where(there, y, np.nan)
    return points


def chart_of(points: dict[str, np.ndarray]) -> dict:
    """The chart of both ways: it decimates and smooths."""
    return losses.loss_chart(points, FAMILIES["vae"].terms, smoothing=0.6)


def canvas_message(chart: dict) -> str:
    """The text that Streamlit sends to the component."""
    return json.dumps({**chart, "alt": "", "height": SIZE[1]})


def plotly_message(chart: dict) -> str:
    """The text that `st.plotly_chart` sends, for the same curves in two panels."""
    traces = [
        go.Scatter(
            x=curve["x"],
            y=curve["y"],
            name=curve["name"],
            mode="lines",
            opacity=curve["alpha"],
            showlegend=bool(curve["label"]) and not curve["dash"],
            line={"color": curve["colour"], "width": curve["width"], "dash": "dash" if curve["dash"] else "solid"},
            yaxis=("y", "y2")[number],
        )
        for number, panel in enumerate(chart["panels"])
        for curve in panel["curves"]
    ]
    layout = {
        "width": SIZE[0],
        "height": SIZE[1],
        "margin": {"l": 50, "r": 10, "t": 30, "b": 40},
        "uirevision": chart["revision"],
        "hovermode": "x unified",
        "xaxis": {"title": {"text": chart["xTitle"]}},
        "yaxis": {"domain": [0.45, 1.0], "range": chart["panels"][0]["range"]},
        "yaxis2": {"domain": [0.0, 0.38], "range": chart["panels"][1]["range"]},
        "legend": {"orientation": "h", "y": 1.1},
    }
    return pio.to_json(go.Figure(traces, layout), validate=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    browser = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    script = base.script(curves.__file__, "curves", ("../shared/axes", "../shared/plot", "chart"))
    times: dict[str, dict[str, list[float]]] = {way: {"server": [], "browser": []} for way in DRAW}
    sizes = {}
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser, args=FLAGS).new_page()
        page.set_content(SKELETON)
        page.add_script_tag(path=str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"))
        source = "data:text/javascript;base64," + base64.b64encode(script.encode()).decode()
        page.evaluate("async (source) => { window.curves = await import(source); }", source)
        for k in range(rounds + 2):
            points = history(5_000 + 50 * k, k)
            for way, message in (("canvas", canvas_message), ("plotly", plotly_message)):
                start = time.process_time()
                text = message(chart_of(points))
                server = 1e3 * (time.process_time() - start)
                drawn = page.evaluate(DRAW[way], text)
                if k >= 2:  # the first ones compile
                    times[way]["server"].append(server)
                    times[way]["browser"].append(drawn)
                sizes[way] = len(text)
    print("| chart | server, ms | browser, ms | message, kB |\n|---|---|---|---|")
    for way, sides in times.items():
        cells = [f"{statistics.median(v):.1f} ({min(v):.1f}–{max(v):.1f})" for v in sides.values()]
        print(f"| {way} | {' | '.join(cells)} | {sizes[way] / 1e3:.0f} |")


if __name__ == "__main__":
    main()
