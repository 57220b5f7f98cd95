"""Download of data sets: resumable, verified by checksum, and moved into place only when complete.

Addresses, md5 sums and the layout of the files are torchvision's, so that both share the files. Beyond torchvision's
own download: resuming after a broken connection, progress, and stopping.
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
from typing import Any

from core.data import idx, image_set, loading, published, registry

TIMEOUT = 15.0
"""Seconds without a byte after which a connection counts as broken."""

CHUNK = 1 << 16
"""Bytes read at a time."""

ATTEMPTS = 50
"""Connections to one server for one file, at most; a connection that brings nothing is the last one."""

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


class DownloadError(Exception):
    """A download that failed: one sentence. The bytes fetched so far are kept, so that it can be resumed."""


class Stopped(DownloadError):
    """The download was stopped on request."""


class _ServerError(Exception):
    """A server that does not deliver the file; another one may."""


def download(name: str, progress: Progress | None = None, stop: threading.Event | None = None) -> None:
    """Fetch the files of a set that are missing or damaged into `loading.folder_of(name)`.

    Blocks until done. A file is fetched to `NAME.part`, verified, unpacked beside its final place and moved there last.
    A whole archive that lies there already is not fetched again.

    Args:
        progress: of the compressed bytes of the missing files.
        stop: checked between chunks.
    Raises:
        DownloadError: no such download, no network, disk full, wrong checksum, or stopped.
    """
    mirrors, files = sources(name)
    folder = loading.folder_of(name)
    if _usable(name):
        return
    # If each file is complete but they do not fit together, any of them may be the wrong one.
    missing = [(file, md5) for file, md5 in files if not _whole(folder / file.removesuffix(".gz"), md5)] or files
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _write_error(folder, error) from error
    there = {file for file, md5 in missing if (folder / file).is_file() and _md5(folder / file) == md5}
    sizes = {file: _size(mirrors, file, stop) for file, _ in missing if file not in there}
    before = 0
    for file, md5 in missing:
        if file in there:
            _unpack(name, folder / file, folder)
            continue

        def report(done: int, size: int, file: str = file, before: int = before) -> None:
            sizes[file] = size or sizes[file]
            if progress:
                progress(before + done, max(before + done, sum(sizes.values())))

        part = folder / (file + ".part")
        _fetch(mirrors, file, md5, part, report, stop)
        before += part.stat().st_size
        _unpack(name, part, folder)
        part.unlink(missing_ok=True)
    _usable(name)  # what takes long to read is read here once, and not by a page


def sources(name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Addresses of servers to try in turn, and (file, md5) of each file, as torchvision lists them."""
    if name not in registry.SOURCES or not registry.SOURCES[name].layout:
        names = ", ".join(n for n, source in registry.SOURCES.items() if source.layout)
        raise DownloadError(f"There is nothing to download for '{name}'. The sets to download are {names}.")
    if name in published.SETS:
        downloads = published.SETS[name].downloads
        return [downloads[0].address], [(one.file, one.md5) for one in downloads]
    try:  # here: it imports torch, which takes three seconds
        from torchvision import datasets
    except ImportError as error:
        raise DownloadError(
            "torchvision, which lists the addresses of the files, is not installed. Run the set-up again."
        ) from error
    dataset = getattr(datasets, registry.SOURCES[name].layout)
    return list(dataset.mirrors), [(file, md5) for file, md5 in dataset.resources]


def _usable(name: str) -> bool:
    try:
        loading.load(name)
    except image_set.DataError:
        return False
    return True


def _whole(path: Path, md5: str) -> bool:
    """Whether an unpacked file is whole; of an archive nothing is left by which to tell."""
    try:
        if "idx" in path.name:
            labels = "idx2" in path.name
            dimensions = 3 if "idx3" in path.name else 2 if labels else 1
            return len(idx.read(path, dimensions, idx.INTEGERS if labels else idx.BYTES)) > 0
        return path.is_file() and path.suffix != ".zip" and _md5(path) == md5 and ".tar" not in path.name
    except (idx.IdxError, OSError):
        return False


