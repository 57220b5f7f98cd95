"""The frame of every page: what it imports ahead of time exists."""

import ast
import importlib.util
import inspect

from ui import shell


def test_the_modules_that_the_warm_up_imports_exist():
    """The warm-up ignores errors, so a module that was moved would silently no longer be imported ahead of time."""
    tree = ast.parse(inspect.getsource(shell._warm))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert "torch" in names and len(names) > 1
    assert [name for name in names if importlib.util.find_spec(name) is None] == []
