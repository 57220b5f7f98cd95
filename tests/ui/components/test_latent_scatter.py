"""Densities as messages carry them: opacity of each cell, and the edges round the cells that are no hole."""

import base64

import numpy as np

from core.evaluation.holes import LatentDensity
from ui.components.diffusion.latent_scatter import density_message, edges_of


def test_edges_of_a_square_are_its_four_sides():
    inside = np.zeros((5, 6), bool)
    inside[1:3, 2:5] = True
    found = {tuple(edges_of(inside)[k : k + 4]) for k in range(0, 16, 4)}
    assert len(edges_of(inside)) == 16
    assert found == {(2, 1, 5, 1), (2, 3, 5, 3), (2, 1, 2, 3), (5, 1, 5, 3)}


def test_edges_have_the_length_of_the_border_for_any_region_also_at_the_rim():
    inside = np.random.default_rng(0).random((9, 11)) < 0.5
    edges = np.reshape(edges_of(inside), (-1, 4))
    length = np.abs(edges[:, 2:] - edges[:, :2]).sum()
    padded = np.pad(inside, 1)
    expected = (padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()
    assert length == expected and edges_of(np.zeros((3, 3), bool)) == []


def test_a_density_is_sent_as_opacity_with_rows_upwards():
    values = np.zeros((4, 4))
    values[0, 3], values[2, 1] = 1.0, 0.25
    message = density_message(LatentDensity(np.array([0.0, 1.0]), np.array([2.0, 3.0]), values, 0.2))
    sent = np.frombuffer(base64.b64decode(message["values"]), np.uint8).reshape(4, 4)
    assert sent[0, 3] == 255 and sent[2, 1] == 128 and sent.sum() == 255 + 128
    assert message["low"] == [0.0, 1.0] and message["cells"] == 4 and len(message["edges"]) == 2 * 4 * 4
