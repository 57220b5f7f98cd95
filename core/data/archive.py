"""A zip archive of pictures, read in place: nothing of it is ever unpacked to the disk.

A file of an archive is unpacked into memory when its turn comes, up to the size that the archive states and the limit
for picture files. Archives made to fill memory or disk, and files that could not be unpacked safely, are refused.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.data import picture_source
from core.data.image_set import DataError
from core.data.picture_source import Content, Entry, FileSource
from core.images import foreign_files, picture_files
from core.images.convert import ImageError
from core.images.pixel_choices import PixelChoices
from core.system.user_paths import shown

MAX_RATIO, RATIO_FROM = 250, 1_000_000_000
"""Bytes that an archive may hold for each of its own bytes, and from how many bytes on that counts."""

MAX_LISTING = 200_000_000
"""Bytes of an archive's list of files, at most: `zipfile` reads it as a whole."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED, _UTF8 = 0x1, 0x800  # bits of a file's flags

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What `zipfile` raises on archives that are damaged or of a kind that it does not read."""


@dataclass(frozen=True)
class Archive(FileSource):
    """A zip archive; its folders count as those of a folder do."""

    place: Path
    kind = "archive"

    @property
    def mark(self) -> tuple[Entry, ...]:
        """See `PictureSource.mark`."""
        try:
            status = self.place.stat()
        except OSError as error:
            raise _unreadable(self.place, error) from error
        return (Entry(self.place.name, picture_source.stamp(status), status.st_size), *self.beside)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """See `PictureSource.entries`."""
        return _listed(self.place, self.mark[0])

    @contextmanager
    def open(self, choices: PixelChoices) -> Iterator[Content]:
        """See `PictureSource.open`."""
        try:
            archive = zipfile.ZipFile(self.place)
        except _DAMAGED as error:
            raise _unreadable(self.place, error) from error
        with archive:
            infos = {name: info for name, info in _files(archive) if name}

            def content(entry: Entry) -> bytes:
                try:
                    with archive.open(infos[entry.name]) as file:
                        return file.read(entry.size + 1)  # a size, so that no more than that is unpacked
                except (*_DAMAGED, KeyError) as error:
                    raise ImageError("is damaged in the archive") from error

            yield content


@lru_cache(maxsize=2)
def _listed(place: Path, mark: Entry) -> tuple[Entry, ...]:
    """The files of an archive in natural order; `mark` keys the cache."""
    try:
        if _length_of_listing(place) > MAX_LISTING:
            raise picture_source.too_many(place, "archive")
        with zipfile.ZipFile(place) as archive:
            infos = archive.infolist()
            if len(infos) > picture_source.MAX_FILES:
                raise picture_source.too_many(place, "archive")
            _refuse_bombs(place, mark.size, infos)
            found = {name: Entry(name, info.CRC, info.file_size, _refusal(info)) for name, info in _files(archive)}
    except _DAMAGED as error:
        raise _unreadable(place, error) from error
    return tuple(sorted(found.values(), key=lambda entry: picture_source.natural(entry.name)))


def _length_of_listing(place: Path) -> int:
    """Bytes of the list of files, by the record at the archive's end; of archives of 4 GB and more it is not looked
    at, since a list of that size is no trap."""
    with open(place, "rb") as file:
        file.seek(0, os.SEEK_END)
        length = min(file.tell(), 65_557)  # the record and the longest comment
        file.seek(-length, os.SEEK_END)
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 16:
        return 0
    stated = int.from_bytes(tail[at + 12 : at + 16], "little")
    locator = at - 20 - 56  # the record of zip64, where it lies directly before
    if stated == 0xFFFFFFFF and locator >= 0 and tail[locator : locator + 4] == b"PK\6\6":
        return int.from_bytes(tail[locator + 40 : locator + 48], "little")
    return stated


def _refuse_bombs(place: Path, size: int, infos: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose files lie upon each other or would unpack to far more than pictures do.

    Raises:
        DataError: it is one.
    """
    whole = sum(info.file_size for info in infos)
    if whole >= RATIO_FROM and (whole > MAX_RATIO * size or sum(info.compress_size for info in infos) > size):
        raise DataError(
            f"“{shown(place.name)}” has {size / 1e6:,.1f} MB and would unpack to {whole / 1e9:,.0f} GB: it is taken "
            "for a zip bomb and not opened. Choose an archive of pictures."
        )


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Names and records of the files that are no noise; of a name that stands twice, the last one counts."""
    for info in archive.infolist():
        path = _name(info)
        *folders, name = re.split(r"/+", path)
        if not name or picture_source.noise(name) and name != "..":
            continue
        if any(picture_source.noise_folder(folder) and folder not in (".", "..") for folder in folders):
            continue
        yield os.sep.join([*(folder for folder in folders if folder != "."), name]), info


def _name(info: zipfile.ZipInfo) -> str:
    """The path of a file as its maker meant it: many write UTF-8 without saying so, and some backslashes."""
    name = info.filename
    if not info.flag_bits & _UTF8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/") if "/" not in name else name


def _refusal(info: zipfile.ZipInfo) -> str:
    """Why a file is not read, or ""."""
    path = _name(info)
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        return "has a path that leads out of the archive (pack it anew)"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, not a picture"
    if info.flag_bits & _ENCRYPTED:
        return "is protected by a password (pack it without one)"
    if info.compress_type not in _METHODS:
        return "is packed in a way that is not read (pack it as an ordinary zip)"
    if too_large := picture_files.too_large(info.file_size):
        inner = foreign_files.reason(path, b"")
        return inner if "archive" in inner else too_large
    return ""


def _unreadable(place: Path, error: BaseException) -> DataError:
    name = shown(place.name)
    if isinstance(error, PermissionError):
        return DataError(f"“{name}” may not be read (no permission). Change its permissions, or copy it.")
    return DataError(
        f"“{name}” is no zip archive, or it is damaged or cut off. Download it again, or pack the pictures anew."
    )
