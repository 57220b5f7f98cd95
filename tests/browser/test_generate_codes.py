"""The grid of codes on Generate, in a real browser: a click and keys change a code, and the picture follows."""

from __future__ import annotations

import pytest
import torch
from playwright.sync_api import expect

from core import runs
from core.models import build
from core.runs import weights
from tests.browser.browser_tools import settled
from tests.tiny_runs import tiny

pytestmark = pytest.mark.browser

RUN = "codes-in-browser"

MAIN = """[...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.code-grid'))
  .shadowRoot.querySelector('canvas.main')"""
"""The canvas of the decoded picture."""


@pytest.fixture(scope="module")
def run(lab):
    """A run of 7 × 7 codes of 16 in the lab's folder, untrained but for its codebook."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        made = runs.create(tiny("vq-vae-fast", codebook_size=16, codebook_dim=3, channels=(8, 8)), RUN)
        model = build(made.recipe)
        generator = torch.Generator().manual_seed(0)
        model.after_step(model.loss(torch.rand(16, 1, 28, 28, generator=generator)), generator)
        weights.save(made.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    return made


def codes(page) -> list[int]:
    text = page.locator(".code-grid canvas.main").get_attribute("data-codes")
    return [int(part, 36) for part in text.split("_")]


def picture(page) -> str:
    return page.locator(".code-grid canvas.main").evaluate("c => c.toDataURL()")


def changed(page, before: str) -> None:
    """Wait until the picture is another one."""
    page.wait_for_function(
        f"before => {MAIN}.toDataURL() !== before",
        arg=before,
    )
    settled(page)


def test_a_click_gives_a_cell_another_code_and_undo_takes_it_back(page, lab, run):
    page.goto(f"{lab.url}/generate?run={RUN}")
    frame, tiles = page.locator(".code-grid .frame"), page.locator(".code-grid .tiles .marks")
    expect(frame).to_be_visible()
    settled(page)
    first, before = codes(page), picture(page)
    box = frame.bounding_box()
    frame.click(position={"x": box["width"] * 1.5 / 7, "y": box["height"] * 2.5 / 7})
    expect(frame).to_have_attribute("data-cell", str(2 * 7 + 1))
    place = 3 if first[15] != _code_at(page, 3) else 4
    tiles.click(position={"x": 38 * place + 10, "y": 10})
    changed(page, before)
    wanted = [*first[:15], _code_at(page, place), *first[16:]]
    assert codes(page) == wanted
    page.wait_for_function("() => new URL(location.href).searchParams.has('codes')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(
        f"text => {MAIN}.dataset.codes === text",
        arg="_".join("0123456789abcdef"[k] for k in first),
    )
    assert picture(page) == before


def _code_at(page, place: int) -> int:
    """The code that stands at a place of the codebook, by the line below it."""
    tiles = page.locator(".code-grid .tiles .marks")
    tiles.hover(position={"x": 38 * place + 10, "y": 10})
    text = page.locator(".code-grid .under").inner_text()
    return int(text.removeprefix("Code ").split(":")[0])


def test_keys_choose_a_cell_and_a_code(page, lab, run):
    page.goto(f"{lab.url}/generate?run={RUN}")
    frame = page.locator(".code-grid .frame")
    expect(frame).to_be_visible()
    settled(page)
    first, before = codes(page), picture(page)
    frame.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(frame).to_have_attribute("data-cell", str(2 * 7 + 2))
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    changed(page, before)
    after = codes(page)
    assert after[16] != first[16] and after[:16] == first[:16] and after[17:] == first[17:]
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(frame).to_have_attribute("data-cell", str(2 * 7 + 3))
