"""The pictures that the server gives to the sliders without a run of the script, as a browser asks for them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from bootstrap.pictures import MOST_BYTES, Pictures
from tests import coroutines
from ui.shared import model_cache


class StandIn:
    model = SimpleNamespace(latent_dim=2)
    decoder_file = b"LLN1"

    def pictures(self, points: np.ndarray) -> np.ndarray:
        return points.astype(np.uint8)


@pytest.fixture
def model(monkeypatch):
    """A model in memory, under the name `two@1`, whose picture shows the two numbers of the point."""
    stand_in = StandIn()
    monkeypatch.setitem(model_cache._IN_MEMORY, "two@1", stand_in)
    return stand_in


def ask(
    body: bytes, method: str = "POST", path: str = "/_lab/picture", base: str = "", query: bytes = b""
) -> tuple[int, bytes, bool]:
    """Status and body of the answer, and whether Streamlit's application was asked."""
    sent, asked = [], []
    parts = [body[:20], body[20:]]

    async def inside(scope, receive, send):
        asked.append(scope)

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": query}
    coroutines.run(Pictures(inside, base)(scope, receive, send))
    return (sent[0]["status"], sent[1]["body"], bool(asked)) if sent else (0, b"", bool(asked))


def question(**changes) -> bytes:
    return json.dumps({"run": "two@1", "sigma_units": [3, 7.0]} | changes).encode()


def test_the_picture_at_a_point_comes_as_bytes(model):
    assert ask(question()) == (200, b"\3\7", False)
    assert ask(question(sigma_units=[10**400, 5])) == (200, bytes([100, 5]), False), "no further out than sliders go"
    assert ask(question(), base="lab", path="/lab/_lab/picture") == (200, b"\3\7", False)


def test_all_other_addresses_are_streamlits(model):
    assert ask(question(), path="/generate")[2] and ask(question(), base="lab")[2]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (question(run="gone@1"), 404),
        (question(run=5), 400),
        (question(sigma_units=[1.0]), 400),
        (question(sigma_units=[1.0, float("nan")]), 400),
        (question(sigma_units=[1.0, float("inf")]), 400),
        (question(sigma_units=[1.0, True]), 400),
        (question(sigma_units="12"), 400),
        (b"", 400),
        (b"[1, 2]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=lambda value: value if isinstance(value, int) else repr(value[:50]),
)
def test_a_bad_question_gets_a_sentence(model, body, status):
    found, said, inside = ask(body)
    assert (found, inside) == (status, False) and said.endswith(b".")


def test_only_a_question_is_answered(model):
    assert ask(question(), method="GET")[0] == 405


def decoder(query: bytes, method: str = "GET") -> tuple[int, bytes, bool]:
    return ask(b"", method, "/_lab/decoder", query=query)


def test_a_decoder_comes_as_a_file(model):
    assert decoder(b"run=two%401") == (200, b"LLN1", False)
    model.decoder_file = b""
    assert decoder(b"run=two%401")[0] == 204, "none for a browser: its pictures come from the server"


@pytest.mark.parametrize(
    ("query", "method", "status"), [(b"run=gone", "GET", 404), (b"", "GET", 400), (b"run=two%401", "POST", 400)]
)
def test_a_bad_question_for_a_decoder_gets_a_sentence(model, query, method, status):
    found, said, inside = decoder(query, method)
    assert (found, inside) == (status, False) and said


def test_a_decoder_that_is_too_large_or_unknown_stays_on_the_server(monkeypatch):
    from torch import nn

    from ui.shared import decoder_files

    loaded = SimpleNamespace(model=SimpleNamespace(decoder=nn.Sequential(nn.Linear(2, 2), nn.GELU()), latent_dim=2))
    loaded.axes = SimpleNamespace(centre=np.zeros(2, np.float32), scale=np.ones(2, np.float32))
    assert decoder_files._made(loaded) == b"", "no layer of the browser's is a GELU"
    loaded.model.decoder = nn.Linear(2, 2)
    monkeypatch.setattr(decoder_files, "LARGEST", 5)
    assert decoder_files._made(loaded) == b"", "six parameters"
