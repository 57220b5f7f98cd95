"""Search for the four files of a set in MNIST's format, by the names and in the places where people have them.

torchvision keeps them in `MNIST/raw`, plain or packed. Unpackers and other sites write `train-images.idx3-ubyte`, put
each into a folder of its own name, or leave them loose in the data folder. Since all such sets name their files alike,
loose ones are taken only if their first labels are those of the set.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.data.registry import SOURCES
from core.system import paths
from core.system.user_paths import shown

NAMES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
"""Names of the four files: images and labels, train and test."""

DEEPEST, MOST, MOST_FOLDERS = 4, 2_000, 50
"""Folders below each other, files and folders, and folders of other names, that are looked at, at most."""

_OTHER = (".npz", ".csv", ".zip", ".tar", ".tgz", ".7z", ".rar", ".mat", ".pkl", ".parquet", ".pt", ".h5", ".arff")
"""Endings of files that hold a set in another form."""

_NAME = re.compile(
    r"(train|t10k|test)[-_. ]*(images|labels)[-_. ]*idx[-_. ]?([13])[-_. ]*ubyte(?: ?\(\d+\))?(\.gz)?", re.I | re.A
)

_FIRST_LABELS = {
    "mnist": bytes((5, 0, 4, 1, 9, 2, 1, 3, 1, 4)),
    "fashion-mnist": bytes((9, 0, 0, 3, 0, 2, 7, 2, 5, 5)),
    "kmnist": bytes((8, 7, 0, 1, 4, 2, 4, 8, 1, 1)),
}
"""The first ten training labels of each set."""


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes:
        files: paths by the names in `NAMES`; loose: files of that kind that lie where any set's could.
        place: the folder that ought to hold them.
    """

    files: dict[str, Path]
    loose: dict[str, Path]
    place: Path

    @property
    def folder(self) -> Path:
        """The folder that holds the files, or ought to."""
        return self.complete[0].parent if self.complete else self.place

    @property
    def complete(self) -> tuple[Path, ...] | None:
        """The four files in the order of `NAMES`; None if one is missing."""
        return tuple(self.files[name] for name in NAMES) if len(self.files) == len(NAMES) else None


def raw_folder(name: str) -> Path:
    """The folder of a set's files, in torchvision's layout, so that both can share them."""
    return paths.data_folder() / SOURCES[name].layout / "raw"


def search(name: str) -> Search:
    """The files of a set: in torchvision's layout, else anywhere in a folder of the set's name, else loose."""
    place = raw_folder(name)
    usual = {file: path for file in NAMES if (path := _usual(place, file))}
    if len(usual) == len(NAMES):
        return Search(usual, {}, place)
    root, found = paths.data_folder(), dict(usual)
    for folder in _homes(root, name):
        for file, path in _below(folder, DEEPEST):
            found.setdefault(file, path)
    loose: dict[str, Path] = {}
    for folder in _strangers(root) if len(found) < len(NAMES) else ():
        here = {file: path for file, path in reversed(list(_below(folder, 1))) if path not in found.values()}
        labels = _labels(here.get(NAMES[1]))
        if labels == _FIRST_LABELS.get(name):
            return Search(here | found, {}, place)
        loose = loose or ({} if labels in _FIRST_LABELS.values() else here)
    return Search(found, loose, place)


def _strangers(root: Path) -> list[Path]:
    """The data folder and the folders in it whose names are no set's, such as `archive` or `MNIST_data`."""
    known = {_plain(name) for key, source in SOURCES.items() if source.layout for name in (key, source.layout)}
    inside = [path for path in _listing(root)[:MOST] if not path.name.startswith(".") and path.is_dir()]
    return [root, *[path for path in inside if _plain(path.name) not in known][:MOST_FOLDERS]]


