"""Who may come into the lab: by rule, through the door alone, and at a real server whose way outside is cut."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import door, launcher, wrong_page
from bootstrap.paths import LabPaths, SetupError
from tests import coroutines

ROOT = Path(__file__).resolve().parents[2]
PORT = 8501

# What a browser sends for a page of the lab itself; None leaves a header away.
OWN = {"host": f"localhost:{PORT}", "origin": f"http://localhost:{PORT}", "sec-fetch-site": "same-origin"}

LET_IN = [
    {},
    {"host": f"127.0.0.1:{PORT}", "origin": f"http://127.0.0.1:{PORT}"},
    {"host": f"[::1]:{PORT}", "origin": f"http://[::1]:{PORT}"},
    {"host": f"LocalHost:{PORT}"},
    {"origin": None},
    {"origin": None, "sec-fetch-site": None},  # curl, or an old browser
    {"origin": None, "sec-fetch-site": "none"},  # typed into the address bar
]
REFUSED = [
    {"host": f"evil.example:{PORT}", "origin": f"http://evil.example:{PORT}"},  # DNS rebinding
    {"host": f"evil.example:{PORT}", "origin": None},
    {"host": f"localhost.evil.example:{PORT}", "origin": f"http://localhost.evil.example:{PORT}"},
    {"host": f"127.0.0.1.evil.example:{PORT}", "origin": None},
    {"host": f"user@localhost:{PORT}", "origin": None},
    {"host": "192.168.1.5:8501", "origin": "http://192.168.1.5:8501"},
    {"host": "0.0.0.0:8501", "origin": "http://0.0.0.0:8501"},
    {"host": None},
    {"origin": "http://localhost:8888"},  # a notebook on the same computer
    {"origin": "http://localhost"},
    {"origin": f"http://127.0.0.1:{PORT}"},
    {"origin": f"http://localhost:{PORT}.evil.example"},
    {"origin": f"http://localhost:{PORT}@evil.example"},
    {"origin": "https://evil.example"},
    {"origin": "null"},  # a sandboxed frame
    {"origin": "file://"},
    {"origin": ""},
    {"origin": "http://[::1"},  # no parser takes it
    {"host": f"2130706433:{PORT}", "origin": f"http://2130706433:{PORT}"},  # 127.0.0.1 as one number
    {"host": f"[::ffff:127.0.0.1]:{PORT}", "origin": f"http://[::ffff:127.0.0.1]:{PORT}"},
    {"origin": None, "sec-fetch-site": "same-site"},  # a picture or a script that a page on another port asks for
    {"origin": None, "sec-fetch-site": "cross-site"},
    {"origin": None, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
]


def raw(changes: dict[str, str | None]) -> list[tuple[bytes, bytes]]:
    return [(k.encode(), v.encode()) for k, v in (OWN | changes).items() if v is not None]


def through_the_door(
    kind: str, changes: dict, client: str = "127.0.0.1", status: int = 200, **scope
) -> tuple[list[dict], bool]:
    """What the door answers, and whether the application behind it was asked."""
    sent, asked = [], []

    async def inside(scope, receive, send):
        asked.append(scope)
        if scope["type"] == "http":
            head = [(b"content-type", b"text/html; charset=utf-8")] if status == 200 else []
            head += [(b"x-frame-options", b"ALLOWALL")]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": b"<html><he", "more_body": True})
            await send({"type": "http.response.body", "body": b"ad></head></html>"})

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "method": "GET", "headers": raw(changes), "client": (client, 5), "path": "/"} | scope
    coroutines.run(door.Door(inside, meant=wrong_page.page_meant)(scope, None, send))
    return sent, bool(asked)


@pytest.mark.parametrize(("path", "page"), [("/runs", "/run"), ("/Maps/", "/map"), ("/generates", "/generate")])
def test_a_name_that_is_nearly_that_of_a_page_or_its_title_leads_there(path, page):
    accepts = {"accept": "text/html"}
    sent, asked = through_the_door("http", accepts, path=path, query_string=b"name=a")
    assert not asked and sent[0]["status"] == 307
    assert dict(sent[0]["headers"])[b"location"] == f"{page}?name=a".encode()
    for other in (page, "/nonsense", "/", "/_stcore/health", f"{path}.js"):
        assert through_the_door("http", accepts, path=other)[1], other
    assert through_the_door("http", {}, path=path)[1], "only a page that is opened"


@pytest.mark.parametrize("path", ["/home", "/home/"])
def test_the_first_page_is_found_by_its_name_as_well(path):
    sent, asked = through_the_door("http", {}, path=path, query_string=b"first=a%20b")
    assert not asked and sent[0]["status"] == 307 and dict(sent[0]["headers"])[b"location"] == b"/?first=a%20b"
    assert through_the_door("http", {}, path="/data/home")[1]
    refused, _ = through_the_door("http", {"host": "a.org"}, path=path)
    assert refused[0]["status"] == 403, "not before it is known who asks"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("changes", LET_IN, ids=str)
def test_the_labs_own_pages_come_in(kind, changes):
    assert through_the_door(kind, changes)[1]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("changes", REFUSED, ids=str)
def test_other_pages_do_not(kind, changes):
    sent, asked = through_the_door(kind, changes)
    assert not asked
    assert sent[0].get("status") == 403 or sent[0] == {
        "type": "websocket.close",
        "code": 1008,
        "reason": "another page asks",
    }


def test_a_link_on_another_page_may_be_followed_but_not_into_a_frame_or_a_websocket():
    link = {"origin": None, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert through_the_door("http", link)[1]
    assert not through_the_door("websocket", link)[1]


@pytest.mark.parametrize(
    ("client", "comes_in"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.168.1.5", False), ("fe80::1%eth0", False)],
)
def test_only_this_computer_comes_in_even_where_the_server_listens_further(client, comes_in):
    assert through_the_door("http", {}, client)[1] is comes_in


def test_no_page_may_be_framed_and_a_browser_gets_one_token():
    (start, *_), _ = through_the_door("http", {})
    head = [(k.lower(), v) for k, v in start["headers"]]
    assert [v for k, v in head if k == b"x-frame-options"] == [b"DENY"]
    assert dict(head)[b"content-security-policy"] == b"frame-ancestors 'none'"
    token = r"(latent_lab_visitor=[0-9a-f]{32}); Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax"
    given = re.fullmatch(token, dict(head)[b"set-cookie"].decode())
    (again, *_), _ = through_the_door("http", {"cookie": f"a=1; {given[1]}; b=2"})
    assert b"set-cookie" not in dict(again["headers"])
    (kept, *_), _ = through_the_door("http", {"accept": "text/html,*/*"}, status=304)
    assert b"set-cookie" in dict(kept["headers"]), "the cookies were deleted, the page was not"
    (picture, *_), _ = through_the_door("http", {"accept": "image/png,*/*"}, status=304)
    assert b"set-cookie" not in dict(picture["headers"])
    (other, *_), _ = through_the_door("http", {"cookie": "latent_lab_visitor=short"})
    assert dict(other["headers"])[b"set-cookie"] != dict(head)[b"set-cookie"]


def test_a_page_is_told_where_its_server_is_and_nothing_else_is_changed():
    sent, _ = through_the_door("http", {"accept": "text/html,*/*;q=0.8", "accept-encoding": "gzip"})
    body = b"".join(message.get("body", b"") for message in sent)
    script = b'<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + "/"}</script>'
    assert body == b"<html><head>" + script + b"</head></html>"
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(body)).encode()
    data, _ = through_the_door("http", {"accept": "*/*"})
    assert b"".join(message.get("body", b"") for message in data) == b"<html><head></head></html>"


def test_the_first_page_shows_its_pictures_at_once_and_its_scripts_are_named_before_they_are_there():
    asked, kept, order = [], [], []
    page = b'<head></head><div id="root"></div></body>'

    async def first(token: str, query: str) -> bytes:
        order.append("pictures")
        asked.append((token, query))
        return b"<b>pictures</b>"

    async def inside(scope, receive, send):
        kept.append(dict(scope["headers"]))
        head = [(b"content-type", b"text/html"), (b"content-length", b"9"), (b"etag", b"x")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": page})

    async def send(message):
        order.append(message.get("body") or dict(message["headers"]))

    def visit(path: str, **headers: str) -> bytes:
        order.clear()
        changes = {"accept": "text/html", "if-none-match": "x"} | headers
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"a=1", "headers": raw(changes)}
        coroutines.run(door.Door(inside, head=b"<link>", first=first)(scope, None, send))
        return b"".join(part for part in order if isinstance(part, bytes))

    token = "0123456789abcdef" * 2
    whole = visit("/", cookie=f"{door.COOKIE}={token}")
    assert asked == [(token, "a=1")] and b"if-none-match" not in kept[0]
    start, before, pictures, after = order
    assert b"content-length" not in start and b"etag" not in start and pictures == "pictures"
    assert before.startswith(b"<head><script>") and b"<link>" in before and before.endswith(door.ROOT)
    assert after == b"<b>pictures</b></body>" and whole == before + after
    other = visit("/data")
    assert b"pictures" not in other and b"<link>" in other and len(asked) == 1 and b"if-none-match" in kept[1]
    assert visit("/") and asked[1][0] == "", "a new visitor has no token yet"


@pytest.mark.parametrize("changes", [*LET_IN, *(c for c in REFUSED if "sec-fetch-site" not in c)], ids=str)
def test_streamlits_own_check_is_held_to_the_same_rule_and_looks_nothing_up(changes, monkeypatch):
    from streamlit import net_util
    from streamlit.web.server.starlette import starlette_websocket

    for module, name in (
        (net_util, "get_external_ip"),
        (net_util, "get_internal_ip"),
        (starlette_websocket, "_is_origin_allowed"),
    ):
        monkeypatch.setattr(module, name, None)  # put back after the test
    monkeypatch.setattr(socket, "socket", None)
    door.replace_streamlits_own_check()
    sent = OWN | changes
    assert starlette_websocket._is_origin_allowed(sent["origin"], sent["host"]) is (changes in LET_IN)
    assert net_util.get_external_ip() is None


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.0.0.53", "::1", "[::1]", "LOCALHOST"])
def test_addresses_of_this_computer(address):
    assert door.listening_problem(address) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "", None, "example.org", "::ffff:192.168.1.5"])
def test_listening_beyond_is_refused_in_a_sentence(address):
    problem = door.listening_problem(address, "The variable X")
    assert problem.startswith("The variable X asks to serve at ") and "set it to localhost" in problem


def test_the_launcher_refuses_a_variable_that_opens_the_lab_to_the_network(monkeypatch, tmp_path):
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    with pytest.raises(SetupError, match="^The variable STREAMLIT_SERVER_ADDRESS asks to serve at 0.0.0.0"):
        launcher.start(LabPaths(tmp_path), None)


# Loaded by the server at its start: whatever goes to another host is written down, and then hangs like a network that
# swallows packets. Listening and 127.0.0.1 are left alone.
SWALLOW = """
import os, socket, sys
def local(place):
    return not isinstance(place, tuple) or str(place[0]) in ("localhost", "127.0.0.1", "::1", "", "None")
