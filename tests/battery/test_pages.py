"""Every page opens with a run of every family, without an exception."""

from __future__ import annotations

import pytest

from core import runs
from core.models import build
from core.runs import weights
from tests.battery.members import ALL
from tests.pages.page_tools import open_page
from ui.registry import HOME, PAGES


@pytest.mark.slow
@pytest.mark.parametrize("member", ALL, ids=lambda member: member.key)
@pytest.mark.parametrize("page", [page.key for page in PAGES])
def test_the_page_opens_with_a_run_of_the_family(member, page, brief_searches, executor):
    run = runs.create(member.recipe(), f"a-{member.key}")
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    open_page("app" if page == HOME.key else page, run=run.name)  # Home links to pages that only app.py declares


@pytest.mark.parametrize("member", ALL, ids=lambda member: member.key)
def test_the_form_offers_its_preset(member, executor):
    opened = open_page("train", recipe=member.preset)
    assert opened.session_state["recipe_name"] == member.preset and opened.session_state["recipe_model"] == member.key
