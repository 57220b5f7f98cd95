"""Paths are understood as people type, paste and drag them; names in any script and bytes that are no text work."""

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from core.system import paths, user_paths

POSIX = pytest.mark.skipif(os.name == "nt", reason="a path of POSIX")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("PICTURES", str(tmp_path / "my pictures"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my pictures").mkdir()
    return tmp_path


WAYS = (
    "{0}",
    "  {0}\n",
    '"{0}"',
    "'{0}'",
    "“{0}”",
    "„{0}“",
    "«{0}»",
    '"{0}',
    "{0}'",
    "~/my pictures",
    "'~/my pictures'",
    "~/my pictures/",
    "my pictures",
    "./my pictures",
    "$PICTURES",
    "${{HOME}}/my pictures",
    "file://{1}",
    "FILE://localhost{1}",
    "\ufeff{0}",
    "{0}/../my pictures/.",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_folder_is_found_however_its_path_is_written(home, way):
    path = home / "my pictures"
    text = way.format(path, path.as_uri().removeprefix("file://"))
    assert user_paths.existing(text) == path


@POSIX
@pytest.mark.parametrize(
    "way",
    [r"~/my\ pictures", r"my\ pictures", r"~/'my pictures'", r"'my 'pict''ures", r".\my pictures", r"~\my pictures"],
)
def test_a_path_with_the_slashes_of_a_terminal_or_of_windows_is_found(home, way):
    assert user_paths.existing(way) == home / "my pictures"


@POSIX
@pytest.mark.parametrize("name", ["~", "$HOME", "'quoted'", '"', " spaces ", r"back\slash", "file:", "a%20b", "-rf"])
def test_a_name_is_taken_as_it_stands_before_it_is_read_otherwise(home, name):
    (home / name).mkdir()
    assert user_paths.existing(str(home / name)) == home / name
    assert user_paths.existing(name) == home / name


SCRIPTS = ("Größe", "été", "Å", "हिन्दी", "ภาษาไทยที่", "한국어", "العربية", "图片", "😀", "Việt Nam")


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_accents_are_found_in_either_encoding(home, name, on_disk):
    stored = unicodedata.normalize(on_disk, name)
    (home / stored / stored).mkdir(parents=True)
    for typed in ("NFC", "NFD"):
        found = user_paths.existing(str(home / unicodedata.normalize(typed, name) / unicodedata.normalize(typed, name)))
        assert found is not None and found.samefile(home / stored / stored)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
def test_bytes_that_are_no_text_are_found_and_printed(home):
    raw = os.path.join(os.fsencode(home), b"caf\xe9")
    os.mkdir(raw)
    assert user_paths.existing(os.fsdecode(raw)) == Path(os.fsdecode(raw))
    assert user_paths.shown(os.fsdecode(b"caf\xe9")) == "caf\ufffd"


@pytest.mark.parametrize("name", ["#1 of 2?", "it's", "50% grey"])
def test_addresses_of_a_browser_and_words_of_a_shell_are_read_whole(home, name):
    (home / name).mkdir()
    quoted = "'" + name.replace("'", r"'\''") + "'"
    for text in ((home / name).as_uri(), f"file://{home}/{name}", f"~/{quoted}"):
        assert user_paths.existing(text) == home / name


@pytest.mark.parametrize(
    "text", ["", "  ", '""', "'", "gone", "~nobody-of-that-name/x", "bad\0path", "x" * 5_000, "file://%00"]
)
def test_what_is_not_there_is_not_found(home, text):
    assert user_paths.existing(text) is None


def test_a_folder_that_is_not_there_is_looked_for_once(home, monkeypatch):
    looked_for = []
    monkeypatch.setattr(user_paths, "in_other_encoding", looked_for.append)
    assert user_paths.existing(str(home / "gone")) is None
    assert looked_for == [home / "gone"]


def test_a_path_of_something_to_come_is_read_the_same_way(home):
    assert user_paths.path_of("'~/new.png'") == home / "new.png"
    assert user_paths.path_of("plain.png") == Path("plain.png")
    assert user_paths.path_of('"~/my pictures/"') == home / "my pictures"


def test_marks_that_turn_the_direction_and_control_characters_are_not_printed():
    assert user_paths.shown("a\u202egpj.exe\n\x1b[31m") == "a\ufffdgpj.exe\ufffd\ufffd[31m"
    assert user_paths.shown("Größe 图片 😀 हिन्दी") == "Größe 图片 😀 हिन्दी"


@pytest.mark.parametrize("variable", ["RUNS", "DATA", "CACHE"])
def test_the_variables_take_paths_in_the_same_writings(home, monkeypatch, variable):
    read = {"RUNS": paths.runs_folder, "DATA": paths.data_folder, "CACHE": paths.cache_folder}[variable]
    for text in ("~/my pictures", '"~/my pictures"', f" {home}/my pictures ", (home / "my pictures").as_uri()):
        monkeypatch.setenv(f"LATENT_LAB_{variable}", text)
        assert read() == home / "my pictures"
    monkeypatch.setenv(f"LATENT_LAB_{variable}", "~/not yet")
    assert read() == home / "not yet"
    monkeypatch.setenv(f"LATENT_LAB_{variable}", " ")
    assert read().parent == paths.ROOT
