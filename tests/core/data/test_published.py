"""Sets in formats of their own, from small files that are written by other means."""

import bz2
import dataclasses
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from core import data
from core.data import download, loading, published
from core.system import paths

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "data"


def cifar(folder, sizes=(3, 2, 2, 2, 2, 4)):
    """The six files of CIFAR-10; the pictures [N, 32, 32, 3] and labels, training first."""
    place = folder / "cifar-10-batches-bin"
    place.mkdir(parents=True)
    pictures = RNG.integers(0, 256, (sum(sizes), 32, 32, 3), dtype=np.uint8)
    labels, start = np.arange(sum(sizes)) % 10, 0
    for name, size in zip((*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"), sizes, strict=True):
        rows = range(start, start + size)
        content = b"".join(
            bytes([labels[i]]) + b"".join(pictures[i, :, :, channel].tobytes() for channel in range(3)) for i in rows
        )
        (place / name).write_bytes(content)
        start += size
    return pictures, labels


def assert_parts(found, pictures, labels, test):
    np.testing.assert_array_equal(found.train_images, pictures[:-test])
    np.testing.assert_array_equal(found.test_images, pictures[-test:])
    np.testing.assert_array_equal(found.train_labels, labels[:-test])
    np.testing.assert_array_equal(found.test_labels, labels[-test:])
    assert found.train_images.flags.c_contiguous and found.train_labels.dtype == np.int64


def test_cifar_10_is_read_from_its_binary_version(folder):
    assert not data.status()["cifar-10"].ready
    pictures, labels = cifar(folder)
    assert data.status()["cifar-10"].ready
    found = data.load("cifar-10")
    assert_parts(found, pictures, labels, 4)
    assert found.shape == data.SOURCES["cifar-10"].shape and data.load("cifar-10") is found


def test_svhn_is_read_from_matlabs_format_and_its_ten_is_the_digit_0(folder):
    folder.mkdir()
    pictures, marks = RNG.integers(0, 256, (9, 32, 32, 3), dtype=np.uint8), np.array([10, 1, 2, 3, 4, 9, 10, 5, 8])
    for part, rows in (("train", slice(0, 6)), ("test", slice(6, 9))):
        y = marks[rows, None].astype(np.uint8)
        savemat(folder / f"{part}_32x32.mat", {"X": pictures[rows].transpose(1, 2, 3, 0), "y": y}, do_compression=True)
    assert_parts(data.load("svhn"), pictures, np.array([0, 1, 2, 3, 4, 9, 0, 5, 8]), 3)
    assert len(list(paths.cache_folder().glob("imported-*"))) == 1
    published._loaded.cache_clear()
    with pytest.MonkeyPatch.context() as patch:  # the next start has them from the cache
        patch.setitem(published.SETS, "svhn", dataclasses.replace(published.SETS["svhn"], read=lambda parts: 1 / 0))
        assert_parts(data.load("svhn"), pictures, np.array([0, 1, 2, 3, 4, 9, 0, 5, 8]), 3)


def test_usps_is_read_from_libsvms_text(folder):
    folder.mkdir()
    levels, labels = RNG.integers(0, 256, (5, 256)), np.array([9, 0, 3, 4, 1])
    for name, rows in (("usps.bz2", range(3)), ("usps.t.bz2", range(3, 5))):
        lines = [
            f"{labels[i] + 1} " + " ".join(f"{j + 1}:{levels[i, j] / 127.5 - 1:.6f}" for j in range(256)) for i in rows
        ]
        (folder / name).write_bytes(bz2.compress("\n".join(lines).encode() + b"\n"))
    assert_parts(data.load("usps"), levels.astype(np.uint8).reshape(5, 16, 16), labels, 2)


def test_stl_10_lies_in_columns_and_is_halved_to_the_means_of_its_blocks(folder):
    place = folder / "stl10_binary"
    place.mkdir(parents=True)
    small, labels = RNG.integers(0, 256, (3, 48, 48, 3), dtype=np.uint8), np.array([0, 9, 4])
    large = small.repeat(2, 1).repeat(2, 2)  # each pixel four times, then one of the four changed by 4 levels
    large[:, ::2, ::2] = np.where(large[:, ::2, ::2] > 127, large[:, ::2, ::2] - 4, large[:, ::2, ::2] + 4)
    expected = np.where(small > 127, small.astype(int) - 1, small.astype(int) + 1)
    for part, rows in (("train", slice(0, 2)), ("test", slice(2, 3))):
        (place / f"{part}_X.bin").write_bytes(large[rows].transpose(0, 3, 2, 1).tobytes())
        (place / f"{part}_y.bin").write_bytes((labels[rows] + 1).astype(np.uint8).tobytes())
    assert_parts(data.load("stl-10"), expected.astype(np.uint8), labels, 1)


def idx_file(array: np.ndarray, kind: int = 8) -> bytes:
    stored = array.astype(">i4" if kind == 12 else np.uint8)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + stored.tobytes()


def test_qmnists_labels_are_the_first_column_of_a_table_of_integers(folder):
    place = folder / "QMNIST" / "raw"
    place.mkdir(parents=True)
    pictures, labels = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8), np.array([3, 1, 4, 1, 5, 9, 2])
    for part, rows in (("train", slice(0, 4)), ("test", slice(4, 7))):
        table = np.column_stack([labels[rows], *RNG.integers(0, 10**6, (7, len(labels[rows])))])
        (place / f"qmnist-{part}-images-idx3-ubyte").write_bytes(idx_file(pictures[rows]))
        (place / f"qmnist-{part}-labels-idx2-int.gz").write_bytes(gzip.compress(idx_file(table, 12)))
    assert_parts(data.load("qmnist"), pictures, labels, 3)


def emnist() -> tuple[np.ndarray, np.ndarray, bytes]:
    """Pictures, labels, and the archive as it is published, with other sets in it."""
    pictures, labels = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8), np.array([0, 25, 7, 8, 1, 2])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gzip/emnist-digits-train-images-idx3-ubyte.gz", b"another set")
        archive.writestr("../evil.txt", b"out of the folder")
        for part, rows in (("train", slice(0, 4)), ("test", slice(4, 6))):
            for kind, content in (
                ("images-idx3", idx_file(pictures[rows].transpose(0, 2, 1))),
                ("labels-idx1", idx_file(labels[rows] + 1)),
            ):
                archive.writestr(f"gzip/emnist-letters-{part}-{kind}-ubyte.gz", gzip.compress(content))
    return pictures, labels, packed.getvalue()


