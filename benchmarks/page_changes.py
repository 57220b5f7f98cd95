"""Clicks while a model trains: Undo to its picture, a change of page, Stop to its effect.

`python benchmarks/page_changes.py`

A real Chromium on the same cores. `conv-vae-fast` trains in the lab's own worker, on MNIST where it is at hand, else on
the digits; idle and training rounds are of one run of this program. Each time is taken inside the browser, from the
click to the frame in which the picture stands there; a page is there when its script has ended and a picture is drawn.

Needs the packages of requirements-dev.txt and a Chromium (named by LATENT_LAB_BROWSER, or `chromium` on the PATH).
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from page_latency import FLAGS, READY, ROOT, STILL, URL, answers, serve, show
from playwright.sync_api import Page, sync_playwright

PAGES = ("Reconstruct", "Interpolate", "Planes", "Map", "Outliers", "Generate")
"""Opened in turn by their links."""

LISTEN = "() => addEventListener('click', () => { window.clicked ??= performance.now(); }, true)"
SINCE = """async (there) => {
  const inside = (root) => [...root.querySelectorAll("*")]
    .flatMap((e) => (e.shadowRoot ? [e, ...inside(e.shadowRoot)] : e));
  const frame = () => new Promise(requestAnimationFrame);
  const find = new Function("all", "return " + there);
  while (!find(inside(document))) await frame();
  await frame();
  const took = performance.now() - window.clicked;
  delete window.clicked;
  return took;
}"""
PICTURE = """location.pathname === "/PAGE"
  && document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning"
  && document.querySelector("h1, h2")?.innerText.startsWith("NAME")
  && all.some((e) => e.matches("[data-testid=stMain] img, canvas") && e.clientWidth > 20)"""


def rest(page: Page) -> None:
    page.wait_for_selector(STILL)
    page.wait_for_timeout(800)


def undo(page: Page, count: int) -> list[float]:
    """Milliseconds from a click on Undo to the picture of before."""
    times = []
    main = "all.find((e) => e.matches('canvas.main'))"
    for _ in range(count):
        page.get_by_role("button", name="Random", exact=True).click()
        rest(page)
        was = page.locator("canvas.main").get_attribute("data-z-hash")
        page.evaluate("delete window.clicked")
        page.get_by_role("button", name="Undo", exact=True).click()
        times.append(page.evaluate(SINCE, f"{main}.dataset.zHash !== '{was}'"))
        rest(page)
    return times


def changes(page: Page, rounds: int) -> list[float]:
    """Milliseconds from a click on a page's link to its first picture."""
    times = []
    for _ in range(rounds):
        for name in PAGES:
            page.evaluate("delete window.clicked")
            page.get_by_role("link", name=name, exact=True).first.click()
            there = PICTURE.replace("PAGE", name.lower()).replace("NAME", name)
            times.append(page.evaluate(SINCE, there))
            rest(page)
    return times


def measured(page: Page, options: argparse.Namespace, when: str) -> None:
    page.goto(f"{URL}/generate?run=example-mlp-vae")
    page.wait_for_selector(READY)
    page.evaluate(LISTEN)
    rest(page)
    changes(page, 1)  # what is loaded at a first visit is not counted
    page.wait_for_selector(READY)
    show(f"Undo to its picture, {when}", undo(page, options.clicks))
    show(f"link to the page, drawn, {when}", changes(page, options.rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help=f"rounds through {len(PAGES)} pages")
    parser.add_argument("--clicks", type=int, default=10, help="clicks on Undo")
    options = parser.parse_args()
    runs = tempfile.mkdtemp()
    for example in (ROOT / "models_ckpt").glob("example-*"):
        shutil.copytree(example, Path(runs) / example.name)
    server = serve(runs)
    answers()
    with sync_playwright() as playwright:
        binary = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(120_000)
        measured(page, options, "idle")
        trainer = browser.new_page()
        trainer.set_default_timeout(120_000)
        trainer.goto(f"{URL}/train?recipe=conv-vae-fast&epochs=1000")
        trainer.get_by_role("button", name="Start training").click()
        trainer.get_by_text("Epoch ").first.wait_for()
        trainer.get_by_role("button", name="Pause", exact=True).wait_for()
        trainer.goto("about:blank")
        measured(page, options, "training")
        page.get_by_role("link", name="Train", exact=True).first.click()
        page.get_by_role("button", name="Stop", exact=True).wait_for()
        rest(page)
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name="Stop anyway").wait_for()
        page.evaluate("delete window.clicked")
        page.get_by_role("button", name="Stop anyway").click()
        stopped = "document.querySelector('[data-testid=stMain]').innerText.includes('Stopped ')"
        show("Stop to 'Stopped'", [page.evaluate(SINCE, stopped)])
        browser.close()
    server.terminate()
    server.wait()


if __name__ == "__main__":
    main()
