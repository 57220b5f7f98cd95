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
    frames = {f"frames/{epoch:04d}.png" for epoch in (0, 2, 4, 8)}  # of five places along 8 epochs two are the same
    assert kept == {"best.safetensors", "evaluation.json", "recipe.json", "status.json"} | tables | frames
    assert run.recipe == short and run.status["state"] == "finished"
    tensors, _ = weights.load(run.path / "best.safetensors")
    assert {t.dtype for t in tensors.values() if t.is_floating_point()} == {torch.float16}
    assert len(np.unique(convert.from_png(run.frame(8)))) <= script.GREYS
    with (run.path / "history.csv").open(newline="") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in row if cell]
    assert all(len(cell.split("e")[0].replace(".", "").lstrip("-0")) <= script.DIGITS for cell in cells if "." in cell)
    found = metrics.evaluate(weights.load_model(run), images_of(run).test_images)
    assert run.evaluation()["total"] == pytest.approx(found["total"], rel=1e-5)
    script.make(name)  # once more: the old one is replaced
    assert [one.name for one in runs.list_runs()] == [name]
