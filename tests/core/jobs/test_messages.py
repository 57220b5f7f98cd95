"""Messages cross the pipe unchanged, every kind of them; a class that was forgotten fails here and not on a page."""

import dataclasses
import io
import math
import typing

import numpy as np
import pytest

from core.jobs import messages
from core.jobs.messages import encode, read
from core.training import events

ROW = {"step": 3.0, "epoch": 0.1, "train_total": 1 / 3}
VALUES = {
    "str": "a “text” with β",
    "int": 7,
    "float": 0.1 + 0.2,
    "bool": True,
    "list[str]": ["cuda", "cpu"],
    "list[float]": [0.1, 2.0],
    "list[list[float]]": [[1.0, 2.5], [2.0, 2.25]],
    "list[Row]": [ROW, {}],
    "Row": ROW,
    "Row | None": None,
    "dict[str, Any]": {"array": [1], "nested": {"dict": None}, "β": [0.5]},
    "dict[str, float]": {"lr": 1e-3},
    "dict[str, float | str]": {"field": "lr", "new": 2.0},
    "dict[str, np.ndarray]": {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "labels": np.array([1, 2])},
    "np.ndarray | None": None,
    "np.ndarray": np.linspace(0, 1, 8).reshape(2, 2, 2),
}


def example(cls):
    return cls(**{f.name: VALUES[f.type] for f in dataclasses.fields(cls)})


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b and type(a) is type(b)


@pytest.mark.parametrize("cls", messages.MESSAGES, ids=lambda cls: cls.__name__)
def test_every_message_is_read_as_it_was_written(cls):
    message = example(cls)
    found = read(io.BytesIO(encode(message)))
    assert type(found) is cls
    for f in dataclasses.fields(cls):
        assert same(getattr(message, f.name), getattr(found, f.name)), f.name


def test_every_event_of_a_training_is_a_message_or_stays_in_the_worker():
    stays = {events.Batch, events.Finished}
    assert {*typing.get_args(events.Event)} - stays == {c for c in messages.MESSAGES if c.__module__ == events.__name__}
    for cls in stays:
        with pytest.raises(TypeError, match="is not a message"):
            encode(cls() if not dataclasses.fields(cls) else cls("finished", ""))


def test_messages_follow_each_other_in_a_stream_and_its_end_is_none():
    all_of_them = [example(cls) for cls in messages.MESSAGES] * 2
    stream = io.BytesIO(b"".join(map(encode, all_of_them)))
    assert [type(read(stream)) for _ in all_of_them] == [type(m) for m in all_of_them]
    assert read(stream) is None


def test_a_message_that_was_cut_off_is_the_end():
    raw = encode(example(messages.MapState))
    for length in (0, 1, raw.index(b"\n"), raw.index(b"\n") + 1, len(raw) - 1):
        assert read(io.BytesIO(raw[:length])) is None


def test_numbers_that_are_none_and_empty_arrays_survive():
    sent = messages.MapState(np.zeros((0, 2), np.float32), 0, [[1.0, math.nan], [2.0, math.inf]])
    found = read(io.BytesIO(encode(sent)))
    assert found.y.shape == (0, 2) and math.isnan(found.trace[0][1]) and found.trace[1][1] == math.inf


def test_what_is_no_message_is_refused():
    with pytest.raises(ValueError, match="'Nonsense' is not a message"):
        read(io.BytesIO(b'["Nonsense", []]\n'))
