"""The loop: every image once an epoch, means over images, one batch between a wish and its effect."""

import copy
import math

import numpy as np
import pytest
import torch

from core import data, runs
from core.evaluation import metrics
from core.images import convert
from core.jobs.training_job import TrainingJob
from core.models import build, optimizers
from core.runs import frames, weights
from core.training import base_trainer, loop
from core.training.autoencoder_trainer import FIRST, LAST, RISE, AutoencoderTrainer, one_cycle
from core.training.events import Batch, Changed, Control, EarlyFrame, EpochEnd, Evaluating, Finished, Report, Started
from core.training.loop import train
from tests.tiny_runs import drive, epoch_ends, tiny, trained

CPU = torch.device("cpu")


def finite(column: np.ndarray) -> np.ndarray:
    return column[np.isfinite(column)]


@pytest.mark.parametrize("images, batch", [(1, 16), (5, 16), (16, 16), (33, 16), (64, 16), (7, 1)])
def test_every_image_is_seen_once_an_epoch_also_with_a_short_last_batch(images, batch):
    trainer = AutoencoderTrainer(tiny(train_images=images, batch_size=batch), CPU)
    marks = torch.arange(images, dtype=torch.uint8)
    trainer.train_images = marks.view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous()
    seen, loss = [], trainer.model.loss

    def watched(x, generator, posterior):
        seen.append((x[:, 0, 0, 0] * 255).round().int().tolist())
        return loss(x, generator, posterior)

    trainer.model.loss = watched
    for _ in range(2):
        seen.clear()
        while not trainer.epoch_done:
            trainer.step()
        assert sorted(i for part in seen for i in part) == marks.tolist()
        assert [len(part) for part in seen[:-1]] == [batch] * (math.ceil(images / batch) - 1)
        trainer.end_epoch()


def test_a_set_of_one_image_trains(tmp_path):
    run = trained(tiny(train_images=1, validation=1))
    assert np.isfinite(run.history()["train_total"][1:]).all()


def test_every_epoch_has_an_order_of_its_own():
    trainer = AutoencoderTrainer(tiny(), CPU)
    orders = []
    for _ in range(3):
        orders.append(tuple(trainer.order.tolist()))
        trainer.end_epoch()
    assert len(set(orders)) == 3


@pytest.mark.parametrize("images, batch", [(1, 16), (10, 16), (50, 16), (197, 7)])
def test_the_curve_holds_means_over_images_and_not_over_batches(images, batch, monkeypatch):
    monkeypatch.setattr(optimizers.SGD, "step", lambda self: None)  # weights that stand still
    recipe = tiny(train_images=images, batch_size=batch, epochs=1, optimizer="sgd")
    run = trained(recipe)
    image_set = data.load("digits")
    rows, _ = data.split(image_set, recipe.validation, images)
    x = convert.to_tensor(image_set.train_images[rows], CPU)
    # What the frozen model costs, image by image, with the very ε of the run: drawn batch by batch in its order.
    model, noise = build(recipe), torch.Generator().manual_seed(recipe.seed)
    trainer = AutoencoderTrainer(recipe, CPU)
    recon, kl = torch.zeros(images), torch.zeros(images)
    for part in trainer.order.split(batch):
        losses = model.loss(x[part], noise)
        recon[part], kl[part] = losses.recon.detach(), losses.kl.detach()
    history = run.history()
    steps, totals = history["step"][1:], history["train_recon"][1:]
    sizes = np.diff(np.minimum(np.concatenate([[0], steps]) * batch, images))
    assert sizes.sum() == images
    assert (totals * sizes).sum() / images == pytest.approx(float(recon.mean()), rel=1e-6)
    assert (history["train_kl"][1:] * sizes).sum() / images == pytest.approx(float(kl.mean()), rel=1e-5)


def test_validation_is_measured_on_held_out_images_only():
    recipe = tiny(epochs=1)
    run = trained(recipe)
    image_set = data.load("digits")
    train_rows, held = data.split(image_set, recipe.validation, recipe.train_images)
    assert not set(train_rows) & set(held)
    from core.runs import weights

    last = weights.load_model(run, "last")
    scores = metrics.score(last, convert.to_byte_tensor(image_set.train_images[held], CPU))
    history = run.history()
    assert history["val_recon"][-1] == pytest.approx(scores.recon, rel=1e-6)
    assert history["val_kl"][-1] == pytest.approx(scores.kl, rel=1e-6)
    assert last.kl_per_dim.numpy() == pytest.approx(scores.kl_per_dim, rel=1e-5)


