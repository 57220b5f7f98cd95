"""The VAE → GAN page in a real browser: images that flow, code a click away, a scrubber and slow motion that ask
nothing of the server, an address that leads back."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.gan import before_after
from core.latent import codec, sampling
from core.runs import weights
from tests.browser.browser_tools import CHANGED, GREYS, PAINTED, in_scheme, is_open, narrow, sent_by, settled
from tests.tiny_gans import FIGURES, gan_run

pytestmark = pytest.mark.browser

RUN = "small-gan"


@pytest.fixture(scope="module", autouse=True)
def small_gan(lab):
    """A small GAN on the digits, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        run = gan_run(RUN, evaluation=FIGURES)
        yield run
        runs.Run(run.path).delete()


FIGURE = {"idea": ".flow .part canvas", "compare": ".pair .strip canvas", "slow": ".steps .stages button"}
"""What is on the page once a tab is drawn."""


def visit(page, lab, tab: str, query: str = ""):
    page.emulate_media(reduced_motion="reduce")
    address = f"{lab.url}/gan?run={RUN}&tab={tab}{query}"
    if not is_open(page, address):
        page.goto(address)
    tab_drawn(page, tab)


def fits_a_phone(page, scheme="light") -> None:
    """Nothing lies beyond the edge."""
    narrow(page)
    in_scheme(page, scheme)
    edges = page.locator(".flow, .pair, .steps").evaluate(
        "f => [...f.querySelectorAll('canvas, button, p, .plot, .says')].map(e => e.getBoundingClientRect().right)"
    )
    assert max(edges) <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def tab_drawn(page, tab: str) -> None:
    page.wait_for_selector(FIGURE[tab])
    settled(page)


def shown(page, lane: str) -> np.ndarray:
    return np.array(page.locator(f"canvas[data-lane={lane}]").evaluate(GREYS), np.uint8).reshape(28, 28)


def to_the_start(page) -> None:
    """Move the scrubber to the first images."""
    page.locator(".pair input").focus()
    page.keyboard.press("Home")
    expect(page.locator(".pair")).to_have_attribute("data-at", "0")


def stage(page) -> tuple[str, str]:
    steps = page.locator(".steps")
    return steps.get_attribute("data-walk"), steps.get_attribute("data-at")


def test_the_next_images_flow_through_all_three_pictures_without_a_message(page, lab, small_gan):
    sent = sent_by(page)
    visit(page, lab, "idea", "&seed=4")
    before = len(sent)
    model = weights.load_model(small_gan)
    z = sampling.draws(model, 12, seed=4)
    wanted = {"alone": codec.decode(model.source_model(), z), "gan": codec.decode(model, z)}
    for k in (1, 2):
        page.locator(".flow .next").click()
        expect(page.locator(".flow")).to_have_attribute("data-at", str(k))
        for idea, part in (("alone", "picture"), ("gan", "fake")):
            canvas = page.locator(f".flow [data-idea={idea}] [data-part={part}] canvas")
            assert np.array_equal(np.array(canvas.evaluate(GREYS)).reshape(28, 28), wanted[idea][k])
    assert len(sent) == before
    page.emulate_media(reduced_motion="no-preference")
    button = page.locator(".flow [data-idea=source] [data-part=reconstruction]")
    canvas = button.locator("canvas")
    old = canvas.evaluate(GREYS)
    page.locator(".flow .next").click()
    expect(button).to_have_class(re.compile("waits"))  # blank until its own image arrives
    page.wait_for_function(CHANGED, arg=[canvas.element_handle(), old])


@pytest.mark.goes_on
def test_a_part_opened_by_keyboard_shows_its_code_and_the_address_leads_back_to_it_on_a_phone_too(page, lab):
    visit(page, lab, "idea", "&seed=4")
    page.locator(".flow .play").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".flow [data-idea=source] [data-part=encoder]")).to_be_focused()
    page.keyboard.press("Enter")
    code = page.locator(".st-key-gan_code")
    expect(code).to_contain_text("def mlp_encoder")
    part = page.locator(".flow [data-idea=gan] [data-part=discriminator]")
    part.click()
    expect(code).to_contain_text("def discriminator(shape")
    expect(part).to_have_attribute("aria-pressed", "true")
    page.wait_for_url("**part=discriminator**")
    page.reload()
    tab_drawn(page, "idea")
    expect(code).to_contain_text("def discriminator(shape")
    fits_a_phone(page)
    part.click()
    expect(code.locator("pre")).to_have_count(0)


