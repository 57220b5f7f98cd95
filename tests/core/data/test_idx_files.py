"""The four files of a set are found by the names and in the places where people have them; what is missing is named."""

import gzip
import struct

import numpy as np
import pytest

from core import data
from core.data import idx
from core.data.idx_files import NAMES
from core.system import paths


def content(name: str, seed: int = 0, first_labels: bytes = b"") -> bytes:
    """A file of twenty images or labels."""
    rng = np.random.default_rng(seed)
    shape = (20, 28, 28) if "images" in name else (20,)
    values = rng.integers(0, 256 if "images" in name else 10, shape).astype(np.uint8).tobytes()
    values = first_labels + values[len(first_labels) :] if "labels" in name else values
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + values


def put(root, where, seed: int = 0, first_labels: bytes = b"", packed: bool = False) -> None:
    for name in NAMES:
        if place := where(name):
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            whole = content(name, seed, first_labels)
            (root / place).write_bytes(gzip.compress(whole) if packed else whole)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    return tmp_path


PLACES = {
    "torchvision": lambda n: f"MNIST/raw/{n}",
    "packed": lambda n: f"MNIST/raw/{n}.gz",
    "dot": lambda n: f"MNIST/raw/{n.replace('-idx', '.idx')}",
    "dot, packed": lambda n: f"MNIST/{n.replace('-idx', '.idx')}.gz",
    "folders of their names": lambda n: f"MNIST/raw/{n}/{n}",
    "folders of dotted names": lambda n: f"MNIST/raw/{n.replace('-idx', '.idx')}/{n.replace('-idx', '.idx')}",
    "without raw": lambda n: f"MNIST/{n}",
    "small letters": lambda n: f"mnist/{n}",
    "archive": lambda n: f"MNIST/archive (1)/data/{n}",
    "capitals": lambda n: f"MNIST/raw/{n.upper()}",
    "test": lambda n: f"MNIST/raw/{n.replace('t10k', 'test')}",
    "second download": lambda n: f"MNIST/raw/{n} (1)",
    "underscores": lambda n: f"MNIST/raw/{n.replace('-', '_')}",
}


@pytest.mark.parametrize("case", PLACES)
def test_files_by_other_names_and_in_other_places_are_found(root, case):
    put(root, PLACES[case], packed="packed" in case)
    assert data.status()["mnist"].ready
    images = data.load("mnist")
    known = np.frombuffer(content(NAMES[2])[16:], np.uint8).reshape(20, 28, 28)
    assert np.array_equal(images.test_images, known)
    assert np.array_equal(images.train_labels, np.frombuffer(content(NAMES[1])[8:], np.uint8))
    assert not data.status()["kmnist"].ready and not data.status()["fashion-mnist"].ready


@pytest.mark.parametrize("below", ["MNIST", "MNIST/raw", "mnist"])
def test_the_variable_may_name_the_folder_of_the_set_itself(root, monkeypatch, below):
    put(root, lambda n: f"{below}/{n}")
    monkeypatch.setenv("LATENT_LAB_DATA", str(root / below))
    assert len(data.load("mnist").train_images) == 20


LOOSE = {"mnist": bytes((5, 0, 4, 1, 9, 2, 1, 3, 1, 4)), "fashion-mnist": bytes((9, 0, 0, 3, 0, 2, 7, 2, 5, 5))}


@pytest.mark.parametrize("name", LOOSE)
@pytest.mark.parametrize("own_folder", [False, True])
def test_loose_files_are_taken_for_the_set_whose_labels_they_hold_and_for_no_other(root, name, own_folder):
    put(root, lambda n: f"{n}/{n}" if own_folder else n, first_labels=LOOSE[name])
    assert [key for key in (*LOOSE, "kmnist") if data.status()[key].ready] == [name]
    assert len(data.load(name).train_images) == 20


@pytest.mark.parametrize("folder", ["archive", "MNIST_data", "my data sets"])
@pytest.mark.parametrize("name", LOOSE)
def test_a_folder_of_any_name_holds_the_set_whose_labels_it_holds_and_no_other(root, name, folder):
    put(root, lambda n: f"{folder}/{n.replace('-idx', '.idx')}", first_labels=LOOSE[name])
    put(root, lambda n: f"another/{n}")
    assert [key for key in (*LOOSE, "kmnist") if data.status()[key].ready] == [name]
    assert data.load(name).train_labels[:10].tolist() == list(LOOSE[name])
    assert str(root / "another") in refusal("kmnist")


