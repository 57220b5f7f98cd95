"""The page of a run, and addresses that lead back to what was chosen, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browser_tools import settled

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
    expect(film).to_have_attribute("data-epoch", "80", timeout=SLOW)
    expect(chart).to_have_attribute("data-epoch", "80")
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    slider.press("Home")
    expect(film).to_have_attribute("data-epoch", "0")
    expect(chart).to_have_attribute("data-epoch", "0")
    page.wait_for_url(re.compile(r"[?&]epoch=0\b"))
    chart.click(position={"x": 0.55 * chart.bounding_box()["width"], "y": 200})
    expect(film).not_to_have_attribute("data-epoch", "0")
    shown, marked = epochs_of(page)
    assert shown == marked and 0 < int(shown) < 80
    page.wait_for_url(re.compile(rf"[?&]epoch={shown}\b"))
    page.reload()
    expect(film).to_have_attribute("data-epoch", shown, timeout=SLOW)
    expect(chart).to_have_attribute("data-epoch", shown)
    settled(page)
    page.get_by_role("button", name="Newest").click()
    page.wait_for_function("!location.search.includes('epoch')")


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
    page.get_by_role("button", name="Random", exact=True).click()
    expect(main).not_to_have_attribute("data-z-hash", shown)
    settled(page)
    there = main.get_attribute("data-z-hash")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    page.goto("about:blank")
    page.goto(link)
    expect(main).to_have_attribute("data-z-hash", there, timeout=SLOW)


def test_the_form_on_train_survives_a_reload(page: Page, lab):
    page.goto(f"{lab.url}/train?recipe=plane-vae&latent_dim=3&nonsense=1")
    field = page.get_by_role("spinbutton", name="Latent size")
    expect(field).to_have_value("3", timeout=SLOW)
    expect(page.get_by_text("does not know")).to_be_visible()
    page.wait_for_function("!location.search.includes('nonsense')")
    beta = page.get_by_role("spinbutton", name=re.compile("β"))
    beta.fill("4")
    beta.press("Enter")
    page.wait_for_url(re.compile(r"[?&]beta=4\b"))
    page.reload()
    expect(beta).to_have_value("4", timeout=SLOW)
    expect(field).to_have_value("3")
    expect(page.get_by_text("does not know")).to_have_count(0)
