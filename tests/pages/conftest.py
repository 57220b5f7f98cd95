"""What tests of pages share."""

import pytest

from core.jobs import classifier


class Training:
    """A training of the classifier that goes on for ever."""

    state, part, message = "running", 0.5, ""


@pytest.fixture
def classifier_in_training(monkeypatch):
    """Whoever asks for a classifier finds it in training: a real one would compute on in a process of its own, long
    after the test that asked for it."""
    monkeypatch.setattr(classifier, "ClassifierJob", Training)
    monkeypatch.setattr(classifier, "start", lambda *_, **__: Training())
