"""The Planes page in a real browser: one large plane, images linked from plane to plane, and what crosses the wire."""

import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from core import data, runs
from core.latent import codec, planes, sampling
from core.runs import weights
from tests.browser.browser_tools import CHANGED, GREYS, PAINTED, greys, in_scheme, is_open, narrow, sent_by, settled
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.browser

INKED = """c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data
  .filter((v, i) => i % 4 == 3 && v).length"""
NAMES = ("flat-ae", "example-plane-vae", "flat-ad", "flat-vad")
QUERY = "runs=" + ",".join(NAMES)


@pytest.fixture(scope="module")
def four(lab):
    """One small model of each family, gone again afterwards: other pages begin with the newest run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        for family in ("ae", "ad", "vad"):
            trained(tiny(f"plane-{family}", hidden=(32,), train_images=0, batch_size=32, epochs=6), f"flat-{family}")
        yield lab
        for family in ("ae", "ad", "vad"):
            shutil.rmtree(lab.runs / f"flat-{family}")


def visit(page, lab, query: str = QUERY):
    address = f"{lab.url}/planes?{query}"
    if not is_open(page, address):
        page.goto(address)
    all_measured(page)


def all_measured(page):
    """All planes are there and measured: the page then says nothing more by itself."""
    expect(page.locator(".manifold")).to_have_count(4)
    expect(page.locator(".draws")).to_have_count(4)
    expect(page.locator(".st-key-planes_measured").get_by_text("closest to N(0, I)")).to_be_visible(timeout=120_000)
    settled(page)


def places_of(name: str) -> planes.Places:
    run = runs.open_run(name)
    return planes.places(weights.load_model(run), run.recipe, data.load("digits"))


def at(page, z: np.ndarray) -> tuple[float, float]:
    """Where z lies on the large plane, in CSS pixels from its corner, by two places that the page reads off itself."""
    place, box = page.locator(".plane-stage .map"), page.locator(".plane-stage .map").bounding_box()
    corners = []
    for part in (0.25, 0.75):
        page.mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])
        page.wait_for_function(PAINTED)
        corners.append([float(x) for x in place.get_attribute("data-at").split(",")])
    low, high = np.array(corners)
    part = 0.25 + 0.5 * (np.asarray(z) - low) / (high - low)
    return float(part[0] * box["width"]), float(part[1] * box["height"])


def test_all_planes_share_the_first_screen_of_a_laptop(page, four):
    visit(page, four)
    large = page.locator(".plane-stage .map").bounding_box()
    assert min(large["width"], large["height"]) >= 500
    boxes = [one.bounding_box() for one in page.locator(".manifold .map, .manifold .recon, .plane-stage .axes").all()]
    assert max(box["y"] + box["height"] for box in boxes) <= 720


@pytest.mark.goes_on
def test_an_image_under_the_pointer_is_marked_on_every_plane_without_a_message(page, four):
    sent = sent_by(page)
    visit(page, four)
    before, images = len(sent), data.load("digits")
    found = [places_of(name) for name in NAMES]
    numbers = [set(places.index[:600]) for places in found]
    place, box = page.locator(".plane-stage .map"), page.locator(".plane-stage .map").bounding_box()
    number = next(int(k) for k in found[1].index if all(int(k) in some for some in numbers))
    x, y = at(page, found[1].mean[list(found[1].index).index(number)])
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.wait_for_function(PAINTED)
    number = int(place.get_attribute("data-image"))  # the nearest one, where several lie upon each other
    assert np.array_equal(greys(page.locator(".plane-peek canvas").first), images.train_images[number])
    for figure, places, name in zip(page.locator(".manifold").all(), found, NAMES, strict=True):
        row = np.flatnonzero(places.index[:600] == number)
        if not len(row):
            expect(figure).to_have_attribute("data-linked", "")
            continue
        linked = np.array([float(v) for v in figure.get_attribute("data-linked").split(",")])
        assert np.allclose(linked, places.mean[row[0]], atol=0.006), name
        wanted = codec.decode(weights.load_model(runs.open_run(name)), places.mean[row])[0].astype(int)
        assert np.abs(greys(figure.locator(".recon")) - wanted).max() <= 1, name
    place.click(position={"x": x, "y": y})
    page.mouse.move(5, 5)
    expect(place).to_have_attribute("data-image", str(number))
    assert f"image={number}" in page.url and len(sent) == before, "no message"


@pytest.mark.goes_on
def test_empty_ground_shows_what_is_decoded_there_and_a_key_enlarges_another_plane(page, four):
    sent = sent_by(page)
    visit(page, four)
    before = len(sent)
    stage, place = page.locator(".plane-stage"), page.locator(".plane-stage .map")
    expect(stage).to_have_attribute("data-slot", "example-plane-vae")
    page.keyboard.press("1")
    expect(stage).to_have_attribute("data-slot", "flat-ae")
    page.locator(".manifold .map").nth(1).click()
    expect(stage).to_have_attribute("data-slot", "example-plane-vae")
    assert "plane=example-plane-vae" in page.url
    box, empty = place.bounding_box(), None
    for part in np.linspace(0.02, 0.98, 40):
        page.mouse.move(box["x"] + part * box["width"], box["y"] + 0.02 * box["height"])
        page.wait_for_function(PAINTED)
        if place.get_attribute("data-image") == "":
            empty = np.array([float(x) for x in place.get_attribute("data-at").split(",")])
            break
    assert empty is not None
    model = weights.load_model(runs.open_run("example-plane-vae"))
    grid = planes.lattice(*planes.window(places_of("example-plane-vae").mean), 37)
    wanted = codec.decode(model, grid[np.abs(grid - empty).sum(1).argmin()][None])[0].astype(int)
    assert np.abs(greys(page.locator(".plane-peek canvas").last) - wanted).max() <= 1
    assert {figure.get_attribute("data-linked") for figure in page.locator(".manifold").all()} == {""}
    place.focus()
    page.keyboard.press("ArrowRight")
    moved = [float(x) for x in place.get_attribute("data-at").split(",")]
    page.keyboard.press("ArrowRight")
    step = float(place.get_attribute("data-at").split(",")[0]) - moved[0]
    assert step == pytest.approx(grid[1, 0] - grid[0, 0], abs=2e-3), "a key moves by one picture"
    assert len(sent) == before


@pytest.mark.goes_on
def test_sampling_draws_the_same_noise_for_all_and_each_sample_is_marked(page, four):
    visit(page, four)
    canvas = page.locator(".draws .samples")

    def redrawn(old: list[list[int]]) -> list[list[int]]:
        """The pictures of each model, once all are others."""
        for k, pixels in enumerate(old):
            page.wait_for_function(CHANGED, arg=[canvas.nth(k).element_handle(), pixels])
        settled(page)
        return [one.evaluate(GREYS) for one in canvas.all()]

    first = [one.evaluate(GREYS) for one in canvas.all()]
    page.get_by_role("button", name="Sample the prior").click()
    page.wait_for_url(re.compile(r"[?&]seed=\d"))
    prior = redrawn(first)
    z = sampling.prior(20, 2, int(re.search(r"[?&]seed=(\d+)", page.url)[1]))
    for place, name in enumerate(NAMES):
        pictures = codec.decode(weights.load_model(runs.open_run(name)), z).reshape(20, 28, 28).astype(int)
        width, height = canvas.nth(place).evaluate("c => [c.width, c.height]")
        drawn, step = np.array(prior[place]).reshape(height, width), (width - 28) / 4
        for k, picture in enumerate(pictures):  # in lines of five, as wide as the column
            left, top = int(k % 5 * step + 0.5), int(k // 5 * step + 0.5)
            assert np.abs(drawn[top : top + 28, left : left + 28] - picture).max() <= 1, (name, k)
    page.get_by_text("Fitted Gaussian", exact=True).click()
    page.wait_for_url(re.compile("draw=gaussian"))
    redrawn(prior)
    over = page.locator(".plane-stage .over")
    before = over.evaluate(GREYS)
    canvas.nth(1).hover(position={"x": 42, "y": 42})
    page.wait_for_function(PAINTED)
    assert over.evaluate(GREYS) != before, "the sample is ringed on the large plane"


@pytest.mark.goes_on
def test_layers_and_classes_can_be_switched_and_stand_in_the_address(page, four):
    sent = sent_by(page)
    visit(page, four)
    before, cloud = len(sent), page.locator(".plane-stage .cloud")
    full = cloud.evaluate(INKED)
    page.locator(".legend button").first.click()
    assert 0 < cloud.evaluate(INKED) < full, "one class less"
    page.get_by_role("button", name="Pictures").click()
    assert cloud.evaluate(INKED) == 0 and page.locator(".manifold .cloud").last.evaluate(INKED) == 0
    page.get_by_label("Decision regions").check()
    assert cloud.evaluate(INKED) > full / 2, "regions cover the plane"
    page.get_by_label("Circles of the prior").uncheck()
    page.locator(".plane-key input[name=samples]").uncheck()
    assert all(part in page.url for part in ("layer=pictures", "regions=1", "circles=0", "samples=0"))
    assert len(sent) == before
    page.reload()
    all_measured(page)
    expect(page.get_by_label("Decision regions")).to_be_checked()
    assert page.locator(".plane-stage .cloud").evaluate(INKED) > full / 2


@pytest.mark.goes_on
def test_a_phone_shows_the_large_plane_over_the_small_ones(page, four):
    visit(page, four)
    narrow(page)
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        large = page.locator(".plane-stage .map").bounding_box()
        small = [one.bounding_box() for one in page.locator(".manifold .map").all()]
        assert large["width"] >= 270 and large["x"] + large["width"] <= 390, scheme
        assert all(box["y"] > large["y"] and box["width"] >= 130 for box in small), scheme
