"""A sweep in the background: its figures are those of the function, it is shared, and it can be stopped."""

import numpy as np
import pytest

from core import data
from core.evaluation import inpainting
from core.jobs import inpainting_sweep
from core.jobs.inpainting_sweep import SweepCurve
from core.jobs.messages import Ended, Progress, SweepErrors
from core.jobs.queue import JobQueue, use_queue
from core.runs import weights
from core.system.progress import Steps
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import tiny, trained

CURVE = [SweepCurve("nowhere", "search")]


@pytest.fixture
def executor():
    executor = FakeExecutor()
    with use_queue(JobQueue(executor)):
        yield executor


def test_the_process_measures_what_the_function_measures(brief_searches):
    vae, ad = trained(name="vae"), trained(tiny("auto-decoder-fast", train_images=40, epochs=1), "ad")
    curves = [SweepCurve(str(vae.path), "zeros"), SweepCurve(str(vae.path), "mean"), SweepCurve(str(ad.path), "search")]
    curves.append(SweepCurve(str(vae.path), "interpolation"))
    with use_queue(JobQueue()):
        job = inpainting_sweep.start("key", "me", curves, 6, 2, 15)
        job.wait(timeout=120)
    assert job.state == "finished" and job.progress == 1.0, job.message
    images = data.load("digits")
    test = images.test_images[data.spread(images.test_labels, 6)]
    baseline = Steps(inpainting.baseline_steps(test, seed=2)).end()
    assert all(job.errors[3][p] == pytest.approx(baseline[p]) for p in inpainting.RATIOS)
    for curve, errors in zip(curves[:3], job.errors[:3], strict=True):
        fill = None if curve.how == "search" else inpainting.fill_image(curve.how, images)
        run = ad if curve.how == "search" else vae
        expected = inpainting.sweep(weights.load_model(run), test, fill=fill, seed=2, steps=15)
        assert list(errors) == list(inpainting.RATIOS)
        for p in errors:
            assert errors[p] == pytest.approx(expected[p], abs=2e-5)


def test_the_same_sweep_is_shared_and_goes_on_until_nobody_wants_it(executor):
    one = inpainting_sweep.start(("key", 1), "ann", CURVE, 5, 0, 5)
    assert inpainting_sweep.start(("key", 1), "ben", CURVE, 5, 0, 5) is one and inpainting_sweep.find(("key", 1)) is one
    assert inpainting_sweep.start(("key", 2), "ann", CURVE, 9, 0, 5) is not one
    execution = executor.started(one)
    one.leave("ann")
    assert not execution.commands, "Ben still wants it"
    one.leave("ben")
    assert execution.commands == ["stop"]
    assert inpainting_sweep.start(("key", 1), "ann", CURVE, 5, 0, 5) is not one, "asked for again, it begins anew"


def test_a_sweep_that_is_stopped_keeps_what_it_has(executor):
    job = inpainting_sweep.start("key", "me", CURVE, 5, 0, 5)
    execution = executor.next()
    execution.send(SweepErrors(0, 0.1, np.array([0.25])), Progress(0.5))
    assert job.wait(lambda j: j.progress == 0.5, 60)
    job.leave("me")
    execution.send(Ended("stopped"))
    assert job.wait(timeout=60) and job.state == "stopped" and job.progress == 0.5
    assert list(job.errors[0]) == [0.1] and np.array_equal(job.errors[0][0.1], [0.25])
    again = inpainting_sweep.start("key", "me", CURVE, 5, 0, 5)
    assert again is not job
    executor.next().send(Ended("finished"))
    assert again.wait(timeout=60)
    assert inpainting_sweep.start("key", "ben", CURVE, 5, 0, 5) is again, "finished, it is shown to everybody"


def test_what_goes_wrong_is_a_sentence():
    run = trained()
    (run.path / "best.safetensors").write_bytes(b"nothing")
    with use_queue(JobQueue(FakeExecutor("sweep"))):
        job = inpainting_sweep.start("key", "me", [SweepCurve(str(run.path), "zeros")], 5, 0, 5)
        job.wait(timeout=120)
    assert job.state == "failed" and "damaged" in job.message and job.message.startswith("The sweep could not")
