"""What the first page shows until Streamlit's scripts have drawn it: its title and its pictures, as part of the page.

The browser needs a second or more for Streamlit's scripts and the first run of the page's own. What is drawn here
stands where Home draws the same later (`ui/home/first_picture.py`), and gives way to it.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from urllib.parse import parse_qs


def prepare() -> None:
    """Import what Home needs in a thread, while the server starts and the browser loads Streamlit's scripts.

    Streamlit's runtime must be there: the lab's components register with it when they are imported.
    """
    threading.Thread(target=_import, name="importing Home", daemon=True).start()


def _import() -> None:
    # What fails here fails again, with its message, where the page's script imports it.
    with contextlib.suppress(Exception):
        importlib.import_module("ui.shell")
        importlib.import_module("ui.home.page")


async def drawn(token: str, query: str) -> bytes:
    """HTML for the visitor with that token, which is empty for a new one; empty where Home shows something else at
    first, or where its pictures cannot be read."""
    from starlette.concurrency import run_in_threadpool

    return b"" if parse_qs(query, keep_blank_values=True) else await run_in_threadpool(_drawn, token)


def _drawn(token: str) -> bytes:
    try:
        from ui.home.first_picture import html_of

        return html_of(token).encode()
    except Exception:  # what is wrong is said by the page itself, which meets the same
        return b""
