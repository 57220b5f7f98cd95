"""Latents of a map's images, kept for each weights of a run."""

import numpy as np
import pytest

from core import data, runs
from core.latent import codec
from core.models import build
from core.runs import RunError, weights
from core.runs.weights_digest import weights_digest
from tests.tiny_runs import tiny
from ui.embedding import subset


def test_latents_of_earlier_weights_come_from_memory_and_are_never_those_of_newer_ones():
    run = runs.create(tiny(), "run")
    model = build(run.recipe).eval()
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    images, first = subset.subset_of(data.load("digits"), 20), weights_digest(run)
    then = subset.latents(run, images, first)
    assert then == pytest.approx(codec.encode(model, images.pictures), abs=1e-6)
    newer = {name: 1.5 * value for name, value in model.state_dict().items()}
    weights.save(run.path / "best.safetensors", newer, {"epoch": 2})
    assert subset.latents(run, images, first) is then
    assert not np.allclose(subset.latents(run, images), then)
    subset._latents.clear()
    with pytest.raises(RunError, match="'run' has newer weights"):
        subset.latents(run, images, first)
