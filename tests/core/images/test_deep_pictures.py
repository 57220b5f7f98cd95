"""Every number of more than 8 bits that a picture file holds is read, whatever Pillow makes of it, or is refused."""

import numpy as np
import pytest

from core.images import levels, picture_files
from core.images.convert import ImageError
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from tests.core.images.picture_tools import png_file, tiff_file

RAMP = (np.add.outer(np.arange(28), np.arange(28)) * 255 // 54).astype(np.uint16)  # 0 to 255
DEEP = RAMP * 16  # 12 bits, of which the upper bytes hold 16 levels
FULL = np.full_like(DEEP, 65535)


def read(*files: bytes, colour: bool = False) -> tuple[list[np.ndarray], list[levels.Decoded]]:
    """The finished pictures of a set, and what was decoded."""
    shape = ImageShape(3 if colour else 1, 28, 28)
    found = [page for file in files for page in picture_files.pages(file, shape)]
    used = levels.settle(found, PixelChoices())
    return [levels.picture(one, used, shape) for one in found], found


def stack(*channels: np.ndarray) -> np.ndarray:
    return np.stack(channels, axis=-1)


FILES = {
    "PNG of grey and opacity": png_file(stack(DEEP, FULL)),
    "PNG of colours and opacity": png_file(stack(DEEP, DEEP, DEEP, FULL)),
    "PNG of colours": png_file(stack(DEEP, DEEP, DEEP)),
    "TIFF of colours and opacity": tiff_file(stack(DEEP, DEEP, DEEP, FULL), t338=2),
    "TIFF of colours multiplied by their opacity": tiff_file(stack(DEEP, DEEP, DEEP, FULL), t338=1),
    "TIFF from white to black": tiff_file(65535 - DEEP, t262=0),
    "TIFF of 64-bit floats": tiff_file((RAMP / 255).astype(np.float64)),
    "TIFF of 32-bit numbers": tiff_file(RAMP.astype(np.uint32) * 2**24),
    "TIFF of signed bytes": tiff_file((RAMP.astype(int) - 128).astype(np.int8)),
}


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("kind", FILES)
def test_the_grey_levels_are_those_that_the_file_was_made_from(kind, colour):
    (found,), _ = read(FILES[kind], colour=colour)
    right = stack(RAMP, RAMP, RAMP) if colour else RAMP
    assert np.abs(found.astype(int) - right).max() <= 1


def test_every_page_of_a_file_keeps_its_lower_bytes():
    colours = stack(DEEP, DEEP, DEEP)
    found, _ = read(tiff_file(colours, colours // 2, colours // 4))
    for picture, part in zip(found, (1, 2, 4), strict=True):
        assert np.abs(picture - RAMP / part).max() <= 1


def test_grey_of_sixteen_bits_has_an_opacity_of_sixteen_bits():
    opacity = FULL.copy()
    opacity[:, :14] = 0
    _, (found,) = read(png_file(stack(DEEP, opacity)))
    assert found.transparent and np.array_equal(found.opacity, opacity / 65535)
    assert np.array_equal(found.values[:, 14:], DEEP[:, 14:]) and (found.values[:, :14] == 0).all()


def test_colours_multiplied_by_their_opacity_are_not_multiplied_again():
    half = np.full_like(DEEP, 32768)
    _, (found,) = read(tiff_file(stack(DEEP // 2, DEEP // 2, DEEP // 2, half), t338=1))
    assert found.transparent and np.abs(found.values - DEEP // 2).max() <= 1


def test_a_colour_that_a_png_names_transparent_is_transparent():
    _, (found,) = read(png_file(stack(DEEP, DEEP, DEEP), (b"tRNS", np.array([DEEP[3, 4]] * 3, ">u2").tobytes())))
    assert found.transparent and np.array_equal(found.opacity == 0, DEEP[3, 4] == DEEP)


@pytest.mark.parametrize("none", [np.nan, np.inf, -np.inf, -3.4028235e38, 1e30])
def test_pixels_without_a_value_do_not_stretch_the_range(none):
    values = (RAMP / 255).astype(np.float32)
    values[:6] = none
    (found,), (one,) = read(tiff_file(values))
    assert not one.transparent and one.sample.max() <= 1
    assert np.abs(found[6:].astype(int) - RAMP[6:]).max() <= 1 and (found[:6] == 0).all()


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        (tiff_file(stack(DEEP, DEEP, DEEP), planes=True), "save it with mixed channels"),
        (tiff_file((RAMP / 255).astype(np.float16)), "save it as PNG, or as TIFF with 8 or 16 bits"),
        (tiff_file(stack(RAMP, RAMP, RAMP).astype(np.float32)), "save it as PNG, or as TIFF with 8 or 16 bits"),
        (b"\x89PNG\n\x1a\n" + bytes(90), "is a damaged picture"),  # line ends changed on the way
    ],
)
def test_what_cannot_be_read_says_why(file, remedy):
    with pytest.raises(ImageError) as caught:
        read(file)
    assert remedy in str(caught.value)
