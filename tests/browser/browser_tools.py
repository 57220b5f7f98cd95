"""Helpers for the tests in a browser: waiting for a page, reading its canvases, and counting its messages."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import numpy as np
import pytest
from playwright.sync_api import CDPSession, Locator, Page, TimeoutError, ViewportSize

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Selects the page once its script has ended."""

SCRIPT_RUNS = Path(__file__).with_name("script_runs.js")
"""Runs in a page before its own scripts, so that `settled` can wait for what the last click has asked for."""

SETTLED = f"document.querySelector('{IDLE}') && (window.scriptRuns?.rest() ?? true)"
"""Whether the script has ended, and each run of it that was asked for."""

PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
"""Resolves after the browser has painted what was drawn before."""

LONG = 5_000
"""Milliseconds after which a test no longer waits for a page's script to end before it clicks."""

LEFT_OPEN = pytest.StashKey[bool]()
"""In the stash of a test: whether the next one goes on where it ends."""

GREYS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 == 0)"
"""Red channel of a canvas, row by row: its grey values."""


CHANGED = f"([c, old]) => ({GREYS})(c).some((v, i) => v !== old[i])"
"""Whether a canvas shows something else than the grey values before."""


def is_open(page: Page, address: str) -> bool:
    """Whether a test that goes on finds the page at that address, whatever parameters have come behind it since."""
    here = unquote(page.url)
    return here == address or here.startswith(f"{address}&")


def settled(page: Page) -> None:
    """Wait until the page's script has ended, the run that the last click has asked for included, and what it drew
    stands there."""
    page.wait_for_function(SETTLED)
    page.wait_for_function(SETTLED)  # in another frame: what the last message brought is drawn by then


def act_when_settled(patch: pytest.MonkeyPatch) -> None:
    """Let tests click and type, as people do, when the page has come to rest: an element that is drawn anew meanwhile
    stands there twice or is gone. A page that goes on for long is used all the same."""
    for name in ("click", "fill", "press", "check", "uncheck", "hover", "set_input_files", "press_sequentially"):
        patch.setattr(Locator, name, _when_settled(getattr(Locator, name)))


def _when_settled(action: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(action)
    def act(locator: Locator, *values: object, **named: object) -> None:
        with contextlib.suppress(TimeoutError):
            locator.page.wait_for_function(f"!document.querySelector('[data-testid=stApp]') || {SETTLED}", timeout=LONG)
        action(locator, *values, **named)

    return act


_SCREENS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def narrow(page: Page, ratio: float = 1, width: int = 390) -> None:
    """Make the open page as narrow as a phone, with a number of device pixels per CSS pixel, and wait until it fits.
    The fixture `page` widens it again."""
    if page not in _SCREENS:
        page.set_viewport_size({"width": width, "height": 844})
        _SCREENS[page] = page.context.new_cdp_session(page)
    # Parts of the page hear of another width, not of another density alone.
    for wide in (width + 40, width):
        size = {"width": wide, "height": 844, "deviceScaleFactor": ratio, "mobile": False}
        _SCREENS[page].send("Emulation.setDeviceMetricsOverride", size)
        page.wait_for_function(
            "([ratio, wide]) => devicePixelRatio === ratio && innerWidth === wide"
            " && document.querySelector('[data-testid=stMain]').scrollWidth <= wide",
            arg=[ratio, wide],
        )
        page.wait_for_function(PAINTED)


def widen(page: Page, size: ViewportSize) -> None:
    """Make the page as large as it was before it was made narrow."""
    if page in _SCREENS:
        _SCREENS.pop(page).detach()
    page.set_viewport_size(size)


DARK = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/\\d+/)[0] < 128"
"""Whether the page stands on a dark ground."""


def in_scheme(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Show the open page in the light or the dark theme."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"dark => ({DARK}) === dark", arg=scheme == "dark")
    page.wait_for_function(PAINTED)


_SENT: WeakKeyDictionary[Page, list[str | bytes]] = WeakKeyDictionary()


def sent_by(page: Page) -> list[str | bytes]:
    """The messages that a page has sent to the server, a list that grows. Its first call for a tab must come before the
    page is opened; later ones, of tests that go on with an open page, return the same list."""
    if page not in _SENT:
        sent = _SENT[page] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    return _SENT[page]


def wait_until_sent(page: Page, sent: list[str | bytes], count: int) -> None:
    """Wait until at least so many messages have left the page: one leaves a tick after what caused it."""
    end = time.monotonic() + 60
    while len(sent) < count and time.monotonic() < end:
        page.wait_for_timeout(20)  # lets Playwright take up events of the socket


def greys(canvas: Locator) -> np.ndarray:
    """Grey values of a canvas of 28 × 28 pixels: uint8 [28, 28]."""
    return np.array(canvas.evaluate(GREYS), np.uint8).reshape(28, 28)
