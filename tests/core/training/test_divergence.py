"""A learning rate that is too high ends in a plain sentence and the last good weights, never in pictures of nothing."""

import math

import numpy as np
import pytest
import torch

from core import runs
from core.runs import frames, weights
from core.runs.history import columns
from core.training import loop
from core.training.events import Batch, Control, EpochEnd, Report
from core.training.loop import train
from tests.tiny_runs import drive, tiny

WILD = [
    {"lr": 10.0, "optimizer": "adam"},
    {"lr": 10.0, "optimizer": "sgd"},
    {"lr": 10.0, "optimizer": "sgd", "model": "ae", "likelihood": "mse"},
    {"lr": 10.0, "optimizer": "adam", "network": "conv"},
    {"lr": 10.0, "optimizer": "adam", "likelihood": "gaussian-learned"},
    {"lr": 10.0, "optimizer": "sgd", "likelihood": "gaussian", "sigma": 0.01},
]


@pytest.mark.parametrize("wild", WILD, ids=lambda w: "-".join(map(str, w.values())))
def test_a_learning_rate_of_ten_ends_in_a_sentence_and_the_best_weights(wild):
    run = runs.create(tiny(**wild, epochs=20))
    end = drive(run)[-1]
    assert end.state == "diverged" == run.status["state"]
    assert end.message == run.status["message"]
    assert end.message.startswith("The loss ") and "best weights" in end.message
    assert end.message.endswith("Try a smaller learning rate, such as 1.")
    model = weights.load_model(run, "best")
    assert all(t.isfinite().all() for t in model.state_dict().values())
    assert math.isfinite(run.status["best_total"])
    assert model.sample(4, torch.Generator().manual_seed(0)).isfinite().all()


def test_the_pictures_of_a_diverged_run_are_pictures():
    run = runs.create(tiny(lr=10.0, epochs=20))
    drive(run)
    assert run.frames()[0] == 0
    for epoch in run.frames():
        originals, seen, new = frames.split(run.frame(epoch))
        assert originals.std() > 0 and seen.shape == (12, 28, 28) and new.shape == (48, 28, 28)


def test_weights_that_turn_into_nan_end_the_run_within_one_report():
    run, control, batches = runs.create(tiny(epochs=50)), Control(report=True), 0
    events = train(run, "cpu", control)
    for event in events:
        control.report = True
        if isinstance(event, Batch):
            batches += 1
            if batches == 6:
                model = events.gi_yieldfrom.gi_frame.f_locals["trainer"].model
                with torch.no_grad():
                    next(model.parameters()).fill_(math.nan)
        last = event
    assert last.state == "diverged" and "became infinite" in last.message
    assert run.status["step"] == 7 and run.status["best_epoch"] <= 1
    assert all(t.isfinite().all() for t in weights.load_model(run).state_dict().values())


def test_a_diverged_run_is_never_saved_as_it_is_now(monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", (0.0, 0.0))  # saved after every single batch
    monkeypatch.setattr(loop, "REPORT_SECONDS", math.inf)
    run = runs.create(tiny(lr=10.0, optimizer="sgd", epochs=20))
    assert drive(run)[-1].state == "diverged"
    for which in ("best", "last", "resume"):
        tensors, _ = weights.load(run.path / f"{which}.safetensors")
        assert all(t.isfinite().all() for n, t in tensors.items() if t.is_floating_point() and "sums" not in n), which


def test_a_diverged_run_shows_how_far_it_came_and_can_go_on_at_a_lower_rate():
    run = runs.create(tiny(epochs=6))
    drive(run, stop_after=8)
    control = Control({"lr": 10.0})
    assert drive(run, control)[-1].state == "diverged"
    history = run.history()
    assert list(history) == list(columns("vae")) and history["step"][-1] >= 8
    assert run.status["best_epoch"] <= 6 and run.resumable
    best = weights.load_model(run, "best")
    again = train(run, "cpu", Control({"lr": 1e-3}))
    next(again)
    trainer = again.gi_yieldfrom.gi_frame.f_locals["trainer"]
    assert all(torch.equal(p, q) for p, q in zip(trainer.model.parameters(), best.parameters(), strict=True))
    end = list(again)[-1]
    assert end.state == "finished" and run.status["state"] == "finished" and run.status["message"] == ""
    assert np.isfinite(run.history()["val_total"][-1])


def test_the_curve_of_a_diverged_run_crosses_to_a_page_without_breaking_it():
    import json

    run = runs.create(tiny(lr=10.0, epochs=20))
    reports = [e for e in drive(run) if isinstance(e, Report)]
    for report in reports:  # what the worker sends
        assert json.loads(json.dumps(report.rows)) is not None
    text = run.csv()
    assert "nan" not in text and "inf" not in text


def test_a_high_but_honest_loss_is_no_divergence():
    run = runs.create(tiny(epochs=2, likelihood="gaussian", sigma=0.01))  # half a million nats at the beginning
    assert run.recipe.sigma == 0.01
    assert drive(run)[-1].state == "finished"


def test_raising_beta_in_mid_run_is_no_explosion_and_the_best_weights_keep_their_record():
    run = runs.create(tiny(beta=0.0, epochs=4))
    control = Control()
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and event.epoch == 2:
            control.changes["beta"] = 100.0
    assert event.state == "finished", event.message
    _, facts = weights.load(run.path / "best.safetensors")
    assert math.isfinite(facts["val_total"])