def missing(name: str, found: Search) -> str:
    """What is missing of a set, where it belongs and what lies there instead: sentences, or "" for all of it."""
    absent = [file for file in NAMES if file not in found.files]
    if len(absent) == len(NAMES) and not found.loose:
        if there := _listed(found.place):
            return f"“{shown(found.place)}” holds {there} instead."
        other = [path for path in _listing(paths.data_folder()) if _in_another_form(path, name)]
        if not other:
            return ""
        lies = f"{_joined(other)} {'lies' if len(other) == 1 else 'lie'} in “{shown(paths.data_folder())}”"
        return f"{lies}, but only the four files {NAMES[0]} and so on are read."
    if len(absent) == len(NAMES):
        names = ", ".join(shown(path.name) for path in found.loose.values())
        return (
            f"Files in MNIST's format lie in “{shown(_folder_of(found.loose))}” ({names}), but several sets have files "
            f"of these names. If they are {SOURCES[name].title}'s, move them into “{shown(found.place)}”."
        )
    have = ", ".join(shown(path.name) for path in found.files.values())
    which = f"the file {absent[0]} is" if len(absent) == 1 else f"the files {', '.join(absent)} are"
    there = f"{have} {'is' if len(absent) == 3 else 'are'} there"
    return f"In “{shown(_folder_of(found.files))}” {which} missing (plain or with .gz); {there}."


def _folder_of(files: dict[str, Path]) -> Path:
    """The folder in which files lie, each perhaps in a folder of its own name."""
    place = next(iter(files.values())).parent
    return place.parent if place.name in (*NAMES, *(path.name for path in files.values())) else place


def _in_another_form(path: Path, name: str) -> bool:
    """Whether a file of the data folder has the name of a set, or that of downloads, and holds it in another form."""
    plain = _plain(path.stem)
    names = plain.startswith((_plain(name), _plain(SOURCES[name].layout))) or plain.startswith("archive")
    return names and path.name.lower().endswith(_OTHER) and path.is_file()


def _usual(place: Path, file: str) -> Path | None:
    for path in (place / file, place / f"{file}.gz"):
        if path.is_file() and path.stat().st_size:  # an unpacking that broke off leaves an empty one
            return path
    return None


def _homes(root: Path, name: str) -> list[Path]:
    """Folders of the set's name: in the data folder, or the data folder itself or the one around it."""
    wanted = {_plain(name), _plain(SOURCES[name].layout)}
    homes = [root] if {_plain(root.name), _plain(root.absolute().parent.name)} & wanted else []
    return homes + [path for path in _listing(root) if _plain(path.name) in wanted and path.is_dir()]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _below(folder: Path, depth: int) -> Iterator[tuple[str, Path]]:
    """Files of a set in a folder and, to that depth, below it: plain ones before packed ones, upper ones first."""
    level = [folder]
    for step in range(depth + 1):
        inside = [path for here in level for path in islice(_listing(here), MOST)][:MOST]
        files = [(match, path) for path in inside if (match := _NAME.fullmatch(path.name)) and path.is_file()]
        for match, path in sorted(files, key=lambda pair: (pair[0][4] is not None, pair[1].name)):
            part = "train" if match[1].lower() == "train" else "t10k"
            kind = "images-idx3" if match[2].lower() == "images" else "labels-idx1"
            yield f"{part}-{kind}-ubyte", path
        # Loose files of the data folder may lie in folders of their own names, but in no others.
        deeper = [path for path in inside if depth > 1 or _NAME.fullmatch(path.name)]
        level = [path for path in deeper if path.is_dir()] if step < depth else []


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _listed(folder: Path) -> str:
    return _joined([path for path in _listing(folder) if not path.name.startswith(".")])


def _joined(files: list[Path]) -> str:
    names = [shown(path.name) for path in files]
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _labels(path: Path | None) -> bytes | None:
    """The first ten labels in a file, or None."""
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            head = file.read(2)
            file.seek(0)
            if head == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return unpacked.read(18)[8:]
            return file.read(18)[8:]
    except (OSError, EOFError, zlib.error):
        return None
