"""The door of the lab's server: who may come in, and what the server may ask outside.

The lab is for the people at this computer and has no passwords. A browser on this computer also shows pages of other
servers, which could speak to the lab behind the visitor's back. So every request and every WebSocket must

- come from this computer, to `localhost`, `127.0.0.1` or `[::1]` (a foreign name that leads here is refused),
- and from a page of the lab itself: an `Origin` must be exactly the address that is asked, port included, and a
  browser's `Sec-Fetch-Site` must not name another site, except where a link is followed.

No other page can show the lab in a frame. Each browser gets a cookie with a random token; `ui/shared/owner.py` tells
visitors apart by it. Streamlit's own check is replaced, because it asks an outside host for this machine's public
address, in the loop that serves all visitors.
"""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import json
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from pathlib import Path
from typing import Any

COOKIE = "latent_lab_visitor"
"""Name of the cookie with the visitor's token: 32 hexadecimal digits."""

YEAR = 31_536_000  # seconds
FORBIDDEN, POLICY_VIOLATION, TEMPORARY_REDIRECT = 403, 1008, 307

FIRST_PAGE = "home"
"""Name of the first page. Streamlit serves it at the root alone and would say that there is no page of that name."""

HEADERS = (
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

SCRIPT = b"<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + %s}</script>"
"""Tells a page where its server is. Opened at /data, it would look below /data first, in vain: two errors in the
browser's console, and a pause before it looks again."""

ROOT = b'<div id="root"></div>'
"""The element of Streamlit's page that its scripts draw into."""

REFUSAL = "This is not a way into Latent Lab ({reason}). Open it at the address that it printed when it started."

_HOST = re.compile(r"(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_TOKEN = re.compile(rf"(?:^|;\s*){COOKIE}=([0-9a-f]{{32}})(?:;|$)")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
First = Callable[[str, str], Coroutine[Any, Any, bytes]]


def is_this_computer(address: str | None) -> bool:
    """Whether an address to listen at, or to come from, belongs to this computer alone."""
    if not address:  # every address of the machine
        return False
    if address.lower() == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address.strip("[]").split("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def listening_problem(address: str | None, source: str = "The setting server.address") -> str | None:
    """Why the lab must not listen at that address, in a sentence; None where it may."""
    if is_this_computer(address):
        return None
    where = f"at {address}" if address else "at every address of this computer"
    return (
        f"{source} asks to serve {where}, but Latent Lab serves this computer only: it has no passwords, so anybody in "
        "the network could end trainings, delete runs and look into folders. Remove that setting, or set it to "
        "localhost, then start again."
    )


def refusal(kind: str, headers: dict[bytes, list[bytes]], client: str | None) -> str | None:
    """Why a request may not come in, in a few words; None where it may.

    Args:
        kind: `http` or `websocket`. headers: name in lower case → all its values. client: address it comes from.
    """
    hosts = [value.decode("latin-1") for value in headers.get(b"host", [])]
    if client is not None and not is_this_computer(client):
        return "it comes from another computer"
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return "the host is not this computer"
    for value in headers.get(b"origin", []):
        # Compared as text: there are origins that no parser takes, and they must be refused as well.
        if value.decode("latin-1").lower() not in (f"{scheme}://{hosts[0].lower()}" for scheme in ("http", "https")):
            return "another page asks"
    site = headers.get(b"sec-fetch-site", [b"none"])[-1]
    if site in (b"same-origin", b"none"):
        return None
    followed = kind == "http" and headers.get(b"sec-fetch-mode") == [b"navigate"]
    return None if followed and headers.get(b"sec-fetch-dest") == [b"document"] else "another page asks"


class Door:
    """ASGI application in front of Streamlit's.

    Args:
        inside: Streamlit's application. base: the path that it serves below, mostly empty.
        head: further lines for the head of every page.
        first: what the first page shows until its script has drawn it, as HTML, for the visitor's token (empty where
            the browser has none yet) and the page's parameters.
        meant: of the name of a page that does not exist, the path of the one that is meant, or None.
    """

    def __init__(
        self,
        inside: Application,
        base: str = "",
        head: bytes = b"",
        first: First | None = None,
        meant: Callable[[str], str | None] = lambda name: None,
    ):
        self.inside, self.meant = inside, meant
        self.root = f"/{base}/" if base else "/"
        self.head = SCRIPT % json.dumps(self.root).encode() + head
        self.first = first

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.inside(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(bytes(name).lower(), []).append(bytes(value))
        client = scope.get("client")
        if reason := refusal(scope["type"], headers, client[0] if client else None):
            await _refuse(scope, reason, send)
        elif scope["type"] == "websocket":
            await self.inside(scope, receive, send)
        elif str(scope.get("path", "")).rstrip("/") == self.root + FIRST_PAGE:
            await _redirect(send, self.root, bytes(scope.get("query_string", b"")))
        elif scope.get("method") == "GET" and b"text/html" in b",".join(headers.get(b"accept", [])):
            if page := self.meant(str(scope.get("path", "")).removeprefix(self.root).rstrip("/")):
                await _redirect(send, self.root + page, bytes(scope.get("query_string", b"")))
                return
            left_out = [b"accept-encoding"]
            first = None
            if self.first is not None and scope.get("path") == self.root:
                left_out += [b"if-none-match", b"if-modified-since"]  # what the browser has kept shows older pictures
                first = self.first(_known_token(headers), bytes(scope.get("query_string", b"")).decode("latin-1"))
            plain = [(k, v) for k, v in scope["headers"] if bytes(k).lower() not in left_out]
            try:
                await self.inside(
                    {**scope, "headers": plain}, receive, _page(_with_headers(send, headers), self.head, first)
                )
            finally:
                if first is not None:
                    first.close()
        else:
            await self.inside(scope, receive, _with_headers(send, headers))


async def _refuse(scope: Message, reason: str, send: Send) -> None:
    """Answer at once: nothing is looked up, nothing is written to the log."""
    if scope["type"] == "websocket" and "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "another page asks"})
        return
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    body = REFUSAL.format(reason=reason).encode()
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *HEADERS]
    await send({"type": f"{kind}.start", "status": FORBIDDEN, "headers": head})
    await send({"type": f"{kind}.body", "body": body})


async def _redirect(send: Send, path: str, query: bytes) -> None:
    """Send a browser to another path of the lab, with the parameters of its address."""
    place = path.encode() + (b"?" + query if query else b"")
    head = [(b"location", place), (b"content-length", b"0"), *HEADERS]
    await send({"type": "http.response.start", "status": TEMPORARY_REDIRECT, "headers": head})
    await send({"type": "http.response.body", "body": b""})


def _with_headers(send: Send, asked: dict[bytes, list[bytes]]) -> Send:
    """A `send` that adds the lab's headers, and the visitor's token to a page for a browser that has none."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = [(bytes(k), bytes(v)) for k, v in message.get("headers", ())]
            kept = [pair for pair in answer if pair[0].lower() not in dict(HEADERS)]
            page = dict(answer).get(b"content-type", b"").startswith(b"text/html")
            # A page that the browser has kept is answered without its content and type.
            page = page or message["status"] == 304 and b"text/html" in b",".join(asked.get(b"accept", []))
            message = {**message, "headers": [*kept, *HEADERS, *(_token(asked) if page else ())]}
        await send(message)

    return sending


def _page(send: Send, head: bytes, first: Coroutine[Any, Any, bytes] | None) -> Send:
    """A `send` that completes Streamlit's page: lines for its head, and what its body shows at first.

    The head goes out before `first` is there: the browser loads the scripts meanwhile.
    """
    start: Message = {}
    body = b""

    async def sending(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start" and message["status"] == 200:
            kind = dict(message.get("headers", ())).get(b"content-type", b"")
            if bytes(kind).startswith(b"text/html"):
                start = message
                return
        if not start or message["type"] != "http.response.body":
            await send(message)
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        whole = body.replace(b"<head>", b"<head>" + head, 1)
        kept = [(k, v) for k, v in start["headers"] if bytes(k).lower() != b"content-length"]
        before, root, after = whole.partition(ROOT)
        if first is None or not root:
            await send({**start, "headers": [*kept, (b"content-length", str(len(whole)).encode())]})
            await send({"type": "http.response.body", "body": whole})
            return
        await send({**start, "headers": [pair for pair in kept if bytes(pair[0]).lower() != b"etag"]})
        await send({"type": "http.response.body", "body": before + root, "more_body": True})
        await send({"type": "http.response.body", "body": await first + after})

    return sending


def _known_token(asked: dict[bytes, list[bytes]]) -> str:
    """The token in the browser's cookie; empty where it has none."""
    found = (_TOKEN.search(value.decode("latin-1")) for value in asked.get(b"cookie", []))
    return next((match[1] for match in found if match), "")


def _token(asked: dict[bytes, list[bytes]]) -> list[tuple[bytes, bytes]]:
    """A cookie with a new token, unless the browser has one."""
    if _known_token(asked):
        return []
    cookie = f"{COOKIE}={secrets.token_hex(16)}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
    return [(b"set-cookie", cookie.encode())]


def guard() -> None:
    """Put the door in front of the Streamlit server that this process is about to start.

    Raises:
        SystemExit: this Streamlit builds its server in another way; without the door it is not started.
    """
    try:
        server = importlib.import_module("streamlit.web.server.starlette.starlette_server")
        config = importlib.import_module("streamlit.config")
        pictures = importlib.import_module("bootstrap.pictures")
        static_files = importlib.import_module("bootstrap.static_files")
        first_page = importlib.import_module("bootstrap.first_page")
        wrong_page = importlib.import_module("bootstrap.wrong_page")
        folder = Path(importlib.import_module("streamlit.file_util").get_static_dir())
        build = server.create_starlette_app
    except (ImportError, AttributeError):
        sys.exit(
            "This version of Streamlit builds its server in a way that Latent Lab does not know, so the lab cannot "
            "keep other pages out: install the version in requirements.txt (delete the folder .venv), then start again."
        )
    if getattr(build, "has_door", False):
        return

    def create_starlette_app(runtime: Any) -> Door:
        if problem := listening_problem(config.get_option("server.address")):
            sys.exit(problem)
        base = str(config.get_option("server.baseUrlPath") or "").strip("/")
        first_page.prepare()
        inside = static_files.StaticFiles(pictures.Pictures(build(runtime), base), folder, base)
        return Door(inside, base, static_files.head(folder), first_page.drawn, wrong_page.page_meant)

    create_starlette_app.has_door = True  # type: ignore[attr-defined]
    setattr(server, "create_starlette_app", create_starlette_app)  # noqa: B010
    replace_streamlits_own_check()


def replace_streamlits_own_check() -> None:
    """Hold Streamlit's check of WebSockets to the same rule, without a request to an outside host. It is all there is
    where the app was started by `streamlit run` in place of lab.py; app.py sees to that."""
    net_util = importlib.import_module("streamlit.net_util")
    for name in ("get_external_ip", "get_internal_ip"):  # a name of this machine is not looked for, here or outside
        setattr(net_util, name, _nothing)

    def is_origin_allowed(origin: str | None, host: str | None) -> bool:
        headers = {b"host": host, b"origin": origin}
        given = {name: [value.encode("latin-1", "replace")] for name, value in headers.items() if value is not None}
        return refusal("websocket", given, None) is None

    with contextlib.suppress(ImportError):  # another Streamlit keeps it elsewhere; `guard` would have refused it
        websocket = importlib.import_module("streamlit.web.server.starlette.starlette_websocket")
        setattr(websocket, "_is_origin_allowed", is_origin_allowed)  # noqa: B010


def _nothing() -> None:
    return None
