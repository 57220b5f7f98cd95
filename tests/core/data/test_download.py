"""Downloads against a server of our own: with and without ranges, breaking off, lying, and gone."""

import errno
import gzip
import hashlib
import io
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from core import data
from core.data import download
from core.jobs import download as jobs_download

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def contents() -> dict[str, bytes]:
    """A tiny MNIST as its server would hold it; noise, so that it is larger than one chunk when packed."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 200), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape)
        files[f"{part}-images-idx3-ubyte.gz"] = header + images.tobytes()
        labels = (np.arange(count) % 10).astype(np.uint8)
        files[f"{part}-labels-idx1-ubyte.gz"] = struct.pack(">4BI", 0, 0, 8, 1, count) + labels.tobytes()
    return {name: gzip.compress(content, mtime=0) for name, content in files.items()}


class Server(ThreadingHTTPServer):
    """Serves `files`; the attributes say how badly."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = contents()
        self.ranges, self.break_after, self.status, self.head = True, {}, 200, True
        self.asked: list[tuple[str, str, str]] = []  # (method, file, Range)
        self.address = f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body: bool):
        name, wanted = self.path.strip("/"), self.headers.get("Range", "")
        self.server.asked.append((self.command, name, wanted))
        if self.server.status != 200 or (not body and not self.server.head):
            return self.send_error(self.server.status if self.server.status != 200 else 405)
        content, start = self.server.files[name], 0
        if wanted and self.server.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if body:
            # Each entry breaks one connection off after so many bytes.
            breaks = self.server.break_after.get(name, [])
            end = start + breaks.pop(0) if breaks else len(content)
            self.wfile.write(content[start:end])
            self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def raw(server, tmp_path, monkeypatch):
    """The empty data folder, with our server as the only mirror."""
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    use(monkeypatch, [server.address], server.files)
    return tmp_path / "MNIST" / "raw"


def use(monkeypatch, mirrors: list[str], files: dict[str, bytes]) -> None:
    table = [(name, hashlib.md5(files[name]).hexdigest()) for name in NAMES]
    monkeypatch.setattr(download, "sources", lambda name: (mirrors, table))


def assert_whole(raw, server) -> None:
    """Every file is in place, right to the last byte, and nothing else lies around."""
    assert sorted(path.name for path in raw.iterdir()) == sorted(n.removesuffix(".gz") for n in NAMES)
    for name in NAMES:
        assert (raw / name.removesuffix(".gz")).read_bytes() == gzip.decompress(server.files[name])
    assert len(data.load("mnist").train_images) == 200


@pytest.mark.slow
def test_torchvisions_tables_are_the_source_of_addresses_and_checksums():
    datasets = pytest.importorskip("torchvision.datasets")
    mirrors, files = download.sources("kmnist")
    assert mirrors == datasets.KMNIST.mirrors and files == [tuple(r) for r in datasets.KMNIST.resources]
    with pytest.raises(download.DownloadError, match="mnist, fashion-mnist, kmnist"):
        download.sources("digits")


def test_a_download_ends_with_every_file_in_place_and_progress_at_its_total(server, raw):
    seen = []
    download.download("mnist", lambda done, total: seen.append((done, total)))
    assert_whole(raw, server)
    total = sum(map(len, server.files.values()))
    assert seen[-1] == (total, total) and {t for _, t in seen} == {total}
    assert seen == sorted(seen)


def test_what_is_in_place_already_is_not_fetched_again(server, raw):
    download.download("mnist")
    server.asked.clear()
    download.download("mnist")
    assert server.asked == []


def test_a_damaged_file_in_place_is_replaced(server, raw):
    download.download("mnist")
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"rubbish")
    download.download("mnist")
    assert_whole(raw, server)


def test_whole_files_that_do_not_fit_together_are_replaced(server, raw):
    download.download("mnist")
    labels = raw / "t10k-labels-idx1-ubyte"
    labels.write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 3) + b"abc")
    download.download("mnist")
    assert_whole(raw, server)


def test_packed_files_that_a_teacher_put_there_need_no_download(server, raw):
    raw.mkdir(parents=True)
    for name, content in server.files.items():
        (raw / name).write_bytes(content)
    download.download("mnist")
    assert server.asked == []


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(server, raw):
    server.break_after = {NAMES[0]: [70_000, 30_000]}
    download.download("mnist")
    assert_whole(raw, server)
    ranges = [wanted for method, name, wanted in server.asked if method == "GET" and name == NAMES[0]]
    assert ranges == ["", "bytes=70000-", "bytes=100000-"]


def test_a_download_goes_on_from_what_an_earlier_one_left(server, raw):
    raw.mkdir(parents=True)
    (raw / f"{NAMES[0]}.part").write_bytes(server.files[NAMES[0]][:50_000])
    download.download("mnist")
    assert_whole(raw, server)
    assert ("GET", NAMES[0], "bytes=50000-") in server.asked


def test_a_server_without_ranges_starts_over_and_still_ends_whole(server, raw):
    server.ranges = False
    server.break_after = {NAMES[0]: [70_000]}
    download.download("mnist")
    assert_whole(raw, server)


def test_a_part_that_is_whole_already_needs_no_byte_more(server, raw):
    raw.mkdir(parents=True)
    (raw / f"{NAMES[0]}.part").write_bytes(server.files[NAMES[0]])  # the server answers 416
    download.download("mnist")
    assert_whole(raw, server)


@pytest.mark.parametrize("leftover", [b"x" * 50_000, b"x" * 500_000])
def test_leftovers_of_something_else_are_thrown_away_and_the_file_fetched_anew(server, raw, leftover):
    raw.mkdir(parents=True)
    (raw / f"{NAMES[0]}.part").write_bytes(leftover)
    download.download("mnist")
    assert_whole(raw, server)


