"""What a visitor's text means: a folder of pictures, a drawn set, a zip archive or a file of numbers."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.data import array_file, celeba, drawn_source
from core.data.archive import Archive
from core.data.array_file import ArrayFile
from core.data.image_set import DataError
from core.data.picture_source import FileSource, Folder, PictureSource
from core.images import foreign_files
from core.system.user_paths import existing, path_of, shown

SET = "set.json"
"""File that makes a folder an uploaded set (`uploads`), whose name is then that of the folder."""


def title(folder: str) -> str:
    """What a set of the user's own is called: the name that a visitor gave it, else that of its folder or file."""
    place = path_of(folder)
    if not place.name:
        return ""
    if (place.parent / SET).is_file():
        return place.parent.name
    if os.path.splitext(place.parent.name)[0] == celeba.PHOTOS and not place.exists():
        return f"celeba-{place.name}"
    if os.path.splitext(place.name)[0] == celeba.PHOTOS:
        return "celeba"
    return (
        place.name if place.is_dir() else re.sub(r"(?<=.)(\.(zip|npz|npy|gz))+$", "", place.name, flags=re.IGNORECASE)
    )


def find(folder: str | PictureSource) -> PictureSource:
    """The folder or archive that a visitor's text means; a source that was found already is itself.

    A source lists its files once: who asks several things of one finds it first.

    Raises:
        DataError: there is none, or it is a file of another kind.
    """
    if not isinstance(folder, str):
        return folder
    if not folder.strip():
        raise DataError("No folder is given. Type the path of a folder of images, or of a zip archive.")
    found = existing(folder)
    text = shown(folder.strip())
    if found is None and (faces := _faces(path_of(folder))):
        return faces
    if found is None:
        if re.match(r"(https?|ftp)://", folder.strip("\"' "), re.IGNORECASE):
            raise DataError(
                f"“{text}” is an address on the web. The lab fetches nothing from there: "
                "download the images, then give the path of the folder or archive on this computer."
            )
        windows = os.name != "nt" and re.match(r"[A-Za-z]:[\\/]", folder.strip("\"' "))
        raise DataError(
            f"There is no folder “{text}” on the computer that runs the lab. "
            + ("It is a path of Windows, and the lab runs on another system. " if windows else "")
            + "Check the path."
        )
    if found.is_dir():
        inside = Folder(found.resolve())
        return drawn_source.of(found) or celeba.of(inside) or inside
    head = _head(found)
    if found.is_file() and array_file.is_array_file(found.name, head):
        return ArrayFile(found.resolve())
    if found.is_file() and foreign_files.is_zip(found.name, head):
        archive = Archive(found.resolve())
        return celeba.of(archive) or archive
    why = foreign_files.kind(found.name, head) or foreign_files.reason(found.name, b"")
    what = why if "(" in why else "is a file"
    raise DataError(
        f"“{text}” {what}. Give the folder that holds the images, or a zip archive, npz, npy or IDX file of them."
    )


def find_whole(folder: str | PictureSource) -> tuple[PictureSource, str]:
    """What is read of the folder or archive that a visitor's text means, and the attribute that gives the classes
    afterwards; "" for the usual one, and for all but CelebA's photos.

    Raises:
        DataError: as in `find`.
    """
    source = find(folder)
    return (source.whole, source.attribute) if isinstance(source, celeba.Attributes) else (source, "")


def _head(file: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        if file.is_file():
            with open(file, "rb") as opened:
                return opened.read(foreign_files.HEAD)
    except OSError:
        pass
    return b""


def _faces(path: Path) -> celeba.Attributes | None:
    """CelebA's photos with the attribute in which a path ends, as in `img_align_celeba.zip/Smiling`.

    Raises:
        DataError: there is no attribute of that name.
    """
    photos = path.parent
    inside: FileSource | None = Folder(photos.resolve()) if photos.is_dir() else None
    if photos.is_file() and foreign_files.is_zip(photos.name, _head(photos)):
        inside = Archive(photos.resolve())
    return None if inside is None else celeba.of(inside, path.name)
