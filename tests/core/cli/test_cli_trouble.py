"""Wrong usage, foreseeable trouble and Ctrl+C: a sentence and an exit code, never a traceback."""

import errno
import io
import os
import re
import signal

import pytest

from core import cli, runs
from core.cli import common
from core.data import download
from core.recipes.recipe import fields
from tests.core.cli.cli_tools import refused, words


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("sample", "RUN"),
        ("sample tiny --n 0", "'0' is not a whole number from 1 to 10,000"),
        ("sample tiny --temperature inf", "'inf' is not a number from 0 to 10"),
        ("sample tiny --which newest", "best"),
        ("sample tiny --from nowhere", "mixture"),
        ("sample tiny --seed 1.5", "'1.5' is not a whole number"),
        ("interpolate tiny 1", "B"),
        ("evaluate tiny --sample 5", "unrecognized"),
        ("walk tiny", "invalid choice"),
        ("train", "RECIPE"),
        ("delete --yes", "RUN"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_the_reason(tiny, call, line, pattern):
    code, out, err = call(line)
    assert code == 2 and out == "" and "usage: python -m core" in err and pattern in err


def test_no_command_at_all_shows_the_help(call):
    code, out, err = call("")
    assert code == 2 and out == "" and "train" in err


def test_help_tells_the_bounds_and_choices_of_every_field(call):
    code, out, _ = call("train --help")
    text = " ".join(out.split())
    assert code == 0
    for f in fields():
        if f.name != "name":
            assert "--" + f.name.replace("_", "-") in text
            assert all(choice in text for choice in f.metadata["choices"] or ())
    assert "1 to 512 dimensions" in text and "only with --network conv" in text


@pytest.mark.parametrize(
    "command",
    [
        "train",
        "resume",
        "sample",
        "reconstruct",
        "interpolate",
        "evaluate",
        "list",
        "recipes",
        "export",
        "download",
        "rename",
        "delete",
    ],
)
def test_every_command_has_help_with_examples_that_parse(call, command):
    code, out, _ = call(f"{command} --help")
    assert code == 0
    examples = re.findall(r"^  python -m core (.+)$", out.split("examples:")[1], re.M)
    assert examples
    for line in examples:
        assert line.startswith(command)
        cli.build_parser().parse_args(words(line))


def test_no_file_is_replaced_without_force(tiny, call, tmp_path):
    for line, name in (("sample tiny", "tiny-samples.png"), ("export tiny", "tiny.zip")):
        (tmp_path / name).write_bytes(b"precious")
        refused(call(line), f"{name} exists already.*--force")
        assert (tmp_path / name).read_bytes() == b"precious"
        assert call(line + " --force")[0] == 0
        assert (tmp_path / name).read_bytes() != b"precious"


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("sample nobody", "There is no run 'nobody'"),
        ("sample ../tiny", "cannot be a run's name"),
        ("sample tiny --out sheet.jpg", "sheet.jpg must end in .png"),
        ("sample tiny --out no/where.png", "The folder no does not exist"),
        ("sample tiny --out folder.png", "folder.png is a folder"),
        ("reconstruct tiny --image text.png", "text.png is not a picture that can be opened"),
        ("reconstruct tiny --image missing.png", "missing.png is not a file"),
        ("interpolate tiny 0 297", "There are 297 test images: choose A and B from 0 to 296"),
        ("resume tiny", "'tiny' has finished its 2 epochs.*--epochs 3"),
        ("resume tiny --epochs 0", "epochs: '0' is not allowed"),
        ("evaluate tiny --device abacus", "'abacus' is not on this machine"),
        ("rename tiny con", "'con' cannot be a run's name"),
        ("download digits", "nothing to download for 'digits'"),
        ("recipes cake", "There is no recipe 'cake'"),
    ],
)
def test_trouble_is_one_sentence_and_exit_code_1(tiny, call, tmp_path, line, pattern):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text.png").write_text("not a picture")
    refused(call(line), pattern)


def test_a_full_disk_leaves_the_old_picture_and_nothing_half_written(tiny, call, tmp_path, monkeypatch):
    (tmp_path / "out.png").write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refused(call("sample tiny --out out.png --force"), r"out.png could not be written \(No space")
    assert (tmp_path / "out.png").read_bytes() == b"old" and os.listdir(tmp_path) == ["out.png"]


def test_a_console_without_greek_gets_question_marks(tiny, monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", narrow)
    assert cli.main(["list"]) == 0
    assert b"VAE ? digits" in narrow.buffer.getvalue()


def test_a_download_tells_how_far_it_is_and_its_trouble_in_a_sentence(call, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))

    def slow(name, progress, stop):
        for done in range(0, 101, 5):
            progress(done * 10**5, 10**7)

    monkeypatch.setattr(download, "download", slow)
    code, out, _ = call("download mnist")
    assert code == 0 and out.splitlines()[:10] == [f"mnist: {k}0 % of 10.0 MB" for k in range(1, 11)]

    def broken(name, progress, stop):
        raise download.DownloadError("No server could be reached.")

    monkeypatch.setattr(download, "download", broken)
    refused(call("download mnist"), "No server")


def test_a_download_stops_at_ctrl_c_and_says_that_it_can_go_on(call, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))

    def interrupted(name, progress, stop):
        os.kill(os.getpid(), signal.SIGINT)
        download._check_stop(stop)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(download, "download", interrupted)
    try:
        refused(call("download mnist"), "download again to continue", code=130)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process on Windows")
def test_the_first_signal_asks_the_second_cuts_off_and_an_ignored_one_stays_ignored():
    asked = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with common.asked_to_stop(lambda: asked.append(1)) as received:
            os.kill(os.getpid(), signal.SIGINT)
            assert asked == [1] and received == [signal.SIGINT]
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
                signal.sigpending()  # a signal is handled between two calls
        assert asked == [1] and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with common.asked_to_stop(lambda: asked.append(2)):
            os.kill(os.getpid(), signal.SIGINT)
        assert asked == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_where_nothing_can_be_saved_is_no_traceback(call, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "list_runs", interrupted)
    refused(call("list"), "Stopped", code=130)
