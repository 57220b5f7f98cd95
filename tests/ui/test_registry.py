"""The registry of pages: one entry for each file in `pages/`, and addresses that nothing else repeats."""

import re

import pytest

from bootstrap import door
from core.system import paths
from ui import registry
from ui.registry import GROUPS, HOME, PAGES


def test_every_file_in_pages_is_one_page_of_the_registry_and_the_other_way_round():
    scripts = sorted(page.script for page in PAGES)
    assert scripts == sorted(f"pages/{file.name}" for file in (paths.ROOT / "pages").glob("*.py"))
    assert PAGES[0] is HOME and HOME.key == door.FIRST_PAGE and len({page.title for page in PAGES}) == len(PAGES)


def test_a_script_is_found_by_its_key_and_an_unknown_key_is_refused():
    assert registry.script("gan") == "pages/gan.py"
    with pytest.raises(KeyError):
        registry.script("nowhere")


def test_a_sentence_is_short_enough_for_a_card_and_an_icon_is_a_material_symbol():
    for page in PAGES:
        assert page.sentence.endswith((".", "?")) and len(page.sentence) <= 72, page
        assert re.fullmatch(r":material/[a-z_]+:", page.icon)


def test_the_pages_of_a_group_stand_together_in_the_order_of_the_groups():
    assert [page.group for page in PAGES] == ["", *sorted((page.group for page in PAGES[1:]), key=GROUPS.index)]
    assert {page.group for page in PAGES[1:]} == set(GROUPS)
