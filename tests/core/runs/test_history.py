"""The tables of a run: nothing lost on the way to the disk, nothing invented from a damaged file."""

import math
import os
import random

import numpy as np
import pytest

from core.runs import history

COLUMNS = history.columns("vae")

ROWS = [
    {"step": 0.0, "epoch": 0.0, "val_total": 543.25, "val_kl": 1e-17},
    {"step": 8.0, "epoch": 1 / 3, "train_total": 0.1 + 0.2, "lr": 1e-3, "beta": 0.0},
    {"step": 25.0, "epoch": 1.0, "train_total": -17.5, "val_total": 1.7976931348623157e308},
]


def test_every_number_comes_back_to_the_last_bit(tmp_path):
    history.write(tmp_path / "h.csv", ROWS, COLUMNS)
    assert history.to_rows(history.read(tmp_path / "h.csv", COLUMNS)) == ROWS


def test_random_floats_come_back_to_the_last_bit(tmp_path):
    rng = random.Random(0)
    rows = [{"step": float(i), "train_total": rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300)} for i in range(500)]
    history.write(tmp_path / "h.csv", rows, COLUMNS)
    assert history.to_rows(history.read(tmp_path / "h.csv", COLUMNS)) == rows


def test_what_was_not_measured_is_an_empty_cell_and_nan_in_memory(tmp_path):
    history.write(tmp_path / "h.csv", [{"step": 1.0, "train_total": math.nan, "val_total": math.inf}], COLUMNS)
    assert (tmp_path / "h.csv").read_text().splitlines()[1] == "1" + "," * (len(COLUMNS) - 1)
    assert np.isnan(history.read(tmp_path / "h.csv", COLUMNS)["train_total"]).all()


def test_arrays_and_rows_are_each_others_inverse():
    assert history.to_rows(history.to_arrays(ROWS, COLUMNS)) == ROWS
    assert history.to_rows(history.to_arrays([], COLUMNS)) == []


def test_a_missing_file_is_an_empty_table(tmp_path):
    table = history.read(tmp_path / "none.csv", COLUMNS)
    assert list(table) == list(COLUMNS) and all(len(column) == 0 for column in table.values())


def test_a_table_cut_off_at_any_byte_loses_its_last_line_and_nothing_else(tmp_path):
    file = tmp_path / "h.csv"
    history.write(file, ROWS, COLUMNS)
    whole = file.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        complete = max(0, sum(end <= cut for end in ends) - 1)
        assert history.to_rows(history.read(file, COLUMNS)) == ROWS[:complete], cut


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
    assert len(history.read(tmp_path / "h.csv", COLUMNS)["epoch"]) == 0


def test_lines_that_are_no_numbers_are_left_out_and_the_others_stay(tmp_path):
    history.write(tmp_path / "h.csv", ROWS, COLUMNS)
    lines = (tmp_path / "h.csv").read_text().splitlines()
    lines.insert(2, "eight," + "," * (len(COLUMNS) - 2))
    lines.insert(3, "5,0.1")
    (tmp_path / "h.csv").write_text("\n".join(lines) + "\n")
    assert history.to_rows(history.read(tmp_path / "h.csv", COLUMNS)) == ROWS


def test_a_table_of_another_version_keeps_the_columns_it_has(tmp_path):
    (tmp_path / "h.csv").write_text("epoch,extra,step\n1.5,7,3\n")
    table = history.read(tmp_path / "h.csv", COLUMNS)
    assert table["step"].tolist() == [3] and table["epoch"].tolist() == [1.5] and np.isnan(table["lr"]).all()


def test_a_folder_in_the_place_of_a_table_is_an_empty_table(tmp_path):
    (tmp_path / "h.csv").mkdir()
    assert len(history.read(tmp_path / "h.csv", COLUMNS)["step"]) == 0


def test_the_columns_of_the_first_families_are_those_of_files_written_before_terms_had_names():
    losses = ("recon", "kl", "weighted_kl", "total")
    before = ("step", "epoch", "seconds", "lr", "beta", *(f"{p}_{name}" for p in ("train", "val") for name in losses))
    assert history.columns("vae") == history.columns("vad") == history.columns("ad") == before
    assert history.columns("ae") == tuple(c for c in before if "kl" not in c and c != "beta")
    assert history.columns("gan")[:8] == ("step", "epoch", "seconds", "lr", "d_lr", "d_loss", "g_loss", "d_real")


