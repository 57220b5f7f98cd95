"""Helpers for the tests of pages: a page opened by AppTest, its text, and runs with untrained weights."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core import runs
from core.models import build
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.runs import weights
from core.system import paths

# AppTest looks for components in all installed packages each time; they do not change while the tests run.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)

TEXT = ("title", "header", "subheader", "markdown", "caption", "success", "info", "warning", "error")
"""Kinds of elements whose values are text for the visitor."""


def open_page(
    page: str | Callable[..., None],
    state: Mapping[str, Any] | None = None,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    **query: object,
) -> AppTest:
    """Run a page once and return it; an exception on the page fails the test.

    Args:
        page: name of a file in `pages/`, `app` for app.py, or a function that draws a part of a page.
        state: values of the session state. args, kwargs: arguments of the function. query: parameters of the address.
    """
    limit = 240  # seconds; a page takes one or two, but the machine may be busy
    if callable(page):
        test = AppTest.from_function(page, default_timeout=limit, args=args, kwargs=kwargs)
    else:
        file = paths.ROOT / ("app.py" if page == "app" else f"pages/{page}.py")
        test = AppTest.from_file(str(file), default_timeout=limit)
    for name, value in query.items():
        test.query_params[name] = str(value)
    for key, value in (state or {}).items():
        test.session_state[key] = value
    test.run()
    assert not test.exception, test.exception
    return test


def text_of(page: AppTest, *kinds: str) -> str:
    """All text of a page, or that of some kinds of elements, without the backslashes of Markdown."""
    return "\n".join(str(element.value) for kind in kinds or TEXT for element in getattr(page, kind)).replace("\\", "")


def keys_of(page: AppTest, *kinds: str) -> set[str]:
    """Keys of a page's widgets of some kinds."""
    return {widget.key for kind in kinds for widget in getattr(page, kind)}


def button_of(page: AppTest, verb: str) -> Button:
    """The one button whose key is that of an action, followed by the run or job that it acts on.

    Raises:
        AssertionError: there is none, or more than one: then name the run as well.
    """
    found = [button for button in page.button if button.key and re.fullmatch(f"{re.escape(verb)}(_.*)?", button.key)]
    assert len(found) == 1, [button.key for button in page.button]
    return found[0]


def untrained(name: str, preset_name: str = "mlp-vae", digits: bool = True, **changes: object) -> runs.Run:
    """A run with untrained weights, for tests that do not ask how good they are.

    Tiny networks: one hidden layer of 16 units or two convolutions of 4 and 8 channels, unless `changes` differ."""
    recipe = preset(preset_name)
    recipe = (for_digits(recipe) if digits else recipe).with_(**{"hidden": (16,), "channels": (4, 8)} | changes)
    run = runs.create(recipe, name)
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    return run


def speeds(page: AppTest) -> list[str]:
    """Both speeds of the recipe form, each with the time below it where there is one."""
    captions = [caption.value for caption in page.caption]
    line = next(k for k, text in enumerate(captions) if text.startswith("Fast: "))
    times = [time.strip() for time in captions[line - 2 : line]]
    options = page.button_group(key="recipe_speed").options
    return [" · ".join(filter(None, both)) for both in zip(options, times, strict=True)]