def watch(event, args):
    if event in ("socket.connect", "socket.sendto") and not local(args[1]) or \\
            event == "socket.getaddrinfo" and not local((args[0],)):
        with open(os.environ["ASKED"], "a") as file:
            file.write(f"{event} {args[1:] if event != 'socket.getaddrinfo' else args}\\n")
        import time
        time.sleep(60)
sys.addaudithook(watch)
"""


def run_server(folder: Path, *words: str, **variables: str) -> subprocess.Popen:
    (folder / "sitecustomize.py").write_text(SWALLOW)
    return subprocess.Popen(
        [sys.executable, "-m", "bootstrap.server", "run", "app.py", "--server.headless", "true", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(folder), "ASKED": str(folder / "asked"), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server: its port, and the file with what it asked of other hosts. It ends in order when it is asked to."""
    folder = tmp_path_factory.mktemp("door")
    port = launcher.free_port(None, 18_501)
    process = run_server(folder, "--server.port", str(port))
    while "URL:" not in (line := process.stdout.readline()):
        assert process.poll() is None, line
    yield port, folder / "asked"
    process.terminate()
    said = process.stdout.read()  # its standard input is open still: the thread that watches it is waiting
    code = process.wait(60)
    process.stdin.close()
    assert os.name == "nt" or code == 0, said


