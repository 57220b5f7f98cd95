"""What a visitor's text means: a folder of pictures, a drawn set, a zip archive or a file of numbers."""

from __future__ import annotations

import os
import re

from core.data import array_file, drawn_source
from core.data.archive import Archive
from core.data.array_file import ArrayFile
from core.data.image_set import DataError
from core.data.picture_source import Folder, PictureSource
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
    return (
        place.name if place.is_dir() else re.sub(r"(?<=.)(\.(zip|npz|npy|gz))+$", "", place.name, flags=re.IGNORECASE)
    )


def find(folder: str) -> PictureSource:
    """The folder or archive that a visitor's text means.

    Raises:
        DataError: there is none, or it is a file of another kind.
    """
    if not folder.strip():
        raise DataError("No folder is given. Type the path of a folder of images, or of a zip archive.")
    found = existing(folder)
    text = shown(folder.strip())
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
        return drawn_source.of(found) or Folder(found.resolve())
    head = b""
    try:
        if found.is_file():
            with open(found, "rb") as file:
                head = file.read(foreign_files.HEAD)
    except OSError:
        pass
    if found.is_file() and array_file.is_array_file(found.name, head):
        return ArrayFile(found.resolve())
    if found.is_file() and foreign_files.is_zip(found.name, head):
        return Archive(found.resolve())
    why = foreign_files.kind(found.name, head) or foreign_files.reason(found.name, b"")
    what = why if "(" in why else "is a file"
    raise DataError(
        f"“{text}” {what}. Give the folder that holds the images, or a zip archive, npz, npy or IDX file of them."
    )
