"""Files of frames hold the very pictures."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.images import animation, convert

FILM = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def test_a_gif_plays_forth_and_back_without_losing_a_grey_level():
    with Image.open(io.BytesIO(animation.gif(FILM, scale=3, milliseconds=40))) as picture:
        assert picture.n_frames == 8 and picture.size == (84, 84) and picture.info["duration"] == 40
        for k, wanted in enumerate((0, 1, 2, 3, 4, 3, 2, 1)):
            picture.seek(k)
            assert np.array_equal(np.asarray(picture.convert("L"))[::3, ::3], FILM[wanted])


def test_a_strip_shows_both_ends_of_every_film():
    sheet = convert.from_png(animation.strip([FILM, 255 - FILM], columns=3, scale=1))
    assert np.array_equal(sheet[:28], np.concatenate(FILM[[0, 2, 4]], axis=1))
    assert np.array_equal(sheet[28:, -28:], 255 - FILM[4])


def test_films_stand_side_by_side():
    both = animation.side_by_side([FILM, FILM], gap=2)
    assert both.shape == (5, 28, 58) and np.array_equal(both[3, :, 30:], FILM[3])


def test_films_in_colour_that_are_not_square():
    film = np.random.default_rng(1).integers(0, 256, (4, 10, 14, 3), dtype=np.uint8)
    few = film // 128 * 255  # eight colours, which a GIF holds exactly
    with Image.open(io.BytesIO(animation.gif(few, scale=2))) as picture:
        assert picture.n_frames == 6 and picture.size == (28, 20)
        for k, wanted in enumerate((0, 1, 2, 3, 2, 1)):
            picture.seek(k)
            assert np.array_equal(np.asarray(picture.convert("RGB"))[::2, ::2], few[wanted])
    with Image.open(io.BytesIO(animation.gif(film, scale=1))) as picture:
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - film[0]).max() <= 24, "256 colours at most"
    sheet = convert.from_png(animation.strip([film, 255 - film], columns=2, scale=1))
    assert sheet.shape == (20, 28, 3) and np.array_equal(sheet[10:, 14:], 255 - film[3])
    assert animation.side_by_side([film, film], gap=2).shape == (4, 10, 30, 3)
    with zipfile.ZipFile(io.BytesIO(animation.zipped({"lerp": film}))) as archive:
        assert np.array_equal(convert.from_png(archive.read("lerp/003.png")), film[3])


def test_a_zip_holds_every_frame_by_its_number():
    with zipfile.ZipFile(io.BytesIO(animation.zipped({"lerp": FILM, "blend": FILM}))) as archive:
        assert len(archive.namelist()) == 10
        assert np.array_equal(convert.from_png(archive.read("blend/004.png")), FILM[4])


def test_each_film_of_a_gif_stands_under_its_name_in_every_frame():
    film = np.zeros((3, 8, 20), np.uint8)
    line = animation.titles(["Line", "Arc"], 20 * 4, gap=8)
    assert line.shape == (animation.TITLE_HEIGHT, 2 * 80 + 8) and line[:, 80:88].max() == 0
    assert all(half.max() > 200 for half in (line[:, :80], line[:, 88:])), "both are written"
    both = animation.side_by_side([film, film], gap=2)
    with Image.open(io.BytesIO(animation.gif(both, scale=4, above=line))) as picture:
        assert picture.size == (168, 32 + animation.TITLE_HEIGHT)
        for k in range(picture.n_frames):
            picture.seek(k)
            frame = np.asarray(picture.convert("L"))
            assert np.array_equal(frame[: animation.TITLE_HEIGHT], line) and frame[animation.TITLE_HEIGHT :].max() == 0


@pytest.mark.parametrize("channels", [(), (3,)])
def test_the_rows_of_a_strip_stand_under_their_names(channels):
    film = np.full((5, 8, 8, *channels), 90, np.uint8)
    sheet = convert.from_png(animation.strip([film, film], 4, scale=2, names=["a", "Pixel blend"]))
    assert sheet.shape[:2] == (2 * (16 + animation.TITLE_HEIGHT), 64)
    assert (sheet[animation.TITLE_HEIGHT : animation.TITLE_HEIGHT + 16] == 90).all()
    assert (sheet[-16:] == 90).all() and sheet[-16 - animation.TITLE_HEIGHT : -16].max() > 100
