"""Pictures of one's own come in through the browser, are looked at, kept, trained on and generated anew."""

import io
import re
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import narrow, settled, widen
from tests.browser.conftest import SIZE

pytestmark = pytest.mark.browser
SLOW = 120_000  # ms: a busy machine may take long to start the worker process

SHEET = """(key) => {
    const host = document.querySelector(`.st-key-${key}`);
    const inside = [host, ...(host?.querySelectorAll("*") ?? [])].map((e) => e?.shadowRoot ?? e);
    const found = inside.flatMap((e) => [...(e?.querySelectorAll?.("canvas") ?? [])]);
    return found.map((canvas) => {
        const levels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return [...levels.slice(4 * (canvas.width * (canvas.height >> 1) + (canvas.width >> 1))).slice(0, 3)];
    });
}"""
"""The colour in the middle of each picture of a sheet."""

SORTED = ",".join(["false"] * 12 + ["true"] * 12)
"""Which of 24 pictures are red: the class blue comes first."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """60 pictures of 48 × 32 pixels: 30 of a red and 30 of a blue class."""
    path = tmp_path_factory.mktemp("upload") / "balls.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for i in range(60):
            picture = Image.new("RGB", (48, 32), (200 + i % 30, 20, 30) if i % 2 else (30, 20, 200 + i % 30))
            file = io.BytesIO()
            picture.save(file, "PNG")
            packed.writestr(f"balls/{'red' if i % 2 else 'blue'}/{i}.png", file.getvalue())
    return path


def test_an_uploaded_archive_of_colour_pictures_is_trained_on_and_generated(page, lab, archive):
    """It is looked at and kept on a narrow page, as images of 32 × 32 in colour."""
    page.goto(f"{lab.url}/data?set=folder&shape=3-32-32&fit=crop")
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(archive)
    expect(page.get_by_text("24 pictures from all over the 60 files, as 32 × 32, colour.")).to_be_visible(timeout=SLOW)
    narrow(page)
    expect(page.get_by_text("2 classes: blue, red.")).to_be_visible()
    page.wait_for_function(
        f"() => ({SHEET})('upload_preview').map(([red, , blue]) => red > blue).join() === '{SORTED}'"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("textbox", name="Name of the set").fill("balls of mine")
    page.get_by_role("textbox", name="Name of the set").press("Enter")
    page.get_by_role("button", name="Use this set").click()
    expect(page.get_by_role("button", name="Train on this set")).to_be_enabled(timeout=SLOW)
    expect(page.get_by_role("button", name="Uploaded: balls of mine")).to_be_visible()
    assert "folder=" in page.url and "fit=crop" in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    widen(page, SIZE)
    train(page, "browser balls")
    page.goto(f"{lab.url}/generate?run=browser balls")
    expect(page.get_by_role("img", name=re.compile("64 samples drawn from the prior"))).to_be_visible(timeout=SLOW)
    settled(page)
    assert "run=browser" in page.url and page.get_by_test_id("stException").count() == 0


def train(page: Page, name: str) -> None:
    """Train on the set of the Data page for three epochs."""
    page.get_by_role("button", name="Train on this set").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_be_visible(timeout=SLOW)
    settled(page)
    epochs.fill("3")
    epochs.press("Enter")
    page.get_by_role("textbox", name="Name of the run").fill(name)
    page.get_by_role("textbox", name="Name of the run").press("Enter")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Train another")).to_be_visible(timeout=SLOW)
