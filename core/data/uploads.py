"""Sets of pictures that visitors have uploaded: each is a folder with a name and an owner that holds an archive or a
file of numbers.

What comes in is written to a folder of its own first, where it can be looked at as any other set. Only `keep` gives it
a name, in one step: a set is there whole or not at all, and never takes the place of another.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from core.data import array_file, label_table, picture_source, sources
from core.data.image_set import DataError
from core.images import foreign_files
from core.system import cache, folder_names, paths
from core.system.atomic_files import FULL, read_json, write_json
from core.system.user_paths import shown

FORMAT = "latent-lab-uploaded-set-1"

FACTS = sources.SET
"""File that makes a folder an uploaded set."""

_WAITING = ".waiting-"
"""Beginning of the names of folders whose content nobody has kept yet."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*/\\]')


class File(Protocol):
    """A file that has come in: its name, for a folder with the path in it, its bytes, and their number."""

    name: str
    size: int

    def getbuffer(self) -> memoryview: ...


@dataclass(frozen=True)
class UploadedSet:
    """An uploaded set: its folder, its owner's public name, and the path by which it is loaded (`data.load`)."""

    place: Path
    owner: str
    source: Path

    @property
    def name(self) -> str:
        """The name of the set."""
        return folder_names.tidied(self.place.name)


def folder() -> Path:
    """Folder with one sub-folder per uploaded set."""
    return paths.sets_folder() / "uploaded"


def sets() -> list[UploadedSet]:
    """All uploaded sets of this lab by name; folders that are none are passed over."""
    try:
        places = sorted(folder().iterdir(), key=lambda place: picture_source.natural(place.name))
    except OSError:
        return []
    found = (_of(place) for place in places if not place.name.startswith("."))
    return [one for one in found if one is not None]


def _of(place: Path) -> UploadedSet | None:
    try:
        facts = read_json(place / FACTS)
        if facts["format"] != FORMAT:
            return None
        source = place.resolve() / os.path.basename(str(facts["source"]))
        return UploadedSet(place, str(facts["owner"]), source) if source.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Waiting:
    """An upload that nobody has kept yet.

    Attributes:
        source: the path by which it is loaded. title: a name that suits it.
    """

    source: Path
    title: str

    def keep(self, name: str, owner: str) -> UploadedSet:
        """Make it a set of that name.

        Raises:
            DataError: the name is not allowed or taken (then nothing of the older set changes), or the disk is full.
        """
        name = folder_names.tidied(name)
        if problem := folder_names.problem(name, "a set's"):
            raise DataError(f"“{shown(name[: folder_names.LONGEST])}” {problem}")
        _refuse_taken(name)
        try:
            write_json(self.source.parent / FACTS, {"format": FORMAT, "owner": owner, "source": self.source.name})
            os.rename(self.source.parent, folder() / name)
        except OSError as error:
            _refuse_taken(name)
            raise _not_written(error) from error
        found = _of(folder() / name)
        if found is None:
            raise DataError(f"The set “{shown(name)}” is gone again. Upload it anew.")
        return found

    def discard(self) -> None:
        """Delete it, unless it was kept."""
        shutil.rmtree(self.source.parent, ignore_errors=True)


def receive(files: Sequence[File], most: int) -> Waiting:
    """Write files that have come in to a folder of their own: one archive or file of numbers, IDX files that belong
    together, or pictures, which are put into an archive.

    Args:
        most: bytes of all, at most.
    Raises:
        DataError: no set can be made of these files, they are too large, or the disk is full. Nothing is left then.
    """
    files = [file for file in files if not _noise(file.name)] or files
    size = sum(file.size for file in files)
    if size > most:
        raise DataError(
            f"These files have {size / 2**20:,.1f} MB; up to {most / 2**20:,.0f} MB are taken. Choose fewer or smaller "
            "pictures, or start the lab with a larger LATENT_LAB_UPLOAD_MB."
        )
    sets_apart = [file for file in files if _stands_alone(file)]
    if sets_apart and len(sets_apart) < len(files) or len(sets_apart) > 1 and not _belong_together(sets_apart):
        raise DataError(
            f"“{shown(sets_apart[0].name)}” is a set by itself. Upload it alone, or the pictures without it."
        )
    for file in sets_apart:
        _refuse_other_archive(file)
    place = folder() / f"{_WAITING}{secrets.token_hex(8)}"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _delete_leftovers()
        if shutil.disk_usage(folder()).free < size + cache.SPARE:
            raise OSError(FULL[0], os.strerror(FULL[0]))
        place.mkdir()
        source = _written(place, files, alone=bool(sets_apart))
        sources.find(str(source))
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise _not_written(error) from error
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Waiting(source, _title(files))


def delete(uploaded: UploadedSet) -> None:
    """Delete a set.

    Raises:
        DataError: it cannot be deleted; it is whole then.
    """
    gone = folder() / f"{_WAITING}{secrets.token_hex(8)}"
    try:
        os.rename(uploaded.place, gone)  # in one step, so that a set is never half there
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"“{shown(uploaded.name)}” cannot be deleted ({error.strerror}).") from error
    shutil.rmtree(gone, ignore_errors=True)


