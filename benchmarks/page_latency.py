"""Page latency while a model trains, and training throughput while a page is used: `python benchmarks/page_latency.py`.

A real Chromium presses arrow keys on a slider of the Generate page. Each time is taken inside the browser, from the
key event to the moment the canvas shows the picture that the server decoded for it (`data-served`). Idle and
training rounds alternate. Training is `conv-vae`, or `--recipe`, on its own data (on the digits where that is not
there), or with `--gan` `decoder-gan` with its full discriminator on the digits, from `example-mlp-vae`; it is driven by
the lab's own `Board`. Its pace is counted in batches, with a silent page and with one that asks 20 pictures a second:
once as a visitor whose browser runs elsewhere (`visitor.py`), once with the browser on the same cores.

Needs the packages of requirements-dev.txt and a Chromium (named by LATENT_LAB_BROWSER, or `chromium` on the PATH).
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from replay_client import Visitor, record

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.recipes.adaptation import for_digits  # noqa: E402
from core.recipes.presets import PRESETS  # noqa: E402

PORT = 8577
URL = f"http://localhost:{PORT}"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WATCH = """() => {
    const find = (e) => [...e.querySelectorAll("*")].map((x) => x.shadowRoot).find((r) => r?.querySelector(".board"));
    const root = find(document), canvas = root.querySelector("canvas.main");
    window.times = []; window.pressed = null;
    root.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
    new MutationObserver(() => {
        if (window.pressed === null || canvas.dataset.source !== "server") return;
        if (canvas.dataset.served !== canvas.dataset.seq) return;
        window.times.push(performance.now() - window.pressed); window.pressed = null;
    }).observe(canvas, {attributes: true});
}"""
KEYS = 5 * ["ArrowRight"] + 5 * ["ArrowLeft"]
"""There and back, so that a slider never stands at its end, where a key has nothing to ask."""

READY = "[data-sheet=ready]"
STILL = "[data-testid=stApp][data-test-script-state=notRunning]"


def serve(runs: str) -> subprocess.Popen:
    """The lab's server, as `lab.py` starts it. It ends when its standard input does."""
    environment = os.environ | {"LATENT_LAB_RUNS": runs}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bootstrap.server",
            "run",
            "app.py",
            "--server.port",
            str(PORT),
            "--server.headless",
            "true",
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.PIPE,
    )


def answers() -> None:
    """Wait until the server listens; asked plainly, since a browser that meets a closed port takes its time."""
    while True:
        try:
            urllib.request.urlopen(f"{URL}/_stcore/health").close()
            return
        except OSError:
            time.sleep(0.01)


def open_home(page: Page) -> None:
    page.goto(URL)
    page.get_by_role("img", name="48 images invented").wait_for()


def first_page(browser, rounds: int, runs: str) -> list[float]:
    """Seconds from starting the server to the pictures on the first page, in a browser that is open already."""
    found = []
    for _ in range(rounds):
        page = browser.new_page()
        began = time.perf_counter()
        server = serve(runs)
        answers()
        open_home(page)
        found.append(time.perf_counter() - began)
        page.close()
        server.terminate()
        server.wait()
    return found


def press(page: Page, presses: int, pause_ms: int) -> list[float]:
    """Milliseconds from key press to the server's picture, for each press."""
    slider = page.locator(".board input[type=range]").first
    slider.focus()
    page.keyboard.press("0")  # to the middle
    page.wait_for_timeout(1500)
    page.evaluate("window.times = []")
    for i in range(presses):
        page.keyboard.press(KEYS[i % len(KEYS)])
        page.wait_for_function(f"window.times.length > {i}", polling=5)
        page.wait_for_timeout(pause_ms)
    return page.evaluate("window.times")


def storm(page: Page, seconds: float, per_second: int = 20) -> None:
    """Ask for pictures at a steady rate, whether or not the last one has come."""
    page.locator(".board input[type=range]").first.focus()
    began = time.perf_counter()
    for i in range(int(seconds * per_second)):
        page.keyboard.press(KEYS[i % len(KEYS)])
        page.wait_for_timeout(max(0.0, 1000 * (began + (i + 1) / per_second - time.perf_counter())))


