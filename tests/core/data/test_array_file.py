"""Images in files of numbers are read with their parts and labels; nothing is unpickled."""

import gzip

import numpy as np
import pytest

from core import data
from core.data import folder
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (30, 28, 28), np.uint8)
COLOUR = RNG.integers(0, 256, (12, 16, 20, 3), np.uint8)
LABELS = np.arange(30) % 3


def load(path, shape=None, **choices) -> data.ImageSet:
    return data.load("folder", str(path), shape or ImageShape(1, 28, 28), PixelChoices(**choices))


def pictures(images: data.ImageSet) -> set[bytes]:
    return {one.tobytes() for part in (images.train_images, images.test_images) for one in part}


def refusal(path) -> str:
    with pytest.raises(data.DataError) as caught:
        load(path)
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".")
    return said


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return bytes((0, 0, code, array.ndim)) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_parts_and_labels_are_known_by_their_names(tmp_path, names):
    np.savez_compressed(
        tmp_path / "set.npz", **dict(zip(names, (GREY[:20], LABELS[:20, None], GREY[20:], LABELS[20:]), strict=True))
    )
    images = load(tmp_path / "set.npz")
    assert np.array_equal(images.train_images, GREY[:20]) and np.array_equal(images.test_images, GREY[20:])
    assert images.classes == ("0", "1", "2")
    assert np.array_equal(images.train_labels, LABELS[:20]) and np.array_equal(images.test_labels, LABELS[20:])
    assert f"“{names[0]}” holds 20 images of 28 × 28: the training set." in images.notes


def test_arrays_without_parts_are_split_and_named_classes_stay(tmp_path):
    names = np.array(["cat", "dog", "owl"])[LABELS]
    np.savez(tmp_path / "a.npz", images=GREY, labels=names, other=np.zeros(4))
    images = load(tmp_path / "a.npz")
    assert pictures(images) == {one.tobytes() for one in GREY} and images.classes == ("cat", "dog", "owl")
    where = {one.tobytes(): label for one, label in zip(GREY, LABELS, strict=True)}
    for part, labels in ((images.train_images, images.train_labels), (images.test_images, images.test_labels)):
        assert [where[one.tobytes()] for one in part] == labels.tolist()
    np.save(tmp_path / "b.npy", COLOUR)
    images = load(tmp_path / "b.npy", ImageShape(3, 16, 20))
    assert pictures(images) == {one.tobytes() for one in COLOUR} and images.classes == ()


def test_floats_and_other_numbers_share_one_range(tmp_path):
    np.save(tmp_path / "unit.npy", GREY.astype(np.float32) / 255)
    images = load(tmp_path / "unit.npy")
    assert pictures(images) == {one.tobytes() for one in GREY} and images.pixels.levels == "0 to 1"
    twelve = (GREY.astype(np.uint32) * 4095 // 255).astype(np.uint16)
    np.save(tmp_path / "twelve.npy", twelve)
    deep = load(tmp_path / "twelve.npy")
    assert deep.pixels.levels == "0 to 4095"
    assert pictures(deep) == {one.tobytes() for one in np.rint(twelve * (255 / 4095)).astype(np.uint8)}
    half = load(tmp_path / "unit.npy", levels="0 to 2")
    assert max(int(half.train_images.max()), int(half.test_images.max())) == 128
    np.save(tmp_path / "signed.npy", (COLOUR.astype(np.float64) / 127.5 - 1))
    colour = load(tmp_path / "signed.npy", ImageShape(3, 16, 20))
    assert pictures(colour) == {one.tobytes() for one in COLOUR} and colour.pixels.levels == "-1 to 1"
    np.save(tmp_path / "bits.npy", GREY > 128)
    assert set(np.unique(load(tmp_path / "bits.npy").train_images)) == {0, 255}


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_of_any_name_bring_those_beside_them(tmp_path, packed):
    files = {
        "letters-train-images-idx3-ubyte": GREY[:20],
        "letters-train-labels-idx1-ubyte": LABELS[:20].astype(np.uint8),
        "letters-test-images-idx3-ubyte": GREY[20:],
        "letters-test-labels-idx1-ubyte": LABELS[20:].astype(np.uint8),
    }
    for name, array in files.items():
        content = gzip.compress(idx(array)) if packed else idx(array)
        (tmp_path / (name + ".gz" * packed)).write_bytes(content)
    images = load(tmp_path / ("letters-train-images-idx3-ubyte" + ".gz" * packed))
    assert np.array_equal(images.train_images, GREY[:20]) and np.array_equal(images.test_labels, LABELS[20:])
    alone = tmp_path / "alone.bin"
    alone.write_bytes(idx((GREY / np.float32(255)).astype(">f4"), 0x0D))
    assert pictures(load(alone)) == {one.tobytes() for one in GREY}


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    np.save(tmp_path / "flat.npy", np.zeros((7, 784), np.uint8))
    assert "holds no array of images (flat: 7 × 784)" in refusal(tmp_path / "flat.npy")
    np.savez(tmp_path / "few.npz", x=GREY, y=LABELS[:29])
    assert "holds 29 labels (y) for 30 images" in refusal(tmp_path / "few.npz")
    np.save(tmp_path / "pickle.npy", np.array([{"a": 1}], object), allow_pickle=True)
    assert "holds no array of images" in refusal(tmp_path / "pickle.npy")
    whole = idx(GREY)
    for name, content in {
        "cut.npz": b"PK\3\4 nothing",
        "wrong.npy": b"no numbers",
        "cut-idx3-ubyte": whole[:-1],
        "cut-images-idx3-ubyte.gz": gzip.compress(whole)[:-9],
    }.items():
        (tmp_path / name).write_bytes(content)
        assert "is damaged, cut off or of another kind" in refusal(tmp_path / name)
    huge = tmp_path / "huge-idx3-ubyte"
    huge.write_bytes(bytes((0, 0, 8, 3)) + np.array((200_000, 250, 250), ">u4").tobytes())
    assert "states that huge-idx3-ubyte has 12 GB" in refusal(huge)


def test_a_large_file_of_numbers_counts_its_images(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "MANY_FILES", 10)
    np.save(tmp_path / "a.npy", GREY)
    waits = folder.waiting(str(tmp_path / "a.npy"), ImageShape(1, 32, 32), PixelChoices())
    assert waits == folder.Import(30, "image", GREY.nbytes, 30 * 32 * 32)
