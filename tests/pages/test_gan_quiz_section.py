"""The section "You are the discriminator", with and without a GAN."""

import base64
import json
import os

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import data
from core.gan import quiz as gan_quiz
from core.runs import weights
from tests.pages.page_tools import open_page, text_of
from tests.tiny_gans import gan_run
from ui.components.gan import gan_quiz as component
from ui.gan import quiz as section
from ui.shared import visitor_store


def script(name):
    from core import runs
    from ui.gan.quiz import quiz

    quiz(runs.open_run(name) if name else None)


@pytest.fixture
def sent(monkeypatch) -> dict:
    """What the component was given last, and its callbacks."""
    found, mount = {}, component._mount
    monkeypatch.setattr(component, "_mount", lambda **values: (found.update(values), mount(**values)))
    return found


def visit(name: str | None) -> AppTest:
    return open_page(script, args=(name,))


def test_without_a_gan_it_says_what_is_missing():
    assert "no trained GAN" in visit(None).info[0].value


def test_a_model_that_is_no_gan_and_weights_that_do_not_load_are_named():
    run = gan_run("odd")
    (run.path / "best.safetensors").write_bytes(b"nothing")
    assert "odd" in visit("odd").error[0].value


def test_the_browser_is_given_the_round_that_core_deals(sent):
    run = gan_run("a-gan")
    visit("a-gan")
    given, dealt = sent["data"], gan_quiz.make_round(weights.load_model(run), data.load("digits"), 0, "non-saturating")
    assert base64.b64decode(given["tiles"]) == dealt.pictures.tobytes()
    names = [kind["name"] for kind in given["kinds"]]
    assert names == ["Real", "VAE", "GAN"] and [k["key"] for k in given["kinds"]] == ["R", "V", "G"]
    assert [dealt.kinds[t] for t in given["truth"]] == list(dealt.truth)
    assert given["believed"] == dealt.taken_as_real.tolist()
    confusions = {f"{a}>{b}" for a in range(3) for b in range(3) if a != b}
    assert set(given["advice"]) == confusions | {""}, "there is advice for every mistake"


def test_a_round_is_played_to_its_end_although_the_gan_is_trained_meanwhile(sent):
    run = gan_run("a-gan")
    page = visit("a-gan")
    first = sent["data"]
    os.utime(run.path / "best.safetensors")
    page.run()
    assert (sent["data"]["round"], sent["data"]["tiles"]) == (first["round"], first["tiles"])
    page.session_state["gan_quiz_seeds"]["a-gan"] += 1  # another twenty
    page.run()
    model, first_model = (data["round"].rsplit(" ", 1)[0] for data in (sent["data"], first))
    assert model != first_model and sent["data"]["tiles"] != first["tiles"], "with the newest weights"


@pytest.mark.parametrize("kind, name", [("ae", "AE"), ("ad", "AD"), ("vad", "VAD")])
def test_another_family_is_called_by_its_name(sent, kind, name):
    gan_run("another", kind)
    visit("another")
    assert [k["name"] for k in sent["data"]["kinds"]] == ["Real", name, "GAN"]
    assert sent["data"]["kinds"][1]["key"] == name[0]


def test_from_scratch_it_is_real_against_gan(sent):
    gan_run("scratch", "none")
    visit("scratch")
    assert [k["name"] for k in sent["data"]["kinds"]] == ["Real", "GAN"] and set(sent["data"]["truth"]) == {0, 1}
    assert set(sent["data"]["advice"]) == {"0>1", "1>0", ""}


def test_finished_rounds_survive_a_reload_and_can_be_copied_as_text(sent):
    run = gan_run("a-gan")
    dealt = gan_quiz.make_round(weights.load_model(run), data.load("digits"), 0, "non-saturating")
    page = open_page(script, {"visitor_token": "me"}, ("a-gan",))
    assert "| 1 | – | – |" in text_of(page) and not page.expander
    page.session_state["gan_quiz_results"].append(
        {
            "run": "a-gan",
            "seed": 0,
            "kinds": dealt.kinds,
            "exact": 12,
            "real_or_made": 15,
            "discriminator": 11,
            "of": 20,
        }
    )
    again = open_page(script, {"visitor_token": "me"}, ("a-gan",))  # a session of its own, as after a reload
    assert "| 1 | 15 of 20 | 11 of 20 |" in text_of(again)
    assert (
        "told real from generated for 15 of 20 images, origin right for 12; the discriminator for 11"
        in again.code[0].value
    )
    assert "| 1 | – | – |" in text_of(open_page(script, {"visitor_token": "another"}, ("a-gan",)))


def test_a_finished_round_is_scored_here_and_kept_once(monkeypatch):
    run = gan_run("a-gan")
    kept = {}
    monkeypatch.setattr(visitor_store, "me", lambda: "0123456789ab")
    monkeypatch.setattr(section.st, "session_state", kept)
    dealt = gan_quiz.make_round(weights.load_model(run), data.load("digits"), 3, "non-saturating")
    for junk in (None, "all", [0] * 3, [9] * 20):
        section._keep(run, dealt, junk)
    assert section.rounds() == []
    answers = [dealt.kinds.index(t) for t in dealt.truth]
    answers[0] = (answers[0] + 1) % 3
    section._keep(run, dealt, answers)
    section._keep(run, dealt, answers)
    (one,) = section.rounds()
    assert (one["run"], one["seed"], one["exact"], one["of"]) == ("a-gan", 3, 19, 20)
    assert one["discriminator"] == dealt.discriminator_correct and np.array_equal(one["answers"], answers)
    kept.clear()
    visitor_store._visitors.clear()  # the lab was closed
    (again,) = section.rounds()
    assert again == json.loads(json.dumps(one))
