"""Pictures pass unchanged between arrays, tensors, files and messages; unusable files are refused with a reason."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.images import convert
from core.images.shape import ImageShape

SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 8, 11)]


def made_up(shape: ImageShape, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape.picture), dtype=np.uint8)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def test_grey_levels_survive_the_way_to_a_png_and_back_bit_by_bit(noise):
    assert np.array_equal(convert.from_png(convert.png(noise[0])), noise[0])
    assert np.array_equal(convert.from_file(convert.png(noise[0])), noise[0])


def test_a_data_url_holds_the_same_png(noise):
    head, _, body = convert.data_url(noise[0], scale=2).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == convert.png(noise[0], scale=2)


def test_enlarging_repeats_pixels_and_invents_none(noise):
    large = convert.from_png(convert.png(noise[0], scale=3))
    assert large.shape == (84, 84)
    assert np.array_equal(large[1::3, 1::3], noise[0]) and set(np.unique(large)) <= set(np.unique(noise[0]))


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_every_tile_of_a_sheet_is_where_it_should_be(noise, gap):
    sheet = convert.tile(noise, 3, gap=gap, ground=77)
    step = 28 + gap
    assert sheet.shape == (2 * step - gap, 3 * step - gap)
    for i, image in enumerate(noise):
        top, left = i // 3 * step, i % 3 * step
        assert np.array_equal(sheet[top : top + 28, left : left + 28], image)
    assert (sheet[step:, 2 * step :] == 77).all(), "the cell without an image shows the ground"


def test_a_sheet_of_nothing_is_one_empty_tile():
    assert convert.tile(np.empty((0, 28, 28), np.uint8), 4, ground=9).tolist() == [[9] * 28] * 28
    assert convert.tile(np.empty((0, 20, 36, 3), np.uint8), 4, ground=9).tolist() == [[[9] * 3] * 36] * 20


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tensors_hold_channels_first_in_zero_to_one_and_pictures_come_back_unchanged(shape):
    torch = pytest.importorskip("torch")
    pictures = made_up(shape, 4)
    tensor = convert.to_tensor(pictures)
    assert tensor.shape == (4, *shape.chw) and tensor.dtype == torch.float32 and tensor.is_contiguous()
    for n, c, y, x in [(0, 0, 0, 0), (3, shape.channels - 1, 5, 7), (1, 0, shape.height - 1, shape.width - 1)]:
        level = pictures[n, y, x, c] if shape.colour else pictures[n, y, x]
        assert float(tensor[n, c, y, x]) == np.float32(level) / np.float32(255)
    assert np.array_equal(convert.to_pictures(tensor), pictures)
    assert np.array_equal(convert.to_pictures(tensor[0]), pictures[0]), "one picture as well as many"
    assert torch.equal(convert.scale_bytes(convert.to_byte_tensor(pictures)), tensor)
    assert convert.to_pictures(tensor[:0]).shape == (0, *shape.picture)
    assert convert.shape_of(pictures) == convert.shape_of(pictures[0]) == shape


def test_a_tensor_is_a_copy_of_a_read_only_array():
    pictures = made_up(SHAPES[1], 2)
    before = pictures.copy()
    pictures.flags.writeable = False
    convert.to_byte_tensor(pictures).fill_(7)
    assert np.array_equal(pictures, before)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pictures_of_every_shape_survive_png_sheets_and_messages(shape):
    pictures = made_up(shape, 6)
    assert np.array_equal(convert.from_png(convert.png(pictures[0])), pictures[0])
    sheet = convert.tile(pictures, 3)
    assert sheet.shape[:2] == (2 * shape.height, 3 * shape.width)
    last = sheet[shape.height : 2 * shape.height, 2 * shape.width :]
    assert np.array_equal(last, pictures[5])
    assert np.array_equal(convert.untile(sheet, shape), pictures)
    message = base64.b64decode(convert.pack(pictures))
    assert len(message) == 6 * shape.values and message == b"".join(p.tobytes() for p in pictures)


def test_a_sheet_of_another_shape_is_refused_with_both_sizes():
    sheet = convert.tile(made_up(ImageShape(1, 20, 36), 4), 2)
    with pytest.raises(ValueError, match="40 × 72 pixels cannot be cut into images of 28 × 28"):
        convert.untile(sheet, ImageShape(1, 28, 28))
    with pytest.raises(ValueError, match="cannot be cut into images of 20 × 36, colour"):
        convert.untile(sheet, ImageShape(3, 20, 36))


def test_the_numbers_of_a_tensor_are_kept_unrounded_when_only_the_layout_changes():
    torch = pytest.importorskip("torch")
    images = torch.rand(2, 3, 8, 9, dtype=torch.float64)
    assert np.array_equal(convert.channels_last(images), images.numpy().transpose(0, 2, 3, 1))
    assert np.array_equal(convert.channels_first(convert.channels_last(images)), images.numpy())
    half = images[:, :1].to(torch.bfloat16)
    assert np.array_equal(convert.channels_last(half), half.float().numpy()[:, 0])


def test_a_colour_file_keeps_its_colours_and_a_grey_one_has_three_equal_channels():
    picture = made_up(ImageShape(3, 20, 36), 1)[0]
    read = convert.from_file(convert.png(picture), ImageShape(3, 20, 36))
    assert np.array_equal(read, picture)
    grey = convert.from_file(convert.png(picture[..., 0]), ImageShape(3, 20, 36))
    assert np.array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    luminance = convert.from_file(convert.png(picture), ImageShape(1, 20, 36)).astype(float)
    assert np.abs(luminance - picture @ [0.299, 0.587, 0.114]).max() <= 1, "ITU-R 601"


def test_a_picture_is_fitted_into_a_shape_that_is_not_square_on_the_colour_of_its_border():
    picture = Image.new("RGB", (40, 40), (200, 30, 90))
    picture.paste((0, 255, 0), (15, 15, 25, 25))
    read = convert.from_file(encoded(picture), ImageShape(3, 20, 36))
    assert read.shape == (20, 36, 3)
    assert (read[:, :8] == (200, 30, 90)).all() and (read[:, 28:] == (200, 30, 90)).all()
    assert read[10, 18].tolist()[1] > 200


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F"])
def test_every_mode_of_pillow_is_turned_to_colour(mode):
    white = np.full((28, 28), {"I;16": 65535, "F": 1.0}.get(mode, 255))
    if mode in ("I;16", "I", "F"):
        source = Image.fromarray(white.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        source = Image.new(mode, (28, 28), (255, 128, 128)) if mode == "LAB" else Image.new("RGB", (28, 28), "white")
        source = source if mode in ("LAB", "HSV") else source.convert(mode)
    data = encoded(source, "TIFF" if mode in ("CMYK", "YCbCr", "LAB", "I", "F") else "PNG")
    read = convert.from_file(data, ImageShape(3, 16, 16))
    assert read.shape == (16, 16, 3) and read.min() >= 250
    assert convert.from_file(data).min() >= 250


def test_a_transparent_colour_picture_lies_on_a_ground_that_keeps_it_visible():
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[4:12, 4:12] = (120, 0, 0, 255)
    read = convert.from_file(encoded(Image.fromarray(pixels)), ImageShape(3, 16, 16))
    assert (read[4:12, 4:12] == (120, 0, 0)).all() and (read[:3] == 255).all()


def test_floats_are_rounded_clipped_and_never_wrap_round():
    values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan, np.inf, -np.inf])
    assert convert.to_uint8(values).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


def test_a_tensor_with_a_gradient_and_half_precision_becomes_an_array():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0.0, 1.0]], dtype=torch.bfloat16, requires_grad=True)
    assert convert.to_uint8(tensor).tolist() == [[0, 255]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_usual_format_and_colour_comes_in_as_28_by_28_grey(kind, mode):
    level = 200 if mode == "L" else (200, 200, 200)
    picture = convert.from_file(encoded(Image.new(mode, (90, 90), level), kind))
    assert picture.shape == (28, 28) and picture.dtype == np.uint8
    assert abs(int(picture.mean()) - 200) <= 2


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F"])
def test_every_mode_of_pillow_is_turned_to_grey(mode):
    source = Image.new("L" if mode in ("I;16", "I", "F") else "RGB", (28, 28), "white")
    if mode == "I;16":
        source = Image.fromarray(np.full((28, 28), 65535, np.uint16))
    elif mode != "LAB":
        source = source.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "LAB", "I", "F") else "PNG"
    data = encoded(source.convert("RGB") if mode == "HSV" else source, kind)
    assert convert.from_file(data).min() >= 250


def test_sixteen_bit_depth_is_scaled_and_not_cut_off():
    ramp = np.tile(np.linspace(0, 65535, 28).astype(np.uint16), (28, 1))
    read = convert.from_file(encoded(Image.fromarray(ramp)))
    assert np.abs(read[0].astype(int) - np.rint(np.linspace(0, 255, 28))).max() <= 1


def test_proportions_are_kept_and_the_strips_take_the_colour_of_the_border():
    picture = Image.new("L", (56, 28), 250)
    picture.paste(0, (20, 8, 36, 20))
    read = convert.from_file(encoded(picture))
    assert (read[:7] == 250).all() and (read[21:] == 250).all(), "white paper goes on above and below"
    assert read[14, 14] < 20


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2)])
def test_odd_sizes_down_to_one_pixel_come_in(size):
    assert (convert.from_file(encoded(Image.new("L", size, 90))) == 90).all()


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_a_transparent_ground_is_chosen_so_that_the_ink_stays_visible(ink, ground):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:18, 10:18] = (ink, ink, ink, 255)
    read = convert.from_file(encoded(Image.fromarray(pixels)))
    assert (read[10:18, 10:18] == ink).all() and (read[:5] == ground).all()


def test_a_photo_is_turned_the_way_up_its_camera_says():
    upright = np.zeros((28, 28), np.uint8)
    upright[:14] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was held upside down
    data = encoded(Image.fromarray(upright[::-1].copy()), "JPEG", exif=exif, quality=95)
    assert np.abs(convert.from_file(data).astype(int) - upright).mean() < 5


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims a giant picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"hello, this is a shopping list", "is not a picture"),
        (bomb(8001, 8000), "too many pixels"),
        (bomb(10_000, 10_000), "too many pixels"),
        (bomb(60_000, 60_000), "too many pixels"),
        (bomb(100, 100), "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "is not a picture"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest drops the filter we set
def test_what_is_no_usable_picture_is_refused_with_its_reason(data, reason):
    with pytest.raises(convert.ImageError, match=reason):
        convert.from_file(data)


def test_a_picture_cut_off_at_any_place_is_refused_and_never_crashes(noise):
    for kind in ("PNG", "JPEG", "GIF", "BMP"):
        whole = encoded(Image.fromarray(noise[0]), kind)
        for end in range(1, len(whole) - 64, 37):
            with pytest.raises(convert.ImageError):
                convert.from_file(whole[:end])


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "film.png"
    with open(path, "wb") as file:
        file.truncate(convert.MAX_BYTES + 1)  # sparse: takes no room on the disk
    with pytest.raises(convert.ImageError, match="too large"):
        convert.from_file(path)


def test_a_missing_file_or_a_folder_is_no_picture(tmp_path):
    for path in (tmp_path, tmp_path / "gone.png"):
        with pytest.raises(convert.ImageError, match="is not a file"):
            convert.from_file(path)
