"""The script that trains the examples, with few images and epochs."""

import csv
import importlib.util

import numpy as np
import pytest
import torch

from core import runs
from core.evaluation import metrics
from core.images import convert
from core.recipes.examples import EXAMPLE, EXAMPLES, Example
from core.runs import weights
from core.runs.images import images_of
from core.system import paths


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("make_examples", paths.ROOT / "models_ckpt" / "make_examples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_example_keeps_what_pages_read_and_its_figures_are_those_of_the_weights_it_keeps(script, monkeypatch):
    name = EXAMPLE + "plane-vae"
    short = EXAMPLES[name].recipe.with_(train_images=320, epochs=8, hidden=(32,))
    monkeypatch.setitem(script.EXAMPLES, name, Example(short, "A short one."))
    script.make(name)
    run = runs.open_run(name)
    kept = {file.relative_to(run.path).as_posix() for file in run.path.rglob("*") if file.is_file()}
    tables = {"history.csv", "kl.csv"}
    frames = {f"frames/{epoch:04d}.png" for epoch in (0, 2, 8)}  # of four places along 8 epochs two are the same
    assert kept == {"best.safetensors", "evaluation.json", "recipe.json", "status.json"} | tables | frames
    assert run.recipe == short and run.status["state"] == "finished"
    tensors, _ = weights.load(run.path / "best.safetensors")
    assert {t.dtype for t in tensors.values() if t.is_floating_point()} == {torch.float16}
    assert len(np.unique(convert.from_png(run.frame(8)))) <= script.GREYS
    for table in tables:
        with (run.path / table).open(newline="") as file:
            cells = [cell for row in list(csv.reader(file))[1:] for cell in row if "." in cell]
        digits = [len(cell.split("e")[0].replace(".", "").lstrip("-0")) for cell in cells]
        assert cells and max(digits) <= script.DIGITS[table]
    found = metrics.evaluate(weights.load_model(run), images_of(run).test_images)
    assert run.evaluation()["total"] == pytest.approx(found["total"], rel=1e-5)
    content = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    script.shrink(run)
    assert content == {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}, (
        "reduced once for all"
    )
    script.make(name)  # once more: the old one is replaced
    assert [one.name for one in runs.list_runs()] == [name]


def test_rows_of_a_history_are_merged_to_their_mean_over_steps_and_those_of_validation_stay(script, tmp_path):
    """3 rows an epoch of 10 steps, 100 epochs: each later epoch becomes one row, as a log at its end would have it."""
    table, rng = tmp_path / "history.csv", np.random.default_rng(0)
    steps = np.array([[10 * e + s for s in (4, 8, 10)] for e in range(100)])
    losses = rng.normal(100, 10, steps.shape)
    lines = ["step,epoch,seconds,lr,beta,train_total,val_total", "0,0,0,0.1,1,,500"]
    for e, (at, values) in enumerate(zip(steps, losses, strict=True)):
        held_out = ("", "", repr(200.0 - e))
        lines += [f"{s},{s / 10:g},{s},0.1,1,{float(v)!r},{h}" for s, v, h in zip(at, values, held_out, strict=True)]
    table.write_text("\n".join(lines) + "\n")
    script._merge(table)
    with table.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == lines[0].split(",") and [",".join(row) for row in rows[:7]] == lines[1:8], "whole at first"
    assert [int(row[0]) for row in rows[7:]] == list(range(30, 1001, 10)), "then a row an epoch"
    wanted = np.average(losses[2:], axis=1, weights=[4, 4, 2])
    np.testing.assert_allclose([float(row[5]) for row in rows[7:]], wanted, rtol=1e-12)
    assert [float(row[6]) for row in rows[7:]] == [200.0 - e for e in range(2, 100)]


def test_a_frame_is_kept_in_few_grey_levels_or_colours(script):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (9, 15), dtype=np.uint8)  # an odd width: the last byte of a row holds one pixel
    kept = convert.from_png(script._small_png(grey))
    of_a_png = np.array([0, 2, 4, 6, 9, 11, 13, 15]) * 17  # eight levels from 0 to 255, as four bits have them
    np.testing.assert_array_equal(kept, of_a_png[np.round(grey / 255 * 7).astype(int)])
    np.testing.assert_array_equal(convert.from_png(script._small_png(kept)), kept)
    few = np.array([[250, 20, 30], [0, 0, 0], [10, 200, 90]], np.uint8)[rng.integers(0, 3, (8, 8))]
    np.testing.assert_array_equal(convert.from_png(script._small_png(few)), few)
    many = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert len(np.unique(convert.from_png(script._small_png(many)).reshape(-1, 3), axis=0)) <= script.COLOURS
