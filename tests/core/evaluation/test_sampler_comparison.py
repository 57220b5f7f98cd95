"""Samplers of one decoder: measured as by hand, kept in the cache, and anew for another prior or other weights."""

import numpy as np
import pytest

from core.evaluation import sample_quality, sampler_comparison
from core.evaluation.sampler_comparison import LATENTS
from core.jobs import tasks
from core.jobs.channel import Channel
from core.jobs.messages import Ended
from core.jobs.sampler_comparison import SamplerJob
from core.latent import codec, mixture
from core.priors import store
from core.priors.kinds import FLOW
from core.priors.learning import learn
from core.priors.settings import FlowSettings
from core.runs import weights
from core.runs.images import images_of
from core.system.progress import Steps
from tests.tiny_runs import tiny, trained

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("cached_classifier")]

QUICK = FlowSettings(steps=20, batch=32, width=16, blocks=1)


@pytest.fixture
def run():
    run = trained(tiny("plane-vae"), "vae")
    list(learn(run, FLOW, QUICK, "cpu"))
    return run


def compared(run, samples=200):
    return Steps(sampler_comparison.compare_steps(run, weights.load_model(run), images_of(run), samples))


def test_each_sampler_is_measured_as_by_hand(run):
    steps = compared(run)
    shares = list(steps)
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    found = steps.result
    assert list(found.rows) == [*mixture.SAMPLERS, "flow", LATENTS] and found.learned == ["flow"]
    model, images = weights.load_model(run), images_of(run)
    quality = sample_quality.for_dataset(images).with_reference(images.test_images)
    for key, z in (
        ("gaussian", mixture.draw(model, "gaussian", 200, 0)),
        ("flow", store.load(run, FLOW, model).draw(200, 0)),
    ):
        pictures = codec.decode(model, z)
        assert found.rows[key].frechet == pytest.approx(quality.measure(pictures).frechet, rel=1e-6)
        assert found.rows[key].precision == pytest.approx(quality.support(pictures).precision)
        assert np.array_equal(found.rows[key].pictures, pictures[: sampler_comparison.SHOWN])
    assert found.rows[LATENTS].holes <= 0.05 < 1 and "classifier" in found.yardstick


def test_a_comparison_is_kept_and_read(run, tmp_path):
    found = compared(run, 60).end()
    path = tmp_path / "samplers-x.safetensors"
    assert sampler_comparison.save(path, found)
    again = sampler_comparison.load(path)
    assert list(again.rows) == list(found.rows) and again.real == found.real and again.samples == 60
    for key, row in found.rows.items():
        assert (again.rows[key].frechet, again.rows[key].recall) == (row.frechet, row.recall)
        assert (again.rows[key].kid, again.rows[key].kid_error) == (row.kid, row.kid_error) and row.kid_error > 0
        assert np.array_equal(again.rows[key].pictures, row.pictures)
    path.write_bytes(path.read_bytes()[:100])
    assert sampler_comparison.load(path) is None and sampler_comparison.load(tmp_path / "none") is None


def test_another_prior_and_other_weights_are_another_comparison(run):
    images = images_of(run)
    first = sampler_comparison.file_of(run, images)
    assert sampler_comparison.file_of(run, images) == first
    store.remove(run, FLOW)
    without = sampler_comparison.file_of(run, images)
    weights.save(run.path / "best.safetensors", build_other(run), {"epoch": 1})
    assert len({first, without, sampler_comparison.file_of(run, images)}) == 3


def build_other(run):
    return {name: 2 * t if t.is_floating_point() else t for name, t in weights.load_model(run).state_dict().items()}


def test_the_job_keeps_what_the_page_reads(run, monkeypatch):
    monkeypatch.setattr(sampler_comparison, "SAMPLES", 60)
    path = sampler_comparison.file_of(run, images_of(run))
    monkeypatch.setattr(sampler_comparison.compare_steps, "__defaults__", (60, 0))
    assert tasks.run(SamplerJob(run, path).order(), Channel(lambda message: None)) == Ended("finished")
    assert sampler_comparison.load(path).samples == 60
