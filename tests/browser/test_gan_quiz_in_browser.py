"""You are the discriminator, in a real browser: keys and clicks, the score, and no message until the last answer."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.gan import quiz
from core.runs import weights
from tests.browser.browser_tools import GREYS, is_open, narrow, sent_by, settled, wait_until_sent
from tests.tiny_gans import FIGURES, gan_run

pytestmark = pytest.mark.browser

RUN = "quiz-gan"


@pytest.fixture(scope="module", autouse=True)
def dealt(lab):
    """The first two rounds of a small GAN, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        run = gan_run(RUN, evaluation=FIGURES)
        yield [quiz.make_round(weights.load_model(run), data.load("digits"), k, "non-saturating") for k in (0, 1)]
        runs.Run(run.path).delete()


def visit(page, lab) -> list:
    """Opens the page and waits until it is at rest; fills up with the messages it sends afterwards."""
    sent = sent_by(page)
    page.emulate_media(reduced_motion="reduce")
    address = f"{lab.url}/gan?run={RUN}&tab=quiz"
    if not is_open(page, address):
        page.goto(address)
    page.wait_for_selector(".gan-quiz")
    settled(page)
    sent.clear()
    return sent


def shown(page) -> np.ndarray:
    return np.array(page.locator(".gan-quiz .now").evaluate(GREYS), np.uint8).reshape(28, 28)


def test_twenty_answers_by_key_ask_nothing_of_the_server_until_the_last(page, lab, dealt):
    sent, dealt = visit(page, lab), dealt[0]
    keys = (("r", "1", "ArrowLeft"), ("v", "2", "ArrowDown"), ("G", "3", "ArrowRight"))
    right = exact = 0
    for k, truth in enumerate(dealt.truth):
        expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", str(k))
        assert np.array_equal(shown(page), dealt.pictures[k]), "the picture that is asked about"
        answer = k % 3
        right += (answer == 0) == (truth == "real")
        exact += dealt.kinds[answer] == truth
        assert not sent, "playing must not ask the server"
        page.keyboard.press(keys[answer][k % len(keys[answer])])
        if k < 19:
            expect(page.locator(".gan-quiz .right")).to_have_text(f"{right} of {k + 1}")
            said = page.locator(".gan-quiz .last p").inner_text()
            assert ("D takes it for real" in said) == bool(dealt.taken_as_real[k])
    sums = page.locator(".gan-quiz .sums b")
    expect(sums.first).to_have_text(f"{right} of 20")
    assert sums.all_inner_texts()[1:] == [f"{dealt.discriminator_correct} of 20", f"{exact} of 20"]
    expect(page.locator(".gan-quiz .sheet").first.locator("canvas")).to_have_count(7)
    wait_until_sent(page, sent, 1)
    settled(page)
    assert len(sent) == 1, "one message with the result"


@pytest.mark.goes_on
def test_a_new_round_follows_clicks_answer_too_and_the_streak_counts(page, lab, dealt):
    visit(page, lab)
    again, buttons = page.get_by_role("button", name="Another twenty"), page.locator(".gan-quiz .answers button")
    for this in dealt if not again.is_visible() else dealt[1:]:
        if again.is_visible():
            again.click()
        expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", "0")
        expect(page.locator(".gan-quiz .play")).to_be_visible()
        settled(page)
        assert np.array_equal(shown(page), this.pictures[0])
        for k, truth in enumerate(this.truth):
            buttons.nth(this.kinds.index(truth)).click()
            if k < 19:
                expect(page.locator(".gan-quiz .row")).to_have_text(str(k + 1))
        expect(page.locator(".gan-quiz .advice")).to_contain_text("Not one mistake")
        settled(page)


@pytest.mark.goes_on
def test_answers_survive_a_reload_and_a_change_of_page_and_fit_a_phone(page, lab):
    visit(page, lab)
    again = page.get_by_role("button", name="Another twenty")
    if again.is_visible():
        again.click()
        expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", "0")
        settled(page)
    for k, key in enumerate(("1", "2", "3")):
        page.keyboard.press(key)
        expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", str(k + 1))
    settled(page)
    page.reload()
    expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", "3")
    page.get_by_role("link", name="Data", exact=True).click()
    page.wait_for_url(re.compile("/data"))
    page.get_by_role("link", name="VAE → GAN", exact=True).click()
    expect(page.locator(".gan-quiz")).to_have_attribute("data-asked", "3")
    settled(page)
    narrow(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".gan-quiz .answers").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
