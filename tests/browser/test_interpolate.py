"""The Interpolate page in a real browser: two clicks, a scrubber at pointer speed, exact ends, files to take away."""

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from core import data, runs
from core.data import statistics
from core.images import animation, convert
from core.images.prepare import STEPS, prepare
from core.images.shape import GREY_28
from core.latent import codec
from core.runs import weights
from tests.browser.browser_tools import GREYS, PAINTED, greys, in_scheme, is_open, narrow, sent_by, settled

pytestmark = pytest.mark.browser

RUN = "example-conv-vae"


def visit(page, lab, query: str = f"run={RUN}"):
    address = f"{lab.url}/interpolate?{query}"
    if is_open(page, address):
        settled(page)
        return
    page.goto(address)
    page.wait_for_selector("canvas[data-way=lerp]")
    # Until the classifier is there: the page then says nothing more by itself.
    expect(page.locator(".path .note").first).not_to_have_text("")
    settled(page)


def at(page) -> int:
    return int(page.locator(".path").get_attribute("data-at"))


def watch_bars(page) -> None:
    """Notes every value that the bar of a search shows from now on; `bars` tells."""
    page.evaluate("""() => {
        window.bars = {};
        const look = () => document.querySelectorAll("[class*=st-key-placing_] [role=progressbar]").forEach((bar) => {
            const name = bar.closest("[class*=st-key-placing_]").className.match(/st-key-placing_\\d+/)[0];
            const seen = window.bars[name] ??= [], value = Number(bar.getAttribute("aria-valuenow"));
            if (seen.at(-1) !== value) seen.push(value);
        });
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    }""")


def bars(page) -> list[list[float]]:
    """The values of each bar since `watch_bars`."""
    return list(page.evaluate("window.bars").values())


def shown(page, way: str) -> np.ndarray:
    return np.array(page.locator(f"canvas[data-way={way}]").evaluate(GREYS), np.uint8).reshape(28, 28)


def stroke(page, canvas: str = "real") -> np.ndarray:
    """Draws a line in the open picker; the picture of 28 × 28 pixels, once the page has taken note of it.

    Args:
        canvas: the drawing as it was drawn, `real`, or scaled and centred as the model gets it, `fitted`.
    """
    surface = page.locator(".pad .surface")
    surface.wait_for()
    settled(page)
    box = surface.bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()
    expect(page.locator(".pad")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("button", name=re.compile("^(Use it|Go where)"))).to_be_enabled()
    settled(page)
    return greys(page.locator(f".pad .{canvas}"))


def choose(page, end: str, place: int) -> int:
    """Clicks a thumbnail; the number of the test image."""
    page.get_by_role("button", name=f"Choose {end}").click()
    thumbnail = page.locator(".gallery button").nth(place)
    number = int(re.match(r"test image (\d+)", thumbnail.get_attribute("title"))[1])
    thumbnail.click()
    page.wait_for_url(re.compile(rf"[?&]{end.lower()}={number}(&|$)"))
    settled(page)
    return number


def open_square(page) -> None:
    """Unfolds the square of four, where a test before has not."""
    if not page.locator(".square .map").is_visible():
        page.get_by_text("Decode a square").click()
    page.locator(".square .map").wait_for()


