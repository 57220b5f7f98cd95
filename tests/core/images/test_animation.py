"""Files of frames hold the very pictures."""

import io
import zipfile

import numpy as np
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


def test_a_zip_holds_every_frame_by_its_number():
    with zipfile.ZipFile(io.BytesIO(animation.zipped({"lerp": FILM, "blend": FILM}))) as archive:
        assert len(archive.namelist()) == 10
        assert np.array_equal(convert.from_png(archive.read("blend/004.png")), FILM[4])
