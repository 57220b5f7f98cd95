"""What stands in for torch's compiler: the real package comes as soon as anything else of it is asked for."""

import importlib
import sys

import pytest

from core.system.compiler import NotCompiling

NAME = "latent_lab_test_package"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "__init__.py").write_text("def disable(function): raise AssertionError\nLIMIT = 8\n", "utf-8")
    (folder / "config.py").write_text(f"from {NAME} import LIMIT\nDOUBLE = 2 * LIMIT\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = NotCompiling(NAME, folder)
    monkeypatch.setitem(sys.modules, NAME, found)
    yield found
    sys.modules.pop(f"{NAME}.config", None)


def test_what_an_optimiser_asks_for_does_nothing_and_imports_nothing(stand_in):
    assert stand_in.disable(len, False, wrapping=False) is len
    assert stand_in.graph_break("here") is None
    assert not hasattr(stand_in, "__file__") and importlib.import_module(NAME) is stand_in


def test_anything_else_is_that_of_the_real_package(stand_in):
    assert stand_in.LIMIT == 8
    assert importlib.import_module(NAME) is not stand_in
    with pytest.raises(AttributeError, match="no attribute 'NOTHING'"):
        stand_in.NOTHING  # noqa: B018


def test_a_module_of_the_package_is_found(stand_in):
    assert importlib.import_module(f"{NAME}.config").DOUBLE == 16
