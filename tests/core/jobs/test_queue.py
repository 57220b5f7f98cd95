"""The queue of jobs: its budget, shared work, and stops that come at any moment."""

import threading

import pytest

from core.jobs import queue as jobs_queue
from core.jobs.executor import Crashed
from core.jobs.job import FINAL, Job
from core.jobs.messages import Ended, Order, Progress
from core.jobs.queue import BACKGROUND, DOWNLOAD, JobQueue, QueueClosed
from tests.fake_executor import FakeExecutor


class Work(Job):
    kind = "work"

    def __init__(self, key="key", lane=BACKGROUND):
        super().__init__(key, lane)

    def order(self):
        return Order("nothing", "scoring", {"key": self.key})


class Urgent(Work):
    kind = "urgent work"
    priority = 0


@pytest.fixture
def executor():
    return FakeExecutor()


@pytest.fixture
def queue(executor):
    queue = JobQueue(executor)
    yield queue
    queue.close()


def end(job, execution, state="finished"):
    execution.send(Ended(state))
    assert job.wait(timeout=60) and job.state == state


@pytest.mark.parametrize("cores, slots", [(1, 1), (2, 1), (4, 1), (8, 2), (16, 4), (64, 4)])
def test_background_jobs_take_a_quarter_of_the_cores(monkeypatch, cores, slots):
    monkeypatch.setattr(jobs_queue, "cores", lambda: cores)
    assert jobs_queue.slots_of(BACKGROUND) == slots and jobs_queue.slots_of("training on cpu") == 1


def test_no_more_jobs_of_a_lane_run_than_it_has_slots_and_lanes_do_not_wait_for_each_other(
    queue, executor, monkeypatch
):
    monkeypatch.setattr(jobs_queue, "cores", lambda: 2)
    background = [queue.submit(Work(str(k))) for k in range(3)]
    training = queue.submit(Work("training", "training on cpu"))
    download = queue.submit(Work("download", DOWNLOAD))
    assert [job.state for job in background] == ["starting", "queued", "queued"]
    assert training.state == download.state == "starting"
    assert [job.position for job in (*background, training)] == [0, 1, 2, 0]
    running = {e.order.arguments["key"]: e for e in (executor.next() for _ in range(3))}
    assert running.keys() == {"0", "training", "download"}
    end(background[0], running["0"])
    assert executor.next().order.arguments["key"] == "1" and background[2].position == 1
    assert queue.jobs(Job)[-1] is background[0] and background[0].position == -1


def test_urgent_work_overtakes_what_waits_but_not_what_runs(queue, executor, monkeypatch):
    monkeypatch.setattr(jobs_queue, "cores", lambda: 2)
    first, second, urgent = queue.submit(Work("1")), queue.submit(Work("2")), queue.submit(Urgent("3"))
    assert (first.position, second.position, urgent.position) == (0, 2, 1)
    end(first, executor.next())
    assert executor.next().order.arguments["key"] == "3"


def test_a_key_that_is_active_is_joined_and_ends_when_nobody_wants_it(queue, executor):
    one = queue.submit(Work(), "ann")
    assert queue.submit(Work(), "ben") is one and queue.submit(Urgent(), "ann") is not one, "another kind"
    execution = executor.started(one)
    one.leave("ann")
    one.leave("ann")
    assert execution.commands == []
    one.leave("ben")
    assert execution.commands == ["stop"] and one.state == "stopping"
    new = queue.submit(Work(), "ann")
    assert new is not one, "one that is stopping is not joined"
    end(one, execution, "stopped")
    assert queue.find(Work, "key") is new


def test_a_stop_between_the_start_and_the_process_is_not_lost(executor, queue, monkeypatch):
    """The moment in which the old sweep lost its stop: the order is on its way, and there is no process yet."""
    arrived, go_on = threading.Event(), threading.Event()
    real = executor.submit

    def slow(order):
        arrived.set()
        assert go_on.wait(60)
        return real(order)

    monkeypatch.setattr(executor, "submit", slow)
    job = queue.submit(Work(), "me")
    assert arrived.wait(60)
    job.leave("me")
    assert job.state == "stopping"
    go_on.set()
    execution = executor.next()
    execution.send(Crashed("ended"))
    assert job.wait(timeout=60) and job.state == "stopped" and execution.commands == ["stop"]


def test_a_job_that_does_not_stop_is_ended_by_force(queue, executor, monkeypatch):
    monkeypatch.setattr(Work, "patience", 0.01)
    job = queue.submit(Work())
    execution = executor.started(job)
    job.stop()
    assert job.wait(timeout=60) and job.state == "stopped" and execution.commands == ["stop", "kill"]


@pytest.mark.parametrize(
    "outcome, message",
    [
        (Crashed("was ended by the system"), "The process was ended by the system."),
        (Ended("failed", "There is no run."), "There is no run."),
        (Ended("failed", "ValueError: {x}", unexpected=True), "ValueError: {x}"),
    ],
)
def test_what_fails_is_a_sentence_and_the_lane_goes_on(queue, executor, outcome, message):
    job = queue.submit(Work("1"))
    executor.next().send(outcome)
    assert job.wait(timeout=60) and (job.state, job.message) == ("failed", message)
    end(queue.submit(Work("2")), executor.next())


