"""Paths as people type, paste and drag them: quotes, `~`, `file://`, either slash, accents in either encoding.

Text that names something as it stands is taken as it stands; only then is it read as a shell, a browser or another
system would have written it. Names in any script, and bytes that are no text, keep working; `shown` prints them.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import unicodedata
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "`": "`"}


def existing(text: str) -> Path | None:
    """The absolute path that a text means, if there is something; else None."""
    if not text.strip():
        return None
    tried = {""}  # an empty path would mean the lab's own folder
    for candidate in _readings(text):
        if candidate in tried:
            continue
        tried.add(candidate)
        try:
            path = Path(os.path.abspath(candidate))
            found = path if path.exists() else in_other_encoding(path)
        except (OSError, ValueError, RuntimeError):
            continue
        if found is not None:
            return found
    return None


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same existing file or folder, or are equal."""
    return one == other or ((path := existing(one)) is not None and path == existing(other))


def path_of(text: str) -> Path:
    """The path that a text means, also where nothing is there yet: an output file, or a folder to create."""
    return existing(text) or Path(next(itertools.islice(_readings(text), 1, None)))


def shown(path: str | os.PathLike[str]) -> str:
    """A path or name as text for a page or a terminal: bytes that are no text, control characters and marks that turn
    the direction of writing become “�”."""
    return "".join("\ufffd" if _unprintable(c) else c for c in os.fspath(path))


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Cn") or character in _TURNS


def _readings(text: str) -> Iterator[str]:
    """The text itself, then what else it may mean, the likeliest first."""
    yield text
    plain = text.strip().strip("\ufeff\u202a\u202c").strip()
    if len(plain) > 1 and _QUOTES.get(plain[0]) == plain[-1]:
        plain = plain[1:-1]
    if plain[:5].lower() == "file:":
        plain = _from_url(plain)
    opened = os.path.expanduser(plain)
    yield opened
    yield os.path.expanduser(plain.strip())
    yield os.path.expandvars(opened)
    if os.sep == "/":
        yield re.sub(r"\\(.)", r"\1", opened)  # as a terminal writes a path that is dragged into it
        yield from _as_in_a_shell(text.strip())
        yield os.path.expanduser(plain.replace("\\", "/"))
        if drive := re.fullmatch(r"([A-Za-z]):[\\/](.*)", plain, re.S):
            yield f"/mnt/{drive[1].lower()}/" + drive[2].replace("\\", "/")  # Windows' disks, seen from WSL
    yield os.path.expanduser(plain.strip("\"'"))  # a quotation mark that was forgotten or not copied


def _as_in_a_shell(text: str) -> Iterator[str]:
    """The one word that a shell would make of the text, as of `'it'\\''s'`; none where it would make several, or where
    it would read the text as it stands."""
    if not re.search(r"[\s'\"\\]", text):
        return
    try:
        words = shlex.split(text)
    except ValueError:
        return
    if len(words) == 1:
        yield os.path.expanduser(words[0])


def _from_url(url: str) -> str:
    parts = urllib.parse.urlsplit(url.replace("#", "%23").replace("?", "%3F"))  # a file has no fragment and no query
    path = parts.path if parts.netloc in ("", "localhost") else f"//{parts.netloc}{parts.path}"
    try:
        return urllib.request.url2pathname(path)
    except OSError:
        return path


def in_other_encoding(path: Path) -> Path | None:
    """The existing path whose parts differ from this one's only in how accents are written (NFC or NFD), if any."""
    here = Path(path.anchor)
    for part in path.parts[1:]:
        if not (here / part).exists():
            wanted = unicodedata.normalize("NFC", part)
            if wanted.isascii():
                return None
            alike = [name for name in os.listdir(here) if unicodedata.normalize("NFC", name) == wanted]
            if not alike:
                return None
            part = alike[0]
        here = here / part
    return here
