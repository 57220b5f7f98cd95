"""A zip archive is read as the folder that was packed into it, and one that is a trap is refused in a sentence."""

import io
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import archive, picture_source
from core.images import picture_files
from core.images.pixel_choices import PixelChoices


def png(level: int, size=(28, 28)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, level).save(file, "PNG")
    return file.getvalue()


def zipped(path: Path, files: dict[str, bytes], how=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(data.DataError) as caught:
        data.load("folder", str(path))
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".")
    return said


def skipped(path: Path) -> dict[str, str]:
    return dict(data.load("folder", str(path)).skipped)


@pytest.mark.parametrize("names", [("{0}/{1}.png",), ("set/train/{0}/{1}.png", "set/test/{0}/{1}.png")])
def test_an_archive_gives_what_the_folder_gives_that_was_packed(tmp_path, names):
    files = {
        form.format("cat" if i % 2 else "dog", i): png(i + 60 * which)
        for which, form in enumerate(names)
        for i in range(24)
    }
    files |= {"__MACOSX/set/._1.png": b"rubbish", "notes.txt": b"buy milk", ".hidden/2.png": png(9)}
    for name, content in files.items():
        file = tmp_path / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    one = data.load("folder", str(tmp_path / "folder"))
    other = data.load("folder", str(zipped(tmp_path / "set.zip", files)))
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.classes, one.skipped, one.notes) == (other.classes, other.skipped, other.notes)
    assert len(other.train_images) + len(other.test_images) == 24 * len(names)


def test_an_archive_is_known_by_its_content_and_read_again_when_it_changes(tmp_path):
    path = zipped(tmp_path / "pictures.cbz", {"a.png": png(1), "b.png": png(2)}, zipfile.ZIP_STORED)
    first = data.load("folder", str(path))
    assert data.load("folder", str(path)) is first
    zipped(path, {f"{i}.png": png(i) for i in range(3)})
    again = data.load("folder", str(path))
    assert len(again.train_images) + len(again.test_images) == 3


def test_names_are_read_as_their_makers_wrote_them(tmp_path):
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("Größe/a.png", "katt\\b.png"):
            info = zipfile.ZipInfo(name)
            info.filename = name  # as tools of Windows write it
            file.writestr(info, png(3))
    whole = path.read_bytes()
    assert whole.count("Größe/a.png".encode()) == 2
    for mark in (b"PK\3\4", b"PK\1\2"):  # tools of macOS write UTF-8 without saying so
        at = whole.index(mark)
        flags = at + (6 if mark == b"PK\3\4" else 8)
        whole = whole[:flags] + bytes(2) + whole[flags + 2 :]
    path.write_bytes(whole)
    assert data.load("folder", str(path)).classes == ("Größe", "katt")


def test_files_that_cannot_be_unpacked_safely_are_skipped_with_the_reason(tmp_path):
    path = zipped(
        tmp_path / "odd.zip",
        {
            "good.png": png(7),
            "../up.png": png(8),
            "/etc/root.png": png(8),
            "C:/disk.png": png(8),
            "empty.png": b"",
            "more.zip": zipped(tmp_path / "more.zip", {"a.png": png(1)}).read_bytes(),
            "cut.png": png(9)[:40],
        },
    )
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    before = set(tmp_path.rglob("*"))
    found = skipped(path)
    assert set(tmp_path.rglob("*")) == before and not Path("/etc/root.png").exists()
    assert len(found) == 7 and len(data.load("folder", str(path)).train_images) == 1
    for name in ("../up.png", "/etc/root.png", "C:/disk.png"):
        assert "leads out of the archive" in found[name.replace("/", os.sep)]
    assert found["empty.png"] == "is empty" and found["more.zip"] == "is an archive (unpack it first)"
    assert found["link.png"] == "is a link, not a picture" and "damaged" in found["cut.png"]


def test_a_damaged_or_lying_file_of_an_archive_is_skipped_and_unpacked_no_further_than_it_states(tmp_path):
    path = zipped(tmp_path / "lies.zip", {"big.bmp": bytes(3_000_000), "good.png": png(5)})
    whole = bytearray(path.read_bytes())
    for mark, size_at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = whole.index(mark) + size_at
        whole[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(whole)
    assert skipped(path) == {"big.bmp": "is damaged in the archive"}
    source = archive.Archive(path)
    with source.open(PixelChoices()) as content:
        big = next(entry for entry in source.entries if entry.name == "big.bmp")
        assert big.size == 100
        with pytest.raises(picture_files.ImageError):
            content(big)


def test_a_password_is_named(tmp_path):
    path = zipped(tmp_path / "secret.zip", {"a.png": png(1), "b.png": png(2)})
    whole = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := whole.find(mark, at + 1)) >= 0:
            whole[at + flags] |= 1
    path.write_bytes(whole)
    assert "is protected by a password (pack it without one), and 1 more" in refusal(path)


def test_archives_without_pictures_are_refused(tmp_path):
    assert "The archive" in (said := refusal(zipped(tmp_path / "none.zip", {}))) and "is empty" in said
    inner = zipped(tmp_path / "in.zip", {"a.png": png(1)}).read_bytes()
    assert "is an archive (unpack it first)" in refusal(zipped(tmp_path / "nested.zip", {"in.zip": inner}))
    (tmp_path / "wrong.zip").write_bytes(b"Rar!\x1a\x07\0 and more")
    assert "is no zip archive" in refusal(tmp_path / "wrong.zip")
    whole = zipped(tmp_path / "cut.zip", {"a.png": png(1)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    assert "cut off" in refusal(tmp_path / "cut.zip")
    (tmp_path / "set.tar").write_bytes(b"\x1f\x8b rest")
    assert "is an archive (unpack it first). Give the folder" in refusal(tmp_path / "set.tar")
    document = zipped(tmp_path / "essay.docx", {"word/media/a.png": png(1)})
    assert "document" in refusal(document)


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path, monkeypatch):
    path = zipped(tmp_path / "bomb.zip", {f"{i}.bmp": bytes(2_000_000) for i in range(4)})
    monkeypatch.setattr(archive, "RATIO_FROM", 5_000_000)
    assert "taken for a zip bomb" in refusal(path)
    monkeypatch.setattr(picture_source, "MAX_FILES", 3)
    assert "holds more than 3 files. Choose an archive" in refusal(
        zipped(tmp_path / "many.zip", {f"{i}.png": png(i) for i in range(4)})
    )
    monkeypatch.setattr(archive, "MAX_LISTING", 100)
    assert "holds more than" in refusal(zipped(tmp_path / "long.zip", {f"{i}.png": png(i) for i in range(2)}))


def test_a_picture_of_too_many_pixels_in_an_archive_is_skipped_by_its_header(tmp_path):
    header = png(0)
    wide = (50_000).to_bytes(4, "big")
    import zlib

    chunk = b"IHDR" + wide + wide + header[24:29]
    huge = header[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + header[33:]
    path = zipped(tmp_path / "huge.zip", {"huge.png": huge, "good.png": png(4)})
    assert skipped(path) == {"huge.png": "has too many pixels (up to 64 million are read)"}