@pytest.mark.parametrize("file", ["mnist.npz", "mnist_train.csv", "MNIST.zip", "archive.zip"])
def test_a_set_in_another_form_is_named(root, file):
    (root / file).write_bytes(b"PK")
    assert f"{file} lies in “{root}”, but only the four files {NAMES[0]}" in refusal()


def test_an_empty_file_does_not_stand_for_the_packed_one_beside_it_and_no_images_are_said(root):
    put(root, lambda n: f"MNIST/raw/{n}.gz", packed=True)
    for name in NAMES:
        (root / "MNIST/raw" / name).write_bytes(b"")
    assert len(data.load("mnist").train_images) == 20
    (root / "MNIST/raw" / NAMES[0]).write_bytes(struct.pack(">4I", 0x803, 0, 28, 28))
    assert "train-images-idx3-ubyte holds 0 images." in refusal()


@pytest.mark.parametrize("name", LOOSE)
def test_the_real_labels_begin_as_the_search_expects(name):
    if not data.status()[name].ready:
        pytest.skip("needs the real files: set LATENT_LAB_DATA to a folder that holds them")
    assert data.load(name).train_labels[:10].tolist() == list(LOOSE[name])


def refusal(name: str = "mnist") -> str:
    with pytest.raises(data.DataError) as caught:
        data.load(name)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_loose_files_of_unknown_labels_are_named_with_the_folder_they_belong_to(root):
    put(root, lambda n: n)
    said = refusal()
    assert all(name in said for name in NAMES) and str(root / "MNIST" / "raw") in said


@pytest.mark.parametrize("lacking", NAMES)
@pytest.mark.parametrize("case", ["torchvision", "dot", "folders of their names"])
def test_a_missing_file_is_named_with_its_place_and_with_what_lies_there(root, lacking, case):
    put(root, lambda n: None if n == lacking else PLACES[case](n))
    said = refusal()
    assert f"the file {lacking} is missing" in said and f"“{root / 'MNIST' / 'raw'}”" in said
    assert said.count("ubyte") == 4, "the three others are named as well"


def test_two_missing_files_and_a_folder_of_other_things_are_told(root):
    put(root, lambda n: f"MNIST/raw/{n}" if "labels" in n else None)
    assert f"the files {NAMES[0]}, {NAMES[2]} are missing" in refusal()
    (root / "KMNIST" / "raw").mkdir(parents=True)
    for name in ("kmnist-train-imgs.npz", "b.npz", "c.npz", "d.npz"):
        (root / "KMNIST" / "raw" / name).write_bytes(b"")
    assert "holds b.npz, c.npz, d.npz and 1 more instead" in refusal("kmnist")


def test_a_variable_that_names_nothing_is_said(root, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(root / "gone"))
    assert f"LATENT_LAB_DATA names “{root / 'gone'}”, where there is no folder" in refusal()


def test_a_packed_file_is_known_by_its_content_and_not_by_its_name(root):
    put(root, lambda n: f"MNIST/raw/{n}")
    whole = (root / "MNIST/raw" / NAMES[0]).read_bytes()
    (root / "MNIST/raw" / NAMES[0]).write_bytes(gzip.compress(whole))
    first = data.load("mnist").train_images
    (root / "MNIST/raw" / NAMES[0]).unlink()
    (root / "MNIST/raw" / f"{NAMES[0]}.gz").write_bytes(whole)
    assert np.array_equal(data.load("mnist").train_images, first)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (struct.pack("<I3I", 0x803, 20, 28, 28), "reversed order"),
        (struct.pack(">I3I", 0xD03, 20, 28, 28), "another type than bytes"),
        (struct.pack(">I1I", 0x801, 784 * 20 + 8), "but one of labels"),
        (struct.pack(">I", 0x803) + struct.pack("<3I", 20, 28, 28), "cannot be true"),
        (struct.pack(">I3I", 0x803, 900_000, 28, 28), "cut off"),
        (struct.pack(">I3I", 0x803, 1, 28, 28), "longer than its header"),
    ],
)
def test_a_header_that_does_not_fit_is_explained_before_memory_is_taken(root, header, words):
    put(root, lambda n: f"MNIST/raw/{n}")
    path = root / "MNIST/raw" / NAMES[0]
    path.write_bytes(header + bytes(784 * 20))
    with pytest.raises(idx.IdxError, match=words):
        idx.read(path, 3)
    assert words in refusal() and "are replaced" in refusal()


def test_no_file_of_the_search_is_a_pipe_or_a_folder(root):
    put(root, lambda n: f"MNIST/raw/{n}" if "labels" in n else None)
    for name in (NAMES[0], NAMES[2]):
        (root / "MNIST" / "raw" / name).mkdir()
    assert "are missing" in refusal()
    assert paths.data_folder() == root
