"""Tables that another program has saved: every usual way of writing the same numbers reads as the same numbers, nothing
is invented, and what would be lost by writing the file anew is kept."""

import csv
import io
import itertools
import math
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core import runs
from core.runs import Run, history
from tests.tiny_runs import drive, tiny, trained

COLUMNS = history.columns("vae")

ROWS = [
    {"step": 0.0, "epoch": 0.0, "val_total": 543.25, "lr": 1e-05},
    {"step": 8.0, "epoch": 1 / 3, "train_total": 1234.5678, "lr": 0.001, "beta": 0.0},
    {"step": 1250.0, "epoch": 1.0, "train_total": -17.5, "val_total": 1.5e300},
]


def saved_as(separator: str, decimal: str, ending: str, encoding: str, quoted: bool = False, hint: str = "") -> bytes:
    """The rows as a spreadsheet would save them; written by the standard library, not by the lab."""
    text = io.StringIO()
    if hint:
        text.write(hint + ending)
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=separator, lineterminator=ending, quoting=quoting)
    writer.writerow(COLUMNS)
    for row in ROWS:
        writer.writerow(repr(row[c]).replace(".", decimal) if c in row else "" for c in COLUMNS)
    return text.getvalue().encode(encoding)


WAYS = [
    (separator, decimal, ending, encoding)
    for separator, decimal in ((",", "."), (";", ","), (";", "."), ("\t", ","), ("\t", "."), (",", ","))
    for ending in ("\n", "\r\n", "\r")
    for encoding in ("utf-8", "utf-8-sig", "utf-16")
]


@pytest.mark.parametrize("way", WAYS, ids=repr)
def test_every_way_of_saving_the_same_numbers_reads_as_the_same_numbers(tmp_path, way):
    for quoted, hint in itertools.product((False, True), ("", f"sep={way[0]}")):
        (tmp_path / "h.csv").write_bytes(saved_as(*way, quoted, hint))
        found = history.load(tmp_path / "h.csv", COLUMNS)
        assert found.problem == "" and history.to_rows(found.table) == ROWS
        assert found.foreign or (way == (",", ".", "\n", "utf-8") and not quoted and not hint)  # as the lab writes it


def test_a_file_of_the_lab_is_not_foreign_not_even_a_cut_off_one(tmp_path):
    history.write(tmp_path / "h.csv", ROWS, COLUMNS)
    assert not history.load(tmp_path / "h.csv", COLUMNS).foreign
    content = (tmp_path / "h.csv").read_bytes()
    (tmp_path / "h.csv").write_bytes(content + b"1260,1.1")
    assert not history.load(tmp_path / "h.csv", COLUMNS).foreign
    (tmp_path / "h.csv").write_bytes(content + b"1260,1.1\n")
    assert history.load(tmp_path / "h.csv", COLUMNS).foreign


def test_thousands_are_not_taken_for_decimals(tmp_path):
    (tmp_path / "h.csv").write_text('step,epoch,lr\n"1,000",1,0.5\n8,0,0.25\n')
    table = history.load(tmp_path / "h.csv", COLUMNS).table
    assert table["step"].tolist() == [8] and table["lr"].tolist() == [0.25]
    (tmp_path / "h.csv").write_text("step;epoch;lr\n1,000;1;2\n8;0;3\n")
    assert history.load(tmp_path / "h.csv", COLUMNS).table["step"].tolist() == [8]


def test_rows_in_another_order_are_put_in_order_and_those_of_one_step_are_one(tmp_path):
    (tmp_path / "h.csv").write_text("step,lr,val_total\n8,0.5,\n0,0.5,9\n8,,7\n")
    found = history.load(tmp_path / "h.csv", COLUMNS)
    assert history.to_rows(found.table) == [
        {"step": 0.0, "lr": 0.5, "val_total": 9.0},
        {"step": 8.0, "lr": 0.5, "val_total": 7.0},
    ]
    assert found.foreign


