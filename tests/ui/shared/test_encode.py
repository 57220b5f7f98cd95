"""Where images lie: searched for once, by a job of the lab, remembered for everybody."""

import numpy as np
import pytest

from core.jobs import search
from core.jobs.queue import JobQueue, use_queue
from core.latent import codec
from tests.fake_executor import FakeExecutor
from tests.pages.page_tools import untrained
from ui.shared import encode, model_cache
from ui.shared.model_cache import LoadedModel, ResultCache

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)


def holding(preset_name: str) -> LoadedModel:
    return model_cache.load(untrained(preset_name, preset_name, latent_dim=2))


@pytest.fixture(autouse=True)
def searching(monkeypatch):
    """Searches run in a thread of this process, without a bar: there is no page."""
    monkeypatch.setattr(encode, "BAR_DELAY", 1e9)
    monkeypatch.setattr(search, "warm", lambda: None)
    with use_queue(JobQueue(FakeExecutor("search"))):
        yield


@pytest.mark.parametrize("preset_name", ["plane-vae", "plane-ae", "plane-ad", "plane-vad"])
def test_every_family_encodes_images_as_core_does(preset_name):
    held = holding(preset_name)
    assert np.allclose(encode.encode(held, IMAGES), codec.encode(held.model, IMAGES), atol=1e-5)
    assert encode.encode(held, IMAGES[:0]).shape == (0, 2)


def test_a_search_is_made_once_per_image_whatever_stands_beside_it(monkeypatch):
    held, counted = holding("plane-ad"), []
    search = codec.encoding_progress
    monkeypatch.setattr(codec, "encoding_progress", lambda model, new: counted.append(len(new)) or search(model, new))
    first = encode.encode(held, IMAGES[[0, 1, 0]])
    assert np.array_equal(first[0], first[2]) and counted == [2]
    again = encode.encode(held, IMAGES[[2, 1]])
    assert np.array_equal(again[1], first[1]) and counted == [2, 1]
    encode.encode(held, IMAGES)
    assert counted == [2, 1]


def test_only_the_newest_results_are_kept():
    results = ResultCache(2)
    for name in (b"a", b"b"):
        results.keep(name, np.zeros(2))
    results.get(b"a")  # looked at: newer than b
    results.keep(b"c", np.zeros(2))
    assert results.get(b"b") is None and results.get(b"a") is not None and results.get(b"c") is not None


def test_the_words_are_right_for_each_family():
    said = {
        name: (encode.encoding_method(held := holding(f"plane-{name}")), encode.latent_name(held))
        for name in ("ae", "vae", "ad", "vad")
    }
    assert said == {
        "ae": ("The encoder", "point μ"),
        "vae": ("The encoder", "mean μ"),
        "ad": ("A search with the decoder", "point μ"),
        "vad": ("A search with the decoder", "mean μ"),
    }
