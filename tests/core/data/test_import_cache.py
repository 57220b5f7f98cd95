"""A set that takes long to read is kept whole in the cache and is the same when it comes from there."""

import dataclasses
import os
import zipfile

import numpy as np
import pytest

from core import data
from core.data import folder, import_cache, preview
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.jobs import image_import
from core.jobs.channel import Channel
from core.jobs.messages import Order
from core.system import cache, paths
from tests.core.data.test_archive import png, zipped

SHAPE = ImageShape(3, 16, 20)


@pytest.fixture(autouse=True)
def large(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "MANY_FILES", 5)
    monkeypatch.setattr(folder, "_kept", type(folder._kept)())
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def archive(tmp_path):
    files = {f"{'cat' if i % 2 else 'dog'}/{i}.png": png(i) for i in range(24)} | {"notes.txt": b"milk"}
    return zipped(tmp_path / "set.zip", files)


def forget() -> None:
    folder._kept.clear()


def equal(one: data.ImageSet, other: data.ImageSet) -> None:
    for field in dataclasses.fields(data.ImageSet):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype and np.array_equal(a, b), field.name
        else:
            assert a == b, field.name


def order(path, shape=SHAPE) -> Order:
    return Order("", "", {"folder": str(path), "shape": list(shape.chw), "pixels": dataclasses.asdict(PixelChoices())})


def test_a_set_from_the_cache_is_the_set_that_was_read(archive, monkeypatch):
    waits = folder.waiting(str(archive), SHAPE, PixelChoices())
    with zipfile.ZipFile(archive) as file:
        assert waits == folder.Import(25, "file", sum(info.file_size for info in file.infolist()), 25 * 3 * 16 * 20)
    first = data.load("folder", str(archive), SHAPE)
    assert folder.waiting(str(archive), SHAPE, PixelChoices()) is None, "it is in memory"
    forget()
    assert folder.waiting(str(archive), SHAPE, PixelChoices()) is None, "it is in the cache"
    monkeypatch.setattr(folder, "read", None)  # would be called to read it again
    again = data.load("folder", str(archive), SHAPE)
    assert again is not first
    equal(first, again)
    forget()
    equal(first, data.load("folder", str(archive), SHAPE, first.pixels))
    assert folder.waiting(str(archive), ImageShape(1, 16, 20), PixelChoices()) is not None, "another shape is not"


def test_a_preview_shows_what_the_pictures_become(archive):
    seen = preview.preview(str(archive), SHAPE, PixelChoices(polarity="inverted"), 9)
    assert seen.pictures.shape == (9, *SHAPE.picture), "another one takes the place of the file that is no picture"
    assert seen.skipped == (("notes.txt", "is not a picture that can be opened"),)
    whole = data.load("folder", str(archive), SHAPE, PixelChoices(polarity="inverted"))
    images = np.concatenate([whole.train_images, whole.test_images])
    labels = np.concatenate([whole.train_labels, whole.test_labels])
    known = {one.tobytes(): whole.classes[label] for one, label in zip(images, labels, strict=True)}
    assert [known[one.tobytes()] for one in seen.pictures] == list(seen.labels)
    assert len({one.tobytes() for one in seen.pictures}) == 9 and seen.classes == ("cat", "dog")
    assert [file.partition(os.sep)[0] for file in seen.files] == list(seen.labels)
    every = preview.preview(str(archive), SHAPE, PixelChoices())
    assert len(every.pictures) == 24, "all there are"


def test_a_damaged_or_outdated_file_of_the_cache_is_not_used(archive):
    first = data.load("folder", str(archive), SHAPE)
    (kept,) = {file.resolve() for file in paths.cache_folder().glob("imported-*.images")}
    whole = kept.read_bytes()
    for damaged in (whole[:-1], whole[:50], whole[:-9] + bytes(9 * [77]), b"", whole.replace(b"images-3", b"images-0")):
        kept.write_bytes(damaged)
        assert import_cache.load(kept) is None
        forget()
        equal(first, data.load("folder", str(archive), SHAPE))
    zipped(archive, {f"{i}.png": png(i) for i in range(30)})
    assert folder.waiting(str(archive), SHAPE, PixelChoices()).files == 30
    small = archive.with_name("small.zip")
    zipped(small, {"a.png": png(1)})
    assert folder.waiting(str(small), SHAPE, PixelChoices()) is None, "a few pictures need no import"


def test_the_least_recently_used_sets_go_first(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(import_cache, "MOST", 2)
    for height in (16, 17, 18):
        data.load("folder", str(archive), ImageShape(1, height, 16))
    forget()
    left = [folder.waiting(str(archive), ImageShape(1, h, 16), PixelChoices()) is None for h in (16, 17, 18)]
    assert left == [False, True, True]


def test_an_import_tells_how_far_it_is_and_keeps_the_set(archive):
    said = []
    assert image_import.import_images(order(archive), Channel(said.append)).state == "finished"
    assert [(one.done, one.total) for one in said] == [(0, 0), (0, 25)]
    forget()
    assert folder.waiting(str(archive), SHAPE, PixelChoices()) is None


def test_an_import_that_is_stopped_or_cannot_be_kept_leaves_nothing(archive, monkeypatch):
    class Stopping(Channel):
        stop_requested = True

    assert image_import.import_images(order(archive), Stopping(lambda message: None)).state == "stopped"
    assert not [*paths.cache_folder().glob("*.images")] and not folder._kept

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(import_cache, "write_atomic", full)
    with pytest.raises(data.DataError) as caught:
        image_import.import_images(order(archive), Channel(lambda message: None))
    assert str(caught.value) == cache.not_kept("The images")
    assert not [*paths.cache_folder().glob("*.images")]


def test_a_training_on_pictures_that_are_not_imported_yet_is_refused(archive, executor, tmp_path, monkeypatch):
    from core.jobs.queue import job_queue
    from core.jobs.training_queue import TrainingQueue
    from core.recipes.presets import preset
    from core.runs import RunError, list_runs

    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))
    recipe = preset("mlp-vae").with_(dataset="folder", folder=str(archive), image_shape=SHAPE.chw)
    queue = TrainingQueue("cpu", job_queue())
    with pytest.raises(
        RunError, match=r"The 25 files of “.*set.zip” are not imported as images of 16 × 20, colour yet"
    ):
        queue.submit(recipe)
    assert list_runs() == []
    data.load("folder", str(archive), SHAPE)
    assert queue.submit(recipe).name
