"""CIELAB against published values of sRGB's corners and a blend computed by hand."""

import numpy as np
import pytest

from core.images import cielab

# Bruce Lindbloom's calculator, sRGB, D65: the corners of the cube.
CORNERS = {
    (255, 0, 0): (53.2408, 80.0925, 67.2032),
    (0, 255, 0): (87.7347, -86.1827, 83.1793),
    (0, 0, 255): (32.2970, 79.1875, -107.8602),
    (255, 255, 0): (97.1393, -21.5537, 94.4780),
    (0, 0, 0): (0, 0, 0),
    (255, 255, 255): (100, 0, 0),
}


@pytest.mark.parametrize(("rgb", "lab"), CORNERS.items())
def test_the_corners_of_the_cube_have_their_published_values(rgb, lab):
    assert np.allclose(cielab.to_lab(np.full((1, 1, 3), rgb, np.uint8))[0, 0], lab, atol=0.01)


def test_every_colour_comes_back():
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    assert np.array_equal(cielab.from_lab(cielab.to_lab(cube)), cube)


def test_the_middle_of_black_and_white_is_the_grey_of_lightness_50():
    """L* = 50 is Y = ((50 + 16) / 116)³ = 0.18419, in sRGB 1.055 · Y^(1/2.4) − 0.055 = 0.46633, or level 119: darker
    than the mean of the levels."""
    black, white = (np.full((2, 3, 3), level, np.uint8) for level in (0, 255))
    found = cielab.blend(black, white, np.array([0.0, 0.5, 1.0]))
    assert found.shape == (3, 2, 3, 3)
    assert [set(frame.ravel()) for frame in found] == [{0}, {119}, {255}]
