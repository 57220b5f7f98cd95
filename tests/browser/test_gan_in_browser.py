"""The VAE → GAN page in a real browser: images that flow, code a click away, a scrubber and slow motion that ask
nothing of the server, an address that leads back."""

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.gan import before_after
from core.latent import codec, sampling
from core.runs import weights
from tests.browser.browser_tools import GREYS, IDLE, PAINTED, sent_by
from tests.tiny_gans import FIGURES, gan_run

pytestmark = pytest.mark.browser

RUN = "small-gan"
CHANGED = f"([c, old]) => ({GREYS})(c).some((v, i) => v !== old[i])"


@pytest.fixture(scope="module", autouse=True)
def small_gan(lab):
    """A small GAN on the digits, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        run = gan_run(RUN, evaluation=FIGURES)
        yield run
        runs.Run(run.path).delete()


def visit(page, lab, query: str = "", scheme: str = "light"):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{lab.url}/gan?run={RUN}{query}")
    settled(page)


def settled(page) -> None:
    page.wait_for_selector(".steps .stages button", timeout=60_000)
    page.wait_for_selector(".pair .strip canvas", timeout=60_000)
    page.wait_for_selector(IDLE, timeout=60_000)


def shown(page, lane: str) -> np.ndarray:
    return np.array(page.locator(f"canvas[data-lane={lane}]").evaluate(GREYS), np.uint8).reshape(28, 28)


def stage(page) -> tuple[str, str]:
    steps = page.locator(".steps")
    return steps.get_attribute("data-walk"), steps.get_attribute("data-at")


def test_a_clicked_part_shows_its_code_and_the_address_leads_back_to_it(page, lab):
    visit(page, lab)
    part = page.locator(".flow [data-idea=gan] [data-part=discriminator]")
    part.click()
    code = page.locator(".st-key-gan_code")
    expect(code).to_contain_text("def discriminator(shape")
    expect(part).to_have_attribute("aria-pressed", "true")
    page.wait_for_url("**part=discriminator**")
    page.reload()
    settled(page)
    expect(code).to_contain_text("def discriminator(shape")
    part.click()
    expect(code.locator("pre")).to_have_count(0)


def test_a_part_is_reached_and_opened_by_keyboard(page, lab):
    visit(page, lab)
    page.locator(".flow .play").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".flow [data-idea=source] [data-part=encoder]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-gan_code")).to_contain_text("def mlp_encoder")


def test_the_next_images_flow_through_all_three_pictures_without_a_message(page, lab, small_gan):
    sent = sent_by(page)
    visit(page, lab, "&seed=4")
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


def test_images_also_arrive_where_motion_is_welcome(page, lab):
    visit(page, lab)
    page.emulate_media(reduced_motion="no-preference")
    canvas = page.locator(".flow [data-idea=source] [data-part=reconstruction] canvas")
    old = canvas.evaluate(GREYS)
    page.locator(".flow .next").click()
    page.wait_for_function(CHANGED, arg=[canvas.element_handle(), old])


def test_one_scrubber_moves_both_and_asks_nothing_of_the_server(page, lab, small_gan):
    sent = sent_by(page)
    visit(page, lab, "&seed=9")
    before = len(sent)
    model, images = weights.load_model(small_gan), data.load("digits")
    z = before_after.tour(sampling.draws(model, 10, seed=9), 12)
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


def test_a_new_draw_has_another_seed_and_the_address_leads_back_to_it(page, lab):
    visit(page, lab, "&seed=9")
    old = shown(page, "after")
    page.get_by_role("button", name="New draw").click()
    page.wait_for_function("() => !location.search.includes('seed=9&') && !location.search.endsWith('seed=9')")
    page.wait_for_selector(IDLE)
    canvas = page.locator("canvas[data-lane=after]")
    page.wait_for_function(CHANGED, arg=[canvas.element_handle(), old.ravel().tolist()])
    new = shown(page, "after")
    page.reload()
    settled(page)
    assert np.array_equal(shown(page, "after"), new)


def test_slow_motion_goes_by_keyboard_and_the_address_follows_without_a_message(page, lab):
    sent = sent_by(page)
    visit(page, lab)
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
    page.locator(".flow [data-idea=gan] [data-part=verdict]").click()
    page.wait_for_function("() => location.search.includes('part=verdict') && location.search.includes('walk=g4')")
    page.reload()
    settled(page)
    assert stage(page) == ("G", "3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_lies_beyond_the_edge(page, lab, scheme):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, lab, "&walk=g5&part=verdict", scheme)
    for place in (".flow", ".pair", ".steps"):
        edges = page.locator(place).evaluate(
            "f => [...f.querySelectorAll('canvas, button, p, .plot, .says')].map(e => e.getBoundingClientRect().right)"
        )
        assert max(edges) <= 390, place
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
