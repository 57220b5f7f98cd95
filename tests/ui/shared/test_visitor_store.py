"""Records of a visitor that outlive the lab: written, read again by the next one, damaged, and impossible to write."""

import json

import pytest
import streamlit as st

from core.system import paths
from ui.shared import owner, visitor_store
from ui.shared.visitor_store import lasting, save


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path))
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(owner, "me", lambda: "0123456789ab")
    monkeypatch.setattr(visitor_store, "me", lambda: "0123456789ab")
    visitor_store._visitors.clear()


def another_lab():
    """What a new start of the lab, and a new page, have: files alone."""
    st.session_state.clear()
    visitor_store._visitors.clear()


def whole(record):
    return isinstance(record, int)


def test_records_are_there_at_the_next_visit_and_belong_to_their_visitor(monkeypatch):
    scores = lasting("scores", whole)
    scores += [3, 7]
    save("scores")
    scores.append(9)  # never saved
    another_lab()
    assert lasting("scores", whole) == [3, 7]
    another_lab()
    monkeypatch.setattr(visitor_store, "me", lambda: "ba9876543210")
    assert lasting("scores", whole) == []


@pytest.mark.parametrize("content", [b"", b"[3,", b'{"a": 1}', b"[[3]]", b'["x", null]'])
def test_a_damaged_file_is_no_record(content):
    file = paths.cache_folder() / "visitors" / "0123456789ab-scores.json"
    file.parent.mkdir()
    file.write_bytes(content)
    assert lasting("scores", whole) == []


def test_of_a_list_the_valid_records_stay_and_the_oldest_files_go(monkeypatch):
    monkeypatch.setattr(visitor_store, "MOST_FILES", 2)
    folder = paths.cache_folder() / "visitors"
    folder.mkdir()
    (folder / "0123456789ab-scores.json").write_text(json.dumps([1, "x", 2]))
    assert lasting("scores", whole) == [1, 2]
    for number in range(3):
        visitor_store.kept(f"other{number}", list)
        save(f"other{number}")
    assert len(list(folder.glob("*.json"))) == 2


def test_a_folder_that_cannot_be_written_to_loses_nothing_now(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "file"))
    scores = lasting("scores", whole)
    scores.append(3)
    save("scores")
    assert lasting("scores", whole) == [3]
