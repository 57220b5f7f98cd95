"""The Generate page in a real browser: what follows the pointer, and what crosses the wire."""

from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from core.images import convert
from tests.browser.browser_tools import PAINTED, in_scheme, is_open, narrow, sent_by, settled

pytestmark = pytest.mark.browser

STATE = """c => ({source: c.dataset.source, served: c.dataset.served, seq: c.dataset.seq, hash: c.dataset.zHash,
               picture: c.toDataURL()})"""


CONTRAST = """(node) => {
  const pen = document.createElement("canvas").getContext("2d");
  const rgb = (c) => {
    pen.fillStyle = c;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = rgb(getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor);
  let opacity = 1;
  for (let up = node; up; up = up.parentElement ?? up.getRootNode().host) opacity *= getComputedStyle(up).opacity;
  const ink = rgb(getComputedStyle(node).color).map((v, k) => v * opacity + ground[k] * (1 - opacity));
  const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


# The name of what has the focus (`` for the page itself), and whether it or its label wears a ring. Streamlit's own
# fields change the colour of their frame instead, and its sliders wear a halo round the handle.
FOCUS = """() => {
  let node = document.activeElement, own = false;
  while (node?.shadowRoot?.activeElement) [node, own] = [node.shadowRoot.activeElement, true];
  if (!node || node === document.body || node.tagName === "MAIN") return ["", true];
  const ring = [node, node.closest("label")].filter(Boolean).map((e) => getComputedStyle(e))
    .some((s) => s.outlineStyle !== "none" || s.boxShadow !== "none");
  const name = node.getAttribute("aria-label") || node.labels?.[0]?.innerText || node.innerText || node.title;
  return [name, ring || (!own && node.matches("[type=text], [type=number], [type=range]"))];
}"""


# Notes what Streamlit would call to clean up after each call of a component, as `window.cleanups`.
LISTEN_IN = """() => {
  const make = URL.createObjectURL, other = (text) => make.call(URL, new Blob([text], {type: "text/javascript"}));
  window.cleanups = [];
  URL.createObjectURL = (blob) => blob.type !== "text/javascript" ? make.call(URL, blob) : other(`
    import call from "${make.call(URL, blob)}";
    export default (args) => { const end = call(args); window.cleanups.push(end); return end; };`);
}"""


def visit(page, lab, run: str):
    address = f"{lab.url}/generate?run={run}"
    if not is_open(page, address):
        page.goto(address)
    page.wait_for_selector("[data-sheet=ready]")
    # Wait until the page has said all it says by itself.
    settled(page)


def state(page) -> dict:
    return page.locator("canvas.main").evaluate(STATE)


def served(page, seq=None) -> dict:
    """The state once the newest move has been answered by the server."""
    page.wait_for_function(
        """seq => { const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.board'));
                    const c = host?.shadowRoot.querySelector('canvas.main');
                    return c && c.dataset.source === 'server' && c.dataset.served === c.dataset.seq
                             && (seq === null || c.dataset.seq !== seq); }""",
        arg=seq,
    )
    return state(page)


def sliders(page):
    return page.locator(".board input[type=range]")


def keeps_the_picture_in_sight(page) -> None:
    """On a narrow screen the picture stays above the slider in use."""
    last = sliders(page).nth(min(19, sliders(page).count() - 1))
    last.focus()
    box, row = page.locator("canvas.main").bounding_box(), last.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= row["y"] + 1


def test_neither_a_dragged_slider_nor_the_plane_of_the_main_directions_asks_before_the_pointer_is_up(page, lab):
    sent = sent_by(page)
    visit(page, lab, "example-mlp-vae")
    plane = page.locator(".plane .map")
    plane.wait_for()
    page.get_by_text("PCA directions").click()
    page.get_by_text("first two principal components of the training latents").wait_for()
    settled(page)
    plane.scroll_into_view_if_needed()
    before, box, pictures = len(sent), plane.bounding_box(), set()
    for k in range(1, 25):
        page.mouse.move(box["x"] + box["width"] * k / 25, box["y"] + box["height"] * (25 - k) / 25)
        page.wait_for_function(PAINTED)
        pictures.add(page.locator(".plane .preview").evaluate("c => c.toDataURL()"))
    assert len(sent) == before, "hovering must not ask the server"
    assert len(pictures) >= 15

    sliders(page).first.scroll_into_view_if_needed()
    start, box, pictures = state(page), sliders(page).first.bounding_box(), set()
    y = box["y"] + box["height"] / 2
    part = (float(sliders(page).first.input_value()) + 3) / 6
    page.mouse.move(box["x"] + 8 + part * (box["width"] - 16), y)
    page.mouse.down()
    for k in range(1, 20):
        page.mouse.move(box["x"] + box["width"] * k / 20, y)
        now = state(page)
        pictures.add(now["picture"])
        if now["hash"] != start["hash"]:
            assert now["source"] in ("browser", "sheet")
    assert len(sent) == before, "dragging must not ask the server"
    assert len(pictures) >= 10, "the picture must follow the pointer"
    page.mouse.up()
    there = served(page, start["seq"])["seq"]
    assert len(sent) > before

    values = [float(s.input_value()) for s in sliders(page).all()]
    settled(page)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    page.mouse.move(5, 5)
    served(page, there)
    after = [float(s.input_value()) for s in sliders(page).all()]
    assert sum(abs(a - b) > 0.04 for a, b in zip(after, values, strict=True)) >= 5, "a direction across dimensions"


@pytest.mark.goes_on
def test_the_point_stays_in_the_address_whatever_else_is_chosen(page, lab):
    visit(page, lab, "example-mlp-vae")
    page.get_by_role("button", name="Zero", exact=True).click()
    page.wait_for_url("**z=0_0*")
    page.get_by_role("button", name="Random", exact=True).click()
    page.wait_for_url(lambda address: "z=" in address and "z=0_0" not in address)
    point = parse_qs(urlsplit(page.url).query)["z"]
    page.locator("[data-testid=stMain]").get_by_text("Mixture of Gaussians", exact=True).first.click()
    page.wait_for_url("**draw=*")
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["z"] == point
    page.get_by_role("button", name="Zero", exact=True).click()
    page.wait_for_url("**z=0_0*")


@pytest.mark.goes_on
def test_the_last_of_many_quick_moves_wins(page, lab):
    visit(page, lab, "example-mlp-vae")
    sliders(page).first.focus()
    page.keyboard.press("Home")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    served(page, None)
    assert float(sliders(page).first.input_value()) == pytest.approx(-1.5)
    page.wait_for_selector("[data-sheet=ready]")
    assert float(sliders(page).first.input_value()) == pytest.approx(-1.5)


@pytest.mark.goes_on
def test_zero_and_a_double_click_reset_one_slider(page, lab):
    visit(page, lab, "example-mlp-vae")
    second = sliders(page).nth(1)
    second.focus()
    page.keyboard.press("End")
    assert float(second.input_value()) == 3
    page.keyboard.press("0")
    assert float(second.input_value()) == 0
    page.keyboard.press("End")
    second.dblclick()
    assert float(second.input_value()) == 0


@pytest.mark.goes_on
def test_undo_goes_back_to_the_very_picture(page, lab):
    visit(page, lab, "example-mlp-vae")
    start = served(page)
    page.get_by_role("button", name="Random", exact=True).click()
    there = served(page, start["seq"])
    assert there["hash"] != start["hash"]
    page.get_by_role("button", name="Undo").click()
    back = served(page, there["seq"])
    assert (back["hash"], back["picture"]) == (start["hash"], start["picture"])
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()


@pytest.mark.goes_on
def test_the_traversal_sheet_is_one_tab_stop_with_keys_of_its_own(page, lab):
    visit(page, lab, "example-mlp-vae")
    seq = state(page)["seq"]
    before = [float(s.input_value()) for s in sliders(page).all()]
    page.locator(".traversal .rows").focus()
    for key in ("ArrowDown", "End", "ArrowLeft"):
        page.keyboard.press(key)
    assert "= +2.75 σ" in page.locator(".traversal .read").inner_text()
    page.keyboard.press("Enter")
    served(page, seq)
    after = [float(s.input_value()) for s in sliders(page).all()]
    assert after[1] == 2.75 and after[0] == before[0] and after[2:] == before[2:]


@pytest.mark.goes_on
def test_a_picture_of_the_traversal_sheet_can_be_gone_to(page, lab):
    visit(page, lab, "example-mlp-vae")
    seq = state(page)["seq"]
    strip = page.locator(".traversal canvas").first
    strip.scroll_into_view_if_needed()
    strip.click(position={"x": 5, "y": 10})
    served(page, seq)
    assert float(sliders(page).first.input_value()) == -3


@pytest.mark.goes_on
def test_an_enlarged_picture_is_smooth_until_its_pixels_are_wanted_and_the_address_has_that(page, lab):
    visit(page, lab, "example-mlp-vae")
    pixels, drawn = page.get_by_role("button", name="Pixels"), "c => getComputedStyle(c).imageRendering"
    looks = []
    for _ in range(2):
        looks.append((page.locator(".board .main").evaluate(drawn), "pixels=1" in page.url))
        pixels.click()
    assert looks == [("auto", False), ("pixelated", True)]
    assert page.locator(".board .main").evaluate(drawn) == "auto" and "pixels" not in page.url
    assert page.locator(".traversal canvas").first.evaluate(drawn) == "pixelated", "a sheet is not smeared"


@pytest.mark.goes_on
def test_an_image_of_the_data_set_is_encoded_beside_its_original(page, lab):
    visit(page, lab, "example-mlp-vae")
    seq = state(page)["seq"]
    page.get_by_role("button", name="From an image").click()
    page.locator(".gallery button").nth(3).click()
    served(page, seq)
    original = page.locator(".board .original")
    expect(original).to_contain_text("Original: test image")


@pytest.mark.goes_on
def test_a_drawing_is_encoded_beside_itself_and_undo_leads_back_to_the_image_before(page, lab):
    visit(page, lab, "example-mlp-vae")
    seq = state(page)["seq"]
    page.get_by_role("button", name="From an image").click()
    page.get_by_text("Draw", exact=True).click()
    surface = page.locator(".pad .surface")
    surface.wait_for()
    go = page.get_by_role("button", name="Use this image")
    expect(go).to_be_disabled()
    surface.focus()
    page.keyboard.down("Space")
    for key in ["ArrowUp"] * 8 + ["ArrowDown"] * 14:
        page.keyboard.press(key)
    page.keyboard.up("Space")
    expect(go).to_be_enabled()
    expect(page.locator(".pad")).to_have_attribute("aria-busy", "false")
    settled(page)
    grey = "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data].join()"
    drawn, answer = page.locator(".pad .fitted").evaluate(grey), page.locator(".pad .answer").evaluate(grey)
    go.click()
    served(page, seq)
    original = page.locator(".board .original")
    expect(original).to_have_text("Original: your drawing")
    assert original.locator("canvas").evaluate(grey) == drawn
    assert page.locator("canvas.main").evaluate(grey) == answer, "the promised picture"
    seq = state(page)["seq"]
    page.get_by_role("button", name="Undo").click()
    served(page, seq)
    expect(original).not_to_contain_text("your drawing")


@pytest.mark.goes_on
def test_a_page_is_left_from_an_open_popover_and_back_leads_to_it_as_it_was(page, lab):
    visit(page, lab, "example-mlp-vae")
    page.get_by_role("button", name="From an image").click()
    page.locator(".pad .surface, .gallery button").first.wait_for()
    settled(page)
    address = unquote(page.url)
    page.get_by_role("link", name="Reconstruct", exact=True).first.click()
    page.wait_for_url("**/reconstruct*image=*")  # what this page writes last
    settled(page)
    page.go_back()
    page.wait_for_url("**/generate*")
    settled(page)
    assert unquote(page.url) == address
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.mark.goes_on
def test_an_uploaded_picture_is_encoded(page, lab):
    visit(page, lab, "example-mlp-vae")
    seq = state(page)["seq"]
    page.get_by_role("button", name="From an image").click()
    page.get_by_text("Upload", exact=True).click()
    own = np.zeros((28, 28), np.uint8)
    own[4:24, 12:16] = 255
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": convert.png(own)}
    )
    page.get_by_role("button", name="Use this image").click()
    served(page, seq)
    original = page.locator(".board .original")
    expect(original).to_have_text("Original: your own picture")


@pytest.mark.goes_on
def test_the_picture_can_be_downloaded_ten_times_as_large(page, lab):
    visit(page, lab, "example-mlp-vae")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="This picture").click()
    with Image.open(caught.value.path()) as picture:
        assert picture.size == (280, 280)


@pytest.mark.goes_on
def test_what_is_dimmed_can_still_be_read_in_both_themes(page, lab):
    visit(page, lab, "example-mlp-vae")
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        page.locator(".board .dead em").first.wait_for()
        for dimmed in (".board .dead em", ".board .dead output", ".traversal .dead .name", ".traversal figcaption"):
            assert page.locator(dimmed).first.evaluate(CONTRAST) >= 4.5, (scheme, dimmed)


@pytest.mark.goes_on
def test_a_phone_shows_one_column_square_pictures_and_keeps_the_main_one_in_sight(page, lab):
    visit(page, lab, "example-mlp-vae")
    for ratio in (2, 3, 1):
        narrow(page, ratio)
        strip = page.locator(".traversal canvas").first
        box, pixels = strip.bounding_box(), strip.evaluate("c => [c.width, c.height]")
        count = pixels[0] / pixels[1]
        assert box["width"] / count == pytest.approx(box["height"], abs=0.4) and box["height"] >= 24
    keeps_the_picture_in_sight(page)


def test_hovering_over_the_plane_decodes_without_a_message_and_a_click_goes_there(page, lab):
    sent = sent_by(page)
    visit(page, lab, "example-plane-vae")
    box = page.locator(".plane .map").bounding_box()
    before, pictures = len(sent), set()
    for k in range(1, 25):
        page.mouse.move(box["x"] + box["width"] * k / 25, box["y"] + box["height"] * (25 - k) / 25)
        page.wait_for_function(PAINTED)
        now = state(page)
        assert now["source"] == "plane"
        pictures.add(now["picture"])
    assert len(sent) == before, "hovering must not ask the server"
    assert len(pictures) >= 15
    seq = state(page)["seq"]
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    page.mouse.move(5, 5)
    served(page, seq)
    assert min(float(s.input_value()) for s in sliders(page).all()) > 1.5


@pytest.mark.goes_on
def test_the_plane_works_by_keyboard(page, lab):
    visit(page, lab, "example-plane-vae")
    before = state(page)["seq"]
    page.get_by_role("button", name="Zero").click()
    seq = served(page, before)["seq"]
    page.locator(".plane .map").focus()
    settled(page)
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    assert state(page)["source"] == "plane"
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    served(page, seq)
    assert sorted(float(s.input_value()) for s in sliders(page).all()) == pytest.approx([0, 1])


@pytest.mark.goes_on
def test_a_typed_value_beyond_the_range_is_held_by_slider_and_plane(page, lab):
    visit(page, lab, "example-plane-vae")
    seq, first = state(page)["seq"], sliders(page).first
    first.focus()
    page.keyboard.press("Enter")
    page.locator(".board .typed").fill("7,25")
    page.keyboard.press("Enter")
    served(page, seq)
    assert float(first.input_value()) == pytest.approx(7.25, abs=0.03), "the slider has grown"
    assert "+7.25 σ" in page.locator(".board output").first.inner_text()
    assert page.locator(".plane").get_attribute("data-beyond") == "true"
    assert "beyond this plane of ±3 σ" in page.locator(".plane .read").inner_text()
    seq = state(page)["seq"]
    page.keyboard.press("ArrowLeft")
    served(page, seq)
    assert 7 < float(first.input_value()) < 7.25, "a key moves it by a step and not to the end of the range"


@pytest.mark.goes_on
def test_everything_to_use_is_reached_by_tab_and_shows_that_it_is(page, lab):
    visit(page, lab, "example-plane-vae")
    for name in ("Zero", "Random", "Undo"):  # now there is a step to undo, and one to redo
        seq = state(page)["seq"]
        page.get_by_role("button", name=name, exact=name == "Random").click()
        served(page, seq)
        settled(page)
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    page.mouse.click(5, 400)
    reached = {}
    for _ in range(60):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(FOCUS)
        if name in reached:
            break
        if name:
            reached[name] = ring
    for wanted in (
        "Trained model",
        "Random",
        "Zero",
        "From an image",
        "Download",
        "Plane of z0",
        "Circles",
        "Training images",
        "Latent dimension 0",
        "Latent dimension 1",
        "Seed",
        "Temperature",
        "How it works",
    ):
        assert any(wanted in name for name in reached), wanted
    assert not [name for name, ring in reached.items() if not ring]


@pytest.mark.goes_on
def test_a_class_that_is_switched_off_can_still_be_read_in_both_themes(page, lab):
    visit(page, lab, "example-plane-vae")
    page.get_by_label("Training images").check()
    button = page.locator(".legend button").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    for scheme in ("light", "dark"):
        in_scheme(page, scheme)
        assert button.evaluate(CONTRAST) >= 4.5, scheme
    button.click()


@pytest.mark.goes_on
def test_on_a_phone_the_plane_and_the_picture_take_the_width_and_the_axes_stand_below(page, lab):
    visit(page, lab, "example-plane-vae")
    for ratio in (1, 2, 3):
        narrow(page, ratio)
        room = page.locator(".plane").bounding_box()["width"]
        ground = page.locator(".plane .map").bounding_box()
        names = [name.bounding_box() for name in page.locator(".plane .axes span").all()]
        assert ground["width"] >= 0.85 * room and page.locator("canvas.main").bounding_box()["width"] >= 0.85 * room
        assert all(name["y"] >= ground["y"] + ground["height"] for name in names), "not on top of the pictures"
        assert max(name["x"] + name["width"] for name in names) <= 390
        painted = page.locator("canvas.ground").evaluate("c => c.width")
        scale = ground["width"] * ratio / painted
        assert scale == pytest.approx(round(scale), abs=1e-3), "each pixel as large as the others"
    keeps_the_picture_in_sight(page)


def test_without_a_decoder_in_the_browser_a_key_brings_the_server_s_picture_while_it_is_down(page, lab):
    page.route("**/_lab/decoder*", lambda route: route.fulfill(status=204))
    visit(page, lab, "example-conv-vae")
    undo, before = page.get_by_role("button", name="Undo"), state(page)
    sliders(page).first.focus()
    expect(undo).to_be_disabled()
    with page.expect_response("**/_lab/picture"):
        page.keyboard.down("ArrowRight")
    after = served(page, before["seq"])
    assert after["hash"] != before["hash"] and after["picture"] != before["picture"]
    page.keyboard.up("ArrowRight")
    expect(undo).to_be_enabled()
    settled(page)
    assert state(page)["picture"] == after["picture"], "the script decodes the same"


@pytest.mark.goes_on
def test_where_the_server_has_no_picture_the_script_brings_it(page, lab):
    visit(page, lab, "example-conv-vae")
    before = served(page)
    page.route("**/_lab/picture", lambda route: route.fulfill(body=""))
    sliders(page).first.focus()
    page.keyboard.down("ArrowLeft")
    assert served(page, before["seq"])["picture"] != before["picture"]
    page.keyboard.up("ArrowLeft")


@pytest.mark.goes_on
def test_the_formula_can_be_unfolded(page, lab):
    visit(page, lab, "example-conv-vae")
    page.get_by_text("How it works").click()
    page.get_by_text("def patch_decoder").wait_for()


def test_a_component_that_is_cleaned_up_after_in_mid_use_goes_on_as_it_was(page, lab):
    """Where newer data comes before a call has returned, as on a slow computer, Streamlit cleans up after that call at
    once, while the component stays on the page."""
    listening = page.add_init_script(f"({LISTEN_IN})()")
    visit(page, lab, "example-mlp-vae")
    slider = sliders(page).first
    slider.focus()
    slider.evaluate("e => { window.inHand = e; }")
    assert page.evaluate("() => cleanups.map((end) => end && end()).length") > 1
    before = state(page)
    page.keyboard.press("ArrowRight")
    assert served(page, before["seq"])["hash"] != before["hash"]
    assert slider.evaluate("e => e === window.inHand && e === e.getRootNode().activeElement")
    page.get_by_role("link", name="Data", exact=True).first.click()
    # Once it has left the page nobody listens for its run any more.
    page.wait_for_function("() => [...latentLab.listeners].every(([, all]) => !all.size)")
    listening.close()


def test_a_phone_that_opens_a_model_without_a_prior_shows_one_column(page, lab):
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    visit(page, lab, "example-deep-ae")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    keeps_the_picture_in_sight(page)