def _request(url: str, start: int = 0, method: str = "GET") -> Any:
    # "identity": if the server compressed the file once more, sizes and checksum would no longer match.
    headers = {"User-Agent": "latent-lab", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers, method=method)
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _size(mirrors: list[str], file: str, stop: threading.Event | None) -> int:
    """Compressed size in bytes, 0 if no server gives it. Fails at once if no server can be reached."""
    reason = ""
    for mirror in mirrors:
        _check_stop(stop)
        try:
            with _request(mirror + file, method="HEAD") as answer:
                return int(answer.headers.get("Content-Length") or 0)
        except urllib.error.HTTPError:
            reason = "answered"
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = reason or _reason(error)
    if reason == "answered":
        return 0
    raise DownloadError(
        f"No server could be reached ({reason}). Check the network and try again, or work "
        "with the digits, which need no download."
    )


def _fetch(mirrors: list[str], file: str, md5: str, part: Path, report: Progress, stop: threading.Event | None) -> None:
    """Fetch the complete, verified file to `part` from the first server that delivers it."""
    reason = ""
    for mirror in mirrors:
        leftovers = part.exists()  # of an earlier download or another server, perhaps of another file
        for _ in range(ATTEMPTS):
            had = part.stat().st_size if part.exists() else 0
            try:
                _continue(mirror + file, part, report, stop)
            except _ServerError as error:
                reason = str(error)
                if part.exists() and part.stat().st_size > had:
                    continue  # the connection broke, but brought something: ask for the rest
                break
            if _md5(part) == md5:
                return
            part.unlink(missing_ok=True)
            reason = "its content is not as expected: perhaps the login page of a network"
            if not leftovers:
                break
            leftovers = False  # once more, from the beginning
    raise DownloadError(f"{file} could not be fetched ({reason}). Try again later: what was downloaded is kept.")


def _continue(url: str, part: Path, report: Progress, stop: threading.Event | None) -> None:
    """Append the missing bytes to `part`; from the beginning if the server does not support ranges."""
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
                    _check_stop(stop)
                    _write(file, chunk, part.parent)
                    done += len(chunk)
                    report(done, total)
        if done < total:
            raise _ServerError("the connection broke off")
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: there is nothing after the bytes we have; the checksum decides
            raise _ServerError(f"the server answered {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _ServerError(_reason(error)) from error


def _opened(part: Path, mode: str) -> io.FileIO:
    try:
        return io.FileIO(part, mode)  # unbuffered: a full disk is noticed when writing
    except OSError as error:
        raise _write_error(part.parent, error) from error


def _write(file: io.FileIO, chunk: bytes, folder: Path) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _write_error(folder, error) from error


def _unpack(name: str, packed: Path, folder: Path) -> None:
    """Put what a fetched file holds into its place in the folder; `packed` may be a `.part`."""
    file = packed.name.removesuffix(".part")
    members = next((one.members for one in _downloads(name) if one.file == file), ())
    fresh = list[tuple[Path, Path]]()
    try:
        if members:
            fresh = published.unpacked(packed, folder, members)
        elif file.endswith(".gz"):
            fresh = [(folder / (file.removesuffix(".gz") + ".new"), folder / file.removesuffix(".gz"))]
            with gzip.open(packed, "rb") as unpacked, open(fresh[0][0], "wb") as target:
                shutil.copyfileobj(unpacked, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
        elif packed.name != file:
            fresh = [(packed, folder / file)]
        for now, final in fresh:
            os.replace(now, final)
    except published.FormatError as error:
        raise DownloadError(str(error)) from error
    except OSError as error:
        for now, _ in fresh:
            now.unlink(missing_ok=True)
        raise _write_error(folder, error) from error


def _downloads(name: str) -> tuple[published.Download, ...]:
    return published.SETS[name].downloads if name in published.SETS else ()


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_stop(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Stopped("Stopped. What was downloaded is kept: download again to continue.")


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} s"
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)


def _write_error(folder: Path, error: OSError) -> DownloadError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DownloadError(
            f"The disk with {folder} is full. Free some space and continue: what was downloaded is kept."
        )
    return DownloadError(
        f"{folder} cannot be written to ({error.strerror or error}). Set LATENT_LAB_DATA to another folder."
    )
