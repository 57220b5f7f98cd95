"""Experiments and questions between VAE and GAN as a visitor meets them: predict first, then the button, the answer."""

import re

import pytest
from playwright.sync_api import expect

from core import runs
from core.gan import experiments
from core.gan.questions import QUESTIONS
from core.runs.shown_weights import is_experiment_recipe
from tests.browser.browser_tools import settled
from tests.tiny_gans import FIGURES, ended_trial, gan_run

pytestmark = pytest.mark.browser

RUN = "lesson-gan"
SOURCE = "example-mlp-vae"
"""The decoder the experiments start from, whatever other tests have trained in this lab."""
SLOW = 90_000  # ms: the worker process loads torch before it begins
COLLAPSE, FROZEN = (next(e for e in experiments.EXPERIMENTS if e.key == key) for key in ("collapse", "frozen-g"))
LOOK = COLLAPSE.look.replace("*", "")  # without Markdown's marks


@pytest.fixture(autouse=True)
def source(lab, monkeypatch):
    """The run that experiments start from, beside a small GAN for the page; what a test makes goes with it."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(lab.runs))
    gan_run(RUN, evaluation=FIGURES)
    yield runs.open_run(SOURCE)
    for run in runs.list_runs():
        if run.name == RUN or is_experiment_recipe(run.recipe):
            run.delete()


def visit(page, lab, query: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{lab.url}/gan?{query}&decoder={SOURCE}")
    page.wait_for_selector(".st-key-gan_question_box, .st-key-gan_experiment_box", timeout=SLOW)
    settled(page)


def chosen(page) -> str:
    return page.locator(".st-key-gan_run_box input").input_value()


def test_the_button_waits_for_a_prediction_trains_and_the_gan_that_is_shown_stays(page, lab, source):
    visit(page, lab, f"run={RUN}&experiment=frozen-g")
    box, go = page.locator(".st-key-gan_experiment_box"), page.get_by_role("button", name="Run the experiment")
    expect(go).to_be_disabled()
    box.get_by_text(FROZEN.choices[1]).click()
    expect(go).to_be_enabled()
    go.click()
    try:
        for arm in FROZEN.arms:
            expect(box.get_by_text(re.compile(f"{arm.name}: "))).to_be_visible(timeout=SLOW)
        expect(box).to_contain_text(f"{FROZEN.choices[1]} (your prediction)")
        expect(box.get_by_text(re.compile("G frozen: epoch [1-9]"))).to_be_visible(timeout=SLOW)
        expect(box).to_contain_text(re.compile(r"D right on real \d+ %"))
        visit(page, lab, "experiment=frozen-g")  # the visitor's own newest run would be the first choice
        assert chosen(page).startswith("example-"), "an experiment's run is nobody's choice"
    finally:
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_role("button", name="Run the experiment")).to_be_visible(timeout=SLOW)


def test_what_was_measured_stands_beside_the_prediction_and_its_curves_are_drawn(page, lab, source):
    ended_trial(COLLAPSE.arms[0], source, 1.0, 2_000.0)
    ended_trial(COLLAPSE.arms[1], source, 10.0, 60.0)
    visit(page, lab, f"run={RUN}&experiment=collapse")
    box = page.locator(".st-key-gan_experiment_box")
    expect(box).not_to_contain_text(LOOK)
    box.get_by_text(COLLAPSE.choices[0], exact=True).click()
    expect(box).to_contain_text(f"You predicted: {COLLAPSE.choices[0]}. Measured: {COLLAPSE.choices[2]}.")
    expect(box).to_contain_text(LOOK)
    rows = box.locator("table").first.locator("tbody tr")
    expect(rows.first).to_have_text(re.compile(r"Classes covered\s*10 of 10\s*1 of 10"))
    for column in COLLAPSE.shown:
        expect(box.locator(f".st-key-gan_curves_collapse_{column} canvas")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(box.get_by_role("button", name="Run it again")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_question_explains_every_choice_only_after_the_answer_and_shows_its_figure(page, lab):
    visit(page, lab, f"run={RUN}&question=generator")
    question = next(q for q in QUESTIONS if q.key == "generator")
    box, wrong = page.locator(".st-key-gan_question_box"), (question.right + 1) % len(question.choices)
    expect(box).to_contain_text(question.text)
    expect(box).not_to_contain_text(question.answer)
    expect(box.locator("img")).to_have_count(0)
    box.get_by_text(question.choices[wrong][0]).click()
    expect(box).to_contain_text(f"You predicted: {question.choices[wrong][0]}.")
    for _, reply in question.choices:
        expect(box).to_contain_text(reply)
    expect(box.get_by_role("img", name=re.compile("16 images"))).to_have_count(2)
    page.get_by_role("radio", name=QUESTIONS[1].title).click()
    page.wait_for_url("**question=kl**")
    expect(box).to_contain_text(QUESTIONS[1].text)
    expect(page.get_by_role("radio", name=f"{question.title} ✓")).to_be_visible()
