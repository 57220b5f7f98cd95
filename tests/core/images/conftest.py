"""Fixtures of the tests of images."""

import numpy as np
import pytest


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
