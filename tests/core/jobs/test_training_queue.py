"""The queue and its worker process: orders act within one batch, a crash stays outside, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from core import runs
from core.jobs import child_process, messages, tasks, training_queue, worker
from core.jobs import queue as jobs_queue
from core.jobs.channel import Channel
from core.jobs.executor import WORKERS
from core.jobs.messages import Command, Order
from core.jobs.queue import JobQueue, use_queue
from core.jobs.speed_estimates import SpeedTestJob
from core.jobs.training_queue import TrainingQueue
from core.recipes.recipe import RecipeError
from core.runs import RunError, weights
from core.system import devices, paths
from core.training.events import EpochEnd, Report
from tests.process_end import gone, needs_pidfd
from tests.tiny_runs import tiny

LONG = tiny(epochs=10_000)
ENDLESS = 60.0  # seconds until a test gives up; it never waits that long when all is well


@pytest.fixture(scope="module", autouse=True)
def shared_board(tmp_path_factory):
    """One worker process for most tests: it spends seconds importing torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("LATENT_LAB_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("LATENT_LAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        board = TrainingQueue("cpu")
        yield board
        board.close()


@pytest.fixture(autouse=True)
def own_runs():
    """The worker process keeps the folder that it was started with: these tests share it."""


@pytest.fixture
def board(shared_board):
    yield shared_board
    for job in reversed(shared_board.jobs()):
        if job.active:
            job.stop()
            assert job.wait(lambda j: not j.active, ENDLESS)


def done(job) -> str:
    assert job.wait(lambda j: not j.active, ENDLESS), job.state
    return job.state


def reaches(job, state: str) -> None:
    assert job.wait(lambda j: j.state == state, ENDLESS), (job.state, job.message)


def running(board, recipe=LONG, name=None):
    job = board.submit(recipe, name)
    assert job.wait(lambda j: j.state == "running" and j.snapshot().step > 0, ENDLESS)
    return job


def paused(board, recipe=LONG):
    job = running(board, recipe)
    job.pause()
    reaches(job, "paused")
    return job


def kill(board) -> None:
    """Kill the process that trains now."""
    for process_id in board.queue.executor.processes():
        os.kill(process_id, getattr(signal, "SIGKILL", signal.SIGTERM))


def test_a_job_trains_to_its_end_and_its_snapshot_is_the_runs_own_history(board):
    job = board.submit(tiny(epochs=3))
    assert done(job) == "finished" and job.message == ""
    shot, history = job.snapshot(), job.run.history()
    assert shot.points["step"].tolist() == history["step"].tolist()
    for column in ("train_total", "val_total", "lr", "beta"):
        assert str(shot.points[column].tolist()) == str(history[column].tolist())
    assert shot.epoch == 3 == shot.epochs and shot.frames == [0, 1, 2, 3] == job.run.frames()
    assert shot.kl_per_dim == pytest.approx(job.run.kl_per_dim())
    assert job.position == -1 and job.run.status["state"] == "finished"


def test_the_worker_trains_what_the_generator_trains_in_this_process(board, monkeypatch):
    from tests.tiny_runs import drive

    job = board.submit(tiny(epochs=2))
    done(job)
    here = runs.create(tiny(epochs=2))
    drive(here)
    ours, theirs = (weights.load(r.path / "last.safetensors")[0] for r in (here, job.run))
    assert all(torch.equal(ours[k], theirs[k]) for k in ours)


def speed_test(board, recipe) -> SpeedTestJob:
    return next(job for job in board.queue.jobs(SpeedTestJob) if job.recipe == recipe)


def test_the_worker_measures_how_quickly_a_recipe_trains_while_it_has_nothing_else_to_do(board):
    recipe = tiny(hidden=(17,))
    assert board.speeds.request([recipe])
    assert done(speed_test(board, recipe)) == "finished" and board.speeds.known(recipe) > 0
    assert not board.speeds.request([recipe]) and done(board.submit(tiny(epochs=1))) == "finished"


def test_a_training_does_not_wait_for_what_is_being_measured(board):
    done(board.submit(tiny(epochs=1)))  # the process has started
    slow = tiny("conv-vae", channels=(64, 128, 128), hidden=(500,), batch_size=64)
    waiting = tiny("conv-vae", channels=(64, 64, 128), hidden=(500,), batch_size=64)
    board.speeds.request([slow, waiting])
    test, other = speed_test(board, slow), speed_test(board, waiting)
    reaches(test, "running")
    job = board.submit(tiny(epochs=1))
    assert not board.speeds.pending([slow, waiting]), "no page waits for them any more"
    assert done(job) == "finished" and test.state == "stopped" and other.state == "cancelled"
    assert board.speeds.known(slow) is None
    assert board.speeds.request([slow]), "not known, and requested again"


def test_jobs_run_one_after_the_other_in_the_order_they_came(board):
    first = paused(board)
    others = [board.submit(tiny(epochs=1)) for _ in range(3)]
    assert [j.state for j in others] == ["queued"] * 3
    assert [j.position for j in (first, *others)] == [0, 1, 2, 3]
    assert board.jobs()[:4] == [first, *others]
    first.stop()
    assert [done(j) for j in others] == ["finished"] * 3
    began = [j.run.status["created"] for j in others]
    assert began == sorted(began) and board.jobs()[:3] == others[::-1]


def test_a_pause_holds_at_a_batch_and_resume_goes_on(board):
    job = paused(board)
    before = job.run.status["state"], job.snapshot().version
    job.pause()  # twice is once
    job.step()
    assert job.wait(lambda j: j.snapshot().version > before[1] and j.state == "paused", ENDLESS)
    held = job.snapshot().step
    job.resume()
    assert job.wait(lambda j: j.state == "running" and j.snapshot().step > held, ENDLESS)


def test_one_step_is_exactly_one_batch(board):
    job = paused(board)
    job.step()
    assert job.wait(lambda j: j.state == "paused" and j.snapshot().latest, ENDLESS)
    reaches(job, "paused")
    steps = []
    for _ in range(6):  # a whole epoch of four batches and more
        seen = job.snapshot().step
        job.step()
        assert job.wait(lambda j, seen=seen: j.snapshot().step > seen and j.state == "paused", ENDLESS)
        steps.append(job.snapshot().step)
    assert steps == list(range(steps[0], steps[0] + 6))


def test_one_epoch_ends_with_its_validation_and_pauses(board):
    job = paused(board)
    for _ in range(2):
        before = job.snapshot().epoch
        job.epoch()
        assert job.wait(lambda j, b=before: j.state == "paused" and j.snapshot().epoch >= int(b) + 1, ENDLESS)
        shot = job.snapshot()
        assert shot.epoch == int(before) + 1 == shot.frames[-1]
        assert shot.points["val_total"][-1] == shot.latest["val_total"]


def test_one_epoch_asked_for_at_the_start_is_a_trained_one(board):
    first = paused(board)
    job = board.submit(LONG)
    first.stop()
    job.wait(lambda j: j.state != "queued", ENDLESS)
    job.epoch()
    reaches(job, "paused")
    assert job.snapshot().epoch >= 1


def test_a_stop_acts_also_on_a_paused_job_and_the_run_can_be_resumed(board):
    job = paused(board)
    step = job.snapshot().step
    job.stop()
    assert done(job) == "stopped" and "You can resume it" in job.message
    assert job.run.status["step"] >= step and job.run.resumable and job.run.has_weights


@pytest.mark.parametrize("kind", [Report, EpochEnd])
@pytest.mark.parametrize("order", ["step", "epoch"])
@pytest.mark.parametrize("after", [[], ["pause"]], ids=["alone", "then-pause"])
def test_a_stop_in_the_middle_of_a_step_is_not_lost_in_the_pause_that_ends_it(kind, order, after):
    run = runs.create(tiny(epochs=50, train_images=16))  # one batch an epoch

    def listening(event):
        if isinstance(event, kind) and event.epoch > 0:
            for verb in ("stop", *after):
                channel.deliver(Command(verb))

    channel = Channel(listening)
    for verb in ("pause", order):
        channel.deliver(Command(verb))
    orders = (Order("train", "training", {"run": run.name}, device="cpu"), channel)
    thread = threading.Thread(target=tasks.run, args=orders, daemon=True)
    thread.start()
    thread.join(ENDLESS)
    assert not thread.is_alive() and run.status["state"] == "stopped" and run.status["step"] == 1


def test_a_change_of_rate_or_beta_leaves_a_mark_at_the_step_where_it_acted(board):
    job = paused(board)
    job.set(lr=2e-4, beta=3.0)
    job.step()
    assert job.wait(lambda j: len(j.snapshot().changes) == 2 and j.state == "paused", ENDLESS)
    marks = job.snapshot().changes
    assert [(m["field"], m["old"], m["new"]) for m in marks] == [("lr", 1e-3, 2e-4), ("beta", 1.0, 3.0)]
    shot = job.snapshot()
    assert marks[0]["step"] == marks[1]["step"] == shot.step - 1
    assert shot.latest["lr"] == 2e-4 and shot.latest["beta"] == 3.0
    assert job.run.status["changes"] == marks


def test_a_bad_rate_is_refused_before_it_reaches_the_worker(board):
    job = paused(board)
    with pytest.raises(RecipeError, match="lr: -1"):
        job.set(lr=-1)
    with pytest.raises(RecipeError, match="mmd_weight: it cannot change while a VAE is trained"):
        job.set(mmd_weight=1.0)
    assert job.active and not job.snapshot().changes


def test_a_change_asked_for_in_the_queue_is_taken_up_with_the_first_batch(board):
    first = paused(board)
    job = board.submit(tiny(epochs=1))
    job.set(lr=5e-4)
    first.stop()
    assert done(job) == "finished"
    assert [c["step"] for c in job.run.status["changes"]] == [0] and job.run.history()["lr"][-1] == 5e-4


def test_a_job_in_the_queue_can_be_cancelled_and_the_next_one_moves_up(board):
    first, second, third = paused(board), board.submit(LONG), board.submit(tiny(epochs=1))
    second.cancel()
    assert second.state == "cancelled" and third.position == 1 and second.position == -1
    first.stop()
    assert done(third) == "finished" and not second.run.has_weights


def test_orders_to_a_job_that_has_ended_do_nothing(board):
    job = board.submit(tiny(epochs=1))
    done(job)
    for order in (job.pause, job.resume, job.step, job.epoch, job.stop, job.cancel, lambda: job.set(lr=0.1)):
        order()
    assert job.state == "finished"
    assert done(board.submit(tiny(epochs=1))) == "finished"


def test_a_missing_data_set_fails_in_a_sentence_and_the_next_job_trains(board):
    job = board.submit(tiny(dataset="mnist"))
    following = board.submit(tiny(epochs=1))
    assert done(job) == "failed" and job.message.startswith("MNIST is not on this machine. Download it")
    assert done(following) == "finished"
    assert job.run.resumable and not job.run.locked()


def test_a_run_deleted_while_it_waits_fails_in_a_sentence(board):
    first, job = paused(board), board.submit(tiny(epochs=1))
    job.run.delete()
    first.stop()
    assert done(job) == "failed" and "There is no run" in job.message


def test_a_divergence_ends_the_job_and_says_so(board):
    job = board.submit(tiny(lr=10.0, epochs=50))
    assert done(job) == "diverged" and "Try a smaller learning rate" in job.message


def test_a_stopped_run_is_resumed_where_it_stopped(board):
    job = paused(board, tiny(epochs=400))
    job.stop()
    done(job)
    before = job.run.status["step"]
    again = board.resume(job.name, epochs=int(job.run.status["epoch"]) + 2)
    assert again.snapshot().points["step"][-1] <= before
    assert done(again) == "finished" and board.job(job.name) is again
    steps = again.snapshot().points["step"]
    assert (steps[1:] > steps[:-1]).all() and steps.tolist() == job.run.history()["step"].tolist()


def test_what_cannot_be_resumed_is_said(board):
    job = board.submit(tiny(epochs=1))
    done(job)
    with pytest.raises(RunError, match="has 1 epochs behind it. Ask for more"):
        board.resume(job.name)
    with pytest.raises(RunError, match="There is no run"):
        board.resume("nowhere")
    busy = running(board)
    with pytest.raises(RunError, match="is in training already"):
        board.resume(busy.name, epochs=20_000)


def test_a_run_is_queued_only_once_however_many_ask(board):
    first, run, outcomes = paused(board), runs.create(tiny(epochs=1)), []

    def ask():
        try:
            outcomes.append(board.resume(run.name))
        except RunError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs = [o for o in outcomes if not isinstance(o, str)]
    assert len(outcomes) == 8 and len(jobs) == 1
    first.stop()
    assert done(jobs[0]) == "finished"


def test_visitors_who_submit_at_once_all_get_their_turn(board):
    first, jobs = paused(board), []
    threads = [threading.Thread(target=lambda: jobs.append(board.submit(tiny(epochs=1)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(j.position for j in jobs) == [1, 2, 3, 4, 5, 6] and len({j.name for j in jobs}) == 6
    first.stop()
    assert {done(j) for j in jobs} == {"finished"}


def test_a_snapshot_is_made_once_a_change_and_not_once_a_visitor(board):
    job = paused(board)
    assert job.snapshot() is job.snapshot()
    old = job.snapshot()
    job.step()
    assert job.wait(lambda j: j.snapshot().version != old.version, ENDLESS)
    assert job.snapshot() is not old


def test_a_killed_worker_is_one_sentence_and_its_run_goes_on_as_if_nothing_had_been(board):
    from tests.tiny_runs import drive

    recipe = tiny(epochs=40, train_images=98, batch_size=4)
    job, following = running(board, recipe), board.submit(tiny(epochs=1))
    job.epoch()
    reaches(job, "paused")
    kill(board)
    assert done(job) == "failed"
    assert job.message.startswith("The training process ") and "you can resume the run" in job.message
    assert done(following) == "finished"
    assert job.run.status["state"] == "interrupted" and job.run.resumable
    again = board.resume(job.name)
    assert done(again) == "finished"
    steps = again.snapshot().points["step"]
    assert (steps[1:] > steps[:-1]).all()
    whole = runs.create(recipe)
    drive(whole)
    for file in ("last", "best"):
        one, two = (weights.load(r.path / f"{file}.safetensors")[0] for r in (whole, job.run))
        assert all(torch.equal(one[k], two[k]) for k in one), file
    assert whole.history()["train_total"].tolist()[1:] == job.run.history()["train_total"].tolist()[1:]


def test_a_worker_that_cannot_start_is_a_sentence_and_not_a_dead_queue(monkeypatch):
    monkeypatch.setattr(child_process.sys, "executable", "/nowhere/python")
    board = TrainingQueue("cpu")
    job = board.submit(tiny(epochs=1))
    assert done(job) == "failed" and job.message.startswith("Training could not be started")
    monkeypatch.undo()
    board.close()


def test_a_device_that_is_not_there_fails_in_a_sentence_and_the_worker_goes_on():
    sent, run = [], runs.create(tiny(epochs=1))
    channel = Channel(sent.append)
    order = Order("train", "training", {"run": run.name}, device="cuda:99")
    for message in (order, Command("stop"), order, None):
        channel.deliver(message)
    worker.serve(channel, WORKERS["training"])
    ready, *failed = sent
    assert isinstance(ready, messages.Ready) and "cpu" in ready.devices and len(failed) == 2
    for ended in failed:
        assert ended.state == "failed" and not ended.unexpected
        assert "'cuda:99' is not on this machine. Choose one of auto" in ended.message


def test_its_threads_are_told_how_to_wait_for_each_other(monkeypatch):
    told = {}

    def start(*_, env, **__):
        told.update(env)
        raise OSError("no process for this test")

    for name in devices.WAITING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(child_process.subprocess, "Popen", start)
    board = TrainingQueue("cpu")
    job = board.submit(tiny())
    assert done(job) == "failed" and "no process for this test" in job.message
    assert devices.WAITING.items() <= told.items()
    board.close()


def test_closing_the_board_saves_what_trains_and_ends_the_process():
    board = TrainingQueue("cpu")
    job, waiting = running(board), board.submit(tiny(epochs=1))
    [process_id] = board.queue.executor.processes()
    board.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    assert done(job) == "stopped" and "saved" in job.message and done(waiting) == "cancelled"
    assert job.run.status["state"] == "stopped" and job.run.resumable and not job.run.locked()
    with pytest.raises(RunError, match="closing"):
        board.submit(tiny())
    board.close()


OWNER = """
import sys
from core.recipes.recipe import Recipe
from core.training.events import EpochEnd, Report
from core.jobs.training_queue import TrainingQueue
board = TrainingQueue("cpu")
job = board.submit(Recipe.from_dict(__import__("json").loads(sys.argv[1])), sys.argv[2])
assert job.wait(lambda j: j.state == "running" and j.snapshot().epoch >= 1, 60), (job.state, job.message)
if "paused" in sys.argv[3]:
    job.pause()
    assert job.wait(lambda j: j.state == "paused", 60)
print(board.queue.executor.processes()[0], flush=True)
if sys.argv[3] != "leaves":
    sys.stdin.read()
"""


@needs_pidfd
@pytest.mark.parametrize("how", ["is killed", "hangs up while paused", "leaves"])
def test_when_the_lab_goes_the_worker_saves_and_goes_too(how):
    command = [sys.executable, "-c", OWNER, json.dumps(LONG.to_dict()), how.replace(" ", "-"), how]
    owner = subprocess.Popen(
        command, cwd=paths.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    worker_id = int(owner.stdout.readline())
    if "hangs up" in how:
        os.killpg(owner.pid, signal.SIGHUP)  # the terminal was closed
    elif how != "leaves":
        owner.kill()
    owner.wait(ENDLESS)
    assert gone(worker_id)
    owner.stdin.close()
    owner.stdout.close()
    run = runs.open_run(how.replace(" ", "-"))
    assert run.status["state"] == "stopped" and run.resumable and not run.locked()
    assert run.status["step"] == weights.load(run.path / "resume.safetensors")[1]["steps"]


def test_a_stray_print_does_not_fall_into_the_stream_of_events():
    code = (
        "import os\n"
        "from core.jobs import training_worker, worker\n"
        "real = training_worker.train\n"
        "def noisy(*a):\n"
        "    for event in real(*a):\n"
        "        print('hello from a library')\n"
        '        os.write(1, b\'["Ended", [["state", "failed"], ["message", "fake"]]]\\n\')\n'
        "        yield event\n"
        "training_worker.train = noisy\n"
        "worker.main('training')\n"
    )
    run = runs.create(tiny(epochs=1))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=paths.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(messages.encode(Order("train", "training", {"run": run.name}, device="cpu")))
    process.stdin.flush()
    received = []
    while not received or not isinstance(received[-1], messages.Ended):
        received.append(messages.read(process.stdout))
        assert received[-1] is not None
    _, errors = process.communicate(timeout=ENDLESS)
    assert isinstance(received[0], messages.Ready) and received[-1].state == "finished"
    assert b"hello from a library" in errors and b"fake" in errors and process.returncode == 0


def test_the_queue_of_a_device_is_the_same_for_everybody():
    found = []
    with use_queue(JobQueue()) as queue:
        threads = [
            threading.Thread(target=lambda: found.append(training_queue.training_queue("cpu"))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(b) for b in found}) == 1 and training_queue.devices()[0] == "auto"
        assert found[0].queue is queue is training_queue.training_queue("auto").queue


def test_only_so_many_ended_jobs_are_remembered(board, monkeypatch):
    monkeypatch.setattr(jobs_queue, "KEPT", 2)
    first = paused(board)
    for _ in range(5):
        board.submit(tiny()).cancel()
    assert len([j for j in board.jobs() if not j.active]) <= 3
    assert board.jobs()[0] is first


def test_a_family_that_is_told_the_class_is_refused_on_pictures_without_classes(board, tmp_path):
    for k in range(12):
        Image.fromarray(np.full((12, 12), 20 * k, np.uint8)).save(tmp_path / f"{k}.png")
    recipe = tiny("cvae", train_images=0).with_(dataset="folder", folder=str(tmp_path), image_shape=(1, 12, 12))
    with pytest.raises(RunError, match="told the class of every image, and these images have no classes"):
        board.submit(recipe, name="unlabelled")
    assert "unlabelled" not in {run.name for run in runs.list_runs()}
