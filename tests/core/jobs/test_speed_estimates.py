"""Speed tests: one by one, kept, given up for a training and requested again."""

import pytest

from core import runs
from core.jobs.executor import Crashed
from core.jobs.messages import Ended, Order, SpeedMeasured
from core.jobs.queue import JobQueue
from core.jobs.speed_estimates import SpeedEstimates, SpeedTestJob
from core.jobs.training_job import TrainingJob
from core.recipes.recipe import Recipe
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import tiny

VAE, PLANE = Recipe(), Recipe(latent_dim=2)


@pytest.fixture
def executor():
    return FakeExecutor()


@pytest.fixture
def queue(executor):
    queue = JobQueue(executor)
    yield queue
    queue.close()


@pytest.fixture
def speeds(queue):
    return SpeedEstimates(queue, "cpu")


def ended(queue, recipe) -> str:
    job = next(job for job in queue.jobs(SpeedTestJob) if job.recipe == recipe)
    assert job.wait(timeout=60)
    return job.state


def test_networks_are_measured_one_by_one_in_the_order_requested_and_then_known(speeds, queue, executor):
    assert speeds.known(VAE) is None and speeds.request([VAE, PLANE]) and speeds.pending([PLANE])
    first = executor.next()
    assert len(executor.executions) == 1, "one at a time"
    first.send(SpeedMeasured(100.0), Ended("finished"))
    assert ended(queue, VAE) == "finished" and speeds.known(VAE) == 100.0
    assert speeds.pending([VAE, PLANE]) and not speeds.pending([VAE])
    executor.next().send(SpeedMeasured(200.0), Ended("finished"))
    assert ended(queue, PLANE) == "finished"
    assert speeds.known(PLANE.with_(epochs=3)) == 200.0 and not speeds.request([VAE, PLANE])
    assert [execution.order for execution in executor.executions] == [
        Order("measure_speed", "training", {"recipe": r.to_dict()}, device="cpu") for r in (VAE, PLANE)
    ]


@pytest.mark.parametrize("outcome", [Crashed("died"), Ended("failed", "no memory", unexpected=True)])
def test_what_could_not_be_measured_is_not_known_and_not_tried_again(speeds, queue, executor, outcome):
    speeds.request([VAE])
    executor.next().send(outcome)
    assert ended(queue, VAE) == "failed"
    assert speeds.known(VAE) is None and not speeds.request([VAE]) and not speeds.pending([VAE])


def test_a_training_that_comes_is_not_kept_waiting_and_the_rates_may_be_requested_again(speeds, queue, executor):
    speeds.request([VAE, PLANE])
    running = executor.next()
    training = queue.submit(TrainingJob(runs.create(tiny()), "cpu"))
    assert running.commands == ["stop"] and not speeds.pending([VAE, PLANE])
    running.send(Ended("stopped"))
    assert executor.next().order.task == "train" and ended(queue, PLANE) == "cancelled"
    assert speeds.request([VAE]) and speeds.pending([VAE]), "it waits behind the training"
    assert training.position == 0 and len(executor.executions) == 2
    elsewhere = SpeedEstimates(queue, "cuda")
    assert not elsewhere.pending([VAE]) and elsewhere.known(VAE) is None


def test_the_same_network_is_measured_once_however_many_ask(speeds, queue, executor):
    for _ in range(3):
        assert speeds.request([VAE, VAE.with_(epochs=7)])
    assert len(queue.jobs(SpeedTestJob)) == 1
