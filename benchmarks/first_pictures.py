"""Time from the start of the server to Home's first pictures: `python benchmarks/first_pictures.py`.

A server is started, and a Chromium that runs already opens Home in a fresh context as soon as the port answers: nothing
is in the browser's cache. Three moments, in seconds from the start of the server's process: its port answers, pictures
of a model are painted (those that are part of the server's first answer, where there are such), and Home is drawn whole
by its script. `--against` names the folder of another version of the lab, whose starts alternate with this one's.

Needs the packages of requirements-dev.txt and a Chromium (named by LATENT_LAB_BROWSER, or `chromium` on the PATH).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bootstrap.launcher import free_port  # noqa: E402

MOMENTS = ("port answers", "first pictures", "Home drawn")

WATCH = """() => {
    const note = (name) => { window.at ??= {}; window.at[name] ??= Date.now() / 1000; };
    const painted = (name) => requestAnimationFrame(() => setTimeout(() => note(name)));
    const drawn = "[data-testid=stApp][data-test-script-state=notRunning] h1";
    new MutationObserver(() => {
        // What the server's answer shows holds its pictures as data: they are painted in the frame that it comes in.
        const first = document.getElementById("lab-first"), image = document.querySelector("[data-testid=stMain] img");
        if (first) painted("pictures");
        if (image) image.decode().then(() => painted("pictures"));
        if (document.querySelector(drawn)) painted("whole");
    }).observe(document, {subtree: true, childList: true, attributes: true});
}"""


def start(browser: Browser, folder: Path, runs: str) -> list[float]:
    """Seconds from the start of a server in that folder to each of `MOMENTS`."""
    port = free_port(None, 8651)
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    words = ["run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    began = time.time()
    server = subprocess.Popen(
        [sys.executable, "-m", "bootstrap.server", *words],
        cwd=folder,
        env=os.environ | {"LATENT_LAB_RUNS": runs},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            if server.poll() is not None:
                sys.exit(f"The server in {folder} ended while starting.")
            time.sleep(0.01)
        answers = time.time()
        page.goto(f"http://localhost:{port}/", wait_until="commit")
        page.wait_for_function("window.at?.pictures && window.at?.whole", timeout=120_000)
        at = page.evaluate("window.at")
        return [moment - began for moment in (answers, at["pictures"], at["whole"])]
    finally:
        context.close()
        assert server.stdin is not None
        server.stdin.close()
        server.wait()


def measure(folders: list[Path], rounds: int) -> None:
    """Print the medians and all values; the first start of each folder warms the disk and does not count."""
    took: dict[Path, list[list[float]]] = {folder: [] for folder in folders}
    with tempfile.TemporaryDirectory() as runs, sync_playwright() as playwright:
        for example in (ROOT / "models_ckpt").glob("example-*"):
            shutil.copytree(example, Path(runs) / example.name)
        path = os.environ.get("LATENT_LAB_BROWSER") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        browser.new_page().goto("about:blank")
        for number in range(rounds + 1):
            for folder in folders if number % 2 else folders[::-1]:
                found = start(browser, folder, runs)
                if number:
                    took[folder].append(found)
        browser.close()
    for folder, rows in took.items():
        print(folder)
        for name, values in zip(MOMENTS, zip(*rows, strict=True), strict=True):
            print(f"  {name:16}{statistics.median(values):6.2f} s   " + " ".join(f"{v:.2f}" for v in values))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="starts of each version (default: 6)")
    parser.add_argument("--against", type=Path, help="folder of another version of the lab")
    arguments = parser.parse_args()
    measure([ROOT, *([arguments.against.resolve()] if arguments.against else [])], max(1, arguments.rounds))
