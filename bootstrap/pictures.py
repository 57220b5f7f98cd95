"""Pictures for the sliders of Generate, and decoders for the browser, answered without a run of the page's script.

Stands behind the door (`door.py`), which lets only pages of the lab in. What is answered is computed in
`ui/generate/pictures.py` and `ui/shared/decoder_files.py`, in a thread, so that the loop that serves all visitors goes
on.
"""

from __future__ import annotations

from bootstrap.door import Application, Message, Receive, Send

PATH = "/_lab/picture"
DECODER = "/_lab/decoder"
KEPT = "private, max-age=86400"
"""How a browser may keep a decoder: its name changes with the weights."""

MOST_BYTES = 65_536
"""Longest question: 512 numbers take a tenth of it."""


class Pictures:
    """ASGI application in front of Streamlit's that answers `POST /_lab/picture` and `GET /_lab/decoder?run=NAME`.

    Args:
        inside: Streamlit's application. base: the path that it serves below, mostly empty.
    """

    def __init__(self, inside: Application, base: str = ""):
        self.inside = inside
        below = f"/{base}" if base else ""
        self.answers = {f"{below}{PATH}": (_answer, "no-store"), f"{below}{DECODER}": (_decoder, KEPT)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self.answers:
            await self.inside(scope, receive, send)
            return
        from starlette.responses import Response

        answer, kept = self.answers[scope["path"]]
        status, body = await answer(scope, receive)
        kind, kept = ("application/octet-stream", kept) if status == 200 else ("text/plain", "no-store")
        await Response(body, status, {"cache-control": kept}, kind)(scope, receive, send)


async def _decoder(scope: Message, receive: Receive) -> tuple[int, bytes | str]:
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request

    from ui.shared.decoder_files import decoder_file

    request = Request(scope, receive)
    name = request.query_params.get("run")
    if request.method != "GET" or name is None:
        return 400, "A decoder is asked for with GET and the name of a model in memory: ?run=NAME."
    try:
        found = await run_in_threadpool(decoder_file, name)
    except LookupError as error:
        return 404, str(error)
    return (200, found) if found else (204, b"")  # a browser writes no error into its console for a 204


async def _answer(scope: Message, receive: Receive) -> tuple[int, bytes | str]:
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect, Request

    from ui.generate.pictures import answer

    if scope["method"] != "POST":
        return 405, "A picture is asked for with POST."
    body = b""
    try:
        async for part in Request(scope, receive).stream():
            body += part
            if len(body) > MOST_BYTES:
                return 413, f"A question has at most {MOST_BYTES:,} bytes."
        return 200, await run_in_threadpool(answer, body)
    except ClientDisconnect:
        return 400, "The browser has gone."
    except LookupError as error:
        return 404, str(error)
    except (ValueError, RecursionError):  # the second of brackets without end
        return 400, "A question is JSON with the name of a model in memory and a point in its latent space."
