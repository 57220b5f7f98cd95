"""Frames a second while a large map is dragged in Chromium: `python benchmarks/map_frames.py --points 60000 --ratio 2`.

The map's own script draws random clusters in a bare page; the pointer moves at every frame. Chromium draws without a
GPU, as on the weakest laptop.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from playwright.sync_api import sync_playwright

from core.images import class_colors
from ui.components import base
from ui.components.base import pack_numbers
from ui.components.embedding import map_view

FRAMES = 90

DRAG = """async (frames) => {
    const map = document.querySelector(".map"), box = map.getBoundingClientRect();
    map.setPointerCapture = () => {};
    const send = (kind, x, y) => map.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, pointerId: 1, pointerType: "mouse", clientX: box.left + x, clientY: box.top + y }));
    const frame = () => new Promise(requestAnimationFrame);
    for (let i = 0; i < 5; i++) await frame();
    send("pointerdown", 250, 250);
    const began = performance.now();
    for (let i = 1; i <= frames; i++) {
        send("pointermove", 250 + 60 * Math.sin(i / 9), 250 + 60 * Math.cos(i / 9));
        await frame();
    }
    const seconds = (performance.now() - began) / 1000;
    send("pointerup", 250, 250);
    return seconds;
}"""


def data_of(points: int) -> dict[str, object]:
    """A message with a map of ten clusters."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, points)
    xy = 20 * rng.standard_normal((10, 2))[labels] + 5 * rng.standard_normal((points, 2))
    return {
        "pool": "benchmark",
        "xy": pack_numbers(xy, np.float32),
        "labels": pack_numbers(labels, np.int16),
        "classes": [str(k) for k in range(10)],
        "colours": list(class_colors.CLASSES),
        "title": "",
        "note": "",
        "alt": "",
        "stamp": "",
        "busy": False,
        "share": None,
        "wide": False,
        "address": False,
        "values": None,
        "placed": [],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=60_000)
    parser.add_argument("--ratio", type=float, default=1.0, help="device pixels to a CSS pixel")
    asked = parser.parse_args()
    script = base.script(map_view.__file__, "map_view", map_view.SHARED).replace(
        "export default function", "window.component = function"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720}, device_scale_factor=asked.ratio)
        page.set_content(f"<div id=root style='width:544px'>{map_view.HTML}</div>")
        css = Path(map_view.__file__).with_suffix(".css").read_text(encoding="utf-8")
        page.add_style_tag(content=css)
        page.add_script_tag(content=script)
        page.evaluate(
            "data => component({ data, parentElement: document.querySelector('#root') })", data_of(asked.points)
        )
        seconds = page.evaluate(DRAG, FRAMES)
        print(
            f"{asked.points:,} points at {asked.ratio:g} pixels: {FRAMES / seconds:.0f} frames a second, load "
            f"{os.getloadavg()[0]:.1f}"
        )
        browser.close()


if __name__ == "__main__":
    main()
