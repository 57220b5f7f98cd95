"""Helpers for the tests in a browser: waiting for a page, reading its canvases, and counting its messages."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Locator, Page, WebSocket

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
"""Selects the page once its script has ended."""

PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
"""Resolves after the browser has painted what was drawn before."""

GREYS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 == 0)"
"""Red channel of a canvas, row by row: its grey values."""


def settled(page: Page) -> None:
    """Wait until the page's script has ended."""
    page.wait_for_selector(IDLE)


def sent_by(page: Page) -> list[str | bytes]:
    """A list that grows with each message that the page sends to the server; call it before the page is opened."""
    sent: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    return sent


def greys(canvas: Locator) -> np.ndarray:
    """Grey values of a canvas of 28 × 28 pixels: uint8 [28, 28]."""
    return np.array(canvas.evaluate(GREYS), np.uint8).reshape(28, 28)
