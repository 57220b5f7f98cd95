"""The classes of pictures come from a table of labels in any of the forms in which people have one."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from core import data
from core.data import label_table
from tests.core.data.test_archive import png, zipped

FILES = ("1.png", "2.png", "10.png", "11.png")
WANTED = {10: "cat", 20: "dog", 30: "cat", 40: "dog"}  # by the pictures' level
ROWS = (("1.png", "cat"), ("2.png", "dog"), ("10.png", "cat"), ("11.png", "dog"))


def made(folder, names=FILES, **texts):
    for name, level in zip(names, WANTED, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(level))
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def classes(images: data.ImageSet) -> dict[int, str | None]:
    pictures = np.concatenate([images.train_images, images.test_images])
    labels = np.concatenate([images.train_labels, images.test_labels])
    names = [*images.classes, None]
    return {int(picture[0, 0]): names[label] for picture, label in zip(pictures, labels, strict=True)}


def load(path) -> data.ImageSet:
    return data.load("folder", str(path))


def table(rows=ROWS, delimiter=",", end="\n", head="file,label") -> str:
    lines = [head.replace(",", delimiter)] if head else []
    return end.join([*lines, *(delimiter.join(row) for row in rows), ""])


@pytest.mark.parametrize(
    "content",
    [
        table(),
        table(head=""),
        table(delimiter=";", end="\r\n"),
        table(delimiter="\t"),
        table().encode("utf-8-sig"),
        table().encode("utf-16"),
        table(head="image_id,breed"),
        table([(label, f'"./{file}"') for file, label in ROWS], head="class,filename"),
        table([(file.removesuffix(".png"), label) for file, label in ROWS], head="id,label"),
        table([(f"somewhere\\set\\{file}", label) for file, label in ROWS], head="path,label"),
        table([(file.upper(), label) for file, label in ROWS]) + "\n\n",
    ],
)
def test_a_table_gives_each_picture_its_class(tmp_path, content):
    images = load(made(tmp_path / "set", labels_csv=content))
    assert classes(images) == WANTED and images.classes == ("cat", "dog") and images.skipped == ()
    assert images.notes == ("“labels.csv” gives 4 pictures their classes.",)


def test_the_table_counts_before_the_folders_in_an_archive_and_beside_it(tmp_path):
    names = tuple(f"set/{'train' if i % 2 else 'test'}/{i}.png" for i in range(4))
    files = {name: png(level) for name, level in zip(names, WANTED, strict=True)}
    rows = table([(os.path.basename(name), label) for name, label in zip(names, WANTED.values(), strict=True)])
    inside = load(zipped(tmp_path / "inside.zip", files | {"set/my labels.csv": rows.encode()}))
    assert classes(inside) == WANTED and len(inside.train_images) == 2 and inside.skipped == ()
    zipped(tmp_path / "flowers.zip", files)
    assert load(tmp_path / "flowers.zip").classes == ()
    (tmp_path / "flowers.csv").write_text(rows)
    assert classes(load(tmp_path / "flowers.zip")) == WANTED, "a table that is put beside it is seen"
    folder = made(tmp_path / "elsewhere" / "set", tuple(f"other/{name}" for name in FILES))
    (folder.parent / "labels.csv").write_text(table([("9.png", "bird")]))
    assert load(folder).classes == ("other",), "it names none of these files"
    (folder.parent / "labels.csv").write_text(table())
    assert classes(load(folder)) == WANTED


def test_a_table_of_each_part_counts_for_the_files_below_it(tmp_path):
    folder = made(tmp_path / "set", ("train/1.png", "train/2.png", "test/1.png", "test/2.png"))
    (folder / "train" / "labels.csv").write_text(table([("1.png", "cat"), ("2.png", "dog")]))
    (folder / "test" / "labels.csv").write_text(table([("1.png", "cat"), ("2.png", "dog")]))
    assert classes(load(folder)) == WANTED


def test_what_does_not_fit_is_said_in_a_sentence_each(tmp_path):
    rows = [("1.png", "cat"), ("1.png", "cat"), ("2.png", "dog"), ("2.png", "cow"), ("x.png", "cat"), ("y.png", "")]
    images = load(made(tmp_path / "set", labels_csv=table(rows)))
    assert classes(images) == {10: "cat", 20: "dog", 30: None, 40: None}
    assert images.notes == (
        "“labels.csv” gives 2 pictures their classes.",
        "1 of its rows names a file that is not there (“x.png”).",
        "1 file has rows with different labels: the first one counts.",
        "1 row without a file or a label is left out.",
        "2 pictures have no label there (the first is “10.png”), and so no class.",
    )
    twice = made(tmp_path / "twice", ("a/1.png", "b/1.png", "a/2.png", "b/2.png"))
    (twice / "labels.csv").write_text(table([("1.png", "cat"), ("a/2.png", "dog"), ("b/2.png", "cow")]))
    said = load(twice)
    assert "1 row names several files alike (“1.png”): write the path, such as folder/1.png." in said.notes
    assert classes(said) == {10: None, 20: None, 30: "dog", 40: "cow"}


def test_a_table_that_names_none_of_the_files_takes_no_class_away(tmp_path):
    folder = made(tmp_path / "set", tuple(f"x/{name}" for name in FILES), labels_csv="id,label\n0,cat\n7,dog\n")
    images = load(folder)
    assert images.classes == ("x",) and images.notes == (
        "“labels.csv” gives 0 pictures their classes.",
        "2 rows name files that are not there (the first is “0”).",
    )


def test_other_tables_are_left_alone(tmp_path):
    folder = made(tmp_path / "set", tuple(f"x/{name}" for name in FILES))
    (folder / "list_attr.csv").write_text(table([(f, "-1", "1") for f in FILES], head="image_id,Bald,Smiling"))
    (folder / "parts.csv").write_text(table([(f, "0") for f in FILES], head="image_id,partition"))
    images = load(folder)
    assert images.classes == ("x",) and [file for file, _ in images.skipped] == ["list_attr.csv", "parts.csv"]
    assert label_table.read("labels.csv", b"") is None and label_table.read("labels.csv", b"one\ntwo\n") is None


def test_numbers_as_labels_are_sorted_as_numbers(tmp_path):
    numbers = ("7", "10", "7", "9")
    images = load(made(tmp_path / "set", labels_csv=table(list(zip(FILES, numbers, strict=True)))))
    assert images.classes == ("7", "9", "10")
    file = io.BytesIO()
    np.savez(file, x=np.stack([np.asarray(Image.new("L", (28, 28), level)) for level in WANTED]), y=[5, 0, 4, 0])
    (tmp_path / "set.npz").write_bytes(file.getvalue())
    assert classes(load(tmp_path / "set.npz")) == dict(zip(WANTED, "5040", strict=True))
    assert load(tmp_path / "set.npz").classes == ("0", "4", "5")