@pytest.mark.parametrize("beta, warmup", [(0.0, 0), (2.5, 0), (4.0, 1.5)])
def test_the_weighted_terms_add_up_with_the_beta_that_is_shown(beta, warmup):
    h = trained(tiny(beta=beta, beta_warmup=warmup, epochs=3, train_images=16 * 20)).history()
    train_rows, val_rows = np.isfinite(h["train_total"]), np.isfinite(h["val_total"])
    assert h["train_total"][train_rows] == pytest.approx((h["train_recon"] + h["train_weighted_kl"])[train_rows])
    assert h["val_weighted_kl"][val_rows] == pytest.approx((h["beta"] * h["val_kl"])[val_rows])
    assert h["val_total"][val_rows] == pytest.approx((h["val_recon"] + h["val_weighted_kl"])[val_rows])
    if not warmup:
        assert h["train_weighted_kl"][train_rows] == pytest.approx((h["beta"] * h["train_kl"])[train_rows])


def test_the_beta_shown_is_the_beta_in_the_gradient():
    recipe = tiny(beta=3.0, optimizer="sgd", lr=1e-3)
    trainer = AutoencoderTrainer(recipe, CPU)
    twin = build(recipe)
    x = convert.scale_bytes(trainer.train_images[trainer.order[:16]])
    losses = twin.loss(x, torch.Generator().manual_seed(recipe.seed))
    ((losses.recon + 3.0 * losses.kl).mean()).backward()
    trainer.step()
    for ours, theirs in zip(trainer.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours.detach(), (theirs - 1e-3 * theirs.grad).detach())


def test_beta_warms_up_in_a_straight_line():
    trainer = AutoencoderTrainer(tiny(beta=4.0, beta_warmup=2.5), CPU)
    betas = []
    for _ in range(3):
        while not trainer.epoch_done:
            trainer.step()
        betas += trainer.batch_weights["beta"]
        trainer.end_epoch()
    expected = [4.0 * min(1.0, step / trainer.batches / 2.5) for step in range(len(betas))]
    assert betas == pytest.approx(expected) and betas[0] == 0.0 and betas[-1] == 4.0


def test_a_change_of_rate_or_beta_acts_on_the_very_next_batch_and_leaves_a_mark():
    run, control, events = runs.create(tiny(epochs=3)), Control(), []
    for event in train(run, "cpu", control):
        events.append(event)
        if sum(isinstance(e, Batch) for e in events) == 6 and isinstance(event, Batch):
            control.changes |= {"lr": 5e-4, "beta": 2.0}
    marks = [e.change for e in events if isinstance(e, Changed)]
    assert (
        marks
        == run.status["changes"]
        == [
            {"step": 6, "epoch": 1.5, "field": "lr", "old": 1e-3, "new": 5e-4},
            {"step": 6, "epoch": 1.5, "field": "beta", "old": 1.0, "new": 2.0},
        ]
    )
    h = run.history()
    assert (h["beta"][h["step"] <= 6] == 1).all() and (h["beta"][h["step"] > 6] == 2).all()
    assert (h["lr"][h["step"] > 6] == 5e-4).all()


def test_each_weight_of_a_family_can_change_and_the_total_of_the_curve_follows():
    run, control = runs.create(tiny("info-vae", beta=0.5, mmd_weight=20.0, epochs=2)), Control()
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and event.epoch == 1:
            control.changes |= {"beta": 1.0, "mmd_weight": 3.0}
    assert [(c["field"], c["old"], c["new"]) for c in run.status["changes"]] == [
        ("beta", 0.5, 1.0),
        ("mmd_weight", 20.0, 3.0),
    ]
    h = run.history()
    later = h["step"] > 4
    assert (h["mmd_weight"][~later] == 20).all() and (h["mmd_weight"][later] == 3).all()
    wanted = h["train_recon"] + h["beta"] * h["train_kl"] + h["mmd_weight"] * h["train_mmd"]
    known = np.isfinite(h["train_total"])
    np.testing.assert_allclose(h["train_total"][known], wanted[known], rtol=1e-5)


def test_bins_trained_before_a_change_of_rate_keep_the_old_rate():
    run, control, batches = runs.create(tiny(epochs=1, train_images=24, batch_size=1)), Control(), 0
    for event in train(run, "cpu", control):
        batches += isinstance(event, Batch)
        if batches == 16:
            control.changes["lr"] = 1e-5
    h = run.history()
    assert dict(zip(h["step"], h["lr"], strict=True)) == {0: 1e-3, 8: 1e-3, 16: 1e-3, 24: 1e-5}


