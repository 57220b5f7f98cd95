"""The plainest member of a class and the reach of the latents, compared with a search through all pairs."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.latent.axes import Axes
from core.latent.typical import common_reach, plainest_member


def by_search(points, labels):
    """Every point against the means of all classes, one number at a time."""
    best = None
    for kind in sorted(set(labels)):
        means = {k: np.mean([p for p, q in zip(points, labels, strict=True) if q == k], axis=0) for k in set(labels)}
        own = [(float(np.linalg.norm(p - means[kind])), k) for k, p in enumerate(points) if labels[k] == kind]
        distance, k = min(own)
        others = [float(np.linalg.norm(points[k] - means[other])) for other in means if other != kind]
        margin = min(others) - distance if others else 0.0
        if best is None or margin > best[0]:
            best = (margin, k)
    return best[1]


@pytest.mark.parametrize("seed", range(5))
def test_the_plainest_member_is_found_as_by_looking_at_all(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, 60)
    points = rng.normal(size=(60, 3)) + 3 * rng.normal(size=(4, 3))[labels]
    assert plainest_member(points, labels) == by_search(points, labels)


def test_a_class_apart_from_all_others_is_chosen_and_its_middle_one():
    corners = np.array([[0, 0], [1, 0], [0, 1], [40, 40]], float)
    offsets = np.array([[0.3, 0], [0, 0], [-0.3, 0]])
    points = np.concatenate([corner + offsets for corner in corners])
    assert plainest_member(points, np.repeat(np.arange(4), 3)) == 10


def test_without_classes_it_is_the_one_nearest_the_mean_and_without_points_none():
    points = np.array([[5.0], [0.0], [1.0], [-9.0]])
    assert plainest_member(points, np.full(4, -1)) == 1
    assert plainest_member(np.zeros((0, 2)), np.zeros(0, int)) is None


def test_the_reach_is_that_of_the_widest_dimension():
    mean, sd, scale, centre = [0.0, 2.0, -1.0], [1.0, 4.0, 5.0], [1.0, 2.0, 1.0], [0.0, 1.0, 0.0]
    model = SimpleNamespace(latent_mean=torch.tensor(mean), latent_variance=torch.tensor(sd) ** 2)
    order = np.arange(3)
    axes = Axes(np.array(centre), np.array(scale), np.ones(3), order, np.zeros(3, bool))
    ends = [abs((m + s * 3 * w - c) / k) for m, w, c, k in zip(mean, sd, centre, scale, strict=True) for s in (-1, 1)]
    assert common_reach(model, axes) == pytest.approx(max(ends))
