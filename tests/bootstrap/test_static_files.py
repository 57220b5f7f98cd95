"""Streamlit's own scripts and fonts: answered from the list, and everything else as before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bootstrap.static_files import StaticFiles, head
from tests import coroutines

FILES = {
    "index.html": '<link rel="modulepreload" href="./static/js/react.A.js">',
    "static/js/react.A.js": "1",
    "static/js/Html.B.js": 'import{a as b}from"./react.A.js";import"./purify.C.js";',
    "static/js/purify.C.js": 'import{q}from"./deep.D.js"; import("./lazy.E.js")',
    "static/js/deep.D.js": 'import{q}from"./purify.C.js"',
    "static/js/lazy.E.js": "",
    "static/js/HtmlOther.F.js": "",
    "static/css/index.G.css": "body{}",
    "static/media/MaterialSymbols-Rounded.H.woff2": "font",
    "static/media/Source.I.woff2": "font",
    "static/media/notes.txt": "no kind of file that pages load",
    "secret.js": "beside them",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def ask(folder: Path, path: str, base: str = "", method: str = "GET", **headers: str) -> list[dict]:
    """What is answered; empty where Streamlit's application is asked."""
    sent: list[dict] = []

    async def inside(scope, receive, send):
        assert scope["path"] == path

    async def send(message):
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}
    coroutines.run(StaticFiles(inside, folder, base)(scope, None, send))
    return sent


def test_a_file_comes_whole_with_its_type_and_is_kept_for_good(folder):
    start, body = ask(folder, "/static/css/index.G.css")
    assert start["status"] == 200 and body == {"type": "http.response.body", "body": b"body{}"}
    sent = dict(start["headers"])
    assert sent[b"content-type"].startswith(b"text/css") and sent[b"content-length"] == b"6"
    assert b"immutable" in sent[b"cache-control"]
    assert ask(folder, "/lab/static/js/react.A.js", base="lab")[1]["body"] == b"1"


@pytest.mark.parametrize(
    "path",
    ["/", "/static/js/gone.js", "/static/js/../../secret.js", "/static/js/%2e%2e/secret.js", "/static/media/notes.txt"],
)
def test_all_else_is_left_to_streamlit(folder, path):
    assert ask(folder, path) == []


def test_parts_of_files_and_questions_whether_they_changed_are_left_to_streamlit(folder):
    path = "/static/js/react.A.js"
    assert ask(folder, path, range="bytes=0-1") == ask(folder, path, if_none_match='"x"') == []
    assert ask(folder, path, method="HEAD") == []
    (folder / "static/js/react.A.js").unlink()
    assert ask(folder, path) == [], "an update while the lab is open"


def test_what_the_first_elements_need_is_named_once_with_all_that_it_imports_at_once(folder):
    assert re.findall(r'href="\./static/\w+/([^"]+)"', head(folder).decode()) == [
        "Html.B.js",
        "purify.C.js",
        "deep.D.js",
        "MaterialSymbols-Rounded.H.woff2",
    ]
    (folder / "index.html").write_text("")
    assert b"react.A.js" in head(folder), "only what Streamlit's own page names is left out"
