"""A learned prior as a job: what the process learns is what the function learns; it is shared and can be stopped."""

import numpy as np
import pytest

from core import runs
from core.jobs import prior
from core.jobs.messages import Command, Ended
from core.jobs.queue import JobQueue, use_queue
from core.priors import store
from core.priors.events import ENCODING, LEARNING, PriorProgress
from core.priors.kinds import FLOW
from core.priors.settings import FlowSettings
from core.runs import RunError, weights
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import tiny, trained

QUICK = FlowSettings(steps=20, batch=32, width=16, blocks=1)
PICTURES = np.zeros((3, 28, 28), np.uint8)


def progress(phase: str, done: int, pictures=None) -> PriorProgress:
    losses = np.array([[done, 1 / done]] if phase == LEARNING else np.zeros((0, 2)), np.float32)
    return PriorProgress(phase, done, 20, 0.5 * done, losses, pictures)


def test_the_process_learns_and_keeps_a_prior():
    run = trained(tiny("plane-vae"), "vae")
    with use_queue(JobQueue()):
        job = prior.start(run, FLOW, QUICK, "ann")
        assert job.wait(timeout=120)
    assert job.state == "finished" and job.step == 20 and [step for step, _ in job.losses] == [10, 20], job.message
    assert job.shown_step == 20 and job.pictures.shape[1:] == (28, 28) and job.points.shape[1] == 2
    found = store.load(run, FLOW, weights.load_model(run))
    assert np.allclose(found.draw(len(job.points), 0), job.points, atol=1e-4)


def test_its_events_are_kept_and_visitors_share_it():
    run, executor = trained(tiny("plane-vae"), "vae"), FakeExecutor()
    with use_queue(JobQueue(executor)):
        job = prior.start(run, FLOW, QUICK, "ann")
        assert prior.start(run, FLOW, QUICK, "ben") is job and prior.current(run, FLOW) is job
        execution = executor.started(job)
        execution.send(progress(ENCODING, 10))
        assert job.wait(lambda j: j.phase == ENCODING and j.progress == 0.5, 60) and job.seconds_left is None
        execution.send(progress(LEARNING, 5, PICTURES), progress(LEARNING, 10))
        assert job.wait(lambda j: j.step == 10, 60)
        assert job.losses == [(5, pytest.approx(0.2)), (10, pytest.approx(0.1))]
        assert job.shown_step == 5 and np.array_equal(job.pictures, PICTURES) and job.seconds_left == 5.0
        job.leave("ann")
        assert not execution.commands, "Ben still wants it"
        job.stop()
        assert execution.commands == ["stop"]
        execution.send(Ended("stopped"))
        assert job.wait(timeout=60) and job.state == "stopped"


def test_a_stop_in_the_process_keeps_what_was_learned():
    from core.jobs import prior_worker
    from core.jobs.channel import Channel

    run = trained(tiny("plane-vae"), "vae")
    order = prior.PriorJob(run, FLOW, QUICK).order()
    sent: list = []

    def send(message) -> None:
        sent.append(message)
        if isinstance(message, PriorProgress) and message.phase == LEARNING:
            channel.deliver(Command("stop"))

    channel = Channel(send)
    assert prior_worker.learn_prior(order, channel) == Ended("stopped")
    assert store.facts(run, FLOW).steps == 10
    channel = Channel(sent.append)
    channel.deliver(Command("stop"))
    assert "Nothing was kept" in prior_worker.learn_prior(order, channel).message


def test_what_cannot_be_learned_is_refused_before_a_job_is_made():
    run = runs.create(tiny(), "untrained")
    with use_queue(JobQueue(FakeExecutor())), pytest.raises(RunError, match="has no weights yet"):
        prior.start(run, FLOW, QUICK)