@pytest.mark.goes_on
def test_a_tab_is_opened_by_click_and_the_address_and_a_reload_follow(page, lab):
    visit(page, lab, "idea", "&seed=4")
    page.get_by_role("tab", name="Slow motion").click()
    page.wait_for_selector(FIGURE["slow"])
    page.wait_for_url("**tab=slow**")
    expect(page.locator(".flow")).to_have_count(0)
    page.reload()
    tab_drawn(page, "slow")
    expect(page.get_by_role("tab", name="Slow motion")).to_have_attribute("aria-selected", "true")


def test_one_scrubber_moves_both_and_asks_nothing_of_the_server(page, lab, small_gan):
    sent = sent_by(page)
    visit(page, lab, "compare", "&seed=9")
    before = len(sent)
    model, images = weights.load_model(small_gan), data.load("digits")
    z = before_after.clearest_first(model, sampling.draws(model, 10, seed=9), images.train_images)
    z = before_after.tour(z, 12)
    slider = page.locator(".pair input")
    slider.focus()
    for key, k in (("End", 108), ("ArrowLeft", 107), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.locator(".pair")).to_have_attribute("data-at", str(k))
        after = codec.decode(model, z, chunk=64)[k]
        assert np.array_equal(shown(page, "before"), codec.decode(model.source_model(), z, chunk=64)[k])
        assert np.array_equal(shown(page, "after"), after)
        assert np.array_equal(
            shown(page, "real"),
            images.train_images[before_after.nearest_images(after[None], images.train_images)[0][0]],
        )
    page.locator(".pair .strip").nth(1).hover(position={"x": 300, "y": 20})
    page.evaluate(PAINTED)
    assert 0 < int(page.locator(".pair").get_attribute("data-at")) < 108
    assert len(sent) == before


@pytest.mark.goes_on
def test_a_new_draw_has_another_seed_and_the_address_leads_back_to_it_on_a_phone_too(page, lab):
    visit(page, lab, "compare", "&seed=9")
    to_the_start(page)
    old = shown(page, "after")
    page.get_by_role("button", name="New draw").click()
    page.wait_for_function("() => !location.search.includes('seed=9&') && !location.search.endsWith('seed=9')")
    settled(page)
    canvas = page.locator("canvas[data-lane=after]")
    page.wait_for_function(CHANGED, arg=[canvas.element_handle(), old.ravel().tolist()])
    to_the_start(page)
    new = shown(page, "after")
    page.reload()
    tab_drawn(page, "compare")
    to_the_start(page)
    assert np.array_equal(shown(page, "after"), new)
    fits_a_phone(page, "dark")


def test_slow_motion_goes_by_keyboard_and_the_address_follows_without_a_message_on_a_phone_too(page, lab):
    sent = sent_by(page)
    visit(page, lab, "slow")
    before = len(sent)
    assert stage(page) == ("D", "0")
    page.locator(".steps .next").focus()
    for k in (1, 2, 3, 4):
        page.keyboard.press("ArrowRight")
        assert stage(page) == ("D", str(k))
    expect(page.locator(".steps .facts")).to_contain_text("→")
    page.keyboard.press("ArrowRight")
    assert stage(page) == ("D", "4"), "the last stage is the end"
    page.keyboard.press("Enter")
    assert stage(page) == ("G", "0"), "on to the other player's step"
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert stage(page) == ("G", "3")
    expect(page.locator(".steps canvas.heat").first).to_be_visible()
    assert len(sent) == before and "walk=g4" in page.url
    page.get_by_text("10 times", exact=True).click()  # the server writes the address, too
    settled(page)
    page.wait_for_function("() => location.search.includes('walk=g4')")
    page.reload()
    tab_drawn(page, "slow")
    assert stage(page) == ("G", "3")
    fits_a_phone(page)