@pytest.mark.parametrize("batches, bins", [(1, 1), (8, 1), (15, 1), (16, 2), (25, 3), (401, 44), (1_000, 50)])
def test_no_point_of_the_curve_stands_for_many_fewer_batches_than_the_others(batches, bins, monkeypatch):
    monkeypatch.setattr(AutoencoderTrainer, "position_row", base_trainer.BaseTrainer.position_row)
    monkeypatch.setattr(AutoencoderTrainer, "loss_row", lambda *part: {})  # no step was taken
    trainer = AutoencoderTrainer(tiny(train_images=batches, batch_size=1), CPU)
    ends = [row["step"] for row in trainer.curve(0, trainer.batches)]
    widths = np.diff([0, *ends])
    assert len(ends) == bins and ends[-1] == batches and np.ptp(widths) <= 1
    assert bins == 1 or widths.min() >= base_trainer.LEAST_PER_BIN
    # Taken up piece by piece, as a training does it, with what is left of the running bin last.
    pieces, sent = [], 0
    for batch in range(1, batches + 1):
        whole = batch if batch == batches else trainer.bin_start(batch)
        pieces += [row["step"] for row in trainer.curve(sent, whole)]
        sent = whole
    assert pieces == ends


def test_a_changed_learning_rate_is_the_one_that_is_used():
    one, two = AutoencoderTrainer(tiny(optimizer="sgd"), CPU), AutoencoderTrainer(tiny(optimizer="sgd"), CPU)
    start = copy.deepcopy(one.model.state_dict())
    two.lr = one.lr / 2
    one.step()
    two.step()
    for name, _ in one.model.named_parameters():
        torch.testing.assert_close(
            (one.model.state_dict()[name] - start[name]) / 2,
            two.model.state_dict()[name] - start[name],
            rtol=1e-3,
            atol=1e-7,
        )


@pytest.mark.parametrize("epochs, batch", [(4, 1), (9, 7)])
def test_one_cycle_is_torchs_own(epochs, batch):
    trainer = AutoencoderTrainer(
        tiny(schedule="one-cycle", lr=3e-3, epochs=epochs, train_images=64, batch_size=batch), CPU
    )
    total = epochs * trainer.batches
    adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        adam, 3e-3, total, pct_start=RISE, div_factor=1 / FIRST, final_div_factor=FIRST / LAST
    )
    for step in range(total):
        assert trainer.lr_at(step / trainer.batches) == pytest.approx(adam.param_groups[0]["lr"], abs=3e-3 * 8 / total)
        adam.step()
        if step < total - 1:
            theirs.step()


def test_the_schedules_rate_is_the_one_that_is_used_and_shown():
    run = trained(tiny(schedule="one-cycle", epochs=4, train_images=64, batch_size=2))
    h = run.history()
    expected = [1e-3 * one_cycle(epoch / 4) for epoch in h["epoch"]]
    np.testing.assert_allclose(h["lr"], expected, rtol=1e-6)
    assert h["lr"].max() > 0.9e-3 and h["lr"][-1] == pytest.approx(1e-5)
    one, two = (AutoencoderTrainer(tiny(optimizer="sgd", schedule=how), CPU) for how in ("constant", "one-cycle"))
    start = copy.deepcopy(one.model.state_dict())
    one.step()
    two.step()
    for name, _ in one.model.named_parameters():
        torch.testing.assert_close(
            (one.model.state_dict()[name] - start[name]) * FIRST,
            two.model.state_dict()[name] - start[name],
            rtol=1e-2,
            atol=1e-7,
        )


def test_more_epochs_after_a_schedules_end_go_on_with_its_smallest_steps():
    trainer = AutoencoderTrainer(tiny(schedule="one-cycle", epochs=2), CPU)
    assert trainer.lr_at(2) == trainer.lr_at(5) == pytest.approx(1e-3 * LAST)


def test_the_second_memory_of_adam_is_the_recipes():
    assert AutoencoderTrainer(tiny(beta2=0.9), CPU).optimizer.param_groups[0]["betas"] == (0.9, 0.9)


def test_training_runs_as_many_epochs_as_asked_and_takes_a_picture_of_each():
    run = runs.create(tiny(epochs=3))
    events = drive(run)
    assert isinstance(events[0], Started) and events[-1] == Finished("finished", "")
    assert [e.epoch for e in epoch_ends(events)] == [0, 1, 2, 3] == run.frames()
    assert run.status["state"] == "finished" and run.status["epoch"] == 3 and run.status["step"] == 12
    assert sum(isinstance(e, Batch) for e in events) == 12
    evaluated = [e.share for e in events if isinstance(e, Evaluating)]
    assert evaluated[0] == 0 and evaluated[-1] == 1 and evaluated == sorted(evaluated)
    assert [type(e) for e in events[-len(evaluated) - 1 : -1]] == [Evaluating] * len(evaluated), "after all epochs"
    assert run.history()["epoch"][-1] == 3 and len(run.kl_history()[0]) == 4