def test_cells_without_a_finite_number_are_empty_and_a_row_without_a_step_is_none(tmp_path):
    (tmp_path / "h.csv").write_text("step,epoch,lr\nnan,1,1\ninf,1,1\n3,nan,-inf\n4," + "9" * 400 + ",1\n")
    assert history.to_rows(history.load(tmp_path / "h.csv", COLUMNS).table) == [{"step": 3.0}, {"step": 4.0, "lr": 1.0}]


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=300)
    | st.text('0123456789.,;\t\n\r"-+eEnaif steppoch\ufeff', max_size=300).map(str.encode)
)
@example(content=b'step,epoch\n"')
@example(content=b"sep=\n\n")
@example(content=b"step;step;step\n1;2;3\n")
def test_no_content_ends_the_reader_and_what_it_reads_are_finite_numbers_in_order(tmp_path, content):
    (tmp_path / "h.csv").write_bytes(content)
    for columns in (COLUMNS, None):
        found = history.load(tmp_path / "h.csv", columns)
        lengths = {len(column) for column in found.table.values()}
        assert len(lengths) <= 1 and isinstance(found.problem, str)
        if found.table:
            key = next(iter(found.table.values()))
            assert np.isfinite(key).all() and (np.diff(key) > 0).all()
            assert not any(np.isinf(column).any() for column in found.table.values())


def test_a_table_larger_than_any_training_writes_is_not_read(tmp_path):
    path = tmp_path / "h.csv"
    with open(path, "wb") as file:
        file.truncate(3_000_000_000)  # a hole: takes no room
    found = history.load(path, COLUMNS, epochs=10)
    assert "larger than" in found.problem and len(found.table["step"]) == 0
    # What 10,000 epochs write at their longest still fits.
    line = len(",".join([repr(-math.pi * 1e-300)] * len(COLUMNS))) + 1
    assert 10_000 * 52 * line < history.most_bytes(len(COLUMNS), 10_000)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        return trained(tiny(epochs=1), "run")


@pytest.mark.parametrize(
    "way", [(",", ".", "\n", "utf-8-sig"), (";", ",", "\r\n", "utf-8"), ("\t", ",", "\r\n", "utf-16")]
)
def test_a_run_whose_curves_a_spreadsheet_saved_goes_on_with_them_and_keeps_the_file(
    stopped, tmp_path, monkeypatch, way
):
    shutil.copytree(stopped.path, tmp_path / "runs" / "run")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    run = Run(tmp_path / "runs" / "run")
    before = history.to_rows(run.history())
    separator, decimal, ending, encoding = way
    lines = (run.path / "history.csv").read_text().splitlines()
    text = ending.join(line.replace(".", decimal) if decimal != "." else line for line in lines) + ending
    if separator != ",":
        cells = [line.split(",") for line in lines]
        text = ending.join(separator.join(c.replace(".", decimal) for c in row) for row in cells) + ending
    content = text.encode(encoding)
    (run.path / "history.csv").write_bytes(content)
    assert history.to_rows(run.history()) == before
    run.update_status(epochs=2)
    last = drive(run)[-1]
    assert last.state == "finished" and "history.csv had been changed by another program" in last.message
    assert (run.path / "history-original-1.csv").read_bytes() == content
    after = history.to_rows(run.history())
    assert after[: len(before)] == before and after[-1]["epoch"] == 2
    assert runs.open_run("run").status["message"] == last.message


def test_an_editor_that_takes_the_last_line_end_away_costs_no_row(stopped, tmp_path, monkeypatch):
    shutil.copytree(stopped.path, tmp_path / "runs" / "run")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    run = Run(tmp_path / "runs" / "run")
    before, kl = history.to_rows(run.history()), run.kl_history()
    for name in ("history.csv", "kl.csv"):
        (run.path / name).write_bytes((run.path / name).read_bytes().rstrip())
    assert history.to_rows(run.history()) == before and np.array_equal(run.kl_history()[1], kl[1])
    run.update_status(state="interrupted", epochs=2)
    assert len(run.history()["step"]) == len(before) - 1, "of a training that was cut off, the line may be half a line"
    drive(run)
    assert history.to_rows(run.history())[: len(before)] == before and len(run.kl_history()[0]) == len(kl[0]) + 1


def test_curves_that_cannot_be_read_are_never_overwritten(stopped, tmp_path, monkeypatch):
    shutil.copytree(stopped.path, tmp_path / "runs" / "run")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    run = Run(tmp_path / "runs" / "run")
    run.update_status(epochs=2)
    content = b"step|epoch\n1|2\n"
    (run.path / "history.csv").write_bytes(content)
    with pytest.raises(runs.RunError, match="cannot be resumed: history.csv of 'run' is damaged"):
        drive(run)
    assert (run.path / "history.csv").read_bytes() == content