def pace(job, during) -> float:
    """Batches a second that training makes while `during` runs."""

    def batches() -> int:
        version = job.snapshot().version
        job.wait(lambda j: j.snapshot().version != version, 30)  # at a report, so that the count is fresh
        return job.snapshot().step

    first, began = batches(), time.perf_counter()
    during()
    last = batches()
    return (last - first) / (time.perf_counter() - began)


def show(what: str, times: list[float]) -> None:
    times = sorted(times)
    p95 = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))]
    print(f"{what:44} p50 {statistics.median(times):5.0f} ms   p95 {p95:5.0f} ms   n = {len(times)}", flush=True)


def loss(what: str, quiet: list[float], busy: list[float]) -> None:
    shares = [1 - b / q for q, b in zip(quiet, busy, strict=True)]
    print(
        f"{what}: {statistics.median(busy):.2f} batches/s, loss {statistics.median(shares):.1%} "
        f"({min(shares):.1%} to {max(shares):.1%}, n = {len(shares)})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--presses", type=int, default=60, help="key presses in each round")
    trains = parser.add_mutually_exclusive_group()
    trains.add_argument(
        "--recipe",
        default="conv-vae",
        metavar="RECIPE",
        help="what trains (default: conv-vae)",
        choices=[name for name, recipe in PRESETS.items() if recipe.model != "gan"],
    )
    trains.add_argument("--gan", action="store_true", help="a GAN trains instead")
    options = parser.parse_args()
    runs = tempfile.mkdtemp()
    for example in (ROOT / "models_ckpt").glob("example-*"):
        shutil.copytree(example, Path(runs) / example.name)
    os.environ["LATENT_LAB_RUNS"] = runs
    from core import data
    from core.jobs.training_queue import training_queue

    recipe = PRESETS[options.recipe].with_(epochs=1000)
    if options.gan:
        gan = PRESETS["decoder-gan"]
        recipe = for_digits(gan).with_(
            batch_size=gan.batch_size, d_channels=gan.d_channels, source="example-mlp-vae", epochs=10_000
        )
    elif not data.status()[recipe.dataset].ready:
        recipe = for_digits(recipe).with_(epochs=10_000)
    with sync_playwright() as playwright:
        binary = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        starts = first_page(browser, options.rounds + 2, runs)
        print(
            f"start of the server → pictures on the first page: median {statistics.median(starts):.2f} s "
            f"({min(starts):.2f}–{max(starts):.2f}, n = {len(starts)})",
            flush=True,
        )
        server = serve(runs)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        answers()
        open_home(page)
        page.close()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        recorded = record(page)
        page.goto(f"{URL}/generate?run=example-conv-vae")
        page.wait_for_selector(READY, timeout=60_000)
        page.wait_for_selector(STILL)
        page.evaluate(WATCH)
        press(page, 20, 100)  # warm
        visitor = Visitor(PORT, recorded)
        job = training_queue().submit(recipe)
        job.wait(lambda j: j.state == "running", 120)
        idle, training, quiet, asked, drawn, answers_per_second = [], [], [], [], [], []
        for _ in range(options.rounds):
            job.resume()
            job.wait(lambda j: j.state == "running", 60)
            training += press(page, options.presses, 100)
            quiet.append(pace(job, lambda: time.sleep(10)))
            asked.append(pace(job, lambda: answers_per_second.append(visitor.storm(10))))
            drawn.append(pace(job, lambda: storm(page, 10)))
            job.pause()
            job.wait(lambda j: j.state == "paused", 60)
            page.wait_for_timeout(500)
            idle += press(page, options.presses, 100)
        show("key press → the server's picture, idle", idle)
        show(f"the same while {recipe.name} trains ({recipe.dataset})", training)
        print(f"training with a silent page: {statistics.median(quiet):.2f} batches/s")
        loss("… while 20 pictures a second are asked, browser elsewhere", quiet, asked)
        print(f"  (of which the server answered {statistics.median(answers_per_second):.1f} a second)")
        loss("… and with the browser on the same cores", quiet, drawn)
        visitor.close()
        job.stop()
        training_queue().close()
        browser.close()
        server.terminate()
    shutil.rmtree(runs, ignore_errors=True)


if __name__ == "__main__":
    main()