def status_of(port: int, changes: dict, websocket: bool) -> int:
    """The status that the server answers to a request, or to the handshake of a WebSocket."""
    own = {"host": f"localhost:{port}", "origin": f"http://localhost:{port}", "sec-fetch-site": "same-origin"}
    moved = {k: v and v.replace(str(PORT), str(port)) for k, v in changes.items()}
    shake = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.putrequest("GET", "/_stcore/stream" if websocket else "/", skip_host=True, skip_accept_encoding=True)
    for name, value in (own | moved | (shake if websocket else {})).items():
        if value is not None:
            line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse().status
    line.close()
    return answer


@pytest.mark.slow
def test_a_real_server_refuses_at_once_and_asks_nobody(server):
    port, asked = server
    strangers = [changes for changes in REFUSED if changes.get("host", "") is not None]
    for websocket, welcome in ((False, 200), (True, 101)):
        assert {str(c): status_of(port, c, websocket) for c in LET_IN} == {str(c): welcome for c in LET_IN}
        assert {str(c): status_of(port, c, websocket) for c in strangers} == {str(c): 403 for c in strangers}
    assert not asked.exists(), asked.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["variable", "flag"])
def test_a_real_server_does_not_listen_to_the_network(tmp_path, how):
    port = launcher.free_port(None, 18_601)
    words = ("--server.address", "0.0.0.0") if how == "flag" else ()
    variables = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"} if how == "variable" else {}
    process = run_server(tmp_path, "--server.port", str(port), *words, **variables)
    said = process.stdout.read()  # it ends by itself, while its standard input is still open
    assert process.wait(60) != 0
    process.stdin.close()
    assert "asks to serve at 0.0.0.0, but Latent Lab serves this computer only" in said and "Traceback" not in said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
