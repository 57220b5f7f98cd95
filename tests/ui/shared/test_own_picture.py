"""What a visitor is told of a picture of their own that is unlike the training images."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core import data
from ui.shared.own_picture import Fitting


@pytest.fixture(scope="module")
def images():
    return data.load("digits")


def fitting(images, name="a run") -> Fitting:
    recipe = SimpleNamespace(dataset="digits")
    return Fitting(SimpleNamespace(name=name, shape=images.shape, recipe=recipe), images)


def test_a_picture_unlike_the_training_images_is_met_with_the_reason_and_what_to_do(images):
    turned = 255 - images.test_images[0]
    drawn, uploaded = (fitting(images).unlike(turned, drawn=drawn) for drawn in (True, False))
    assert drawn.startswith("Unlike the training images: it is brighter than nearly all of them.")
    assert drawn.endswith("Draw it smaller or with a thinner brush.") and "another ink" in uploaded
    assert "thicker brush" in fitting(images).unlike(np.zeros_like(turned), drawn=True)


def test_nothing_is_said_of_a_picture_like_them_or_where_too_few_are_known(images):
    assert fitting(images).unlike(images.test_images[0], drawn=True) == ""
    few = replace(images, train_images=images.train_images[:20], train_labels=images.train_labels[:20])
    assert fitting(few, "of few").unlike(255 - images.test_images[0], drawn=True) == ""
    assert Fitting(fitting(images).loaded, None).unlike(images.test_images[0], drawn=True) == ""
    assert fitting(images).unlike(np.zeros((8, 8), np.uint8), drawn=True) == "", "of another shape"
