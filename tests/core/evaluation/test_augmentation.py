"""Does generated data help? The curve, against trainings done apart, and its words, against hand computations."""

import math

import numpy as np
import pytest
import torch

from core import data, runs
from core.evaluation import augmentation, classifier
from core.evaluation.augmentation import ASKED, SELF_TRAINED, Augmentation, Point
from core.images import convert
from core.jobs import tasks
from core.jobs.augmentation import AugmentationJob
from core.jobs.channel import Channel
from core.jobs.messages import Ended
from core.models import build
from core.recipes.family import FAMILIES
from core.runs import weights
from core.runs.images import images_of
from tests.battery.members import ALL
from tests.tiny_runs import tiny, trained

ASKABLE = [member for member in ALL if FAMILIES[member.key].conditional]


def points(*results: tuple[int, list[float], list[float]]) -> Augmentation:
    made = tuple(Point(n, tuple(real), tuple(both), (0.5,) * len(real)) for n, real, both in results)
    return Augmentation(made, tuple(point.n for point in made), SELF_TRAINED, 100, 50, 1000)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "SEEDS", 2)
    monkeypatch.setattr(augmentation, "STEPS", 40)
    monkeypatch.setattr(augmentation, "PER_CLASS", 20)


def test_the_images_of_each_class_are_drawn_by_the_seed_and_more_hold_fewer():
    labels = np.array([0, 1, 1, 0, 2, 2, 1, 0, 2, -1] * 20)
    for seed in range(3):
        few, many = augmentation.chosen(labels, 5, seed), augmentation.chosen(labels, 20, seed)
        assert np.bincount(labels[few]).tolist() == [5, 5, 5] and np.bincount(labels[many]).tolist() == [20, 20, 20]
        assert set(few) < set(many) and len(set(many)) == 60
    assert set(augmentation.chosen(labels, 5, 0)) != set(augmentation.chosen(labels, 5, 1))


def test_the_numbers_are_those_that_the_smallest_class_has():
    digits = data.load("digits")
    smallest = np.bincount(digits.train_labels).min()
    assert augmentation.numbers_of(digits) == tuple(n for n in augmentation.NUMBERS if n <= smallest) == (10, 30, 100)


def test_gain_and_verdict_come_from_differences_seed_by_seed():
    point = Point(10, (0.80, 0.70, 0.60), (0.83, 0.74, 0.63), (1.0,) * 3)
    differences = np.array([0.03, 0.04, 0.03])
    assert point.gain == pytest.approx(differences.mean())
    assert point.error == pytest.approx(differences.std(ddof=1) / math.sqrt(3))
    assert point.verdict == 1, "although the seeds differ by much more"
    assert Point(10, point.both, point.real, point.used).verdict == -1
    assert (
        Point(10, (0.8, 0.7), (0.9, 0.61), (1.0, 1.0)).verdict == 0 and Point(10, (0.8,), (0.9,), (1.0,)).verdict == 0
    )


def test_the_sentence_says_where_it_helps_where_it_harms_and_where_nothing_is_sure():
    found = points(
        (10, [0.50, 0.52], [0.70, 0.72]), (30, [0.80, 0.81], [0.80, 0.82]), (100, [0.95, 0.951], [0.92, 0.920])
    )
    assert augmentation.finding(found) == (
        "Generated images help with 10 real images per class: the error falls from 49.0 % to 29.0 %; they harm with "
        "100: the error rises from 5.0 % to 8.0 %; with 30 there is no difference beyond the noise."
    )
    assert "no difference here beyond the noise" in augmentation.finding(points((10, [0.5, 0.5], [0.5, 0.5])))
    only = augmentation.finding(points((10, [0.9, 0.91], [0.8, 0.81]), (30, [0.9, 0.91], [0.88, 0.89])))
    assert only == (
        "Generated images harm with 10 and 30 real images per class, most with 10: the error rises from 9.5 % to "
        "19.5 %."
    )
    assert augmentation.finding(Augmentation((), (10,), ASKED, 1, 1, 1)) == ""


