"""The Map page in a real browser: at pointer speed without the server, clicked, lassoed, linked, and found again."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from core import data, runs
from core.embedding import inputs
from core.latent import codec, pca
from core.runs import weights
from tests.browser.browser_tools import PAINTED, greys, in_scheme, is_open, narrow, sent_by, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RUN = "example-mlp-vae"


def visit(page, lab, query: str = "n=300&method=pca"):
    """Opens the page and waits until it has said all it says by itself: its pictures are there, its measures known."""
    address = f"{lab.url}/map?run={RUN}&{query}"
    if is_open(page, address):
        settled(page)
        return
    page.goto(address)
    the_map(page).wait_for(timeout=120_000)
    page.wait_for_function("() => [...(window.latentLab?.pools?.values() ?? [])].some(p => p.tiles)")
    if "method=pca" in query:
        page.get_by_text(re.compile("Measured on .* images")).wait_for(timeout=120_000)
    settled(page)


def the_map(page, place: int = 0):
    return page.locator(".map-view .map").nth(place)


def latents(lab, monkeypatch, n: int, run: str = RUN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(numbers, latents [n, d], classes) of a map's images, in the order of its points."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    images = data.load("digits")
    ids = inputs.choose_ids(images, n)
    z = inputs.latents(runs.open_run(run), inputs.pictures(images, ids))
    return ids, z, inputs.labels(images, ids)


def on_screen(page, xy: np.ndarray, place: int = 0) -> np.ndarray:
    """Where the points of a map lie on the page now, [n, 2], from the map itself and the view the page tells."""
    low, high = xy.min(0), xy.max(0)
    unit = (xy - (low + high) / 2) / (high - low).max()
    box = the_map(page, place).bounding_box()
    x0, y0, zoom = map(float, the_map(page, place).get_attribute("data-view").split())
    scale = min(box["width"] - 40, box["height"] - 50) * zoom
    return np.stack(
        [
            box["x"] + box["width"] / 2 + (unit[:, 0] - x0) * scale,
            box["y"] + box["height"] / 2 - 9 - (unit[:, 1] - y0) * scale,
        ],
        1,
    )


def lonely(screen: np.ndarray) -> np.ndarray:
    """The points by their distance to the nearest other one, the loneliest first: those can be met without doubt."""
    far = ((screen[:, None] - screen[None]) ** 2).sum(-1)
    np.fill_diagonal(far, np.inf)
    return np.argsort(-far.min(1))


def click(page, screen: np.ndarray, k: int):
    page.mouse.click(*screen[k].tolist())
    expect(page.locator(".map-detail")).to_have_attribute("data-answered", "true")


def test_hovering_panning_and_zooming_ask_nothing_of_the_server(page, lab, monkeypatch):
    sent = sent_by(page)
    visit(page, lab, "n=1797&method=pca")
    ids, z, _ = latents(lab, monkeypatch, 1_797)
    images, screen = data.load("digits"), on_screen(page, pca.pca(z))
    before, pictures, card = len(sent), set(), page.locator(".map-view .card canvas")
    for k in lonely(screen)[:40]:
        page.mouse.move(*screen[k].tolist())
        page.wait_for_function(PAINTED)
        assert the_map(page).get_attribute("data-hover") == str(k)
        shown = greys(card)
        assert np.array_equal(shown, inputs.pictures(images, ids[[k]])[0])
        pictures.add(shown.tobytes())
    assert len(pictures) >= 35, "the picture must follow the pointer"
    start = the_map(page).get_attribute("data-view")
    page.mouse.wheel(0, -400)
    page.wait_for_function(PAINTED)
    zoomed = the_map(page).get_attribute("data-view")
    page.mouse.down()
    box = the_map(page).bounding_box()
    for step in range(10):
        page.mouse.move(box["x"] + 100 + 20 * step, box["y"] + 100 + 10 * step)
    page.mouse.up()
    page.wait_for_function(PAINTED)
    panned = the_map(page).get_attribute("data-view")
    assert len({start, zoomed, panned}) == 3 and float(zoomed.split()[2]) > 1 == float(start.split()[2])
    page.get_by_text("Thumbnails").click()
    page.get_by_text("Letters").click()
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_function(PAINTED)
    assert the_map(page).get_attribute("data-view") == start
    assert len(sent) == before, "nothing of this must ask the server"


def test_a_click_shows_reconstruction_and_neighbours_and_two_lead_to_interpolate(page, lab, monkeypatch):
    visit(page, lab)
    ids, z, _ = latents(lab, monkeypatch, 300)
    images, model = data.load("digits"), weights.load_model(runs.open_run(RUN))
    screen = on_screen(page, pca.pca(z))
    a, b = (int(k) for k in lonely(screen)[:2])
    click(page, screen, a)
    original, made = page.locator(".map-detail .pairs canvas").all()[:2]
    assert np.array_equal(greys(original), images.test_images[ids[a]])
    assert np.array_equal(greys(made), codec.decode(model, z[a][None])[0])
    near = np.argsort(((z - z[a]) ** 2).sum(1))[1:9]
    shown = [greys(c) for c in page.locator(".map-detail .row").first.locator("canvas").all()]
    assert all(np.array_equal(one, inputs.pictures(images, ids[[k]])[0]) for one, k in zip(shown, near, strict=True))
    lead = page.get_by_role("button", name="Interpolate between these two")
    expect(lead).to_be_disabled()
    click(page, screen, b)
    expect(the_map(page)).to_have_attribute("data-picks", f"{a},{b}")
    lead.click()
    page.wait_for_url(re.compile(rf"/interpolate\?run={RUN}&a={_address(ids[a])}&b={_address(ids[b])}"))
    page.wait_for_selector("canvas[data-way=blend]")
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("Home")
    expect(page.locator(".path")).to_have_attribute("data-at", "0")
    assert np.array_equal(greys(page.locator("canvas[data-way=blend]")), inputs.pictures(images, ids[[a]])[0])


def test_the_box_names_the_run_on_the_page_however_late_the_browser_draws_it(page, lab):
    """The measures of a new map run the page a second time, maybe before the browser has drawn the first."""
    held = []
    page.route(re.compile("Selectbox"), lambda route: held.append(route))
    run = "example-deep-ae"
    assert runs_in(lab)[0] != run, "the first name of the box would be right by chance"
    page.goto(f"{lab.url}/map?run={run}&n=311&method=pca")
    page.get_by_text(re.compile("Measured on .* images")).wait_for(timeout=120_000)
    settled(page)
    for route in held:
        route.continue_()
    expect(page.locator("[data-testid=stSelectbox] input").first).to_have_value(re.compile(f"^{run} "))
    page.get_by_text("Second map").click()
    settled(page)
    assert f"run={run}&" in page.url


def runs_in(lab) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(lab.runs))
        return [run.name for run in runs.list_runs()]


def _address(one: int) -> str:
    return str(one) if one < 297 else f"train{one - 297}"


def test_a_lasso_shows_classes_mean_image_and_decoded_mean_and_leads_to_generate(page, lab, monkeypatch):
    visit(page, lab)
    ids, z, labels = latents(lab, monkeypatch, 300)
    screen, box = on_screen(page, pca.pca(z)), the_map(page).bounding_box()
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.2
    right, bottom = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.7
    inside = np.flatnonzero(
        (screen[:, 0] > left) & (screen[:, 0] < right) & (screen[:, 1] > top) & (screen[:, 1] < bottom)
    )
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator(".map-detail")).to_have_attribute("data-answered", "true")
    assert the_map(page).get_attribute("data-chosen") == str(len(inside)) and len(inside) > 30
    expect(page.locator(".map-detail .count")).to_have_text(f"{len(inside)} selected")
    mean, decoded = (greys(c) for c in page.locator(".map-detail .many canvas").all())
    pictures = inputs.pictures(data.load("digits"), ids[inside]).astype(float)
    assert np.abs(mean - pictures.mean(0)).max() < 0.51
    middle = z[inside].mean(0)
    model = weights.load_model(runs.open_run(RUN))
    assert np.array_equal(decoded, codec.decode(model, middle[None])[0])
    most = int(np.bincount(labels[inside]).argmax())
    bar = page.locator(".map-detail .bar").first.inner_text().split()
    assert bar[0] == str(most) and bar[1] == str((labels[inside] == most).sum())
    page.get_by_role("button", name="Generate around here").click()
    page.wait_for_url(re.compile(r"/generate\?run="))
    board = page.locator("canvas.main")
    board.wait_for()
    page.wait_for_selector("[data-sheet=ready]")
    assert np.abs(greys(board).astype(int) - decoded).max() <= 1


def test_everything_on_the_map_works_by_keyboard(page, lab, monkeypatch):
    visit(page, lab)
    _, z, labels = latents(lab, monkeypatch, 300)
    screen = on_screen(page, pca.pca(z))
    the_map(page).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(PAINTED)
    seen = [int(the_map(page).get_attribute("data-hover"))]
    for key, way in (("ArrowRight", (1, 0)), ("ArrowRight", (1, 0)), ("ArrowDown", (0, 1)), ("ArrowLeft", (-1, 0))):
        page.keyboard.press(key)
        page.wait_for_function(PAINTED)
        seen.append(int(the_map(page).get_attribute("data-hover")))
        assert (screen[seen[-1]] - screen[seen[-2]]) @ way > 0, "into the direction of the key"
    page.keyboard.press("Enter")
    page.wait_for_function(PAINTED)
    assert the_map(page).get_attribute("data-picks") == str(seen[-1])
    page.keyboard.press("Escape")
    page.wait_for_function(PAINTED)
    assert the_map(page).get_attribute("data-picks") == ""
    page.locator(".map-view .legend button").nth(4).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Select class").focus()
    page.keyboard.press("Enter")
    expect(the_map(page)).to_have_attribute("data-chosen", str((labels == 4).sum()))


@pytest.mark.goes_on
def test_the_table_and_the_picture_can_be_taken_along(page, lab, monkeypatch):
    visit(page, lab)
    ids, z, labels = latents(lab, monkeypatch, 300)
    files = {}
    page.get_by_role("button", name="Download").click()
    for name in ("Table (CSV)", "Picture (PNG)"):
        with page.expect_download() as caught:
            page.get_by_role("button", name=name).click()
        files[name] = caught.value.path().read_bytes()
    found = list(csv.DictReader(io.StringIO(files["Table (CSV)"].decode())))
    assert [row["class"] for row in found] == [str(k) for k in labels]
    assert np.allclose([[float(row["x"]), float(row["y"])] for row in found], pca.pca(z), rtol=1e-4, atol=1e-4)
    with Image.open(io.BytesIO(files["Picture (PNG)"])) as picture:
        assert picture.width == 1_200


@pytest.mark.goes_on
def test_a_phone_shows_map_and_details_below_each_other(page, lab):
    visit(page, lab)
    narrow(page)
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        box = the_map(page).bounding_box()
        assert box["width"] >= 0.85 * 390 and box["height"] >= 250, scheme
        assert page.locator(".map-detail").bounding_box()["y"] > box["y"] + box["height"], scheme


def test_a_second_map_shares_pointer_and_selection(page, lab, monkeypatch):
    sent = sent_by(page)
    visit(page, lab, "n=300&method=pca&source2=pixels&method2=pca&perplexity2=30&seed2=0&run2=example-conv-vae")
    expect(page.locator(".map-view .title").nth(1)).to_have_text("Raw pixels · PCA")
    # Until the second map is measured, too, the page asks for it by itself.
    second = page.locator("[data-testid=stMetricValue]").nth(3)
    expect(second).to_have_text(re.compile(r"^0\.\d+$"), timeout=120_000)
    settled(page)
    _, z, _ = latents(lab, monkeypatch, 300)
    screen = on_screen(page, pca.pca(z))
    before, k = len(sent), int(lonely(screen)[0])
    page.mouse.move(*screen[k].tolist())
    for place in (0, 1):
        expect(the_map(page, place)).to_have_attribute("data-hover", str(k))
    assert len(sent) == before
    click(page, screen, k)
    for place in (0, 1):
        expect(the_map(page, place)).to_have_attribute("data-picks", str(k))


def test_a_map_forms_before_the_eyes_stops_continues_and_is_there_after_a_reload(page, lab):
    visit(page, lab, "n=1797&method=tsne&perplexity=30&seed=0&iterations=5000")
    page.get_by_role("button", name="Compute the map").click()
    stamps = []
    for _ in range(2):
        last = stamps[-1] if stamps else "forming 0"
        page.wait_for_function(
            """last => {
                const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.map-view'));
                const stamp = host?.shadowRoot.querySelector('.map').dataset.stamp;
                return stamp?.startsWith('forming') && stamp !== last && stamp !== 'forming 0'; }""",
            arg=last,
            timeout=120_000,
        )
        stamps.append(the_map(page).get_attribute("data-stamp"))
    assert int(stamps[1].split()[1]) > int(stamps[0].split()[1]), "it moves on"
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    expect(the_map(page)).to_have_attribute("data-stamp", re.compile("^stopped"))
    settled(page)
    url = page.url
    page.reload()
    the_map(page).wait_for()
    expect(the_map(page)).to_have_attribute("data-stamp", re.compile("^stopped"))
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert page.url == url


def test_a_finished_map_is_there_again_at_once_and_lives_on_while_another_page_is_open(page, lab):
    visit(page, lab, "n=400&method=tsne&perplexity=20&seed=3&iterations=350")
    page.get_by_role("button", name="Compute the map").click()
    page.get_by_role("link", name="Generate").click()
    page.wait_for_selector("[data-sheet=ready]")
    settled(page)
    page.get_by_role("link", name="Map").click()
    expect(the_map(page)).to_have_attribute("data-stamp", "done 350", timeout=120_000)
    settled(page)
    page.reload()
    the_map(page).wait_for()
    expect(the_map(page)).to_have_attribute("data-stamp", "done 350")
    assert "perplexity=20" in page.url and "seed=3" in page.url


def test_what_is_selected_stands_in_the_address_and_is_there_after_a_reload(page, lab, monkeypatch):
    visit(page, lab)
    ids, z, labels = latents(lab, monkeypatch, 300)
    screen = on_screen(page, pca.pca(z))
    k = int(lonely(screen)[0])
    click(page, screen, k)
    page.locator(".map-view .legend button").nth(int(labels[k])).click()
    page.wait_for_function(PAINTED)
    assert f"picks={_address(ids[k])}" in page.url and f"show={labels[k]}" in page.url
    page.reload()
    expect(the_map(page)).to_have_attribute("data-picks", str(k))
    expect(page.locator('.map-view .legend button[aria-pressed="true"]')).to_have_text(str(labels[k]))
    page.get_by_role("button", name="How to use the map").click()
    expect(page.locator(".map-view .help")).to_be_visible()
