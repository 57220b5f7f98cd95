"""The page of a run, and addresses that lead back to what was chosen, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import is_open, settled

pytestmark = pytest.mark.browser
SLOW = 60_000  # ms

RUN = "example-conv-vae"
FILM = ".st-key-train_film"
CHART = ".st-key-train_curves canvas"


def epochs_of(page: Page) -> tuple[str, str]:
    """The epochs that the film and the chart show."""
    film = page.locator(f"{FILM} canvas").last
    return film.get_attribute("data-epoch"), page.locator(CHART).get_attribute("data-epoch")


def test_film_and_curve_share_one_epoch_which_the_address_keeps(page: Page, lab):
    page.goto(f"{lab.url}/run?name={RUN}")
    film, chart = page.locator(f"{FILM} canvas").last, page.locator(CHART)
    expect(film).to_have_attribute("data-epoch", "40", timeout=SLOW)
    expect(chart).to_have_attribute("data-epoch", "40")
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    slider.press("Home")
    expect(film).to_have_attribute("data-epoch", "0")
    expect(chart).to_have_attribute("data-epoch", "0")
    page.wait_for_url(re.compile(r"[?&]epoch=0\b"))
    chart.click(position={"x": 0.55 * chart.bounding_box()["width"], "y": 200})
    expect(film).not_to_have_attribute("data-epoch", "0")
    shown, marked = epochs_of(page)
    assert shown == marked and 0 < int(shown) < 40
    page.wait_for_url(re.compile(rf"[?&]epoch={shown}\b"))
    page.reload()
    expect(film).to_have_attribute("data-epoch", shown, timeout=SLOW)
    expect(chart).to_have_attribute("data-epoch", shown)
    settled(page)
    page.get_by_role("button", name="Newest").click()
    page.wait_for_function("!location.search.includes('epoch')")


def test_the_model_its_parts_one_step_and_the_glossary_work_by_keyboard_and_on_a_phone(page: Page, lab):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{lab.url}/run?name={RUN}&step=2")
    steps, model = page.locator(".steps"), page.locator(".model")
    expect(steps).to_have_attribute("data-at", "1", timeout=SLOW)
    settled(page)
    steps.locator(".next").focus()
    page.keyboard.press("ArrowRight")
    expect(steps).to_have_attribute("data-at", "2")
    page.wait_for_url(re.compile(r"[?&]step=3\b"))
    model.locator(".choice button").first.focus()
    page.keyboard.press("ArrowRight")
    expect(model).to_have_attribute("data-at", "1")
    part = model.locator("[data-part=posterior]")
    part.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Posterior: μ and σ")).to_be_visible()
    expect(part).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(re.compile(r"part=posterior"))
    page.wait_for_url(re.compile(r"step=3"))  # the server has written the address: it is written again
    term = page.locator(".glossary").first
    meaning = term.locator(".meaning")
    expect(meaning).to_be_hidden()
    term.focus()
    expect(meaning).to_be_visible()
    box = meaning.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    for figure in (model, steps):
        edges = figure.evaluate(
            "f => [...f.querySelectorAll('canvas, button, svg')].map(e => e.getBoundingClientRect().right)"
        )
        assert max(edges) <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_form_on_train_survives_a_reload(page: Page, lab):
    page.goto(f"{lab.url}/train?recipe=plane-vae&latent_dim=3&nonsense=1")
    field = page.get_by_role("spinbutton", name="Latent size")
    expect(field).to_have_value("3", timeout=SLOW)
    expect(page.get_by_text("unknown parameter")).to_be_visible()
    page.wait_for_function("!location.search.includes('nonsense')")
    beta = page.get_by_role("spinbutton", name=re.compile("β"))
    beta.fill("4")
    beta.press("Enter")
    page.wait_for_url(re.compile(r"[?&]beta=4\b"))
    page.reload()
    expect(beta).to_have_value("4", timeout=SLOW)
    expect(field).to_have_value("3")
    expect(page.get_by_text("unknown parameter")).to_have_count(0)


def test_the_point_on_generate_survives_a_reload_and_is_in_the_copied_link(page: Page, lab, window):
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{lab.url}/generate?run=example-plane-vae")
    main = page.locator("canvas.main, .board .main").first
    expect(main).to_have_attribute("data-z-hash", re.compile("."), timeout=SLOW)
    slider = page.get_by_role("slider", name=re.compile("Latent dimension")).first
    slider.focus()
    slider.press("Home")
    page.wait_for_url(re.compile(r"[?&]z="))
    settled(page)
    shown = main.get_attribute("data-z-hash")
    page.reload()
    expect(main).to_have_attribute("data-z-hash", shown, timeout=SLOW)
    settled(page)
    before = page.url
    page.get_by_role("button", name="Random", exact=True).click()
    expect(main).not_to_have_attribute("data-z-hash", shown)
    page.wait_for_function("before => location.href !== before", arg=before)
    settled(page)
    there = main.get_attribute("data-z-hash")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    page.goto("about:blank")
    page.goto(link)
    expect(main).to_have_attribute("data-z-hash", there, timeout=SLOW)


@pytest.mark.goes_on
def test_on_generate_the_layers_follow_when_the_sliders_rest(page: Page, lab):
    address = f"{lab.url}/generate?run=example-plane-vae"
    if not is_open(page, address):
        page.goto(address)
    model = page.locator(".model")
    picture = model.locator("[data-part=reconstruction] canvas")
    expect(picture).to_be_visible(timeout=SLOW)
    settled(page)
    model.scroll_into_view_if_needed()
    before = picture.evaluate("c => c.toDataURL()")
    slider = page.get_by_role("slider", name=re.compile("Latent dimension")).first
    slider.focus()
    slider.press("End")
    model.scroll_into_view_if_needed()
    page.wait_for_function(
        """before => {
          const hosts = [...document.querySelectorAll("*")].filter((e) => e.shadowRoot?.querySelector(".model"));
          const part = hosts[0].shadowRoot.querySelector("[data-part=reconstruction]");
          return !part.matches(".waits") && part.querySelector("canvas").toDataURL() !== before; }""",
        arg=before,
        timeout=SLOW,
    )
