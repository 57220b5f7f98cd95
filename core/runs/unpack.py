"""A run brought in as a zip file, the inverse of `export`: the files that a run may have, and nothing else."""

from __future__ import annotations

import io
import re
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from core.runs import frames, layout, leftovers
from core.runs.export import FILES, RESUME
from core.runs.run import Run, RunError, not_made
from core.system import folder_names, paths
from core.system.atomic_files import read_json, write_json

KNOWN = re.compile("|".join([*map(re.escape, (*FILES, RESUME)), layout.PRIOR_FILE, "frames/" + frames.NAME]))
"""Files of a run, by their path in its folder. Others in the zip, such as its README, are left out."""

LARGEST = 2_000_000_000
"""Bytes of an unpacked run, at most."""

MOST_FILES = 20_000

DEEPEST = 8
"""Folders around a run's files that are looked through: packing a run again puts others around its own."""

CHUNK = 1_000_000
"""Bytes that are unpacked at a time."""

DAMAGED = "This file cannot be unpacked: it is not a zip file, or it is damaged or encrypted."


def unpack(content: bytes, owner: str = "") -> Run:
    """The run in a zip file, under the name that its folder has there, or a free one like it.

    It is unpacked under a hidden name and moved, so that it appears whole or not at all.

    Args:
        owner: public name of the visitor whose run it becomes; empty for nobody's.
    Raises:
        RunError: not a zip file, without a usable run or with more than one, too large, or the disk is full.
    """
    folder = paths.runs_folder()
    hidden = leftovers.hidden_folder(folder, leftovers.MAKING)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name, members = _members(archive)
            (hidden / "frames").mkdir(parents=True)
            _write(archive, members, hidden)
        if problem := Run(hidden).error:
            raise RunError(f"The run in this file cannot be used: {problem.partition(': ')[2] or problem}")
        _describe(hidden, owner)
        return _placed(hidden, folder, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise error if isinstance(error, RunError) else RunError(DAMAGED) from None
    except OSError as error:
        raise not_made("unpacked", folder, error) from None
    finally:
        leftovers.remove(hidden)


def _members(archive: zipfile.ZipFile) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """The name of the run's folder in the zip, empty where its files lie at the top, and its files by path."""
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise RunError(f"This file holds {len(entries):,} entries; a run has at most {MOST_FILES:,}.")
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        for depth in range(min(len(parts), DEEPEST)):
            inside = "/".join(parts[depth:])
            if KNOWN.fullmatch(inside):
                found.setdefault("/".join(parts[:depth]), {})[inside] = entry
    roots = [root for root, files in found.items() if "recipe.json" in files]
    if len(roots) != 1:
        what = "more than one run" if roots else "no run: there is no recipe.json in it"
        raise RunError(f"This file holds {what}. Take the zip file that “Download zip” downloads.")
    return PurePosixPath(roots[0]).name, found[roots[0]]


def _write(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], target: Path) -> None:
    """Unpack the files, each as a regular file and no more of them than is allowed, whatever the zip claims."""
    left = LARGEST
    for inside, entry in members.items():
        with archive.open(entry) as packed, (target / inside).open("xb") as file:
            while chunk := packed.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise RunError(f"The run in this file is larger than {LARGEST / 1e9:g} GB.")
                file.write(chunk)


def _describe(path: Path, owner: str) -> None:
    """Give the run a status of its own here: when it came, and whose it is."""
    try:
        content = read_json(path / "status.json")
    except ValueError:
        content = {}
    status = content if isinstance(content, dict) else {}
    status.pop("owner", None)
    write_json(path / "status.json", status | {"created": time.time()} | ({"owner": owner} if owner else {}))


def _placed(hidden: Path, folder: Path, name: str) -> Run:
    """Move the folder to its name, or to a free one like it."""
    wanted = folder_names.tidied(name) if folder_names.fits(name) else "run"
    for candidate in [wanted, *(f"{wanted[:54]} {number}" for number in range(2, 1_000))]:
        if folder_names.fits(candidate) and not (folder / candidate).exists():
            hidden.rename(folder / candidate)
            return Run(folder / candidate)
    raise RunError(f"There are too many runs named '{wanted}' already. Rename some of them.")
