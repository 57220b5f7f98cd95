"""A set is drawn stroke by stroke on a wide and on a narrow page, then a model is trained on it."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core.data import drawn
from core.images.convert import from_png
from tests.browser.browser_tools import narrow, settled

pytestmark = pytest.mark.browser

EACH = 4
STROKES = {
    "ring": [[(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)]],
    "cross": [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]],
}


def stroke(page, places) -> None:
    surface = page.locator(".pad .surface")
    surface.evaluate("node => node.scrollIntoView({ block: 'center' })")  # the head of the page lies over its top
    box = surface.bounding_box()
    for k, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if k == 0:
            page.mouse.down()
    page.mouse.up()


def draw(page, name: str, count: int, total: int) -> int:
    """Draw and keep pictures of one class; `total` are in the set before. Returns how many are in it then."""
    for _ in range(count):
        settled(page)  # nothing moves under the pen
        for places in STROKES[name]:
            stroke(page, places)
        page.get_by_role("button", name=f"Keep as “{name}”").click()
        total += 1
        words = f"{total} drawing{'' if total == 1 else 's'}, the newest first"
        expect(page.get_by_text(words)).to_be_visible()
        expect(page.locator(".pad .hint")).to_be_visible()  # the surface is empty again
    return total


def test_a_set_is_drawn_in_colour_on_a_wide_and_a_narrow_page_and_a_model_is_trained_on_it(page, lab, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_SETS", str(lab.log / "sets"))
    page.goto(f"{lab.url}/data?set=folder&drawn=-")
    page.get_by_role("textbox", name="Name of the set").fill("Signs")
    page.get_by_role("textbox", name="Classes").fill("ring, cross")
    page.locator(".st-key-drawn_new_shape").get_by_role("combobox").click()
    page.get_by_role("option", name="32 × 32, colour").click()
    page.get_by_role("button", name="Begin the set").click()
    page.locator(".pad .surface").wait_for()
    settled(page)
    page.get_by_role("radio", name="Red", exact=True).check()
    total = draw(page, "ring", EACH, 0)
    narrow(page)
    page.locator(".st-key-drawn_class_Signs").get_by_text("cross", exact=True).click()
    page.get_by_role("radio", name="Blue", exact=True).check()
    draw(page, "cross", EACH, total)

    found = drawn.drawings(drawn.named("Signs"))
    assert [one.label for one in found] == ["ring"] * EACH + ["cross"] * EACH
    pictures = np.stack([from_png(one.file.read_bytes()) for one in found]).astype(int)
    red, _, blue = np.moveaxis(pictures.sum((1, 2)), -1, 0)
    assert (red[:EACH] > 2 * blue[:EACH]).all() and (blue[EACH:] > 2 * red[EACH:]).all()
    expect(page).to_have_url(f"{lab.url}/data?set=folder&drawn=Signs")

    page.get_by_role("button", name="Train on this set").click()
    page.get_by_role("button", name=re.compile("Start training|Add to the queue")).click()
    expect(page.get_by_role("button", name="Train another")).to_be_visible()
    recipes = [json.loads((file.parent / "recipe.json").read_text()) for file in lab.runs.glob("*/best.safetensors")]
    (recipe,) = [recipe for recipe in recipes if recipe.get("folder", "").endswith("Signs")]
    assert recipe["dataset"] == "folder" and recipe["image_shape"] == [3, 32, 32]