def test_a_curve_survives_the_cache_in_part_and_whole(tmp_path):
    whole = points((10, [0.5, 0.6], [0.7, 0.8]), (30, [0.5, 0.6], [0.7, 0.9]))
    part = Augmentation(whole.points[:1], whole.numbers, ASKED, 100, 50, 1000)
    for found in (whole, part):
        path = tmp_path / "augmentation-x.safetensors"
        assert augmentation.save(path, found) and augmentation.load(path) == found
    assert whole.complete and not part.complete
    path.write_bytes(path.read_bytes()[:-9])
    assert augmentation.load(path) is None


@pytest.mark.slow
def test_both_trainings_are_those_of_the_classifier_on_the_same_real_images(brief, own_runs):
    """A point recomputed with a training loop of its own: Adam, one-cycle, cross-entropy."""
    run = trained(tiny(latent_dim=4))
    images, model = images_of(run), weights.load_model(run)
    *_, (share, found) = augmentation.augmentation_steps(run, model, images, "prior")
    assert share == pytest.approx(1.0) and found.complete and found.labels == SELF_TRAINED and found.generated == 200
    test, rows = images.test_images, augmentation.chosen(images.train_labels, 10, 0)
    generated, asked = augmentation.generate(run, model, images, "prior")
    assert asked is None

    def accuracy(more: np.ndarray | None = None, known: np.ndarray | None = None) -> tuple[float, torch.nn.Module]:
        torch.manual_seed(0)
        network = classifier.network_of(images.shape, 10)
        optimiser = torch.optim.Adam(network.parameters(), classifier.LEARNING_RATE)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, classifier.LEARNING_RATE, total_steps=40)
        draws, others = np.random.default_rng([0, 1]), np.random.default_rng([0, 2])
        for _ in range(40):
            picked = rows[draws.integers(0, len(rows), augmentation.BATCH)]
            x, y = images.train_images[picked], images.train_labels[picked]
            if more is not None:
                also = others.integers(0, len(more), augmentation.BATCH)
                x, y = np.concatenate([x, more[also]]), np.concatenate([y, known[also]])
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(convert.to_tensor(x)), torch.from_numpy(y)).backward()
            optimiser.step()
            rate.step()
        with torch.no_grad():
            told = network(convert.to_tensor(test)).argmax(1).numpy()
        return float((told == images.test_labels).mean()), network

    alone, network = accuracy()
    assert found.points[0].real[0] == pytest.approx(alone, abs=0.015)
    with torch.no_grad():
        told = network(convert.to_tensor(generated)).softmax(1).numpy()
    sure = told.max(1) >= augmentation.SURE
    assert found.points[0].used[0] == pytest.approx(sure.mean(), abs=0.05)
    if sure.any():
        both, _ = accuracy(generated[sure], told[sure].argmax(1))
        assert found.points[0].both[0] == pytest.approx(both, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("member", ASKABLE, ids=lambda member: member.key)
def test_a_conditional_family_is_asked_for_the_classes(member, brief):
    run = runs.create(member.recipe(), "a")
    weights.save(run.path / "best.safetensors", build(run.recipe).state_dict(), {"epoch": 1})
    images, model = images_of(run), weights.load_model(run)
    pictures, asked = augmentation.generate(run, model, images, "prior")
    assert len(pictures) == len(asked) == 200 and set(asked.tolist()) == set(range(10))


@pytest.mark.slow
def test_the_job_keeps_each_point_and_goes_on_where_it_ended(brief):
    run = trained(tiny())
    images = images_of(run)
    path = augmentation.file_of(run, images, "prior")
    order = AugmentationJob(run, path, "prior").order()
    channel = Channel(lambda message: None)
    stop_at_a_point = property(lambda self: path.is_file())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "stop_requested", stop_at_a_point)
        assert tasks.run(order, channel) == Ended("stopped")
    part = augmentation.load(path)
    assert [point.n for point in part.points] == [10] and not part.complete
    assert tasks.run(order, channel) == Ended("finished")
    whole = augmentation.load(path)
    assert whole.points[0] == part.points[0] and whole.complete


def test_without_classes_there_is_nothing_to_measure():
    digits = data.load("digits")
    from dataclasses import replace

    bare = replace(digits, train_labels=np.full_like(digits.train_labels, -1))
    assert augmentation.numbers_of(bare) == ()
    with pytest.raises(ValueError, match="two classes"):
        next(augmentation.augmentation_steps(runs.create(tiny()), None, bare, "prior"))
