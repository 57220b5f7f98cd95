"""Measuring of a run for the comparison, against the functions of the library, closed forms and other ways."""

import json
import math

import numpy as np
import pytest
import torch

from core import data, runs
from core.evaluation import (
    classifier,
    comparison,
    comparison_bound,
    comparison_facts,
    comparison_run,
    comparison_samples,
    comparison_steps,
    latent_quality,
    metrics,
    sample_quality,
)
from core.evaluation.comparison import Row
from core.evaluation.comparison_measures import BOUND_IMAGES, BY_KEY, IMAGES, MEASURES, SAMPLES, measures
from core.images import convert
from core.jobs import comparison as jobs_comparison
from core.jobs import tasks
from core.jobs.channel import Channel
from core.jobs.messages import Ended
from core.latent import codec, encoding, mixture, sampling
from core.models import build
from core.priors import samplers
from core.runs import weights
from core.runs.images import images_of
from core.runs.run import Run
from core.system.progress import Steps
from tests.battery.members import ALL
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.slow


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few samples are drawn and decoded."""
    monkeypatch.setattr(sample_quality, "FINAL_SAMPLES", 400)


@pytest.fixture
def run(cached_classifier, few) -> Run:
    return trained(tiny(latent_dim=3, likelihood="logistic"), "vae")


def measured(run: Run) -> comparison_facts.Facts:
    return Steps(comparison_facts.steps(run, weights.load_model(run), images_of(run))).end()


def test_values_are_those_of_the_evaluation_and_their_errors_those_of_the_images(run):
    facts, found = measured(run), run.evaluation()
    for key in ("mse", "negative_elbo", "bits_per_dim"):
        assert facts.values[key].value == found[key] and facts.values[key].n == found["images"]
        each = facts.each[key]
        assert facts.values[key].error == pytest.approx(each.std(ddof=1) / math.sqrt(found["images"]), rel=1e-6)
        assert each.mean() == pytest.approx(found[key], rel=0.02), "the same images, in another order of draws"
    assert comparison.known(run)["mse"].value == found["mse"]


def test_without_an_evaluation_the_same_values_are_computed(run):
    before = measured(run).values
    (run.path / "evaluation.json").unlink()
    after = measured(run).values
    assert after.keys() == before.keys()
    for key in ("mse", "negative_elbo", "bits_per_dim"):
        assert after[key].value == pytest.approx(before[key].value, rel=1e-9), key


def test_an_evaluation_of_former_weights_is_not_taken(run):
    found = run.evaluation()
    (run.path / "evaluation.json").write_text(json.dumps(found | {"mse": 9.0, "epoch": 77.0}), "utf-8")
    assert "mse" not in comparison.known(run) and measured(run).values["mse"].value == pytest.approx(found["mse"])


def test_the_bound_is_that_of_the_library_and_never_above_the_negative_elbo(run):
    facts, model, images = measured(run), weights.load_model(run), images_of(run)
    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    rows = rows[data.spread(images.test_labels[rows], BOUND_IMAGES)]
    x = codec.image_tensor(images.test_images[rows], model)
    found = []
    for k in (1, 7, SAMPLES):
        each = Steps(comparison_bound.steps(run, model, images, k)).end()
        oracle = -metrics.log_likelihood(model, x, k, torch.Generator().manual_seed(0))
        assert each.bound == pytest.approx(oracle.numpy(), rel=1e-4)
        entry = comparison_run.entry(run, facts, None, {}, False, each)
        assert np.array_equal(entry.each["bound"], each.bound)
        found.append(entry.values["bound"])
        assert next(m.unit for m in measures(k) if m.key == "bound") == f"nats, k = {k}"
    elbo = facts.values["negative_elbo"]
    assert found[0].value == elbo.value > found[1].value > found[2].value
    assert found[2].error >= elbo.error and found[2].n == BOUND_IMAGES


def test_latents_are_classified_as_the_classifiers_of_latents_do(run):
    facts, model, images = measured(run), weights.load_model(run), images_of(run)
    rows = data.spread(images.test_labels, min(IMAGES, len(images.test_images)))
    index, z = codec.training_latents(model, run.recipe, images, sample_quality.FINAL_SAMPLES)
    test = codec.encode(model, images.test_images[rows])
    for key, tell in (("probe", latent_quality.linear_probe), ("neighbours", latent_quality.nearest_neighbours)):
        right = tell(z, images.train_labels[index], test, images.test_labels[rows])
        assert facts.values[key].value == pytest.approx(right.mean(), abs=2 / len(rows)), key
        p = facts.values[key].value
        assert facts.values[key].error == pytest.approx(math.sqrt(p * (1 - p) / (len(rows) - 1)), rel=1e-6)
    assert facts.values["active_units"].value == (z.var(0) > 0.01).sum()


def test_reconstructions_and_samples_are_what_the_model_decodes(run):
    facts, model = measured(run), weights.load_model(run)
    assert len(facts.originals) == comparison_facts.SHOWN
    posterior = encoding.posteriors(model, convert.to_byte_tensor(facts.originals, "cpu"), 100)
    wanted = codec.decode(model, posterior.mean.numpy()).astype(int)
    assert np.abs(wanted - facts.reconstructions).max() <= 1
    samples = Steps(comparison_samples.steps(run, model, images_of(run), "prior")).end()
    noise = sampling.prior(sample_quality.FINAL_SAMPLES, 3, comparison_steps.SEED)
    assert np.array_equal(samples.pictures, codec.decode(model, noise[: comparison_samples.SHOWN_SAMPLES]))


def test_samples_are_measured_as_those_of_a_gan_are(run, cached_classifier):
    model, images = weights.load_model(run), images_of(run)
    found = Steps(comparison_samples.steps(run, model, images, "gaussian")).end()
    quality = sample_quality.SampleQuality(images.test_images, cached_classifier)
    made = codec.decode(model, mixture.draw(model, "gaussian", 400, 0))
    oracle = quality.measure(made)
    assert found.values["frechet"].value == pytest.approx(oracle.frechet, rel=1e-6)
    distance = quality.kid(made)
    assert (found.values["kid"].value, found.values["kid"].error) == pytest.approx((distance.value, distance.error))
    assert found.values["modes"].value == oracle.modes and found.classes == 10
    real = images.train_images[codec.evenly(len(images.train_images), 400)]
    assert found.real == pytest.approx(quality.measure(real).frechet, rel=1e-6)


def test_the_jackknife_meets_the_spread_of_the_distance_over_draws():
    """Features that are Gaussian: the standard error of one set is the standard deviation over many sets."""
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (600, 4, 4), dtype=np.uint8)
    quality = sample_quality.SampleQuality(real, None)
    sets = [rng.integers(0, 200, (500, 4, 4), dtype=np.uint8) for _ in range(40)]
    spread = np.std([quality.measure(made).frechet for made in sets], ddof=1)
    errors = np.mean([quality.frechet_error(made) for made in sets])
    assert errors == pytest.approx(spread, rel=0.35)
    assert math.isnan(quality.frechet_error(sets[0][:15]))


@pytest.mark.parametrize("member", ALL, ids=lambda member: member.key)
def test_every_family_has_a_value_or_a_reason_for_each_measure(member, cached_classifier, few, brief_searches):
    run = runs.create(member.recipe(), "a")
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    facts, images = measured(run), images_of(run)
    source = comparison_samples.sampler_of(run)
    samples = Steps(comparison_samples.steps(run, weights.load_model(run), images, source)).end()
    bound = None
    if comparison_bound.applies(run, images):
        bound = Steps(comparison_bound.steps(run, weights.load_model(run), images, 8)).end()
    row = Row((comparison_run.entry(run, facts, samples, {}, False, bound),))
    for measure in MEASURES:
        cell = row.cell(measure)
        assert cell.value is None or math.isfinite(cell.value)
        if measure.key != "seconds":  # it was never trained
            assert (cell.value is None) == bool(cell.reason), (measure.key, cell)
    assert bool(row.cell(BY_KEY["negative_elbo"]).reason) == (not run.recipe.family.variational)
    offered = samplers.offered(run, weights.load_model(run))
    assert set(comparison_samples.samplers(run)) == set(offered), "the same samplers as everywhere"
    assert source == mixture.default_sampler(weights.load_model(run))


def test_factors_are_measured_where_they_are_known(cached_classifier, few):
    run = trained(tiny("mlp-vae", dataset="shapes", image_shape=(3, 32, 32), epochs=1, train_images=200))
    facts = measured(run)
    found = run.evaluation()
    assert facts.values["mig"].value == found["mig"] and facts.values["dci"].value == found["dci"]


def test_the_usual_sampler_follows_from_the_record():
    vae, ae = tiny("mlp-vae"), tiny("plane-ae")
    one, two = runs.create(vae, "a"), runs.create(ae, "b")
    assert comparison_samples.sampler_of(one) == "prior" and comparison_samples.sampler_of(two) == "gaussian"
    assert (
        comparison_samples.sampler_of(one, "mixture") == "mixture"
        and comparison_samples.sampler_of(one, "magic") is None
    )


def test_results_survive_the_cache_and_damage_is_a_miss(run, tmp_path):
    facts, images = measured(run), images_of(run)
    samples = Steps(comparison_samples.steps(run, weights.load_model(run), images, "prior")).end()
    one, two = comparison_facts.file_of(run, images), comparison_samples.file_of(run, images, "prior")
    assert comparison_samples.file_of(run, images, "gaussian") != two
    assert comparison_facts.save(one, facts) and comparison_samples.save(two, samples)
    read, drawn = comparison_facts.load(one), comparison_samples.load(two)
    assert read.values == facts.values and read.reasons == facts.reasons and read.images == facts.images
    assert all(np.array_equal(read.each[key], facts.each[key], equal_nan=True) for key in facts.each)
    assert np.array_equal(drawn.pictures, samples.pictures) and drawn.values == samples.values
    for path, load in ((one, comparison_facts.load), (two, comparison_samples.load)):
        path.write_bytes(path.read_bytes()[:-40])
        assert load(path) is None


def test_the_job_keeps_both_and_computes_nothing_twice(run, monkeypatch):
    images = images_of(run)
    path = comparison_samples.file_of(run, images, "prior")
    order = jobs_comparison.ComparisonJob(run, path, "prior").order()
    assert tasks.run(order, Channel(lambda message: None)) == Ended("finished")
    assert comparison_facts.load(comparison_facts.file_of(run, images)) and comparison_samples.load(path)
    assert len(comparison_bound.load(comparison_bound.file_of(run, images, SAMPLES)).gap) == BOUND_IMAGES
    monkeypatch.setattr(comparison_facts, "steps", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr(comparison_samples, "steps", lambda *_: pytest.fail("computed again"))
    assert tasks.run(order, Channel(lambda message: None)) == Ended("finished"), "all of it is there"


def test_a_damaged_run_ends_the_job_with_a_sentence(run):
    (run.path / "best.safetensors").write_bytes(b"nothing")
    path = comparison_samples.file_of(run, images_of(run), "prior")
    ended = tasks.run(jobs_comparison.ComparisonJob(run, path, "prior").order(), Channel(lambda message: None))
    assert ended.state == "failed" and "damaged" in ended.message and not ended.unexpected


def test_a_stop_keeps_what_is_done(run, monkeypatch):
    images = images_of(run)
    channel = Channel(lambda message: None)
    channel.begin()
    order = jobs_comparison.ComparisonJob(run, comparison_samples.file_of(run, images, "prior"), "prior").order()
    monkeypatch.setattr(type(channel), "stop_requested", property(lambda self: True))
    assert tasks.run(order, channel) == Ended("stopped")
    assert classifier.file_of(images).is_file() and not comparison_facts.file_of(run, images).is_file()
