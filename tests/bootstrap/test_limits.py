"""Limits of the server's process."""

import os

import pytest

from bootstrap import limits


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_more_open_files_than_at_first_and_never_fewer():
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert limits.allow_open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
        held = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits.allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == held
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_log_stays_below_its_bound_and_keeps_the_newest_lines(tmp_path):
    path = tmp_path / "server.log"
    with open(path, "w+b"), open(path, "a+") as file:
        log = limits.BoundedLog(file, most=4_000, tail=1_000)
        largest = 0
        for k in range(2_000):
            print(f"line {k}", file=log)
            file.flush()
            largest = max(largest, path.stat().st_size)
    lines = path.read_text().splitlines()
    assert largest <= 4_000 + 2 * 1_000
    assert lines[0] == limits.DROPPED.strip()
    numbers = [int(line.split()[1]) for line in lines[1:]]
    assert numbers == list(range(numbers[0], 2_000)), "whole lines, none missing, the newest last"


def test_a_short_log_and_a_pipe_are_left_alone(tmp_path):
    with open(tmp_path / "log", "a+") as file:
        print("one", file=limits.BoundedLog(file))
    assert (tmp_path / "log").read_text() == "one\n"
    there, here = os.pipe()
    with open(there) as reading, open(here, "w") as writing:
        log = limits.BoundedLog(writing, most=1, tail=1)
        print("two", file=log, flush=True)
        assert reading.readline() == "two\n" and not log.isatty()


def test_a_limit_of_uploads_is_passed_on_and_one_that_makes_no_sense_is_not():
    environ = {}
    assert limits.set_upload_limit(environ) is None and environ == {}
    for given in ("0", "-1", "lots", "1e3", "９", "9" * 400):
        environ = {limits.UPLOAD: given}
        assert "from 1 to 100,000" in limits.set_upload_limit(environ) and len(environ) == 1
    environ = {limits.UPLOAD: " 2000 "}
    assert limits.set_upload_limit(environ) is None and environ["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"] == "2000"