def filled(table: history.HistoryTable) -> list[history.Row]:
    return history.to_rows(table.arrays())


def test_a_table_grows_like_a_list_of_rows_and_arrays_given_away_never_change():
    """The oracle is a plain list of dictionaries; every array ever given away is compared with a copy made then."""
    rng, table, rows = random.Random(1), history.HistoryTable(COLUMNS), []
    given: list[tuple[history.Arrays, history.Arrays]] = []
    for step in range(700):
        row = {"step": float(step), "train_total": rng.random()} | ({"lr": rng.random()} if rng.random() < 0.5 else {})
        match rng.choice(("append", "append", "append", "merge", "merge again", "cut")):
            case "merge again" if rows:
                new = {"step": rows[-1]["step"], "val_total": rng.random()}
                table.merge(new)
                rows[-1] = rows[-1] | new
            case "merge":
                table.merge(row)
                rows.append(row)
            case "cut" if len(rows) > 5:
                table.cut(len(rows) - 3)
                del rows[-3:]
            case _:
                table.append(row)
                rows.append(row)
        now = {"step": step + 0.5, "val_kl": rng.random()} if rng.random() < 0.5 else None
        arrays = table.arrays(now)
        given.append((arrays, {c: a.copy() for c, a in arrays.items()}))
        assert history.to_rows(arrays) == rows + ([now] if now else []) and len(table) == len(rows)
    for arrays, copies in given:
        assert all(np.array_equal(arrays[c], copies[c], equal_nan=True) for c in COLUMNS)
    with pytest.raises(ValueError, match="read-only"):
        table.arrays()["step"][0] = 1.0


def test_rows_made_again_after_a_crash_replace_those_reported_before():
    table = history.HistoryTable(COLUMNS, [{"step": float(s), "lr": 1.0} for s in (8, 16, 24)])
    table.extend([{"step": 16.0, "lr": 2.0}, {"step": 24.0, "lr": 2.0}])
    assert filled(table) == [{"step": 8.0, "lr": 1.0}, {"step": 16.0, "lr": 2.0}, {"step": 24.0, "lr": 2.0}]
    table.extend([])
    assert len(table) == 3 and table.row(-1) == {"step": 24.0, "lr": 2.0}


def test_the_newest_figure_of_each_column():
    table = history.HistoryTable(COLUMNS, [{"step": float(s), "train_total": float(s)} for s in range(100)])
    table.merge({"step": 99.0, "val_total": 7.0})
    table.append({"step": 100.0, "train_total": 5.0})
    assert table.latest() == {"step": 100.0, "train_total": 5.0, "val_total": 7.0}
    assert table.latest(1) == {"step": 100.0, "train_total": 5.0} and history.HistoryTable(COLUMNS).latest() == {}


def test_a_file_is_only_appended_to_and_holds_all_rows_whatever_changed_in_between(tmp_path):
    table = history.HistoryTable(COLUMNS)
    file, path, before = history.HistoryFile(tmp_path / "h.csv", table), tmp_path / "h.csv", b""
    for epoch in range(1, 30):
        table.extend([{"step": epoch * 10.0 + k, "train_total": 1 / (epoch + k)} for k in range(3)])
        if epoch % 2:
            file.save()  # the last row is on disk when its validation arrives
        table.merge({"step": epoch * 10.0 + 2, "val_total": math.pi * epoch})
        file.save()
        file.save()
        now = path.read_bytes()
        assert now.startswith(before)
        before = now
        assert history.to_rows(history.read(path, COLUMNS)) == filled(table)


@pytest.mark.parametrize("change", ["gone", "longer", "cut"])
def test_a_file_that_others_changed_is_written_anew(tmp_path, change):
    table, path = history.HistoryTable(COLUMNS, ROWS), tmp_path / "h.csv"
    file = history.HistoryFile(path, table)
    file.save()
    match change:
        case "gone":
            path.unlink()
        case "longer":
            path.write_bytes(path.read_bytes() + b"99,half a li")
        case "cut":
            table.cut(1)
    file.save()
    assert history.to_rows(history.read(path, COLUMNS)) == filled(table)