def test_a_long_first_epoch_has_pictures_within_it_which_change_nothing_else(monkeypatch):
    recipe = tiny(batch_size=8)  # eight batches an epoch
    plain = trained(recipe)
    monkeypatch.setattr(frames, "LONG_EPOCH", 8)
    run = runs.create(recipe)
    job, events = TrainingJob(runs.create(recipe)), drive(run)
    for event in events:
        if isinstance(event, (EarlyFrame, EpochEnd)):
            job.on_event(event)
    assert run.frames() == job.snapshot().frames == [0, 0.125, 0.25, 0.5, 1, 2] and plain.frames() == [0, 1, 2]
    with_them, without = (weights.load(one.path / "last.safetensors")[0] for one in (run, plain))
    assert with_them.keys() == without.keys() and all(map(torch.equal, with_them.values(), without.values()))
    assert all(run.frame(epoch) == plain.frame(epoch) for epoch in plain.frames())
    trainer = AutoencoderTrainer(recipe, CPU)
    trainer.begin()
    for _ in range(4):
        trainer.step()
    assert run.frame(0.5) == trainer.render_preview()
    cut = runs.create(recipe)
    drive(cut, stop_after=3)
    drive(cut)
    assert [cut.frame(epoch) for epoch in cut.frames()] == [run.frame(epoch) for epoch in run.frames()]


def test_a_plateau_ends_training_after_that_many_epochs_without_a_better_loss():
    run = runs.create(tiny(epochs=100, patience=3, train_images=16, lr=0.02))  # soon learnt by heart
    events = drive(run)
    totals = [e.row["val_total"] for e in epoch_ends(events)]
    # The rule, by hand: stop at the first epoch that lies `patience` after the lowest loss so far.
    best = [int(np.argmin(totals[: k + 1])) for k in range(len(totals))]
    stops = [k for k in range(1, len(totals)) if k - best[k] >= 3]
    assert "plateau" in events[-1].message and stops == [len(totals) - 1]


def test_minutes_end_training_within_one_batch(monkeypatch):
    run, batches = runs.create(tiny(epochs=50, max_minutes=1.0)), 0
    clock = iter(range(0, 10**9, 7))
    monkeypatch.setattr(loop.time, "perf_counter", lambda: float(next(clock)))
    events = list(train(run, "cpu"))
    batches = sum(isinstance(e, Batch) for e in events)
    assert events[-1].state == "finished" and "1 minutes" in events[-1].message
    assert run.status["seconds"] >= 60 and batches < 10 and run.has_weights


def test_a_stop_acts_before_the_next_batch_and_leaves_usable_weights():
    run = runs.create(tiny(epochs=50))
    events = drive(run, stop_after=6)
    assert sum(isinstance(e, Batch) for e in events) == 6 == run.status["step"]
    assert events[-1].state == "stopped" == run.status["state"] and run.resumable and run.has_weights


def test_a_stop_within_an_epoch_leaves_a_history_in_order():
    run = runs.create(tiny(epochs=50, train_images=200, batch_size=4))
    drive(run, stop_after=70)
    steps = run.history()["step"]
    assert (np.diff(steps) > 0).all() and steps[-1] == 70
    assert np.isfinite(run.history()["val_total"][-1])


def test_a_report_can_be_had_after_every_batch():
    run, control, reports = runs.create(tiny(epochs=1)), Control(), []
    for event in train(run, "cpu", control):
        control.report = True
        reports += [event] if isinstance(event, Report) else []
    assert [r.step for r in reports] == [1, 2, 3, 4]
    assert all(math.isfinite(r.now["train_total"]) for r in reports[:-1])


def test_a_pause_is_as_long_as_nobody_asks_for_more():
    run = runs.create(tiny(epochs=1))
    events = train(run, "cpu")
    next(e for e in events if isinstance(e, Batch))
    assert run.status["state"] == "running" and run.locked()
    assert [e for e in events if isinstance(e, Batch)][-1] is not None
    assert run.status["state"] == "finished" and not run.locked()


