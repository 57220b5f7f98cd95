"""A latent search as a job: its result is that of the function, and stopped it can be continued to the same end."""

import numpy as np
import pytest
import torch

from core import data
from core.evaluation.search_trace import TracedSearch, starting_code
from core.images import masks
from core.jobs import search, search_worker
from core.jobs.channel import Channel
from core.jobs.messages import Command, Order, Progress, SearchFound
from core.jobs.queue import JobQueue, use_queue
from core.jobs.search import TraceSettings
from core.latent import codec
from core.runs import weights
from tests.fake_executor import FakeExecutor
from tests.pages.page_tools import untrained

SETTINGS = TraceSettings(steps=12, lr=0.1)
BLACK = np.zeros((28, 28), np.uint8)


@pytest.fixture
def run():
    return untrained("ad", "plane-ad", latent_dim=2)


@pytest.fixture
def one_thread(monkeypatch):
    """One thread for the worker and for the test: other numbers of threads add in another order."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def image() -> np.ndarray:
    return data.load("digits").test_images[3]


def job_for(run, visitor="ann", settings=SETTINGS):
    return search.trace(run, run.weights_version(), image(), masks.half("left"), BLACK, settings, visitor)


def expected(run):
    model = weights.load_model(run)
    code = starting_code(model, image(), masks.half("left"), BLACK)
    one = TracedSearch(model, image(), masks.half("left"), code, steps=SETTINGS.steps, lr=SETTINGS.lr)
    list(one)
    return one.trace()


def carry_out(order: Order, stop_after: int | None = None) -> tuple[str, list]:
    """The messages of a search that is asked to stop after so many steps."""
    sent: list = []
    channel = Channel(sent.append)
    if stop_after == 0:
        channel.deliver(Command("stop"))
    return search_worker.search(order, channel).state, sent


def test_the_process_finds_what_the_function_finds(run, one_thread):
    with use_queue(JobQueue()):
        job = search.begin(job_for(run))
        many = search.begin(search.encoding(run, run.weights_version(), np.stack([image(), 255 - image()]), "ann"))
        assert job.wait(timeout=120) and many.wait(timeout=120)
    assert job.state == "finished" and job.progress == 1.0, job.message
    found, wanted = search_worker.trace_of(job.found), expected(run)
    assert np.array_equal(found.z, wanted.z) and np.array_equal(found.pictures, wanted.pictures)
    assert found.ended and found.steps == wanted.steps and np.isnan(found.bound) and found.beta == wanted.beta
    assert np.allclose(
        many.found.arrays["z"], codec.encode(weights.load_model(run), np.stack([image(), 255 - image()])), atol=1e-5
    )


def test_stopped_and_continued_it_comes_to_the_same_end(run):
    order = job_for(run).order()
    state, sent = carry_out(order, stop_after=0)
    half = search_worker.trace_of(sent[-1])
    assert state == "stopped" and not half.ended and half.steps == 1
    state, sent = carry_out(order)
    whole, wanted = search_worker.trace_of(sent[-1]), expected(run)
    assert state == "finished" and whole.steps == wanted.steps and np.array_equal(whole.z, wanted.z)
    assert isinstance(sent[0], Progress) and not search_worker._stopped, "what has ended is put away"


def test_each_visitor_stops_only_their_own_search(run):
    executor = FakeExecutor()
    with use_queue(JobQueue(executor)):
        ann = search.begin(job_for(run, "ann"))
        execution = executor.started(ann)
        assert search.begin(job_for(run, "ann")) is ann, "asked for again, it is joined"
        ben = search.begin(job_for(run, "ben"))
        other = search.begin(job_for(run, "ann", TraceSettings(steps=20, lr=0.1)))
        assert len({ann.key, ben.key, other.key}) == 3
        ann.leave("ann")
        assert execution.commands == ["stop"] and ben.active
        execution.send(SearchFound({"z": np.zeros((1, 2))}))
        assert ann.wait(lambda job: job.found is not None, 60)


def test_weights_that_have_changed_since_are_a_sentence(run):
    job = search.trace(run, 1, image(), masks.whole(), BLACK, SETTINGS, "ann")
    with use_queue(JobQueue(FakeExecutor("search"))):
        search.begin(job)
        assert job.wait(timeout=60) and job.state == "failed"
    assert "weights of 'ad' have just changed" in job.message


def test_a_start_that_is_not_possible_is_a_sentence(run):
    job = job_for(run, settings=TraceSettings(steps=5, lr=0.1, start="nearest"))
    with use_queue(JobQueue(FakeExecutor("search"))):
        search.begin(job)
        assert job.wait(timeout=60) and job.state == "failed"
    assert "none of them can be the start. Choose another start under Search." in job.message
