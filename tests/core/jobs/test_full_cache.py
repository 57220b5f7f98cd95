"""A result that a page reads from the cache ends in a sentence with the remedy where the cache cannot be written to."""

import numpy as np
import pytest

from core.embedding import pitfalls
from core.evaluation import bound, classifier, plane_measures
from core.jobs import tasks
from core.jobs.channel import Channel
from core.jobs.messages import Order
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from tests.pages.page_tools import untrained


def at_once(*_, **__):
    """A computation of one step."""
    yield 1.0


def order(task: str) -> Order:
    match task:
        case "pitfalls":
            arrays = {"x": np.zeros(1), "labels": np.zeros(1)}
            return Order(task, "embedding", {"key": "k", "backend": "b"}, arrays)
        case "train_classifier":
            return Order(task, "scoring", {"recipe": for_digits(preset("mlp-vae")).to_dict(), "run": ""})
    return Order(task, "scoring", {"run": str(untrained("plane", latent_dim=2).path), "samples": 128})


@pytest.mark.parametrize("task", ["pitfalls", "train_classifier", "measure_plane", "measure_bound"])
def test_the_sentence_names_the_folder_and_the_remedy(task, monkeypatch, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pitfalls, "compute", lambda *_: {"y": np.zeros(1)})
    monkeypatch.setattr(classifier, "cached_steps", at_once)
    monkeypatch.setattr(plane_measures, "measure_steps", at_once)
    monkeypatch.setattr(plane_measures, "save", lambda *_: False)
    monkeypatch.setattr(bound, "measure_steps", at_once)
    monkeypatch.setattr(bound, "save", lambda *_: False)
    ended = tasks.run(order(task), Channel(lambda _: None))
    assert ended.state == "failed" and not ended.unexpected and capsys.readouterr().err == ""
    assert f"could not be kept: {tmp_path / 'cache'} cannot be written to. Free some space" in ended.message
    assert ended.message.endswith("LATENT_LAB_CACHE.")