def test_the_global_random_state_and_the_thread_count_are_left_as_they_were():
    torch.manual_seed(9)
    np.random.seed(9)  # noqa: NPY002
    before, numbers, threads = torch.get_rng_state(), np.random.get_state()[1].tolist(), torch.get_num_threads()
    torch.set_num_threads(2)
    trained(tiny(epochs=1))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before) and np.random.get_state()[1].tolist() == numbers


def test_the_thread_count_comes_back_when_the_generator_is_closed_early():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    events = train(runs.create(tiny()), "cpu")
    next(events)
    events.close()
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)


def test_training_does_not_look_at_the_test_images(monkeypatch):
    from core.runs import weights

    original, digits = data.load, data.load("digits")
    first = trained()
    noise = np.random.default_rng(0).integers(0, 256, digits.test_images.shape, dtype=np.uint8)
    other = data.ImageSet("digits", digits.train_images, digits.train_labels, noise, digits.test_labels, digits.classes)
    monkeypatch.setattr(data, "load", lambda *a, **options: other)
    second = trained()
    assert original("digits").test_images is digits.test_images
    for which in ("best", "last"):
        one, two = (weights.load(run.path / f"{which}.safetensors") for run in (first, second))
        assert one[1] == two[1] and all(torch.equal(one[0][k], two[0][k]) for k in one[0])
    assert first.evaluation()["recon"] != second.evaluation()["recon"]


def test_the_evaluation_scores_the_best_weights_on_the_test_set():
    from core.runs import weights

    run = trained(tiny(epochs=4))
    again = metrics.evaluate(weights.load_model(run, "best"), data.load("digits").test_images)
    assert run.evaluation() == again | {"epoch": run.status["best_epoch"]}


def test_a_stop_while_the_run_is_scored_says_so_unless_the_score_is_complete():
    def stopped(run: runs.Run, after: int) -> tuple[int, str]:
        control, shares, said = Control(), 0, ""
        for event in train(run, "cpu", control):
            shares += isinstance(event, Evaluating)
            control.stop = shares >= after
            said = event.message if isinstance(event, Finished) else said
        return shares, said

    shares, _ = stopped(runs.create(tiny(epochs=1), "whole"), 1_000)
    late, early = (runs.create(tiny(epochs=1), name) for name in ("late", "early"))
    assert stopped(late, shares) == (shares, "") and late.evaluation() is not None
    count, said = stopped(early, 1)
    assert count == 1 and said == "It was stopped before it was scored on the test set."
    assert early.evaluation() is None and early.status["state"] == "finished"


def test_best_weights_are_those_of_the_epoch_with_the_lowest_validation_loss():
    from core.runs import weights

    run = trained(tiny(epochs=8, lr=0.03))
    h = run.history()
    rows = np.isfinite(h["val_total"])
    tensors, facts = weights.load(run.path / "best.safetensors")
    assert facts["epoch"] == h["epoch"][rows][np.argmin(h["val_total"][rows])] == run.status["best_epoch"]
    _, held = data.split(data.load("digits"), 20, 64)
    scores = metrics.score(weights.load_model(run), convert.to_byte_tensor(data.load("digits").train_images[held], CPU))
    assert scores.total() == pytest.approx(h["val_total"][rows].min(), rel=1e-6)


def test_an_epochs_end_says_what_the_files_say():
    run = runs.create(tiny(epochs=2))
    ends = epoch_ends(drive(run))
    h = run.history()
    assert [e.row["val_total"] for e in ends] == finite(h["val_total"]).tolist()
    assert np.array([e.kl_per_dim for e in ends]) == pytest.approx(run.kl_history()[1])
    assert isinstance(ends[0], EpochEnd) and ends[0].best


@pytest.mark.slow
def test_training_learns_something():
    run = trained(tiny(epochs=30, hidden=(64,), latent_dim=8, train_images=600, lr=3e-3))
    losses = finite(run.history()["val_total"])
    assert losses[-1] < 0.5 * losses[0]


def test_a_run_keeps_the_newest_frame_and_of_the_old_ones_only_those_that_a_film_needs(monkeypatch):
    monkeypatch.setattr(frames, "ALL_KEPT", 2)
    run = runs.create(tiny(train_images=16, validation=4, epochs=11))
    ends = epoch_ends(drive(run))
    assert [end.epoch for end in ends] == list(range(12))
    assert run.frames() == [0, 1, 2, 4, 8, 11]  # all up to 2, every second up to 4, every fourth up to 8, the newest
    job = TrainingJob(runs.create(tiny()))
    for end in ends:
        job.on_event(end)
    assert job.snapshot().frames == run.frames()
