"""A sweep in a process of its own: its figures are those of the function, it is shared, and it can be stopped."""

import sys

import numpy as np
import pytest

from core import data
from core.evaluation import inpainting
from core.jobs import inpainting_sweep
from core.jobs.inpainting_sweep import InpaintingSweepJob, SweepCurve
from core.runs import weights
from tests.tiny_runs import tiny, trained


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(inpainting_sweep, "_jobs", {})


def test_the_process_measures_what_the_function_measures():
    vae, ad = trained(name="vae"), trained(tiny("auto-decoder-fast", train_images=40, epochs=1), "ad")
    ways = [SweepCurve(str(vae.path), "zeros"), SweepCurve(str(vae.path), "mean"), SweepCurve(str(ad.path), "search")]
    job = inpainting_sweep.start("key", "me", ways, 6, 2, 15)
    job.wait(120)
    assert job.state == "done" and job.part == 1.0, job.message
    images = data.load("digits")
    test = images.test_images[data.spread(images.test_labels, 6)]
    for way, errors in zip(ways, job.errors, strict=True):
        fill = None if way.how == "search" else inpainting.fill_image(way.how, images)
        run = ad if way.how == "search" else vae
        expected = inpainting.sweep(weights.load_model(run), test, fill=fill, seed=2, steps=15)
        assert list(errors) == list(inpainting.RATIOS)
        for p in errors:
            assert errors[p] == pytest.approx(expected[p], abs=2e-5)


def test_the_same_sweep_is_shared_and_goes_on_until_nobody_wants_it(monkeypatch):
    monkeypatch.setattr(InpaintingSweepJob, "_run", lambda self: None)
    way = [SweepCurve("nowhere", "search")]
    one = inpainting_sweep.start("key", "ann", way, 5, 0, 5)
    assert inpainting_sweep.start("key", "ben", way, 5, 0, 5) is one and inpainting_sweep.find("key") is one
    assert inpainting_sweep.start("other", "ann", way, 9, 0, 5) is not one
    one.leave("ann")
    assert not one._ended.is_set(), "Ben still wants it"
    one.leave("ben")
    assert one._ended.is_set()
    assert inpainting_sweep.start("key", "ann", way, 5, 0, 5) is not one, "asked for again, it begins anew"


def test_a_sweep_that_is_stopped_ends_its_process_and_keeps_what_it_has(monkeypatch):
    slow = InpaintingSweepJob([SweepCurve("a", "search")], 5, 0, 5)
    line = '{"part": 0.5, "way": 0, "p": 0.1, "errors": [0.25]}'
    slow._command = [sys.executable, "-c", f"import time; print('{line}', flush=True); time.sleep(600)"]
    slow._visitors.add("me")
    heard, told = slow._heard, []

    def listen(text: str) -> bool:
        told.append(heard(text))
        slow.leave("me")
        return told[-1]

    monkeypatch.setattr(slow, "_heard", listen)
    slow._thread.start()
    slow.wait(60)
    assert told == [True] and slow.state == "stopped" and slow.part == 0.5
    assert np.array_equal(slow.errors[0][0.1], [0.25])


def test_what_goes_wrong_is_a_sentence():
    run = trained()
    (run.path / "best.safetensors").write_bytes(b"nothing")
    job = inpainting_sweep.start("key", "me", [SweepCurve(str(run.path), "zeros")], 5, 0, 5)
    job.wait(120)
    assert job.state == "failed" and "damaged" in job.message and job.message.startswith("The sweep could not")
