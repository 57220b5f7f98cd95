"""The tables of a run: nothing lost on the way to the disk, nothing invented from a damaged file."""

import math
import random

import numpy as np
import pytest

from core.runs import history
from core.runs.history import COLUMNS

ROWS = [
    {"step": 0.0, "epoch": 0.0, "val_total": 543.25, "val_kl": 1e-17},
    {"step": 8.0, "epoch": 1 / 3, "train_total": 0.1 + 0.2, "lr": 1e-3, "beta": 0.0},
    {"step": 25.0, "epoch": 1.0, "train_total": -17.5, "val_total": 1.7976931348623157e308},
]


def test_every_number_comes_back_to_the_last_bit(tmp_path):
    history.write(tmp_path / "h.csv", ROWS)
    assert history.to_rows(history.read(tmp_path / "h.csv")) == ROWS


def test_random_floats_come_back_to_the_last_bit(tmp_path):
    rng = random.Random(0)
    rows = [{"step": float(i), "train_total": rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300)} for i in range(500)]
    history.write(tmp_path / "h.csv", rows)
    assert history.to_rows(history.read(tmp_path / "h.csv")) == rows


def test_what_was_not_measured_is_an_empty_cell_and_nan_in_memory(tmp_path):
    history.write(tmp_path / "h.csv", [{"step": 1.0, "train_total": math.nan, "val_total": math.inf}])
    assert (tmp_path / "h.csv").read_text().splitlines()[1] == "1" + "," * (len(COLUMNS) - 1)
    assert np.isnan(history.read(tmp_path / "h.csv")["train_total"]).all()


def test_arrays_and_rows_are_each_others_inverse():
    assert history.to_rows(history.to_arrays(ROWS)) == ROWS
    assert history.to_rows(history.to_arrays([])) == []


def test_a_missing_file_is_an_empty_table(tmp_path):
    table = history.read(tmp_path / "none.csv")
    assert list(table) == list(COLUMNS) and all(len(column) == 0 for column in table.values())


def test_a_table_cut_off_at_any_byte_loses_its_last_line_and_nothing_else(tmp_path):
    file = tmp_path / "h.csv"
    history.write(file, ROWS)
    whole = file.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        complete = max(0, sum(end <= cut for end in ends) - 1)
        assert history.to_rows(history.read(file)) == ROWS[:complete], cut


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00\x01" * 99,
        b"a,b,c\n1,2,3\n",
        b"\x00" * 1000,
        b'"' * 50_001,
        b"step,epoch\n" + b"9" * 200_000 + b",1\n",
    ],
    ids=lambda r: repr(r[:9]),
)
def test_rubbish_is_an_empty_table(tmp_path, rubbish):
    (tmp_path / "h.csv").write_bytes(rubbish)
    assert len(history.read(tmp_path / "h.csv")["epoch"]) == 0


def test_lines_that_are_no_numbers_are_left_out_and_the_others_stay(tmp_path):
    history.write(tmp_path / "h.csv", ROWS)
    lines = (tmp_path / "h.csv").read_text().splitlines()
    lines.insert(2, "eight," + "," * (len(COLUMNS) - 2))
    lines.insert(3, "5,0.1")
    (tmp_path / "h.csv").write_text("\n".join(lines) + "\n")
    assert history.to_rows(history.read(tmp_path / "h.csv")) == ROWS


def test_a_table_of_another_version_keeps_the_columns_it_has(tmp_path):
    (tmp_path / "h.csv").write_text("epoch,extra,step\n1.5,7,3\n")
    table = history.read(tmp_path / "h.csv")
    assert table["step"].tolist() == [3] and table["epoch"].tolist() == [1.5] and np.isnan(table["lr"]).all()


def test_a_folder_in_the_place_of_a_table_is_an_empty_table(tmp_path):
    (tmp_path / "h.csv").mkdir()
    assert len(history.read(tmp_path / "h.csv")["step"]) == 0
