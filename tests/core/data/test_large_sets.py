"""What is computed of a set reads it block by block: the set may be larger than the memory."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from core import data
from core.data import ImageSet, fingerprint, import_cache, leaving_out
from core.evaluation import classifier, outliers
from core.images.shape import ImageShape
from core.jobs import search_worker
from core.latent import neighbours
from core.models import AutoDecoder, likelihood
from core.recipes.presets import preset
from core.system import memory

SHAPE, COUNT, BLOCK = ImageShape(1, 8, 8), 600, 60


class Recorded:
    """Pictures that note how many of them are read at once. To be used as a whole they would have to be an array."""

    def __init__(self, pictures: np.ndarray):
        self.pictures, self.most, self.read = pictures, 0, 0
        self.shape, self.ndim, self.dtype, self.flags = pictures.shape, pictures.ndim, pictures.dtype, SimpleNamespace()

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, rows):
        found = self.pictures[rows]
        if found.ndim == self.ndim:
            self.most, self.read = max(self.most, len(found)), self.read + len(found)
        return found

    def __array__(self, dtype=None, copy=None):
        self.most = len(self)
        return self.pictures


@dataclass
class Sets:
    """The same set read through records, and in memory."""

    recorded: ImageSet
    plain: ImageSet

    def most(self) -> int:
        parts = (self.recorded.train_images, self.recorded.test_images)
        assert sum(part.read for part in parts) > COUNT // 2, "the set was read"
        return max(part.most for part in parts)


@pytest.fixture
def sets(monkeypatch):
    monkeypatch.setattr(import_cache, "BLOCK_BYTES", BLOCK * SHAPE.values)
    monkeypatch.setattr(classifier, "AT_ONCE", BLOCK)
    monkeypatch.setattr(classifier, "TRAINING_IMAGES", COUNT)
    monkeypatch.setattr(neighbours, "BLOCK", BLOCK)
    monkeypatch.setattr(outliers, "AT_ONCE", BLOCK)
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (count, *SHAPE.picture), dtype=np.uint8) for count in (COUNT, COUNT // 2))
    labels = rng.integers(-1, 3, COUNT), rng.integers(-1, 3, COUNT // 2)
    plain = ImageSet("folder", train, labels[0], test, labels[1], ("a", "b", "c"))
    return Sets(replace(plain, train_images=Recorded(train), test_images=Recorded(test)), plain)


def test_the_classifier_trains_and_is_measured_on_blocks(sets):
    found, wanted = classifier.train(sets.recorded), classifier.train(sets.plain)
    assert found.digest == wanted.digest and (found.accuracy, found.tested) == (wanted.accuracy, wanted.tested)
    assert sets.most() <= BLOCK


def test_principal_components_are_fitted_to_a_sample(sets):
    found, wanted = (outliers.one_class(images, 5, BLOCK) for images in (sets.recorded, sets.plain))
    assert np.array_equal(found, wanted) and len(found) == 3 and sets.most() <= BLOCK


@pytest.mark.parametrize("mapped", ["0.001", ""], ids=["mapped", "in memory"])
def test_sets_are_arranged_and_thinned_out_block_by_block(sets, mapped, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv(memory.MAPPED, mapped)
    plain, order = sets.plain, np.random.default_rng(1).permutation(COUNT)
    then = fingerprint.fingerprint_of(
        replace(plain, train_images=plain.train_images[order[:500]], train_labels=plain.train_labels[order[:500]])
    )
    found = fingerprint.arrange(sets.recorded, then)
    assert np.array_equal(found.train_images, plain.train_images[order[:500]]) and "100 new images" in found.changed
    assert sets.most() <= BLOCK and isinstance(found.train_images, np.memmap) == bool(mapped)
    kept = leaving_out.without(sets.recorded, ("b",))
    assert np.array_equal(kept.train_images, plain.train_images[plain.train_labels != 1])
    assert kept.left_out is not None and np.array_equal(kept.left_out.images, plain.test_images[plain.test_labels == 1])
    assert sets.most() <= BLOCK and not kept.train_images.flags.writeable


def test_a_search_finds_the_nearest_training_image_block_by_block(sets, monkeypatch):
    recipe = preset("auto-decoder").with_(dataset="folder", folder="/mine", image_shape=SHAPE.chw, validation=50)
    model = AutoDecoder(nn.Identity(), likelihood.SquaredError(), 2, SHAPE)
    model.table = torch.arange(1_100.0).view(550, 2)
    monkeypatch.setattr(search_worker, "images_of", lambda run: sets.recorded)
    monkeypatch.setattr(search_worker, "TracedSearch", lambda model, image, visible, code, **options: code)
    row, visible = 311, np.arange(64).reshape(8, 8) % 2 == 0
    image = np.where(visible, sets.plain.train_images[data.split(sets.plain, 50)[0][row]], 0)
    arrays = {"image": image, "visible": visible, "fill": np.zeros_like(image)}
    settings = {"start": "nearest", "steps": 1, "lr": 0.1, "restarts": 1}
    code = search_worker._traced(SimpleNamespace(recipe=recipe), model, arrays, settings, None)
    assert code.tolist() == [model.table[row].tolist()] and sets.most() <= BLOCK