def test_a_full_disk_costs_no_row_that_was_saved_and_the_next_save_brings_all(tmp_path, monkeypatch):
    table, path = history.HistoryTable(COLUMNS, ROWS), tmp_path / "h.csv"
    file = history.HistoryFile(path, table)
    file.save()
    table.append({"step": 33.0, "train_total": 0.5})

    def full(descriptor: int) -> None:
        with open(path, "r+b") as half:  # as much of the line as fitted
            half.truncate(path.stat().st_size - 4)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(history.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            file.save()
    assert history.to_rows(history.read(path, COLUMNS)) == ROWS
    file.save()
    assert history.to_rows(history.read(path, COLUMNS)) == filled(table)


def test_a_table_that_cannot_be_read_is_named_in_a_sentence(tmp_path, caplog):
    folder = tmp_path / "a-run"
    folder.mkdir()
    path = folder / "history.csv"
    assert history.load(path, COLUMNS)[1] == ""  # a run that has not begun
    history.write(path, ROWS, COLUMNS)
    assert history.load(path, COLUMNS)[1] == ""
    path.write_text("step,epoch\neight,nine\n")
    assert "none of its 1 rows can be read" in history.load(path, COLUMNS)[1]
    path.unlink()
    path.mkdir()
    assert "history.csv of 'a-run' cannot be read" in history.load(path, COLUMNS)[1]
    history.read(path, COLUMNS)
    assert "history.csv of 'a-run' cannot be read" in caplog.text


def test_a_table_is_read_once_while_its_file_stays_as_it_is(tmp_path, monkeypatch):
    file, read = tmp_path / "h.csv", []
    parse = history.csv_reader.parse
    monkeypatch.setattr(history.csv_reader, "parse", lambda *a: read.append(a) or parse(*a))

    def steps(age: float = 3600.0) -> list[float]:
        before = file.stat().st_mtime - age
        os.utime(file, (before, before))
        monkeypatch.setattr(history.kept_tables.time, "time", lambda: file.stat().st_ctime + age)
        table = history.read(file, COLUMNS)
        found = table["step"].tolist()
        table["step"][:] = -1  # the caller's own
        return found

    history.write(file, ROWS, COLUMNS)
    assert steps() == [0, 8, 25] and len(read) == 1
    stamp = file.stat()
    monkeypatch.setattr(history.kept_tables.os, "lstat", lambda path: stamp)
    assert history.read(file, COLUMNS)["step"].tolist() == [0, 8, 25] and len(read) == 1
    assert history.read(file, COLUMNS[:3])["step"].tolist() == [0, 8, 25] and len(read) == 2, "other columns"
    monkeypatch.undo()
    monkeypatch.setattr(history.csv_reader, "parse", lambda *a: read.append(a) or parse(*a))
    file.write_text(file.read_text().replace("\n8,", "\n9,"))  # of the same size
    assert steps() == [0, 9, 25] and len(read) == 3
    assert steps(age=0.0) == steps(age=0.0) == [0, 9, 25] and len(read) == 5, "changed a moment ago"


def test_the_tables_that_are_kept_have_a_bound():
    kept = history.KeptTables(10)
    stamp = history.kept_tables.Stamp(0, 0, 4, 0)
    for key in "abc":
        kept.put(key, stamp, key)
    assert [kept.get(key, stamp) for key in "abc"] == [None, "b", "c"]
    kept.get("b", stamp)
    kept.put("d", stamp._replace(size=5), "d")
    kept.put("e", stamp._replace(size=11), "e")
    assert [kept.get(key, stamp) for key in "bce"] == ["b", None, None], "the one used longest ago goes"
    assert kept.get("b", stamp._replace(changed=1)) is None


def test_the_columns_that_a_file_names_are_not_kept_as_no_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(history.kept_tables, "SETTLED", -60.0)  # as if the file had been left alone for long
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,2\n")
    assert list(history.load(path, None).table) == ["epoch", "loss"]
    assert list(history.load(path, ()).table) == []
    assert list(history.load(path, None).table) == ["epoch", "loss"]
