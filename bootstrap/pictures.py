"""Pictures for the sliders of Generate, answered without a run of the page's script.

Stands behind the door (`door.py`), which lets only pages of the lab in. What is answered is computed in
`ui/generate/pictures.py`, in a thread, so that the loop that serves all visitors goes on.
"""

from __future__ import annotations

from bootstrap.door import Application, Message, Receive, Send

PATH = "/_lab/picture"
MOST_BYTES = 65_536
"""Longest question: 512 numbers take a tenth of it."""


class Pictures:
    """ASGI application in front of Streamlit's that answers `POST /_lab/picture`.

    Args:
        inside: Streamlit's application. base: the path that it serves below, mostly empty.
    """

    def __init__(self, inside: Application, base: str = ""):
        self.inside = inside
        self.path = f"/{base}{PATH}" if base else PATH

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.inside(scope, receive, send)
            return
        from starlette.responses import Response

        status, body = await _answer(scope, receive)
        kind = "application/octet-stream" if status == 200 else "text/plain"
        await Response(body, status, {"cache-control": "no-store"}, kind)(scope, receive, send)


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
