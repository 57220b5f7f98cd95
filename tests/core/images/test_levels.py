"""What the values in picture files mean is decided once for a whole set, and recovers what was stored."""

import io

import numpy as np
import pytest
from PIL import Image

from core import data
from core.images import levels, picture_files
from core.images.levels import Decoded
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from tests.core.images.picture_tools import png_file, tiff_file

SHAPE = ImageShape(1, 28, 28)
DIGITS = data.load("digits").train_images[:12]


def decoded(*files: bytes, shape: ImageShape = SHAPE) -> list[Decoded]:
    return [page for file in files for page in picture_files.pages(file, shape)]


def encoded(pixels: np.ndarray, kind: str = "TIFF") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def as_set(files: list[bytes], choices: PixelChoices | None = None, shape: ImageShape = SHAPE):
    found = decoded(*files, shape=shape)
    used = levels.settle(found, choices or PixelChoices())
    return np.stack([levels.picture(one, used, shape) for one in found]), used


DEEP = {
    "10 bits": (0, 4, np.uint16, "0 to 1023"),
    "12 bits": (0, 16, np.uint16, "0 to 4095"),
    "14 bits": (0, 64, np.uint16, "0 to 16383"),
    "16 bits": (0, 257, np.uint16, "0 to 65535"),
    "thermal": (7300, 4, np.uint16, "7300 to 8320"),
    "telescope, signed": (-1024, 12, np.int32, "-1024 to 2036"),
    "floats to 1": (0, 1 / 255, np.float32, "0 to 1"),
    "floats to 255": (0, 1, np.float32, "0 to 255"),
    "floats from -1": (-1, 2 / 255, np.float32, "-1 to 1"),
    "floats to 65535": (0, 257, np.float32, "0 to 65535"),
}


@pytest.mark.parametrize("kind", DEEP)
def test_deep_pictures_keep_the_grey_levels_they_were_made_from(kind):
    low, step, form, range_ = DEEP[kind]
    files = [encoded((low + step * digit.astype(np.float64)).astype(form)) for digit in DIGITS]
    found, used = as_set(files)
    assert used.levels == range_
    # The originals are known; a usual range that is a little wider than the values costs a level or two.
    assert np.abs(found.astype(int) - DIGITS).max() <= 2


def test_one_range_holds_for_the_whole_set_so_that_a_darker_picture_stays_darker():
    bright, dark = DIGITS[0].astype(np.uint16) * 16, DIGITS[0].astype(np.uint16) * 4
    found, _ = as_set([encoded(bright), encoded(dark)])
    assert abs(int(found[1].max()) - int(found[0].max()) / 4) <= 2
    each, _ = as_set([encoded(bright), encoded(dark)], PixelChoices(levels="each"))
    assert each.max() < 20, "by itself each file claims 16 bits"


def test_a_hot_pixel_does_not_darken_the_set():
    pixels = [digit.astype(np.uint16) * 16 for digit in DIGITS]
    pixels[3][0, 0] = 65535
    found, used = as_set([encoded(one) for one in pixels])
    assert used.levels == "0 to 4095" and found[3][0, 0] == 255
    assert np.abs(found[5].astype(int) - DIGITS[5]).max() <= 2


def test_values_that_are_no_numbers_are_black_and_do_not_spread():
    pixels = DIGITS[0].astype(np.float32) / 255
    pixels[:4], pixels[-1] = np.nan, np.inf
    found, used = as_set([encoded(pixels), encoded(DIGITS[1].astype(np.float32) / 255)])
    assert used.levels == "0 to 1" and (found[0][:4] == 0).all() and (found[0][-1] == 0).all()
    assert np.array_equal(found[0][4:-1], DIGITS[0][4:-1])
    large = np.kron(pixels, np.ones((16, 16), np.float32))
    large[:64:2], large[1::2][:32] = np.nan, pixels[20, 0]
    assert decoded(encoded(large))[0].sample.max() <= 1.0, "a mean of values, not of holes"


@pytest.mark.parametrize("value", [np.nan, 0.0, 0.4])
def test_a_picture_without_any_contrast_is_read(value):
    found, _ = as_set([encoded(np.full((20, 20), value, np.float32))])
    assert (found == (0 if np.isnan(value) else round(255 * value))).all()


def test_a_range_of_ones_own_is_taken():
    found, used = as_set([encoded(np.full((28, 28), 2_000, np.uint16))], PixelChoices(levels="1000 – 3000"))
    assert used.levels == "1000 to 3000" and (found == 128).all()


