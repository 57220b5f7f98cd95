"""Uploaded pictures are a set like any other once they are kept, and until then nothing of them is in the lab."""

import io
import os
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import data
from core.data import uploads
from core.system import cache
from tests.core.data.test_archive import png

MOST = 10_000_000


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))


class File(io.BytesIO):
    """As Streamlit hands over an uploaded file."""

    def __init__(self, name: str, content: bytes):
        super().__init__(content)
        self.name, self.size = name, len(content)


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def load(source: Path) -> data.ImageSet:
    return data.load("folder", str(source))


def stored() -> list[str]:
    return sorted(os.listdir(uploads.folder())) if uploads.folder().is_dir() else []


def refusal(*files: File, most: int = MOST) -> str:
    with pytest.raises(data.DataError) as caught:
        uploads.receive(files, most)
    said = str(caught.value)
    assert stored() == [] and "\n" not in said and said.endswith(".")
    return said


def test_uploaded_pictures_become_a_set_that_is_loaded_as_any_other():
    files = [File(f"leaves/{'oak' if i % 2 else 'elm'}/{i}.png", png(10 * i)) for i in range(8)]
    waiting = uploads.receive(files, MOST)
    assert uploads.sets() == [] and waiting.title == "leaves", "nothing is in the lab yet"
    before = load(waiting.source)
    kept = waiting.keep(" Leaves of June ", "0a1b2c")
    assert [(one.name, one.owner) for one in uploads.sets()] == [("Leaves of June", "0a1b2c")]
    images = load(kept.source)
    assert images.classes == ("elm", "oak") and np.array_equal(images.train_images, before.train_images)
    waiting.discard()
    assert stored() == ["Leaves of June"], "what is kept stays"
    uploads.delete(kept)
    assert stored() == [] == uploads.sets()


def test_an_archive_a_table_and_files_of_numbers_are_taken_as_they_are():
    archive = uploads.receive([File("my set.zip", packed({"a/1.png": png(1), "b/2.png": png(2)}))], MOST)
    assert archive.title == "my set" and load(archive.source).classes == ("a", "b")
    table = File("labels.csv", b"file,label\n1.png,x\n2.png,y\n")
    pictures = uploads.receive([File("1.png", png(1)), File("2.png", png(2)), table], MOST)
    assert load(pictures.source).classes == ("x", "y") and pictures.title == "my pictures"
    values = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8)
    out = io.BytesIO()
    np.save(out, values)
    numbers = uploads.receive([File("numbers.npy", out.getvalue())], MOST)
    assert len(load(numbers.source).train_images) + len(load(numbers.source).test_images) == 3
    idx = [
        File("t10k-labels-idx1-ubyte", b"\0\0\x08\x01" + (3).to_bytes(4, "big") + bytes([1, 0, 1])),
        File(
            "t10k-images-idx3-ubyte",
            b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (3, 28, 28)) + values.tobytes(),
        ),
    ]
    assert load(uploads.receive(idx, MOST).source).classes == ("0", "1")


def test_files_of_one_name_and_names_that_lead_out_stay_in_the_archive():
    names = ("1.png", "1.png", "../../1.png", "/etc/2.png", "a\\b:c?.png", "con.png", "x" * 300 + ".png", ".1.png")
    waiting = uploads.receive([File(name, png(i)) for i, name in enumerate(names)], MOST)
    with zipfile.ZipFile(waiting.source) as archive:
        inside = archive.namelist()
    assert inside[:5] == ["1.png", "1 (2).png", "1 (3).png", "etc/2.png", "a/b_c_.png"]
    assert len({name.casefold() for name in inside}) == len(inside) == 7, "a hidden file is left out"
    assert max(map(len, inside)) <= 204
    found = load(waiting.source)
    assert len(found.train_images) + len(found.test_images) == 7


def test_a_file_of_numbers_whose_name_leads_out_stays_in_its_folder():
    out = io.BytesIO()
    np.save(out, np.zeros((2, 28, 28), np.uint8))
    source = uploads.receive([File("..\\..\\x.npy", out.getvalue())], MOST).source
    assert "\\" not in source.name and "/" not in source.name and source.parent.parent == uploads.folder()


def test_a_name_is_checked_and_never_taken_twice():
    first, second = (uploads.receive([File("1.png", png(level))], MOST) for level in (10, 20))
    for name, words in (("../x", "letters, digits"), ("", "letters, digits"), ("nul", "Windows")):
        with pytest.raises(data.DataError, match=words):
            first.keep(name, "")
    kept = first.keep("Café", "")
    with pytest.raises(data.DataError, match="There is a set named “CAFE\u0301|CAFÉ” already"):
        second.keep("CAFE\u0301", "")
    assert load(kept.source).train_images[0, 0, 0] == 10
    assert uploads.receive([File("Café/1.png", png(1))], MOST).title == "Café 2"
    assert second.keep("other", "").name == "other"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a.zip", packed({"1.png": png(1)})), ("b.png", png(1))], "“a.zip” is a set by itself"),
        ([("a.zip", packed({"1.png": png(1)})), ("b.zip", packed({"1.png": png(1)}))], "“a.zip” is a set by itself"),
        ([("a.rar", b"Rar!\x1a\x07\x00" + bytes(100))], "“a.rar” is an archive that is not read. Upload a zip"),
        ([("a.png", png(1)), ("b.png", bytes(2_000))], "up to 0 MB are taken"),
    ],
)
def test_files_that_make_no_set_are_refused_and_leave_nothing(files, words):
    assert words in refusal(*(File(*file) for file in files), most=1_000 if "0 MB" in words else MOST)


def test_a_full_disk_and_a_folder_that_cannot_be_written_to_leave_nothing(monkeypatch):
    usage = shutil.disk_usage(os.getcwd())
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=cache.SPARE + 10))
        assert "The disk of" in refusal(File("1.png", png(1)))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "writestr", full)
        assert "full: nothing was stored" in refusal(File("1.png", png(1)))
    shutil.rmtree(uploads.folder())
    uploads.folder().write_bytes(b"")
    with pytest.raises(data.DataError, match="cannot be written to"):
        uploads.receive([File("1.png", png(1))], MOST)


def test_what_nobody_kept_is_deleted_after_a_day_and_foreign_folders_are_passed_over():
    old = uploads.receive([File("1.png", png(1))], MOST).source.parent
    new = uploads.receive([File("1.png", png(2))], MOST).source.parent
    os.utime(old, (time.time() - 90_000,) * 2)
    uploads.receive([File("1.png", png(3))], MOST).discard()
    assert not old.exists() and new.exists()
    for name, content in (("empty", None), ("damaged", "{"), ("other", '{"format": "x"}')):
        (uploads.folder() / name).mkdir()
        if content:
            (uploads.folder() / name / uploads.FACTS).write_text(content)
    assert uploads.sets() == []
