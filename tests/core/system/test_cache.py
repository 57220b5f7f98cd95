"""The cache of derived results: a damaged file counts as missing, few files stay, nothing is computed twice at once."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from core.system import cache, paths

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


def test_what_is_written_is_read_again():
    path = cache.file_of("kind", "name")
    assert cache.load(path) is None and cache.save(path, ARRAYS, {"n": 3})
    arrays, facts = cache.load(path)
    assert facts == {"n": 3} and all(np.array_equal(arrays[k], ARRAYS[k]) for k in ARRAYS)


def test_an_array_without_elements_is_kept_too():
    path = cache.file_of("kind", "name")
    assert cache.save(path, {"none": np.zeros((0, 2), np.float32)}, {})
    assert cache.load(path)[0]["none"].shape == (0, 2)


def test_reading_leaves_the_time_of_change_alone():
    path = cache.file_of("kind", "name")
    cache.save(path, ARRAYS, {})
    os.utime(path, ns=(10**18, 10**18))
    assert cache.load(path) is not None
    assert path.stat().st_mtime_ns == 10**18, "pages use it as the key of what they made from the file"


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "empty"])
def test_a_damaged_file_counts_as_missing(damage):
    path = cache.file_of("kind", "name")
    cache.save(path, ARRAYS, {})
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1  # the last byte of an array: only the checksum sees it
    path.write_bytes({"cut": raw[:60], "flipped": raw, "foreign": b"GIF89a" * 9, "empty": b""}[damage])
    assert cache.load(path) is None
    assert cache.computed(path, lambda: (ARRAYS, {"again": True}))[1] == {"again": True}
    assert cache.load(path)[1] == {"again": True}


def test_the_least_recently_used_files_of_a_kind_are_deleted():
    files = [cache.file_of("kind", f"{k}") for k in range(5)]
    for age, file in enumerate(files[:4]):
        cache.save(file, ARRAYS, {}, most=4)
        os.utime(file, (1_000 + age, 1_000 + age))
    cache.load(files[0])  # used just now
    cache.save(cache.file_of("other", "x"), ARRAYS, {}, most=4)
    cache.save(files[4], ARRAYS, {}, most=3)
    left = {file.name for file in paths.cache_folder().glob("kind-*")}
    assert left == {files[0].name, files[3].name, files[4].name}
    assert cache.load(cache.file_of("other", "x"))


def test_what_a_killed_process_has_left_is_deleted_after_a_day_and_what_others_write_now_is_not():
    file = cache.file_of("kind", "a")
    file.parent.mkdir(parents=True, exist_ok=True)
    now = time.time()
    old, new = (".kind-b.safetensors.1-2.tmp", ".kind-b.lock"), (".kind-c.safetensors.1-2.tmp", ".kind-c.lock")
    ages = dict.fromkeys(old, 2) | dict.fromkeys(new, 0.5)
    for name, days in ages.items():
        left = file.with_name(name)
        left.write_bytes(b"half")
        os.utime(left, (now - days * 86_400,) * 2)
    cache.save(file, ARRAYS, {})
    there = {name for name in ages if file.with_name(name).exists()}
    assert there == set(new) and cache.load(file)


def test_digests_differ_by_content_shape_type_and_division():
    a = np.zeros(4, np.float32)
    names = [
        cache.digest("ab", "c"),
        cache.digest("a", "bc"),
        cache.digest(a),
        cache.digest(a.reshape(2, 2)),
        cache.digest(a.astype(np.int32)),
        cache.digest(a.tobytes()),
    ]
    assert len(set(names)) == len(names) and cache.digest(a) == cache.digest(np.asfortranarray(a))


COMPUTES = """
import sys
import numpy as np
from core.system import cache
load = cache.load
def looks(path):
    found = load(path)
    print("looked", flush=True)
    return found
def compute():
    print("computing", flush=True)
    sys.stdin.readline()
    return {"a": np.ones(1)}, {}
cache.load = looks
cache.computed(cache.file_of("kind", "shared"), compute)
print("has it", flush=True)
"""


def test_two_processes_that_want_the_same_compute_it_once():
    def start() -> subprocess.Popen:
        command = [sys.executable, "-c", COMPUTES]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=paths.ROOT, text=True, stdin=pipe, stdout=pipe)

    first, second = start(), start()
    assert [process.stdout.readline() for process in (first, second)] == ["looked\n"] * 2, "both have found nothing"
    # Whichever is the first to have the lock looks again, then computes until it hears that both may go on.
    for process in (first, second):
        process.stdin.close()
    outputs = []
    for process in (first, second):
        with process.stdout:
            outputs.append(process.stdout.read())
        process.wait()
    assert sorted(outputs) == ["looked\ncomputing\nhas it\n", "looked\nhas it\n"]


def test_a_folder_that_cannot_be_written_to_costs_only_the_keeping(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "file"))
    path = cache.file_of("kind", "name")
    assert not cache.save(path, ARRAYS, {})
    assert cache.computed(path, lambda: (ARRAYS, {"n": 1}))[1] == {"n": 1}
    with pytest.raises(OSError):
        cache.write(path, ARRAYS, {})