def use(monkeypatch, name: str, file: str, content: bytes) -> None:
    """Let an archive that lies in the folder be the one that the makers publish."""
    place = loading.folder_of(name)
    place.mkdir(parents=True)
    (place / file).write_bytes(content)
    monkeypatch.setattr(download, "sources", lambda _: ([""], [(file, hashlib.md5(content).hexdigest())]))


def test_of_an_archive_only_the_sets_own_files_are_unpacked_upright(folder, monkeypatch):
    pictures, labels, content = emnist()
    use(monkeypatch, "emnist-letters", "gzip.zip", content)
    download.download("emnist-letters")  # it is there already: no server is asked
    assert_parts(data.load("emnist-letters"), pictures, labels, 2)
    kept = {path.name for path in (folder / "EMNIST" / "raw").iterdir()}
    assert kept == {"gzip.zip", *loading.file_names("emnist-letters")} and not list(folder.rglob("evil.txt"))


def test_a_tar_archive_is_unpacked_and_one_that_lacks_a_file_is_refused(folder, monkeypatch, tmp_path):
    pictures, labels = cifar(tmp_path / "made")
    for missing in ("", "test_batch.bin"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for file in sorted((tmp_path / "made" / "cifar-10-batches-bin").iterdir()):
                if file.name != missing:
                    archive.add(file, f"cifar-10-batches-bin/{file.name}")
        monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / f"without-{missing}"))
        use(monkeypatch, "cifar-10", "cifar-10-binary.tar.gz", packed.getvalue())
        if missing:
            with pytest.raises(download.DownloadError, match=r"cifar-10-binary.tar.gz lacks .*test_batch\.bin"):
                download.download("cifar-10")
            assert [path.name for path in loading.folder_of("cifar-10").iterdir()] == ["cifar-10-binary.tar.gz"]
        else:
            download.download("cifar-10")
            assert_parts(data.load("cifar-10"), pictures, labels, 4)


@pytest.mark.parametrize(
    "name, file, content, said",
    [
        ("cifar-10", "cifar-10-batches-bin/data_batch_2.bin", b"x" * 100, "data_batch_2.bin is cut off or damaged"),
        ("cifar-10", "cifar-10-batches-bin/data_batch_1.bin", b"\x0b" * 3073, "a label that is none of CIFAR-10's"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(folder, name, file, content, said):
    cifar(folder)
    (folder / file).write_bytes(content)
    with pytest.raises(data.DataError, match=rf"{said}.*download {name}"):
        data.load(name)


MATLAB, LIBSVM = ("train_32x32.mat", "test_32x32.mat"), ("usps.bz2", "usps.t.bz2")
FOREIGN = {
    "page": b"<html>log in</html>",
    "matlab": b"MATLAB 5.0 MAT-file" + bytes(200),
    "short": bz2.compress(b"1 2:0.5"),
}


@pytest.mark.parametrize("name, files", [("svhn", MATLAB), ("usps", LIBSVM)])
@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_files_of_something_else_are_refused_in_a_sentence(folder, name, files, content):
    folder.mkdir()
    for file in files:
        (folder / file).write_bytes(content)
    with pytest.raises(data.DataError, match=f"{files[0]} is damaged, or no file of"):
        data.load(name)


def test_a_missing_set_says_which_files_belong_where(folder):
    with pytest.raises(data.DataError, match=r"STL-10 is not on this machine. The files train_X.bin.*stl10_binary"):
        data.load("stl-10")
    cifar(folder)
    (folder / "cifar-10-batches-bin" / "test_batch.bin").unlink()
    with pytest.raises(data.DataError, match=r"CIFAR-10 is not complete. The file test_batch.bin belongs in"):
        data.load("cifar-10")
    assert loading.incomplete("cifar-10") == "Still missing: test_batch.bin."


@pytest.mark.slow
def test_addresses_and_checksums_are_torchvisions():
    datasets = pytest.importorskip("torchvision.datasets")
    known = [*datasets.SVHN.split_list.values(), *datasets.USPS.split_list.values()]
    known = {url: md5 for url, _, md5 in known} | {datasets.STL10.url: datasets.STL10.tgz_md5}
    known |= {datasets.EMNIST.url: datasets.EMNIST.md5}
    known |= {url: md5 for part in datasets.QMNIST.resources.values() for url, md5 in part}
    for name, one in published.SETS.items():
        assert name == "cifar-10" or all(known[d.address + d.file] == d.md5 for d in one.downloads)
        assert hasattr(datasets, data.SOURCES[name].layout)
