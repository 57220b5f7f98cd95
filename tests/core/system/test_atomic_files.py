"""Pulling the plug: whatever happens while a file is written, the last good one is there and nothing else."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.system import atomic_files, paths
from core.system.atomic_files import read_json, write_atomic, write_json

WRITER = """
import sys
from pathlib import Path
from core.system.atomic_files import write_atomic
path, n = Path(sys.argv[1]), 0
print("go", flush=True)
while True:
    n += 1
    write_atomic(path, bytes([n % 256]) * 300_000, flush=n % 2 == 0)
"""


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name.endswith(".tmp")]


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    target = tmp_path / "weights"
    for attempt in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], cwd=paths.ROOT, stdout=subprocess.PIPE)
        writer.stdout.readline()
        while not target.exists():
            pass
        spins = 0
        while spins < attempt * 20_000:  # another moment every time
            spins += 1
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        content = target.read_bytes()
        assert len(content) == 300_000 and len(set(content)) == 1


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_an_error_at_any_step_leaves_the_old_file_and_no_other(call, tmp_path, monkeypatch):
    target = tmp_path / "weights"
    write_atomic(target, b"old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "open":
        monkeypatch.setattr(atomic_files, "open", full, raising=False)
    else:
        monkeypatch.setattr(atomic_files.os, call, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, b"new" * 1000)
    monkeypatch.undo()
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["weights"]


def test_a_disk_that_fills_up_in_the_middle_of_a_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "weights"
    write_atomic(target, b"old")
    real = open

    class Filling:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_files, "open", lambda *a, **k: Filling(real(*a, **k)), raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, b"new" * 1000)
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["weights"]


def test_a_disk_that_is_really_full_leaves_the_old_file(tmp_path):
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs root and mount, to make a disk of 64 kB")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk of 64 kB")
    try:
        write_atomic(disk / "weights", b"old" * 1000)
        with pytest.raises(OSError) as caught:
            write_atomic(disk / "weights", b"new" * 100_000)
        assert caught.value.errno == errno.ENOSPC
        assert (disk / "weights").read_bytes() == b"old" * 1000 and os.listdir(disk) == ["weights"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_threads_that_write_the_same_file_leave_one_whole_version(tmp_path):
    target, errors = tmp_path / "status.json", []

    def hammer(mark: int):
        try:
            for _ in range(200):
                write_json(target, {"mark": [mark] * 500}, flush=False)
                seen = read_json(target)["mark"]
                assert len(seen) == 500 and len(set(seen)) == 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and not leftovers(tmp_path)


@pytest.mark.slow
def test_a_reader_never_sees_half_a_file(tmp_path):
    target = tmp_path / "weights"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], cwd=paths.ROOT, stdout=subprocess.PIPE)
    try:
        writer.stdout.readline()
        while not target.exists():
            pass
        for _ in range(300):
            content = target.read_bytes()
            assert len(content) == 300_000 and len(set(content)) == 1
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_json_comes_back_as_it_was_also_beyond_ascii(tmp_path):
    value = {"name": "größe β ✓", "list": [1, 2.5, None, True], "nested": {"a": {}}}
    write_json(tmp_path / "v.json", value)
    assert read_json(tmp_path / "v.json") == value
    assert "größe β ✓" in (tmp_path / "v.json").read_text("utf-8")


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1', b"\xff\xfe", b"[" * 100_000, b"\x00" * 10, b"nope"], ids=lambda c: repr(c[:8])
)
def test_what_is_no_json_is_said_in_one_sentence(content, tmp_path):
    (tmp_path / "recipe.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"^recipe\.json cannot be read as JSON"):
        read_json(tmp_path / "recipe.json")


def test_a_missing_huge_or_impossible_file_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="none.json is missing"):
        read_json(tmp_path / "none.json")
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate(3_000_000_000)  # a hole: takes no room, and is never read
    with pytest.raises(ValueError, match="huge.json is larger than 1,000,000 bytes"):
        read_json(tmp_path / "huge.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ValueError, match="folder.json cannot be read"):
        read_json(tmp_path / "folder.json")
    (tmp_path / "number.json").write_text(json.dumps({"lr": 1})[:-1].replace("1", "9" * 5_000) + "}")
    with pytest.raises(ValueError):
        read_json(tmp_path / "number.json")
