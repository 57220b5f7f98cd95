"""The Reconstruct page in a real browser: a brush, a scrubber at pointer speed, an address that leads back."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.images import mask_spec
from tests.browser.browser_tools import GREYS, PAINTED, in_scheme, is_open, narrow, sent_by, settled
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.browser

MODELS = ("example-mlp-vae", "tiny-ad", "tiny-vad")


@pytest.fixture(scope="module", autouse=True)
def decoders_only(lab):
    """A small run of each family without an encoder, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        sizes = {"network": "mlp", "hidden": (64,), "latent_dim": 8, "train_images": 0, "batch_size": 32, "epochs": 6}
        made = [
            trained(tiny("auto-decoder", **sizes), "tiny-ad"),
            trained(tiny("variational-auto-decoder", **sizes), "tiny-vad"),
        ]
        yield
        for run in made:
            runs.Run(run.path).delete()


def visit(page, lab, query: str = f"runs={','.join(MODELS)}&image=3"):
    address = f"{lab.url}/reconstruct?{query}"
    if not is_open(page, address):
        page.goto(address)
    all_answered(page)


def all_answered(page) -> None:
    page.wait_for_selector("canvas[data-lane]")
    settled(page)


def at(page) -> int:
    return int(page.locator(".rec").get_attribute("data-at"))


def last(page) -> int:
    return int(page.locator(".rec").get_attribute("data-last"))


def shown(page, lane: str) -> np.ndarray:
    return np.array(page.locator(f"canvas[data-lane='{lane}']").evaluate(GREYS), np.uint8).reshape(28, 28)


def facts(page, name: str) -> list[float]:
    return [float(t.split()[0].replace("−", "-")) for t in page.locator(f".rec dd.{name}").all_inner_texts()]


def fits_a_phone(page, scheme) -> None:
    """Everything is there without scrolling sideways, and the scrubber stays in sight."""
    narrow(page)
    in_scheme(page, scheme)
    for canvas in page.locator(".rec canvas").all():
        box = canvas.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.locator("canvas[data-lane='0.0']").scroll_into_view_if_needed()
    page.mouse.move(195, 300)
    page.mouse.wheel(0, 200)
    page.wait_for_function(PAINTED)
    scrubber = page.locator(".rec .controls").bounding_box()
    assert scrubber["y"] >= 0 and scrubber["y"] + scrubber["height"] <= 845


def test_scrubbing_hovering_and_playing_ask_nothing_of_the_server(page, lab):
    sent = sent_by(page)
    visit(page, lab)
    assert at(page) == last(page) > 10, "the result is shown first"
    final, before, pictures = facts(page, "objective"), len(sent), set()
    for place in (page.locator(".rec .controls input"), page.locator(".rec canvas.loss").first):
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        page.mouse.move(box["x"] + 46, box["y"] + box["height"] / 2)
        page.mouse.down()
        for k in range(1, 20):
            page.mouse.move(box["x"] + 46 + (box["width"] - 50) * k / 20, box["y"] + box["height"] / 2)
            page.wait_for_function(PAINTED)
            pictures.add(shown(page, "2.0").tobytes())
        page.mouse.up()
        assert at(page) > 0.8 * last(page), "each of them leads to the end"
    assert len(pictures) >= 10, "the pictures must follow the pointer"
    slider = page.locator(".rec .controls input")
    slider.focus()
    page.keyboard.press("Home")
    assert at(page) == 0
    start, encoder = facts(page, "objective"), shown(page, "0.0")
    assert np.abs(shown(page, "0.1").astype(int) - encoder).max() <= 1, "the refinement begins at the encoder's answer"
    assert start[0] == pytest.approx(start[1], abs=1) and all(a >= b for a, b in zip(start, final, strict=True))
    page.get_by_role("button", name="Play the search from its start").click()
    expect(page.locator(".rec")).to_have_attribute("data-at", str(last(page)))
    assert facts(page, "objective") == final
    path = page.locator(".rec canvas.way").last
    path.scroll_into_view_if_needed()
    box = path.bounding_box()
    seen = set()
    for k in range(20):
        page.mouse.move(box["x"] + box["width"] * k / 20, box["y"] + box["height"] * (20 - k) / 20)
        page.wait_for_function(PAINTED)
        seen.add(at(page))
    assert len(seen) > 1, "the path leads the scrubber too"
    assert len(sent) == before, "nothing of this must ask the server"


