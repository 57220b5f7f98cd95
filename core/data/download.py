"""Fetching a data set: resumable, verified, and never half in place.

torchvision knows where the files lie and what their md5 is; its tables are used, so that there is one source
of truth, and its file layout, so that both share the files. What torchvision's own download lacks is the
rest: going on where a broken connection left off, a progress bar, and a stop button.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import io
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from core.data import idx, image_set, loading, registry

TIMEOUT = 15.0
"""Seconds without a byte after which a server counts as gone."""

CHUNK = 1 << 16

ATTEMPTS = 50
"""Connections to one server for one file: as long as each brings something it goes on, but not for ever."""

Progress = Callable[[int, int], None]


class DownloadError(Exception):
    """A download that did not end well: one sentence. What was fetched so far is kept, so that it can go
    on.
    """


class Stopped(DownloadError):
    """The download was stopped on request."""


class _Trouble(Exception):
    """A server that does not deliver; another one might."""


def download(name: str, progress: Progress | None = None, stop: threading.Event | None = None) -> None:
    """Fetch the files of a set that are missing or damaged into `loading.raw_folder(name)`.

    Blocks until done. A file is fetched to `NAME.gz.part`, checked, unpacked beside its place and moved there
    last.

    Args:
        progress: called with (bytes done, bytes in all), packed, of the files that were missing.
        stop: looked at between chunks.
    Raises:
        DownloadError: no such download, no network, disk full, wrong checksum, or stopped.
    """
    mirrors, files = sources(name)
    folder = loading.raw_folder(name)
    if _usable(name):
        return
    # Where each file is whole by itself but they do not fit together, any of them may be the wrong one.
    missing = [(file, md5) for file, md5 in files if not _whole(folder / file.removesuffix(".gz"))] or files
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_place(folder, error) from error
    sizes = {file: _size(mirrors, file, stop) for file, _ in missing}
    before = 0
    for file, md5 in missing:

        def report(done: int, size: int, file=file, before=before) -> None:
            sizes[file] = size or sizes[file]
            if progress:
                progress(before + done, max(before + done, sum(sizes.values())))

        part = folder / (file + ".part")
        _fetch(mirrors, file, md5, part, report, stop)
        before += part.stat().st_size
        _unpack(part, folder / file.removesuffix(".gz"))


def sources(name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Addresses to try in turn, and (file, md5) of each file, as torchvision lists them."""
    if name not in registry.SOURCES or not registry.SOURCES[name].layout:
        names = ", ".join(n for n, source in registry.SOURCES.items() if source.layout)
        raise DownloadError(f"There is nothing to download for '{name}'. The sets to download are {names}.")
    try:  # here, since it imports torch: three seconds that only a download pays
        from torchvision import datasets
    except ImportError as error:
        raise DownloadError(
            "torchvision, which knows where the files lie, is not installed. Run the build again."
        ) from error
    known = getattr(datasets, registry.SOURCES[name].layout)
    return list(known.mirrors), [(file, md5) for file, md5 in known.resources]


def _usable(name: str) -> bool:
    try:
        loading.load(name)
    except image_set.DataError:
        return False
    return True


def _whole(path: Path) -> bool:
    try:
        return len(idx.read(path, 3 if "idx3" in path.name else 1)) > 0
    except (idx.IdxError, OSError):
        return False


def _request(url: str, start: int = 0, method: str = "GET"):
    # "identity": a server that packed the file once more would break both the sizes and the checksum.
    headers = {"User-Agent": "latent-lab", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers, method=method)
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _size(mirrors: list[str], file: str, stop: threading.Event | None) -> int:
    """Packed size in bytes, 0 if no server tells. Fails at once where no server can be reached."""
    trouble = ""
    for mirror in mirrors:
        _look(stop)
        try:
            with _request(mirror + file, method="HEAD") as answer:
                return int(answer.headers.get("Content-Length") or 0)
        except urllib.error.HTTPError:
            trouble = "answered"
        except (OSError, http.client.HTTPException, ValueError) as error:
            trouble = trouble or _reason(error)
    if trouble == "answered":
        return 0
    raise DownloadError(
        f"No server could be reached ({trouble}). Check the network and try again, or work "
        "with the digits, which need no download."
    )


def _fetch(mirrors: list[str], file: str, md5: str, part: Path, report: Callable, stop) -> None:
    """The whole, verified file as `part`, from the first server that delivers it."""
    trouble = ""
    for mirror in mirrors:
        leftovers = part.exists()  # of an earlier download or another server: perhaps of something else
        for _ in range(ATTEMPTS):
            had = part.stat().st_size if part.exists() else 0
            try:
                _continue(mirror + file, part, report, stop)
            except _Trouble as error:
                trouble = str(error)
                if part.exists() and part.stat().st_size > had:
                    continue  # broke off, but brought something: ask for the rest
                break
            if _md5(part) == md5:
                return
            part.unlink(missing_ok=True)
            trouble = "its content was not the expected one: perhaps a login page in between"
            if not leftovers:
                break
            leftovers = False  # once more, from the start
    raise DownloadError(f"{file} could not be fetched ({trouble}). Try again later: what is here already is kept.")


def _continue(url: str, part: Path, report: Callable, stop) -> None:
    """Append to `part` what is missing; from the start if the server knows no ranges."""
    had = part.stat().st_size if part.exists() else 0
    try:
        with _request(url, had) as answer:
            if answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {had}-"):
                total = int(answer.headers["Content-Range"].rpartition("/")[2])
            else:
                had, total = 0, int(answer.headers.get("Content-Length") or 0)
            with _opened(part, "ab" if had else "wb") as file:
                done = had
                report(done, total)
                while chunk := answer.read(CHUNK):
                    _look(stop)
                    _write(file, chunk, part.parent)
                    done += len(chunk)
                    report(done, total)
        if done < total:
            raise _Trouble("the connection broke off")
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: there is nothing beyond what we have, so the checksum decides
            raise _Trouble(f"the server answered {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Trouble(_reason(error)) from error


def _opened(part: Path, mode: str) -> io.FileIO:
    try:
        return open(part, mode, buffering=0)  # unbuffered: a full disk is noticed at the write
    except OSError as error:
        raise _no_place(part.parent, error) from error


def _write(file: io.FileIO, chunk: bytes, folder: Path) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _no_place(folder, error) from error


def _unpack(part: Path, target: Path) -> None:
    fresh = target.with_name(target.name + ".new")
    try:
        with gzip.open(part, "rb") as packed, open(fresh, "wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, target)
        part.unlink()
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _no_place(target.parent, error) from error


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _look(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Stopped("Stopped. What is here already is kept: download again to go on.")


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} s"
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)


def _no_place(folder: Path, error: OSError) -> DownloadError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DownloadError(f"The disk with {folder} is full. Make room (about 120 MB) and go on.")
    return DownloadError(
        f"{folder} cannot be written to ({error.strerror or error}). Set LATENT_LAB_DATA to a folder of your own."
    )
