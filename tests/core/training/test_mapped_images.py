"""Sets that would fill the memory stay on the disk, and give the same images and the same training from there."""

import os
import shutil

import numpy as np
import pytest
import torch

from core import data
from core.data import folder, import_cache
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.recipes.presets import preset
from core.system import cache, memory, paths
from core.training.autoencoder_trainer import AutoencoderTrainer
from core.training.mapped_images import MappedImages, of_rows
from tests.core.data.test_archive import zipped
from tests.core.data.test_import_cache import equal
from tests.core.images.picture_tools import encoded, made_up

SHAPE = ImageShape(3, 16, 20)


@pytest.fixture(autouse=True)
def scratch(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "_kept", type(folder._kept)())
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mapping(monkeypatch):
    monkeypatch.setenv(memory.MAPPED, "0.001")


@pytest.fixture
def archive(tmp_path):
    from PIL import Image

    pictures = made_up(SHAPE, 30)
    files = {f"{'ab'[i % 2]}/{i}.png": encoded(Image.fromarray(one)) for i, one in enumerate(pictures)}
    frames = [Image.new("RGB", (20, 16), (level, 9, 99)) for level in range(0, 250, 5)]
    files["b/film.tif"] = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    return zipped(tmp_path / "set.zip", files | {"a/broken.png": b"\x89PNG"})


def test_a_set_on_the_disk_is_the_set_in_memory(archive, monkeypatch):
    within = data.load("folder", str(archive), SHAPE)
    folder._kept.clear()
    monkeypatch.setenv(memory.MAPPED, "0.001")
    waits = folder.waiting(str(archive), SHAPE, PixelChoices())
    assert waits.mapped and waits.memory == 32 * SHAPE.values
    mapped = data.load("folder", str(archive), SHAPE)
    assert isinstance(mapped.train_images, np.memmap) and not isinstance(within.train_images, np.memmap)
    equal(within, mapped)
    folder._kept.clear()
    assert folder.waiting(str(archive), SHAPE, PixelChoices()) is None
    again = data.load("folder", str(archive), SHAPE)
    equal(within, again)
    assert isinstance(again.test_images, np.memmap) and not again.train_images.flags.writeable
    assert not [*paths.cache_folder().glob(".imported-*[!k]")], "the file for reading is gone, of locks one may stay"


@pytest.mark.parametrize("model", ["conv-vae", "auto-decoder"])
def test_a_training_from_the_disk_is_the_training_from_memory(archive, mapping, model):
    mapped = data.load("folder", str(archive), SHAPE)
    recipe = preset(model).with_(
        dataset="folder", folder=str(archive), image_shape=SHAPE.chw, batch_size=16, latent_dim=4, validation=4
    )
    copy = {name: np.array(getattr(mapped, name)) for name in ("train_images", "test_images")}
    within = data.ImageSet(
        "folder", copy["train_images"], mapped.train_labels, copy["test_images"], mapped.test_labels, mapped.classes
    )
    sums = []
    for images in (mapped, within):
        torch.manual_seed(0)
        trainer = AutoencoderTrainer(recipe, torch.device("cpu"), images)
        assert isinstance(trainer.train_images, MappedImages) == (images is mapped)
        for _ in range(3):
            trainer.step()
        sums.append(trainer.loss_sums.clone())
        trainer.validate()
    assert torch.equal(*sums) and float(sums[0].abs().sum()) > 0


def test_mapped_images_are_indexed_as_a_tensor(archive, mapping):
    pictures = data.load("folder", str(archive), SHAPE).train_images
    rows, cpu = np.array([5, 2, 9, 4]), torch.device("cpu")
    mapped, tensor = of_rows(pictures, rows, cpu), of_rows(np.array(pictures), rows, cpu)
    assert len(mapped) == 4 and isinstance(tensor, torch.Tensor)
    for index in (0, slice(1, 3), torch.tensor([3, 0, 0])):
        assert torch.equal(mapped[index], tensor[index])
    assert [part.tolist() for part in mapped.split(3)] == [part.tolist() for part in tensor.split(3)]


def test_a_disk_that_is_full_or_too_small_is_said_and_nothing_is_left(archive, mapping, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full, raising=False)
        patch.setattr(import_cache, "_fill", full)
        with pytest.raises(data.DataError) as caught:
            data.load("folder", str(archive), SHAPE)
    assert str(caught.value) == cache.not_kept("The images")
    assert not [*paths.cache_folder().glob("*.images")] and not [*paths.cache_folder().glob(".imported-*[!k]")]
    usage = shutil.disk_usage(paths.cache_folder())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=cache.SPARE + 2 * 32 * SHAPE.values - 1))
    words = "holds 32 files; images of 16 × 20, colour take 0.0 GB of the disk while they are read, and 0.1 GB are free"
    for ask in (folder.waiting, data.load):
        with pytest.raises(data.DataError, match=words):
            ask(*(["folder"] if ask is data.load else []), str(archive), SHAPE, PixelChoices())


def test_the_threshold_is_a_quarter_of_the_memory_or_what_is_set(monkeypatch):
    monkeypatch.delenv(memory.MAPPED, raising=False)
    assert memory.most_for_images() == memory.total() // 4 and 2**28 < memory.total() < 2**50
    for text, wanted in (("2", 2_000_000), ("0", 0), ("lots", memory.total() // 4), ("nan", memory.total() // 4)):
        monkeypatch.setenv(memory.MAPPED, text)
        assert memory.most_for_images() == wanted
