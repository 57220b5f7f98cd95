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
from tests.tiny_runs import tiny


def test_the_bound_of_each_k_is_the_mean_over_groups_of_k_samples_and_never_rises():
    weights = np.random.default_rng(0).normal(-100, 3, (16, 5))
    k, values = bound.by_samples(weights)
    assert k == (1, 2, 4, 8, 16)
    for number, value in zip(k, values, strict=True):
        groups = weights.reshape(16 // number, number, 5)
        assert value == pytest.approx(-(logsumexp(groups, axis=1) - np.log(number)).mean())
    assert (np.diff(values) < 0).all()


def test_of_a_model_it_is_the_estimate_of_the_largest_k_and_the_cache_gives_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(bound, "IMAGES", 20)
    monkeypatch.setattr(bound, "SAMPLES", 16)
    model, images = build(tiny()), data.load("digits")
    found = Steps(bound.measure_steps(model, images)).end()
    rows = data.spread(images.test_labels, 20)
    x = convert.scale_bytes(convert.to_byte_tensor(images.test_images[rows], torch.device("cpu")))
    wanted = metrics.log_likelihood(model, x, 16, torch.Generator().manual_seed(0))
    assert found.k[-1] == 16 and found.images == 20
    assert found.values[-1] == pytest.approx(-wanted.mean().item(), rel=1e-5)
    path = tmp_path / "bounds" / "one.safetensors"
    assert bound.load(path) is None and bound.save(path, found) and bound.load(path) == found