def test_two_clicked_thumbnails_are_the_ends_of_the_way_to_the_last_bit(page, lab, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    visit(page, lab)
    numbers = [choose(page, "A", 4), choose(page, "B", 9)]
    model = weights.load_model(runs.open_run(RUN))
    scrubber = page.locator(".path input[type=range]")
    expect(page.locator(".path .end canvas").nth(1)).to_have_attribute("title", re.compile(f"test image {numbers[1]}"))
    scrubber.focus()
    for key, number in (("Home", numbers[0]), ("End", numbers[1])):
        page.keyboard.press(key)
        original = data.load("digits").test_images[number]
        wanted = codec.decode(model, codec.encode(model, original[None]))[0]
        assert np.array_equal(shown(page, "lerp"), wanted) and np.array_equal(shown(page, "slerp"), wanted)
        assert np.array_equal(shown(page, "blend"), original)
    page.reload()
    page.wait_for_selector("canvas[data-way=lerp]")
    assert f"a={numbers[0]}&b={numbers[1]}" in page.url
    titles = [end.get_attribute("title") for end in page.locator(".path .end canvas").all()]
    assert [int(re.search(r"\d+", title)[0]) for title in titles] == numbers


@pytest.mark.goes_on
def test_a_drawing_can_be_an_end_and_the_drawing_goes_on_from_there(page, lab, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    visit(page, lab)
    page.get_by_role("button", name="Choose B").click()
    page.get_by_text("Draw", exact=True).click()
    use = page.get_by_role("button", name="Use it as B")
    expect(use).to_be_disabled()
    drawn, raw = stroke(page, "fitted"), greys(page.locator(".pad .real"))
    model = weights.load_model(runs.open_run(RUN))
    wanted = codec.decode(model, codec.encode(model, drawn[None]))[0]
    expect(page.locator(".pad")).to_have_attribute("aria-busy", "false")
    assert np.array_equal(greys(page.locator(".pad .answer")), wanted), "what the model makes of it, at once"
    use.click()
    expect(page.locator(".path .end canvas").nth(1)).to_have_attribute("title", "your drawing")
    expect(page.locator(".pad")).to_have_count(0)
    page.wait_for_url(re.compile(r"[?&]b=drawn\.28\.28\."))
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("End")
    assert np.array_equal(shown(page, "blend"), drawn) and np.array_equal(shown(page, "lerp"), wanted)
    page.get_by_role("button", name="Choose B").click()
    page.locator(".pad .surface").wait_for()
    assert np.array_equal(greys(page.locator(".pad .real")), raw), "as it was drawn, not as it was fitted"


def test_scrubbing_hovering_and_playing_ask_nothing_of_the_server(page, lab):
    sent = sent_by(page)
    visit(page, lab)
    before, pictures = len(sent), set()
    for place in (
        page.locator(".path input[type=range]"),
        page.locator(".path .film").nth(1),
        page.locator(".path .plot canvas").first,
    ):
        place.scroll_into_view_if_needed()
        box = place.bounding_box()
        page.mouse.move(box["x"] + 45, box["y"] + box["height"] / 2)
        page.mouse.down()
        for k in range(1, 20):
            page.mouse.move(box["x"] + 45 + (box["width"] - 60) * k / 20, box["y"] + box["height"] / 2)
            page.wait_for_function(PAINTED)
            pictures.add(shown(page, "slerp").tobytes())
        page.mouse.up()
        assert at(page) > 50, "each of them leads to the end"
    assert len(pictures) >= 20, "the pictures must follow the pointer"
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("Home")
    path = page.locator(".path")
    path.evaluate(
        "p => new MutationObserver(() => (p.seen ??= []).push(Number(p.dataset.at)))"
        ".observe(p, { attributeFilter: ['data-at'] })"
    )
    page.get_by_role("button", name="Play the path from A to B and back").click()
    page.wait_for_function("p => p.seen?.includes(64) && p.seen.at(-1) < 64", arg=path.element_handle())
    expect(page.locator(".path .play")).to_have_text("Pause")
    for end, place in (("B", "64"), ("A", "0")):
        page.locator(".path .end", has_text=end).click()
        expect(page.locator(".path .play")).to_have_text("Play")
        expect(path).to_have_attribute("data-at", place)
    assert len(sent) == before, "nothing of this must ask the server"


@pytest.mark.goes_on
def test_the_classifier_says_what_each_picture_looks_like(page, lab):
    visit(page, lab)
    page.locator(".path input[type=range]").focus()
    for key, name in (("Home", "1"), ("End", "7")):
        page.keyboard.press(key)
        expect(page.locator(".path .note").last).to_have_text(re.compile(rf"^{name} · \d+ %$"))
    assert re.search(r"right on \d+\.\d % of 297 test images", page.locator("[data-testid=stMain]").inner_text())


@pytest.mark.goes_on
def test_the_square_of_four_follows_the_pointer_and_the_keys_without_a_message(page, lab):
    sent = sent_by(page)
    visit(page, lab)
    open_square(page)
    square = page.locator(".square .map")
    settled(page)
    square.scroll_into_view_if_needed()
    before, pictures, box = len(sent), set(), square.bounding_box()
    peek = page.locator(".square .preview")
    for k in range(1, 25):
        page.mouse.move(box["x"] + box["width"] * k / 25, box["y"] + box["height"] * (25 - k) / 25)
        page.wait_for_function(PAINTED)
        pictures.add(bytes(peek.evaluate(GREYS)))
    assert len(pictures) >= 15
    square.focus()
    for key in ("ArrowUp", "ArrowLeft"):
        for _ in range(10):
            page.keyboard.press(f"Shift+{key}")
    expect(square).to_have_attribute("data-at", "0,0")
    expect(page.locator(".square .read")).to_have_text("A 100 % · B 0 % · C 0 % · D 0 %")
    corner = np.array(peek.evaluate(GREYS)).reshape(28, 28)
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("Home")
    assert np.abs(corner - shown(page, "lerp").astype(int)).max() <= 1, "the corner is A as the model sees it"
    assert len(sent) == before


@pytest.mark.goes_on
def test_a_corner_of_the_square_can_be_drawn(page, lab):
    visit(page, lab)
    open_square(page)
    page.get_by_role("button", name="Choose D").click()
    page.get_by_text("Draw", exact=True).click()
    drawn = stroke(page, "fitted")
    page.get_by_role("button", name="Use it as D").click()
    corner = page.locator(".square .corners canvas").nth(3)
    expect(corner).to_have_attribute("title", "your drawing")
    assert np.array_equal(greys(corner), drawn)
    page.get_by_role("button", name="New C and D").click()
    expect(corner).not_to_have_attribute("title", "your drawing")


@pytest.mark.goes_on
def test_a_sample_of_the_model_is_clicked_and_its_seed_is_in_the_address(page, lab):
    visit(page, lab)
    page.get_by_role("button", name="Choose A").click()
    page.get_by_text("Samples", exact=True).click()
    thumbnail = page.get_by_role("button", name="sample of the model, seed 4", exact=True)
    seen = greys(thumbnail.locator("canvas"))
    thumbnail.click()
    page.wait_for_url(re.compile(r"[?&]a=seed4(&|$)"))
    expect(page.locator(".path .end canvas").first).to_have_attribute("title", "sample of the model, seed 4")
    assert np.abs(greys(page.locator(".path .end canvas").first) - seen.astype(int)).max() <= 1


@pytest.mark.goes_on
def test_an_own_picture_can_be_an_end(page, lab):
    visit(page, lab)
    drawn = np.zeros((28, 28), np.uint8)
    drawn[4:24, 12:16] = 255
    page.get_by_role("button", name="Choose A").click()
    page.get_by_text("Upload", exact=True).click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": convert.png(drawn)}
    )
    page.get_by_role("button", name="Use it as A").click()
    expect(page.locator(".path .end canvas").first).to_have_attribute("title", "your own picture")
    page.wait_for_url(re.compile(r"[?&]a=file\.28\.28\."))
    page.reload()
    expect(page.locator(".path .end canvas").first).to_have_attribute("title", "your own picture")
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("Home")
    framing = statistics.framing("digits", GREY_28, data.load("digits"))
    fitted = prepare(drawn, GREY_28, framing, STEPS[framing.kind], "auto").picture
    assert not np.array_equal(fitted, drawn), "as thick as the training images, and centred"
    assert np.array_equal(shown(page, "blend"), fitted)


@pytest.mark.goes_on
def test_a_point_of_the_way_is_carried_to_the_generate_page(page, lab):
    visit(page, lab)
    page.locator(".path input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    wanted = shown(page, "slerp")
    page.get_by_role("button", name="Generate here").nth(1).click()
    page.wait_for_url(re.compile(r"/generate\?run="))
    board = page.locator("canvas.main")
    board.wait_for()
    assert np.abs(np.array(board.evaluate(GREYS)).reshape(28, 28) - wanted.astype(int)).max() <= 1


def test_the_way_can_be_taken_along_as_gif_strip_and_frames(page, lab):
    visit(page, lab, f"run={RUN}&a=3&b=8")
    files = {}
    page.get_by_role("button", name="Download").click()
    for name in ("GIF", "Strip", "Frames"):
        with page.expect_download() as caught:
            page.get_by_role("button", name=name).click()
        files[name] = caught.value.path().read_bytes()
    with Image.open(io.BytesIO(files["GIF"])) as moving:
        assert moving.n_frames == 128 and moving.size == (6 * 88, 6 * 28 + animation.TITLE_HEIGHT), "under its names"
    assert convert.from_png(files["Strip"]).shape == (3 * (2 * 28 + animation.TITLE_HEIGHT), 2 * 17 * 28)
    with zipfile.ZipFile(io.BytesIO(files["Frames"])) as archive:
        assert len(archive.namelist()) == 3 * 65
        original = data.load("digits").test_images[8]
        assert np.array_equal(convert.from_png(archive.read("blend/064.png")), original)


@pytest.mark.goes_on
def test_a_test_image_can_be_drawn_upon(page, lab):
    visit(page, lab, f"run={RUN}&a=3&b=8")
    page.get_by_role("button", name="Choose A").click()
    page.get_by_text("Draw", exact=True).click()
    page.get_by_role("button", name="Draw on the current image").click()
    expect(page.get_by_role("button", name="Use it as A")).to_be_enabled()
    original = data.load("digits").test_images[3]
    assert np.array_equal(greys(page.locator(".pad .real")), original)
    assert (stroke(page) >= original).all()


@pytest.mark.goes_on
def test_a_picker_that_opens_low_on_the_screen_makes_room_for_itself(page, lab):
    visit(page, lab, f"run={RUN}&a=3&b=8")
    open_square(page)
    for wide in (1280, 390):
        tall = page.viewport_size["height"]
        if wide == 390:
            narrow(page)
            tall = 844
        page.get_by_role("button", name="Choose C").click()
        page.get_by_text("Draw", exact=True).click()
        surface = page.locator(".pad .surface")
        surface.wait_for()
        settled(page)
        box = surface.bounding_box()
        assert box["y"] > 60 and box["y"] + box["height"] < tall, "the whole surface is on the screen"
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= wide
        inside = [part.bounding_box() for part in page.locator(".pad button, .pad .choices").all()]
        assert all(part["x"] >= 0 and part["x"] + part["width"] <= wide for part in inside)
        page.keyboard.press("Escape")
        expect(surface).to_have_count(0)
        settled(page)


def test_a_phone_shows_the_three_ways_side_by_side_and_a_drawing_with_its_button_on_one_screen(page, lab):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, lab)
    for scheme in ("dark", "light"):
        in_scheme(page, scheme)
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
        boxes = [canvas.bounding_box() for canvas in page.locator("canvas[data-way]").all()]
        assert len({box["y"] for box in boxes}) == 1 and all(box["width"] == 112 for box in boxes), scheme
    page.get_by_role("button", name="Choose A").click()
    page.get_by_text("Draw", exact=True).click()
    page.locator(".pad .surface").wait_for()
    settled(page)
    use = page.get_by_role("button", name="Use it as A").bounding_box()
    body = page.locator("[data-testid=stPopoverBody]").first
    frame = body.bounding_box()
    assert use["y"] + use["height"] + 8 <= frame["y"] + frame["height"] <= 844
    assert body.evaluate("e => e.scrollHeight <= e.clientHeight"), "nothing to scroll for"


@pytest.mark.parametrize("run", ["example-auto-decoder", "example-variational-auto-decoder"])
def test_without_an_encoder_both_ends_and_the_blend_are_searched_for_under_one_bar(page, lab, monkeypatch, run):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    sent = sent_by(page)
    visit(page, lab, f"run={run}")
    watch_bars(page)
    numbers = [choose(page, "A", 4), choose(page, "B", 9)]
    expect(page.locator(".path .end canvas").nth(1)).to_have_attribute("title", re.compile(f"test image {numbers[1]}"))
    assert len(bars(page)) <= 2, "one bar for each choice, none where the search is over before it would be seen"
    assert all(values == sorted(values) for values in bars(page)), "it never goes back"
    model, originals = weights.load_model(runs.open_run(run)), data.load("digits").test_images
    before, scrubber, pictures = len(sent), page.locator(".path input[type=range]"), set()
    scrubber.focus()
    for key, number in (("Home", numbers[0]), ("End", numbers[1])):
        page.keyboard.press(key)
        wanted = codec.decode(model, codec.encode(model, originals[number][None]))[0]
        assert np.array_equal(shown(page, "lerp"), shown(page, "slerp"))
        # In a batch of another size a search rounds differently in the last bit, and here it is made alone.
        assert np.abs(shown(page, "lerp").astype(int) - wanted).max() <= 1
        assert np.array_equal(shown(page, "blend"), originals[number])
    box = scrubber.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    for k in range(1, 20):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * k / 20, box["y"] + box["height"] / 2)
        page.wait_for_function(PAINTED)
        pictures.add(shown(page, "lerp").tobytes())
    page.mouse.up()
    assert len(pictures) >= 10 and len(sent) == before, "scrubbing must ask nothing of the server"
