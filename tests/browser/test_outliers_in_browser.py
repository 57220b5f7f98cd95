"""The Outliers page in a real browser: a threshold at pointer speed, images under each bar, clicks and the address."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import runs
from core.evaluation import outliers
from core.jobs import outliers as jobs_outliers
from core.runs import weights
from core.system.progress import Steps
from tests.browser.browser_tools import PAINTED, greys, in_scheme, is_open, narrow, sent_by, settled
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.browser

RUN = "example-mlp-vae"


def visit(page, lab, query: str = f"run={RUN}&other=none"):
    address = f"{lab.url}/outliers?{query}"
    if is_open(page, address):
        settled(page)
        return
    page.goto(address)
    page.wait_for_selector(".outlier-board canvas[data-kind=noise]", timeout=120_000)
    settled(page)


@pytest.fixture(scope="module")
def truth(lab):
    """The bag and its scores, computed here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        run = runs.open_run(RUN)
        images, bag, _ = jobs_outliers.prepare(run, "", 300, 0)
        return bag, Steps(outliers.scoring_steps(weights.load_model(run), run.recipe, images, bag)).end()


def flagged(page, kind: str) -> float:
    return float(page.locator(f".outlier-board canvas[data-kind={kind}]").get_attribute("data-flagged"))


def test_on_a_laptop_histograms_threshold_and_images_share_the_first_screen(page, lab):
    visit(page, lab)
    for part in (".outlier-board .rows", ".outlier-board input[type=range]", ".outlier-board .preview"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 720, part


@pytest.mark.goes_on
def test_hovering_and_arrow_keys_show_the_images_under_a_bar_without_a_message(page, lab, truth):
    bag, found = truth
    sent = sent_by(page)
    visit(page, lab)
    before, titles = len(sent), set()
    row = page.locator(".outlier-board canvas[data-kind=test]")
    box = row.bounding_box()
    for k in range(30):
        page.mouse.move(box["x"] + box["width"] * k / 60, box["y"] + box["height"] / 2)
        page.wait_for_function(PAINTED)
        titles.add(page.locator(".preview .title").inner_text())
    assert len(titles) > 12
    row.focus()
    shown = page.locator(".preview .title").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator(".preview .title").inner_text() != shown
    pair = page.locator(".preview .pair").first
    image, copy = (greys(canvas) for canvas in pair.locator("canvas").all())
    (k,) = [k for k in bag.of("test") if np.array_equal(bag.images[k], image)][:1]
    assert np.abs(found.reconstructions[k].astype(int) - copy).max() <= 1
    assert re.search(rf"{found.error[k]:.3g}"[:5], pair.get_attribute("title"))
    assert len(sent) == before, "nothing of this must ask the server"


@pytest.mark.goes_on
def test_a_clicked_image_is_looked_at_closer(page, lab, truth):
    bag, found = truth
    visit(page, lab)
    test = bag.of("test")
    third = test[np.argsort(-found.error[test], kind="stable")][2]
    button = page.locator(".pairs > button").nth(2)
    assert np.array_equal(greys(button.locator("canvas").first), bag.images[third])
    button.click()
    expect(page.get_by_text(f"Test image {bag.number[third]}, class")).to_be_visible()
    expect(page.locator(".pairs > button").nth(2)).to_have_attribute("aria-pressed", "true")


@pytest.mark.goes_on
def test_the_threshold_flags_what_the_scores_say_while_it_is_dragged_and_asks_nobody(page, lab, truth):
    bag, found = truth
    sent = sent_by(page)
    visit(page, lab)
    slider, held = page.locator(".outlier-board input[type=range]"), found.error[bag.of("validation")]
    before, seen = len(sent), set()
    for percent in (95, 50, 71.5, 99):
        slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input')); }", percent)
        line = outliers.decision_threshold(held, percent / 100)
        for kind in ("validation", "test", "noise"):
            wanted = (found.error[bag.of(kind)] > line).mean()
            assert flagged(page, kind) == pytest.approx(wanted, abs=1.5 / 297), (kind, percent)
        seen.add(flagged(page, "test"))
    assert len(seen) == 4 and len(sent) == before, "nothing of this must ask the server"
    slider.evaluate("s => s.dispatchEvent(new Event('change'))")
    page.wait_for_url(re.compile(r"[?&]q=99(&|$)"))
    settled(page)
    share = 100 * (found.error[bag.of("test")] > outliers.decision_threshold(held, 0.99)).mean()
    expect(page.get_by_text(f"with it {share:.1f} % of the test images are false alarms")).to_be_visible()


@pytest.mark.goes_on
def test_the_address_leads_back_to_what_was_seen(page, lab):
    visit(page, lab)
    page.get_by_role("radio", name="Negative ELBO").click()
    expect(page.locator(".outlier-board .unit")).to_contain_text("nats per image")
    page.wait_for_url(re.compile("score=objective"))
    settled(page)
    address = page.url
    page.reload()
    expect(page.locator(".outlier-board .unit")).to_contain_text("Negative ELBO (nats per image)")
    settled(page)
    assert page.url == address


@pytest.mark.goes_on
def test_on_a_phone_nothing_is_wider_than_the_screen(page, lab):
    visit(page, lab)
    narrow(page)
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth"), scheme
        box = page.locator(".outlier-board canvas[data-kind=test]").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["width"] > 280, scheme


def test_a_model_without_an_encoder_is_scored_in_the_background(page, lab, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    trained(
        tiny("auto-decoder", network="mlp", hidden=(64,), latent_dim=8, train_images=0, batch_size=32, epochs=4),
        "points",
    )
    page.goto(f"{lab.url}/outliers?run=points&other=none&n=100")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_selector(".outlier-board canvas[data-kind=noise]", timeout=200_000)
    assert flagged(page, "noise") > 0.9
    page.reload()
    page.wait_for_selector(".outlier-board canvas[data-kind=noise]")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
