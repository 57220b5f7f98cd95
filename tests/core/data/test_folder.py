"""A user's own folder becomes a data set, whatever lies in it."""

import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from core import data
from core.data import picture_source, preview
from core.images.pixel_choices import PixelChoices
from core.images.shape import GREY_28, ImageShape


def picture(path, level=128, size=(28, 28), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, level).save(path)
    return path


def levels(images: data.ImageSet) -> list[int]:
    return sorted(int(i.mean()) for part in (images.train_images, images.test_images) for i in part)


def test_sub_folders_become_classes_in_natural_order(tmp_path):
    for name in ("10", "2", "cats"):
        for i in range(6):
            picture(tmp_path / name / f"{i}.png", level=i)
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("2", "10", "cats") and images.name == "folder"
    assert len(images.train_images) == 15 and len(images.test_images) == 3
    assert sorted(images.test_labels) == [0, 1, 2], "every class is tested in proportion"
    assert images.skipped == ()


def test_pictures_without_sub_folders_have_no_class(tmp_path):
    for i in range(12):
        picture(tmp_path / f"{i}.png", level=i)
    images = data.load("folder", str(tmp_path))
    assert images.classes == () and set(images.train_labels) | set(images.test_labels) == {-1}
    assert (len(images.train_images), len(images.test_images)) == (10, 2)


def test_every_picture_is_either_trained_on_or_tested_with_and_none_is_both(tmp_path):
    for i in range(60):
        picture(tmp_path / f"{i % 7}" / f"{i}.png", level=i)
    assert levels(data.load("folder", str(tmp_path))) == list(range(60))


def test_deeper_folders_belong_to_their_uppermost_class_and_loose_files_to_none(tmp_path):
    picture(tmp_path / "animals" / "cats" / "a.png")
    picture(tmp_path / "animals" / "b.png")
    picture(tmp_path / "loose.png")
    images = data.load("folder", str(tmp_path))
    assert images.classes == ("animals",)
    assert sorted([*images.train_labels, *images.test_labels]) == [-1, 0, 0]


def test_the_split_is_the_same_wherever_the_folder_lies(tmp_path):
    for i in range(30):
        picture(tmp_path / "here" / f"{i}.png", level=i)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    here, there = (data.load("folder", str(tmp_path / name)) for name in ("here", "there"))
    assert np.array_equal(here.test_images, there.test_images)


def test_a_single_picture_is_trained_on_and_tested_with(tmp_path):
    picture(tmp_path / "one.png", level=40)
    images = data.load("folder", str(tmp_path))
    assert len(images.train_images) == len(images.test_images) == 1


def test_rubbish_is_named_with_its_reason_and_the_rest_is_used(tmp_path):
    for i in range(3):
        picture(tmp_path / f"good{i}.png")
    (tmp_path / "notes.txt").write_text("buy milk")
    (tmp_path / "empty.png").touch()
    whole = picture(tmp_path / "whole.jpg", size=(300, 300), mode="RGB", level=(1, 2, 3)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "whole.jpg").unlink()
    with open(tmp_path / "film.png", "wb") as file:
        file.truncate(60_000_000)
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "Thumbs.db").write_bytes(b"\0")
    images = data.load("folder", str(tmp_path))
    assert len(images.train_images) + len(images.test_images) == 3
    reasons = dict(images.skipped)
    assert set(reasons) == {"notes.txt", "empty.png", "cut.jpg", "film.png"}
    assert "not a picture" in reasons["notes.txt"] and "empty" in reasons["empty.png"]
    assert "damaged" in reasons["cut.jpg"] and "too large" in reasons["film.png"]


def test_names_with_spaces_quotes_and_foreign_letters_are_found(tmp_path):
    odd = tmp_path / "Bilder von Jürgen 日本 'x'"
    picture(odd / "Größe 1.png")
    for text in (str(odd), f'"{odd}"', f"  {odd}  "):
        assert len(data.load("folder", text).train_images) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need special rights on Windows")
def test_loops_of_links_end_and_no_picture_counts_twice(tmp_path):
    for i in range(6):
        picture(tmp_path / "a" / f"{i}.png", level=i)
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "a" / "self.png").symlink_to(tmp_path / "a" / "self.png")
    images = data.load("folder", str(tmp_path))
    assert levels(images) == list(range(6))
    assert len(images.skipped) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_among_the_files_does_not_hang_the_lab(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    picture(tmp_path / "a.png")
    assert data.load("folder", str(tmp_path)).skipped == (("pipe.png", "is not a file"),)


def test_an_unchanged_folder_is_not_read_again_and_a_changed_one_is(tmp_path):
    for i in range(4):
        picture(tmp_path / f"{i}.png", level=i)
    first = data.load("folder", str(tmp_path))
    assert data.load("folder", str(tmp_path)) is first
    picture(tmp_path / "new.png", level=99)
    assert 99 in levels(data.load("folder", str(tmp_path)))
    picture(tmp_path / "new.png", level=98, size=(40, 40))
    assert 98 in levels(data.load("folder", str(tmp_path)))
    (tmp_path / "new.png").unlink()
    assert levels(data.load("folder", str(tmp_path))) == [0, 1, 2, 3]


def test_a_folder_that_gives_nothing_says_what_to_do(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    for name in "abc":
        (tmp_path / "texts" / f"{name}.txt").write_text(name)
    for path, words in {
        "": "Type the path",
        str(tmp_path / "gone"): "There is no folder",
        str(tmp_path / "empty"): "is empty",
        str(tmp_path / "texts"): r"None of the files .* and 2 more",
        str(tmp_path / "texts" / "a.txt"): "is a file",
        "bad\0path": "There is no folder",
        "https://example.org/set.zip": "is an address on the web",
        "x" * 5_000: "There is no folder",
        "~nobody-of-that-name/x": "There is no folder",
    }.items():
        with pytest.raises(data.DataError, match=words) as caught:
            data.load("folder", path)
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_whole_disk_is_refused_instead_of_read(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_source, "MAX_FILES", 10)
    for i in range(12):
        (tmp_path / f"{i}.txt").touch()
    with pytest.raises(data.DataError, match="more than 10 files"):
        data.load("folder", str(tmp_path))


def test_a_folder_is_fitted_into_the_shape_that_is_asked_for(tmp_path):
    for i in range(6):
        picture(tmp_path / f"{i}.png", level=(40 * i, 255 - 40 * i, 7), size=(90, 60), mode="RGB")
    wide = ImageShape(3, 20, 36)
    images = data.load("folder", str(tmp_path), wide)
    assert images.shape == wide
    both = np.concatenate([images.train_images, images.test_images])
    assert {tuple(p.reshape(-1, 3).mean(axis=0).astype(int)) for p in both} == {
        (40 * i, 255 - 40 * i, 7) for i in range(6)
    }
    assert data.load("folder", str(tmp_path), wide) is images, "kept in memory by its shape"
    grey = data.load("folder", str(tmp_path))
    assert grey.shape == ImageShape(1, 28, 28) and grey.train_images.ndim == 3
    assert data.load("folder", str(tmp_path), wide) is images


def test_colour_profiles_are_ignored_and_named(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for i in range(3):
        Image.new("L", (28, 28), i).save(tmp_path / f"{i}.png", **({"icc_profile": profile} if i else {}))
    said = (
        "2 pictures have a colour profile (“XYZ identity built-in”), which is ignored: their levels are taken as sRGB."
    )
    assert data.load("folder", str(tmp_path)).notes == (said,)
    assert preview.preview(str(tmp_path), GREY_28, PixelChoices()).notes == (said,)
