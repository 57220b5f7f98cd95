"""The frame of every page: what it imports ahead of time exists."""

import ast
import importlib.util
import inspect

import pytest
import streamlit as st

from tests.pages.page_tools import open_page
from ui import shell


def test_the_modules_that_the_warm_up_imports_exist():
    """The warm-up ignores errors, so a module that was moved would silently no longer be imported ahead of time."""
    tree = ast.parse(inspect.getsource(shell._warm))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert "torch" in names and len(names) > 1
    assert [name for name in names if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", None])
def test_a_server_that_the_network_can_reach_shows_one_sentence_and_no_page(address, monkeypatch):
    asked = st.get_option
    monkeypatch.setattr(st, "get_option", lambda key: address if key == "server.address" else asked(key))
    page = open_page("app")
    assert len(page.error) == 1 and "serves this computer only" in page.error[0].value
    assert not page.title and not page.button
