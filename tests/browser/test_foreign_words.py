"""Words of others (in the address, a run's folder, a file, a form) are shown as words: nothing is drawn or fetched.

The `page` fixture fails a test on any request to another host.
"""

import json
import os
import shutil

import pytest
import torch
from playwright.sync_api import Page, expect

from core.runs import weights

pytestmark = pytest.mark.browser
SLOW = 60_000  # ms
LINK = "![p](http://127.0.0.1:9/p.png)"
PLACES = ["/?first=", "/data?set=", "/train?recipe=", "/generate?run="]
TYPED = [
    LINK,
    "[a](http://127.0.0.1:9/)",
    "<img src=//127.0.0.1:9/p>",
    "http://127.0.0.1:9/ www.a.org me@a.org",
    "$x^2$",
    ":red[hot] :red-background[x]",
    ":smile: :+1: :100: :streamlit:",
    ":material/home:",
    "`a` **b** _c_ ~~d~~ &lt; #e",
]
QUOTED = """typed => [...document.querySelectorAll("[data-testid=stAlert]")]
    .some((alert) => alert.innerText.replaceAll("\\u2060", "").includes(typed))"""


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=SLOW)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def visit(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("[data-testid=stMarkdown]", timeout=SLOW)
    settled(page)


@pytest.fixture
def hostile(lab):
    """Runs whose folder, status, recipe and weights all hold a picture's address; the names of the usable ones."""
    # A folder's name cannot hold a slash, but browsers read a backslash as one.
    named = "plain" if os.name == "nt" else r"![n](http:\\127.0.0.1:9\n.png)"
    made = [lab.runs / name for name in (named, "foreign", "broken")]
    for path in made:
        shutil.copytree(lab.runs / "example-plane-vae", path)
        status = json.loads((path / "status.json").read_text())
        # Newer than the examples: Train shows the newest beside its form.
        status |= {"message": LINK, "device": LINK, "state": "stopped", "created": status["created"] + 1e6}
        (path / "status.json").write_text(json.dumps(status))
    weights.save(made[1] / "best.safetensors", {LINK: torch.zeros(1)}, {"epoch": 1})
    recipe = json.loads((made[2] / "recipe.json").read_text())
    (made[2] / "recipe.json").write_text(json.dumps(recipe | {LINK: 1}))
    yield [path.name for path in made[:2]]
    for path in made:
        shutil.rmtree(path)


def test_no_page_fetches_a_picture_that_a_run_or_its_address_names(page: Page, lab, hostile):
    for place in PLACES:
        visit(page, lab.url + place + LINK)
        expect(page.locator("img[src*='127.0.0.1:9']")).to_have_count(0)


def test_what_is_wrong_with_foreign_weights_is_said_in_words(page: Page, lab, hostile):
    for name in hostile:
        visit(page, f"{lab.url}/generate?run={name.replace('#', '%23')}")
    alert = page.get_by_test_id("stAlert").first
    expect(alert).to_contain_text("![p](http", timeout=SLOW)  # the name of a tensor
    expect(alert.locator("img, a")).to_have_count(0)


def test_what_was_typed_is_quoted_as_it_is(page: Page, lab):
    visit(page, lab.url + "/train")
    page.get_by_text("Architecture", exact=True).click()
    field = page.get_by_role("textbox", name="Hidden layers")
    alert = page.get_by_test_id("stAlert").filter(has_text="Hidden layers:").get_by_test_id("stMarkdownContainer")
    for typed in TYPED:
        field.fill(typed)
        field.press("Enter")
        page.wait_for_function(QUOTED, arg=typed, timeout=SLOW)
        settled(page)
        assert typed in alert.inner_text().replace("\u2060", "")
        assert alert.locator("img, a, span, code, strong, em, del, .katex").count() == 0, typed
