"""Maps in the making behind the page: shared, stopped, continued, and gone when the lab is."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from core.embedding import pitfalls, store, tsne
from core.embedding.settings import Settings
from core.jobs import embedding
from core.jobs.queue import JobQueue, job_queue, use_queue
from core.system import paths
from tests.fake_executor import FakeExecutor
from tests.process_end import gone, needs_pidfd

pytest.importorskip("openTSNE", reason="openTSNE has no package for this machine")

LABELS = np.arange(300) % 4
X = (np.random.default_rng(0).standard_normal((300, 8)) + 5 * np.eye(8)[LABELS]).astype(np.float32)
SETTINGS = Settings(n=300, perplexity=10, iterations=250)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of the test's own, and a queue that carries out its orders in this process."""
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    with use_queue(JobQueue(FakeExecutor("embed", "pitfalls"))):
        yield


@pytest.fixture
def processes(cache):
    """A queue that starts processes: they read their environment once, when they start."""
    with use_queue(JobQueue()):
        yield


def until(job, condition):
    """Looks at a job until a condition holds; fails when it ends without."""
    while not condition():
        assert job.active, (job.state, job.message)
        job.wait(timeout=0.02)


def test_a_job_ends_with_the_map_that_forming_gives_and_its_measures():
    job = embedding.start(X, LABELS, SETTINGS)
    assert embedding.start(X, LABELS, SETTINGS) is job, "a second visitor joins"
    assert embedding.current(job.store_key, SETTINGS) is job
    job.wait(timeout=120)
    assert job.state == "finished" and job.iteration == 250 and not job.message, job.message
    wanted = tsne.fit(X, SETTINGS, backend="openTSNE")
    assert np.array_equal(job.y, wanted.y.astype(np.float32)) and job.kl == pytest.approx(wanted.kl)
    assert job.measures["knn_map"] > 0.95
    kept = store.find(job.store_key, SETTINGS)
    assert np.array_equal(kept.state.y, wanted.y) and kept.facts["measures"] == job.measures


def test_a_stopped_map_goes_on_as_if_never_stopped(processes):
    long = SETTINGS.with_(iterations=5_000)
    job = embedding.start(X, LABELS, long)
    until(job, lambda: job.iteration > 0)
    job.stop()
    job.wait(timeout=60)
    assert job.state == "stopped" and 0 < job.iteration < 5_000 and not job.measures
    stage = store.find_stage(job.store_key, long).state
    assert np.allclose(stage.y, job.y, atol=1e-5)
    end = 10 * (stage.iteration // 10) + 20  # the same course, with an end that can be waited for
    short = long.with_(iterations=max(end, 310))
    again = embedding.start(X, LABELS, short)
    again.wait(timeout=120)
    assert again.state == "finished"
    assert np.array_equal(again.y, tsne.fit(X, short, backend="openTSNE").y.astype(np.float32))


def test_one_map_after_the_other_and_a_waiting_one_can_be_taken_back():
    first = embedding.start(X, LABELS, SETTINGS.with_(iterations=5_000))
    second = embedding.start(X, LABELS, SETTINGS.with_(perplexity=20))
    assert second.state == "queued" and second.position == 1
    second.stop()
    assert second.state == "cancelled" and not second.active
    until(first, lambda: first.phase == "forming")
    first.stop()
    first.wait(timeout=60)
    assert first.state == "stopped"


def test_a_process_that_dies_fails_its_map_and_the_next_one_is_formed(processes):
    job = embedding.start(X, LABELS, SETTINGS.with_(iterations=5_000))
    until(job, lambda: job.iteration > 0)
    (process_id,) = job_queue().executor.processes()
    os.kill(process_id, getattr(signal, "SIGKILL", signal.SIGTERM))
    job.wait(timeout=60)
    assert job.state == "failed" and "The process that computes maps was ended by the system" in job.message
    after = embedding.start(X, LABELS, SETTINGS)
    after.wait(timeout=120)
    assert after.state == "finished"


def test_what_cannot_be_kept_is_shown_all_the_same(tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    job = embedding.start(X, LABELS, SETTINGS)
    job.wait(timeout=120)
    assert job.state == "finished" and "could not be kept" in job.message and job.y.shape == (300, 2)


def test_the_pca_map_is_measured():
    job = embedding.start(X, LABELS, SETTINGS.with_(method="pca"))
    job.wait(timeout=120)
    assert job.state == "finished" and 0.5 < job.measures["trustworthiness"] < 1


def test_scikit_learn_forms_the_map_where_it_must():
    job = embedding.start(X, LABELS, SETTINGS, backend="scikit-learn")
    job.wait(timeout=120)
    assert job.state == "finished" and job.kl > 0


def test_the_small_maps_show_what_distill_warns_of():
    job = embedding.start_pitfalls(X, LABELS)
    job.wait(timeout=200)
    assert job.state == "finished", job.message
    panels = pitfalls.load(job.key)
    assert {name for name in panels if "labels" not in name} == {
        "perplexity 2",
        "perplexity 5",
        "perplexity 30",
        "seed 1",
        "seed 2",
        *(f"{kind} {view}" for kind in ("sizes", "distances", "noise", "ring", "trefoil") for view in ("true", "map")),
    }

    def ratio(panel):
        y, groups = panels[panel], panels[f"{panel} labels"]
        return pitfalls.rms_radius(y[groups == 1]) / pitfalls.rms_radius(y[groups == 0])

    assert ratio("sizes true") > 5 and ratio("sizes map") < 2, "sizes are lost"
    far = [
        pitfalls.centroid_distance(panels[p], panels[f"{p} labels"], 1, 2)
        / pitfalls.centroid_distance(panels[p], panels[f"{p} labels"], 0, 1)
        for p in ("distances true", "distances map")
    ]
    assert far[0] == pytest.approx(5, rel=0.05) and far[1] < 3, "distances are lost"
    assert 0.3 < pitfalls.shared_neighbours(panels["seed 1"], panels["seed 2"]) < 0.99


@needs_pidfd
def test_nothing_is_left_behind_when_the_lab_is_gone():
    """A lab that is killed has no time to tidy up: its process notices by itself."""
    code = (
        "import numpy as np, os, time\n"
        "from core.jobs import embedding\nfrom core.jobs.queue import job_queue\n"
        "from core.embedding.settings import Settings\n"
        "x = np.random.default_rng(0).standard_normal((2000, 20)).astype(np.float32)\n"
        "job = embedding.start(x, np.zeros(2000, np.int64), Settings(n=2000, iterations=5000))\n"
        "while job.iteration == 0 and job.active: job.wait(timeout=0.05)\n"
        "print(job_queue().executor.processes()[0], job.phase, flush=True)\n"
        "os._exit(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, timeout=120)
    pid, state = done.stdout.split()
    assert state == "forming", done.stderr
    assert gone(int(pid))


def test_shared_neighbours_of_a_map_with_itself_are_all():
    y = np.random.default_rng(0).standard_normal((50, 2))
    assert pitfalls.shared_neighbours(y, y) == 1.0
    assert pitfalls.shared_neighbours(y, 3 * y @ np.array([[0, 1], [-1, 0]]) + 7) == 1.0
