"""A page that loses its connection says so, two browsers are two visitors, and no page can show the lab in a frame."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.browser_tools import settled

pytestmark = pytest.mark.browser

APP = "[data-testid=stApp]"
SAID = f"""() => {{
    const style = getComputedStyle(document.querySelector('{APP}'), '::after');
    return [style.content, style.visibility];
}}"""
LOST = (
    '"The lab has stopped or cannot be reached. Start it again with launch.bat or python3 lab.py; this page comes back '
    'by itself."'
)


def test_a_lost_connection_is_said_and_its_end_too(chromium: Browser, lab):
    context = chromium.new_context()  # its console tells of the requests that fail here
    try:
        page, held = context.new_page(), []
        page.route_web_socket(re.compile("/_stcore/stream"), lambda socket: held.append(socket.connect_to_server()))
        page.goto(lab.url)
        settled(page)
        assert page.evaluate(SAID)[0] in ("none", "normal")
        page.route("**/_stcore/*", lambda route: route.abort())
        held[-1].close()
        page.wait_for_function(f"() => ({SAID})().join() === '{LOST},visible'")
        expect(page.get_by_text("streamlit run")).to_be_hidden()
        page.unroute("**/_stcore/*")
        page.wait_for_function(f"() => ['none', 'normal'].includes(({SAID})()[0])")
        expect(page.locator(APP)).to_have_attribute("data-test-connection-state", "CONNECTED")
    finally:
        context.close()


def test_a_page_opened_at_its_address_asks_for_nothing_that_is_not_there_and_a_browser_is_a_visitor(
    page, lab, chromium
):
    def token(context) -> str:
        return next(c["value"] for c in context.cookies() if c["name"] == "latent_lab_visitor")

    failed = []
    page.on("response", lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.goto(f"{lab.url}/data?dataset=digits")
    settled(page)
    expect(page).to_have_url(re.compile("/data"))
    assert failed == []
    first = token(page.context)
    page.context.request.get(lab.url)
    assert token(page.context) == first, "in all its tabs"
    assert page.evaluate("() => document.cookie").find(first) == -1, "no script can read it"
    other = chromium.new_context()
    try:
        other.request.get(lab.url)
        assert token(other) != first
    finally:
        other.close()


def test_no_page_of_another_port_shows_the_lab_in_a_frame_or_asks_it(chromium, lab):
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.route(
            "http://localhost:1/", lambda route: route.fulfill(body="<h1>a notebook</h1>", content_type="text/html")
        )
        page.goto("http://localhost:1/")
        answer = page.evaluate(
            """async (lab) => {
                const frame = document.createElement('iframe');
                frame.src = lab;
                const loaded = new Promise(done => { frame.onload = frame.onerror = done; });
                document.body.append(frame);
                await loaded;
                const socket = new WebSocket(lab.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
                const opened = await new Promise(done => {
                    socket.onopen = () => done(true);
                    socket.onerror = () => done(false);
                });
                const asked = await fetch(lab + '/_stcore/health').then(() => true, () => false);
                return {opened, asked};
            }""",
            lab.url,
        )
        assert answer == {"opened": False, "asked": False}
        assert all("Latent Lab" not in frame.content() for frame in page.frames[1:])
    finally:
        context.close()
