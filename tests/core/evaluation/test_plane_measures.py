"""Measures of planes: against other ways to compute them, through the cache, and what is said of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from core import data
from core.evaluation import metrics
from core.evaluation import plane_measures as measures
from core.evaluation.plane_measures import PlaneMeasures
from core.images import convert
from core.latent import codec, planes
from core.latent.planes import Coverage
from core.runs import weights
from core.system import cache
from core.system.progress import Steps
from tests.tiny_runs import tiny, trained

PLAIN = PlaneMeasures(100, (1.0, 1.0), (1.0, 1.0), (0.5, 0.9, 0.99), 0.001, None, None, None, 0.02, 10, "test", 2, None)


def measured(run, images=None):
    found = images or data.load("digits")
    return Steps(measures.measure_steps(weights.load_model(run), run.recipe, found)).end()


def without_classes(images: data.ImageSet, test: int | None = None) -> data.ImageSet:
    """The same images without labels, and with so many test images."""
    held = len(images.test_images) if test is None else test
    return replace(
        images,
        train_labels=np.full(len(images.train_labels), -1),
        test_images=images.test_images[:held],
        test_labels=np.full(held, -1),
    )


@pytest.mark.parametrize("family", ["vae", "ae"])
def test_the_measures_are_those_of_the_model(family):
    run = trained(tiny(f"plane-{family}", hidden=(8,)), "flat")
    images = without_classes(data.load("digits"), 40)
    found, model = measured(run, images), weights.load_model(run)
    index, mean = codec.training_latents(model, run.recipe, images, 10_000)
    assert found.latents == len(index) == 64 and np.allclose(found.spread, mean.std(0), rtol=1e-4)
    assert all(total >= spread * 0.5 for total, spread in zip(found.total_spread, found.spread, strict=True))
    assert (found.spread == found.total_spread) == (family == "ae"), "a point has no σ"
    scores = metrics.score(model, convert.to_byte_tensor(images.test_images, torch.device("cpu")))
    assert found.error == pytest.approx(scores.mse, rel=1e-5) and (found.images, found.held_out) == (40, "test")
    wanted = (scores.kl_per_dim >= 0.01).sum() if family == "vae" else (mean.var(0) > 0.01).sum()
    assert found.active == wanted and found.prior is None and found.regions is None


def test_without_test_images_validation_images_are_measured_and_without_either_none(monkeypatch):
    run = trained(tiny("plane-ae", hidden=(8,)), "flat")
    images = without_classes(data.load("digits"), 0)
    assert (found := measured(run, images)).held_out == "validation" and found.images == 20 and found.error > 0
    monkeypatch.setattr(data, "split", lambda *_: (np.arange(1), np.arange(0)))  # as where they were deleted since
    nothing = measured(run, images)
    assert nothing.error is None and nothing.images == 0 and nothing.latents == 1 and math.isnan(nothing.mmd)


def test_samples_and_regions_are_judged_by_the_classifier_and_all_survives_the_cache(cached_classifier):
    run, images = trained(tiny("plane-vae", hidden=(8,)), "flat"), data.load("digits")
    found, model = measured(run), weights.load_model(run)
    noise = np.random.default_rng(0).standard_normal((measures.SAMPLES, 2), dtype=np.float32)
    p = cached_classifier.probabilities(codec.decode(model, noise))
    assert found.prior.sure == pytest.approx((p.max(1) >= 0.9).mean())
    assert found.real == pytest.approx((cached_classifier.probabilities(images.test_images).max(1) >= 0.9).mean())
    centre, half = planes.window(planes.places(model, run.recipe, images).mean)
    corner = np.float32([[centre[0] - half, centre[1] + half]])
    seen = cached_classifier.probabilities(codec.decode(model, corner))[0]
    assert found.regions.labels[0, 0] == seen.argmax(), "the first cell is the top left corner"
    path = measures.file_of(run, images)
    assert measures.load(path) is None and measures.save(path, found)
    kept = measures.load(path)
    assert np.array_equal(kept.regions.labels, found.regions.labels) and kept.fitted == found.fitted
    assert {**vars(kept), "regions": None} == {**vars(found), "regions": None}
    path.write_bytes(path.read_bytes()[:-7])
    assert measures.load(path) is None, "damaged"
    cache.save(path, {"labels": np.zeros((2, 2))}, {"latents": 1})
    assert measures.load(path) is None, "something else"


def row(mmd=0.001, prior=None, fitted=None, error=0.02, outside=0.01):
    judged = [None if x is None else Coverage(x[0], x[1], 10, 1_000) for x in (prior, fitted)]
    return replace(PLAIN, mmd=mmd, inside=(0.5, 0.9, 1 - outside), prior=judged[0], fitted=judged[1], error=error)


def test_the_findings_name_the_extremes_with_their_numbers():
    rows = [
        ("AE", row(0.35, (0.3, 4), (0.7, 10), 0.03, 0.83)),
        ("VAE", row(0.004, (0.85, 9), (0.86, 10), 0.02, 0.012)),
        ("AD", row(0.02, (0.8, 10), (0.8, 10), 0.025, 0.02)),
    ]
    said = " ".join(found := measures.findings(rows))
    assert found[0] == (
        "Samples from N(0, I) cover **only 4 of 10 classes** in **AE** and all 10 classes in **AD**."
    ), "the lesson comes first"
    assert "closest to N(0, I) in **VAE** (MMD² 0.0040, 1.2 % of its z outside" in said
    assert "furthest in **AE** (MMD² 0.35, 83 % of its z outside)" in said
    assert "**AE** are confident in 30 % of the cases" in said and "in 70 % when" in said
    assert "**VAE** has the most confident samples (85 %, 9 of 10 classes)" in said
    assert "best by **VAE** (squared error 0.02) and worst by **AE** (0.03)" in said


def test_the_findings_do_not_claim_what_the_numbers_refute():
    """The shipped planes of 2026: the autoencoder's samples are the most confident under N(0, I), of four classes."""
    rows = [("AE", row(0.35, (0.9, 4), (0.87, 10))), ("VAE", row(0.02, (0.86, 10), (0.88, 10)))]
    said = " ".join(measures.findings(rows))
    assert "No model gains more than five points" in said
    assert "**AE** has the most confident samples (90 %, 4 of 10 classes)" in said
    assert "equally well" in said and "best by" not in said
    tied = [("AD", row(0.02, (0.884, 10), (0.88, 10))), ("VAD", row(0.02, (0.88, 9), (0.88, 10)))]
    assert "**AD** and **VAD** have the most confident samples (88 %)" in " ".join(measures.findings(tied))
    close = [("AE", row(error=0.0294)), ("VAE", row(error=0.0279))]
    assert (
        "about equally well: the squared error is 0.0279 for **VAE** and 0.0294 for **AE**"
        in measures.findings(close)[-1]
    )


@pytest.mark.parametrize("rows", [[], [("A", row(math.nan, error=None))], [("A", row())], [("A", row()), ("B", row())]])
def test_few_or_missing_measures_say_little_and_nothing_wrong(rows):
    said = " ".join(measures.findings(rows))
    assert not {"nan", "None", "most", "best", "closest"} & set(said.replace("*", "").split()), said
    if len(rows) == 1 and not math.isnan(rows[0][1].mmd):
        assert said.startswith("**A** has an MMD² of 0.0010 to N(0, I), and 1.0 % of its z")
