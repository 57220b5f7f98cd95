"""Streamlit's scripts, styles and fonts, answered from a list made at the start.

A page begins with seventy of these files. Streamlit's own way (seen in 1.67) looks each up anew and hands it over in
pieces through threads, some ten milliseconds a file, one after the other: the browser waits for it before it can draw
anything. Their names hold a digest of their content, so that a browser keeps them for good.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from bootstrap.door import Application, Message, Receive, Send

KINDS = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".woff2": b"font/woff2",
}
"""Endings of the files that are answered here, with their content type. All others are left to Streamlit."""

FOR_GOOD = b"public, immutable, max-age=31536000"

FIRST_PARTS = ("Html", "BidiComponent", "Button", "PageLink")
"""Scripts that Home's elements need beyond Streamlit's first ones, which are named in its page."""

ICONS = "MaterialSymbols-Rounded"

_IMPORT = re.compile(r'from ?"\./([\w.-]+\.js)"|import ?"\./([\w.-]+\.js)"')


class StaticFiles:
    """ASGI application in front of Streamlit's that answers `GET /static/…`.

    Args:
        inside: Streamlit's application. folder: Streamlit's own static files, with `js`, `css` and `media` in `static`.
        base: the path that it serves below, mostly empty.
    """

    def __init__(self, inside: Application, folder: Path, base: str = ""):
        self.inside = inside
        prefix = f"/{base}/static/" if base else "/static/"
        self.files = {
            f"{prefix}{kind}/{entry.name}": (entry.path, KINDS[os.path.splitext(entry.name)[1]])
            for kind in ("js", "css", "media")
            for entry in _entries(folder / "static" / kind)
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        found = self.files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None or any(name in (b"range", b"if-none-match") for name, _ in scope["headers"]):
            await self.inside(scope, receive, send)
            return
        path, kind = found
        try:
            # Read here, not in a thread: most are small, and all are in the system's memory after the first time.
            body = Path(path).read_bytes()
        except OSError:  # an update of Streamlit while the lab is open
            await self.inside(scope, receive, send)
            return
        size = str(len(body)).encode()
        head = [(b"content-type", kind), (b"content-length", size), (b"cache-control", FOR_GOOD)]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})


def head(folder: Path) -> bytes:
    """Lines for the head of every page: what its first elements need is loaded together with the first scripts.

    Args:
        folder: as in `StaticFiles`.
    """
    page = (folder / "index.html").read_text(encoding="utf-8", errors="replace")
    # Those that Streamlit's own page names are loaded with all that they import.
    scripts = {entry.name: entry.path for entry in _entries(folder / "static" / "js") if entry.name not in page}
    wanted = [name for part in FIRST_PARTS for name in scripts if name.startswith(f"{part}.")]
    for name in wanted:  # grows on the way: what they import, and what that imports
        text = Path(scripts[name]).read_text(encoding="utf-8", errors="replace")
        found = dict.fromkeys(a or b for a, b in _IMPORT.findall(text))
        wanted += [other for other in found if other in scripts and other not in wanted]
    icons = (entry.name for entry in _entries(folder / "static" / "media") if entry.name.startswith(ICONS))
    lines = [f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in wanted]
    lines += [
        f'<link rel="preload" href="./static/media/{name}" as="font" type="font/woff2" crossorigin>' for name in icons
    ]
    return "".join(lines).encode()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The files of a folder that are answered here, in the order of their names; none where it is missing."""
    try:
        with os.scandir(folder) as found:
            kept = [entry for entry in found if os.path.splitext(entry.name)[1] in KINDS and entry.is_file()]
    except OSError:
        return []
    return sorted(kept, key=lambda entry: entry.name)
