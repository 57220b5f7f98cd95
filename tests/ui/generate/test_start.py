"""The point at which Generate opens."""

from types import SimpleNamespace

import numpy as np

from ui.generate import start


def test_the_first_point_lies_within_the_sliders_where_there_are_images(monkeypatch):
    z = np.array([[6.0, 0.0], [6.1, 0.0], [0.5, -1.0], [-0.5, 1.0]], np.float32)
    labels = np.array([0, 0, 1, 2])
    monkeypatch.setattr(start, "training_points", lambda run, loaded: (z, labels, ("a", "b", "c")))
    # A latent space without a class: all of a vector is style.
    loaded = SimpleNamespace(axes=SimpleNamespace(to_sigma_units=np.asarray), model=SimpleNamespace(style=np.asarray))
    assert start.first_point(None, loaded, 100.0)[0] > 3, "the plainest of all lies far out"
    assert np.abs(start.first_point(None, loaded, 3.0)).max() <= 3
    assert start.first_point(None, loaded, 0.1)[0] > 3, "none lies within: the plainest of all"
    assert start.about(None, loaded) == "The first point is the latent of a typical training image."