def test_wrong_bytes_never_get_in_place(server, raw):
    server.files[NAMES[2]] = b"<html>please log in</html>"
    with pytest.raises(download.DownloadError, match="not as expected") as caught:
        download.download("mnist")
    assert "\n" not in str(caught.value)
    assert not (raw / "t10k-images-idx3-ubyte").exists() and not (raw / f"{NAMES[2]}.part").exists()
    assert not data.status()["mnist"].ready


def test_a_server_that_breaks_off_and_lies_is_given_up(server, raw):
    server.files[NAMES[2]] = b"<html>please log in</html>"
    server.break_after = {NAMES[2]: [10] * 1_000}
    with pytest.raises(download.DownloadError, match="not as expected"):
        download.download("mnist")
    assert not (raw / f"{NAMES[2]}.part").exists()
    ranges = [wanted for method, name, wanted in server.asked if method == "GET" and name == NAMES[2]]
    assert ranges == ["", "bytes=10-", "bytes=20-"]


def test_a_server_that_delivers_byte_by_byte_is_given_up_and_what_it_brought_is_kept(server, raw):
    server.break_after = {NAMES[0]: [1] * 10_000}
    with pytest.raises(download.DownloadError, match="broke off"):
        download.download("mnist")
    assert (raw / f"{NAMES[0]}.part").stat().st_size == download.ATTEMPTS
    server.break_after = {}
    download.download("mnist")
    assert_whole(raw, server)


def test_the_next_mirror_is_asked_when_one_is_broken_missing_or_lies(server, raw, monkeypatch):
    with Server() as liar:
        liar.files = dict.fromkeys(NAMES, b"lies")
        thread = threading.Thread(target=liar.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        nowhere = "http://127.0.0.1:9/"  # nobody listens on the discard port
        use(monkeypatch, [nowhere, liar.address, server.address + "missing", server.address], server.files)
        monkeypatch.setattr(server, "files", server.files | {"missing" + n: b"" for n in NAMES})
        download.download("mnist")
        liar.shutdown()
        thread.join()
    assert {p.name for p in raw.iterdir()} == {n.removesuffix(".gz") for n in NAMES}


def test_a_server_that_answers_no_questions_about_sizes_still_delivers(server, raw):
    server.head = False
    download.download("mnist")
    assert_whole(raw, server)


def test_no_network_is_said_at_once_and_in_one_sentence(raw, monkeypatch):
    use(monkeypatch, ["http://127.0.0.1:9/"], contents())
    with pytest.raises(download.DownloadError, match=r"No server could be reached.*network") as caught:
        download.download("mnist")
    assert "\n" not in str(caught.value)


def test_a_server_in_trouble_is_named_by_its_answer(server, raw):
    server.status = 503
    with pytest.raises(download.DownloadError, match="the server answered 503"):
        download.download("mnist")


def test_stopping_keeps_what_is_there_and_the_next_download_goes_on_from_it(server, raw):
    stop = threading.Event()
    with pytest.raises(download.Stopped, match="is kept"):
        download.download("mnist", lambda done, total: stop.set() if done > 60_000 else None, stop)
    kept = (raw / f"{NAMES[0]}.part").stat().st_size
    assert kept > 60_000 and not data.status()["mnist"].ready
    download.download("mnist")
    assert ("GET", NAMES[0], f"bytes={kept}-") in server.asked
    assert_whole(raw, server)


class Full(io.FileIO):
    """A disk that takes a thousand bytes."""

    def write(self, chunk):
        if self.tell() >= 1_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(bytes(chunk)[:1_000])


def test_a_full_disk_is_said_and_nothing_half_written_gets_in_place(server, raw, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(download, "_opened", lambda part, mode: Full(part, mode[0]))
        with pytest.raises(download.DownloadError, match="is full"):
            download.download("mnist")
    assert [path.name for path in raw.iterdir()] == [f"{NAMES[0]}.part"]
    download.download("mnist")
    assert_whole(raw, server)


def test_a_data_folder_that_cannot_be_written_to_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "file"))  # a file where the folder should be
    use(monkeypatch, [server.address], server.files)
    with pytest.raises(download.DownloadError, match=r"cannot be written to.*LATENT_LAB_DATA"):
        download.download("mnist")


def test_a_job_in_the_background_is_the_same_for_everybody_who_asks(server, raw):
    job = jobs_download.start("mnist")
    assert jobs_download.current("mnist") is job
    job.wait(timeout=60)
    assert job.state == "finished" and job.done == job.total > 0
    assert_whole(raw, server)


def test_a_stopped_job_says_so_and_another_start_goes_on(server, raw, monkeypatch):
    reached, go_on = threading.Event(), threading.Event()
    real = download._write

    def slow(file, chunk, folder):
        real(file, chunk, folder)
        reached.set()
        go_on.wait(60)

    monkeypatch.setattr(download, "_write", slow)
    job = jobs_download.start("mnist")
    assert reached.wait(60) and jobs_download.start("mnist") is job, "a running job is joined, not doubled"
    job.stop()
    go_on.set()
    job.wait(timeout=60)
    assert job.state == "stopped" and "download again to continue" in job.message
    again = jobs_download.start("mnist")
    again.wait(timeout=60)
    assert again is not job and again.state == "finished"
    assert_whole(raw, server)


def test_a_failed_job_keeps_its_sentence(raw, monkeypatch):
    use(monkeypatch, ["http://127.0.0.1:9/"], contents())
    job = jobs_download.start("mnist")
    job.wait(timeout=60)
    assert job.state == "failed" and "Check the network" in job.message