def _refuse_taken(name: str) -> None:
    taken = {folder_names.tidied(one).casefold() for one in _names()}
    if name.casefold() in taken:
        raise DataError(f"There is a set named “{shown(name)}” already. Choose another name.")


def _names() -> list[str]:
    try:
        return os.listdir(folder())
    except OSError:
        return []


def _not_written(error: OSError) -> DataError:
    where = shown(folder())
    if error.errno in FULL:
        return DataError(f"The disk of “{where}” is full: nothing was stored. Free some space, then upload again.")
    return DataError(
        f"Nothing was stored: “{where}” cannot be written to ({error.strerror or error}). Change its permissions, or "
        "name another folder for such sets with LATENT_LAB_SETS."
    )


def _stands_alone(file: File) -> bool:
    """Whether a file is a set by itself, not a picture or a table of labels."""
    head = bytes(file.getbuffer()[: foreign_files.HEAD])
    name = PurePosixPath(file.name).name
    if label_table.is_table(name):
        return False
    archive = foreign_files.is_zip(name, head) or "archive" in foreign_files.kind(name, head)
    return archive or array_file.is_array_file(name, head)


def _noise(path: str) -> bool:
    """Whether a file of an uploaded folder is one that systems add, or a hidden one."""
    *folders, name = PurePosixPath(path).parts or ("",)
    return picture_source.noise(name) or any(
        picture_source.noise_folder(folder) for folder in folders if folder not in (".", "..")
    )


def _refuse_other_archive(file: File) -> None:
    name, head = PurePosixPath(file.name).name, bytes(file.getbuffer()[: foreign_files.HEAD])
    if not foreign_files.is_zip(name, head) and not array_file.is_array_file(name, head):
        raise DataError(f"“{shown(name)}” is an archive that is not read. Upload a zip archive of the pictures.")


def _belong_together(files: Sequence[File]) -> bool:
    """Whether files of numbers are IDX files, of which one set has up to four."""
    return all("idx" in file.name.lower() or "ubyte" in file.name.lower() for file in files)


def _written(place: Path, files: Sequence[File], alone: bool) -> Path:
    """Write the files; the path by which they are loaded."""
    if alone:
        written = []
        for file in files:
            written.append(place / _safe(PurePosixPath(file.name).name))
            written[-1].write_bytes(file.getbuffer())
        images = [one for one in written if "images" in one.name.lower() or "idx3" in one.name.lower()]
        training = [one for one in images if "train" in one.name.lower()]
        return (training or images or written)[0]
    source = place / "pictures.zip"
    # Pictures are packed already, so that to pack them again would take long and gain nothing.
    with zipfile.ZipFile(source, "w", zipfile.ZIP_STORED) as archive:
        for file, name in zip(files, _names_inside([file.name for file in files]), strict=True):
            archive.writestr(zipfile.ZipInfo(name), file.getbuffer())
    return source


def _names_inside(names: Sequence[str]) -> Iterator[str]:
    """Names of the files in the archive: without what leads out of it, all different."""
    seen: set[str] = set()
    for name in names:
        parts = [_safe(part) for part in re.split(r"[\\/]+", name) if part not in ("", ".", "..")]
        path = "/".join(parts) or "picture"
        stem, ending = os.path.splitext(path)
        number, unique = 1, path
        while unique.casefold() in seen:
            number += 1
            unique = f"{stem} ({number}){ending}"
        seen.add(unique.casefold())
        yield unique


def _safe(name: str) -> str:
    """A file's name that every system takes, with its ending."""
    stem, ending = os.path.splitext(_UNSAFE.sub("_", unicodedata.normalize("NFC", name)))
    stem, ending = stem.strip(" .") or "file", ending.strip()[:20]
    while len((stem + ending).encode("utf-8", "replace")) > 200:
        stem = stem[:-1]
    return f"{stem}_{ending}" if not folder_names.fits(stem) and len(stem) < 5 else stem + ending


def _title(files: Sequence[File]) -> str:
    """A name for the set: that of the archive, or of the folder that was uploaded, as far as it can be one."""
    first = PurePosixPath(files[0].name.replace("\\", "/"))
    name = first.parts[0] if len(first.parts) > 1 else first.name if len(files) == 1 else "my pictures"
    name = re.sub(r"(\.(zip|npz|npy|gz|png|jpe?g|gif|webp))+$", "", name, flags=re.I)
    kept = "".join(c if folder_names.allowed(c, "") else " " for c in folder_names.tidied(name))
    kept = re.sub(r"^\W+|[ .]+$", "", re.sub(" +", " ", kept)[: folder_names.LONGEST - 4])
    title = kept if folder_names.fits(kept) else "my pictures"
    taken = {one.casefold() for one in _names()}
    number, free = 1, title
    while free.casefold() in taken:
        number += 1
        free = f"{title} {number}"
    return free


def _delete_leftovers() -> None:
    """Delete what was not kept a day ago: its page was closed, or the lab ended."""
    for place in folder().glob(f"{_WAITING}*"):
        with contextlib.suppress(OSError):
            if place.stat().st_mtime < time.time() - cache.LEFTOVERS_KEPT:
                shutil.rmtree(place, ignore_errors=True)
