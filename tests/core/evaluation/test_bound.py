"""The importance-weighted bound: against scipy on made-up weights, and against the estimate for a single k."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from core import data
from core.evaluation import bound, metrics
from core.images import convert
from core.models import build
from core.system.progress import Steps
from tests.core.models.test_likelihood import linear_world
from tests.tiny_runs import tiny


def test_the_bound_of_each_k_is_the_mean_over_groups_of_k_samples_and_never_rises():
    weights = np.random.default_rng(0).normal(-100, 3, (16, 5))
    found = bound.by_samples(weights)
    assert found.k == (1, 2, 4, 8, 16) and found.images == 5
    for number, value, error in zip(found.k, found.values, found.errors, strict=True):
        each = -(logsumexp(weights.reshape(16 // number, number, 5), axis=1) - np.log(number)).mean(0)
        assert value == pytest.approx(each.mean()) and error == pytest.approx(each.std(ddof=1) / np.sqrt(5))
    assert (np.diff(found.values) < 0).all()


def test_the_last_k_is_the_number_of_samples_also_where_that_is_no_power_of_two():
    weights = np.random.default_rng(1).normal(-100, 3, (20, 5))
    found = bound.by_samples(weights)
    assert found.k == (1, 2, 4, 8, 16, 20)
    assert found.values[-1] == pytest.approx(-(logsumexp(weights, axis=0) - np.log(20)).mean())
    assert found.values[4] == pytest.approx(-(logsumexp(weights[:16], axis=0) - np.log(16)).mean())
    assert np.isnan(bound.by_samples(weights[:, :1]).errors).all()


def test_on_a_linear_model_it_meets_log_p_and_says_how_exact_it_is():
    model, x, truth = linear_world(noise=0.05)
    generator = torch.Generator().manual_seed(3)
    weights = metrics.log_weights(model, x, model.encode(x), 1_000, generator)
    found, exact = bound.by_samples(weights.numpy()), -truth.log_prob(x.flatten(1))
    assert found.values[0] > found.values[5] > float(exact.mean()) - 1e-3
    assert found.values[-1] == pytest.approx(float(exact.mean()), abs=0.02)
    assert found.errors[-1] == pytest.approx(float(exact.std()) / np.sqrt(len(x)), rel=0.02)


def test_of_a_model_it_is_the_estimate_of_the_largest_k_and_the_cache_gives_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(bound, "IMAGES", 20)
    model, images = build(tiny()), data.load("digits")
    found = Steps(bound.measure_steps(model, images, 12)).end()
    rows = data.spread(images.test_labels, 20)
    x = convert.scale_bytes(convert.to_byte_tensor(images.test_images[rows], torch.device("cpu")))
    wanted = metrics.log_likelihood(model, x, 12, torch.Generator().manual_seed(0))
    assert found.k[-1] == 12 and found.images == 20
    assert found.values[-1] == pytest.approx(-wanted.mean().item(), rel=1e-5)
    path = tmp_path / "bounds" / "one.safetensors"
    assert bound.load(path) is None and bound.save(path, found) and bound.load(path) == found
