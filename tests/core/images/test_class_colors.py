"""Colours of classes: any two can be told apart, and each can be read on the ground of planes and maps."""

from itertools import combinations

import numpy as np
import pytest

from core.images.class_colors import CLASSES

GROUND = "#0b0d0f"
NORMAL = np.eye(3)
GREEN_BLIND = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
"""Deuteranopia (Machado, Oliveira & Fernandes 2009), in linear RGB."""


def linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def cielab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    x, y, z = np.cbrt(to_xyz @ rgb / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(("eyes", "least"), [(NORMAL, 30), (GREEN_BLIND, 10)])
def test_any_two_classes_differ(eyes, least):
    seen = [cielab(np.clip(eyes @ linear(colour), 1e-3, 1)) for colour in CLASSES]
    assert len(CLASSES) == 10
    apart = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(range(10), 2)}
    assert min(apart.values()) > least, min(apart, key=apart.get)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", CLASSES)
def test_a_class_can_be_read_on_the_ground(colour):
    assert (luminance(colour) + 0.05) / (luminance(GROUND) + 0.05) >= 4.5


@pytest.mark.parametrize("colour", CLASSES)
def test_no_class_looks_like_the_white_ink_of_the_pictures_below_it(colour):
    for eyes in (NORMAL, GREEN_BLIND):
        own, white = (cielab(np.clip(eyes @ linear(c), 1e-3, 1)) for c in (colour, "#FFFFFF"))
        assert np.linalg.norm(own - white) > 20
