"""Nearest neighbours against scikit-learn's exact search."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.latent import neighbours


@pytest.mark.parametrize("skip_self", [False, True])
@pytest.mark.parametrize(("block", "chunk"), [(7, 5), (4_096, 256)])
def test_the_nearest_candidates_are_those_of_scikit_learn(monkeypatch, block, chunk, skip_self):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    monkeypatch.setattr(neighbours, "POINTS", chunk)
    candidates = np.random.default_rng(0).standard_normal((50, 3))
    points = candidates if skip_self else np.random.default_rng(1).standard_normal((12, 3))
    index, squares = neighbours.nearest(points, candidates, skip_self)
    distances, wanted = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(candidates).kneighbors(points)
    rank = 1 if skip_self else 0
    assert np.array_equal(index, wanted[:, rank])
    assert np.sqrt(squares) == pytest.approx(distances[:, rank], abs=1e-7)


def test_of_equally_near_candidates_the_first_is_taken_and_grey_levels_are_exact(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 2)
    candidates = np.zeros((6, 4, 5, 3), np.uint8)
    candidates[0], candidates[1], candidates[2:] = 9, 250, 4
    index, squares = neighbours.nearest(np.full((1, 4, 5, 3), 3, np.uint8), candidates)
    assert index.tolist() == [2] and squares.tolist() == [60.0]


def test_without_candidates_there_is_no_neighbour_and_without_points_no_answer():
    index, squares = neighbours.nearest(np.zeros((2, 3)), np.zeros((0, 3)))
    assert index.tolist() == [-1, -1] and np.isinf(squares).all()
    assert neighbours.nearest(np.zeros((0, 3)), np.zeros((4, 3)))[0].shape == (0,)