def test_an_event_that_cannot_be_taken_up_fails_its_job_alone(queue, executor, monkeypatch, caplog):
    job = queue.submit(Work("1"))
    monkeypatch.setattr(job, "on_event", lambda event: 1 / 0)
    execution = executor.next()
    execution.send(Ended)  # no message at all
    assert job.wait(timeout=60) and job.state == "failed" and "ZeroDivisionError" in job.message
    assert execution.commands == ["kill"] and "could not be taken up" in caplog.text
    end(queue.submit(Work("2")), executor.next())


def test_closing_cancels_what_waits_and_ends_what_runs(executor, monkeypatch):
    monkeypatch.setattr(jobs_queue, "cores", lambda: 2)
    queue = JobQueue(executor)
    running, waiting = queue.submit(Work("1")), queue.submit(Work("2"))
    executor.next()
    queue.close()
    assert running.wait(timeout=60) and running.state == "stopped" and waiting.state == "cancelled"
    with pytest.raises(QueueClosed, match="closing"):
        queue.submit(Work("3"))


def test_states_end_once(queue, executor):
    job = queue.submit(Work())
    end(job, executor.next())
    for state in ("failed", "running", "stopped"):
        job.set_state(state, "later")
    assert job.state == "finished" in FINAL and job.message == "" and job.progress == 1.0
    job.stop()
    assert job.state == "finished"


def test_the_time_left_follows_from_the_share_that_is_done(queue, executor, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("core.jobs.job.time.monotonic", lambda: clock[0])
    job = queue.submit(Work())
    assert job.seconds_left is None
    execution = executor.next()
    execution.send(Progress(0.0))
    job.wait(lambda j: j.state == "running")
    clock[0] = 110.0
    execution.send(Progress(0.25))
    job.wait(lambda j: j.progress == 0.25)
    assert job.seconds_left == pytest.approx(30.0)


class Reading(Work):
    """Says whether a lock of the queue or of the job was held while it read its end from disk."""

    def __init__(self, queue, **more):
        super().__init__(**more)
        self.queue, self.free, self.cancelled_on_disk = queue, [], 0

    def _others_get_in(self) -> bool:
        """Whether another thread gets both locks at this moment."""
        done = threading.Event()

        def enter():
            with self.queue._changed, self._lock:
                done.set()

        threading.Thread(target=enter, daemon=True).start()
        return done.wait(20)

    def before_end(self, state):
        self.free.append((state, self.state, self._others_get_in()))

    def after_cancel(self):
        self.cancelled_on_disk += 1
        self.free.append(("cancelled", self.state, self._others_get_in()))


def test_the_end_is_read_from_disk_before_it_is_told_and_without_a_lock(queue, executor):
    job = queue.submit(Reading(queue))
    end(job, executor.started(job))
    assert job.free == [("finished", "running", True)]


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_a_cancelled_job_notes_so_on_disk_once_and_without_a_lock(queue, how):
    queue.submit(Work("first"))
    job = queue.submit(Reading(queue, key="second"), "me")
    job.cancel() if how == "cancel" else job.leave("me")
    job.cancel()
    assert job.free == [("cancelled", "cancelled", True)] and job.cancelled_on_disk == 1


def test_a_job_waits_for_the_one_of_its_key_that_is_still_stopping(queue, executor):
    first = queue.submit(Work("set", DOWNLOAD))
    work = executor.started(first)
    first.stop()
    second, other = queue.submit(Work("set", DOWNLOAD)), queue.submit(Work("another set", DOWNLOAD))
    assert (first.state, second.state) == ("stopping", "queued") and other.state == "starting"
    end(first, work, "stopped")
    assert second.wait(lambda job: job.state != "queued", 60) and second.state == "starting"


def test_a_visitor_who_joins_while_the_last_one_leaves_never_gets_a_job_that_stops(queue, executor):
    """Each round, one visitor leaves and another joins at the same moment."""
    for k in range(30):
        job = queue.submit(Work(f"{k}", DOWNLOAD), "first")
        got = []
        threads = [
            threading.Thread(target=job.leave, args=("first",)),
            threading.Thread(target=lambda k=k, got=got: got.append(queue.submit(Work(f"{k}", DOWNLOAD), "second"))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got[0].state not in ("stopping", *FINAL)
        for execution in executor.executions:
            execution.send(Ended("finished"))


def test_a_visitor_who_asks_for_ever_more_gives_up_the_oldest_that_nobody_else_wants(queue, monkeypatch):
    monkeypatch.setattr(Work, "most_waiting", 3)
    running = queue.submit(Work("running"), "me")
    jobs = [queue.submit(Work(str(k)), "me") for k in range(4)]
    assert [job.state for job in jobs] == ["cancelled", "queued", "queued", "queued"]
    queue.submit(Work("1"), "another")  # joins
    others = [queue.submit(Work(f"of another {k}"), "another") for k in range(2)]
    more = [queue.submit(Work(f"more {k}"), "me") for k in range(2)]
    assert jobs[1].state == "queued", "somebody else wants it"
    assert [job.state for job in (*jobs[2:], *others, *more)] == ["cancelled", *["queued"] * 5]
    assert running.state != "cancelled"