@pytest.mark.parametrize("text", ["", "3", "5 to 5", "9-2", "nan to 3", "0 to 1e999", "<b>", "1 to 2 to 3"])
def test_an_impossible_range_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match="levels: .* such as 0 to 4095"):
        PixelChoices(levels=text)
    with pytest.raises(ValueError, match="ground: .* black, white"):
        PixelChoices(ground=text)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("colour", [False, True])
def test_colours_of_sixteen_bits_keep_their_lower_bytes(kind, colour):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4096, (28, 28, 3), dtype=np.uint16)  # 12 bits: the upper bytes hold 16 levels
    shape = ImageShape(3 if colour else 1, 28, 28)
    found, used = as_set([png_file(values) if kind == "PNG" else tiff_file(values)], shape=shape)
    right = values / 4095 * 255
    right = right if colour else right @ [0.299, 0.587, 0.114]
    assert used.levels == "0 to 4095" and np.abs(found[0] - right).max() <= 1


def inked(level: int, opacity: int = 255) -> bytes:
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:18, 10:18] = (level, level, level, opacity)
    return encoded(pixels, "PNG")


def test_transparent_pictures_of_one_set_share_one_ground():
    files = [inked(level) for level in (0, 30, 60, 90, 200)]
    found, used = as_set(files)
    assert used.ground == "white" and (found[:, 0, 0] == 255).all()
    black, _ = as_set(files, PixelChoices(ground="black"))
    assert (black[:, 0, 0] == 0).all() and (black[:, 14, 14] == [0, 30, 60, 90, 200]).all()
    each, _ = as_set(files, PixelChoices(ground="each"))
    assert each[:, 0, 0].tolist() == [255, 255, 255, 255, 0]


def test_half_transparent_pixels_mix_with_the_ground():
    (found,), _ = as_set([inked(40, 128)], PixelChoices(ground="white"))
    assert abs(int(found[14, 14]) - (40 * 128 + 255 * 127) / 255) <= 1


def test_colours_of_transparent_pixels_do_not_bleed_into_a_reduced_picture():
    pixels = np.zeros((280, 280, 4), np.uint8)
    pixels[..., 0] = 255  # red, but transparent
    pixels[100:180, 100:180] = (0, 0, 255, 255)
    found, used = as_set([encoded(pixels, "PNG")], shape=ImageShape(3, 28, 28))
    assert used.ground == "white" and (found[0][..., 0] <= found[0][..., 2]).all(), "nowhere more red than blue"
    assert found[0][14, 14].tolist() == [0, 0, 255] and found[0][0, 0].tolist() == [255, 255, 255]


def test_polarity_is_made_alike_or_kept_as_chosen():
    mixed = [encoded(digit if i % 3 else 255 - digit, "PNG") for i, digit in enumerate(DIGITS)]
    kept, _ = as_set(mixed)
    assert np.array_equal(kept[0], 255 - DIGITS[0]) and np.array_equal(kept[1], DIGITS[1])
    light, _ = as_set(mixed, PixelChoices(polarity="light-on-dark"))
    assert np.array_equal(light, DIGITS)
    dark, _ = as_set(mixed, PixelChoices(polarity="dark-on-light"))
    assert np.array_equal(dark, 255 - DIGITS)
    turned, _ = as_set(mixed, PixelChoices(polarity="inverted"))
    assert np.array_equal(turned, 255 - kept)


def notes(found, used):
    special = {row: one for row, one in enumerate(found) if one.sample is not None or one.opacity is not None}
    return levels.notes(special, np.stack([levels.picture(one, used, SHAPE) for one in found]), used)


def test_notes_say_what_was_done_and_what_is_left_to_choose():
    mixed = [encoded(digit if i % 3 else 255 - digit, "PNG") for i, digit in enumerate(DIGITS)]
    found = decoded(*mixed, inked(0), inked(255), encoded(DIGITS[0].astype(np.uint16) * 16))
    used = levels.settle(found, PixelChoices())
    said = " ".join(notes(found, used))
    assert "1 picture with more than 8 bits a pixel: their values 0 to 4095" in said
    assert "2 transparent pictures: on white" in said and "1 of them is hardly visible" in said
    assert "pictures are dark on light" in said
    plain = decoded(*[encoded(digit, "PNG") for digit in DIGITS])
    assert notes(plain, used) == ()


def test_photos_are_not_taken_for_strokes_on_a_ground():
    rng = np.random.default_rng(0)
    photos = [encoded(np.kron(rng.integers(0, 256, (4, 4), dtype=np.uint8), np.ones((7, 7), np.uint8)), "PNG")] * 9
    found = decoded(*photos)
    assert notes(found, PixelChoices()) == ()
