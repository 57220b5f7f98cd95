"""The data sets: facts computed by others on the real files, and files that are not what they claim."""

import gzip
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import digits, idx, statistics
from core.images import convert
from core.images.shape import ImageShape
from core.system import paths

NEED = "needs the real {} files: set LATENT_LAB_DATA to a folder that holds them"


def real(name: str) -> data.ImageSet:
    if not data.status()[name].ready:
        pytest.skip(NEED.format(data.SOURCES[name].title))
    return data.load(name)


def idx_bytes(array: np.ndarray) -> bytes:
    array = np.asarray(array, np.uint8)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """A tiny, whole MNIST of twenty and ten images."""
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("t10k", 10)):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(rng.integers(0, 256, (count, 28, 28))))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(count) % 10))
    return folder


# Mean pixel; BCE floor on test and train; BCE of the mean image; PCA test MSE at 2, 20, 64, 128 dimensions.
KNOWN = {
    "mnist": (0.1307, 45.53, 45.76, 205.8, (0.0557, 0.0235, 0.0091, 0.0042)),
    "fashion-mnist": (0.2860, 189.86, 188.28, 385.0, (0.0461, 0.0187, 0.0104, 0.0063)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_the_real_files_have_the_known_mean_pixel_and_cross_entropies(name):
    images = real(name)
    mean_pixel, floor, train_floor, of_mean_image, _ = KNOWN[name]
    found = statistics.measure(images)
    assert len(images.train_images) == 60_000 and len(images.test_images) == 10_000
    assert found.mean_pixel == pytest.approx(mean_pixel, abs=5e-5)
    assert found.bce_floor == pytest.approx(floor, abs=5e-3)
    assert statistics.bce_floor(images.train_images) == pytest.approx(train_floor, abs=5e-3)
    assert found.bce_mean_image == pytest.approx(of_mean_image, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_pca_leaves_the_known_squared_error_on_the_real_test_images(name):
    images = real(name)
    train = images.train_images.reshape(-1, 784).astype(np.float32) / 255
    test = images.test_images.reshape(-1, 784).astype(np.float32) / 255
    mean = train.mean(axis=0)
    train -= mean
    test -= mean
    axes = np.linalg.eigh((train.T @ train).astype(np.float64))[1][:, ::-1].astype(np.float32)
    # The axes are orthonormal: what the first d of them leave over is what the others hold.
    energy = np.square(test @ axes).mean(axis=0) / 784
    for d, known in zip((2, 20, 64, 128), KNOWN[name][4], strict=True):
        assert energy[d:].sum() == pytest.approx(known, abs=1e-4), f"d = {d}"


@pytest.mark.parametrize("name", KNOWN)
def test_the_real_files_are_read_as_torchvision_reads_them(name):
    images = real(name)
    datasets = pytest.importorskip("torchvision.datasets")
    for train in (True, False):
        known = getattr(datasets, data.SOURCES[name].layout)(paths.data_folder(), train=train)
        ours = images.train_images if train else images.test_images
        labels = images.train_labels if train else images.test_labels
        assert np.array_equal(ours, known.data.numpy()) and np.array_equal(labels, known.targets.numpy())


@pytest.mark.slow
def test_the_digits_are_scikit_learns_digits():
    known = pytest.importorskip("sklearn.datasets").load_digits()
    pixels, labels = digits._digits_table()
    assert np.array_equal(pixels, known.images) and np.array_equal(labels, known.target)


def test_the_digits_are_there_without_their_file_too(monkeypatch):
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    assert digits._digits_table()[0].shape == (1_797, 8, 8)


def test_the_digits_are_split_by_class_and_lose_none():
    images = data.load("digits")
    assert (len(images.train_images), len(images.test_images)) == (1_500, 297)
    assert images.train_images.shape[1:] == (28, 28) and images.train_images.dtype == np.uint8
    assert np.ptp(np.bincount(images.test_labels)) <= 2
    assert images.train_images.min() == 0 and images.train_images.max() == 255
    both = np.concatenate([images.train_images, images.test_images]).reshape(1_797, -1)
    assert len(np.unique(both, axis=0)) == 1_797


SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 128, 8)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_digits_are_there_in_every_shape(shape):
    images = data.load("digits", shape=shape)
    assert images.shape == shape and images.train_images.shape == (1_500, *shape.picture)
    assert np.array_equal(images.train_labels, data.load("digits").train_labels)
    assert data.load("digits", shape=shape) is images, "kept in memory"
    side = min(shape.height, shape.width)
    square = data.load("digits", shape=ImageShape(1, side, side)).train_images
    top, left = (shape.height - side) // 2, (shape.width - side) // 2
    middle = images.train_images[:, top : top + side, left : left + side]
    light = middle.max(axis=3) if shape.colour else middle
    assert np.array_equal(light, square), "the same digit, in the middle; in colour its strongest channel"
    assert int(images.train_images.sum(dtype=np.int64)) == int(middle.sum(dtype=np.int64)), "black around it"


def test_the_digits_at_their_default_shape_are_those_of_the_first_version():
    images = data.load("digits")
    pixels, labels = digits._digits_table()
    picture = np.pad(pixels[0] / np.float32(16), 1)
    large = np.asarray(Image.fromarray(picture).resize((28, 28), Image.Resampling.BICUBIC))
    first = np.rint(np.clip(2.0 * large - 0.45, 0, 1) * 255).astype(np.uint8)
    both = np.concatenate([images.train_images, images.test_images])
    assert (both == first).all(axis=(1, 2)).sum() == 1
    assert images.shape == ImageShape(1, 28, 28)


def test_hues_of_digits_say_nothing_of_their_class():
    images = data.load("digits", shape=ImageShape(3, 28, 28))
    strongest = images.train_images.astype(int).sum(axis=(1, 2)).argmax(axis=1)
    for label in range(10):
        assert (np.bincount(strongest[images.train_labels == label], minlength=3) > 20).all()


@pytest.mark.parametrize("shape", [ImageShape(1, 32, 32), ImageShape(3, 28, 28)], ids=str)
def test_a_set_of_fixed_shape_refuses_another_in_a_sentence(raw, shape):
    with pytest.raises(data.DataError, match=f"MNIST are 28 × 28; they cannot be loaded as {shape}."):
        data.load("mnist", shape=shape)
    assert data.load("mnist", shape=ImageShape(1, 28, 28)).shape == ImageShape(1, 28, 28)


def test_reading_data_waits_neither_for_torch_nor_for_scikit_learn():
    code = (
        "import sys; from core import data; from core.data import folder, statistics; from core.jobs import download; "
        "from core.images import animation, convert, mask_spec; from core.recipes import images; "
        "from core.runs import frames; data.load('digits'); "
        "data.status(); slow = ('torch', 'torchvision', 'sklearn', 'pandas'); "
        "print([m for m in slow if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_an_array_shared_by_everybody_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        data.load("digits").train_images[0, 0, 0] = 1


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_packed_files_hold_the_same_images(raw, packed):
    before = data.load("mnist")
    if packed:
        for name in FILES:
            with open(raw / name, "rb") as plain, gzip.open(raw / f"{name}.gz", "wb") as file:
                shutil.copyfileobj(plain, file)
            (raw / name).unlink()
    after = data.load("mnist")
    assert np.array_equal(before.train_images, after.train_images)
    assert after.test_labels.tolist() == list(range(10)) and after.test_labels.dtype == np.int64


def test_a_set_is_loaded_once_until_its_files_change(raw):
    first = data.load("mnist")
    assert data.load("mnist") is first
    (raw / FILES[1]).write_bytes(idx_bytes(np.full(20, 7)))
    os.utime(raw / FILES[1], ns=(1, 1))
    assert set(data.load("mnist").train_labels) == {7}


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_a_missing_set_says_how_to_get_it_and_the_digits_remain(tmp_path, monkeypatch, name):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    assert not data.status()[name].ready and data.status()["digits"].ready
    with pytest.raises(data.DataError, match=rf"python -m core download {name}.*LATENT_LAB_DATA") as caught:
        data.load(name)
    assert "\n" not in str(caught.value)
    assert len(data.load("digits").train_images) == 1_500


def test_an_unknown_set_is_refused_with_the_names_there_are():
    with pytest.raises(data.DataError, match=r"no data set 'cifar'.*digits, shapes, mnist"):
        data.load("cifar")


def damage(raw, how):
    images, labels = raw / FILES[0], raw / FILES[1]
    whole = images.read_bytes()
    if how == "cut off":
        images.write_bytes(whole[:-100])
    elif how == "is not a file of images":
        images.write_bytes(b"<html>log in first</html>" + whole)
    elif how == "longer than its header":
        images.write_bytes(whole + b"more")
    elif how == "28 × 28":
        images.write_bytes(idx_bytes(np.zeros((20, 32, 32))))
    elif how == "20 images":
        labels.write_bytes(idx_bytes(np.zeros(19)))
    elif how == "the label 10":
        labels.write_bytes(idx_bytes(np.full(20, 10)))
    elif how == "not a file of labels":
        labels.write_bytes(whole)
    elif how == "cannot be":
        images.write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    elif how == "holds 0 images":
        images.write_bytes(idx_bytes(np.zeros((0, 28, 28))))
        labels.write_bytes(idx_bytes(np.zeros(0)))
    else:
        packed = gzip.compress(whole)
        images.unlink()
        images.with_name(FILES[0] + ".gz").write_bytes(
            {"damaged": packed[: len(packed) // 2], "damaged: it": b"no gzip at all"}[how]
        )


@pytest.mark.parametrize(
    "how",
    [
        "cut off",
        "is not a file of images",
        "longer than its header",
        "28 × 28",
        "20 images",
        "the label 10",
        "not a file of labels",
        "cannot be",
        "holds 0 images",
        "damaged",
        "damaged: it",
    ],
)
def test_a_damaged_file_is_named_in_one_sentence_with_what_to_do(raw, how):
    damage(raw, how)
    with pytest.raises(data.DataError, match=how) as caught:
        data.load("mnist")
    assert "-ubyte" in str(caught.value) and "python -m core download mnist" in str(caught.value)


def test_an_idx_file_is_read_up_to_its_header_and_no_further(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(idx_bytes(np.arange(5)))
    assert idx.read(path, 1).tolist() == [0, 1, 2, 3, 4]
    for end in range(13):
        path.write_bytes(idx_bytes(np.arange(5))[:end])
        with pytest.raises(idx.IdxError):
            idx.read(path, 1)


@pytest.mark.parametrize(
    ("count", "validation", "limit"),
    [(1, 10, 0), (2, 1, 0), (4, 9, 0), (5, 1, 0), (5, 99, 0), (100, 7, 0), (100, 7, 10), (100, 50, 1_000)],
)
def test_held_out_images_are_not_trained_on_and_are_at_most_a_fifth(count, validation, limit):
    zeros = np.zeros((count, 28, 28), np.uint8)
    images = data.ImageSet("x", zeros, np.zeros(count, np.int64), zeros, np.zeros(count, np.int64), ("a",))
    train, held = data.split(images, validation, limit)
    if count < 5:
        assert len(train) == count and len(held) == 1, "nothing can be spared"
        return
    assert not set(train) & set(held)
    assert len(held) == min(validation, count // 5)
    assert len(train) == min(limit or count, count - len(held))


def test_a_smaller_training_set_is_part_of_the_larger_one_and_keeps_the_same_validation():
    images = data.load("digits")
    small, held = data.split(images, 180, 100)
    large, held_too = data.split(images, 180, 1_000)
    assert set(small) < set(large) and np.array_equal(held, held_too)
    assert held[:3].tolist() == [4, 5, 9], "fixed for good: losses of old and new runs stay comparable"


def test_the_facts_agree_with_their_definitions():
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = np.array([0, 1, -1] * 10)
    images = data.ImageSet("x", grey[:24], labels[:24], grey[24:], labels[24:], ("a", "b"))
    found = statistics.measure(images)
    x = images.test_images.reshape(6, -1) / 255
    p = np.clip(x, 1e-12, 1 - 1e-12)
    assert found.bce_floor == pytest.approx(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean())
    q = images.train_images.mean(axis=0).reshape(-1) / 255
    of_mean = -(x * np.log(q) + (1 - x) * np.log(1 - q)).sum(axis=1).mean()
    assert found.bce_mean_image == pytest.approx(of_mean)
    assert found.mean_pixel == pytest.approx(q.mean())
    assert np.allclose(found.class_means[1], images.train_images[images.train_labels == 1].mean(axis=0) / 255)
    assert found.train_counts.tolist() == [8, 8] and found.unlabelled == (8, 2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_facts_of_every_shape_agree_with_their_definitions(shape, monkeypatch):
    monkeypatch.setattr(statistics, "BLOCK", 7 * shape.values)  # a few images at a time, as of a set on the disk
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (30, *shape.picture), dtype=np.uint8)
    pictures[..., :3] //= 2
    labels = np.array([0, 1, -1] * 10)
    images = data.ImageSet("x", pictures[:24], labels[:24], pictures[24:], labels[24:], ("a", "b"))
    found = statistics.measure(images)
    x = images.test_images.reshape(6, -1) / 255
    assert x.shape[1] == shape.values
    p = np.clip(x, 1e-12, 1 - 1e-12)
    assert found.bce_floor == pytest.approx(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean())
    mean = images.train_images.mean(axis=0) / 255
    q = mean.reshape(-1)
    assert found.bce_mean_image == pytest.approx(-(x * np.log(q) + (1 - x) * np.log(1 - q)).sum(axis=1).mean())
    assert found.mean_image.shape == shape.picture and np.allclose(found.mean_image, mean)
    assert np.allclose(found.class_means[1], images.train_images[images.train_labels == 1].mean(axis=0) / 255)
    channels = convert.channels_first(images.train_images / 255)
    assert np.allclose(found.channel_means, channels.mean(axis=(0, 2, 3)))
    assert np.allclose(found.channel_deviations, channels.std(axis=(0, 2, 3)))
    assert len(found.channel_means) == shape.channels


def test_the_facts_of_black_images_and_of_unlabelled_ones_are_finite():
    black = np.zeros((3, 28, 28), np.uint8)
    none = np.full(3, -1)
    found = statistics.measure(data.ImageSet("x", black, none, black.copy(), none.copy(), ()))
    assert found.bce_floor == 0.0 and 0 <= found.bce_mean_image < 1e-3
    assert found.class_means.shape == (0, 28, 28) and found.unlabelled == (3, 3)