@pytest.mark.goes_on
def test_a_clicked_image_is_reconstructed_by_every_model_on_a_phone_too(page, lab):
    visit(page, lab)
    page.get_by_role("button", name="Choose an image").click()
    thumbnail = page.locator(".gallery button").nth(8)
    number = int(re.match(r"test image (\d+)", thumbnail.get_attribute("title"))[1])
    thumbnail.click()
    page.wait_for_url(re.compile(rf"[?&]image={number}(&|$)"))
    settled(page)
    expect(page.locator(".rec .original")).to_have_attribute("aria-label", re.compile(f"test image {number},"))
    original = data.load("digits").test_images[number]
    assert np.array_equal(np.array(page.locator(".rec .original").evaluate(GREYS)).reshape(28, 28), original)
    lanes = ["0.0", "0.1", "1.0", "2.0"]
    assert [c.get_attribute("data-lane") for c in page.locator("canvas[data-lane]").all()] == lanes
    for lane, told in zip(lanes, facts(page, "mse"), strict=True):
        error = np.mean((shown(page, lane) / 255.0 - original / 255.0) ** 2)
        assert error == pytest.approx(told, rel=0.02, abs=2e-5), lane
    fits_a_phone(page, "light")


def test_what_the_brush_hides_is_completed_from_the_rest_and_the_address_leads_back_to_it_on_a_phone_too(page, lab):
    visit(page, lab, f"runs={','.join(MODELS)}&image=3&hide=box-0-0-2-2")
    surface = page.locator(".pad .surface")
    box = surface.bounding_box()
    answers = [canvas.bounding_box() for canvas in page.locator(".rec .lane > canvas").all()]
    assert len(answers) == 5 and len({answer["y"] for answer in answers}) == 1, (
        "the original and all answers in one line"
    )
    assert answers[0]["x"] >= box["x"] + box["width"], "beside the hidden picture"
    assert max(answer["y"] + answer["height"] for answer in answers) <= page.viewport_size["height"]
    page.mouse.move(box["x"] + 40, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 150, steps=8)
    page.mouse.up()
    page.wait_for_url(re.compile(r"hide=mask-"))
    settled(page)
    visible = mask_spec.mask_of(re.search(r"hide=([^&]+)", page.url)[1])
    assert 30 < (~visible).sum() < 300
    expect(page.locator(".pad .read")).to_contain_text(f"{(~visible).sum()} of 784 pixels hidden")
    original = data.load("digits").test_images[3]
    told = facts(page, "hidden")
    assert len(told) == 4
    for lane, error in zip(("0.0", "0.1", "1.0", "2.0"), told, strict=True):
        off = (shown(page, lane) / 255.0 - original / 255.0)[~visible]
        assert np.mean(off**2) == pytest.approx(error, rel=0.02, abs=2e-5), lane
    # What each model sees: the encoder black in the hole, a search stripes that are no grey.
    colours = """c => { const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
                 for (let i = 0; i < p.length; i += 4) if (p[i] !== p[i + 2]) n++; return n / (p.length / 4); }"""
    sees = [canvas.evaluate(colours) for canvas in page.locator(".rec .sees canvas").all()]
    assert sees[0] == 0 and all(share == pytest.approx((~visible).mean(), rel=0.05) for share in sees[1:])
    page.reload()
    all_answered(page)
    assert facts(page, "hidden") == told
    fits_a_phone(page, "dark")


def test_the_sweep_draws_its_curves_behind_the_page_and_can_be_stopped(page, lab):
    visit(page, lab, "runs=example-mlp-vae,tiny-vad&image=3")
    count = page.get_by_role("spinbutton", name="Test images")
    count.fill("20")
    count.press("Enter")
    all_answered(page)
    page.get_by_role("button", name="Draw the curves").click()
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    all_answered(page)
    stop.click()
    onward = page.get_by_role("button", name="Continue")
    onward.wait_for()
    all_answered(page)
    onward.click()
    page.get_by_role("button", name="Curves (CSV)").wait_for(timeout=120_000)
    chart = page.locator("[class*=st-key-reconstruct_sweep_chart] canvas")
    assert "With half of the pixels hidden" in chart.get_attribute("aria-label")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Curves (CSV)").click()
    rows = caught.value.path().read_text().splitlines()
    # With an encoder two fills and a search, without one a search, and the baseline: nine shares each.
    assert len(rows) == 1 + (3 + 1 + 1) * 9 and rows[1].startswith("example-mlp-vae,zeros,0.1,20,")
