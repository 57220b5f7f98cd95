"""Decoders in the browser: time and likeness of a picture, pictures a second on Generate, and memory.

`python benchmarks/browser_decoder.py`

First the plain JavaScript in Node.js, untrained networks of some recipes, beside torch with one thread, a picture at a
time, in turn. Then Generate in a real Chromium: a slider is moved at each frame for some seconds, and then 10,000
times; pictures are counted as the board draws them, messages as they leave the page, the scripts' memory after a
collection.

Needs Node.js, the packages of requirements-dev.txt and a Chromium (named by LATENT_LAB_BROWSER, or on the PATH).
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import page_latency
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

RECIPES = ("mlp-vae", "conv-vae-fast", "conv-vae")
POINTS = 100
READY = "[...(latentLab.decoders?.models.values() ?? [])].some((model) => model.ready)"
BOARD = """() => {
  const host = [...document.querySelectorAll("*")].find((e) => e.shadowRoot?.querySelector(".board"));
  [window.board, window.drawn] = [host.shadowRoot, 0];
  const main = board.querySelector("canvas.main");
  let last = "";
  new MutationObserver(() => {
    if (main.dataset.source !== "browser" || main.dataset.zHash === last) return;
    last = main.dataset.zHash;
    window.drawn++;
  })
    .observe(main, {attributes: true, attributeFilter: ["data-z-hash"]});
}"""
MOVE = """([frames, quick]) => new Promise((done) => {
  const next = quick ? (f) => setTimeout(f, 0) : requestAnimationFrame;
  const slider = board.querySelector("input[type=range]");
  slider.dispatchEvent(new PointerEvent("pointerdown"));
  let k = 0;
  const start = performance.now(), before = window.drawn;
  const step = () => {
    if (k === frames) return done([window.drawn - before, (performance.now() - start) / 1000]);
    slider.value = 2.9 * Math.sin(k++ / 20);
    slider.dispatchEvent(new Event("input"));
    next(step);
  };
  step();
})"""


def in_node(rounds: int) -> None:
    """Milliseconds a picture in JavaScript and in torch, and the largest difference of grey levels."""
    import numpy as np
    import torch

    from core import models
    from core.export import portable
    from core.latent import codec
    from core.recipes import presets

    torch.set_num_threads(1)
    for name in RECIPES:
        model = models.build(presets.preset(name)).eval()
        d = model.latent_dim
        z = np.random.default_rng(0).normal(size=(POINTS, d)).astype(np.float32)
        folder = Path(tempfile.mkdtemp())
        file = portable.decoder_file(model, np.zeros(d, np.float32), np.ones(d, np.float32))
        (folder / "network").write_bytes(file)
        (folder / "inputs").write_bytes(z.tobytes())
        wanted, script, ours, theirs = codec.decode(model, z), [], [], []
        for _ in range(rounds):
            words = ["node", "tests/js/run_network.mjs", folder / "network", folder / "inputs", folder / "outputs", "3"]
            script.append(float(subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout))
            began = time.perf_counter()
            for point in z:
                codec.decode(model, point[None])
            theirs.append(1e3 * (time.perf_counter() - began) / POINTS)
            ours.append(script[-1])
        found = np.frombuffer((folder / "outputs").read_bytes(), np.float32).reshape(wanted.shape)
        apart = int(np.abs(np.rint(255 * found) - wanted).max())
        print(
            f"{name:16} {len(file) / 1e6:.2f} MB   JavaScript {statistics.median(ours):6.2f} ms a picture "
            f"({min(ours):.2f} to {max(ours):.2f})   torch {statistics.median(theirs):6.2f} ms   "
            f"at most {apart} grey level apart   n = {rounds}",
            flush=True,
        )


def on_generate(run: str, rounds: int) -> None:
    """Pictures a second while a slider moves at each frame, messages, and memory after 10,000 pictures."""
    runs = tempfile.mkdtemp()
    for example in (ROOT / "models_ckpt").glob("example-*"):
        shutil.copytree(example, Path(runs) / example.name)
    server = page_latency.serve(runs)
    page_latency.answers()
    with sync_playwright() as playwright:
        binary = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=page_latency.FLAGS)
        page, sent = browser.new_page(viewport={"width": 1280, "height": 720}), []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.goto(f"{page_latency.URL}/generate?run={run}")
        page.wait_for_selector(page_latency.READY)
        page.wait_for_function(READY)
        page.wait_for_selector(page_latency.STILL)
        page.evaluate(BOARD)
        session, before = page.context.new_cdp_session(page), len(sent)

        def memory() -> float:
            session.send("HeapProfiler.collectGarbage")
            return page.evaluate("performance.memory.usedJSHeapSize") / 1e6

        rates = []
        for _ in range(rounds):
            drawn, seconds = page.evaluate(MOVE, [180, False])
            rates.append(drawn / seconds)
        first = memory()
        drawn, _ = page.evaluate(MOVE, [10_000, True])
        print(
            f"{run:20} {statistics.median(rates):5.1f} pictures/s ({min(rates):.1f}–{max(rates):.1f}, n = {rounds}), "
            f"{len(sent) - before} messages, scripts hold {first:.1f} MB, {drawn:,} pictures later {memory():.1f} MB",
            flush=True,
        )
        browser.close()
    server.terminate()
    server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", nargs="*", default=["example-mlp-vae", "example-mnist-vae"], metavar="RUN")
    options = parser.parse_args()
    in_node(options.rounds)
    for run in options.runs:
        on_generate(run, options.rounds)


if __name__ == "__main__":
    main()
